#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay that is not what its name says: a copy of a real one, called nginx, whose file is
# gone while it runs. The distribution's own, doing the same, is what it says.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

PATIENCE=90

reasons() { # PID
	app_get "$1" impostor | jq -r '[.[].reason] | join(" ")'
}

has_reasons() { # PID REASONS
	[ "$(reasons "$1")" = "$2" ]
}

says() { # REGEX COMMAND...
	local regex=$1
	shift
	ctl "$@" | grep -q "$regex"
}

has_event() {
	ctl events --kind impostor --json | jq -e ".events[] | select($1)"
}

begin_netns
n2n_is_here || skip_all "no n2n here"
lab_build 2 || bail_out "the network could not be made"
mkdir "$NS_DIR/path" "$NS_DIR/copy"
cp "$(command -v supernode)" "$NS_DIR/copy/nginx"
ln -s "$NS_DIR/copy/nginx" "$NS_DIR/path/supernode"
agent_paths main
AGENT_OPTIONS=(--log-level debug)
ok "the agent starts" start_agent office || bail_out "no agent"
PATH=$NS_DIR/path:$PATH lab_relay 4M || bail_out "nothing is relayed"
rm "$NS_DIR/copy/nginx"
ok "the copy is found to relay" wait_until "$PATIENCE" app_has_role "$SUPERNODE_PID" relay ||
	diag "$(ctl status)"
ctl eligibility --check >"$NS_DIR/eligibility"
is $? 5 "a script that asks is told that it is promoted"
like "$(cat "$NS_DIR/eligibility")" '^is promoted' "a person by the first line"
ok "it is flagged" wait_until "$PATIENCE" has_reasons "$SUPERNODE_PID" \
	"deleted unpackaged namesake" || diag "$(ctl status --json | jq -c .applications)"
ok "status says so" wait_until 10 says 'nginx may not be what its name says' status
ok "explain says why" wait_until 10 says 'may not be .*: its file was deleted' explain nginx ||
	diag "$(ctl explain nginx 2>&1)"
ok "there is an event of it" wait_until 15 has_event \
	'.details.reasons | index("deleted") and index("namesake")' ||
	diag "$(ctl events 2>&1 | tail -n 5)"
# All anew, at another port: nothing of what was seen is the real one's.
ns_kill "$SUPERNODE_PID" KILL
for name in s1 s2; do
	ip netns pids "$NS_RUN-$name" | xargs -r kill -KILL
done
# shellcheck disable=SC2034 # for n2n.sh
N2N_PORT=7655
lab_relay 4M || bail_out "nothing is relayed by the real one"
ok "the real one relays, too" wait_until "$PATIENCE" app_has_role "$SUPERNODE_PID" relay ||
	diag "$(ctl status)"
ok "it is looked at" wait_until "$PATIENCE" grep -q \
	'supernode: nothing speaks against its name' "$AGENT_LOG"
is "$(reasons "$SUPERNODE_PID")" "" "and is what it says"
not_ok "no event is told of it" has_event '.application == "supernode"'
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# support-bundle of an agent that has found a relay: what is in it, and that no address of
# a peer, no name of a user or of this computer, and no secret is.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

BUNDLE=support.tar.gz

bundle() { # ARGUMENT...: keeps OUT, ERR and CODE
	# shellcheck disable=SC2016 # for the inner shell
	(cd "$NS_DIR" && ns_run office unshare --uts env USER=annabella \
		SUDO_USER=annabella bash -c 'hostname quartz-office && exec "$@"' - \
		timeout "$(patience 60)" "$CTL" support-bundle "$@") \
		>"$NS_DIR/out" 2>"$NS_DIR/err"
	CODE=$?
	OUT=$(cat "$NS_DIR/out")
	ERR=$(cat "$NS_DIR/err")
}

inside() { # FILE
	tar -xzOf "$NS_DIR/$BUNDLE" "$1"
}

all_of_it() {
	tar -xzOf "$NS_DIR/$BUNDLE"
}

# Every text that is not a part of something longer.
lacks() { # TEXT DESCRIPTION
	not_ok "$2" eval "all_of_it | grep -niF -- '$1' >&2" ||
		diag "$(all_of_it | grep -iF -- "$1" | head -3)"
}

begin_netns
need tar supernode iperf3
lab_build 2 || bail_out "the network could not be made"
agent_paths main
cat >"$AGENT_POLICY/50-test.ini" <<-INI
	[app office]
	match.exe = */supernode
	promotion = shape
	relay_rate_up = 2mbit
	relay_rate_down = 2mbit
	[app diary]
	match.exe = /home/annabella/very-private/diary
	[app shared]
	match.exe = /opt/quartz-office/tool
	[app guest]
	match.user = annabella
INI
ok "the agent starts" start_agent office || bail_out "no agent"
lab_relay 4M || bail_out "nothing is relayed"
ok "a relay is found" wait_until 40 eval "ctl status | grep -q 'limited to 2 Mbit'" ||
	bail_out "no promotion to show"
ok "agentctl knows the peers" eval "ctl explain supernode | grep -q 198.18.0.101"

bundle "$BUNDLE"
is "$CODE:$ERR" "0:" "a bundle is made"
like "$OUT" "$BUNDLE, readable by you alone, has:" "it says what is in it"
like "$OUT" 'rules.txt +our rules' "by file"
like "$OUT" 'Look at it before you send it' "and that it should be looked at"
is "$(stat -c %a "$NS_DIR/$BUNDLE")" 600 "its owner alone can read it"
is "$(inside status.json | jq -r '.applications[] | select(.promoted) | .name')" \
	supernode "it tells what is promoted"
is "$(inside explain.json | jq -r '.[0].application.name')" supernode "and why"
ok "legs have pseudonyms, the same everywhere" eval 'inside explain.json |
	jq -e ".[0].legs[0] | .from != .to and (.from | test(\"^addr[0-9]+$\"))"'
is "$(inside doctor.json | jq -r .schema_version)" 1 "it has what doctor says"
ok "policy has the lines" eval 'inside policy.json | jq -e "any(.settings[];
	.section == \"app office\" and .line == 4)"'
ok "events, too" eval 'inside events.json | jq -e "any(.events[]; .kind == \"promoted\")"'
ok "and our rules in the kernel" eval 'inside rules.txt | grep -q "table inet relaywarden"'
ok "and the kernel's version" eval 'inside system.txt | grep -qF "$(uname -r)"'
lacks 198.18.0. "no address of a peer is in it"
lacks annabella "no user"
lacks very-private "nothing of his directories"
lacks quartz-office "not the name of this computer"
ok "whose home it is can still be told apart" eval 'inside policy.json |
	grep -q "~user1/.../diary"'

bundle "$BUNDLE"
is "$CODE" 1 "it never overwrites"
like "$ERR" 'is there already.*another name' "and says so"
rm "$NS_DIR/$BUNDLE"
ln -s "$NS_DIR/elsewhere" "$NS_DIR/$BUNDLE"
bundle "$BUNDLE"
is "$CODE" 1 "nor does it follow a link"
not_ok "to wherever" test -e "$NS_DIR/elsewhere"
rm "$NS_DIR/$BUNDLE"

bundle --with-peers "$BUNDLE"
ok "--with-peers keeps addresses" eval 'inside explain.json | grep -q 198.18.0.101'
lacks annabella "but no user"
like "$OUT" 'addresses were not' "and says that"
rm "$NS_DIR/$BUNDLE"
bundle --json "$BUNDLE"
is "$(jq -r '.contents[0].name' <<<"$OUT")" README.txt "--json names the contents"
bundle
like "$OUT" 'relaywarden-support-[0-9]{8}-[0-9]{6}.tar.gz' "it finds a name by itself"

stop_agent
rm "$NS_DIR/$BUNDLE"
bundle "$BUNDLE"
is "$CODE" 0 "without an agent there is still one"
like "$OUT" 'status.json .*missing, no agent answers' "which says what is missing"
bundle /nowhere/x.tar.gz
is "$CODE" 1 "where it cannot be written"
like "$ERR" '/nowhere/x.tar.gz: No such file' "that is said"
done_testing

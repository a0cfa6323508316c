#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A known client whose own configuration has it work for others needs less evidence: n2n's
# edge, with and without -r; by a recording of it, too.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# prior [COMMAND...]: weight and sentence of the application edge.
prior() {
	ctl explain edge --json |
		jq -r '.evidence[] | select(.name == "prior") | "\(.weight) \(.sentence)"'
}

prior_is() { # WEIGHT
	[[ $(prior) == $1* ]]
}

edge_is_gone() {
	! ctl status edge >/dev/null 2>&1
}

# It goes into the background by itself.
kill_edge() {
	local pid
	for pid in $(ip netns pids "$NS_RUN-office"); do
		[ "$(cat "/proc/$pid/comm")" != edge ] || kill -KILL "$pid"
	done
	ns_run office conntrack -F >/dev/null 2>&1
}

# start_edge [OPTION...]: in the office, of a supernode elsewhere.
start_edge() {
	ns_spawn office "$NS_DIR/edge" edge -d n2n0 -a 10.9.0.7 -c lab -k secret -f -u 0 -g 0 \
		-l "198.18.0.101:$N2N_PORT" "$@"
}

begin_netns
need conntrack
n2n_is_here || skip_all "no n2n here"
lab_build 1 || bail_out "the network could not be made"
n2n_start_supernode s1 "$NS_DIR/supernode"
wait_until 5 ns_listens s1 udp "$N2N_PORT"
agent_paths main
AGENT_OPTIONS=(--record "$AGENT_STATE/record")
ok "the agent starts" start_agent office || bail_out "no agent"
start_edge
ok "an edge is a known client" wait_until 20 prior_is -4 || diag "$(prior)"
kill_edge
ok "it ends" wait_until 30 edge_is_gone
start_edge -r
ok "one that forwards needs less evidence" wait_until 20 prior_is -2 || diag "$(prior)"
like "$(prior)" 'its own configuration has it work for others' "and explain says why"
stop_agent
like "$("$CTL" replay "$AGENT_STATE/record" edge --catalogue "$AGENT_CATALOGUE" \
	--json 2>&1)" 'its own configuration has it work for others' \
	"a recording of it leads to the same"
done_testing

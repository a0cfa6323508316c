#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A conntrack table that is full. Its size is the whole machine's and stays as it is;
# what fills it counts for a namespace alone, so it is filled for real.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

FLOWS=$BUILD/bench/flows
FLOWS_EACH=65535 # of one socket: as many as `flows` has addresses for
TABLE_LARGEST=300000
BOUND=131072     # FLOW_TABLE_MAX
MEMORY_MAX=73728 # KiB of the agent at its bound, where 55,756 to 65,884 were seen
MAX=$(cat /proc/sys/net/netfilter/nf_conntrack_max 2>/dev/null)

entries() {
	ns_run office cat /proc/sys/net/netfilter/nf_conntrack_count
}

# One process after the other, each with a port of its own, each until it has sent its
# first round.
fill_table() {
	local i log
	for ((i = 0; i <= MAX / FLOWS_EACH; i++)); do
		log=$NS_DIR/carry-$i
		ns_spawn office "$log" "$FLOWS" carry 198.19.0.0 7000 "$FLOWS_EACH" 1
		wait_until 10 grep -q ready "$log" || return
		ns_kill "$NS_SPAWNED" KILL
	done
	[ $(($(entries) * 100)) -ge $((MAX * 95)) ]
}

check_is() { # NAME STATE
	[ "$(ctl doctor --json | jq -r --arg name "$1" \
		'.checks[] | select(.name == $name) | .state')" = "$2" ]
}

check_has() { # NAME MEMBER
	ctl doctor --json | jq -r --arg name "$1" --arg member "$2" \
		'.checks[] | select(.name == $name) | .[$member]'
}

memory() { # VmRSS|VmHWM
	awk -v "name=$1:" '$1 == name { print $2 }' "/proc/$AGENT_PID/status"
}

flows_known() {
	ctl status --json | jq '[.applications[].flows] | add'
}

begin_netns
need conntrack
[ -x "$FLOWS" ] || bail_out "$FLOWS is not there; run make check-build first"
[ "$MAX" -le "$TABLE_LARGEST" ] ||
	skip_all "a conntrack table of $MAX entries takes too long to fill"
[ "$MAX" -gt "$BOUND" ] ||
	skip_all "a conntrack table of $MAX entries is within the agent's own bound"
lab_build 1 || bail_out "the network could not be made"
ns_run s1 ip route add local 198.19.0.0/16 dev lo
ns_run office ip route add 198.19.0.0/16 via 198.18.0.101
ns_spawn s1 "$NS_DIR/answer" "$FLOWS" answer 7000 1
wait_until 5 ns_listens s1 udp 7000 || bail_out "nobody answers"
agent_paths main
ok "the agent starts" start_agent office || bail_out "no agent"
# Entries wait for the end of the test, not for their time-out.
ns_run office sh -c 'echo 600 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout
	echo 600 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream'
before=$(memory VmRSS)

begin=$SECONDS
ok "the table fills up" fill_table || diag "$(entries) of $MAX"
diag "$(entries) of $MAX entries after $((SECONDS - begin)) s"
ok "the agent answers" wait_until 10 agent_answers
ok "doctor says that the table is full" check_is conntrack-fill degraded ||
	diag "$(ctl doctor)"
like "$(check_has conntrack-fill detail)" 'full: [0-9]+ of [0-9]+' "with numbers"
like "$(check_has conntrack-fill advice)" 'nf_conntrack_max' "and what to do"
ok "the agent keeps to its own bound" wait_until 20 check_is engine degraded ||
	diag "$(ctl doctor)"
like "$(check_has engine detail)" '[1-9][0-9]* flows given up' "and says so"
ok "it knows $BOUND flows at most" test "$(flows_known)" -le "$BOUND"
like "$(check_has engine advice)" 'agentctl apps' "and what to look at"
ctl status >/dev/null 2>&1
is $? 4 "status is degraded"
diag "memory: $before KiB before, $(memory VmHWM) KiB at most"
ok "its memory is bounded" test "$(memory VmHWM)" -le "$MEMORY_MAX"

ns_run office conntrack -F >/dev/null 2>&1
ok "after a flush the table is well" wait_until 15 check_is conntrack-fill ok
ok "and the agent" wait_until 30 agent_state_is ok || diag "$(ctl doctor)"
ok "it is the same process" ns_is_alive "$AGENT_PID"
done_testing

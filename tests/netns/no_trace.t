#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An agent that has stopped leaves the network as it found it: rules, queues, settings,
# routing, and the marks of flows that go on; also when it was killed before, and when
# it is told to stop while it starts.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# What somebody else has set up here before: a queue, a firewall, marks, a route by mark.
furnish() {
	ns_run office tc qdisc replace dev eth0 root tbf rate 1gbit burst 1mb latency 50ms
	ns_run office ip rule add fwmark 0xca6c lookup 51820
	ns_run office ip route add default dev eth0 table 51820
	ns_run office nft -f - <<-'EOF'
		table inet theirs {
			counter web { }
			chain out {
				type filter hook output priority mangle; policy accept;
				udp dport 7000 ct mark set 0xca6c
			}
			chain in {
				type filter hook input priority filter; policy accept;
				tcp dport 9999 reject
			}
		}
	EOF
}

# One line for each thing that could have changed, but for what traffic counts.
snapshot() {
	ns_run office nft -s list ruleset
	ns_run office tc qdisc show
	ns_run office tc class show dev eth0
	ns_run office ip rule show
	ns_run office ip route show table all
	ns_run office sysctl -a 2>/dev/null | grep -E '^net\.(netfilter|core|ipv[46])\.' |
		grep -vE 'nf_conntrack_count|\.random|fs\.|route\.flush|tcp_fastopen_key|nf_log'
	foreign_marks
}

# Marks of flows that are not zero.
marks() {
	ns_run office conntrack -L 2>/dev/null | grep -oE 'mark=[0-9]+' |
		grep -vx 'mark=0' | sort | uniq -c
}

foreign_marks() {
	marks | grep -oE 'mark=.*'
}

# Flows of protocol $1 with a bit of ours.
our_marks() {
	ns_run office conntrack -L -p "$1" 2>/dev/null |
		awk '{ for (i = 1; i <= NF; i++) if (sub(/^mark=/, "", $i) &&
			$i + 0 >= 1048576) n++ } END { print n + 0 }'
}

has_our_marks() {
	[ "$(our_marks "$1")" -gt 0 ]
}

has_no_mark_of_ours() {
	[ "$(our_marks tcp) $(our_marks udp) $(our_marks icmp)" = "0 0 0" ]
}

all_are_marked() {
	has_our_marks tcp && has_our_marks udp && has_our_marks icmp
}

accounting() {
	ns_run office cat /proc/sys/net/netfilter/nf_conntrack_acct
}

# Goes on over the whole test, so that rules of ours could mark it at any time.
traffic() {
	ns_spawn s1 "$NS_DIR/traffic" iperf3 -s
	ns_spawn s1 "$NS_DIR/traffic" socat -u UDP-RECV:7000 OPEN:/dev/null
	ns_spawn s1 "$NS_DIR/traffic" socat -u UDP-RECV:7001 OPEN:/dev/null
	wait_until 5 ns_listens s1 tcp 5201
	ns_spawn office "$NS_DIR/traffic" iperf3 -c 198.18.0.101 -b 1M -t 3600
	ns_spawn office "$NS_DIR/traffic" bash -c 'while sleep 0.1; do echo x; done |
		socat -u - UDP-SENDTO:198.18.0.101:7000'
	ns_spawn office "$NS_DIR/traffic" bash -c 'while sleep 0.1; do echo x; done |
		socat -u - UDP-SENDTO:198.18.0.101:7001,sourceport=7001'
	# A flow each time: one that is older than accounting is never HEAVY.
	ns_spawn office "$NS_DIR/traffic" bash -c 'while :; do
		ping -q -c 20 -i 0.2 -s 8000 198.18.0.101; done'
}

# as_before DESCRIPTION
as_before() {
	snapshot >"$NS_DIR/after"
	ok "$1" diff "$NS_DIR/before" "$NS_DIR/after" ||
		diag "$(diff "$NS_DIR/before" "$NS_DIR/after")" "$(tail -n 8 "$AGENT_LOG")"
}


in_office() {
	ns_run office "$@"
}

# theirs STATEMENT: what a rule of theirs does to the flow on port 7001.
theirs() {
	ns_run office nft -f - <<-EOF
		table inet theirs_too
		delete table inet theirs_too
		table inet theirs_too {
			chain out {
				type filter hook output priority filter; policy accept;
				udp dport 7001 $1
			}
		}
	EOF
	sleep 0.5
}

has_mixed_mark() {
	ns_run office conntrack -L -p udp --dport 7001 2>/dev/null |
		awk '{ for (i = 1; i <= NF; i++) if (sub(/^mark=/, "", $i) &&
			$i + 0 > 1048576 && $i % 2) found = 1 } END { exit !found }'
}

write_policy() { # LINE...
	printf '%s\n' '[agent]' "$@" | put_policy 90-test.ini
}

# Before that it is this shell, with its traps.
is_executed() {
	[ "$(cat "/proc/$AGENT_PID/comm" 2>/dev/null)" = relaywardend ]
}

start_marked() {
	start_agent office || return
	wait_until 20 all_are_marked || diag "$(marks)"
}


begin_netns
need conntrack tc sysctl iperf3 socat ping
lab_build 1 || bail_out "the network could not be made"
agent_paths main
furnish
traffic
sleep 1
is "$(accounting)" 0 "nobody counts bytes of flows yet"
snapshot >"$NS_DIR/before"

# --- an orderly end -------------------------------------------------------------------
ok "the agent marks flows of TCP, UDP and ICMP" start_marked
is "$(accounting)" 1 "and has turned accounting on"
ok "it remembers that" test -s "$AGENT_STATE/footprint"
stop_agent
as_before "an agent that was stopped leaves nothing"
not_ok "nothing to remember, either" test -e "$AGENT_STATE/footprint"
sleep 1
as_before "flows that go on stay unmarked"

# --- killed ---------------------------------------------------------------------------
start_marked
stop_agent KILL
is "$(accounting)" 1 "one that was killed leaves accounting on"
ok "and its marks" has_our_marks icmp
ok "the next one starts" start_agent office
like "$(cat "$AGENT_LOG")" 'an earlier agent was killed' "and knows what is to be done"
stop_agent
as_before "when it stops the network is as it was before the first one"

# --- a mark that became somebody else's, too -------------------------------------------
start_marked
theirs 'ct mark set ct mark or 0x1'
ok "somebody else adds a bit to a mark of ours" wait_until 5 has_mixed_mark
stop_agent
ok "it stays, ours are gone" grep -q 'mark=1$' <(marks)
theirs 'ct mark set 0'
ns_run office nft delete table inet theirs_too
as_before "nothing else does"

# --- other bits -----------------------------------------------------------------------
start_marked
write_policy 'mark_mask = 0x000fff00'
ctl policy reload >/dev/null
ok "with another mask the bits of the old one are taken off" \
	wait_until 10 has_no_mark_of_ours
write_policy 'mark_mask = 0xfff00000'
ctl policy reload >/dev/null
ok "and flows are marked anew when it is back" wait_until 20 all_are_marked ||
	diag "$(marks)"
stop_agent
as_before "after two masks nothing is left of either"

# --- rules that stay ---------------------------------------------------------------------
write_policy 'on_failure = closed'
start_marked
not_ok "clean-up leaves an agent alone that runs" in_office bash -c \
	'"$0" --clean-up --state-dir "$1" --control "$2"' "$AGENT" "$AGENT_STATE" "$AGENT_SOCKET"
ok "which is not disturbed" kernel_has_table office
stop_agent KILL
ok "with on_failure = closed the rules outlive it" kernel_has_table office
ns_run office tc qdisc add dev lo root handle 5257: htb # as its queues are
ok "clean-up takes back what it has left" in_office "$AGENT" --clean-up \
	--state-dir "$AGENT_STATE" --control "$AGENT_SOCKET"
as_before "which is everything"
not_ok "the socket too" test -e "$AGENT_SOCKET"
ok "with nothing to do it says nothing" in_office "$AGENT" --clean-up \
	--state-dir "$AGENT_STATE" --control "$AGENT_SOCKET"
start_marked
stop_agent
as_before "an orderly stop leaves nothing of closed rules, either"

# --- told to stop while it starts ---------------------------------------------------------
agent_command
for delay in 0 0.01 0.02 0.03 0.05 0.08 0.12 0.2 0.3 0.5; do
	ns_spawn office "$AGENT_LOG" "${AGENT_COMMAND[@]}"
	AGENT_PID=$NS_SPAWNED
	wait_until 5 is_executed
	sleep "$delay"
	stop_agent || diag "it did not stop after $delay"
done
as_before "stopped while it started, ten times, it leaves nothing"
done_testing

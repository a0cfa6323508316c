#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# egress = queue: a qdisc on the uplink while something is to wait there and no longer,
# one that an admin configured left alone, an uplink that changes followed, and nobody
# limited once the agent is gone.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
begin_netns
need tc perl

UDP=$(realpath "$(dirname "$0")/udp.pl")
PROGRAM=$NS_DIR/torrent
PORT=7000

# --- the network --------------------------------------------------------------------

build() {
	local i
	ns_add office s1 || return
	for i in 0 1; do
		ns_link office eth$i s1 eth$i &&
			ns_run office ip addr add 198.18.$i.1/24 dev eth$i &&
			ns_run s1 ip addr add 198.18.$i.101/24 dev eth$i || return
	done
	ns_run s1 ip addr add 198.19.0.1/32 dev lo &&
		ns_run office ip route add default via 198.18.0.101 &&
		ns_run s1 nft -f - <<-RULES
		table inet gauge {
			counter passed { }
			chain input {
				type filter hook input priority 300;
				udp dport $PORT counter name passed
			}
		}
	RULES
}

passed() {
	ns_run s1 nft -j list counter inet gauge passed |
		jq -r '.nftables[].counter | select(.) | .bytes'
}

# Bytes that got through in so many seconds, a second's worth; rather less than more,
# because the span includes both readings.
rate_over() { # SECONDS
	local begin from to
	begin=$(date +%s%N) from=$(passed)
	sleep "$1"
	to=$(passed)
	echo $(((to - from) * 1000 / (($(date +%s%N) - begin) / 1000000)))
}

# --- policy and what became of it -----------------------------------------------------

write_policy() { # EGRESS [RATE]
	{
		printf '[link]\negress = %s\n' "$1"
		printf '[app torrent]\nmatch.exe = %s\n' "$PROGRAM"
		[ -z "${2:-}" ] || printf 'rate_up = %s\n' "$2"
	} | put_policy 90-queue.ini
	ctl policy reload >/dev/null 2>&1
}

qdisc_of() { # DEVICE: the root's kind and handle
	ns_run office tc qdisc show dev "$1" | awk '/ root / { print $2, $3; exit }'
}

has_qdisc() { # DEVICE KIND HANDLE
	[ "$(qdisc_of "$1")" = "$2 $3" ]
}

leaf_rate() { # of the one leaf that is not everybody's
	ns_run office tc class show dev "${1:-eth0}" |
		sed -n '/parent 5257:.* leaf /s/.* rate \([^ ]*\) .*/\1/p'
}

has_leaf_rate() { # RATE [DEVICE]
	[ "$(leaf_rate "${2:-eth0}")" = "$1" ]
}

# Bytes a class has sent: the application's leaf, or everybody's (5257:1).
class_sent() { # own|all
	ns_run office tc -s class show dev eth0 | awk -v which="$1" '
		/^class/ { is_own = / parent 5257:/; is_all = / 5257:1 / }
		/Sent/ && (which == "own" ? is_own : is_all) { print $2 }' | tail -1
}

doctor_says() { # REGEX
	ctl doctor --json 2>/dev/null | jq -r '.checks[] | select(.name == "queue").detail' |
		grep -qE "$1"
}

# --- tests ----------------------------------------------------------------------------

test_nothing_to_queue() {
	write_policy queue
	sleep 2
	is "$(qdisc_of eth0)" "noqueue 0:" "while nothing is limited there is no qdisc"
}

test_installed() {
	write_policy queue 400kbit
	ok "with the first limit there is one" wait_until 15 has_qdisc eth0 htb 5257:
	ok "and a class with its rate" wait_until 5 has_leaf_rate 400Kbit
	ok "doctor says so" wait_until 5 doctor_says "^what goes out by eth0 waits"
	sleep 1
	local own all
	own=$(class_sent own) all=$(class_sent all)
	ns_run office ping -q -c 5 -i 0.2 -s 1000 198.18.0.101 >/dev/null
	sleep 1
	ok "the application's packets wait in it" test "$(class_sent own)" -gt "$own"
	ok "those of others in everybody's" test "$(class_sent all)" -ge $((all + 5000))
	ok "and no more gets through than the rate" \
		test "$(rate_over 4)" -le $((50000 * 110 / 100))
}

test_changed_in_place() {
	local own
	own=$(class_sent own)
	write_policy queue 800kbit
	ok "a changed rate is in force" wait_until 5 has_leaf_rate 800Kbit
	ok "in the class that was there" test "$(class_sent own)" -ge "$own"
	ok "and what waits goes out at it" test "$(rate_over 4)" -gt 70000
}

test_deleted() {
	ns_run office tc qdisc del dev eth0 root
	ok "somebody deletes the qdisc: it is made anew" \
		wait_until 5 has_leaf_rate 800Kbit
}

test_admins_qdisc() {
	ns_run office tc qdisc replace dev eth0 root handle 1: \
		tbf rate 50mbit burst 20kb latency 50ms
	ok "doctor says that an admin's is in the way" wait_until 5 doctor_says \
		"eth0 has a qdisc that is not the agent's"
	is "$(qdisc_of eth0)" "tbf 1:" "which is left alone"
	ok "and what is above the rate is dropped instead" wait_until 10 is_slow
	stop_agent
	is "$(qdisc_of eth0)" "tbf 1:" "when the agent ends, too"
	start_agent office
	sleep 2
	is "$(qdisc_of eth0)" "tbf 1:" "and when it starts"
	ns_run office tc qdisc del dev eth0 root
	ok "without it there is a queue again" wait_until 15 has_leaf_rate 800Kbit
}

is_slow() { # near 100,000 bytes a second; offered is ten times that
	[ "$(rate_over 2)" -le 120000 ]
}

test_uplink_moves() {
	ns_run office ip route replace default via 198.18.1.101
	ok "the queue follows the default route" wait_until 5 has_leaf_rate 800Kbit eth1
	ok "and leaves where it was" wait_until 5 has_qdisc eth0 noqueue 0:
	ok "the rate holds there" wait_until 10 is_slow
	ns_run office ip route add default via 198.18.0.101 metric 100
	ok "a second uplink has one, too" wait_until 5 has_leaf_rate 800Kbit eth0
	ok "beside the first" has_leaf_rate 800Kbit eth1
	ns_run office ip route del default via 198.18.1.101
	ok "until it is none any more" wait_until 5 has_qdisc eth1 noqueue 0:
}

test_removed() {
	write_policy queue
	ok "with the last limit it goes" wait_until 5 has_qdisc eth0 noqueue 0:
	write_policy queue 800kbit
	ok "and comes back with the next" wait_until 5 has_leaf_rate 800Kbit
	write_policy police 800kbit
	ok "egress = police takes it away" wait_until 5 has_qdisc eth0 noqueue 0:
	ok "and the rate holds" wait_until 10 is_slow
	write_policy queue 800kbit
	wait_until 5 has_leaf_rate 800Kbit
}

test_crash() {
	stop_agent KILL
	ok "a killed agent leaves nobody limited" test "$(rate_over 2)" -gt 500000
	write_policy police
	start_agent office
	ok "and the next one takes its qdisc away" wait_until 5 has_qdisc eth0 noqueue 0:
	write_policy queue 800kbit
	wait_until 15 has_leaf_rate 800Kbit
	stop_agent KILL
	write_policy queue 400kbit
	start_agent office
	ok "or takes it over" wait_until 15 has_leaf_rate 400Kbit
	[ -z "${DEBUG:-}" ] || { ns_run office tc -s class show dev eth0; ctl doctor; tail "$AGENT_LOG"; ctl apps; }
	stop_agent
	is "$(qdisc_of eth0)" "noqueue 0:" "at its end it leaves the kernel's default"
}

build || bail_out "no network"
cp "$(command -v perl)" "$PROGRAM"
agent_paths 1
start_agent office || bail_out "no agent"
ns_spawn s1 "$NS_DIR/receive.log" perl "$UDP" receive $PORT
ns_spawn office "$NS_DIR/send.log" "$PROGRAM" "$UDP" send 198.19.0.1 $PORT 1000000
test_nothing_to_queue
test_installed
test_changed_in_place
test_deleted
test_admins_qdisc
test_uplink_moves
test_removed
test_crash
done_testing

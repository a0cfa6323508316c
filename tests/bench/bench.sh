#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # functions are also called by name
#
# bench.sh [--daemon] [--json FILE]: what the agent costs, in private namespaces; eight
# minutes at most, QUICK=1 one. With --daemon the daemon's loads alone, no traffic.
# Every number is printed, none is judged: the exit status is non-zero only when
# something could not be measured.
#
# Unmanaged traffic is measured three ways in turn, in every round in the opposite order
# of the round before, and compared within the round:
#   none        no conntrack, no rules: the bare stack
#   conntrack   one rule on `ct state` each way, as a firewall has; no accounting
#   agent       relaywardend with the shipped policy, the peer being a stranger
#
# The wire is a veth pair, where a TCP stream travels in packets of up to 64 KiB: what a
# packet costs shows in the second stream, whose packets are as large as on a wire.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/netns/ns.sh
. tests/netns/ns.sh
# shellcheck source=tests/netns/agent.sh
. tests/netns/agent.sh

HERE=tests/bench
FLOWS=$BUILD/bench/flows
ADDRESS=198.18.0.1 # RFC 2544: strangers to the shipped policy
PEER=198.18.0.101
STRANGERS=(198.18.64.0/18 198.18.128.0/17 198.19.0.0/16) # all of them are the peer
FIRST_STRANGER=198.18.64.1
STREAM_PORT=5201 CONNECT_PORT=5300 TALK_PORT=5400 SEND_PORT=5401
HEAVY_MARK=0x00800000 # of the default mark mask

if [ -n "${QUICK:-}" ]; then
	ROUNDS=2 RUN_SECONDS=1 SETTLE_SECONDS=1 WATCH_SECONDS=2 DEADLINE=50
else
	ROUNDS=5 RUN_SECONDS=2 SETTLE_SECONDS=3 WATCH_SECONDS=12 DEADLINE=420
fi
WATCH_MANY_SECONDS=32
FAILED=0
SAMPLE_COUNT=0

fail() {
	echo "bench: $*" >&2
	exit 1
}

# Said once for each thing that was not measured.
did_not_run() {
	printf '\rbench: did not run: %s\033[K\n' "$*" >&2
	FAILED=1
}

progress() {
	[ ! -t 2 ] || printf '\r%s\033[K' "$*" >&2
}

is_late() {
	[ "$SECONDS" -ge "$DEADLINE" ]
}

# --- network -----------------------------------------------------------------------

build_network() {
	local strangers
	ns_begin || return
	ns_add work peer || return
	ns_link work eth0 peer eth0 || return
	ns_run work ip addr add "$ADDRESS/24" dev eth0 || return
	ns_run peer ip addr add "$PEER/24" dev eth0 || return
	for strangers in "${STRANGERS[@]}"; do
		ns_run work ip route add "$strangers" via "$PEER" || return
		ns_run peer ip route add local "$strangers" dev lo || return
	done
	ns_spawn peer "$NS_DIR/servers" iperf3 -s -p "$STREAM_PORT"
	ns_spawn peer "$NS_DIR/servers" "$FLOWS" accept "$CONNECT_PORT"
	ns_spawn peer "$NS_DIR/servers" "$FLOWS" answer "$TALK_PORT" 1200
	ns_spawn peer "$NS_DIR/servers" "$FLOWS" answer "$SEND_PORT" 1
	wait_until 5 ns_listens peer tcp "$STREAM_PORT" || return
	wait_until 5 ns_listens peer tcp "$CONNECT_PORT" || return
	wait_until 5 ns_listens peer udp "$TALK_PORT" || return
	wait_until 5 ns_listens peer udp "$SEND_PORT"
}

# set_packets SEGMENTS: how much of a stream one packet may carry.
set_packets() {
	ns_run work ip link set eth0 gso_max_segs "$1" &&
		ns_run peer ip link set eth0 gso_max_segs "$1"
}

# --- the agent, and the two ways without it ----------------------------------------

# Its loop runs when a call is answered, and the rules are in place before that.
agent_replies() {
	printf '{"method":"org.varlink.service.GetInfo"}\0' |
		timeout 2 socat -t 1 - "UNIX-CONNECT:$AGENT_SOCKET" 2>/dev/null |
		tr -d '\0' | grep -q '"vendor"'
}

# setup_agent: a new one, which knows nothing of the runs before.
setup_agent() {
	SAMPLE_COUNT=$((SAMPLE_COUNT + 1))
	agent_paths "$SAMPLE_COUNT"
	agent_command
	ns_spawn work "$AGENT_LOG" "${AGENT_COMMAND[@]}"
	AGENT_PID=$NS_SPAWNED
	wait_until 10 agent_replies && return
	echo "bench: the agent does not answer; its last words:" >&2
	tail -n 15 "$AGENT_LOG" >&2
	return 1
}

setup() { # none|conntrack|agent
	ns_run work conntrack -F >/dev/null 2>&1
	case $1 in
	none) ;;
	conntrack) ns_run work nft -f "$HERE/firewall.nft" ;;
	agent) setup_agent ;;
	esac
}

teardown() {
	case $1 in
	none) ;;
	conntrack) ns_run work nft delete table inet bench ;;
	agent)
		stop_agent TERM
		# The agent leaves accounting on; the other ways are measured without.
		ns_run work sh -c 'echo 0 >/proc/sys/net/netfilter/nf_conntrack_acct'
		;;
	esac
}

# Processor time of a process so far, in clock ticks: utime and stime.
cpu_ticks() {
	local stat fields
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
	read -ra fields <<<"${stat##*) }" # the first is the third field of stat
	echo $((fields[11] + fields[12]))
}

# --- unmanaged traffic -------------------------------------------------------------

# Each prints one number; nothing when it did not work.
run_stream() {
	ns_run work timeout $((RUN_SECONDS + 8)) iperf3 -c "$PEER" -p "$STREAM_PORT" \
		-t "$RUN_SECONDS" -J | jq '.end.sum_received.bits_per_second // empty | round'
}

run_packets() {
	set_packets 1 && run_stream
	set_packets 65535
}

run_connect() {
	ns_run work timeout $((RUN_SECONDS + 8)) "$FLOWS" connect "$FIRST_STRANGER" \
		"$CONNECT_PORT" 4096 "$RUN_SECONDS" | awk '{ print $1 }'
}

# take_sample TEST WAY ROUND: adds "TEST WAY ROUND VALUE CPU" to the samples, CPU being
# the agent's per mille of one core.
take_sample() {
	local test=$1 way=$2 value='' before=0 after=0 start cpu=0
	progress "round $3 of $ROUNDS: $test, $way"
	if setup "$way" 2>>"$NS_DIR/errors"; then
		start=${EPOCHREALTIME/[.,]/}
		[ "$way" != agent ] || before=$(cpu_ticks "$AGENT_PID")
		value=$("run_$test" 2>>"$NS_DIR/errors")
		[ "$way" != agent ] || after=$(cpu_ticks "$AGENT_PID")
		cpu=$(cpu_permille $((after - before)) "$start")
	fi
	teardown "$way" 2>>"$NS_DIR/errors"
	if [[ ! $value =~ ^[0-9]+$ ]]; then
		did_not_run "$test, $way, round $3"
		return 1
	fi
	echo "$test $way $3 $value $cpu" >>"$NS_DIR/samples"
}

# cpu_permille TICKS START: of the time since START, in microseconds.
cpu_permille() {
	local passed=$((${EPOCHREALTIME/[.,]/} - $2))
	echo $(($1 * 1000 * (1000000 / CLOCK_TICKS) / passed))
}

# One of each, one after the other; the order turns round with every round.
take_round() {
	local ways=(none conntrack agent) way
	[ $(($2 % 2)) -eq 1 ] || ways=(agent conntrack none)
	for way in "${ways[@]}"; do take_sample "$1" "$way" "$2" || return; done
}

measure_traffic() {
	local round test
	for ((round = 1; round <= ROUNDS; round++)); do
		for test in stream packets connect; do
			if is_late; then
				did_not_run "$test, round $round: out of time"
			else
				take_round "$test" "$round"
			fi
		done
	done
}

# --- the daemon --------------------------------------------------------------------

kernel_flows() {
	ns_run work cat /proc/sys/net/netfilter/nf_conntrack_count
}

kernel_heavy_flows() {
	ns_run work conntrack -L --mark "$HEAVY_MARK/$HEAVY_MARK" 2>/dev/null | wc -l
}

resident_kib() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"
}

carry() { # FLOWS FIRST_PACKETS PORT SECONDS
	local log=$NS_DIR/carry-$SAMPLE_COUNT
	CARRY_PID=
	[ "$1" -gt 0 ] || return 0
	ns_spawn work "$log" "$FLOWS" carry "$FIRST_STRANGER" "$3" "$1" "$2" "$4"
	CARRY_PID=$NS_SPAWNED
	wait_until 40 grep -q ready "$log"
}

# Everything is read at intervals that grow with the flows: it must be within the time.
watch_seconds() { # FLOWS
	if [ "$1" -ge 100000 ]; then echo "$WATCH_MANY_SECONDS"; else echo "$WATCH_SECONDS"; fi
}

# watch_load NAME SECONDS: adds "NAME FLOWS HEAVY RSS_KIB CPU SECONDS" to the loads.
watch_load() {
	local flows heavy before after start cpu rss
	sleep "$SETTLE_SECONDS"
	heavy=$(kernel_heavy_flows)
	start=${EPOCHREALTIME/[.,]/}
	before=$(cpu_ticks "$AGENT_PID") || return
	sleep "$2"
	after=$(cpu_ticks "$AGENT_PID") || return
	cpu=$(cpu_permille $((after - before)) "$start")
	flows=$(kernel_flows)
	rss=$(resident_kib "$AGENT_PID")
	echo "$1 $flows $heavy $rss $cpu $2" >>"$NS_DIR/loads"
}

# measure_load NAME FLOWS FIRST_PACKETS PORT [SECONDS]: each flow moves once in SECONDS.
measure_load() {
	progress "the daemon with $2 flows, $1"
	if is_late; then
		did_not_run "load $1 of $2: out of time"
		return
	fi
	{ setup agent && carry "$2" "$3" "$4" "${5:-5}" &&
		watch_load "$1" "$(watch_seconds "$2")"; } \
		2>>"$NS_DIR/errors" || did_not_run "load $1 of $2"
	[ -z "$CARRY_PID" ] || ns_kill "$CARRY_PID"
	teardown agent 2>>"$NS_DIR/errors"
}

# An application that gives out as much as it takes in could be relaying, so the daemon
# looks at it more often: hence the loads that send only and those that talk both ways.
# (Ten thousand light flows are read so seldom that this takes half a minute: no row.)
# 24 packets of 1,228 bytes a flow, or 12 and their answers, are 29 KiB, well above
# 16 KiB even with some lost.
measure_daemon() {
	measure_load idle 0 0 0
	measure_load light_sends 1000 1 "$SEND_PORT"
	measure_load light_talks 1000 1 "$TALK_PORT"
	measure_load light_sends 10000 1 "$SEND_PORT"
	measure_load heavy_sends 10000 24 "$SEND_PORT"
	measure_load heavy_talks 10000 12 "$TALK_PORT"
	[ -z "${QUICK:-}" ] || return
	measure_load slow_talks 100000 1 "$TALK_PORT" 33
	measure_load heavy_slow_talks 100000 12 "$TALK_PORT" 33
	measure_load heavy_talks 100000 12 "$TALK_PORT"
}

# --- report ------------------------------------------------------------------------

summarize() {
	local quick=false
	[ -z "${QUICK:-}" ] || quick=true
	touch "$NS_DIR/samples" "$NS_DIR/loads"
	jq -n --rawfile samples "$NS_DIR/samples" --rawfile loads "$NS_DIR/loads" \
		--argjson quick "$quick" --argjson rounds "$ROUNDS" \
		--argjson run_seconds "$RUN_SECONDS" --argjson cpus "$(nproc)" \
		--arg kernel "$(uname -r)" -f "$HERE/summary.jq"
}

print_table() {
	jq -r -f "$HERE/table.jq" "$1" >"$NS_DIR/table" || return
	awk -F '\t' '
	NF < 2 { print; next }
	{ printf "  %-28s %9s %9s %9s  %17s\n", $1, $2, $3, $4, $5 }
	' "$NS_DIR/table"
}

parse_options() {
	JSON_FILE=
	ONLY_DAEMON=
	while [ $# -gt 0 ]; do
		case $1 in
		--json)
			JSON_FILE=${2:-}
			[ -n "$JSON_FILE" ] || fail "--json needs a file"
			shift 2
			;;
		--daemon)
			ONLY_DAEMON=1
			shift
			;;
		*) fail "unknown option '$1'; usage: [QUICK=1] bench.sh [--daemon] [--json FILE]" ;;
		esac
	done
}

need() {
	local command
	for command in "$@"; do
		command -v "$command" >/dev/null ||
			fail "no '$command' here; next: sudo packaging/deps.sh test"
	done
	for command in "$AGENT" "$FLOWS"; do
		[ -x "$command" ] || fail "$command is not there; next: sudo make bench"
	done
}

main() {
	parse_options "$@"
	need ip nft nsenter ss jq awk iperf3 conntrack socat getconf
	CLOCK_TICKS=$(getconf CLK_TCK)
	build_network || fail "the namespaces could not be set up"
	[ -n "$ONLY_DAEMON" ] || measure_traffic
	measure_daemon
	progress ""
	summarize >"$NS_DIR/summary" || fail "the numbers could not be summed up"
	print_table "$NS_DIR/summary" || fail "the table could not be made"
	[ -z "$JSON_FILE" ] || cp "$NS_DIR/summary" "$JSON_FILE" ||
		fail "$JSON_FILE could not be written"
	[ "$FAILED" -eq 0 ] || [ ! -s "$NS_DIR/errors" ] ||
		tail -n 20 "$NS_DIR/errors" | sed 's/^/bench:   /' >&2
	exit "$FAILED"
}

main "$@"

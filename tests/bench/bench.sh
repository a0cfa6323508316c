#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # functions are also called by name
#
# bench.sh [--daemon|--scale] [--json FILE]: what the agent costs, in private namespaces;
# eight minutes at most, QUICK=1 one. With --daemon the daemon's loads alone, no traffic.
# With --scale what unmanaged traffic pays as managed applications and flows become more,
# and beside opensnitch where that is installed; twelve minutes.
# Every number is printed, none is judged: the exit status is non-zero only when
# something could not be measured.
#
# Unmanaged traffic is measured three ways in turn, in every round in the opposite order
# of the round before, and compared within the round:
#   none        no conntrack, no rules: the bare stack
#   conntrack   one rule on `ct state` each way, as a firewall has; no accounting
#   agent       relaywardend with the shipped policy, the peer being a stranger
#   apps-N      the same, beside N applications that each have limits of their own
#   table-N     the same, beside N flows of another application in conntrack
#   opensnitch  the distribution's, every connection allowed
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
WAYS=(none conntrack agent)
FAILED=0
SAMPLE_COUNT=0
APP_PIDS=()
CARRY_PID=

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

setup() { # WAY
	ns_run work conntrack -F >/dev/null 2>&1
	case $1 in
	none) ;;
	conntrack) ns_run work nft -f "$HERE/firewall.nft" ;;
	agent) setup_agent ;;
	apps-*) setup_agent && setup_apps "${1#*-}" ;;
	table-*) setup_agent && carry "${1#*-}" 1 "$TALK_PORT" 33 ;;
	opensnitch) setup_opensnitch ;;
	esac
}

# Limits that are never reached, on applications that differ in their user; with them
# iperf3 and what connects stay unmanaged.
setup_apps() {
	local i
	cat >"$AGENT_POLICY/60-bench.ini" <<-INI
		[app bench]
		match.user = 6*
		rate_up = 10gbit
		rate_down = 10gbit
	INI
	APP_PIDS=()
	for ((i = 1; i <= $1; i++)); do
		ns_spawn work "$NS_DIR/apps" setpriv --reuid $((60000 + i)) --regid 60000 \
			--clear-groups "$FLOWS" answer $((20000 + i)) 64
		APP_PIDS+=("$NS_SPAWNED")
	done
	wait_until 30 apps_have_limits "$1"
}

apps_have_limits() { # COUNT; 255 share the last number, which has none
	[ "$(kernel_limits work | wc -l)" -ge $((2 * ($1 < 250 ? $1 : 250))) ]
}

# It asks nobody: by its shipped settings what it has no rule for is allowed.
setup_opensnitch() {
	mkdir -p "$NS_DIR/opensnitch"
	ns_spawn work "$NS_DIR/opensnitch/log" opensnitchd -process-monitor-method proc \
		-rules-path "$NS_DIR/opensnitch" -ui-socket "unix://$NS_DIR/opensnitch/ui"
	SNITCH_PID=$NS_SPAWNED
	wait_until 10 opensnitch_is_ready
}

opensnitch_is_ready() {
	ns_run work iptables-save | grep -q NFQUEUE
}

teardown() {
	local pid
	case $1 in
	none) ;;
	conntrack) ns_run work nft delete table inet bench ;;
	opensnitch)
		ns_kill "$SNITCH_PID"
		wait_until 10 eval '! ns_is_alive $SNITCH_PID'
		ns_run work sh -c 'iptables -F; iptables -t mangle -F'
		;;
	*)
		stop_agent TERM
		for pid in "${APP_PIDS[@]}" ${CARRY_PID:-}; do ns_kill "$pid" KILL; done
		APP_PIDS=() CARRY_PID=
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
		! way_has_agent "$way" || before=$(cpu_ticks "$AGENT_PID")
		value=$("run_$test" 2>>"$NS_DIR/errors")
		! way_has_agent "$way" || after=$(cpu_ticks "$AGENT_PID")
		cpu=$(cpu_permille $((after - before)) "$start")
	fi
	teardown "$way" 2>>"$NS_DIR/errors"
	if [[ ! $value =~ ^[0-9]+$ ]]; then
		did_not_run "$test, $way, round $3"
		return 1
	fi
	echo "$test $way $3 $value $cpu" >>"$NS_DIR/samples"
}

way_has_agent() {
	[[ $1 =~ ^(agent|apps-|table-) ]]
}

# cpu_permille TICKS START: of the time since START, in microseconds.
cpu_permille() {
	local passed=$((${EPOCHREALTIME/[.,]/} - $2))
	echo $(($1 * 1000 * (1000000 / CLOCK_TICKS) / passed))
}

# One of each, one after the other; the order turns round with every round.
take_round() {
	local i way last=$((${#WAYS[@]} - 1))
	for i in "${!WAYS[@]}"; do
		way=${WAYS[$i]}
		[ $(($2 % 2)) -eq 1 ] || way=${WAYS[$((last - i))]}
		take_sample "$1" "$way" "$2" || return
	done
}

# What none of the rules knows is compared with a firewall's one rule.
use_scale() {
	WAYS=(conntrack agent apps-10 apps-100 apps-255 table-100000)
	DEADLINE=900
	if command -v opensnitchd iptables >/dev/null; then
		WAYS+=(opensnitch)
	else
		progress ""
		echo "bench: no opensnitchd or no iptables here; left out" >&2
	fi
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
	{ printf "  %-22s %9s %9s %9s  %17s %17s %7s\n", $1, $2, $3, $4, $5, $6, $7 }
	' "$NS_DIR/table"
}

parse_options() {
	JSON_FILE=
	ONLY=
	while [ $# -gt 0 ]; do
		case $1 in
		--json)
			JSON_FILE=${2:-}
			[ -n "$JSON_FILE" ] || fail "--json needs a file"
			shift 2
			;;
		--daemon)
			ONLY=daemon
			shift
			;;
		--scale)
			ONLY=scale
			shift
			;;
		*) fail "unknown option '$1'; usage: [QUICK=1] bench.sh [--daemon|--scale] [--json FILE]" ;;
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
	[ "$ONLY" != scale ] || use_scale
	[ "$ONLY" = daemon ] || measure_traffic
	[ "$ONLY" = scale ] || measure_daemon
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

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# enforce.sh [--json FILE] [PART...]: how well the link is taken back, in the network of
# the demo (an office and a colleague behind one uplink of 100 Mbit/s). Parts:
#
#   rates      what passes against the configured rate: 256 kbit/s to 80 Mbit/s, both
#              ways, TCP and UDP, policed and queued; beside trickle where that is
#              installed, which knows TCP alone
#   neighbour  a real supernode is promoted: from the verdict to the rule, and the
#              colleague's round trips and downloads when nobody relays, when the relay
#              is left alone, shaped, and forbidden; what still passes after the rule
#
# Without a PART, both: a quarter of an hour; QUICK=1 a few minutes. Numbers are printed,
# none is judged: the exit status is non-zero only when something was not measured.
#
# Packets have wire size here (no segmentation offload), and bytes are counted at layer 3
# where the rate is meant to hold: behind the office for what it sends, in the office
# behind our rules for what it receives.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/netns/ns.sh
. tests/netns/ns.sh
# shellcheck source=tests/netns/n2n.sh
. tests/netns/n2n.sh
# shellcheck source=tests/netns/agent.sh
. tests/netns/agent.sh
# shellcheck source=tests/demo/topology.sh
. tests/demo/topology.sh
# shellcheck source=tests/demo/screen.sh
. tests/demo/screen.sh
# shellcheck source=tests/demo/load.sh
. tests/demo/load.sh
# shellcheck source=tests/demo/report.sh
. tests/demo/report.sh

export LC_ALL=C
KBIT=1000
RATES=(256 2000 20000 80000) # kbit/s
LINK_KBIT=$((UPLINK_MBIT * 1000))
SETTLE_SECONDS=4             # until what was full is empty
COUNT_SECONDS=8
MEASURE_SECONDS=8
PORT=5201
if [ -n "${QUICK:-}" ]; then
	RATES=(2000 20000)
	COUNT_SECONDS=4 MEASURE_SECONDS=4
fi
FAILED=0
AGENTS=0

fail() {
	echo "enforce: $*" >&2
	exit 1
}

did_not_run() {
	printf '\renforce: did not run: %s\033[K\n' "$*" >&2
	FAILED=1
}

progress() {
	[ ! -t 2 ] || printf '\r%s\033[K' "$*" >&2
}

# --- the network -------------------------------------------------------------------

# Counters of what an end has after all rules: layer 3 bytes to and from the web server.
count_bytes() {
	ns_run router nft -f - <<-NFT || return
		table inet bench {
			counter up { }
			chain forward {
				type filter hook forward priority 0
				ip saddr $OFFICE_ADDRESS counter name up
			}
		}
	NFT
	ns_run office nft -f - <<-NFT
		table inet bench {
			counter down { }
			chain input {
				type filter hook input priority 300
				ip saddr $WEB_ADDRESS counter name down
			}
		}
	NFT
}

counted() { # up|down
	local where=office
	[ "$1" = down ] || where=router
	ns_run "$where" nft -j list counter inet bench "$1" |
		jq '.nftables[] | select(.counter).counter.bytes'
}

use_wire_packets() {
	local name
	for name in office web colleague; do
		ns_run "$name" ip link set eth0 gso_max_segs 1 gso_ipv4_max_size 2048 \
			2>/dev/null || ns_run "$name" ip link set eth0 gso_max_segs 1 || return
	done
}

# new_agent NAME: a fresh one in the office, with the policy on standard input.
new_agent() {
	AGENTS=$((AGENTS + 1))
	agent_paths "$1-$AGENTS"
	cat >"$AGENT_POLICY/60-bench.ini"
	start_agent office
}

# --- rates -------------------------------------------------------------------------

# A policer's bucket holds a second of its rate, and empties at what the line carries
# beyond the rate: twice that, for a sender that takes its time.
settle_seconds() { # KBIT
	echo $((SETTLE_SECONDS + 2 * $1 / (LINK_KBIT - $1)))
}

# passed DIRECTION KBIT: counts what passes; prints its ratio to the rate.
passed() {
	local before start after end
	sleep "$(settle_seconds "$2")"
	start=${EPOCHREALTIME/[.,]/}
	before=$(counted "$1") || return
	sleep "$COUNT_SECONDS"
	after=$(counted "$1") || return
	end=${EPOCHREALTIME/[.,]/}
	awk -v bytes=$((after - before)) -v span=$((end - start)) -v rate=$(($2 * KBIT)) \
		'BEGIN { printf "%.3f\n", bytes * 8e6 / span / rate }'
}

# transfer PROTOCOL DIRECTION KBIT [WRAPPER...]: by iperf3, for longer than it is counted;
# UDP at twice the rate.
transfer() {
	local protocol=$1 direction=$2 kbit=$3 options=()
	shift 3
	# iperf3 gives up where the kernel says that a packet was dropped.
	if [ "$protocol $direction" = "udp up" ]; then
		ns_spawn office "$NS_DIR/transfer.log" perl tests/netns/udp.pl send \
			"$WEB_ADDRESS" 7000 $((2 * kbit * KBIT / 8))
		TRANSFER_PID=$NS_SPAWNED
		return
	fi
	[ "$direction" = up ] || options+=(-R)
	[ "$protocol" = tcp ] || options+=(-u -l 1200 -b "$((2 * kbit))k")
	ns_spawn office "$NS_DIR/transfer.log" "$@" iperf3 -c "$WEB_ADDRESS" -p "$PORT" \
		-t $(($(settle_seconds "$kbit") + COUNT_SECONDS + 5)) "${options[@]}"
	TRANSFER_PID=$NS_SPAWNED
}

transfer_end() {
	ns_kill "$TRANSFER_PID" KILL
	wait_until 5 eval '! ns_is_alive $TRANSFER_PID'
	# A server that is left alone by its client in the middle of a test may hang.
	ns_kill "$SERVER_PID" KILL
	serve
}

serve() {
	ns_spawn web "$NS_DIR/server.log" iperf3 -s -p "$PORT"
	SERVER_PID=$NS_SPAWNED
	wait_until 5 ns_listens web tcp "$PORT"
}

# take_rate HOW PROTOCOL DIRECTION KBIT [WRAPPER...]
take_rate() {
	local how=$1 ratio
	shift
	progress "rates: $how, $*"
	transfer "$@"
	ratio=$(passed "$2" "$3")
	transfer_end
	if [ -n "$ratio" ]; then
		echo "$how $1 $2 $3 $ratio" >>"$NS_DIR/rates"
	else
		did_not_run "$how $*"
	fi
}

rate_policy() { # police|queue KBIT
	cat <<-INI
		[link]
		trusted = none
		egress = $1
		[app load]
		match.exe = */iperf3, */perl
		rate_up = ${2}kbit
		rate_down = ${2}kbit
	INI
}

measure_agent_rates() { # police|queue
	local kbit protocol direction
	for kbit in "${RATES[@]}"; do
		new_agent "$1" < <(rate_policy "$1" "$kbit") || {
			did_not_run "$1 $kbit: no agent"
			continue
		}
		for protocol in tcp udp; do
			for direction in up down; do
				# What comes in is policed either way.
				[ "$1 $direction" != "queue down" ] || continue
				take_rate "$1" "$protocol" "$direction" "$kbit"
			done
		done
		stop_agent
	done
}

measure_trickle_rates() {
	local kbit direction
	for kbit in "${RATES[@]}"; do
		for direction in up down; do
			# Its unit is KB of 1,024 bytes.
			take_rate trickle tcp "$direction" "$kbit" trickle -s \
				-u $((kbit * 125 / 1024)) -d $((kbit * 125 / 1024))
		done
	done
}

part_rates() {
	count_bytes && use_wire_packets && serve || fail "the counters could not be made"
	measure_agent_rates police
	measure_agent_rates queue
	if command -v trickle >/dev/null; then
		measure_trickle_rates
	else
		echo "enforce: no trickle here; left out" >&2
	fi
	ns_kill "$SERVER_PID" KILL
}

# --- neighbour ---------------------------------------------------------------------

# stamp FILE NAME COMMAND...: every line that it prints, with the time it came.
stamp() {
	local file=$1 name=$2
	shift 2
	ns_spawn "$name" "$file" perl -MTime::HiRes=time -e '$| = 1;
		open my $lines, "-|", @ARGV or die "$ARGV[0]: $!\n";
		printf "%.4f %s", time, $_ while <$lines>' "$@"
}

# take_neighbour STATE: his round trips, then his download, each while the state lasts.
take_neighbour() {
	local begin end rtt uplink
	progress "neighbour: $1"
	begin=$(time_now)
	sleep "$MEASURE_SECONDS"
	end=$(time_now)
	read -ra rtt <<<"$(report_rtt "$begin" "$end")"
	read -ra uplink <<<"$(report_uplink "$begin" "$end")"
	colleague_downloads "$MEASURE_SECONDS"
	echo "$1 ${rtt[*]} $DOWNLOAD_MBIT ${uplink[*]}" >>"$NS_DIR/neighbour"
}

promotion_policy() { # ACTION [KEY...]
	printf '[link]\ntrusted = none\n[app *]\npromotion = %s\n' "$1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

# One promotion under an agent that knows no name: the time between the line of the
# verdict in its log and the change of the rules, and what passes afterwards.
take_promotion() { # STATE ACTION [KEY...]
	local state=$1 verdict rule
	shift
	AGENT_CATALOGUE=$NS_DIR/no-catalogue
	mkdir -p "$AGENT_CATALOGUE"
	load_stop
	new_agent "$state" < <(promotion_policy "$@") || return
	sleep 3
	stamp "$NS_DIR/log-$state" office tail -n +1 -F "$AGENT_LOG"
	stamp "$NS_DIR/monitor-$state" office stdbuf -oL nft monitor
	sleep 1
	load_start
	wait_until 90 grep -q "has become a" "$NS_DIR/log-$state" || return
	sleep 2
	verdict=$(awk '/has become a/ { print $1; exit }' "$NS_DIR/log-$state")
	rule=$(awk -v verdict="$verdict" '$1 >= verdict - 0.01 &&
		/(add|create) element inet relaywarden (relay_|cut|calls)/ { print $1; exit }' \
		"$NS_DIR/monitor-$state")
	sleep "$SETTLE_SECONDS"
	echo "$state $LOAD_BEGAN $verdict ${rule:-0} $(passed_after "${rule:-0}")" \
		>>"$NS_DIR/promotions"
	take_neighbour "$state"
	stop_agent
}

# passed_after TIME: Mbit that left by the uplink in the second of the rule and in each
# of the two behind it, without what a kernel keeps alive anyway.
passed_after() {
	awk -v rule="$1" '
		$1 >= rule && $1 < rule + 3 {
			if (before) sum[int($1 - rule)] += ($3 - before) * 8e-6
		}
		{ before = $3 }
		END { printf "%.1f %.1f %.1f\n", sum[0], sum[1], sum[2] }' "$NS_DIR/uplink"
}

part_neighbour() {
	instruments_start || fail "iperf3 does not start"
	sleep 1
	take_neighbour idle
	strangers_join || fail "the strangers do not reach each other by the supernode"
	LOAD_BEGAN=0
	load_start
	sleep "$SETTLE_SECONDS"
	take_neighbour unshaped
	take_promotion shaped shape 'relay_rate_up = 2mbit' 'relay_rate_down = 2mbit' ||
		did_not_run "shaped"
	take_promotion forbidden forbid || did_not_run "forbidden"
}

# --- report ------------------------------------------------------------------------

report() {
	touch "$NS_DIR/rates" "$NS_DIR/neighbour" "$NS_DIR/promotions"
	jq -n --rawfile rates "$NS_DIR/rates" --rawfile neighbour "$NS_DIR/neighbour" \
		--rawfile promotions "$NS_DIR/promotions" --arg kernel "$(uname -r)" \
		--argjson cpus "$(nproc)" -f tests/bench/enforce.jq
}

main() {
	local part parts=() JSON_FILE=
	while [ $# -gt 0 ]; do
		case $1 in
		--json)
			JSON_FILE=${2:?"--json needs a file"}
			shift
			;;
		rates | neighbour) parts+=("$1") ;;
		*) fail "no part '$1'; usage: [QUICK=1] enforce.sh [--json FILE] [rates] [neighbour]" ;;
		esac
		shift
	done
	[ ${#parts[@]} -gt 0 ] || parts=(rates neighbour)
	[ -x "$AGENT" ] || fail "$AGENT is not there; next: sudo make bench-enforce"
	ns_begin || exit 1
	topology_build && topology_check || fail "the network could not be made"
	for part in "${parts[@]}"; do "part_$part"; done
	progress ""
	report >"$NS_DIR/report" || fail "the numbers could not be summed up"
	jq -r -f tests/bench/enforce-table.jq "$NS_DIR/report" | column -t -s $'\t'
	[ -z "$JSON_FILE" ] || cp "$NS_DIR/report" "$JSON_FILE"
	exit "$FAILED"
}

main "$@"

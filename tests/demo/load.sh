# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What goes on in the network, and the instruments on it: strangers who push traffic
# through the supernode, a colleague who pings and downloads, a meter on the router, a
# follower that polls the agent and the kernel. Instruments write files in NS_DIR, every
# line with its wall-clock time; report.sh reads them.

PING_INTERVAL=0.02 # fifty a second: the 99th percentile of four seconds means something
FOLLOW_INTERVAL=0.1
LOAD_PIDS=()
FOLLOW_TOLD=client

time_now() { echo "$EPOCHREALTIME"; }
time_add() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.6f", a + b }'; }
time_since() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", b - a }'; }
time_is_before() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'; }

# --- instruments -------------------------------------------------------------------

instruments_start() {
	local i
	ns_spawn router "$NS_DIR/uplink" "$ROOT/tests/demo/sample.sh" uplink
	ns_spawn colleague "$NS_DIR/ping" ping -D -O -i "$PING_INTERVAL" "$WEB_ADDRESS"
	ns_spawn web "$NS_DIR/web.log" iperf3 -s
	for ((i = 1; i <= STRANGERS; i++)); do
		ns_spawn "stranger-$i" "$NS_DIR/server-$i.log" iperf3 -s
	done
	wait_until 5 ns_listens web tcp 5201
}

# Mbit/s in and out of the office over the last half second.
uplink_rate_now() {
	tail -n 2 "$NS_DIR/uplink" | awk 'NR == 1 { t = $1; r = $2; s = $3 }
		NR == 2 { scale = 8 / 1e6 / ($1 - t)
			printf "%d %d", ($2 - r) * scale, ($3 - s) * scale }'
}

colleague_rtt_now() {
	local rtt
	rtt=$(tail -n 5 "$NS_DIR/ping" | sed -n 's/.*time=\([0-9.]*\).*/\1/p' | tail -n 1)
	printf '%5.1f' "${rtt:-0}"
}

# colleague_downloads SECONDS: Mbit/s received, into DOWNLOAD_MBIT; its span is kept for
# the chart.
colleague_downloads() {
	local begin result=$NS_DIR/download.json
	begin=$(time_now)
	rm -f "$result"
	ns_spawn colleague "$result" iperf3 -c "$WEB_ADDRESS" -R -t "$1" -J
	local pid=$NS_SPAWNED
	screen_wait_until $(($1 + 5)) ns_is_dead "$pid"
	DOWNLOAD_MBIT=$(jq -r '.end.sum_received.bits_per_second // 0 | . / 1e6' \
		"$result" 2>/dev/null)
	DOWNLOAD_MBIT=${DOWNLOAD_MBIT:-0}
	echo "$begin $(time_now)" >>"$NS_DIR/downloads"
}

ns_is_dead() {
	! ns_is_alive "$1"
}

# --- the strangers -----------------------------------------------------------------

# The client on the workstation, and the strangers that lean on it.
strangers_join() {
	local i
	n2n_start_supernode office "$NS_DIR/supernode.log"
	SUPERNODE_PID=$NS_SPAWNED
	wait_until 5 ns_listens office udp "$N2N_PORT" || return
	for ((i = 1; i <= STRANGERS; i++)); do
		n2n_start_edge "stranger-$i" "$i" "$OFFICE_ADDRESS" "$NS_DIR/edge-$i.log"
	done
	for ((i = 1; i < STRANGERS; i += 2)); do
		wait_until 20 n2n_reaches "stranger-$i" $((i + 1)) || return
	done
}

# Pairs of strangers, both directions, eight TCP connections each way a pair: about what
# a busy relay carries, and enough for the queue of the uplink to stay full.
load_start() {
	local i
	LOAD_PIDS=()
	for ((i = 1; i < STRANGERS; i += 2)); do
		ns_spawn "stranger-$i" "$NS_DIR/load-$i.log" iperf3 \
			-c "10.9.0.$((i + 1))" --bidir -P 8 -t 600 -i 0
		LOAD_PIDS+=("$NS_SPAWNED")
	done
}

load_stop() {
	local pid
	for pid in "${LOAD_PIDS[@]}"; do ns_kill "$pid" KILL; done
	wait_until 5 load_is_over
}

load_is_over() {
	local rate
	read -ra rate <<<"$(uplink_rate_now)"
	[ "${rate[1]:-0}" -lt 2 ]
}

# --- following the agent -----------------------------------------------------------

# One line a poll: TIME_BEFORE TIME_AFTER ROLE PROBABILITY LIMITS_IN_KERNEL. The times
# bound what the poll saw, so that no delay is told shorter than it was.
follow_agent() {
	local before answer limits
	while :; do
		before=$EPOCHREALTIME
		limits=$(kernel_limits office | wc -l)
		answer=$(ctl status --json 2>/dev/null | jq -r --argjson pid "$SUPERNODE_PID" \
			'first(.applications[] | select(.pids | index($pid))) |
			"\(.role) \(.probability)"' 2>/dev/null)
		echo "$before $EPOCHREALTIME ${answer:-unseen 0} $limits"
		sleep "$FOLLOW_INTERVAL"
	done
}

follow_start() {
	follow_agent >"$NS_DIR/follow" 2>/dev/null &
	NS_PIDS+=($!)
}

# Tells what changed since it was last called.
follow_tell() {
	local after role probability
	[ -s "$NS_DIR/follow" ] || return 0
	read -r _ after role probability _ <<<"$(tail -n 2 "$NS_DIR/follow" | head -n 1)"
	[ "$role" != unseen ] && [ "$role" != "$FOLLOW_TOLD" ] || return 0
	say_role "$(time_since "${LOAD_AT:-$after}" "$after")" \
		"$FOLLOW_TOLD" "$role" "$probability"
	FOLLOW_TOLD=$role
}

follow_is_promoted() {
	grep -qE ' (relay|supernode) ' "$NS_DIR/follow"
}

follow_is_limited() {
	awk '$5 > 0 { found = 1 } END { exit !found }' "$NS_DIR/follow"
}

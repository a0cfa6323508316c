# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What is measured while a subject runs: bytes on the office's interface, what the agent
# says, what it costs. Instruments write files; result.jq reads them.

FOLLOW_INTERVAL=0.25

instruments_start() {
	ns_spawn office "$NS_DIR/interface" "$ROOT/tests/demo/sample.sh" eth0
	follow_agent >"$NS_DIR/follow" 2>/dev/null &
	FOLLOW_PID=$!
	NS_PIDS+=("$FOLLOW_PID")
}

# One line a poll: TIME_BEFORE TIME_AFTER STATUS. The times bound what the poll saw, so
# that no delay is told shorter than it was. The first time an application is promoted,
# its evidence is kept as it was then.
follow_agent() {
	local before status
	while :; do
		before=$EPOCHREALTIME
		status=$(ctl status --json | jq -c 'del(.applications[].pids)')
		[ -z "$status" ] || echo "$before $EPOCHREALTIME $status"
		if [[ $status == *'"promoted":true'* ]] && ! verdict_is_out; then
			ctl explain "$(jq -r 'first(.applications[] | select(.promoted)).key' \
				<<<"$status")" --json >"$NS_DIR/explain-verdict"
		fi
		sleep "$FOLLOW_INTERVAL"
	done
}

instruments_stop() {
	kill "$FOLLOW_PID" 2>/dev/null
	wait_until 5 instruments_are_still
}

instruments_are_still() {
	! ns_is_alive "$FOLLOW_PID"
}

verdict_is_out() {
	[ -e "$NS_DIR/explain-verdict" ]
}

# The evidence as it is now, of what is promoted, or else of what carried most.
explain_now() {
	local key
	key=$(ctl status --json 2>/dev/null | jq -r '.applications |
		max_by([.promoted,
			.kind != "unattributed", .bytes_in + .bytes_out]).key // empty')
	[ -z "$key" ] || ctl explain "$key" --json 2>/dev/null
}

# Ticks of processor time the agent has used.
agent_cpu_ticks() {
	local stat
	stat=$(cat "/proc/$AGENT_PID/stat") || return
	stat=${stat##*) }
	awk '{ print $12 + $13 }' <<<"$stat"
}

agent_memory() {
	awk '/^VmRSS:/ { print $2 * 1024 }' "/proc/$AGENT_PID/status"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The built agent in a namespace of its own, and questions to it and to the kernel.
# Sourced after ns.sh.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in
/*) ;;
*) BUILD=$ROOT/$BUILD ;;
esac
AGENT=$BUILD/relaywardend
CTL=$BUILD/agentctl
AGENT_USER=61730 # nobody's: ids are not handed out from here
AGENT_CATALOGUE=$ROOT/rules/clients
AGENT_OPTIONS=() # more of them, for one test

# agent_paths ID: directories of one agent; its policy begins as the shipped one.
agent_paths() {
	AGENT_DIR=$NS_DIR/agent-$1
	AGENT_POLICY=$AGENT_DIR/policy.d
	AGENT_STATE=$AGENT_DIR/state
	AGENT_SOCKET=$AGENT_DIR/run/control.sock
	AGENT_LOG=$AGENT_DIR/log
	export RELAYWARDEN_SOCKET=$AGENT_SOCKET
	[ ! -d "$AGENT_DIR" ] || return 0
	mkdir -p "$AGENT_POLICY" "$AGENT_STATE" "$AGENT_DIR/run"
	chown "$AGENT_USER:$AGENT_USER" "$AGENT_STATE" "$AGENT_DIR/run"
	cp "$ROOT"/rules/policy.d/*.ini "$AGENT_POLICY/" 2>/dev/null
	return 0
}

# put_policy NAME: what comes on standard input is the policy file NAME, all at once.
put_policy() {
	cat >"$AGENT_POLICY/$1.new" && mv "$AGENT_POLICY/$1.new" "$AGENT_POLICY/$1"
}

# The command line of the agent, into AGENT_COMMAND.
agent_command() {
	AGENT_COMMAND=("$AGENT" --foreground --policy-dir "$AGENT_POLICY"
		--catalogue-dir "$AGENT_CATALOGUE" --state-dir "$AGENT_STATE"
		--control "$AGENT_SOCKET" --user "$AGENT_USER:$AGENT_USER"
		"${AGENT_OPTIONS[@]}")
}

# start_agent NAME: in namespace NAME, after agent_paths; returns when agentctl has an
# answer. Its process is AGENT_PID, its words are in AGENT_LOG.
start_agent() {
	agent_command
	ns_spawn "$1" "$AGENT_LOG" "${AGENT_COMMAND[@]}"
	AGENT_PID=$NS_SPAWNED
	wait_until 10 agent_answers_or_died
	if ! agent_answers; then
		echo "# the agent does not answer; its last words:"
		tail -n 15 "$AGENT_LOG" | sed 's/^/#   /'
		return 1
	fi >&2
}

# Degraded (4) and "something is promoted" (5) are answers too.
agent_answers() {
	local status
	ctl status --json >/dev/null 2>&1
	status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 4 ] || [ "$status" -eq 5 ]
}

agent_answers_or_died() {
	agent_answers || agent_is_gone
}

agent_is_gone() {
	! ns_is_alive "$AGENT_PID"
}

# stop_agent [SIGNAL]: and waits for its end.
stop_agent() {
	kill -"${1:-TERM}" "$AGENT_PID" 2>/dev/null
	wait_until 10 agent_is_gone
}

ctl() {
	timeout "$(patience 5)" "$CTL" "$@"
}

# Of the application that a process belongs to, as status has it; nothing where it is not
# listed.
app_json() { # PID JQ_FILTER
	ctl status --json 2>/dev/null | jq -r --argjson pid "$1" \
		"first(.applications[] | select(.pids | index(\$pid))) | $2"
}

app_get() { # PID FIELD
	app_json "$1" ".$2"
}

cuts_are() { # PID CUTS
	[ "$(app_json "$1" '.cuts | join(" ")')" = "$2" ]
}

app_has_role() { # PID ROLE
	[ "$(app_get "$1" role)" = "$2" ]
}

# What status says of the agent itself: "ok" or "degraded".
agent_state_is() {
	[ "$(ctl status --json 2>/dev/null | jq -r .state)" = "$1" ]
}

# Rates of our limits in the kernel of NAME, in bytes per second, one a line.
kernel_limits() {
	ns_run "$1" nft list table inet relaywarden 2>/dev/null |
		grep -oE '[0-9]+ [a-z]*bytes/second' |
		awk '{ unit = substr($2, 1, 1)
			print $1 * (unit == "k" ? 1024 : unit == "m" ? 1048576 : 1) }'
}

kernel_has_limit() { # NAME BYTES_PER_SECOND
	kernel_limits "$1" | grep -qx "$2"
}

kernel_has_no_limit() {
	[ -z "$(kernel_limits "$1")" ]
}

kernel_has_table() {
	ns_run "$1" nft list table inet relaywarden
}

kernel_has_no_table() {
	! kernel_has_table "$1" 2>/dev/null
}

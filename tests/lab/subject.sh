#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # functions are also called by name
#
# subject.sh NAME DIRECTORY: runs one subject with the agent beside it, and leaves
# NAME.json in the directory. `subject.sh --words NAME` says what it is and runs nothing.
# Exits non-zero when it could not run or proved nothing; README.md says the rest.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/netns/ns.sh
. tests/netns/ns.sh
# shellcheck source=tests/netns/agent.sh
. tests/netns/agent.sh
# shellcheck source=tests/lab/network.sh
. tests/lab/network.sh
# shellcheck source=tests/lab/programs.sh
. tests/lab/programs.sh
# shellcheck source=tests/lab/instruments.sh
. tests/lab/instruments.sh

export LC_ALL=C
LABEL='' FAMILY='' USED_FOR='' NOTE='' TRADE='' QUICK_TOO=0 SLOW=0 ENDS=false
NEEDS=() STRANGERS=1 WALLS=isolated TRAFFIC_SECONDS=40

# --- what a subject says of itself -------------------------------------------------

label() { LABEL=$1; }            # relay | lookalike
family() { FAMILY=$1; }          # what kind of program
used_for() { USED_FOR=$1; }      # tuning | judging
needs() { NEEDS=("$@"); }        # commands
strangers() { STRANGERS=$1 WALLS=${2:-isolated}; } # how many, isolated | open
traffic_seconds() { TRAFFIC_SECONDS=$1; }
note() { NOTE=$1; }              # for the report
quick() { QUICK_TOO=1; }         # one of its kind, runs with QUICK=1
slow() { SLOW=1; }               # takes minutes: only on request
trade() { TRADE=$1; }            # what it is by trade, as the catalogue would say
ends() { ENDS=true; }            # relays no more at the end: to be seen as a client then

load_subject() { # NAME
	local name
	NAME=$1
	# shellcheck source=/dev/null
	. "tests/lab/subjects/$NAME.sh" || exit 1
	case $LABEL:$USED_FOR in
	relay:tuning | relay:judging | lookalike:tuning | lookalike:judging) ;;
	*) echo "$NAME: needs a label and what it is used for" >&2 && exit 1 ;;
	esac
	for name in start drive role_proof; do
		declare -F "$name" >/dev/null || {
			echo "$NAME: has no function $name" >&2
			exit 1
		}
	done
}

# A subject that leaves more behind than processes and files of its own defines it anew.
tidy() {
	:
}

# --- one run -----------------------------------------------------------------------

# stop STATUS REASON: no measurement; what was said last goes into the reason.
stop() {
	local log words=
	for log in subject.log strangers.log; do
		[ ! -s "$NS_DIR/$log" ] ||
			words+=" | $log: $(tail -n 3 "$NS_DIR/$log" | tr '\n\t' '  ' | cut -c1-300)"
	done
	leave_result "$1" "$2$words"
	exit 1
}

# leave_result STATUS WORDS: from the instruments' files to one document.
leave_result() {
	local name
	[ -z "${FOLLOW_PID:-}" ] || instruments_stop
	for name in interface follow explain-verdict explain-final; do
		touch "$NS_DIR/$name"
	done
	jq -n -f tests/lab/result.jq \
		--arg name "$NAME" --arg truth "$LABEL" --arg family "$FAMILY" \
		--arg used_for "$USED_FOR" --arg note "$NOTE" \
		--arg trade "$TRADE" --argjson ends "$ENDS" \
		--arg status "$1" --arg words "$2" \
		--arg sha256 "$(sha256sum <"$AGENT" | cut -d' ' -f1)" \
		--argjson drive_at "${DRIVE_AT:-null}" --argjson end_at "${END_AT:-null}" \
		--argjson cpu_seconds "${CPU_SECONDS:-null}" \
		--argjson memory "${MEMORY:-null}" \
		--rawfile interface "$NS_DIR/interface" \
		--rawfile follow "$NS_DIR/follow" \
		--slurpfile at_verdict "$NS_DIR/explain-verdict" \
		--slurpfile at_end "$NS_DIR/explain-final" \
		>"$RESULT_DIR/$NAME.json"
}

check_needs() {
	local command
	for command in "${NEEDS[@]}"; do
		command -v "$command" >/dev/null || stop "did not run" \
			"'$command' is missing; next: sudo packaging/deps.sh lab"
	done
}

# The shipped policy, only looking; no word about clients unless CATALOGUE says so.
start_lab_agent() {
	agent_paths lab
	printf '[agent]\nmode = monitor\n' >"$AGENT_POLICY/60-lab.ini"
	AGENT_CATALOGUE=${CATALOGUE:-$NS_DIR/no-catalogue}
	mkdir -p "$NS_DIR/no-catalogue"
	if wants_recording; then
		AGENT_OPTIONS=(--record "$AGENT_STATE/observations")
	fi
	start_agent office 2>"$NS_DIR/agent-words"
}

wants_recording() {
	[ -n "${RECORD:-}" ] && "$AGENT" --help | grep -q -e '--record'
}

# The agent ends first: only then is its record whole.
keep_recording() {
	wants_recording || return 0
	stop_agent
	[ -s "$AGENT_STATE/observations" ] || return 0
	mkdir -p "$RESULT_DIR/recordings"
	cp "$AGENT_STATE/observations" "$RESULT_DIR/recordings/$NAME.rwr"
}

# A few seconds at rest, so that what the start exchanged is no part of the traffic.
settle() {
	sleep 2
}

# Where a subject has a function before_agent, its traffic runs before there is an agent:
# then all is counted from the agent's start.
is_there_before_agent() {
	declare -F before_agent >/dev/null
}

note_beginning() {
	DRIVE_RECEIVED=$(received office eth0)
	DRIVE_SENT=$(sent office eth0)
	DRIVE_AT=$EPOCHREALTIME
}

begin_before_agent() {
	before_agent 2>>"$NS_DIR/strangers.log" ||
		stop "did not run" "the subject did not start"
	agent_paths lab
	instruments_start
	sleep 8
	note_beginning
}

# A relay that was found goes on for as long as its proof needs; how long it can go on
# unseen, and what a look-alike is in the end, takes all the time there is.
is_found() {
	[ "$LABEL" = relay ] && [ "$ENDS" = false ] && verdict_is_out &&
		[ "$(now_s)" -ge "$((DRIVEN_AT + 20))" ]
}

now_s() {
	echo "${EPOCHREALTIME%.*}"
}

run_traffic() {
	local ticks seconds=$TRAFFIC_SECONDS enough=is_found
	ticks=$(agent_cpu_ticks)
	is_there_before_agent || note_beginning
	DRIVEN_AT=$(now_s)
	drive || stop "did not run" "the traffic did not start"
	[ -z "${QUICK:-}" ] || { seconds=20 enough=verdict_is_out; }
	wait_until "$seconds" "$enough" && sleep 3
	explain_now >"$NS_DIR/explain-final"
	END_AT=$EPOCHREALTIME
	CPU_SECONDS=$(awk -v from="$ticks" -v to="$(agent_cpu_ticks)" \
		-v hertz="$(getconf CLK_TCK)" 'BEGIN { print (to - from) / hertz }')
	MEMORY=$(agent_memory)
}

# What the subject has to tidy goes when its processes have gone.
finish() {
	local status=$?
	trap - EXIT
	trap '' HUP INT TERM
	(ns_end)
	tidy
	exit "$status"
}

run_subject() {
	local words
	ns_begin || exit 1
	trap finish EXIT
	check_needs
	directory home >/dev/null
	network_build "$STRANGERS" "$WALLS" 2>"$NS_DIR/strangers.log" ||
		stop "did not run" "the network could not be made"
	[ -z "${NARROW:-}" ] || network_narrow "$NARROW" ||
		stop "did not run" "the link could not be made narrow"
	! is_there_before_agent || begin_before_agent
	start_lab_agent || stop "did not run" \
		"the agent did not start: $(tail -n 2 "$NS_DIR/agent-words")"
	start 2>>"$NS_DIR/strangers.log" || stop "did not run" "the subject did not start"
	is_there_before_agent || { instruments_start && settle; }
	run_traffic
	words=$(role_proof 2>&1) || stop "proved nothing" "$words"
	agent_is_gone && stop "did not run" "the agent died: $(tail -n 2 "$AGENT_LOG")"
	keep_recording
	leave_result ok "$words"
}

main() {
	if [ "${1:-}" = --words ]; then
		load_subject "$2"
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$LABEL" "$NAME" "$FAMILY" \
			"$USED_FOR" "$QUICK_TOO" "$SLOW" "$TRAFFIC_SECONDS"
		return
	fi
	[ $# -eq 2 ] || { echo "usage: subject.sh NAME DIRECTORY" >&2 && exit 2; }
	load_subject "$1"
	RESULT_DIR=$(mkdir -p "$2" && cd "$2" && pwd) || exit 1
	run_subject
}

# In one line: nothing more is read, whoever edits this while it runs.
main "$@"; exit

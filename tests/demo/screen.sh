# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a person sees: narration that scrolls, and below it, on a terminal, a few lines
# that are drawn anew twice a second. Elsewhere there is narration alone.

SCREEN_LIVE=0 # whether there is a terminal to redraw on
SCREEN_LINES=0 # of the live part now on the screen
SCREEN_WIDTH=80
SCREEN_BOLD='' SCREEN_DIM='' SCREEN_GOOD='' SCREEN_BAD='' SCREEN_OFF=''

screen_begin() {
	[ -t 1 ] && [ "${TERM:-dumb}" != dumb ] || return 0
	SCREEN_LIVE=1
	[ -z "${NO_COLOR:-}" ] || return 0
	SCREEN_BOLD=$'\e[1m' SCREEN_DIM=$'\e[2m' SCREEN_OFF=$'\e[0m'
	SCREEN_GOOD=$'\e[32m' SCREEN_BAD=$'\e[31m'
}

screen_clear() {
	[ "$SCREEN_LINES" -eq 0 ] || printf '\e[%dA\e[J' "$SCREEN_LINES"
	SCREEN_LINES=0
}

say() {
	screen_clear
	printf '  %s\n' "$@"
}

say_title() {
	screen_clear
	printf '\n%s%s%s\n' "$SCREEN_BOLD" "$1" "$SCREEN_OFF"
}

say_dim() {
	screen_clear
	printf "  $SCREEN_DIM%s$SCREEN_OFF\n" "$@"
}

# say_role SECONDS OLD NEW PROBABILITY
say_role() {
	local colour=
	case $3 in
	relay | supernode) colour=$SCREEN_BAD ;;
	client) colour=$SCREEN_GOOD ;;
	esac
	screen_clear
	printf '  %6.1f s   %s -> %s%s%s   probability %.2f\n' \
		"$1" "$2" "$colour$SCREEN_BOLD" "$3" "$SCREEN_OFF" "$4"
}

# Lines of text on stdin, indented.
say_quoted() {
	screen_clear
	sed 's/^/      /'
}

# Cut to the width: the live part must not wrap, or it could not be drawn over.
screen_cut() {
	local line
	while IFS= read -r line; do
		printf ' %s\n' "${line:0:$((SCREEN_WIDTH - 1))}"
	done
}

# screen_bar MBIT FULL: ten characters.
screen_bar() {
	local filled=$((($1 * 10 + $2 / 2) / $2)) i
	[ "$filled" -le 10 ] || filled=10
	for ((i = 0; i < 10; i++)); do
		[ "$i" -lt "$filled" ] && printf '█' || printf '░'
	done
}

# The live part: uplink and colleague always, the agent's own words once it runs.
screen_frame() {
	local frame rate
	read -ra rate <<<"$(uplink_rate_now)"
	frame=$(printf '  uplink in %s %3d   out %s %3d Mbit/s   colleague %s ms\n' \
		"$(screen_bar "${rate[0]:-0}" "$UPLINK_MBIT")" "${rate[0]:-0}" \
		"$(screen_bar "${rate[1]:-0}" "$UPLINK_MBIT")" "${rate[1]:-0}" \
		"$(colleague_rtt_now)")
	if [ -n "${AGENT_PID:-}" ]; then
		frame+=$'\n'$(ctl status 2>&1 | head -n 8 | screen_cut)
	fi
	screen_clear
	printf '%s\n' "$SCREEN_DIM$frame$SCREEN_OFF"
	SCREEN_LINES=$(($(grep -c '' <<<"$frame")))
}

# screen_wait SECONDS: time passes, in view.
screen_wait() {
	screen_wait_until "$1" false
	return 0
}

# screen_wait_until SECONDS COMMAND...: like wait_until; tells role changes on the way.
screen_wait_until() {
	local deadline
	deadline=$(time_add "$(time_now)" "$1")
	shift
	while :; do
		follow_tell
		"$@" && return 0
		time_is_before "$(time_now)" "$deadline" || return 1
		[ "$SCREEN_LIVE" -eq 0 ] || screen_frame
		sleep 0.4
	done
}

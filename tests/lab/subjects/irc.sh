# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# An idle chat client: connected to twenty servers, in a channel on each, where others
# talk now and then.

label lookalike
family background
used_for judging
needs ngircd sic
strangers 2

start() {
	local dir i n
	dir=$(directory irc) || return
	for n in 1 2; do
		printf '%s\n' "[Global]" "Name = irc$n.lab" "Info = lab" \
			"Listen = 0.0.0.0" "Ports = 6667" "ServerUID = nobody" \
			"ServerGID = nogroup" "MotdPhrase = lab" "[Limits]" \
			"MaxConnectionsIP = 0" "MaxJoins = 0" "[Options]" "DNS = no" \
			"Ident = no" "PAM = no" >"$dir/irc$n.conf"
		at "$n" ngircd -n -f "$dir/irc$n.conf"
		listens "$n" tcp 6667 || return
	done
	for ((i = 1; i <= 20; i++)); do
		# shellcheck disable=SC2016 # for the shell in the office
		office bash -c '{ sleep 1; echo ":j #lab"; sleep 600; } | sic -h "$1" -n "me$2"' \
			chat "$(stranger $((i % 2 + 1)) "$i")" "$i"
	done
	sleep 3
}

# Three talkers at each server; sic shows what is said to it and answers pings.
drive() {
	local n i
	for n in 1 2; do
		for i in 1 2 3; do
			# shellcheck disable=SC2016 # for the shell at the stranger
			at "$n" bash -c '{ sleep 1; echo ":j #lab"; while :; do
				sleep $((RANDOM % 4)).$((RANDOM % 10))
				echo "what was said at $SECONDS is said again, and longer"
				done; } | sic -h "$1" -n "talker$2"' talk "$(stranger "$n")" "$i"
		done
	done
}

role_proof() {
	exchanged_at_least 20000 1000
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# coturn, in bursts: eight clients come, send for a second or so, go, and come again, to
# echoes at eight addresses elsewhere. UDP both legs.

label relay
family turn
used_for tuning
needs turnserver turnutils_uclient turnutils_peer
strangers 2

. tests/lab/turn.sh

start() {
	local i
	turn_server || return
	for i in 1 2 3 4 5 6 7 8; do
		turn_echo 2 "$(stranger 2 "$i")" || return
	done
}

drive() {
	local i
	for i in 1 2 3 4 5 6 7 8; do
		# shellcheck disable=SC2016 # for the shell at the stranger
		at 1 bash -c 'while :; do
			timeout -s KILL $((1 + RANDOM % 3)) "$@" -l $((300 + RANDOM % 900))
			sleep 0.$((RANDOM % 9))
		done' bursts turnutils_uclient -L "$(stranger 1 "$i")" -u u -w pw \
			-e "$(stranger 2 "$i")" -r 3480 -m 1 -n 10000 -z 4 -s -c -X \
			-p 3478 "$OFFICE"
	done
}

role_proof() {
	turn_proof
}

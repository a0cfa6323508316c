# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# coturn, steady: six clients send at a constant rate through their allocations to an
# echo in another place, as calls behind strict NATs do. UDP both legs.

label relay
family turn
used_for tuning
needs turnserver turnutils_uclient turnutils_peer
strangers 2
quick

. tests/lab/turn.sh

start() {
	turn_server && turn_echo 2 "$(stranger 2)"
}

drive() {
	at 1 turnutils_uclient -u u -w pw -e "$(stranger 2)" -r 3480 -m 6 -n 100000 \
		-l 800 -z 5 -s -c -X -p 3478 "$OFFICE"
}

role_proof() {
	turn_proof
}

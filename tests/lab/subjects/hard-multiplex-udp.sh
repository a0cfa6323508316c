# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# An exit without a single caller: it opens one UDP flow to its controller, all twelve
# circuits come in that, and each goes on to another target.

label relay
family exit
used_for tuning
strangers 2

. tests/lab/hard.sh

start() {
	at 1 "$PARTNER" mux "$NS_DIR/count-1" "$(stranger 1):4500" 12
	listens 1 udp 4500
}

drive() {
	parties_answer 12
	office "$(program relay)" "$OFFICE:5000" "$(stranger 2 1):4000" mux "$(stranger 1):4500"
	office_listens udp 5000
}

role_proof() {
	calls_proof 500000
}

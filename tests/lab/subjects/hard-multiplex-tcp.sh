# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# An exit without a single caller: it opens one TCP connection to its controller, all
# circuits come in that, and each fetches something short from one of many servers.

label relay
family exit
used_for tuning
needs nginx
strangers 2

. tests/lab/hard.sh

start() {
	web_server s2 60k
	at 1 "$PARTNER" control "$NS_DIR/count-1" "$(stranger 1):4500" 60000
	listens 1 tcp 4500
}

drive() {
	office "$(program circuits)" exit "$(stranger 1):4500" "$(stranger 2 1):80" spread 200
}

role_proof() {
	circuits_proof 3000000 50
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# nginx serves files to twelve clients.

label lookalike
family server
used_for tuning
needs nginx curl
quick

start() {
	web_server office 150k
}

drive() {
	local i
	for ((i = 1; i <= 12; i++)); do web_client 1 "$i" "http://$OFFICE/file"; done
}

role_proof() {
	exchanged_at_least 10000 5000000
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Two processes of two programs: the first takes strangers' connections, the second makes
# those to the servers, and a connection over loopback joins them for each.

label relay
family hidden
used_for tuning
needs nginx curl
strangers 2

. tests/lab/hard.sh

start() {
	directory bin >/dev/null
	cp "$BUILD/lab/circuits" "$NS_DIR/bin/inside" &&
		cp "$BUILD/lab/circuits" "$NS_DIR/bin/outside" || return
	web_server s2 150k || return
	office "$NS_DIR/bin/outside" forward 127.0.0.1:5001 "$(stranger 2 1):80" spread 8
	office_listens tcp 5001 || return
	office "$NS_DIR/bin/inside" forward "$OFFICE:5000" 127.0.0.1:5001
	office_listens tcp 5000
}

drive() {
	local i
	for ((i = 1; i <= 10; i++)); do
		web_client 1 "$i" "http://$OFFICE:5000/file"
	done
}

role_proof() {
	at_least "$(fetched)" 5000000 "fetched from servers out of reach"
}

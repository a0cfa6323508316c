# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# microsocks with throttled downloads: every server sends 100 kB/s a connection, so all
# legs are flat.

label relay
family exit
used_for tuning
needs microsocks nginx curl
strangers 2

start() {
	office microsocks -i "$OFFICE" -p 1080
	office_listens tcp 1080 && web_server s2 100k
}

drive() {
	local i
	for ((i = 1; i <= 12; i++)); do
		web_client 1 "$i" --socks5 "$OFFICE:1080" \
			"http://$(stranger 2 $((i % 8 + 1)))/file"
	done
}

role_proof() {
	at_least "$(fetched)" 5000000 "fetched through the exit from servers out of reach"
}

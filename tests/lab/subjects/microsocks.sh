# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# microsocks as an exit: twelve strangers fetch through it from eight servers at full
# speed, in bursts, as browsing through a bandwidth-sharing client looks.

label relay
family exit
used_for tuning
needs microsocks nginx curl
strangers 2
quick

start() {
	office microsocks -i "$OFFICE" -p 1080
	office_listens tcp 1080 && web_server s2 0
}

drive() {
	local i pages=(20 90 90 400)
	for ((i = 1; i <= 12; i++)); do
		web_client 1 "$i" --socks5 "$OFFICE:1080" --limit-rate 400k \
			"http://$(stranger 2 $((i % 8 + 1)))/page-${pages[i % 4]}"
	done
}

role_proof() {
	at_least "$(fetched)" 2000000 "fetched through the exit from servers out of reach"
}

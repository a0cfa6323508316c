# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# ss-server, the exit of shadowsocks: strangers' encrypted connections come in, and go out
# as plain ones to eight servers.

label relay
family exit
used_for judging
needs ss-server ss-local nginx curl
strangers 2

start() {
	local cipher=(-k lab -m aes-256-gcm)
	web_server s2 150k || return
	office ss-server -s "$OFFICE" -p 8388 "${cipher[@]}"
	office_listens tcp 8388 || return
	at 1 ss-local -s "$OFFICE" -p 8388 -l 1080 -b 127.0.0.1 "${cipher[@]}"
	listens 1 tcp 1080
}

# The local end of the tunnel is on loopback: so are its users.
drive() {
	local i
	for ((i = 1; i <= 10; i++)); do
		# shellcheck disable=SC2016 # for the shell at the stranger
		at 1 bash -c 'while :; do
			curl -s -o /dev/null -m $((3 + RANDOM % 6)) -w "%{size_download}\n" \
				--socks5 127.0.0.1:1080 "$1" >>"$0"
			sleep 0.$((RANDOM % 9))
		done' "$NS_DIR/fetched" "http://$(stranger 2 $((i % 8 + 1)))/file"
	done
}

role_proof() {
	at_least "$(fetched)" 5000000 "fetched through the exit from servers out of reach"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# tinyproxy: ten strangers have their connections passed on by CONNECT, to eight servers.

label relay
family exit
trade "web proxy"
used_for tuning
needs tinyproxy nginx curl
strangers 2

start() {
	local dir
	dir=$(directory tinyproxy) || return
	printf '%s\n' "Port 8888" "Listen $OFFICE" "Timeout 60" "MaxClients 100" \
		"LogLevel Connect" "LogFile \"$dir/log\"" "PidFile \"$dir/pid\"" \
		>"$dir/conf"
	web_server s2 0 || return
	office tinyproxy -d -c "$dir/conf"
	office_listens tcp 8888
}

drive() {
	local i
	for ((i = 1; i <= 10; i++)); do
		web_client 1 "$i" --proxytunnel -x "http://$OFFICE:8888" --limit-rate 100k \
			"http://$(stranger 2 $((i % 8 + 1)))/file"
	done
}

# Tunnels in the proxy's own log, and the bytes at the far ends.
role_proof() {
	grep -q 'Request .*: CONNECT ' "$NS_DIR/tinyproxy/log" || {
		echo "no tunnel in the log of tinyproxy"
		return 1
	}
	at_least "$(fetched)" 5000000 "fetched by CONNECT from servers out of reach"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The DHT node of transmission, with nothing to download: two hundred other nodes ask it
# and it asks them. Many who call, many it calls, small packets, no disk: a hub by its
# looks. The others are played.

label lookalike
family dht
used_for tuning
needs transmission-daemon transmission-remote perl
strangers 2
traffic_seconds 130

start() {
	local dir
	dir=$(directory transmission) || return
	cat >"$dir/settings.json" <<-JSON
		{"download-dir": "$dir", "rpc-enabled": true, "rpc-bind-address": "127.0.0.1",
		 "rpc-authentication-required": false, "rpc-whitelist-enabled": false,
		 "peer-port": 51413, "bind-address-ipv4": "$OFFICE", "dht-enabled": true,
		 "lpd-enabled": false, "utp-enabled": true, "port-forwarding-enabled": false}
	JSON
	office transmission-daemon -f -g "$dir"
	office_listens udp 51413
}

# A torrent that nobody has keeps it asking.
drive() {
	local i
	for i in 1 2; do
		at "$i" tests/lab/dht-nodes.pl "$(stranger "$i" 1)" 100 "$OFFICE:51413" \
			"$NS_DIR/count-$i"
	done
	ns_run office transmission-remote -a \
		"magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567" >/dev/null
}

role_proof() {
	local answered asked
	answered=$(cat "$NS_DIR"/count-* | awk '{ sum += $1 } END { print sum }')
	asked=$(cat "$NS_DIR"/count-* | awk '{ sum += $2 } END { print sum }')
	echo "answered ${answered:-0} questions, asked ${asked:-0}"
	[ "${answered:-0}" -ge 500 ] && [ "${asked:-0}" -ge 50 ]
}

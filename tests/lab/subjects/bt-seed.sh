# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# transmission seeds to eight leechers, who also trade with each other.

label lookalike
family swarm
used_for tuning
needs transmission-daemon transmission-remote transmission-create opentracker aria2c
strangers 2 open

start() {
	local dir
	torrent 40 2 || return
	dir=$(directory transmission) || return
	cp "$NS_DIR/source/blob" "$dir/blob"
	chown "$SUBJECT_UID" "$dir/blob"
	cat >"$dir/settings.json" <<-JSON
		{"download-dir": "$dir", "rpc-enabled": true, "rpc-bind-address": "127.0.0.1",
		 "rpc-authentication-required": false, "rpc-whitelist-enabled": false,
		 "peer-port": 51413, "bind-address-ipv4": "$OFFICE", "dht-enabled": false,
		 "lpd-enabled": false, "utp-enabled": true, "port-forwarding-enabled": false,
		 "speed-limit-up": 1000, "speed-limit-up-enabled": true,
		 "upload-slots-per-torrent": 14, "encryption": 1}
	JSON
	office transmission-daemon -f -g "$dir"
	office_listens tcp 51413 || return
	ns_run office transmission-remote -a "$NS_DIR/t.torrent" >/dev/null || return
	ns_run office transmission-remote -t all -v >/dev/null
}

drive() {
	local i
	for i in 1 2 3 4 5 6 7 8; do leecher 1 "$i" 250K 60K; done
}

role_proof() {
	exchanged_at_least 10000 5000000
}

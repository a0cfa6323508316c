# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# aria2 in the middle of a swarm: takes from two seeds while it gives to eight leechers.
# The hard one: both ways at once, many peers, and what goes out did come in.

label lookalike
family swarm
used_for tuning
needs aria2c opentracker transmission-create
strangers 3 open
quick

start() {
	local i dir
	torrent 60 3 || return
	for i in 1 2; do
		dir=$(directory "seed-$i") || return
		cp "$NS_DIR/source/blob" "$dir/blob"
		at 2 "${ARIA_SWARM[@]}" -V -d "$dir" --interface="$(stranger 2 "$i")" \
			--listen-port=$((7100 + i)) --max-upload-limit=250K "$NS_DIR/t.torrent"
	done
	directory download >/dev/null
	sleep 3 # the seeds read what they have
}

drive() {
	local i
	office "${ARIA_SWARM[@]}" -d "$NS_DIR/download" --listen-port=6881 \
		--max-upload-limit=500K --max-download-limit=600K "$NS_DIR/t.torrent"
	for i in 1 2 3 4 5 6 7 8; do leecher 1 "$i" 150K 60K; done
}

role_proof() {
	exchanged_at_least 3000000 3000000
}

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

. tests/lab/swarm.sh

start() {
	swarm_seeds
}

drive() {
	office "${ARIA_SWARM[@]}" -d "$NS_DIR/download" --listen-port=6881 \
		--max-upload-limit=500K --max-download-limit=600K "$NS_DIR/t.torrent"
	swarm_leechers
}

role_proof() {
	exchanged_at_least 1000000 1000000
}

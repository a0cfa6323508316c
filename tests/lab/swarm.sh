# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A swarm with the office in the middle of it. Sourced by the subjects called bt-midswarm*.

# Two seeds, and a directory for what the office downloads.
swarm_seeds() {
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

swarm_leechers() {
	local i
	for i in 1 2 3 4 5 6 7 8; do leecher 1 "$i" 150K 60K; done
}

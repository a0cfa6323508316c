# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# aria2 in the middle of a swarm, behind a link of 4 Mbit/s that all connections share
# both ways, and with a disk so fast that it is none: what is stored is in memory, and no
# account of the kernel's shows it.

label lookalike
family swarm
used_for judging
needs aria2c opentracker transmission-create tc
strangers 3 open

. tests/lab/swarm.sh

start() {
	swarm_seeds && network_narrow 4mbit
}

# The memory is mounted for aria2 alone, and goes with it.
drive() {
	# shellcheck disable=SC2016 # for the shell in the office
	office_root unshare -m bash -c 'mount -t tmpfs -o "size=200m,uid=$1" none "$0" &&
		exec setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"' \
		"$NS_DIR/download" "$SUBJECT_UID" env HOME="$NS_DIR/home" \
		"${ARIA_SWARM[@]}" -d "$NS_DIR/download" --listen-port=6881 \
		"$NS_DIR/t.torrent"
	swarm_leechers
}

role_proof() {
	exchanged_at_least 3000000 3000000
}

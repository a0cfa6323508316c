# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# aria2 in the middle of a swarm, behind a link of 4 Mbit/s that all connections share
# both ways, and with a disk that takes 200 kB/s: a file system in a file, written through
# and throttled.

label lookalike
family swarm
used_for judging
needs aria2c opentracker transmission-create tc mkfs.ext4
strangers 3 open

. tests/lab/swarm.sh

BLKIO=/sys/fs/cgroup/blkio/relaywarden-lab-$$

start() {
	[ -e /sys/fs/cgroup/blkio/blkio.throttle.write_bps_device ] || {
		echo "no throttle for disks here (blkio of cgroup v1)" >&2
		return 1
	}
	truncate -s 120M "$NS_DIR/disk" && mkfs.ext4 -q "$NS_DIR/disk" || return
	mkdir "$BLKIO" || return
	swarm_seeds && network_narrow 4mbit
}

# Mounted for aria2 alone: the file system and its loop device go with it.
drive() {
	# shellcheck disable=SC2016 # for the shell in the office
	office_root unshare -m bash -c 'mount -o loop,sync "$0" "$1" || exit
		device=$(stat -c %Hd:%Ld "$1")
		echo "$device 200000" >"$2/blkio.throttle.write_bps_device" &&
			echo $$ >"$2/cgroup.procs" || exit
		chown "$3" "$1"
		exec setpriv --reuid "$3" --regid "$3" --clear-groups "${@:4}"' \
		"$NS_DIR/disk" "$NS_DIR/download" "$BLKIO" "$SUBJECT_UID" \
		env HOME="$NS_DIR/home" "${ARIA_SWARM[@]}" --disk-cache=0 \
		-d "$NS_DIR/download" --listen-port=6881 "$NS_DIR/t.torrent"
	swarm_leechers
}

tidy() {
	wait_until 5 rmdir "$BLKIO" || [ ! -d "$BLKIO" ]
}

role_proof() {
	exchanged_at_least 2000000 2000000
}

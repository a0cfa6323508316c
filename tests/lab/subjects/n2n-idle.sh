# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The supernode of n2n with 800 edges that keep their registration alive and never say
# more: a hub without payload. The edges are played, the supernode is real.

label relay
family hub
used_for judging
needs supernode perl
strangers 4
traffic_seconds 130

start() {
	office supernode -f -l 7654
	office_listens udp 7654
}

drive() {
	local i
	for i in 1 2 3 4; do
		at "$i" tests/lab/n2n-edges.pl "$(stranger "$i" 1)" 200 "$OFFICE:7654" \
			"$NS_DIR/count-$i"
	done
}

role_proof() {
	local registered
	registered=$(cat "$NS_DIR"/count-* | awk '{ sum += $1 } END { print sum }')
	echo "${registered:-0} edges had their registration acknowledged"
	[ "${registered:-0}" -ge 700 ]
}

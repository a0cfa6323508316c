# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# An idle hub: 800 strangers keep their registration alive and learn of each other, it has
# six other hubs, and nobody's payload is carried.

label relay
family hub
used_for tuning
strangers 5
traffic_seconds 130

. tests/lab/hard.sh

start() {
	local i
	for i in 1 2 3 4 5 6; do
		at 5 "$(program relay)" "$(stranger 5 "$i"):4000" "$OFFICE:5000" spread 1 hub 1
	done
	office "$(program relay)" "$OFFICE:5000" "$(stranger 5 1):4000" spread 6 hub 1
	office_listens udp 5000
}

drive() {
	local i
	for i in 1 2 3 4; do
		at "$i" "$PARTNER" lean "$NS_DIR/count-$i" "$(stranger "$i" 1):4000" 200 \
			"$OFFICE:5000"
	done
}

role_proof() {
	local i acknowledged=0 named=0
	for i in 1 2 3 4; do
		acknowledged=$((acknowledged + $(counted "count-$i" 1)))
		named=$((named + $(counted "count-$i" 2)))
	done
	echo "$acknowledged strangers acknowledged, told of each other $named times"
	[ "$acknowledged" -ge 700 ] && [ "$named" -ge 700 ]
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# tinc: a node that two others, who cannot reach each other, have in common. It has no
# device of its own: all it does is pass on.

label relay
family overlay
used_for judging
needs tincd iperf3
strangers 2

TINC_PORT=6550

# tinc_node NAME ADDRESS CONNECTS_TO DEVICE_LINES: its directory, with a key.
tinc_node() {
	local dir=$NS_DIR/tinc/$1
	mkdir -p "$dir/hosts" || return
	printf '%s\n' "Name = $1" "Mode = router" "AddressFamily = ipv4" "$3" "$4" \
		>"$dir/tinc.conf"
	printf 'Subnet = %s/32\nPort = %s\n' "$2" "$TINC_PORT" >"$dir/hosts/$1"
	[ "$1" != office ] || printf 'Address = %s\n' "$OFFICE" >>"$dir/hosts/$1"
	# shellcheck disable=SC2016 # for the shell that tincd starts
	printf '%s\n' '#!/bin/sh' '[ "$INTERFACE" = tinc0 ] || exit 0' \
		'ip link set tinc0 up mtu 1300' "ip addr add $2/24 dev tinc0" >"$dir/tinc-up"
	chmod 755 "$dir/tinc-up"
	tincd -c "$dir" -K2048 </dev/null >/dev/null 2>&1
}

start() {
	local name
	directory tinc >/dev/null
	tinc_node office 10.7.0.254 "" "DeviceType = dummy" || return
	tinc_node a 10.7.0.1 "ConnectTo = office" "Interface = tinc0" || return
	tinc_node b 10.7.0.2 "ConnectTo = office" "Interface = tinc0" || return
	cp "$NS_DIR"/tinc/{a,b}/hosts/* "$NS_DIR/tinc/office/hosts/"
	for name in a b; do cp "$NS_DIR"/tinc/office/hosts/* "$NS_DIR/tinc/$name/hosts/"; done
	chown -R "$SUBJECT_UID:$SUBJECT_UID" "$NS_DIR/tinc/office"
	office tincd -D -c "$NS_DIR/tinc/office" --pidfile="$NS_DIR/tinc/office/pid"
	office_listens tcp "$TINC_PORT" || return
	at 1 tincd -D -c "$NS_DIR/tinc/a" --pidfile="$NS_DIR/tinc/a/pid"
	at 2 tincd -D -c "$NS_DIR/tinc/b" --pidfile="$NS_DIR/tinc/b/pid"
	wait_until 25 from 1 ping -q -c1 -W1 10.7.0.2 || return
	iperf_server 2
}

drive() {
	at 1 iperf3 -c 10.7.0.2 -b 5M --bidir -t 600
}

role_proof() {
	at_least "$(received s2 tinc0)" 5000000 \
		"through the node, between others that cannot reach each other"
}

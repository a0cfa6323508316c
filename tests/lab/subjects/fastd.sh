# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# fastd with forwarding: a node of a mesh that passes on what two others, who cannot reach
# each other, have to say.

label relay
family overlay
used_for judging
needs fastd iperf3
strangers 2

# fastd_node NAME LINES: its configuration, with a key; the public half is known to all.
fastd_node() {
	local dir=$NS_DIR/fastd
	fastd --generate-key --machine-readable >"$dir/$1.secret" 2>/dev/null &&
		printf '%s\n' "secret \"$(cat "$dir/$1.secret")\";" >"$dir/$1.key" &&
		fastd --config "$dir/$1.key" --show-key --machine-readable >"$dir/$1.public"
}

# fastd_peer NAME [REMOTE]
fastd_peer() {
	printf 'peer "%s" { key "%s"; %s }\n' "$1" "$(cat "$NS_DIR/fastd/$1.public")" \
		"${2:+remote $2:10000;}"
}

# fastd_configure NAME ADDRESS: the last lines come from standard input.
fastd_configure() {
	{
		cat "$NS_DIR/fastd/$1.key"
		printf '%s\n' 'mode tap;' 'interface "fd0";' 'method "salsa2012+umac";' \
			'mtu 1300;' "on up \"ip link set fd0 up; ip addr add $2/24 dev fd0\";"
		cat
	} >"$NS_DIR/fastd/$1.conf"
}

start() {
	local name
	directory fastd >/dev/null
	for name in office a b; do fastd_node "$name" || return; done
	{
		echo "bind $OFFICE:10000; forward yes;"
		fastd_peer a
		fastd_peer b
	} | fastd_configure office 10.5.0.254
	fastd_peer office "$OFFICE" | fastd_configure a 10.5.0.1
	fastd_peer office "$OFFICE" | fastd_configure b 10.5.0.2
	office_root fastd --config "$NS_DIR/fastd/office.conf"
	office_listens udp 10000 || return
	at 1 fastd --config "$NS_DIR/fastd/a.conf"
	at 2 fastd --config "$NS_DIR/fastd/b.conf"
	wait_until 25 from 1 ping -q -c1 -W1 10.5.0.2 || return
	iperf_server 2
}

drive() {
	at 1 iperf3 -c 10.5.0.2 -b 4M --bidir -t 600
}

role_proof() {
	at_least "$(received s2 fd0)" 5000000 \
		"through the node, between others that cannot reach each other"
}

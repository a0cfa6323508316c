# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The network of the demo:
#
#   office    10.20.0.2 --+                                 +-- web         198.18.0.10
#                         +-- router ==100 Mbit/s== internet+-- stranger-1  198.18.0.101
#   colleague 10.20.0.3 --+                                 +-- stranger-N  ...
#
# The uplink is one cable with a token bucket at each end. Its queue holds 1 MB: about
# 690 full packets, the order of what home and office routers ship with, and 84 ms when
# it is full at 100 Mbit/s. Nobody fills it on a quiet day.
#
# Ports of `internet` are isolated: what arrives from one stranger at another has
# crossed the office.

UPLINK_MBIT=100
UPLINK_QUEUE=1mb
UPLINK_BURST=32kb
STRANGERS=${STRANGERS:-6}
OFFICE_ADDRESS=10.20.0.2
WEB_ADDRESS=198.18.0.10

topology_build() {
	local i
	ns_add office colleague router internet web || return
	ns_bridge router lan || return
	ns_bridge internet ix || return
	ns_run router ip addr add 10.20.0.1/24 dev lan || return
	ns_plug office "$OFFICE_ADDRESS/24" router lan || return
	ns_plug colleague 10.20.0.3/24 router lan || return

	ns_link router uplink internet p-router || return
	ns_run internet ip link set p-router master ix || return
	ns_run router ip addr add 198.18.0.1/16 dev uplink || return
	topology_shape router uplink || return
	topology_shape internet p-router || return
	ns_run router sysctl -qw net.ipv4.ip_forward=1 || return

	ns_plug web "$WEB_ADDRESS/16" internet ix isolated || return
	for ((i = 1; i <= STRANGERS; i++)); do
		ns_add "stranger-$i" || return
		topology_join_stranger "$i" || return
	done
	topology_route || return
	topology_use_cubic
}

topology_shape() {
	ns_run "$1" tc qdisc replace dev "$2" root tbf rate "${UPLINK_MBIT}mbit" \
		burst "$UPLINK_BURST" limit "$UPLINK_QUEUE"
}

topology_join_stranger() {
	ns_plug "stranger-$1" "198.18.0.$((100 + $1))/16" internet ix isolated
}

topology_route() {
	local i
	ns_run office ip route add default via 10.20.0.1 || return
	ns_run colleague ip route add default via 10.20.0.1 || return
	ns_run web ip route add default via 198.18.0.1 || return
	for ((i = 1; i <= STRANGERS; i++)); do
		ns_run "stranger-$i" ip route add default via 198.18.0.1 || return
	done
}

# What most systems send with, whatever this machine's default is.
topology_use_cubic() {
	local name
	for name in "${NS_NAMES[@]}"; do
		ns_run "$name" sysctl -qw net.ipv4.tcp_congestion_control=cubic 2>/dev/null ||
			ns_run "$name" sysctl -qw net.ipv4.tcp_congestion_control=reno ||
			return
	done
}

# Proof of the claim above: a stranger reaches the office, and no other stranger.
topology_check() {
	ns_run stranger-1 ping -q -c1 -W2 "$OFFICE_ADDRESS" >/dev/null || {
		echo "the strangers do not reach the office" >&2
		return 1
	}
	if ns_run stranger-1 ping -q -c1 -W1 198.18.0.102 >/dev/null 2>&1; then
		echo "the strangers reach each other directly" >&2
		return 1
	fi
}

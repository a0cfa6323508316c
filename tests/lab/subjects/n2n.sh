# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# n2n's supernode: two pairs of edges send through it, one pair one way, the other both
# ways. UDP, everything over one socket.

label relay
family overlay
used_for tuning
needs supernode edge iperf3 setpriv
strangers 4
quick

. tests/netns/n2n.sh

start() {
	local i
	office supernode "${N2N_FLAGS[@]}" -l "$N2N_PORT"
	office_listens udp "$N2N_PORT" || return
	for i in 1 2 3 4; do
		n2n_start_edge "s$i" "$i" "$OFFICE" "$NS_DIR/strangers.log"
	done
	wait_until 20 n2n_reaches s1 2 && wait_until 20 n2n_reaches s3 4 || return
	iperf_server 2 && iperf_server 4
}

drive() {
	at 1 iperf3 -c 10.9.0.2 -b 8M -t 600
	at 3 iperf3 -c 10.9.0.4 -b 3M --bidir -t 600
}

# What arrived at the edges can only have come through the office.
role_proof() {
	at_least $(($(received s2 n2n0) + $(received s4 n2n0))) 1000000 \
		"through the overlay, between edges that cannot reach each other"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# dnsmasq resolves for the programs of this computer, asking thirty servers at once: many
# tiny flows, answers the size of the questions.

label lookalike
family background
used_for judging
needs dnsmasq dnsperf
strangers 2

start() {
	local i servers=()
	for i in 1 2; do
		at "$i" dnsmasq -k --no-resolv --no-hosts --address=/lab/203.0.113.7 \
			--local-ttl=1 --user=nobody --conf-file=/dev/null --pid-file
		listens "$i" udp 53 || return
	done
	for ((i = 1; i <= 15; i++)); do
		servers+=("--server=$(stranger 1 "$i")" "--server=$(stranger 2 "$i")")
	done
	ns_run office sysctl -qw net.ipv4.ip_unprivileged_port_start=53
	office dnsmasq -k --no-resolv --no-hosts --all-servers --cache-size=0 \
		--listen-address=127.0.0.1 --bind-interfaces --user= --conf-file=/dev/null \
		--pid-file "${servers[@]}"
	office_listens udp 53 || return
	for ((i = 1; i <= 2000; i++)); do echo "host-$i.lab A"; done >"$NS_DIR/questions"
}

drive() {
	office dnsperf -s 127.0.0.1 -d "$NS_DIR/questions" -Q 20 -l 600
}

role_proof() {
	exchanged_at_least 500000 500000
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Nebula's relay: two hosts that cannot reach each other have their tunnel relayed.

label relay
family overlay
used_for tuning
needs nebula nebula-cert iperf3
strangers 2

# nebula_host NAME ADDRESS IS_RELAY TUN: certificate and configuration of one host.
nebula_host() {
	local dir=$NS_DIR/nebula hosts='["10.6.0.254"]'
	[ "$3" = false ] || hosts='[]'
	(cd "$dir" && nebula-cert sign -name "$1" -ip "$2/24" >/dev/null) || return
	cat >"$dir/$1.yml" <<-YML
		pki: {ca: $dir/ca.crt, cert: $dir/$1.crt, key: $dir/$1.key}
		static_host_map: {"10.6.0.254": ["$OFFICE:4242"]}
		lighthouse: {am_lighthouse: $3, interval: 5, hosts: $hosts}
		listen: {host: 0.0.0.0, port: 4242}
		punchy: {punch: true}
		relay: {am_relay: $3, use_relays: true, relays: $hosts}
		tun: {disabled: $4, dev: neb0, mtu: 1300}
		logging: {level: info, format: text}
		firewall:
		  outbound: [{port: any, proto: any, host: any}]
		  inbound: [{port: any, proto: any, host: any}]
	YML
}

start() {
	directory nebula >/dev/null
	(cd "$NS_DIR/nebula" && nebula-cert ca -name lab >/dev/null) || return
	nebula_host office 10.6.0.254 true true || return
	nebula_host a 10.6.0.1 false false || return
	nebula_host b 10.6.0.2 false false || return
	chown -R "$SUBJECT_UID" "$NS_DIR/nebula"
	office nebula -config "$NS_DIR/nebula/office.yml"
	office_listens udp 4242 || return
	at 1 nebula -config "$NS_DIR/nebula/a.yml"
	at 2 nebula -config "$NS_DIR/nebula/b.yml"
	wait_until 25 from 1 ping -q -c1 -W1 10.6.0.2 || return
	iperf_server 2
}

drive() {
	at 1 iperf3 -c 10.6.0.2 -b 6M -t 600
}

role_proof() {
	at_least "$(received s2 neb0)" 1000000 \
		"through the tunnel, between hosts that cannot reach each other"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# openvpn as a hub: --client-to-client over TCP, so that all that two clients say to each
# other crosses one connection each.

label relay
family overlay
trade "VPN hub"
used_for judging
needs openvpn openssl iperf3
strangers 3

certificate() { # NAME
	local dir=$NS_DIR/vpn usage=clientAuth
	[ "$1" != office ] || usage=serverAuth
	openssl req -new -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$dir/$1.key" \
		-out "$dir/$1.csr" 2>/dev/null || return
	openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" \
		-CAcreateserial -days 2 -out "$dir/$1.crt" \
		-extfile <(echo "extendedKeyUsage=$usage") 2>/dev/null
}

vpn_options() { # NAME
	VPN=(openvpn --proto "$2" --ca "$NS_DIR/vpn/ca.crt" --cert "$NS_DIR/vpn/$1.crt"
		--key "$NS_DIR/vpn/$1.key" --dev tun0 --dev-type tun --disable-dco
		--data-ciphers AES-128-GCM --verb 3)
}

start() {
	local i
	directory vpn >/dev/null
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=lab -days 2 \
		-keyout "$NS_DIR/vpn/ca.key" -out "$NS_DIR/vpn/ca.crt" 2>/dev/null || return
	certificate office || return
	vpn_options office tcp-server
	office_root "${VPN[@]}" --local "$OFFICE" --port 1194 --dh none --topology subnet \
		--server 10.8.0.0 255.255.255.0 --client-to-client \
		--status "$NS_DIR/vpn/status" 5
	office_listens tcp 1194 || return
	for i in 1 2 3; do
		certificate "c$i" || return
		vpn_options "c$i" tcp-client
		at "$i" "${VPN[@]}" --client --remote "$OFFICE" 1194 --nobind
		wait_until 20 from "$i" ping -q -c1 -W1 10.8.0.1 || return
	done
	iperf_server 2 && iperf_server 3
}

vpn_address() {
	from "$1" ip -4 -o addr show dev tun0 | awk '{ sub("/.*", "", $4); print $4 }'
}

drive() {
	at 1 iperf3 -c "$(vpn_address 2)" -b 4M -t 600
	at 1 iperf3 -c "$(vpn_address 3)" -b 1M -R -t 600
}

role_proof() {
	at_least "$(received s2 tun0)" 5000000 \
		"through the hub, between clients that cannot reach each other"
}

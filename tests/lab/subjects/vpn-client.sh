# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# openvpn as a client: the owner's browsing goes through a tunnel to a server elsewhere,
# so that the same bytes cross this computer twice, in two programs.

label lookalike
family vpn
used_for judging
needs openvpn nginx curl
strangers 1

start() {
	local options=(openvpn --secret "$NS_DIR/key" --dev tun0 --dev-type tun
		--cipher AES-256-CBC --proto udp --disable-dco --verb 3)
	openvpn --genkey secret "$NS_DIR/key" >/dev/null || return
	web_server s1 0 || return
	at 1 "${options[@]}" --lport 1194 --ifconfig 10.8.0.1 10.8.0.2 --float
	office_root "${options[@]}" --remote "$(stranger 1)" 1194 --nobind \
		--ifconfig 10.8.0.2 10.8.0.1
	wait_until 20 ns_run office ping -q -c1 -W1 10.8.0.1 || return
	# The world behind the server: its addresses are no neighbours any more.
	ns_run office ip route add 198.19.1.0/24 via 10.8.0.1
}

drive() {
	local browser
	for browser in 1 2 3 4; do
		# shellcheck disable=SC2016 # for the shell in the office
		office bash -c 'sizes=(4 20 20 90 400)
			while :; do
				size=${sizes[RANDOM % 5]} server=198.19.1.$((RANDOM % 30 + 1))
				curl -s -o /dev/null -m 10 "http://$server/page-$size"
				sleep 0.$((RANDOM % 7))
			done' "$browser"
	done
}

role_proof() {
	at_least "$(received office tun0)" 2000000 "received through the tunnel" &&
		exchanged_at_least 2000000 50000
}

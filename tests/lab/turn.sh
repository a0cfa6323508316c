# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A TURN server in the office, and its proof. Sourced by the subjects of coturn.

turn_server() {
	local dir
	dir=$(directory turn) || return
	cat >"$dir/conf" <<-CONF
		listening-port=3478
		listening-ip=$OFFICE
		relay-ip=$OFFICE
		min-port=50000
		max-port=51000
		realm=lab
		user=u:pw
		lt-cred-mech
		no-tls
		no-dtls
		no-cli
		verbose
		log-file=$dir/log
		simple-log
		pidfile=$dir/pid
		userdb=$dir/users
	CONF
	office turnserver -c "$dir/conf"
	office_listens udp 3478
}

# turn_echo N ADDRESS
turn_echo() {
	at "$1" turnutils_peer -L "$2" -p 3480
	wait_until 5 ns_listens "s$1" udp 3480
}

# Allocations granted, in the server's own words, and what crossed the isolated echo's
# interface: nobody but the relay can have sent it.
turn_proof() {
	local granted
	granted=$(grep -cE 'ALLOCATE processed, success' "$NS_DIR/turn/log")
	[ "${granted:-0}" -gt 0 ] || {
		echo "no allocation granted"
		return 1
	}
	at_least "$(received s2 eth0)" 1000000 \
		"relayed to the echo; $granted allocations granted"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# haproxy as a reverse proxy: a relay by trade, that a policy exempts by its name. Ten
# clients, two servers behind it.

label relay
family "reverse proxy"
trade "reverse proxy"
used_for tuning
needs haproxy nginx curl
strangers 3
note "a relay by trade: a policy exempts it"

start() {
	web_server s2 150k && web_server s3 150k || return
	cat >"$NS_DIR/haproxy.cfg" <<-CFG
		global
		 maxconn 200
		defaults
		 mode tcp
		 timeout connect 5s
		 timeout client 60s
		 timeout server 60s
		frontend f
		 bind $OFFICE:8080
		 default_backend b
		backend b
		 balance roundrobin
		 server a $(stranger 2):80
		 server c $(stranger 3):80
	CFG
	office haproxy -db -f "$NS_DIR/haproxy.cfg"
	office_listens tcp 8080
}

drive() {
	local i
	for ((i = 1; i <= 10; i++)); do
		web_client 1 "$i" "http://$OFFICE:8080/file"
	done
}

role_proof() {
	at_least "$(fetched)" 5000000 "fetched through the proxy from servers out of reach"
}

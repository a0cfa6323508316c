# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# squid: ten strangers have their connections passed on by CONNECT, to eight servers.

label relay
family exit
trade "web proxy"
used_for judging
needs squid nginx curl
strangers 2

start() {
	local dir
	dir=$(directory squid) || return
	cat >"$dir/conf" <<-CONF
		http_port $OFFICE:3128
		acl all_ports port 1-65535
		http_access allow all
		cache deny all
		cache_mem 8 MB
		access_log stdio:$dir/access
		cache_log $dir/log
		pid_filename $dir/pid
		coredump_dir $dir
		pinger_enable off
		netdb_filename none
		shutdown_lifetime 1 seconds
		visible_hostname lab
	CONF
	web_server s2 0 || return
	# Its shared memory is named after the service, for the whole machine.
	office squid -n "lab$$" -N -f "$dir/conf"
	office_listens tcp 3128
}

drive() {
	local i
	for ((i = 1; i <= 10; i++)); do
		web_client 1 "$i" --proxytunnel -x "http://$OFFICE:3128" --limit-rate 120k \
			"http://$(stranger 2 $((i % 8 + 1)))/file"
	done
}

# Tunnels in the proxy's own log, and the bytes at the far ends.
role_proof() {
	grep -q 'TCP_TUNNEL/200 .* CONNECT ' "$NS_DIR/squid/access" || {
		echo "no tunnel in the log of squid"
		return 1
	}
	at_least "$(fetched)" 5000000 "fetched by CONNECT from servers out of reach"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Prosody's SOCKS5 bytestreams (XEP-0065): two people of a chat server send each other
# files by way of it, because they cannot reach each other.

label relay
family bytestream
used_for judging
needs prosody perl
strangers 2

start() {
	local dir
	dir=$(directory prosody) || return
	cat >"$dir/prosody.cfg.lua" <<-CONF
		daemonize = false
		pidfile = "$dir/pid"
		data_path = "$dir"
		certificates = "$dir"
		log = { info = "$dir/log" }
		interfaces = { "$OFFICE" }
		c2s_require_encryption = false
		allow_unencrypted_plain_auth = true
		authentication = "insecure"
		insecure_open_authentication = "Yes please, I know what I'm doing!"
		modules_enabled = { "saslauth", "disco" }
		modules_disabled = { "s2s", "tls" }
		proxy65_ports = { 5001 }
		proxy65_interfaces = { "$OFFICE" }
		VirtualHost "lab"
		Component "proxy.lab" "proxy65"
			proxy65_address = "$OFFICE"
	CONF
	chown -R "$SUBJECT_UID" "$dir"
	office prosody -F --config "$dir/prosody.cfg.lua"
	office_listens tcp 5222 && office_listens tcp 5001
}

drive() {
	local i
	for i in 1 2 3; do
		at 2 tests/lab/bytestream.pl receive "$(stranger 2 "$i")" "$OFFICE" "$i" \
			"$NS_DIR/count-$i"
		at 1 tests/lab/bytestream.pl send "$(stranger 1 "$i")" "$OFFICE" "$i" 150000
	done
}

role_proof() {
	at_least "$(cat "$NS_DIR"/count-* | awk '{ sum += $1 } END { print sum }')" 3000000 \
		"of files, between people out of each other's reach"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# stunnel takes strangers' TLS and passes what was in it on to a server elsewhere: other
# lengths on each side, and bursts of both.

label relay
family tunnel
trade "TLS wrapper"
used_for tuning
needs stunnel4 nginx curl openssl
strangers 2

start() {
	local dir
	dir=$(directory stunnel) || return
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=lab -days 2 \
		-keyout "$dir/key" -out "$dir/certificate" 2>/dev/null || return
	printf '%s\n' "foreground = yes" "pid =" "cert = $dir/certificate" "key = $dir/key" \
		"[web]" "accept = $OFFICE:8443" "connect = $(stranger 2):80" >"$dir/conf"
	chown -R "$SUBJECT_UID" "$dir"
	web_server s2 0 || return
	office stunnel4 "$dir/conf"
	office_listens tcp 8443
}

drive() {
	local i
	for ((i = 1; i <= 8; i++)); do
		web_client 1 "$i" -k "https://$OFFICE:8443/page-90"
	done
}

role_proof() {
	at_least "$(fetched)" 3000000 "fetched through the tunnel from a server out of reach"
}

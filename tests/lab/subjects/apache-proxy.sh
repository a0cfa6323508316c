# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Apache as a reverse proxy: ten clients, two servers behind it, several processes.

label relay
family "reverse proxy"
used_for judging
needs apache2 nginx curl
strangers 3
trade "reverse proxy"
note "a relay by trade: a policy exempts it"

start() {
	local dir module
	web_server s2 150k && web_server s3 150k || return
	dir=$(directory apache) || return
	{
		for module in mpm_event authz_core proxy proxy_http; do
			echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
		done
		printf '%s\n' "ServerName lab" "ServerRoot $dir" "DefaultRuntimeDir $dir" \
			"PidFile $dir/pid" "ErrorLog $dir/errors" "Listen $OFFICE:8080" \
			"StartServers 2" "ProxyPass /a/ http://$(stranger 2)/" \
			"ProxyPass /b/ http://$(stranger 3)/"
	} >"$dir/conf"
	office apache2 -DFOREGROUND -f "$dir/conf"
	office_listens tcp 8080
}

drive() {
	local i
	for ((i = 1; i <= 5; i++)); do
		web_client 1 "$i" "http://$OFFICE:8080/a/page-400"
		web_client 1 $((i + 5)) "http://$OFFICE:8080/b/file"
	done
}

role_proof() {
	at_least "$(fetched)" 5000000 "fetched through the proxy from servers out of reach"
}

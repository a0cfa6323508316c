# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# nginx as a reverse proxy for HTTP: ten clients, two servers behind it.

label relay
family "reverse proxy"
used_for judging
needs nginx curl
strangers 3
trade "reverse proxy"
note "a relay by trade: a policy exempts it"

start() {
	local dir
	web_server s2 150k && web_server s3 150k || return
	dir=$(directory nginx) || return
	cat >"$dir/conf" <<-CONF
		daemon off;
		worker_processes 1;
		pid $dir/pid;
		error_log $dir/errors;
		events {}
		http {
			access_log off;
			client_body_temp_path $dir;
			proxy_temp_path $dir;
			fastcgi_temp_path $dir;
			uwsgi_temp_path $dir;
			scgi_temp_path $dir;
			upstream servers {
				server $(stranger 2):80;
				server $(stranger 3):80;
			}
			server {
				listen 8080;
				location / {
					proxy_pass http://servers;
				}
			}
		}
	CONF
	office nginx -c "$dir/conf" -e "$dir/errors"
	office_listens tcp 8080
}

drive() {
	local i
	for ((i = 1; i <= 10; i++)); do web_client 1 "$i" "http://$OFFICE:8080/page-400"; done
}

role_proof() {
	at_least "$(fetched)" 5000000 "fetched through the proxy from servers out of reach"
}

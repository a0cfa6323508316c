# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A web server with TLS and a certificate authority of its own: a real nginx in a
# namespace, for what comes over HTTPS. Sourced after lib.sh.

WEB_CA=	      # certificate of the authority
WEB_ROOT=     # what it serves
WEB_LOG=      # a line a request: status, path

# web_certify ADDRESS: an authority, and a certificate by it.
web_certify() {
	local dir=$NS_DIR/tls
	mkdir -p "$dir"
	WEB_CA=$dir/ca.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=test authority" -keyout "$dir/ca.key" -out "$WEB_CA" &&
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-subj "/CN=policy" -keyout "$dir/web.key" -out "$dir/web.csr" &&
		openssl x509 -req -in "$dir/web.csr" -CA "$WEB_CA" -CAkey "$dir/ca.key" \
			-CAcreateserial -days 2 -out "$dir/web.pem" \
			-extfile <(echo "subjectAltName = IP:$1")
}

web_config() { # ADDRESS
	cat <<-NGINX
		daemon off;
		pid $NS_DIR/web.pid;
		error_log $NS_DIR/web.error;
		user nobody nogroup;
		worker_processes 1;
		events { worker_connections 32; }
		http {
		  log_format brief '\$status \$uri';
		  access_log $WEB_LOG brief;
		  client_body_temp_path $NS_DIR/web.tmp;
		  proxy_temp_path $NS_DIR/web.tmp;
		  fastcgi_temp_path $NS_DIR/web.tmp;
		  uwsgi_temp_path $NS_DIR/web.tmp;
		  scgi_temp_path $NS_DIR/web.tmp;
		  server {
		    listen 80;
		    location / { root $WEB_ROOT; }
		  }
		  server {
		    listen 443 ssl;
		    ssl_certificate $NS_DIR/tls/web.pem;
		    ssl_certificate_key $NS_DIR/tls/web.key;
		    location / { root $WEB_ROOT; }
		    # Its length is not told: chunks.
		    location /chunked/ { alias $WEB_ROOT/; ssi on; ssi_types *; }
		    location /moved/ { rewrite ^/moved/(.*) https://$1/\$1 redirect; }
		    location /plain/ { rewrite ^/plain/(.*) http://$1/\$1 redirect; }
		    location /round/ { return 302 https://$1/round/x; }
		  }
		}
	NGINX
}

# web_start NAME ADDRESS
web_start() {
	WEB_ROOT=$NS_DIR/www
	WEB_LOG=$NS_DIR/web.log
	mkdir -p "$WEB_ROOT" "$NS_DIR/web.tmp"
	web_certify "$2" >"$NS_DIR/tls.log" 2>&1 || return
	web_config "$2" >"$NS_DIR/nginx.conf"
	ns_spawn "$1" "$NS_DIR/nginx.log" nginx -c "$NS_DIR/nginx.conf"
	wait_until 10 ns_listens "$1" tcp 443
}

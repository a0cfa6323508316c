# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Programs that several subjects play their strangers with. Sourced after network.sh.

# web_server NAME RATE: nginx at NAME (office or sN) on port 80, with a file of 20 MB and
# small pages; RATE a second per connection, 0 for no limit. In the office it is what is
# watched.
web_server() {
	local root=$NS_DIR/www conf=$NS_DIR/nginx-$1.conf size
	if [ ! -d "$root" ]; then
		directory www >/dev/null || return
		data "$root/file" 20 || return
		for size in 1 4 20 90 400; do
			head -c "${size}K" "$root/file" >"$root/page-$size" || return
		done
	fi
	directory "nginx-$1" >/dev/null || return
	cat >"$conf" <<-CONF
		daemon off;
		worker_processes 1;
		pid $NS_DIR/nginx-$1/pid;
		error_log $NS_DIR/nginx-$1/errors;
		events {}
		http {
			access_log off;
			client_body_temp_path $NS_DIR/nginx-$1;
			proxy_temp_path $NS_DIR/nginx-$1;
			fastcgi_temp_path $NS_DIR/nginx-$1;
			uwsgi_temp_path $NS_DIR/nginx-$1;
			scgi_temp_path $NS_DIR/nginx-$1;
			server {
				listen 80;
				root $root;
				limit_rate $2;
			}
		}
	CONF
	if [ "$1" = office ]; then
		# An ordinary user may not take port 80 elsewhere; this namespace is ours.
		ns_run office sysctl -qw net.ipv4.ip_unprivileged_port_start=80
		office nginx -c "$conf" -e "$NS_DIR/nginx-$1/errors"
		office_listens tcp 80
	else
		chown -R nobody "$NS_DIR/nginx-$1"
		at "${1#s}" nginx -c "$conf" -g 'user nobody nogroup;'
		listens "${1#s}" tcp 80
	fi
}

# web_client N HOST CURL_ARGUMENT...: at an address of stranger N: fetches for 3 to 8
# seconds, pauses, fetches again. What it received, in bytes, is written down each time.
web_client() {
	local n=$1 address
	address=$(stranger "$1" "$2")
	shift 2
	# shellcheck disable=SC2016 # for the shell at the stranger
	at "$n" bash -c 'log=$1; shift
		while :; do
			curl -s -o /dev/null -m $((3 + RANDOM % 6)) -w "%{size_download}\n" \
				"$@" >>"$log"
			sleep 0.$((RANDOM % 9))
		done' client "$NS_DIR/fetched" --interface "$address" "$@"
}

# Bytes that all web_clients received.
fetched() {
	awk '{ sum += $1 } END { printf "%d\n", sum }' "$NS_DIR/fetched" 2>/dev/null
}

# iperf_server N [ADDRESS] [PORT]
iperf_server() {
	at "$1" iperf3 -s -p "${3:-5201}" ${2:+-B "$2"}
	listens "$1" tcp "${3:-5201}"
}

# torrent MEGABYTES TRACKER_STRANGER: a file to share, and its tracker. What it knows is
# on a list, because Debian's serves no others.
torrent() {
	local source
	source=$(directory source) || return
	data "$source/blob" "$1" || return
	transmission-create -o "$NS_DIR/t.torrent" \
		-t "http://$(stranger "$2"):6969/announce" "$source/blob" >/dev/null || return
	transmission-show "$NS_DIR/t.torrent" | awk '/Hash:/ { print $2 }' >"$NS_DIR/hashes"
	chmod 644 "$NS_DIR/t.torrent" "$NS_DIR/hashes"
	at "$2" opentracker -i "$(stranger "$2")" -p 6969 -P 6969 -w "$NS_DIR/hashes" -u nobody
	listens "$2" tcp 6969
}

ARIA_SWARM=(aria2c --no-conf --enable-dht=false --enable-dht6=false
	--bt-enable-lpd=false --seed-time=30 --seed-ratio=0 --bt-tracker-interval=5
	--summary-interval=0 --file-allocation=none)

# leecher N HOST DOWN UP: one more of the swarm, at an address of stranger N.
leecher() {
	local dir
	dir=$(directory "leecher-$1-$2") || return
	at "$1" "${ARIA_SWARM[@]}" -d "$dir" --interface="$(stranger "$1" "$2")" \
		--listen-port=$((7000 + $2)) --max-download-limit="$3" \
		--max-upload-limit="$4" "$NS_DIR/t.torrent"
}

# RTP of a moving picture: beginnings, pictures and encoder of ffmpeg's command line.
# shellcheck disable=SC2034 # for the subjects
{
	FFMPEG=(ffmpeg -nostdin -loglevel error -re)
	FFMPEG_PICTURE=(-f lavfi
		-i "testsrc2=size=480x270:rate=20,noise=alls=10:allf=t")
	FFMPEG_OTHER_PICTURE=(-f lavfi -i "mandelbrot=size=480x270:rate=20")
	FFMPEG_ENCODER=(-map "0:v" -c:v mpeg2video -b:v 700k -maxrate 1500k -bufsize 1M
		-g 50)
}

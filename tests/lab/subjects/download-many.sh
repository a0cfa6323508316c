# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# aria2 takes one file from twelve servers at once.

label lookalike
family transfer
used_for judging
needs aria2c nginx
strangers 2

start() {
	web_server s1 100k && web_server s2 100k || return
	directory download >/dev/null
}

drive() {
	local i urls=()
	for ((i = 1; i <= 6; i++)); do
		urls+=("http://$(stranger 1 "$i")/file" "http://$(stranger 2 "$i")/file")
	done
	# A file of 20 MB is there in less than the time of a run: take it again.
	# shellcheck disable=SC2016 # for the shell in the office
	office bash -c 'while :; do
		aria2c --no-conf -d "$0" --allow-overwrite=true --file-allocation=none \
			--summary-interval=0 -s 12 -k 1M "$@"
	done' "$NS_DIR/download" "${urls[@]}"
}

role_proof() {
	exchanged_at_least 10000000 50000
}

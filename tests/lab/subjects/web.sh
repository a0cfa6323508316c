# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Browsing: short pages from forty servers, six at a time, with time to think.

label lookalike
family web
used_for tuning
needs nginx curl
strangers 4
quick

start() {
	local i
	for i in 1 2 3 4; do web_server "s$i" 0 || return; done
}

drive() {
	local i
	for i in 1 2 3 4 5 6; do
		# shellcheck disable=SC2016 # for the shell in the office
		office bash -c 'sizes=(1 4 4 20 20 90 400)
			while :; do
				curl -s -o /dev/null "http://198.19.$((RANDOM % 4 + 1)).$((
					RANDOM % 10 + 1))/page-${sizes[RANDOM % 7]}"
				sleep 0.$((RANDOM % 7))
			done'
	done
}

role_proof() {
	exchanged_at_least 3000000 50000
}

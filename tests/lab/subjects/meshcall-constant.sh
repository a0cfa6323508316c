# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A mesh call of four others at constant rates, as sound without silence detection.

label lookalike
family call
used_for tuning
needs iperf3
strangers 4

start() {
	local i
	for i in 1 2 3 4; do iperf_server "$i" || return; done
}

drive() {
	local i
	for i in 1 2 3 4; do
		office iperf3 -c "$(stranger "$i")" -u --bidir -l 1000 \
			-b "$((600 + 50 * i))K" -t 600
	done
}

role_proof() {
	exchanged_at_least 3000000 3000000
}

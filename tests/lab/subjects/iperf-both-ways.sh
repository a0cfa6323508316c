# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# iperf3 both ways with one stranger.

label lookalike
family transfer
used_for tuning
needs iperf3
quick

start() {
	iperf_server 1
}

drive() {
	office iperf3 -c "$(stranger 1)" --bidir -b 10M -t 600
}

role_proof() {
	exchanged_at_least 5000000 5000000
}

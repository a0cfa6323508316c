# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A call of five others without a server, at the rates of an encoder looking at a face.

label lookalike
family call
used_for tuning
needs perl
strangers 5
quick

start() {
	:
}

drive() {
	local i others=()
	for i in 1 2 3 4 5; do
		others+=("$(stranger "$i"):7000")
		at "$i" tests/netns/call.pl 7000 "$OFFICE:7000"
	done
	office tests/netns/call.pl 7000 "${others[@]}"
}

role_proof() {
	exchanged_at_least 3000000 3000000
}

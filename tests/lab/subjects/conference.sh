# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A participant of a conference: five pictures come in from the media servers, the own
# one goes out to one of them.

label lookalike
family call
used_for judging
needs perl
strangers 5

start() {
	:
}

drive() {
	local i
	for i in 1 2 3 4 5; do at "$i" tests/netns/call.pl 7000 "$OFFICE:7000"; done
	office tests/netns/call.pl 7000 "$(stranger 1):7000"
}

role_proof() {
	exchanged_at_least 5000000 1000000
}

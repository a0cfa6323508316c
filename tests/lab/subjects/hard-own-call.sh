# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A relay of six calls whose owner has a video call in the same program at the same time,
# larger than any of them.

label relay
family hidden
used_for tuning
needs perl
strangers 3

. tests/lab/hard.sh

start() {
	at 3 tests/netns/call.pl 7000 "$OFFICE:5000"
	relay_calls own "$(stranger 3):7000"
}

drive() {
	drive_calls
}

role_proof() {
	calls_proof 500000 && at_least "$(received s3 eth0)" 1000000 "of its owner's call"
}

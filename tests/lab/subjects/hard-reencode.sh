# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Six calls, each packet sent on at once with another length, as by another codec.

label relay
family hidden
used_for tuning
strangers 2
quick

. tests/lab/hard.sh

start() {
	relay_calls reencode 1
}

drive() {
	drive_calls
}

role_proof() {
	calls_proof 100000
}

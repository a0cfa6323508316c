# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Six calls, every packet up to twice as long when it goes out.

label relay
family hidden
used_for tuning
strangers 2

. tests/lab/hard.sh

start() {
	relay_calls pad 100
}

drive() {
	drive_calls
}

role_proof() {
	calls_proof 500000
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Six calls, held back: what has come goes out every 5 s.

label relay
family hidden
used_for tuning
strangers 2
traffic_seconds 60

. tests/lab/hard.sh

start() {
	relay_calls batch 5
}

drive() {
	drive_calls
}

role_proof() {
	calls_proof 500000
}

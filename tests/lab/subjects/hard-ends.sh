# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Six calls for a minute, then silence, though the program stays and the callers go on
# calling: what was a relay is a client again.

label relay
family hidden
used_for tuning
strangers 2
traffic_seconds 480
slow
ends

. tests/lab/hard.sh

start() {
	relay_calls stop 60
}

drive() {
	drive_calls
}

role_proof() {
	calls_proof 300000
}

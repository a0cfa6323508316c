# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Six calls behind cover traffic: each peer gets 25 kB/s in packets of one size, always,
# whether there is something to say or not.

label relay
family hidden
used_for tuning
strangers 2

. tests/lab/hard.sh

start() {
	relay_calls rate 25000
}

drive() {
	drive_calls
}

role_proof() {
	calls_proof 500000
}

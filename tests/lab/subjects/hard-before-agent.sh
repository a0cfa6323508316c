# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A relay of six calls that runs, and relays, before the agent starts: its flows are old
# when they are first seen. Times are from the agent's start.

label relay
family hidden
used_for tuning
strangers 2

. tests/lab/hard.sh

before_agent() {
	relay_calls && drive_calls
}

start() {
	:
}

drive() {
	:
}

role_proof() {
	calls_proof 500000
}

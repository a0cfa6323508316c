# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Thousands of short circuits: fifty a second, of 128 KiB and some two seconds each, from
# 250 addresses to 250 others.

label relay
family exit
used_for tuning
strangers 2

. tests/lab/hard.sh

start() {
	at 2 "$PARTNER" serve "$NS_DIR/count-2" 0.0.0.0:80 0 size 131072 rate 60000
	listens 2 tcp 80 || return
	office "$(program circuits)" forward "$OFFICE:5000" "$(stranger 2 1):80" spread 250
	office_listens tcp 5000
}

drive() {
	at 1 "$PARTNER" fetch "$NS_DIR/count-1" "$(stranger 1 1):0" 250 "$OFFICE:5000" \
		every 0.02
}

role_proof() {
	circuits_proof 20000000 500
}

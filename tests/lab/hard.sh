# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Relays that hide, and whom they work for: relay.c, circuits.c, partner.c. Sourced by the
# subjects called hard-*. None of it is a client that exists: they are the tricks that one
# could play, and nothing in the agent may know them.

PARTNER=$BUILD/lab/partner

# program NAME: relay or circuits, as the watched program: a copy in the run's directory,
# for that is what recordings tell its path by.
program() {
	[ -e "$NS_DIR/bin/$1" ] || {
		directory bin >/dev/null && cp "$BUILD/lab/$1" "$NS_DIR/bin/" || return
	}
	echo "$NS_DIR/bin/$1"
}

# parties_talk N [NAME VALUE]...: N at stranger 1 by way of the relay at port 5000.
parties_talk() {
	at 1 "$PARTNER" talk "$NS_DIR/count-1" "$(stranger 1 1):4000" "$1" "$OFFICE:5000" \
		"${@:2}"
}

# parties_answer N [NAME VALUE]...: those they talk with, at stranger 2.
parties_answer() {
	at 2 "$PARTNER" answer "$NS_DIR/count-2" "$(stranger 2 1):4000" "$1" "${@:2}"
}

# relay_calls [NAME VALUE]...: the relay for six such calls.
relay_calls() {
	office "$(program relay)" "$OFFICE:5000" "$(stranger 2 1):4000" "$@"
	office_listens udp 5000
}

drive_calls() {
	parties_answer 6 "$@" && parties_talk 6 "$@"
}

# counted FILE FIELD: what a partner has written down last.
counted() {
	awk -v field="$2" '{ print $field }' "$NS_DIR/$1" 2>/dev/null
}

# Words of each side at the other, which is out of its reach.
calls_proof() { # BYTES
	at_least "$(counted count-1 1)" "$1" "heard by callers" &&
		at_least "$(counted count-2 1)" "$1" "heard by those they called"
}

# What came through circuits from servers that are out of reach.
circuits_proof() { # BYTES CIRCUITS
	local ended
	ended=$(counted count-1 2)
	echo "${ended:-0} circuits ended"
	[ "${ended:-0}" -ge "$2" ] &&
		at_least "$(counted count-1 1)" "$1" "fetched from servers out of reach"
}

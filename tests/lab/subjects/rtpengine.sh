# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# rtpengine: a media proxy, told by its control protocol to pass two callers' sound on to
# each other. G.711 without silence: fifty packets of one size a second, for ever.

label relay
family media
trade "telephone exchange"
used_for judging
needs rtpengine perl
strangers 2

start() {
	local dir
	dir=$(directory rtpengine) || return
	office rtpengine --foreground --no-fallback --table=-1 --interface="$OFFICE" \
		--listen-ng=127.0.0.1:2223 --port-min=30000 --port-max=31000 \
		--log-stderr --pidfile="$dir/pid" --num-threads=2
	office_listens udp 2223
}

# Six calls, set up as a SIP proxy does, then the callers talk.
drive() {
	local call ports
	for call in 1 2 3 4 5 6; do
		ports=$(ns_run office tests/lab/rtpengine-call.pl "$call" \
			"$(stranger 1 "$call")" "$(stranger 2 "$call")") || return
		# shellcheck disable=SC2086 # two words
		set -- $ports
		at 1 tests/lab/sound.pl "$(stranger 1 "$call"):4000" "$OFFICE:$1"
		at 2 tests/lab/sound.pl "$(stranger 2 "$call"):4000" "$OFFICE:$2"
	done
}

role_proof() {
	at_least "$(received s2 eth0)" 500000 "of sound, between callers out of reach"
}

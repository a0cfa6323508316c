#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# keep.sh [NAME...]: cuts recordings of the lab (RECORD=1) to what their verdicts need, at
# most 60 kB each, and lists what has become of them. Without names: of all that are there.
#
#   OUT=DIR    where the lab's results are (tests/lab/out)
#   KEPT=DIR   where they go (tests/lab/out/kept)
#   BYTES=N    how large one may be
#   WRITE=1    into tests/recordings, with the verdicts that a replay gives today, which
#              tests/replay/recordings.t then holds on to
#
# Only subjects for tuning: what a test looks at can no longer judge.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
OUT=${OUT:-tests/lab/out}
KEPT=${KEPT:-$OUT/kept}
BYTES=${BYTES:-60000}
WRITE=${WRITE:-}
[ -z "$WRITE" ] || KEPT=tests/recordings

keep() { # NAME
	local result=$OUT/$1.json recording=$OUT/recordings/$1.rwr
	[ -s "$recording" ] || { echo "$1: no recording; next: RECORD=1" && return 1; }
	jq -e '.status == "ok" and .used_for == "tuning" and .began_at' "$result" \
		>/dev/null || {
		echo "$1: passed over: it proved nothing, is for judging, or is old"
		return
	}
	tests/lab/cut.pl "$recording" "$result" "$BYTES" "$KEPT/$1.rwrec" || return 0
	[ -z "$WRITE" ] || tests/replay/recordings.t --write "$1" || return
	# What the agent said while it ran, a replay says too.
	[ "$(replayed_role "$1")" = "$(jq -r .verdict "$result")" ] ||
		echo "$1: a replay of what is kept says $(replayed_role "$1"); judge that"
}

# The worst it ever was, as the lab's verdict is.
replayed_role() { # NAME
	"${BUILD:-build}/agentctl" replay --json "$KEPT/$1.rwrec" |
		jq -r --arg name "$(jq -r .application "$OUT/$1.json")" '
			["client", "suspect", "supernode", "relay"] as $roles |
			[.timeline[] | select(.event == "role" and .app == $name) | .role as $r |
				$roles | index($r)] | $roles[max // 0]'
}

main() {
	local name names=("$@") failed=0
	mkdir -p "$KEPT" || exit 1
	[ ${#names[@]} -gt 0 ] || mapfile -t names < <(
		for name in "$OUT"/recordings/*.rwr; do basename "$name" .rwr; done)
	for name in "${names[@]}"; do keep "$name" || failed=1; done
	du -cb "$KEPT"/*.rwrec 2>/dev/null | tail -n 1 | awk '{ print $1 " bytes in all" }'
	exit "$failed"
}

main "$@"; exit

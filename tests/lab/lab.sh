#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lab.sh [--json FILE] [--report] [NAME...]: runs subjects one after another, each with a
# fresh agent in namespaces of its own, and reports; three quarters of an hour for all but
# the slow ones.
#
# With --report nothing is run: the report is made anew of the results that are there.
#
#   QUICK=1        one subject of each kind, 20 s at most and not long after a verdict
#   SLOW=1         also those that take minutes each; by their name they run anyway
#   CATALOGUE=DIR  the agent knows the clients in DIR; else it knows none
#   RECORD=1       keep what the agent observed, if it can record
#   NARROW=RATE    the office has a link of that rate (as 2mbit) each way
#   OUT=DIR        where everything goes (tests/lab/out)
#
# Exits non-zero when a subject could not run or proved nothing. A wrong verdict is the
# report's business, except with QUICK=1: there a look-alike called a relay fails.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
HERE=tests/lab
OUT=${OUT:-$HERE/out}
LOCK_FILE=/run/lock/relaywarden-lab
JSON=
export QUICK=${QUICK:-} SLOW=${SLOW:-} RECORD=${RECORD:-} NARROW=${NARROW:-}
export CATALOGUE=${CATALOGUE:-} LC_ALL=C

fail() {
	echo "lab: $*" >&2
	exit 1
}

read_arguments() {
	NAMES=()
	REPORT_ONLY=
	while [ $# -gt 0 ]; do
		case $1 in
		--json)
			[ $# -ge 2 ] || fail "--json needs a file"
			JSON=$2
			shift
			;;
		--report) REPORT_ONLY=1 ;;
		-*) fail "usage: lab.sh [--json FILE] [--report] [NAME...]" ;;
		*)
			[ -e "$HERE/subjects/$1.sh" ] || fail "there is no subject '$1'"
			NAMES+=("$1")
			;;
		esac
		shift
	done
	JSON=${JSON:-$OUT/report.json}
}

# Two labs on one machine would measure each other.
be_alone() {
	exec 9>>"$LOCK_FILE" || return
	flock -n 9 || fail "another lab runs on this machine; wait for its end"
}

# All subjects of a report meet the same agent, also when somebody builds meanwhile.
take_agent() {
	local build=${BUILD:-build} file
	mkdir -p "$OUT/agent" || return
	for file in relaywardend agentctl; do
		cp "$build/$file" "$OUT/agent/" || return
	done
	mkdir -p "$OUT/agent/lab" && cp "$build"/lab/* "$OUT/agent/lab/" || return
	BUILD=$(cd "$OUT/agent" && pwd)
	export BUILD
}

# Names of the subjects to run, relays first, kinds together.
choose_subjects() {
	local file
	for file in "$HERE"/subjects/*.sh; do
		file=${file##*/}
		"$HERE/subject.sh" --words "${file%.sh}" || return
	done | sort -k1,1r -k3,3 -k2,2 -t "$(printf '\t')" |
		awk -F '\t' -v quick="$QUICK" -v slow="$SLOW" \
			'(!quick || $5 == 1) && (slow || $6 == 0) { print $2 }'
}

# run_subject NAME: whatever happens, there is a result afterwards.
run_subject() {
	local result=$OUT/$1.json status seconds
	rm -f "$result"
	seconds=$("$HERE/subject.sh" --words "$1" | cut -f 7)
	timeout -k 30 $((260 + ${seconds:-40})) "$HERE/subject.sh" "$1" "$OUT" >"$OUT/$1.log" 2>&1 9>&-
	status=$?
	[ -s "$result" ] || jq -n --arg name "$1" \
		--arg words "ended with status $status: $(tail -n 3 "$OUT/$1.log")" \
		'{name: $name, label: "", family: "", used_for: "",
			status: "did not run", reason: $words}' >"$result"
}

run_all() {
	local name count=0
	for name in "${NAMES[@]}"; do
		count=$((count + 1))
		printf '%3d/%d  %-22s' "$count" "${#NAMES[@]}" "$name"
		run_subject "$name"
		jq -r 'if .status == "ok" then "\(.label): \(.verdict)" +
			(if .seconds_to_verdict and .promoted then
				", \(.seconds_to_verdict * 10 | round / 10) s" else "" end)
			else "\(.status): \(.reason)" end' "$OUT/$name.json"
	done
}

# Rows of cells with tabs between them; a row of one cell is a heading.
align() {
	awk -F '\t' '
		{ lines[NR] = $0; if (NF > 1) for (i = 1; i <= NF; i++)
			if (length($i) > width[i]) width[i] = length($i) }
		END { for (n = 1; n <= NR; n++) {
			count = split(lines[n], cell, "\t"); text = ""
			for (i = 1; i <= count; i++)
				text = text (count == 1 || i == count ? cell[i] : \
					sprintf("%-" width[i] + 2 "s", cell[i]))
			sub(/ +$/, "", text); print text } }'
}

report() {
	local results=() name
	for name in "${NAMES[@]}"; do results+=("$OUT/$name.json"); done
	mkdir -p "$(dirname "$JSON")" || return
	jq -s -f "$HERE/summary.jq" --arg quick "$QUICK" \
		--arg kernel "$(uname -r)" --argjson cpus "$(nproc)" \
		--arg catalogue "${CATALOGUE:-none}" "${results[@]}" >"$JSON" || return
	jq -r -f "$HERE/picture.jq" "$JSON" >"${JSON%.json}.svg" || return
	echo
	jq -r -f "$HERE/table.jq" "$JSON" | align
	echo
	echo "The whole report: $JSON, its picture: ${JSON%.json}.svg"
}

judge() {
	jq -e 'all(.subjects[]; .status == "ok")' "$JSON" >/dev/null ||
		fail "a subject did not run, or proved nothing; see the table"
	jq -e '.agents | length <= 1' "$JSON" >/dev/null ||
		fail "results of more than one agent are no measurement; run them all again"
	[ -z "$QUICK" ] || jq -e '.lookalikes.false_positives == 0' "$JSON" >/dev/null ||
		fail "a look-alike was called a relay"
}

main() {
	[ "$(id -u)" -eq 0 ] || fail "needs root, to make network namespaces: sudo make lab"
	[ -z "$CATALOGUE" ] || [ -d "$CATALOGUE" ] ||
		fail "CATALOGUE: no directory $CATALOGUE"
	read_arguments "$@"
	mkdir -p "$OUT" || exit 1
	if [ ${#NAMES[@]} -eq 0 ]; then
		mapfile -t NAMES < <(choose_subjects)
		[ ${#NAMES[@]} -gt 0 ] || fail "no subjects"
	fi
	if [ -z "$REPORT_ONLY" ]; then
		be_alone || fail "cannot open $LOCK_FILE"
		take_agent || fail "no agent to run; next: make"
		run_all
	fi
	report || fail "no report"
	judge
}

# In one line: nothing more is read, whoever edits this while it runs.
main "$@"; exit

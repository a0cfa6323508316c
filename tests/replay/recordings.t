#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What was recorded of real programs is judged today as it was when it was kept; see
# tests/recordings/README.md. Needs neither root nor an agent.

# shellcheck source=tests/replay/lib.sh
. "$(dirname "$0")/lib.sh"

RECORDINGS=$ROOT/tests/recordings

# Everything of a verdict; of the probability what other processors agree on.
verdicts() { # RECORDING
	"$CTL" replay --json "$1" | jq '{observations, refused,
		timeline: [.timeline[] | {after_ms, event, app, before, role, limits,
			probability: (.probability // 0 | . * 1000 | round / 1000)}],
		applications: [.applications[] | {name, role, peers, legs, bytes_in,
			bytes_out, relayed_in, relayed_out}]}'
}

if [ "${1:-}" = --write ]; then
	verdicts "$RECORDINGS/$2.rwrec" >"$RECORDINGS/$2.json"
	exit
fi

for recording in "$RECORDINGS"/*.rwrec; do
	name=$(basename "$recording" .rwrec)
	is "$(verdicts "$recording")" "$(cat "$RECORDINGS/$name.json")" \
		"$name: the verdicts are the ones that were kept"
	ok "$name is small enough to keep" \
		test "$(stat -c %s "$recording")" -lt 300000
done

n2n=$RECORDINGS/n2n-supernode.rwrec
"$CTL" replay "$n2n" >"$DIR/there" 2>&1
is $? 0 "a whole recording is a success"
TZ=Pacific/Kiritimati "$CTL" replay --json "$n2n" >"$DIR/far"
is "$(cat "$DIR/far")" "$("$CTL" replay --json "$n2n")" "and the same everywhere"
is "$("$CTL" replay --json - <"$n2n")" "$(cat "$DIR/far")" "and from a pipe"
like "$("$CTL" replay "$n2n" supernode)" "supernode: relay.*Strangers it passes" \
	"with an application named, why is told"
"$CTL" replay "$n2n" supernoed >/dev/null 2>"$DIR/said"
is $? 1 "one that is not there is an error"
like "$(cat "$DIR/said")" "did you mean 'supernode'" "which says which one is"

# Schedules follow the recording's clock, in the time zone of the reader.
start=$(jq .start "$DIR/far")
limits_in() { # TZ, TZ-THE-SCHEDULE-IS-MEANT-IN
	TZ=$1 "$CTL" replay --json "$n2n" --set 'app x.match.exe=*' \
		--set "app x.schedule=$(TZ=$2 date -d "@$start" '+%a %H:00')-24:00" \
		--set 'app x.promotion=shape' --set 'app x.relay_rate_up=8kbit' |
		jq '[.timeline[] | select(.event == "limits") | .limits[] |
			select(.bytes_per_second == 1000)] | length'
}
ok "a schedule applies at the hour of the recording" test "$(limits_in UTC0 UTC0)" -gt 0
is "$(limits_in UTC0 UTC-12)" 0 "and not at another"
is "$(limits_in UTC-12 UTC-12)" "$(limits_in UTC0 UTC0)" "as the reader's clock has it"

why=$("$CTL" replay "$n2n" supernode)
measured=$(sed -n 's/^ *[-+0-9.]* *\(strong\|some\|weak\|no\) .*/&/p' <<<"$why")
is "$(awk '{print ($1 < 0 ? -$1 : +$1)}' <<<"$measured")" \
	"$(awk '{print ($1 < 0 ? -$1 : +$1)}' <<<"$measured" | sort -rn)" \
	"what was measured comes strongest first"
like "$measured" "[+]8.0 +strong for +packets +In a sample of packets, 9[0-9] %" \
	"with its weight in number and word, and a sentence"
not_ok "what was not measured has no row" grep -q batches <<<"$measured"
like "$why" "Not measured: .*batches" "but one line names it"
like "$why" "Independent kinds of evidence: [2-9] [(].*packets.*[)]: enough to cut" \
	"how many kinds agree, and what that is enough for"
like "$why" "198.18.0.101 +198.18.0.102 +11.7 MB +11.5 MB" \
	"a leg leads from who sent to who received"
like "$why" "Relayed, since .*: 10.8 MB in.*All else .*: 1.38 MB in" \
	"relayed bytes and others stand apart"

"$CTL" replay --json "$n2n" >"$DIR/json"
ok "with --json every application has its evidence" jq -e 'all(.applications[];
	(.probability | type) == "number" and (.log_odds | type) == "number" and
	(.evidence | length) > 10 and (.evidence | all(has("family") and has("weight"))))' \
	"$DIR/json"
is "$(jq -r '.applications[0].evidence[].name' "$DIR/json" | while read -r name; do
	grep -qx "[.]It $name" "$ROOT/packaging/man/agentctl.1" || echo "$name"
done)" "" "and the manual tells what each name stands for"
ok "and own and relayed bytes that add up" jq -e 'all(.applications[];
	.own_in + .relayed_in == .bytes_in and .own_out + .relayed_out == .bytes_out)' \
	"$DIR/json"
ok "and whether it may be cut" jq -e '.applications[] | select(.name == "supernode") |
	.may_be_cut and .evidence_families >= 2 and
	.evidence_families == (.families | length)' "$DIR/json"

"$CTL" replay --evidence "$n2n" >"$DIR/lines"
is $? 0 "evidence over time is printed"
is "$(jq -s '[.[] | select(.app == "supernode") | .after_ms] |
	[., .[1:]] | transpose | map(select(.[1])) |
	all(.[1] - .[0] >= 900 and .[1] - .[0] <= 1200)' "$DIR/lines")" true \
	"a line a second for each application"
is "$(jq -s 'map(.evidence | keys) | unique | length' "$DIR/lines")" 1 \
	"all lines have the same members"
is "$(jq -s 'all([.evidence[] | .weight // 0] + [-.log_odds] | add | fabs < 0.001)' \
	"$DIR/lines")" true "the weights add up to the log-odds"
is "$(jq -s 'last | [.role, .evidence.batches]' -c "$DIR/lines")" '["relay",null]' \
	"the last one is the verdict, and what was not measured is null"
is "$("$CTL" replay --evidence "$n2n" supernode)" \
	"$(grep '"app":"supernode"' "$DIR/lines")" "or of one application alone"
"$CTL" replay --evidence "$n2n" nothing >"$DIR/there" 2>/dev/null
is $? 1 "of one that is not there it is an error"
is "$(cat "$DIR/there")" "" "and nothing else"
"$CTL" status --evidence >/dev/null 2>&1
is $? 2 "--evidence elsewhere is a mistake of usage"

mkdir "$DIR/policy.d" "$DIR/no-catalogue"
printf '[link]\ntrusted = 198.18.0.0/15\n' >"$DIR/policy.d/trust.ini"
is "$("$CTL" replay --json --policy "$DIR/policy.d" "$n2n" | jq '.timeline | length')" 0 \
	"by a policy that trusts its peers nothing happened"
is "$("$CTL" replay --json --set agent.mode=monitor "$n2n" |
	jq '[.timeline[] | select(.event == "limits")] | length')" 0 \
	"one changed setting is enough to limit nothing"
is "$("$CTL" replay --json --catalogue "$DIR/no-catalogue" "$n2n" |
	jq -r '.applications[] | select(.name == "supernode").client')" "" \
	"another catalogue is another knowledge of clients"
"$CTL" replay --set 'app *.promotion=destroy' "$n2n" >/dev/null 2>"$DIR/said"
is $? 3 "a setting with an unknown value is refused"
like "$(cat "$DIR/said")" '^--set:2: promotion: ' "and named"
"$CTL" replay --set nonsense "$n2n" >/dev/null 2>&1
is $? 2 "a setting that is none is a mistake of usage"

size=$(stat -c %s "$n2n")
head -c $((size - 1)) "$n2n" >"$DIR/cut"
"$CTL" replay "$DIR/cut" >"$DIR/there" 2>"$DIR/said"
is $? 1 "a recording without its last byte is no success"
like "$(cat "$DIR/said")" "byte $((size - 4)): cut off" "the error says where it ends"
like "$(cat "$DIR/there")" "supernode +relay" "what it holds is shown all the same"
{ head -c 20000 "$n2n" && printf '\xff%.0s' {1..20} && tail -c +20021 "$n2n"; } \
	>"$DIR/bad"
"$CTL" replay "$DIR/bad" >/dev/null 2>"$DIR/said"
like "$(cat "$DIR/said")" "^agentctl: $DIR/bad: byte [0-9]+: " \
	"a damaged one is refused at a byte"
"$CTL" replay "$0" >/dev/null 2>"$DIR/said"
is $? 1 "what is no recording is refused"
like "$(cat "$DIR/said")" "neither a recording nor a capture" "and told what is wanted"
"$CTL" replay --host 192.0.2.1 "$n2n" >/dev/null 2>&1
is $? 2 "--host with a recording is a mistake of usage"
done_testing

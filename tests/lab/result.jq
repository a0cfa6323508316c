# SPDX-License-Identifier: GPL-2.0-or-later
# The files of one run to one document. Times are seconds since the epoch; what takes
# time is counted to the later end of what the instruments leave open.

# Sustained relaying begins where half a second, and the three from there on, both carry
# 300 bytes a second each way.
def onset($from):
	[split("\n")[] | select(. != "") | split(" ") | map(tonumber) |
		select(length == 3)] as $samples |
	def carries($i; $j):
		$samples[$i] as $a | $samples[$j] as $b |
		(300 * ($b[0] - $a[0])) as $least |
		$b[1] - $a[1] >= $least and $b[2] - $a[2] >= $least;
	first(range($samples | length - 6) |
		select($samples[.][0] >= $from - 0.5 and carries(.; . + 1) and
			carries(.; . + 6)) | $samples[.][0]) // null;

def rates($from; $to):
	[split("\n")[] | select(. != "") | split(" ") | map(tonumber) |
		select(length == 3 and .[0] >= $from and .[0] <= $to)] |
	if length < 2 then {in: 0, out: 0} else
		(.[-1][0] - .[0][0]) as $span |
		{in: ((.[-1][1] - .[0][1]) / $span | round),
			out: ((.[-1][2] - .[0][2]) / $span | round)}
	end;

def rank: {client: 0, suspect: 1, supernode: 2, relay: 3}[.] // -1;

# Nothing but the subject runs in the office: what is worst there is its verdict, and
# among equals what carried most. Traffic that no process is known for cannot be a relay
# found, only a false alarm.
def worst:
	map(select($truth != "relay" or .kind != "unattributed")) |
	max_by([(.role | rank), .kind != "unattributed", .bytes_in + .bytes_out]);

def polls:
	[split("\n")[] | select(endswith("}")) |
		capture("^(?<before>[0-9.]+) (?<after>[0-9.]+) (?<status>.*)$") |
		(.status | fromjson) as $status |
		{before: (.before | tonumber), after: (.after | tonumber),
			worst: ($status.applications | worst)} |
		select(.worst)];

def evidence: [(. // [])[] | {name, measured, value, unit, weight, sentence}];

($follow | polls) as $polls |
($at_end[0] // {}) as $final |
($at_verdict[0] // {}) as $verdict |
(if $drive_at then $interface | onset($drive_at) else null end) as $onset |
([$polls[] | select(.worst.promoted)][0]) as $promoted |
{
	name: $name, label: $truth, family: $family, used_for: $used_for, note: $note,
	trade: $trade,
	status: $status, proof: (if $status == "ok" then $words else "" end),
	reason: (if $status == "ok" then "" else $words end)
} + if $status == "did not run" then {} else {
	verdict: (([$polls[].worst] | max_by(.role | rank)).role // "unseen"),
	promoted: ($promoted != null),
	role_at_end: ($polls[-1].worst.role // "unseen"),
	ends: $ends,
	# What the agent says it is by trade, if it says so.
	trade_seen: ($final.application.client_trade // ""),
	application: (($promoted // $polls[-1]).worst.name // $final.application.name // ""),
	began_at: $drive_at,
	traffic_seconds: ($end_at - $drive_at),
	rate: ($interface | rates($drive_at; $end_at)),
	seconds_to_onset: (if $onset then [$onset - $drive_at, 0] | max else null end),
	seconds_to_verdict: (if $promoted then
		[$promoted.after - ($onset // $drive_at), 0] | max else null end),
	probability: ($final.application.probability // null),
	highest_probability: ([$polls[].worst.probability] | max),
	relayed: {in: $final.application.relayed_in, out: $final.application.relayed_out},
	evidence: ($final.evidence | evidence),
	evidence_at_verdict: ($verdict.evidence | evidence),
	agent: {sha256: $sha256,
		cpu_permille: ($cpu_seconds / ($end_at - $drive_at) * 1000 | round),
		resident_bytes: $memory}
} end

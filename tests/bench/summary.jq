# SPDX-License-Identifier: GPL-2.0-or-later
# Samples and loads of bench.sh to one document. Ratios are of runs in the same round.

def rows($text): $text | split("\n") | map(select(. != "") | split(" "));

def median:
	sort | length as $n |
	if $n == 0 then null
	elif $n % 2 == 1 then .[($n - 1) / 2]
	else (.[$n / 2 - 1] + .[$n / 2]) / 2 end;

def spread: {median: median, lowest: min, highest: max, runs: length};

def thousandths: if . == null then null else . * 1000 | round / 1000 end;

# What came through this way, over what came through $base in the same round.
def ratio($way; $base):
	[group_by(.round)[] |
		(map(select(.way == $way))[0].value) as $with |
		(map(select(.way == $base))[0].value) as $without |
		select($with and $without and $without > 0) | $with / $without] |
	spread | .median |= thousandths | .lowest |= thousandths | .highest |= thousandths;

def values($way): [.[] | select(.way == $way) | .value] | spread;

def test($name; $unit):
	map(select(.test == $name)) | . as $runs | {
		name: $name,
		unit: $unit,
		ways: ($runs | map(.way) | unique | map(. as $way | {
			way: $way,
			value: ($runs | values($way)),
			to_none: ($runs | ratio($way; "none")),
			to_conntrack: ($runs | ratio($way; "conntrack")),
			daemon_cpu_permille:
				([$runs[] | select(.way == $way) | .cpu] | spread)
		}))
	};

(rows($samples) | map({
	test: .[0], way: .[1], round: (.[2] | tonumber), value: (.[3] | tonumber),
	cpu: (.[4] | tonumber)
})) as $runs |
{
	schema_version: 1,
	quick: $quick,
	kernel: $kernel,
	cpus: $cpus,
	rounds: $rounds,
	run_seconds: $run_seconds,
	unmanaged: [
		($runs | test("stream"; "bits per second")),
		($runs | test("packets"; "bits per second")),
		($runs | test("connect"; "connections per second"))
	],
	daemon: (rows($loads) | map({
		load: .[0],
		flows: (.[1] | tonumber),
		heavy_flows: (.[2] | tonumber),
		resident_bytes: (.[3] | tonumber * 1024),
		cpu_permille: (.[4] | tonumber),
		seconds: (.[5] | tonumber)
	}))
}

# SPDX-License-Identifier: GPL-2.0-or-later
# What enforce.sh measured, to one document.

def rows($text): $text | split("\n") | map(select(. != "") | split(" "));
def numbers: map(tonumber);

{
	schema_version: 1,
	kernel: $kernel,
	cpus: $cpus,
	rates: (rows($rates) | map({
		how: .[0], protocol: .[1], direction: .[2],
		rate_kbit: (.[3] | tonumber), passed_to_rate: (.[4] | tonumber)
	})),
	neighbour: (rows($neighbour) | map(.[0] as $state | .[1:] | numbers | {
		state: $state,
		rtt_median_ms: .[0], rtt_p99_ms: .[1], lost_percent: .[2],
		download_mbit: (.[3] * 10 | round / 10), uplink_in_mbit: .[4],
		uplink_out_mbit: .[5]
	})),
	promotions: (rows($promotions) | map(.[0] as $state | .[1:] | numbers | {
		state: $state,
		verdict_to_rule_ms: (if .[2] > 0 then (.[2] - .[1]) * 1000 | round
			else null end),
		passed_mbit: {first_second: .[3], second: .[4], third: .[5]}
	}))
}

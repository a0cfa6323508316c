# SPDX-License-Identifier: GPL-2.0-or-later
# Results of subjects to one report.

# The value that at least this share of the sorted ones do not exceed.
def quantile($share): sort | if length == 0 then null else
	.[[(length * $share | ceil) - 1, 0] | max] end;

def round3: if . == null then null else . * 1000 | round / 1000 end;

def ratio($a; $b): if $b > 0 then $a / $b | round3 else null end;

# Wilson's interval: what a share of few says about the share of all, 95 %.
def interval($hits; $count):
	if $count == 0 then null else
		1.96 as $z | ($hits / $count) as $p | (1 + $z * $z / $count) as $d |
		(($p + $z * $z / (2 * $count)) / $d) as $middle |
		($z * (($p * (1 - $p) + $z * $z / (4 * $count)) / $count | sqrt) / $d) as $half |
		[([$middle - $half, 0] | max | round3), ([$middle + $half, 1] | min | round3)]
	end;

def relays:
	map(select(.label == "relay")) as $all | ($all | map(select(.promoted))) as $found |
	($found | map(.seconds_to_verdict)) as $times |
	{
		subjects: ($all | length), found: ($found | length),
		recall: ratio($found | length; $all | length),
		recall_interval: interval($found | length; $all | length),
		seconds_median: ($times | quantile(0.5) | round3),
		seconds_p95: ($times | quantile(0.95) | round3),
		missed: ($all | map(select(.promoted | not).name))
	};

# Upper: with no false positive, 3 over the exposure (the rule of three).
def lookalikes:
	map(select(.label == "lookalike")) as $all |
	($all | map(select(.promoted))) as $false |
	(($all | map(.traffic_seconds) | add // 0) / 3600) as $hours |
	{
		subjects: ($all | length), false_positives: ($false | length),
		suspects: ($all | map(select(.verdict == "suspect").name)),
		application_hours: ($hours | round3),
		false_positives_per_hour: ratio($false | length; $hours),
		false_positives_per_hour_upper:
			(if $hours > 0 and ($false | length) == 0 then 3 / $hours | round3
			else null end),
		names: ($false | map(.name))
	};

# Final probabilities in five bins, and how many of each bin were relays.
def calibration:
	map(select(.probability != null)) as $all |
	[range(5) | . as $bin | ($all | map(select(
		([.probability * 5 | floor, 4] | min) == $bin))) as $in |
	{
		from: ($bin / 5), to: (($bin + 1) / 5), subjects: ($in | length),
		mean_probability: ratio($in | map(.probability) | add // 0; $in | length),
		relays: ratio($in | map(select(.label == "relay")) | length; $in | length)
	}];

# Those that are relays because that is their job: does the report say so?
def trades:
	map(select(.trade != "")) as $all |
	{
		subjects: ($all | length),
		named: ($all | map(select(.trade_seen == .trade)) | length),
		unnamed: ($all | map(select(.trade_seen != .trade).name))
	};

. as $subjects |
map(select(.status == "ok")) as $measured |
{
	schema_version: 1,
	quick: ($quick != ""),
	kernel: $kernel,
	cpus: $cpus,
	catalogue: $catalogue,
	agents: ([$measured[].agent.sha256] | unique),
	relays: ($measured | relays),
	lookalikes: ($measured | lookalikes),
	hidden: ($measured | map(select(.name | startswith("hard-"))) | relays),
	trades: ($measured | trades),
	judging_only: {
		relays: ($measured | map(select(.used_for == "judging")) | relays),
		lookalikes: ($measured | map(select(.used_for == "judging")) | lookalikes)
	},
	calibration: ($measured | calibration),
	not_measured: [$subjects[] | select(.status != "ok") | {name, status, reason}],
	subjects: $subjects
}

# SPDX-License-Identifier: GPL-2.0-or-later
# The document of enforce.jq as rows of cells with tabs between them.

def shown: if . == null then "-" else tostring end;
def rate: if . >= 1000 then "\(. / 1000) Mbit/s" else "\(.) kbit/s" end;

(select(.rates | length > 0) |
	(["passed / rate", "tcp up", "tcp down", "udp up", "udp down"] | @tsv),
	(.rates | group_by([.how, .rate_kbit])[] | . as $cells | .[0] as $first |
		["\($first.how) \($first.rate_kbit | rate)"] +
		([("tcp", "udp") as $protocol | ("up", "down") as $direction |
			[$cells[] | select(.protocol == $protocol and
				.direction == $direction) | .passed_to_rate][0] | shown]) |
		@tsv)),
(select(.neighbour | length > 0) |
	(["the colleague", "median ms", "p99 ms", "lost %", "download Mbit/s",
		"uplink in / out Mbit/s"] | @tsv),
	(.neighbour[] | [.state, .rtt_median_ms, .rtt_p99_ms, .lost_percent,
		.download_mbit, "\(.uplink_in_mbit) / \(.uplink_out_mbit)"] | @tsv)),
(select(.promotions | length > 0) |
	(["the rule", "ms after the verdict", "Mbit out in its second", "the next",
		"the third"] | @tsv),
	(.promotions[] | [.state, (.verdict_to_rule_ms | shown),
		.passed_mbit.first_second, .passed_mbit.second, .passed_mbit.third] | @tsv))

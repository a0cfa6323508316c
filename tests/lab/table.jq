# SPDX-License-Identifier: GPL-2.0-or-later
# The report as rows of cells with tabs between them; a row of one cell is a line.

def fixed($digits):
	if . == null then "-" else
		pow(10; $digits) as $p | (. * $p | round) as $n |
		(if $n < 0 then "-" else "" end) as $sign | ($n | fabs | tostring) as $s |
		if $digits == 0 then $sign + $s else
			(("0" * ([$digits + 1 - ($s | length), 0] | max)) // "") + $s |
			$sign + .[:-$digits] + "." + .[-$digits:]
		end
	end;

def mbit: . * 8 / 1e6 | fixed(2);

# Right where the verdict says what the label says, and at the end of a relay that ends
# also that it is none any more.
def mark: if (.label == "relay") == .promoted and
	((.ends | not) or .role_at_end == "client") then " " else "!" end;

# A relay by trade is shown with it, and with what the agent took it for.
def label_cell: .label + (if .trade != "" then " (\(.trade))" else "" end);

def verdict_cell: .verdict +
	(if .trade_seen != "" then ", \(.trade_seen)" elif .trade != "" then ", no trade" else
		"" end) +
	(if .ends then ", then \(.role_at_end)" else "" end);

# The terms that weigh something, heaviest first.
def terms:
	[(if .promoted and (.evidence_at_verdict | length > 0) then .evidence_at_verdict
		else .evidence end)[] | select(.weight != 0 and .name != "prior")] |
	sort_by(-(.weight | fabs)) |
	map((if .weight > 0 then "+" else "" end) + (.weight | fixed(1)) + " " + .name) |
	join(", ");

def row:
	if .status == "did not run" or .status == "proved nothing" then
		["!", .name, .label, .family, .used_for, .status, "-", "-", "-", "-", "-",
			.reason]
	else
		[mark, .name, label_cell, .family, .used_for, verdict_cell,
			(if .promoted then .seconds_to_verdict | fixed(1) else "-" end),
			(.probability | fixed(2)), (.rate.in | mbit), (.rate.out | mbit),
			(.agent.cpu_permille / 10 | fixed(1)), terms]
	end;

def percent: if . == null then "-" else . * 100 | fixed(1) + " %" end;

def relay_line($words):
	"\($words): recall \(.found) of \(.subjects) (\(.recall | percent)" +
	(if .recall_interval then
		", 95 %: \(.recall_interval[0] | percent) to \(.recall_interval[1] | percent)"
	else "" end) +
	"); time to verdict: median \(.seconds_median | fixed(1)) s, " +
	"95th percentile \(.seconds_p95 | fixed(1)) s" +
	(if .missed != [] then "; missed: \(.missed | join(", "))" else "" end);

def lookalike_line($words):
	"\($words): \(.false_positives) false of \(.subjects) in " +
	"\(.application_hours | fixed(2)) application-hours" +
	(if .false_positives > 0 then
		" (\(.false_positives_per_hour | fixed(1)) an hour): \(.names | join(", "))"
	elif .false_positives_per_hour_upper then
		" (95 %: fewer than \(.false_positives_per_hour_upper | fixed(0)) an hour)"
	else "" end) +
	(if .suspects != [] then "; suspected: \(.suspects | join(", "))" else "" end);

(["", "subject", "label", "family", "used for", "verdict", "seconds", "p", "in", "out",
	"agent %", "evidence"] | @tsv),
(.subjects[] | row | @tsv),
"",
"seconds: first sustained relaying to verdict. in, out: Mbit/s. agent: % of a core.",
"!: the verdict is not what the label says, or there is none.",
"Agents (SHA-256): \(.agents | map(.[:16]) | join(", "))",
"",
(.relays | relay_line("Relays")),
(.hidden | select(.subjects > 0) | relay_line("  of them made to be hard")),
(.judging_only.relays | relay_line("  for judging only")),
(.lookalikes | lookalike_line("Look-alikes")),
(.judging_only.lookalikes | lookalike_line("  for judging only")),
(.trades | select(.subjects > 0) | "Relays by trade: \(.named) of \(.subjects) " +
	"reported as what they are" + (if .unnamed != [] then
		"; not: \(.unnamed | join(", "))" else "" end)),
("Calibration: " + ([.calibration[] | select(.subjects > 0) |
	"p \(.from | fixed(1)) to \(.to | fixed(1)): \(.relays | percent) of " +
	"\(.subjects) are relays"] | join("; ")))

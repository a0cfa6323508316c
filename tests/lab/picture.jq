# SPDX-License-Identifier: GPL-2.0-or-later
# The report as a picture (SVG): a row a subject, with what was found, when, and why;
# below them the sums. Colours are told apart by the colour-blind, and never alone.

def escape: tostring | gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;") |
	gsub("\""; "&quot;");

def fixed($digits):
	if . == null then "–" else
		pow(10; $digits) as $p | (. * $p | round) as $n |
		if $digits == 0 then $n | tostring else
			($n | fabs | tostring) as $s |
			((("0" * ([$digits + 1 - ($s | length), 0] | max)) // "") + $s) as $t |
			(if $n < 0 then "–" else "" end) + $t[:-$digits] + "." + $t[-$digits:]
		end
	end;

def percent: if . == null then "–" else (. * 100 | fixed(1)) + " %" end;

def text($x; $y; $class; $words):
	"<text x=\"\($x)\" y=\"\($y)\" class=\"\($class)\">\($words | escape)</text>";

def box($x; $y; $w; $h; $fill; $title):
	"<rect x=\"\($x)\" y=\"\($y)\" width=\"\($w)\" height=\"\($h)\" fill=\"\($fill)\">" +
	"<title>\($title | escape)</title></rect>";

def line($x1; $y1; $x2; $y2; $class):
	"<line x1=\"\($x1)\" y1=\"\($y1)\" x2=\"\($x2)\" y2=\"\($y2)\" class=\"\($class)\"/>";

# Columns.
def width: 1180;
def row_height: 24;
def top: 92;
def x_name: 28;
def x_label: 200;
def x_verdict: 290;
def x_time: 385;
def time_width: 150;
def x_probability: 610;
def x_evidence: 680;
# What one term has, of which a little is air.
def term_width($names): [(width - x_evidence - 10) / ($names | length), 70] | min;
def term_half($names): term_width($names) * 0.4;

def relay_colour: "#d55e00";
def clear_colour: "#0072b2";
def doubt_colour: "#e69f00";

def verdict_colour:
	if .promoted then relay_colour elif .verdict == "suspect" then doubt_colour
	else clear_colour end;

# The longest a bar of time shows.
def time_full: 30;

def time_bar($y):
	if .promoted then
		([.seconds_to_verdict / time_full, 1] | min * time_width) as $w |
		box(x_time; $y - 11; [$w, 1] | max; 10; verdict_colour;
			"\(.seconds_to_verdict | fixed(2)) s"),
		text(x_time + $w + 5; $y - 2; "small"; (.seconds_to_verdict | fixed(1)) + " s")
	else text(x_time; $y - 2; "faint"; "–") end;

def terms: if .promoted and (.evidence_at_verdict | length > 0)
	then .evidence_at_verdict else .evidence end |
	map(select(.name != "prior"));

# Eight in log-odds is the cap of the heaviest term.
def evidence_bars($names; $y):
	terms as $terms |
	$names | to_entries[] | .key as $i | .value as $name |
	(x_evidence + $i * term_width($names) + term_half($names)) as $zero |
	first($terms[] | select(.name == $name)) as $term |
	line($zero; $y - 15; $zero; $y + 3; "axis"),
	(if $term.measured | not then text($zero - 3; $y - 2; "faint"; "·")
	elif $term.weight == 0 then empty
	else
		([($term.weight | fabs) / 8, 1] | min * term_half($names)) as $w |
		box((if $term.weight > 0 then $zero else $zero - $w end); $y - 11; $w; 10;
			(if $term.weight > 0 then relay_colour else clear_colour end);
			"\($name) \($term.weight | fixed(1)): \($term.sentence)")
	end);

def row($names; $y):
	(if .status != "ok" then
		text(x_name; $y - 2; "name"; .name),
		text(x_label; $y - 2; "faint"; .label),
		text(x_verdict; $y - 2; "faint"; .status)
	else
		(if (.label == "relay") != .promoted then
			box(8; $y - 16; width - 16; row_height - 3; "#fbe3e4"; "not what the label says"),
			text(12; $y - 2; "bad"; "✗")
		else text(12; $y - 2; "good"; "✓") end),
		text(x_name; $y - 2; "name"; .name +
			(if .used_for == "judging" then " ◦" else "" end)),
		text(x_label; $y - 2; "small"; .label),
		"<text x=\"\(x_verdict)\" y=\"\($y - 2)\" class=\"name\" " +
			"style=\"fill:\(verdict_colour)\">\(.verdict)</text>",
		time_bar($y),
		text(x_probability; $y - 2; "name"; .probability | fixed(2)),
		evidence_bars($names; $y)
	end),
	line(8; $y + 6; width - 8; $y + 6; "rule");

def number($x; $y; $value; $words; $more):
	text($x; $y; "big"; $value), text($x; $y + 20; "small"; $words),
	text($x; $y + 36; "faint"; $more);

def sums($y):
	number(28; $y; .relays.recall | percent; "recall";
		"\(.relays.found) of \(.relays.subjects) relays; judging only " +
		"\(.judging_only.relays.found) of \(.judging_only.relays.subjects)"),
	number(290; $y; "\(.lookalikes.false_positives)"; "false positives";
		"of \(.lookalikes.subjects), in \(.lookalikes.application_hours | fixed(2)) " +
		"application-hours"),
	number(520; $y;
		(if .lookalikes.false_positives > 0 then
			.lookalikes.false_positives_per_hour | fixed(1)
		else "< " + (.lookalikes.false_positives_per_hour_upper | fixed(0)) end);
		"false positives an application-hour";
		(if .lookalikes.false_positives > 0 then "measured"
		else "95 % bound of so short an exposure" end)),
	number(780; $y; "\(.relays.seconds_median | fixed(1)) s"; "median time to detect";
		"95th percentile \(.relays.seconds_p95 | fixed(1)) s");

# How many of each bin were relays, beside what the probability says they should be.
def calibration($y):
	text(28; $y; "head"; "Calibration: of subjects with this probability at the end, " +
		"the share that are relays"),
	(.calibration | to_entries[] | .key as $i | .value as $bin |
		(28 + $i * 150) as $x | ($y + 100) as $floor |
		line($x; $floor; $x + 120; $floor; "axis"),
		(($bin.from + $bin.to) / 2 * 70) as $ideal |
		(if $bin.relays != null then
			box($x + 20; $floor - $bin.relays * 70; 50;
				[$bin.relays * 70, 1] | max; relay_colour;
				"\($bin.relays | percent) of \($bin.subjects)"),
			line($x + 10; $floor - $ideal; $x + 80; $floor - $ideal; "ideal"),
			text($x + 84; $floor - 6; "small"; "\($bin.relays | percent)")
		else text($x + 24; $floor - 6; "faint"; "none") end),
		text($x; $floor + 16; "small"; "\($bin.from | fixed(1)) to \($bin.to | fixed(1))" +
			", n = \($bin.subjects)")),
	text(790; $y + 100; "faint"; "dashed: what the probability says");

([.subjects[] | select(.evidence) | .evidence[].name] |
	reduce .[] as $n ([]; if index($n) then . else . + [$n] end) |
	map(select(. != "prior"))) as $names |
(.subjects | length) as $count |
(top + $count * row_height) as $after |
"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\($after + 255)\" " +
	"viewBox=\"0 0 \(width) \($after + 255)\" font-family=\"system-ui, sans-serif\">",
"<style>text{font-size:12px;fill:#222}.title{font-size:18px;font-weight:600}" +
	".head{font-weight:600}.small{font-size:11px}.faint{font-size:11px;fill:#777}" +
	".big{font-size:24px;font-weight:600}.good{fill:#009e73}" +
	".bad{fill:#b00020;font-weight:700}" +
	".rule{stroke:#eee}.axis{stroke:#bbb}.ideal{stroke:#222;stroke-dasharray:3 3}</style>",
"<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
text(12; 28; "title"; "Relaywarden: the accuracy lab"),
text(12; 48; "faint"; "Real programs in namespaces, catalogue: \(.catalogue). " +
	"◦ never used for tuning. Bars of evidence: log-odds, right for a relay, left " +
	"against; · not measured."),
text(x_name; 78; "head"; "subject"), text(x_label; 78; "head"; "label"),
text(x_verdict; 78; "head"; "verdict"),
text(x_time; 78; "head"; "time to detect (\(time_full) s)"),
text(x_probability; 78; "head"; "p at end"),
($names | to_entries[] | text(x_evidence + .key * term_width($names); 78; "small";
	.value | sub("-share$"; ""))),
(.subjects | to_entries[] | .key as $i |
	.value | row($names; top + $i * row_height + 16)),
sums($after + 46),
calibration($after + 120),
"</svg>"

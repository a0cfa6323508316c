# SPDX-License-Identifier: GPL-2.0-or-later
# The document of summary.jq as rows of cells with tabs between them; a row of one cell
# is a heading.

def fixed($digits):
	if . == null then "-" else
		pow(10; $digits) as $p | (. * $p | round | tostring) as $s |
		if $digits == 0 then $s else
			("0" * ([$digits + 1 - ($s | length), 0] | max) // "") + $s |
			.[:-$digits] + "." + .[-$digits:]
		end
	end;

def ratio:
	if .median == null then "-" else
		"\(.median | fixed(2)) (\(.lowest | fixed(2))..\(.highest | fixed(2)))"
	end;

def percent: if . then . / 10 | fixed(1) else "-" end;

def way_order: {none: 0, conntrack: 1, agent: 2, opensnitch: 9}[.] //
	(if startswith("apps-") then 3 + (.[5:] | tonumber) / 1000 else 4 end);

def row($scale):
	["    \(.way)", (.value | .median, .lowest, .highest |
		if . then . / $scale | fixed(2) else "-" end),
		(.to_conntrack | ratio), (.to_none | ratio),
		(if .daemon_cpu_permille.median > 0 then
			"\(.daemon_cpu_permille.median | percent) %" else "" end)];

def title: {
	stream: "TCP stream, Gbit/s",
	packets: "the same in wire-size packets, Gbit/s",
	connect: "new TCP connections, 1,000 a second"
}[.];

def load_title: {
	idle: "idle",
	light_sends: "a little, one way",
	light_talks: "a little, both ways",
	heavy_sends: "above 16 KiB, one way",
	heavy_talks: "above 16 KiB, both ways",
	slow_talks: "a little, 3 % move a second",
	heavy_slow_talks: "above 16 KiB, the same"
}[.];

"Unmanaged traffic, \(.rounds) rounds of \(.run_seconds) s each",
(["", "median", "lowest", "highest", "to conntrack", "to none", "daemon"] | @tsv),
(.unmanaged[] | select(.ways | length > 0) |
	(if .name == "connect" then 1e3 else 1e9 end) as $scale |
	"  \(.name | title)",
	(.ways | sort_by(.way | way_order)[] | row($scale) | @tsv)),
(select(.daemon | length > 0) | "",
([.daemon[].seconds] | [min // 0, max // 0] | unique | map("\(.) s") |
	"The daemon, over \(join(" each, with 100,000 flows over "))"),
(["", "flows", "heavy", "MiB", "% of a core"] | @tsv),
(.daemon[] | [(.load | load_title), (.flows, .heavy_flows | tostring),
	(.resident_bytes / 1048576 | fixed(1)), (.cpu_permille | percent)] | @tsv)),
"",
"none: no conntrack, no rules. conntrack: a `ct state` rule each way, no accounting.",
"both ways: could be a relay; once that shows, it is read five times a second.",
"agent: relaywardend with the shipped policy; apps-N: beside N limited applications;",
"table-N: beside N flows. \(.cpus) CPUs, Linux \(.kernel)."

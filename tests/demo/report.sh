# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# From the instruments' files to the table, the chart and the judgement.

# What counts as the link given back: this share of the quiet day's throughput, and this
# much round-trip time beside twice the quiet day's.
BACK_SHARE=0.7
BACK_RTT_MS=10
# The demo proves nothing unless the strangers really filled the link this far.
FULL_SHARE=0.8

# report_rtt BEGIN END: "MEDIAN P99 LOST%" of the colleague's pings in that time.
report_rtt() {
	awk -v begin="$1" -v end="$2" '
		/icmp_seq=/ {
			time = substr($1, 2) + 0
			if (time < begin || time >= end) next
			match($0, /icmp_seq=[0-9]+/)
			seq = substr($0, RSTART + 9, RLENGTH - 9) + 0
			if (!first || seq < first) first = seq
			if (seq > last) last = seq
			if (match($0, /time=[0-9.]+/))
				print substr($0, RSTART + 5, RLENGTH - 5) + 0
		}
		END { if (first) print "sent", last - first + 1 }' "$NS_DIR/ping" |
		sort -g | awk '
		$1 == "sent" { sent = $2; next }
		{ rtt[++n] = $1 }
		END {
			if (!n) { print "0 0 100"; exit }
			lost = sent > n ? 100 * (sent - n) / sent : 0
			middle = int((n + 1) / 2); high = int(n * 0.99 + 0.999)
			printf "%.2f %.2f %.1f\n", rtt[middle], rtt[high], lost
		}'
}

# report_uplink BEGIN END: "IN OUT" in Mbit/s, means over that time.
report_uplink() {
	awk -v begin="$1" -v end="$2" '
		$1 >= begin && $1 <= end {
			if (!n++) { t = $1; r = $2; s = $3 }
			span = $1 - t; received = $2 - r; sent = $3 - s
		}
		END {
			if (span <= 0) { print "0 0"; exit }
			printf "%.1f %.1f\n", received * 8e-6 / span, sent * 8e-6 / span
		}' "$NS_DIR/uplink"
}

# First time the follower saw a promoted role, or a limit: "EARLIEST LATEST", the times
# between which it happened; nothing when it did not.
report_seen() { # promoted|limited
	awk -v what="$1" '
		function seen() {
			return what == "limited" ? $5 > 0 : $3 ~ /^(relay|supernode)$/
		}
		seen() { print (before ? before : $1), $2; exit }
		{ before = $1 }' "$NS_DIR/follow" 2>/dev/null
}

# The table, from the arrays QUIET, FULL and BACK: (median p99 lost download relayed).
report_table() {
	local third="Relaywarden"
	[ "$DEMO_AGENT" != 0 ] || third="by hand"
	printf '\n%s  %-31s%12s%12s%12s%s\n' "$SCREEN_BOLD" "" "quiet day" "promoted" \
		"$third" "$SCREEN_OFF"
	report_row "colleague's round trip, median" ms 2 0
	report_row "colleague's round trip, 99 %" ms 2 1
	report_row "colleague's pings lost" % 1 2
	report_row "colleague's download" Mbit/s 0 3
	report_row "relayed for strangers, each way" Mbit/s 1 4
}

report_row() { # TITLE UNIT DECIMALS INDEX
	local LC_ALL=C
	printf '  %-31s%12.*f%12.*f%12.*f  %s\n' "$1" "$3" "${QUIET[$4]}" \
		"$3" "${FULL[$4]}" "$3" "${BACK[$4]}" "$2"
}

# The delays, each as the interval the instruments leave open; the later end counts.
report_delays() {
	local promoted limited
	read -ra promoted <<<"$(report_seen promoted)"
	read -ra limited <<<"$(report_seen limited)"
	[ ${#promoted[@]} -eq 2 ] || return 0
	VERDICT_AT=${promoted[1]}
	printf '  %-43s%12.1f%12s  s\n' "first relayed byte to verdict" \
		"$(time_since "$LOAD_AT" "$VERDICT_AT")" ""
	[ ${#limited[@]} -eq 2 ] || return 0
	SHAPED_AT=${limited[1]}
	printf '  %-43s%12s%12s  s\n' "verdict to rule in the kernel, at most" \
		"$(awk -v a="${promoted[0]}" -v b="$SHAPED_AT" \
			'BEGIN { printf "%.1f", (b > a) ? b - a : 0 }')" ""
}

# The uplink over time, 68 columns from the first to the last sample, two rows of blocks
# a direction, the colleague's downloads, and the marks: "TIME LETTER" lines on stdin.
report_chart() {
	awk -v width=68 -v full="$UPLINK_MBIT" -v downloads="$NS_DIR/downloads" \
		-v bold="$SCREEN_BOLD" -v dim="$SCREEN_DIM" -v off="$SCREEN_OFF" '
		function column(time) {
			return int((time - start) / (end - start) * (width - 1))
		}
		# Sixteen levels on two rows: the upper one begins above the eighth.
		function row(series, upper,    i, level, text) {
			text = ""
			for (i = 0; i < width; i++) {
				level = int(series[i] / full * 16 + 0.5)
				if (level > 16) level = 16
				if (series[i] > 0.3 && level < 1) level = 1
				level = upper ? level - 8 : level
				if (level < 0) level = 0
				if (level > 8) level = 8
				text = text block[level]
			}
			return text
		}
		BEGIN {
			split("▁ ▂ ▃ ▄ ▅ ▆ ▇ █", block, " ")
			block[0] = " "
		}
		FNR == NR { mark[++marks] = $2; mark_time[marks] = $1; next }
		{ time[++n] = $1; in_bytes[n] = $2; out_bytes[n] = $3 }
		END {
			if (n < 2) exit
			start = time[1]; end = time[n]
			for (i = 2; i <= n; i++) {
				c = column(time[i]); span[c] += time[i] - time[i - 1]
				in_sum[c] += in_bytes[i] - in_bytes[i - 1]
				out_sum[c] += out_bytes[i] - out_bytes[i - 1]
			}
			for (i = 0; i < width; i++) {
				if (span[i]) {
					in_rate[i] = in_sum[i] * 8e-6 / span[i]
					out_rate[i] = out_sum[i] * 8e-6 / span[i]
				} else if (i) {
					in_rate[i] = in_rate[i - 1]
					out_rate[i] = out_rate[i - 1]
				}
				line[i] = " "; flag[i] = " "
			}
			while ((getline text < downloads) > 0) {
				split(text, part, " ")
				for (i = column(part[1]); i <= column(part[2]); i++)
					line[i] = "─"
			}
			for (i = 1; i <= marks; i++) {
				c = column(mark_time[i])
				while (flag[c] != " " && c < width - 1) c++
				flag[c] = mark[i]
			}
			for (i = 0; i < width; i++) {
				pulled = pulled line[i]; flags = flags flag[i]
			}
			printf "\n%s  The uplink, %d Mbit/s, over %d seconds%s\n", bold, full,
				end - start, off
			print "         " row(in_rate, 1)
			print "  in     " row(in_rate, 0)
			print "         " row(out_rate, 1)
			print "  out    " row(out_rate, 0)
			print dim "  pulled " pulled off
			print bold "         " flags off
		}' - "$NS_DIR/uplink"
}

# Each condition in words; fails when one is not met.
report_judge() {
	local status=0 bound
	bound=$(awk -v quiet="${QUIET[0]}" -v more="$BACK_RTT_MS" \
		'BEGIN { printf "%.1f", 2 * quiet + more }')
	report_check "${FULL[4]} >= $FULL_SHARE * $UPLINK_MBIT" \
		"the strangers filled the link (>= $(report_percent "$FULL_SHARE"))" ||
		status=1
	if [ "$DEMO_AGENT" != 0 ]; then
		report_check "${VERDICT_AT:+1}0 > 0" "the promotion was found" || status=1
		report_check "${SHAPED_AT:+1}0 > 0" "its limit came into the kernel" || status=1
	fi
	report_check "${BACK[3]} >= $BACK_SHARE * ${QUIET[3]}" \
		"the colleague's download is back (>= $(report_percent "$BACK_SHARE"))" ||
		status=1
	report_check "${BACK[0]} < $bound" \
		"the colleague's round trip is back (< $bound ms)" || status=1
	return "$status"
}

report_percent() {
	awk -v share="$1" 'BEGIN { printf "%.0f %%", 100 * share }'
}

report_check() { # EXPRESSION WORDS
	if awk "BEGIN { exit !($1) }" </dev/null; then
		printf '  %s✓%s %s\n' "$SCREEN_GOOD" "$SCREEN_OFF" "$2"
	else
		printf '  %s✗ not so:%s %s\n' "$SCREEN_BAD" "$SCREEN_OFF" "$2"
		return 1
	fi
}

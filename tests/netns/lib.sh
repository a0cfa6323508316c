# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every tests/netns/*.t needs: TAP output, a private network (ns.sh), the agent.
#
# Addresses: strangers come from 198.18.0.0/15 (RFC 2544, routed nowhere), because the
# shipped policy trusts private networks and trusted peers are never strangers.

# shellcheck source=tests/netns/ns.sh
. "$(dirname "${BASH_SOURCE[0]}")/ns.sh"
# shellcheck source=tests/netns/n2n.sh
. "$(dirname "${BASH_SOURCE[0]}")/n2n.sh"
# shellcheck source=tests/netns/agent.sh
. "$(dirname "${BASH_SOURCE[0]}")/agent.sh"

# --- TAP ---------------------------------------------------------------------------

TAP_COUNT=0
TAP_FAILED=0

diag() {
	printf '%s\n' "$@" | sed 's/^/# /' >&2
}

tap_report() { # 0|1 DESCRIPTION
	TAP_COUNT=$((TAP_COUNT + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $TAP_COUNT - $2"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_COUNT - $2"
		# prove hides what goes to stdout, and a log without names is no help.
		echo "# $(basename "$0"): not ok $TAP_COUNT - $2" >&2
	fi
	return "$1"
}

# ok DESCRIPTION COMMAND...: passes when the command succeeds.
ok() {
	local text=$1
	shift
	if "$@" >/dev/null 2>&1; then
		tap_report 0 "$text"
	else
		tap_report 1 "$text" || diag "failed: $*"
		return 1
	fi
}

# not_ok DESCRIPTION COMMAND...: passes when the command fails.
not_ok() {
	local text=$1
	shift
	if "$@" >/dev/null 2>&1; then
		tap_report 1 "$text" || diag "succeeded: $*"
		return 1
	fi
	tap_report 0 "$text"
}

# is GOT WANTED DESCRIPTION
is() {
	if [ "$1" = "$2" ]; then
		tap_report 0 "$3"
	else
		tap_report 1 "$3" || diag "   got: $1" "wanted: $2"
		return 1
	fi
}

# like GOT REGEX DESCRIPTION
like() {
	if [[ $1 =~ $2 ]]; then
		tap_report 0 "$3"
	else
		tap_report 1 "$3" || diag "   got: $1" "wanted: /$2/"
		return 1
	fi
}

# skip COUNT REASON
skip() {
	local i
	for ((i = 0; i < $1; i++)); do
		TAP_COUNT=$((TAP_COUNT + 1))
		echo "ok $TAP_COUNT # SKIP $2"
	done
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

bail_out() {
	sanitizer_reports
	echo "Bail out! $1"
	exit 1
}

# sanitizer_reports: what a sanitized build had to say of any program of ours; fails when
# it was something. The log of the agent does not do: agentctl has none.
sanitizer_reports() {
	local reports=("$NS_DIR"/sanitizer/*)
	[ -e "${reports[0]}" ] || return 0
	cat "${reports[@]}" | sed 's/^/# /'
	return 1
}

# Leaks are reported at the end of a process, so the agent ends first.
done_testing() {
	[ -z "${AGENT_PID:-}" ] || stop_agent
	sanitizer_reports || tap_report 1 "no sanitizer has anything to report"
	echo "1..$TAP_COUNT"
	[ "$TAP_FAILED" -eq 0 ]
	exit
}

# need COMMAND...: a visible skip where the machine lacks one.
need() {
	local command
	for command in "$@"; do
		command -v "$command" >/dev/null ||
			skip_all "no '$command' here; run packaging/deps.sh test"
	done
}

# begin_netns: the start of every test here. A build that is missing is a failure: a
# test of nothing must not look like a pass.
begin_netns() {
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	[ -x "$AGENT" ] || bail_out "$AGENT is not there; run make first"
	[ -x "$CTL" ] || bail_out "$CTL is not there; run make first"
	need ip nft nsenter ss jq
	ns_begin || bail_out "no namespaces"
	mkdir -m 1777 "$NS_DIR/sanitizer"
	export ASAN_OPTIONS=log_path=$NS_DIR/sanitizer/report
	export UBSAN_OPTIONS=$ASAN_OPTIONS:print_stacktrace=1
}

# --- the usual network -------------------------------------------------------------

# lab_build STRANGERS: a workstation `office` (198.18.0.1) and strangers `s1`, `s2`, …
# (198.18.0.101, …) on one switch; strangers do not reach each other.
lab_build() {
	local i
	ns_add office switch || return
	ns_bridge switch lan || return
	ns_plug office 198.18.0.1/16 switch lan || return
	for ((i = 1; i <= $1; i++)); do
		ns_add "s$i" || return
		ns_plug "s$i" "198.18.0.$((100 + i))/16" switch lan isolated || return
	done
}

# lab_relay RATE: a supernode in the office and two edges (s1, s2); RATE of TCP crosses
# it from s1 to s2, from now until the end. Fails when nothing is relayed.
lab_relay() {
	local i
	n2n_start_supernode office "$NS_DIR/supernode"
	# shellcheck disable=SC2034 # for the test
	SUPERNODE_PID=$NS_SPAWNED
	wait_until 5 ns_listens office udp "$N2N_PORT" || return
	for i in 1 2; do n2n_start_edge "s$i" "$i" 198.18.0.1 "$NS_DIR/edge-$i"; done
	wait_until 20 n2n_reaches s1 2 || return
	ns_spawn s2 "$NS_DIR/iperf3-server" iperf3 -s
	wait_until 5 ns_listens s2 tcp 5201 || return
	ns_spawn s1 "$NS_DIR/iperf3-client" iperf3 -c 10.9.0.2 -b "$1" -t 3600
}

# --- what arrives ------------------------------------------------------------------

# Not from /sys, which nsenter --net leaves as it is.
device_bytes() { # NAME DEVICE
	ns_run "$1" ip -j -s link show "$2" | jq '.[0].stats64.rx.bytes'
}

# Bytes a second that reach NAME's DEVICE in SECONDS.
rate_of() { # NAME DEVICE SECONDS
	local before
	before=$(device_bytes "$1" "$2")
	sleep "$3"
	echo $((($(device_bytes "$1" "$2") - before) / $3))
}

is_silent() { # NAME DEVICE
	[ "$(rate_of "$1" "$2" 1)" -lt 500 ]
}

# UDP port unreachable, and the like, that NAME was told of.
unreachables() {
	ns_run "$1" cat /proc/net/snmp | awk '/^Icmp:/ { if (!n++) for (i = 1; i <= NF; i++)
		at[$i] = i; else print $at["InDestUnreachs"] }'
}

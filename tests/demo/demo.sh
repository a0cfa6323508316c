#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real client is promoted by its network, found, shown and shaped: the whole story on
# one machine, in namespaces of its own, in under two minutes. Run it by `make demo`.
#
#   CATALOGUE=none   the agent knows no client by name
#   DEMO_AGENT=0     no agent: the network alone, limited by hand, to try the stage
#   STRANGERS=6      how many, an even number
#   NO_COLOR=1       plain
#
# Exits 0 when the promotion was found and the link given back, 1 otherwise.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/netns/ns.sh
. tests/netns/ns.sh
# shellcheck source=tests/netns/n2n.sh
. tests/netns/n2n.sh
# shellcheck source=tests/netns/agent.sh
. tests/netns/agent.sh
# shellcheck source=tests/demo/topology.sh
. tests/demo/topology.sh
# shellcheck source=tests/demo/screen.sh
. tests/demo/screen.sh
# shellcheck source=tests/demo/load.sh
. tests/demo/load.sh
# shellcheck source=tests/demo/report.sh
. tests/demo/report.sh

# Numbers have a point everywhere, texts stay in the person's own encoding.
[ -z "${LC_ALL:-}" ] || export LANG=$LC_ALL
unset LC_ALL
export LC_NUMERIC=C

DEMO_AGENT=${DEMO_AGENT:-1}
MEASURE_SECONDS=4  # each of: round trips, then a download
SETTLE_SECONDS=3   # for TCP to fill the queue, and to give it back
VERDICT_SECONDS=45 # patience
QUIET=() FULL=() BACK=() MARKS=
VERDICT_AT='' SHAPED_AT=''

give_up() {
	screen_clear
	echo "The demo stops: $1" >&2
	exit 1
}

check_tools() {
	local tool
	for tool in ip tc nft ss jq iperf3 ping setpriv supernode edge; do
		command -v "$tool" >/dev/null ||
			give_up "'$tool' is missing. Next: sudo packaging/deps.sh demo"
	done
	[ "$DEMO_AGENT" = 0 ] || [ -x "$AGENT" ] ||
		give_up "$AGENT is not built. Next: make"
}

mark() { # LETTER [TIME]
	MARKS+="${2:-$(time_now)} $1"$'\n'
}

# measure ARRAY: four seconds of round trips with the colleague's line idle, then a
# download. His own download fills the queue too, so the two are not measured at once.
measure() {
	local -n result=$1
	local begin end uplink
	begin=$(time_now)
	screen_wait "$MEASURE_SECONDS"
	end=$(time_now)
	colleague_downloads "$MEASURE_SECONDS"
	read -ra result <<<"$(report_rtt "$begin" "$end")"
	read -ra uplink <<<"$(report_uplink "$begin" "$end")"
	result+=("$DOWNLOAD_MBIT" "${uplink[1]}")
	say "$(printf 'Colleague: round trip %.1f ms, download %.0f Mbit/s.' \
		"${result[0]}" "$DOWNLOAD_MBIT")"
}

act_quiet() {
	say_title "1. A quiet day"
	say "office and colleague share an uplink of $UPLINK_MBIT Mbit/s both ways."
	measure QUIET
}

act_promoted() {
	say_title "2. Promoted, and nobody knows"
	say "The office runs $(command -v supernode), as user nobody. $STRANGERS strangers" \
		"that cannot reach each other find it, and send their traffic through it."
	strangers_join || give_up "the strangers do not reach each other by the supernode"
	mark P
	load_start
	screen_wait "$SETTLE_SECONDS"
	measure FULL
	load_stop
	say "The strangers take a break."
}

act_agent() {
	say_title "3. Relaywarden comes in"
	agent_paths office
	demo_write_policy
	if [ "${CATALOGUE:-}" = none ]; then
		AGENT_CATALOGUE=$NS_DIR/no-catalogue
		mkdir "$AGENT_CATALOGUE"
		say "Its catalogue of clients is empty today: names tell it nothing."
	fi
	say "The policy names no program:"
	say_quoted <"$AGENT_POLICY/50-demo.ini"
	mark A
	start_agent office || give_up "the agent did not start"
	follow_start
	screen_wait_until 10 follow_has_seen ||
		give_up "the agent does not list the supernode (process $SUPERNODE_PID)"
	screen_wait 3
	say "The supernode idles: $(app_get "$SUPERNODE_PID" role)."
}

demo_write_policy() {
	cat >"$AGENT_POLICY/50-demo.ini" <<-INI
		[app *]
		promotion = shape
		relay_rate_up = 2mbit
		relay_rate_down = 2mbit
	INI
}

follow_has_seen() {
	grep -qE ' (client|suspect|relay|supernode) ' "$NS_DIR/follow"
}

act_verdict() {
	say_title "4. The strangers are back"
	LOAD_AT=$(time_now)
	mark P "$LOAD_AT"
	load_start
	if ! screen_wait_until "$VERDICT_SECONDS" follow_is_promoted; then
		say "No verdict in $VERDICT_SECONDS seconds. What the agent says:"
		demo_explain
		return
	fi
	screen_wait 0.3
	demo_explain
	screen_wait_until 10 follow_is_limited || say "No limit in the kernel after 10 s."
}

# The verdict in the agent's own words, without the terms that weigh nothing.
demo_explain() {
	screen_clear
	COLUMNS=$((SCREEN_WIDTH - 4)) ctl explain "$(app_get "$SUPERNODE_PID" key)" 2>&1 |
		awk '/^What would change/ { exit }
			/^ +0 / { left_out = 1; next }
			left_out && /^                    / { next }
			{ left_out = 0; print "  " $0 }'
}

# The stage without the agent: the same limit, by a hand that knows the port.
act_by_hand() {
	say_title "3. By hand (DEMO_AGENT=0)"
	LOAD_AT=$(time_now)
	mark P "$LOAD_AT"
	load_start
	screen_wait 6
	mark S
	ns_run office nft -f - <<-NFT || give_up "nft refused the rules"
		table inet by_hand {
			chain input {
				type filter hook input priority 0
				udp dport $N2N_PORT limit rate over 250000 bytes/second drop
			}
			chain output {
				type filter hook output priority 0
				udp sport $N2N_PORT limit rate over 250000 bytes/second drop
			}
		}
	NFT
	say "An nft rule holds the supernode to 2 Mbit/s each way."
}

act_given_back() {
	say_title "5. The link given back"
	screen_wait "$SETTLE_SECONDS"
	measure BACK
}

act_report() {
	screen_clear
	report_table
	report_delays
	{
		printf '%s' "$MARKS"
		[ -z "$VERDICT_AT" ] || echo "$VERDICT_AT V"
		[ -z "$SHAPED_AT" ] || echo "$SHAPED_AT S"
	} | report_chart
	printf '%s  P promoted  A agent starts  V verdict  S shaped  %s%s\n\n' \
		"$SCREEN_DIM" "─ the colleague downloads" "$SCREEN_OFF"
	report_judge
}

main() {
	check_tools
	ns_begin || exit 1
	screen_begin
	topology_build || give_up "the network could not be made"
	topology_check || give_up "the network is not as it should be"
	instruments_start || give_up "iperf3 does not start"
	act_quiet
	act_promoted
	if [ "$DEMO_AGENT" = 0 ]; then
		act_by_hand
	else
		act_agent
		act_verdict
	fi
	act_given_back
	act_report
}

main

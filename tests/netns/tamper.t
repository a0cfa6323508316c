#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Others that change our rules: not while the table is owned; else it is noticed, told
# with the culprit, and put back, but not without end. And marks that others take away.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

write_policy() { # LINE...
	printf '%s\n' '[agent]' "$@" '[app *]' 'rate_up = 1mbit' |
		put_policy 90-test.ini
}

theirs() {
	ns_run office nft "$@"
}

# The table as it was planned; counters of traffic aside.
table() {
	ns_run office nft -s list table inet relaywarden 2>/dev/null
}

table_is_whole() {
	[ "$(table)" = "$WHOLE" ]
}

doctor_says() { # REGEX
	ctl doctor --json 2>/dev/null |
		jq -r '.checks[] | select(.name == "tampering") | .state + ": " + .detail' |
		grep -qE -- "$1"
}

degraded_says() { # REGEX
	ctl status --json 2>/dev/null | jq -r '.degraded[]' | grep -qE -- "$1"
}

# put_back DESCRIPTION NFT-ARGUMENT...: somebody does that, and it is put back.
put_back() {
	local text=$1 before
	shift
	before=$(grep -c 'was put back' "$AGENT_LOG")
	theirs "$@" || diag "nft $* failed"
	ok "$text: it is put back" wait_until 5 repaired "$before" ||
		diag "$(diff <(echo "$WHOLE") <(table) | head -20)" "$(tail -n 4 "$AGENT_LOG")"
}

repaired() { # LOG-LINES-BEFORE
	[ "$(grep -c 'was put back' "$AGENT_LOG")" -gt "$1" ] && table_is_whole
}

counted() {
	app_get "$STREAM_PID" bytes_out
}

has_counted() { # BYTES
	local now
	now=$(counted)
	[ "${now:-0}" -gt "$1" ]
}

is_marked() {
	ns_run office conntrack -L -p tcp --dport 5201 2>/dev/null |
		grep -oE 'mark=[0-9]+' | grep -qvx 'mark=0'
}

is_calm() {
	! doctor_says degraded
}

begin_netns
need conntrack iperf3
lab_build 1 || bail_out "the network could not be made"
agent_paths main
ns_spawn s1 "$NS_DIR/iperf3" iperf3 -s
wait_until 5 ns_listens s1 tcp 5201
ns_spawn office "$NS_DIR/iperf3" iperf3 -c 198.18.0.101 -b 500k -t 3600
STREAM_PID=$NS_SPAWNED

# --- owned -------------------------------------------------------------------------------
write_policy 'on_failure = open'
ok "the agent starts" start_agent office || bail_out "no agent"
ok "and counts" wait_until 20 has_counted 10000
wait_until 10 is_marked
WHOLE=$(table)
like "$WHOLE" 'flags owner' "the table is owned"
theirs flush ruleset
ok "a flush of all rules leaves it alone" table_is_whole
for change in 'delete table inet relaywarden' 'add table inet relaywarden { flags dormant; }' \
	'flush chain inet relaywarden input' 'insert rule inet relaywarden input accept' \
	'add chain inet relaywarden more' 'delete set inet relaywarden trusted4' \
	'flush set inet relaywarden trusted4'; do
	# shellcheck disable=SC2086 # words are meant
	not_ok "the kernel refuses: $change" theirs "$change"
done
BEFORE=$(counted)
theirs reset counters table inet relaywarden >/dev/null
ok "somebody resets our counters: the totals go on" \
	wait_until 5 has_counted "$BEFORE" || diag "$(counted) after $BEFORE"
ok "nothing was tampered with" doctor_says '^ok: nobody'

# --- marks -------------------------------------------------------------------------------
theirs add table inet theirs
theirs add chain inet theirs out '{ type filter hook output priority 20; }'
theirs add rule inet theirs out ct mark set 0
sleep 1
theirs delete table inet theirs
ok "marks that others took away are there again" wait_until 10 is_marked
ns_run office conntrack -F >/dev/null 2>&1
ok "after a flush of conntrack, too" wait_until 10 is_marked

# --- not owned ---------------------------------------------------------------------------
write_policy 'on_failure = closed'
ctl policy reload >/dev/null
sleep 2
WHOLE=$(table)
ok "with on_failure = closed it is not owned" test -n "$WHOLE" -a -z "$(grep owner <<<"$WHOLE")"
ok "that was our own doing" doctor_says '^ok: nobody'
BEFORE=$(counted)
put_back "a flush of all rules" flush ruleset
like "$(grep 'tampering.*was removed' "$AGENT_LOG")" 'removed by nft \(pid [0-9]+\)' \
	"the log names who did it"
ok "doctor does" doctor_says '^degraded: .*removed by nft \(pid [0-9]+\), .*now put back' ||
	diag "$(ctl doctor 2>&1)"
ok "and status, for a while" degraded_says 'removed by nft'
ok "totals go on from where they were" wait_until 10 has_counted "$BEFORE" ||
	diag "$(counted) after $BEFORE"
put_back "a rule in front" insert rule inet relaywarden input accept
ok "what was changed is told" doctor_says 'changed \(rules\) by nft'
put_back "a table put to sleep" add table inet relaywarden '{ flags dormant; }'
ok "each time is counted" doctor_says '3 times, put back 3 times'
stop_agent

# --- in any name, by whatever part --------------------------------------------------------
start_agent office
sleep 2
WHOLE=$(table)
cp "$(command -v nft)" "$NS_DIR/"$'n\e[31mx'
ns_run office "$NS_DIR/"$'n\e[31mx' delete chain inet relaywarden nothing 2>/dev/null
ns_run office "$NS_DIR/"$'n\e[31mx' add chain inet relaywarden more
ok "a chain that somebody adds goes" wait_until 5 table_is_whole
ok "a name with control characters is escaped" doctor_says 'by n\\x1b\[31mx \(pid'
not_ok "in the log as well" grep -q $'\e' "$AGENT_LOG"
put_back "an element taken out" flush set inet relaywarden near4

# --- a fight ------------------------------------------------------------------------------
ns_spawn office /dev/null bash -c \
	'while sleep 0.2; do nft delete table inet relaywarden; done'
FIGHTER=$NS_SPAWNED
ok "with one that does not give up it is degraded" \
	wait_until 15 doctor_says '^degraded: .*removed by nft .*not put back, next try in'
AT=$(grep -c . "$AGENT_LOG")
sleep 5
BEFORE=$(($(grep -c . "$AGENT_LOG") - AT))
ok "which does not fill the log" test "$BEFORE" -lt 20 || diag "$BEFORE lines in 5 s"
ns_kill "$FIGHTER" KILL
ok "when it is over the rules are back" wait_until 25 table_is_whole
ok "the agent lives" agent_answers

# --- others among themselves ----------------------------------------------------------------
{
	echo 'table ip theirs {'
	echo 'chain c {'
	for ((i = 0; i < 5000; i++)); do echo "ip saddr 10.$((i / 250)).$((i % 250)).1 accept"; done
	echo '}'
	echo '}'
} >"$NS_DIR/theirs.nft"
COUNT=$(ctl doctor --json | jq -r '.checks[] | select(.name == "tampering").detail' |
	grep -oE '[0-9]+ times, put' )
for i in 1 2 3; do
	theirs -f "$NS_DIR/theirs.nft"
	theirs delete table ip theirs
done
sleep 1
ok "what others do with their own tables is nothing to us" doctor_says "$COUNT" ||
	diag "$(ctl doctor)"
ok "and touches nothing" table_is_whole
done_testing

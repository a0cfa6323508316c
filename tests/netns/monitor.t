#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Monitor mode, and a pause: everything is decided and reported, and nothing changed. The
# kernel of a workstation with a relay, whose policy would limit and cut all there is, is
# the same as before but for what the manual promises: our own table, whose verdicts
# reach nobody, our bits of the conntrack mark, and accounting.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

MASK=0xfff00000
PATIENCE=60

write_policy() { # MODE
	put_policy 60-test.ini <<-INI
		[agent]
		mode = $1
		[app *]
		promotion = block
		rate_up = 200kbit
		rate_down = 200kbit
		relay_rate_up = 100kbit
		relay_rate_down = 100kbit
	INI
}

mode_is() {
	[ "$(ctl status --json | jq -r .mode)" = "$1" ]
}

paused_by() {
	ctl status --json | jq -r '.paused.user'
}

may_be_cut() { # PID
	[ "$(app_get "$1" may_be_cut)" = true ]
}

is_cut() { # PID
	[ "$(app_get "$1" cuts)" != "[]" ]
}

# Addresses, routes, qdiscs, rules of others, sysctls: all that may not differ. Counters
# differ by themselves.
kernel_state() {
	ns_run office nft -s list ruleset | awk '
		/^table inet relaywarden( |$)/ { ours = 1 } !ours; /^}/ { ours = 0 }'
	ns_run office ip -d addr show | grep -v valid_lft
	ns_run office ip -d link show
	for family in -4 -6; do
		ns_run office ip "$family" route show table all
		ns_run office ip "$family" rule show
	done
	ns_run office tc qdisc show
	ns_run office tc class show dev eth0
	ns_run office tc filter show dev eth0
	ns_run office sysctl -a 2>/dev/null |
		grep -E '^net\.' | grep -vE 'nf_conntrack_(acct|count)|neigh.*gc|_mem|random'
}

# Connections that were there before and their marks, without our bits.
connections() {
	ns_run office conntrack -L 2>/dev/null | awk -v mask="$MASK" '
		/dport=5201|dport=7777/ { key = $1; mark = 0
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^(src|dst|sport|dport)=/) key = key " " $i
				if ($i ~ /^mark=/) mark = substr($i, 6) }
			print key, mark % 1048576 }' | sort
}

# What in our table could stop, slow or divert a packet. Rules of that kind stand there
# always, and reach the applications that are elements of these sets; those that are left
# out only count, mark and exempt, or remember who was refused.
interferences() {
	ns_run office nft -j list table inet relaywarden | jq '[.nftables[] |
		if (.limit or .quota) then 1
		else (.set // .map) | select(. and .elem) |
			select(.name | test("^(counters_|ports|trusted|near|cgroups_|guests|callers)") | not) |
			.elem | length end] | add // 0'
}

changed_since() { # BEFORE
	diff "$1" <(kernel_state) | grep '^[<>]'
}

nothing_changed() {
	! changed_since "$NS_DIR/before" | tee "$NS_DIR/changed" | grep -q .
}

begin_netns
need conntrack tc sysctl socat supernode edge iperf3
lab_build 2 || bail_out "the network could not be made"
# Another firewall, whose marks are its own.
ns_run office nft -f - <<-RULES
	table inet other {
		chain out {
			type filter hook output priority 0;
			tcp dport 7777 ct mark set 0x2a
		}
	}
RULES
ns_spawn s2 "$NS_DIR/log" socat TCP-LISTEN:7777,fork,reuseaddr EXEC:cat
wait_until 5 ns_listens s2 tcp 7777
ns_spawn office "$NS_DIR/log" setpriv --reuid 65534 --regid 65534 --clear-groups \
	socat TCP:198.18.0.102:7777 EXEC:'sleep 3600'
agent_paths main
write_policy monitor
lab_relay 8M || bail_out "nothing is relayed"
wait_until 5 eval '[ "$(connections | wc -l)" -gt 0 ]'
kernel_state >"$NS_DIR/before"
connections >"$NS_DIR/connections"
ns_run office conntrack -E -e DESTROY -o extended >"$NS_DIR/destroyed" 2>/dev/null &
NS_PIDS+=($!)

# --- monitor mode ------------------------------------------------------------------------

ok "the agent starts in monitor mode" start_agent office || bail_out "no agent"
ok "a relay is found, that could be cut" \
	wait_until "$PATIENCE" may_be_cut "$SUPERNODE_PID" ||
	diag "$(ctl explain supernode 2>&1)"
like "$(ctl status 2>&1)" 'would block \(monitor mode\)' "it says what it would do"
is "$(app_get "$SUPERNODE_PID" limited)" false "it is not limited"
is "$(app_get "$SUPERNODE_PID" cuts)" "[]" "nor cut"
is "$(app_get "$SUPERNODE_PID" enforced)" false "nor is anything else"
is "$(interferences)" 0 "no rule of ours stops, slows or diverts a packet" ||
	diag "$(ns_run office nft list table inet relaywarden)"
ok "the kernel is as it was, but for our table" nothing_changed ||
	diag "$(cat "$NS_DIR/changed")"
is "$(connections)" "$(cat "$NS_DIR/connections")" \
	"every connection is still there, with the marks of others"
not_ok "no connection of the relay was deleted" \
	grep -E "port=($N2N_PORT|7777)" "$NS_DIR/destroyed"
ok "marks of ours are there, as promised" \
	eval 'ns_run office conntrack -L 2>/dev/null | grep -q "mark=[1-9][0-9]\{6,\}"'

# --- a pause -----------------------------------------------------------------------------

write_policy enforce
ok "enforced, it is cut" wait_until 15 is_cut "$SUPERNODE_PID"
ok "in the kernel" wait_until 5 eval '[ "$(interferences)" -gt 0 ]'
: >"$NS_DIR/destroyed"
ok "a pause begins" ctl pause 10m
is "$(app_get "$SUPERNODE_PID" cuts)" "[]" "it is not cut any more"
is "$(interferences)" 0 "nor in the kernel"
like "$(ctl status 2>&1 | head -1)" '\(paused until [0-9]{2}:[0-9]{2} by root: nothing' \
	"the first line of status says so"
like "$(ctl status 2>&1)" 'would block \(paused\)' "and the row of the application"
like "$(ctl explain supernode 2>&1)" 'would block \(paused\)' "explain too"
is "$(paused_by)" root "as JSON as well"
like "$(cat "$AGENT_LOG")" 'paused until .* by root \(uid 0, pid [0-9]+\)' \
	"the log says who asked, as the kernel told"
ok "flags of what was cut are taken back" wait_until 10 eval \
	'! ns_run office conntrack -L -m 0x00200000/0x00200000 2>/dev/null | grep -q .'
not_ok "and nothing is deleted for it" grep "port=$N2N_PORT" "$NS_DIR/destroyed"
ok "its traffic comes back" wait_until 60 eval \
	'[ "$(ctl status --json | jq ".applications[] | select(.name == \"supernode\")
	.rate_out")" -gt 100000 ]'
ctl status >/dev/null 2>&1
is "$?" 0 "exit codes are as ever"
ok "resumed, it is cut at once" eval 'ctl resume && is_cut "$SUPERNODE_PID"'
ok "a pause is over by itself" eval \
	'ctl pause 2s && wait_until 10 is_cut "$SUPERNODE_PID"'
like "$(cat "$AGENT_LOG")" 'the pause is over' "as the log says"
is "$(paused_by)" "" "and nobody is named any more"
ok "pause 0 ends one, too" eval \
	'ctl pause 1h && ctl pause 0 && is_cut "$SUPERNODE_PID"'
not_ok "a day is the most" ctl pause 25h
cp "$CTL" "$NS_DIR/agentctl"
setpriv --reuid 61999 --regid 61999 --clear-groups "$NS_DIR/agentctl" pause 1m 2>/dev/null
is "$?" 7 "not everybody may"
done_testing

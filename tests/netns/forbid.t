#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# promotion = forbid and block on a real program: what an n2n supernode relays stops,
# strangers are refused, trusted networks are not. The catalogue is empty: behaviour
# alone speaks.
#
# FORBID_LONG=1 waits for the end of a role as well, which takes seven minutes.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

OFFICE=198.18.0.1
PATIENCE=120

write_policy() { # MODE SECTION KEY...
	local mode=$1 section=$2
	shift 2
	{
		printf '[agent]\nmode = %s\n' "$mode"
		# s3 and s4 are the branch office.
		printf '[link]\ntrusted = 198.18.0.103/32, 198.18.0.104/32\n'
		echo "[app $section]"
		printf '%s\n' "$@"
	} | put_policy 50-test.ini
}

may_be_cut() { # PID
	[ "$(app_json "$1" .may_be_cut)" = true ]
}

peers_are_told() { # COUNT-BEFORE
	[ "$(unreachables s1)" -gt "$1" ]
}

kernel_has_cuts() { # NAME
	ns_run "$1" nft list set inet relaywarden cut | grep -q elements ||
		ns_run "$1" nft list set inet relaywarden calls | grep -q elements
}

kernel_has_no_cuts() {
	kernel_has_table "$1" && ! kernel_has_cuts "$1"
}

# Flows of NAME with the BLOCKED flag.
blocked_flows() {
	ns_run "$1" conntrack -L -m 0x00200000/0x00200000 2>/dev/null | wc -l
}

has_no_blocked_flow() {
	[ "$(blocked_flows "$1")" -eq 0 ]
}

begin_netns
need supernode edge iperf3 conntrack
AGENT_CATALOGUE=$NS_DIR/no-catalogue
mkdir "$AGENT_CATALOGUE"
lab_build 5 || bail_out "the network could not be made"
agent_paths main

# --- a supernode ---------------------------------------------------------------------

# Named, it is not reachable to begin with: two edges are strangers, two are not.
write_policy enforce voice 'match.exe = */supernode' 'promotion = forbid'
ok "the agent starts in a namespace" start_agent office || bail_out "no agent"
n2n_start_supernode office "$NS_DIR/supernode"
SUPERNODE_PID=$NS_SPAWNED
wait_until 5 ns_listens office udp "$N2N_PORT"
ok "named, strangers that call it are refused before any promotion" \
	wait_until 5 cuts_are "$SUPERNODE_PID" calls
sleep 2
for i in 1 2 3 4; do n2n_start_edge "s$i" "$i" $OFFICE "$NS_DIR/edge-$i"; done
ok "the branch office meets through the supernode" wait_until 20 n2n_reaches s3 4
not_ok "strangers do not" n2n_reaches s1 2
is "$(app_get "$SUPERNODE_PID" role)" client "it is nobody's hub"
like "$(ctl status 2>&1)" 'ok: nothing promoted, nothing limited' \
	"which is no reason for alarm"

write_policy monitor '*' 'promotion = forbid'
# An edge that was refused tries again once a minute.
ok "in monitor mode strangers meet there, too" wait_until 90 n2n_reaches s1 2
ns_spawn s2 "$NS_DIR/iperf3-server" iperf3 -s
wait_until 5 ns_listens s2 tcp 5201
ns_spawn s1 "$NS_DIR/iperf3-client" iperf3 -c 10.9.0.2 -b 8M -t 3600
ok "a supernode is found to be a relay" \
	wait_until "$PATIENCE" app_has_role "$SUPERNODE_PID" relay
ok "two kinds of evidence agree on it" wait_until "$PATIENCE" may_be_cut "$SUPERNODE_PID" ||
	diag "$(ctl explain "$(app_get "$SUPERNODE_PID" name)" 2>&1)"
is "$(app_json "$SUPERNODE_PID" '.cuts | length')" 0 "but it is not cut"
ok "nor in the kernel" kernel_has_no_cuts office
ok "and no flow is blocked" has_no_blocked_flow office
like "$(ctl status 2>&1)" 'would forbid \(monitor mode\)' "status says what it would do"
[ "$(rate_of s2 n2n0 2)" -gt 200000 ] || bail_out "the relayed traffic has stopped"

write_policy enforce '*' 'promotion = forbid'
began=$SECONDS
ok "enforced, its legs are cut" wait_until 15 cuts_are "$SUPERNODE_PID" "legs calls"
ok "and nothing is relayed any more" wait_until 15 is_silent s2 n2n0 ||
	diag "still $(rate_of s2 n2n0 2) bytes/s"
diag "$((SECONDS - began)) s after the policy was written, with its pick-up"
diag "$(ctl status 2>&1 | head -3)"
like "$(ctl status 2>&1 | head -1)" \
	'its relayed connections are cut, strangers that call are refused, by \[app \*\] 50-test.ini:6' \
	"status says so, and by which line"
like "$(cat "$AGENT_LOG")" 'its relayed connections are cut.*50-test.ini:6' \
	"the log says so too"
ok "flows carry the flag" test "$(blocked_flows office)" -ge 2
before=$(unreachables s1)
ok "its peers are told, not left to wait" wait_until 30 peers_are_told "$before"
ok "what is refused is counted" \
	test "$(app_json "$SUPERNODE_PID" .refused.packets_in)" -gt 0
like "$(ctl status "$(app_get "$SUPERNODE_PID" name)" 2>&1)" \
	'refused +[0-9]+ packets in, [0-9]+ out, since 20' "and shown, with since when"
n2n_start_edge s5 5 $OFFICE "$NS_DIR/edge-5"
sleep 3
not_ok "a stranger that calls is not let in" n2n_reaches s5 3
ok "but told that nobody is there" test "$(unreachables s5)" -gt 0
ok "the branch office still meets there" n2n_reaches s3 4
ok "the office reaches strangers" ns_run office ping -q -c1 -W1 198.18.0.101

if [ "${FORBID_LONG:-0}" = 1 ]; then
	sleep 380
	ok "who is refused and keeps calling holds the role" \
		app_has_role "$SUPERNODE_PID" relay
	ok "and the cut" cuts_are "$SUPERNODE_PID" "legs calls"
	diag "$(ctl explain "$(app_get "$SUPERNODE_PID" name)" 2>&1 | tail -8)"
	for name in s1 s2 s5; do
		for pid in $(ip netns pids "$NS_RUN-$name"); do kill "$pid"; done
	done
	began=$SECONDS
	ok "it ends when nobody calls any more" \
		wait_until 400 app_has_role "$SUPERNODE_PID" client
	diag "$((SECONDS - began)) s after the last call"
	ok "then all of the cut is gone" wait_until 5 kernel_has_no_cuts office
	ok "and so are the flags" wait_until 5 has_no_blocked_flow office
	done_testing
fi

write_policy enforce '*' 'promotion = block'
ok "blocked, all of it is cut" wait_until 15 cuts_are "$SUPERNODE_PID" all
not_ok "for strangers" n2n_reaches s1 3
ok "but not for the branch office" n2n_reaches s3 4

write_policy enforce '*' 'promotion = warn'
ok "allowed again, all of the cut is gone" wait_until 15 kernel_has_no_cuts office
ok "and so are the flags" wait_until 5 has_no_blocked_flow office
ok "strangers get through again" wait_until 40 n2n_reaches s1 2
not_ok "and nothing is counted as refused" \
	test "$(app_json "$SUPERNODE_PID" .refused.since)" -gt 0
done_testing

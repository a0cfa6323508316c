#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A new policy that harms the network goes back by itself: what worked before is looked at
# after. The resolver of this office is forwarded to by a program that relays for
# strangers, too: a policy that blocks it takes the names away, and is rolled back. And:
# files that an admin applies and does not confirm, crashes, and who may do what.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

PATIENCE=60

write_policy() { # NAME LINE...
	local name=$1
	shift
	printf '%s\n' "$@" >"$AGENT_POLICY/.$name.new"
	mv "$AGENT_POLICY/.$name.new" "$AGENT_POLICY/$name"
}

trial_is() { # STATE
	[ "$(ctl status --json 2>/dev/null | jq -r .trial.state)" = "$1" ]
}

setting() { # SECTION KEY
	ctl policy show --json | jq -r --arg s "$1" --arg k "$2" \
		'.settings[] | select(.section == $s and .key == $k).value'
}

setting_is() { # SECTION KEY VALUE
	[ "$(setting "$1" "$2")" = "$3" ]
}

resolves() {
	ns_run office "$ROOT/tests/netns/dns.pl" ask 127.0.0.1 53
}

may_be_cut() {
	[ "$(app_get "$SUPERNODE_PID" may_be_cut)" = true ]
}

prober_pid() {
	local pid
	for pid in $(ip netns pids "$NS_RUN-office"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != relaywarden-prb ] || echo "$pid"
	done
}

status_of() { # PID FIELD of /proc/PID/status
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"
}

applied() { # as started in the background
	! ns_is_alive "$APPLY_PID"
}

apply_in_background() { # OPTION...
	ns_spawn office "$NS_DIR/apply" env RELAYWARDEN_SOCKET="$AGENT_SOCKET" \
		bash -c '"$@"; echo "exit $?"' bash "$CTL" policy apply "$@"
	APPLY_PID=$NS_SPAWNED
}

begin_netns
need supernode edge iperf3 socat setpriv unshare
lab_build 3 || bail_out "the network could not be made"
# The office asks itself for names; the agent sees a resolv.conf that says so.
echo "nameserver 127.0.0.1" >"$NS_DIR/resolv.conf"
cat >"$NS_DIR/agent" <<-SH
	#!/bin/sh
	exec unshare -m sh -c 'mount --bind $NS_DIR/resolv.conf /etc/resolv.conf &&
		exec "\$@"' sh $AGENT "\$@"
SH
chmod +x "$NS_DIR/agent"
AGENT=$NS_DIR/agent
ns_spawn s3 "$NS_DIR/log" "$ROOT/tests/netns/dns.pl" answer 53
ns_spawn s3 "$NS_DIR/log" socat TCP-LISTEN:7777,fork,reuseaddr OPEN:/dev/null
wait_until 5 ns_listens s3 udp 53 || bail_out "no resolver"
# One service: an n2n supernode, and the forwarder that the computer itself asks.
[ -n "$NS_CGROUP" ] || skip_all "no cgroup v2 that can be written"
service=$NS_CGROUP/vpn.service
mkdir "$service" || bail_out "no cgroup"
# shellcheck disable=SC2016 # for the shell that joins the service
JOIN=(sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$service")

lab_relay_in_service() {
	local i
	ns_spawn office "$NS_DIR/log" "${JOIN[@]}" \
		"$ROOT/tests/netns/dns.pl" forward 127.0.0.1 53 198.18.0.103
	n2n_start_supernode office "$NS_DIR/supernode" "${JOIN[@]}"
	SUPERNODE_PID=$NS_SPAWNED
	wait_until 5 ns_listens office udp "$N2N_PORT" || return
	for i in 1 2; do n2n_start_edge "s$i" "$i" 198.18.0.1 "$NS_DIR/edge-$i"; done
	wait_until 20 n2n_reaches s1 2 || return
	ns_spawn s2 "$NS_DIR/iperf3-server" iperf3 -s
	wait_until 5 ns_listens s2 tcp 5201 || return
	ns_spawn s1 "$NS_DIR/iperf3-client" iperf3 -c 10.9.0.2 -b 8M -t 3600
}
lab_relay_in_service || bail_out "nothing is relayed"
ok "names can be looked up" wait_until 5 resolves || bail_out "no names"
agent_paths main
ok "the agent starts" start_agent office || bail_out "no agent"

# --- the prober --------------------------------------------------------------------------

PROBER=$(prober_pid)
is "$(status_of "$PROBER" Uid)" "$AGENT_USER" "the prober has no privilege: not root"
is "$(status_of "$PROBER" CapEff)$(status_of "$PROBER" CapBnd)" \
	"00000000000000000000000000000000" "no capability, nor a way to one"
is "$(status_of "$PROBER" NoNewPrivs)$(status_of "$PROBER" Seccomp)" 12 \
	"no new privileges, and a list of system calls"
is "$(ls "/proc/$PROBER/fd" | wc -l)" 2 "and but two descriptors"

# --- automatic: harmless and harmful -------------------------------------------------------

ok "a relay is found, that could be cut" wait_until "$PATIENCE" may_be_cut ||
	diag "$(ctl explain vpn 2>&1)"
write_policy 60-test.ini '[app video]' 'match.exe = /opt/video' 'rate_up = 1mbit'
ok "a policy that harms nothing is kept" wait_until 15 setting_is 'app video' rate_up 1mbit
ok "once that is seen" wait_until 10 trial_is kept
like "$(cat "$AGENT_LOG")" 'kept: what worked before still works' "and the log says so"
write_policy 60-test.ini '[app *]' 'promotion = block'
ok "a policy that takes the names away goes back by itself" \
	wait_until 20 trial_is rolled_back || diag "$(tail -5 "$AGENT_LOG")"
is "$(setting 'app video' rate_up)" 1mbit "the one before is in force"
ok "names can be looked up" wait_until 5 resolves
like "$(ctl status 2>&1)" \
	'degraded.*60-test\.ini: rolled back: worked before, and no more: dns \.' \
	"status says which file, and why"
ctl status >/dev/null 2>&1
is $? 4 "and that is 4"
like "$(ctl doctor 2>&1)" 'rolled back' "doctor too"
stop_agent
ok "after a restart" start_agent office
is "$(setting 'app *' promotion)$(setting 'app video' rate_up)" warn1mbit \
	"the one that was kept is in force"
ok "and the bad one is still refused" agent_state_is degraded
ok "a person may insist" wait_until "$PATIENCE" may_be_cut
ctl policy reload 2>"$NS_DIR/err"
is $? 3 "and is told that it was rolled back again, by 3" || diag "$(cat "$NS_DIR/err")"
like "$(cat "$NS_DIR/err")" 'rolled back: worked before.*dns' "and why"
write_policy 60-test.ini '[app video]' 'match.exe = /opt/video' 'rate_up = 2mbit'
ok "another file is another policy" wait_until 15 setting_is 'app video' rate_up 2mbit
ok "and all is well" wait_until 10 agent_state_is ok

# --- a pause -------------------------------------------------------------------------------

ok "it could be cut" wait_until "$PATIENCE" may_be_cut
ctl pause 10m >/dev/null
write_policy 60-test.ini '[app *]' 'promotion = block' 'rate_up = 99mbit'
ok "what changes in a pause" wait_until 10 setting_is 'app *' rate_up 99mbit
ok "waits for its end" trial_is paused
sleep 4
ok "however long that takes" trial_is paused
ok "then it is tried" ctl resume
ok "and goes back" wait_until 10 trial_is rolled_back
write_policy 60-test.ini '[app video]' 'match.exe = /opt/video' 'rate_up = 2mbit'
ok "all is well again" wait_until 15 agent_state_is ok

# --- probes of the admin -------------------------------------------------------------------

ns_run office ip route add 192.0.2.0/24 via 198.18.0.103
ns_run office ip -6 route add 2001:db8::/32 dev eth0
write_policy 50-probe.ini '[probe]' 'dns = none' 'route = 192.0.2.1, 2001:db8::1' \
	'tcp = 198.18.0.103:7777, 198.18.0.103:1'
ok "probes are policy" wait_until 15 setting_is probe route '192.0.2.1, 2001:db8::1'
ok "one that never worked does not count" wait_until 10 trial_is kept ||
	diag "$(ctl status --json | jq .trial)"
# What happens to a check while a policy is tried is the policy's fault.
write_policy 60-test.ini '[app video]' 'match.exe = /opt/video' 'rate_up = 3mbit'
wait_until 10 trial_is probing
ns_run office ip route del 192.0.2.0/24
ns_run office ip -6 route del 2001:db8::/32
ns_run s3 ip link set eth0 down
ok "checks that fail after a change take it back" wait_until 15 trial_is rolled_back
like "$(ctl status --json | jq -r .trial.reason)" \
	'no more: route to 192\.0\.2\.1, route to 2001:db8::1, tcp 198\.18\.0\.103:7777$' \
	"and are named, and no others"
ns_run s3 ip link set eth0 up
write_policy 50-probe.ini '[probe]' 'dns = none' 'route = none' 'tcp = none'
write_policy 60-test.ini '[app video]' 'match.exe = /opt/video' 'rate_up = 2mbit'
ok "without probes it is applied all the same" wait_until 15 setting_is probe route none
like "$(ctl status --json | jq -r .trial.reason)" 'nothing could be probed' "and that is said"

# --- apply and confirm -----------------------------------------------------------------------

mkdir "$NS_DIR/new"
printf '[app video]\nmatch.exe = /opt/video\nrate_up = 5mbit\n' >"$NS_DIR/new/60-test.ini"
printf '[app voice]\nmatch.exe = /opt/voice\nrate_up = 5mbit\n' >"$NS_DIR/new/70-more.ini"
before=$(cat "$AGENT_POLICY"/*.ini)
apply_in_background --confirm 15s "$NS_DIR/new/60-test.ini" "$NS_DIR/new/70-more.ini"
ok "files are put in place and tried" wait_until 10 trial_is confirm
is "$(setting 'app video' rate_up)" 5mbit "in force"
like "$(ctl status 2>&1 | head -1)" 'unless confirmed by' "as the first line of status says"
ok "nobody confirms" wait_until 40 applied
like "$(cat "$NS_DIR/apply")" 'nobody confirmed it in time.*exit 3' \
	"it is taken back, and said so, with 3"
is "$(setting 'app video' rate_up)" 2mbit "the one before is in force"
is "$(cat "$AGENT_POLICY"/*.ini)" "$before" "and the files are as they were"
is "$(find "$AGENT_POLICY" -name '.*.ini*')" "" "nothing is left of the others"
ok "all is well" wait_until 10 agent_state_is ok

apply_in_background --confirm 60s "$NS_DIR/new/60-test.ini"
wait_until 10 trial_is confirm
touch "$AGENT_POLICY/60-test.ini"
sleep 3
ok "meanwhile files that change are left alone" trial_is confirm
ctl policy reload 2>"$NS_DIR/err"
like "$(cat "$NS_DIR/err")" 'waits to be confirmed' "and nobody reloads by mistake"
ok "confirmed" ctl policy confirm
ok "it is kept" wait_until 10 applied
like "$(cat "$NS_DIR/apply")" 'ok: policy generation.*exit 0' "with 0"
is "$(setting 'app video' rate_up)" 5mbit "and in force"
not_ok "there is nothing more to confirm" ctl policy confirm
ok "an admin goes back to the one before" ctl policy rollback
is "$(setting 'app video' rate_up)" 2mbit "which is in force"
ok "though the files are there" grep -q 5mbit "$AGENT_POLICY/60-test.ini"
sleep 3
is "$(setting 'app video' rate_up)" 2mbit "and stays so"
not_ok "once" ctl policy rollback
ok "until somebody applies them" ctl policy apply
is "$(setting 'app video' rate_up)" 5mbit "anew"

printf '[app voice]\nrate_up = 5 parsecs\n' >"$NS_DIR/new/60-test.ini"
ctl policy apply "$NS_DIR/new/60-test.ini" 2>"$NS_DIR/err"
is $? 3 "a file with a mistake is 3"
like "$(cat "$NS_DIR/err")" "$NS_DIR/new/60-test.ini:2: rate_up: " "named with its line"
ok "and never put in place" grep -q 5mbit "$AGENT_POLICY/60-test.ini"
cp "$CTL" "$NS_DIR/agentctl"
setpriv --reuid 61999 --regid 61999 --clear-groups "$NS_DIR/agentctl" policy rollback \
	2>/dev/null
is $? 7 "not everybody may"

# --- crashes -----------------------------------------------------------------------------------

printf '[app video]\nmatch.exe = /opt/video\nrate_up = 7mbit\n' >"$NS_DIR/new/60-test.ini"
apply_in_background --confirm 60s "$NS_DIR/new/60-test.ini"
wait_until 10 trial_is confirm
kill -STOP "$APPLY_PID"
ns_kill "$APPLY_PID" KILL
kill -KILL "$AGENT_PID"
wait_until 10 agent_is_gone
ok "the prober goes with the agent" wait_until 5 eval '[ -z "$(prober_pid)" ]'
ok "after a crash in the middle it starts" start_agent office
is "$(setting 'app video' rate_up)" 5mbit "what nobody confirmed is not in force"
like "$(ctl status 2>&1)" 'the agent ended while it was tried' "status says why"
kill -KILL "$(prober_pid)"
ok "without its prober the agent is degraded" wait_until 10 eval \
	'ctl doctor 2>&1 | grep -q "prober"'
write_policy 60-test.ini '[app video]' 'match.exe = /opt/video' 'rate_up = 8mbit'
ok "and policies are applied without" wait_until 15 setting_is 'app video' rate_up 8mbit
done_testing

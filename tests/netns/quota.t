#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# quota: counted in the kernel, used up to the packet, not forgotten and not counted
# twice: over a restart, a crash, a day, a damaged history and a full disk.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

OFFICE=198.18.0.1
STRANGER=198.18.0.101
# An IPv4 packet of a thousand bytes.
PAYLOAD=972

write_policy() { # AGENT-KEYS APP-KEYS...
	{
		printf '[agent]\n%s\n[link]\ntrusted = none\n' "$1"
		shift
		printf '[app sink]\nmatch.exe = */socat*\n'
		printf '%s\n' "$@"
	} | put_policy 50-test.ini
}

# A program in the office that takes in UDP: SINK_PID, what it got in $NS_DIR/got.
start_sink() {
	ns_spawn office "$NS_DIR/sink.log" socat -u UDP-RECV:7000 "CREATE:$NS_DIR/got"
	SINK_PID=$NS_SPAWNED
	wait_until 30 is_marked 7000
}

is_marked() { # PORT
	ns_run office nft list map inet relaywarden ports | grep -q "$1"
}

send_packets() { # COUNT
	ns_run s1 perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => $ARGV[0],
			PeerPort => 7000);
		for (1 .. $ARGV[1]) { send($s, "x" x $ARGV[2], 0);
			select(undef, undef, undef, 0.002) if $_ % 20 == 0; }
	' "$OFFICE" "$1" "$PAYLOAD"
}

got() {
	stat -c %s "$NS_DIR/got"
}

quota() { # FIELD
	ctl status --json 2>/dev/null | jq -r --argjson pid "$SINK_PID" --arg field "$1" \
		'first(.applications[] | select(.pids | index($pid))).quota[$field]'
}

quota_is() { # FIELD VALUE
	[ "$(quota "$1")" = "$2" ]
}

used_is_about() { # BYTES
	local used
	used=$(quota used)
	[ "$used" -ge $(($1 - 2000)) ] && [ "$used" -le $(($1 + 2000)) ]
}

stored() { # SQL: of a database that no agent has open
	sqlite3 "$AGENT_STATE/history.db" "$1"
}

begin_netns
need socat perl sqlite3
lab_build 1 || bail_out "the network could not be made"
agent_paths main

# --- to the packet -------------------------------------------------------------------

write_policy 'mode = enforce' 'quota = 100kB/day' 'quota_action = block'
ok "the agent starts" start_agent office || bail_out "no agent"
start_sink || bail_out "the port is not known to the kernel"
is "$(quota used)" 0 "nothing is used"
is "$(quota limit)" 100000 "of what policy grants"
is "$(quota left)" 100000 "so that all is left"
send_packets 60
ok "what came in is used" wait_until 10 quota_is used 60000 || diag "$(quota used)"
is "$(quota over)" false "and it is not used up"
kill -STOP "$AGENT_PID"
send_packets 200
sleep 0.5
kill -CONT "$AGENT_PID"
got=$(got)
diag "$((got / PAYLOAD)) packets of 1000 bytes passed of 100 kB"
ok "the kernel alone stops it within a packet" test "$got" -le $((100 * PAYLOAD)) -a \
	"$got" -ge $((99 * PAYLOAD))
ok "and it is told" wait_until 10 quota_is over true
is "$(quota left)" 0 "nothing is left"
like "$(ctl status 2>&1 | head -1)" \
	'quota is used up, its network is cut.*by \[app sink\] 50-test.ini:7' \
	"the first line says so, and by which line"
like "$(ctl explain socat 2>&1)" 'Quota: 100 kB of 100 kB used this day, 0 B left until' \
	"why says so, too"
like "$(cat "$AGENT_LOG")" 'socat.* has used up its 100 kB a day: its network is cut' \
	"and the log"

# --- neither forgotten nor counted twice -----------------------------------------------

write_policy 'mode = enforce' 'quota = 1MB/day' 'quota_action = block'
ok "more is granted, what was used stays" wait_until 10 quota_is limit 1000000
ok "so that some is left" wait_until 10 quota_is left 900000 || diag "$(quota left)"
send_packets 100
ok "and used" wait_until 10 used_is_about 200000 || diag "$(quota used)"
before=$(quota used)
stop_agent
ok "the agent starts again" start_agent office
wait_until 30 is_marked 7000
ok "after a restart what was used is known" wait_until 10 quota_is used "$before" ||
	diag "$(quota used), not $before"
send_packets 100
ok "and goes on" wait_until 10 used_is_about $((before + 100000))
sleep 2
before=$(quota used)
stop_agent KILL
ok "the agent starts after a crash" start_agent office
wait_until 30 is_marked 7000
is "$(quota used)" "$before" "what was written two seconds before is known"

# --- the rules stay without the agent --------------------------------------------------

write_policy 'on_failure = closed' 'quota = 1MB/day' 'quota_action = block'
ok "closed, the table has no owner" wait_until 10 eval \
	'! ns_run office nft list table inet relaywarden | grep -q owner'
sleep 1
before=$(quota used)
stop_agent KILL
send_packets 100
sleep 0.5
ok "the agent starts beside its old table" start_agent office
wait_until 30 is_marked 7000
ok "what passed while there was none is counted once" \
	wait_until 10 used_is_about $((before + 100000)) || diag "$(quota used), was $before"
stop_agent KILL
ok "and again" start_agent office
wait_until 30 is_marked 7000
ok "not twice" used_is_about $((before + 100000)) || diag "$(quota used)"
write_policy 'mode = enforce' 'quota = 1MB/day' 'quota_action = block'
sleep 3

# --- another day -----------------------------------------------------------------------

stop_agent
stored 'UPDATE quota SET period = period + 1'
before=$(stored 'SELECT used FROM quota')
start_agent office
wait_until 30 is_marked 7000
is "$(quota used)" "$before" "a clock that was set back returns nothing"
ok "and that is said" wait_until 10 quota_is held true
stop_agent
stored 'UPDATE quota SET period = period - 2'
start_agent office
wait_until 30 is_marked 7000
is "$(quota used)" 0 "on another day nothing is used"
is "$(quota held)" false "and the clock is right"

# --- shaped ----------------------------------------------------------------------------

write_policy 'mode = enforce' 'quota = 50kB/day' 'quota_action = shape' \
	'quota_rate_down = 400kbit'
ok "shaped, it is granted less" wait_until 10 quota_is limit 50000
send_packets 100
ok "beyond it is limited" wait_until 10 quota_is over true
like "$(ctl status 2>&1 | head -1)" \
	'limited to 400 kbit/s in .quota used up. by \[app sink\] 50-test.ini:7' \
	"the first line says so"
sleep 3
before=$(got)
send_packets 2000 # 2 MB: the limit lets a second of the rate and 64 kB pass at once
passed=$(($(got) - before))
diag "$passed of $((2000 * PAYLOAD)) bytes passed at once"
ok "some passes" test "$passed" -gt 20000
ok "but not all" test "$passed" -lt 600000

# --- only reported ---------------------------------------------------------------------

write_policy 'mode = monitor' 'quota = 60kB/day' 'quota_action = block'
ok "in monitor mode" wait_until 10 quota_is action block
before=$(got)
send_packets 100
ok "everything passes" test $(($(got) - before)) -eq $((100 * PAYLOAD))
ok "and is counted" wait_until 10 eval '[ "$(quota used)" -ge 150000 ]' ||
	diag "$(quota used)"
is "$(app_get "$SINK_PID" cuts)" '[]' "nothing is cut"

write_policy 'mode = enforce' 'promotion = warn'
ok "without a quota the chains are gone" wait_until 10 eval \
	'kernel_has_table office && ! ns_run office nft list chain inet relaywarden quota_in'

# --- a history that can't be used --------------------------------------------------------

stop_agent
head -c 20000 /dev/urandom >"$AGENT_STATE/history.db"
write_policy 'mode = enforce' 'quota = 1MB/day' 'quota_action = block'
ok "the agent starts with a damaged history" start_agent office
wait_until 30 is_marked 7000
ok "which is set aside" test -s "$AGENT_STATE/history.db.damaged"
like "$(ctl doctor 2>&1)" 'history was damaged and begun anew' "as doctor says"
send_packets 10
ok "quotas are counted" wait_until 10 quota_is used 10000
stop_agent
is "$(stored 'SELECT used FROM quota')" 10000 "and written to the new one"

AGENT_USER_ID=$AGENT_USER
agent_command
ns_spawn office "$AGENT_LOG" unshare -m --propagation private sh -c '
	mount -t tmpfs -o size=8k,uid=$1,gid=$1,mode=700 tmpfs "$2" || exit
	head -c 4096 /dev/zero >"$2/fill"
	shift 2; exec "$@"' sh "$AGENT_USER_ID" "$AGENT_STATE" "${AGENT_COMMAND[@]}"
AGENT_PID=$NS_SPAWNED
wait_until 10 agent_answers_or_died
ok "the agent runs with a full disk" agent_answers
wait_until 30 is_marked 7000
send_packets 10
ok "quotas are counted there" wait_until 10 quota_is used 10000 || diag "$(quota used)"
like "$(ctl doctor 2>&1)" 'history.db can.t be used' "doctor says what is wrong"
send_packets 1200
ok "and hold" wait_until 10 quota_is over true
stop_agent
done_testing

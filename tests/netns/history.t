#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# history: what a real relay carried, and what happened, over a crash, a restart, a full
# disk and a damaged file; at the terminal, in JSON, and as it happens.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

export LC_ALL=C.UTF-8

usage() { # FIELD [OPTION...]: of the totals
	local field=$1
	shift
	ctl usage --json "$@" 2>/dev/null | jq -r ".totals.$field"
}

# What the history has of the relay, read by nobody: only after the agent has ended.
stored() { # SQL
	sqlite3 "$AGENT_STATE/history.db" "$1"
}

# What came in over the cable, packet by packet: nothing counted may be more.
cable_in() {
	ns_run office cat /sys/class/net/eth0/statistics/rx_bytes 2>/dev/null ||
		ns_run office ip -j -s link show eth0 | jq '.[0].stats64.rx.bytes'
}

events() { # OPTION...: kinds, one a line
	ctl events --json "$@" 2>/dev/null | jq -r '.events[].kind'
}

has_event() { # KIND
	events --kind "$1" | grep -qx "$1"
}

# The history is five seconds behind at most; here nothing moves any more.
usage_is_what_status_says() {
	[ "$(usage bytes_in supernode --days)" = "$(app_get "$SUPERNODE_PID" bytes_in)" ] &&
		[ "$(usage relayed_out supernode --days)" = \
			"$(app_get "$SUPERNODE_PID" relayed_out)" ]
}

start_agent_in() { # SETUP: in a mount namespace of its own, after that
	agent_command
	ns_spawn office "$AGENT_LOG" unshare -m --propagation private sh -c "$1
		exec \"\$@\"" sh "${AGENT_COMMAND[@]}"
	AGENT_PID=$NS_SPAWNED
	wait_until 10 agent_answers_or_died
	agent_answers
}

begin_netns
need sqlite3 supernode edge iperf3 setpriv
lab_build 2 || bail_out "the network could not be made"
agent_paths main

# --- what was carried -------------------------------------------------------------------

ok "the agent starts" start_agent office || bail_out "no agent"
ok "a relay carries" lab_relay 8M || bail_out "nothing is relayed"
CLIENT_PID=$NS_SPAWNED
ok "its promotion is an event" wait_until 60 has_event promoted ||
	diag "$(ctl status 2>&1)"
ns_kill "$CLIENT_PID" TERM
ok "what it carried is in the history" wait_until 30 usage_is_what_status_says ||
	diag "$(usage bytes_in supernode), not $(app_get "$SUPERNODE_PID" bytes_in)"
carried=$(usage bytes_in supernode)
ok "which is something" test "$carried" -gt 1000000
ok "and no more than came over the cable" test "$carried" -le "$(cable_in)"
ok "most of it relayed" test "$(usage relayed_in supernode)" -gt $((carried / 4))
is "$(usage bytes_in supernode --minutes)" "$carried" "by minute"
is "$(usage bytes_in supernode --months)" "$carried" "by month"
like "$(ctl usage supernode 2>&1)" \
	$'DAY +IN +OUT +TOTAL +RELAYED.*[0-9]{4}-[0-9]{2}-[0-9]{2} .*\u2588*\u2592.*\nall ' \
	"it is drawn"
like "$(LC_ALL=C ctl usage supernode --hours 2>&1)" 'HOUR.*=+' "in ASCII, too"
not_ok "which is ASCII" grep -q '[^ -~]' <(LC_ALL=C ctl usage)
like "$(ctl usage 2>&1)" 'APPLICATION.*supernode' "with who carried it"
like "$(ctl usage nobody 2>&1)" "no application 'nobody'" "who never was there is not known"
is "$(ctl usage --json --minutes --since 2h --until 1h | jq '.rows | length')" 0 \
	"an hour ago nothing was carried"

# --- what happened ----------------------------------------------------------------------

like "$(ctl events --kind promoted 2>&1)" 'promoted +supernode has become a (relay|supernode)' \
	"events tell of it"
ok "with its evidence" test "$(ctl events --json --kind promoted |
	jq '.events[0].details.evidence | map(select(.weight > 0)) | length')" -ge 1
is "$(ctl events --json --app supernode | jq -r '[.events[].application] | unique[]')" \
	supernode "of one application alone"
is "$(events -n 1 --since yesterday --until 2h)" "" "nothing happened before"
like "$(ctl events --kind promotd 2>&1)" "did you mean 'promoted'" "kinds are checked"

printf '[app *]\npromotion = shape\nrelay_rate_up = 2mbit\nrelay_rate_down = 2mbit\n' \
	>"$AGENT_POLICY/50-shape.ini"
ok "a limit is an event" wait_until 20 has_event limited || diag "$(ctl events)"
like "$(ctl events --json --kind limited | jq -r '.events[0].details.rule')" \
	'^\[app \*\] .*50-shape.ini:3$' "with the line that says so"

$CTL events --follow --json -n 0 >"$NS_DIR/followed" &
FOLLOWER=$!
wait_until 5 eval 'ss -xn | grep -q "$AGENT_SOCKET"'
sleep 0.5
ctl pause 10m >/dev/null
ctl resume >/dev/null
ok "who follows is told at once" wait_until 5 grep -q '"resumed"' "$NS_DIR/followed"
kill -INT "$FOLLOWER"
ok "and ends with Ctrl-C as he should" wait "$FOLLOWER"
is "$(jq -r .kind "$NS_DIR/followed" | head -2 | paste -sd' ')" "paused released" \
	"an object a line"
ok "what is not limited any more is told" has_event released
rm "$AGENT_POLICY/50-shape.ini"

# Agents' directories are their own; a user asks through a socket he may open.
as_user() {
	setpriv --reuid 61999 --regid 61999 --clear-groups "$CTL" "$@" 2>&1
}
like "$(as_user usage)" 'nothing was carried' "another user sees nothing of it"
like "$(as_user usage supernode)" 'no application' "as if it was not there"
is "$(as_user events --json | jq -r '[.events[] | select(.key != "")] | length')" 0 \
	"nor its events"
ok "but those of the agent" test "$(as_user events --json | jq '.events | length')" -ge 3

# --- a crash -----------------------------------------------------------------------------

ns_spawn s1 "$NS_DIR/iperf3-client" iperf3 -c 10.9.0.2 -b 8M -t 3600
CLIENT_PID=$NS_SPAWNED
sleep 3
stop_agent KILL
ok "after a crash the agent starts" start_agent office
ok "and goes on counting" wait_until 30 eval '[ "$(usage bytes_in)" -gt $((carried + 1000000)) ]'
ns_kill "$CLIENT_PID" TERM
sleep 2
ok "what was in the history is there" test "$(usage bytes_in supernode)" -ge "$carried"
ok "nothing is counted twice" test "$(usage bytes_in)" -le "$(cable_in)" ||
	diag "$(usage bytes_in) of $(cable_in)"
is "$(events --kind started | wc -l)" 2 "both starts are events"
is "$(events --kind stopped | wc -l)" 0 "a crash is no end"
is "$(ctl events --json --kind started | jq -c '[.events[].details.after_crash]')" \
	'[false,true]' "the second tells of it"
stop_agent
is "$(stored 'SELECT count(DISTINCT total) FROM
	(SELECT sum(bytes_in) AS total FROM traffic GROUP BY span)')" 1 \
	"minutes, hours, days and months have the same sum"
is "$(stored "SELECT count(*) FROM event WHERE kind = 'stopped'")" 1 "the end is an event"

# --- a disk that sleeps --------------------------------------------------------------------

start_agent office
ctl events >/dev/null
quiet_since=$(stat -c %Y "$AGENT_STATE/history.db-wal")
sleep 4
is "$(stat -c %Y "$AGENT_STATE/history.db-wal")" "$quiet_since" \
	"while nothing is carried nothing is written"
stop_agent

# --- bad luck ------------------------------------------------------------------------------

before=$(stored 'SELECT sum(bytes_in) FROM traffic WHERE span = 2')
head -c 20000 /dev/urandom >"$AGENT_STATE/history.db"
ok "the agent starts with a damaged history" start_agent office
ok "which is set aside" test -s "$AGENT_STATE/history.db.damaged"
ok "what happens from then on is kept" wait_until 5 has_event started
like "$(ctl usage 2>&1)" 'nothing was carried' "what was carried is gone"
like "$(ctl doctor 2>&1)" 'history was damaged and begun anew' "as doctor says"
stop_agent

ok "the agent runs with a full disk" start_agent_in "
	mount -t tmpfs -o size=256k,uid=$AGENT_USER,gid=$AGENT_USER,mode=700 tmpfs $AGENT_STATE
	head -c 262144 /dev/zero >$AGENT_STATE/fill"
like "$(ctl doctor 2>&1)" 'history.db can.t be used' "doctor says what is wrong"
like "$(ctl usage 2>&1)" 'the agent says: ' "so does who asks"
$CTL events --follow >"$NS_DIR/followed" &
FOLLOWER=$!
sleep 0.5
ctl pause 10m >/dev/null
ok "who follows is told all the same" wait_until 5 grep -q ' paused ' "$NS_DIR/followed"
kill "$FOLLOWER"
nsenter -t "$AGENT_PID" -m rm "$AGENT_STATE/fill"
ok "with room again it is written" wait_until 30 has_event paused
is "$(events --kind started)" started "with what happened meanwhile"
stop_agent
done_testing

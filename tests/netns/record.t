#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real n2n supernode is recorded by the daemon, by an admin and by tcpdump; each of the
# three, replayed without agent and root, tells the story that the live agent told.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

PATIENCE=90

# As nobody: replay needs no privilege.
replay() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$CTL" replay "$@"
}

# The roles of the supernode in the order they were taken on, one a line.
replayed_roles() { # FILE [OPTION...]
	replay --json "$@" 2>/dev/null | jq -r --arg app "$APP" \
		'.timeline[] | select(.event == "role" and .app == $app) | .role'
}

# What the log says of the supernode, in the same words.
logged_roles() {
	sed -nE "s/.*role: $APP has become a ([a-z]+) .*/\1/p;
		s/.*role: $APP: ([a-z]+), .*/\1/p;
		s/.*role: $APP is a client again.*/client/p" "$AGENT_LOG"
}

promoted_at() { # FILE [OPTION...]
	replay --json "$@" 2>/dev/null | jq -r \
		'first(.timeline[] | select(.promoted)).time'
}

# near A B SECONDS
near() {
	local difference=$(($1 - $2))
	[ "${difference#-}" -le "$3" ]
}

is_gone() {
	! ns_is_alive "$1"
}

begin_netns
need supernode edge iperf3 tcpdump setpriv
lab_build 2 || bail_out "the network could not be made"
agent_paths main
chmod 711 "$NS_DIR"
cat >"$AGENT_POLICY/50-test.ini" <<-INI
	[app *]
	promotion = shape
	relay_rate_up = 4mbit
	relay_rate_down = 4mbit
INI
AGENT_OPTIONS=(--record "$NS_DIR/daemon.rwrec" --log-level debug)
ok "an agent that records starts" start_agent office || bail_out "no agent"
# shellcheck disable=SC2012 # one file of ours
like "$(ls -l "$NS_DIR/daemon.rwrec")" '^-rw-------' \
	"what it records is for its owner alone"

ns_spawn office "$NS_DIR/tcpdump" tcpdump -i eth0 -s 96 -B 8192 \
	-w "$NS_DIR/capture.pcap" --immediate-mode -U -Z root udp port "$N2N_PORT"
TCPDUMP_PID=$NS_SPAWNED
wait_until 10 test -s "$NS_DIR/capture.pcap" || bail_out "tcpdump does not start"
lab_relay 3M || bail_out "the supernode does not relay"
ns_spawn office "$NS_DIR/recorder" "$CTL" record "$NS_DIR/admin.rwrec"
RECORDER_PID=$NS_SPAWNED

ok "the supernode is found to be a relay" \
	wait_until "$PATIENCE" app_has_role "$SUPERNODE_PID" relay
APP=$(app_get "$SUPERNODE_PID" name)
since=$(app_get "$SUPERNODE_PID" since)
# Long enough for bins of bytes alone: a look at packets may show nothing on a busy
# machine, live or in the capture.
sleep 25
kill -INT "$RECORDER_PID"
ok "Ctrl-C ends a recording" wait_until 5 is_gone "$RECORDER_PID"
"$CTL" record --duration 2s "$NS_DIR/short.rwrec" >"$NS_DIR/short" 2>&1
is $? 0 "a recording ends when its time is over"
like "$(cat "$NS_DIR/short")" 'short\.rwrec: [0-9]+ records' "and says what it has"
# shellcheck disable=SC2024 # the shell that redirects is root's anyway
setpriv --reuid 65534 --regid 65534 --clear-groups "$CTL" record "$NS_DIR/not" \
	>"$NS_DIR/refused" 2>&1
is $? 7 "only an admin may record"
not_ok "and no file is left of the attempt" test -e "$NS_DIR/not"
kill -TERM "$TCPDUMP_PID"
stop_agent TERM
chmod 644 "$NS_DIR"/*.rwrec "$NS_DIR/capture.pcap"

is "$(replayed_roles "$NS_DIR/daemon.rwrec")" "$(logged_roles)" \
	"the daemon's recording replays to the roles the log told of" ||
	diag "$(replay "$NS_DIR/daemon.rwrec" 2>&1)"
ok "with the relay among them" grep -qx relay <(replayed_roles "$NS_DIR/daemon.rwrec")
at=$(promoted_at "$NS_DIR/daemon.rwrec")
ok "at the same time" near "${at:-0}" "$since" 1 || diag "$at, not $since"
is "$(replay --json "$NS_DIR/daemon.rwrec" | jq -r .refused)" 0 "every record was taken"
like "$(replay "$NS_DIR/daemon.rwrec" "$APP")" "limited to 4 Mbit/s" \
	"what the recorded policy limited is shown"
replay --set 'app *.promotion=warn' --json "$NS_DIR/daemon.rwrec" >"$NS_DIR/warned"
is "$(jq '[.timeline[] | select(.event == "limits")] | length' "$NS_DIR/warned")" 0 \
	"another policy on the same history limits nothing"
replay --set 'app *.relay_rate_up=1mbit' --json "$NS_DIR/daemon.rwrec" >"$NS_DIR/less"
is "$(jq '[.timeline[] | select(.event == "limits")][0].limits |
	map(select(.direction == "out"))[0].bytes_per_second' "$NS_DIR/less")" 125000 \
	"and one with another rate says so"

is "$(replayed_roles "$NS_DIR/admin.rwrec" | tail -n 1)" relay \
	"the admin's recording, begun later, replays to a relay too" ||
	diag "$(replay "$NS_DIR/admin.rwrec" 2>&1)"
replay "$NS_DIR/short.rwrec" >/dev/null 2>&1
is $? 0 "a short one is whole"

head -c 5000 "$NS_DIR/daemon.rwrec" >"$NS_DIR/cut.rwrec"
chmod 644 "$NS_DIR/cut.rwrec"
replay "$NS_DIR/cut.rwrec" >/dev/null 2>"$NS_DIR/said"
is $? 1 "a recording that was cut off is no success"
like "$(cat "$NS_DIR/said")" 'byte [0-9]+: cut off' "and the error says at which byte"

replay --host 198.18.0.1 --json "$NS_DIR/capture.pcap" >"$NS_DIR/forensic" 2>&1
is "$(jq -r '.explanation.application.role' "$NS_DIR/forensic")" relay \
	"a capture alone tells that the host was relaying" ||
	diag "$(replay --host 198.18.0.1 "$NS_DIR/capture.pcap" 2>&1)"
is "$(jq -r '.explanation.legs[0] | [.from, .to] | sort | join(" ")' \
	"$NS_DIR/forensic")" "198.18.0.101 198.18.0.102" "and for whom"
at=$(jq -r 'first(.timeline[] | select(.promoted)).time' "$NS_DIR/forensic")
ok "and since when" near "${at:-0}" "$since" 40 || diag "$at, not about $since"
ok "and how much" test "$(jq '.explanation.application.relayed_in' \
	"$NS_DIR/forensic")" -gt 500000

[ -z "${KEEP:-}" ] || cp "$NS_DIR"/*.rwrec "$NS_DIR/capture.pcap" "$AGENT_LOG" "$KEEP/"
done_testing

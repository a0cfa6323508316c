#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# peers_max: as many strangers at once and no more; those that are there stay, whoever
# comes is told, and there is room again when some have gone.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

OFFICE=198.18.0.1
MOST=4

write_policy() { # APP-KEYS...
	{
		printf '[link]\ntrusted = 198.18.0.108/32\n[app server]\n'
		printf 'match.exe = */socat*\n'
		printf '%s\n' "$@"
	} | put_policy 50-test.ini
}

# A call that says something ten times a second and counts the answers, until it fails:
# then its log ends in how many there were.
call() { # NAME [PORT]
	ns_spawn "$1" "$NS_DIR/call-$1" perl -MIO::Socket::INET -e '
		$| = 1;
		my $s = IO::Socket::INET->new(PeerAddr => "'"$OFFICE:${2:-7000}"'",
			Timeout => 5) or do { print "refused: $!\n"; exit };
		$s->autoflush(1);
		for (my $n = 1;; $n++) {
			print $s "x" or last;
			sysread($s, my $answer, 1) or do { print "ended: $!\n"; exit };
			print "$n\n";
			select(undef, undef, undef, 0.1);
		}'
	eval "CALL_$1=$NS_SPAWNED"
}

answers() { # NAME
	grep -cE '^[0-9]+$' "$NS_DIR/call-$1"
}

is_talking() { # NAME
	local before
	before=$(answers "$1")
	sleep 1
	[ "$(answers "$1")" -gt "$before" ]
}

was_refused() { # NAME
	grep -qE 'refused|ended' "$NS_DIR/call-$1"
}

talking() { # how many of s1 to s7 are
	local i count=0 before=()
	for i in 1 2 3 4 5 6 7; do before[i]=$(answers "s$i" 2>/dev/null); done
	sleep 1.5
	for i in 1 2 3 4 5 6 7; do
		[ "$(answers "s$i" 2>/dev/null)" -le "${before[i]:-0}" ] ||
			count=$((count + 1))
	done
	echo "$count"
}

app() { # JQ-FILTER
	ctl status --json 2>/dev/null | jq -r --argjson pid "$SERVER_PID" \
		"first(.applications[] | select(.pids | index(\$pid))) | $1"
}

is_full() {
	[ "$(app '.cuts | join(" ")')" = peers ]
}

has_room() {
	[ "$(app '.cuts | length')" = 0 ]
}

begin_netns
need socat perl conntrack
lab_build 8 || bail_out "the network could not be made"
agent_paths main
write_policy "peers_max = $MOST"
ok "the agent starts" start_agent office || bail_out "no agent"
ns_spawn office "$NS_DIR/server" socat TCP-LISTEN:7000,fork,reuseaddr EXEC:/bin/cat
SERVER_PID=$NS_SPAWNED
wait_until 30 eval 'ns_run office nft list map inet relaywarden ports | grep -q 7000' ||
	bail_out "the port is not known to the kernel"
is "$(app .peers_max)" $MOST "the agent knows how many there may be"

for i in 1 2 3; do call "s$i"; sleep 0.2; done
for i in 1 2 3; do ok "stranger $i is answered" wait_until 10 is_talking "s$i"; done
ok "three of four is not full" has_room
call s4
ok "the fourth is answered, too" wait_until 10 is_talking s4
ok "then there is no more room" wait_until 10 is_full || diag "$(app .cuts)"
like "$(ctl status socat 2>&1)" 'it has all the peers it may have, new ones are refused' \
	"status says so"
like "$(ctl status socat 2>&1)" 'because of +.app server. 50-test.ini:5' \
	"and by which line"
call s5
ok "the fifth is refused" wait_until 10 was_refused s5
like "$(cat "$NS_DIR/call-s5")" 'refused: Connection refused' "with an answer, at once"
call s8
ok "whoever is trusted is no stranger" wait_until 10 is_talking s8
for i in 1 2 3 4; do ok "stranger $i goes on" is_talking "s$i"; done

kill "$CALL_s2"
ok "when one has gone there is room" wait_until 20 has_room || diag "$(app .cuts)" \
	"$(ns_run office conntrack -L -p tcp 2>/dev/null)"
call s6
ok "and another is answered" wait_until 10 is_talking s6
ok "which fills it again" wait_until 10 is_full
call s7
ok "the next is refused" wait_until 10 was_refused s7

# Fewer are granted: the newest go.
write_policy 'peers_max = 2'
ok "of two the newest are told to go" wait_until 20 was_refused s6
ok "and the one before it" wait_until 20 was_refused s4
ok "the first stay" is_talking s1
ok "the third, too" is_talking s3
is "$(talking)" 2 "so that the bound holds"

# All at once, between two looks.
write_policy 'peers_max = none'
wait_until 10 has_room
for i in 2 4 5 6 7; do : >"$NS_DIR/call-s$i"; done
write_policy 'peers_max = 3'
wait_until 10 eval '[ "$(app .peers_max)" = 3 ]'
for i in 2 4 5 6 7; do call "s$i"; done
ok "of many at once as many stay as may" wait_until 20 eval '[ "$(talking)" = 3 ]' ||
	diag "$(talking) talk"
ok "among them those that were there" is_talking s1
ok "uninterrupted" is_talking s3

write_policy 'peers_max = none'
ok "without a bound nobody is refused" wait_until 10 has_room
: >"$NS_DIR/call-s5"
call s5
ok "and everybody is answered" wait_until 10 is_talking s5
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# promotion = forbid where the kernel does not know whose socket a stranger calls: his
# first packet is held until the agent has said so, and is never heard. What that must
# not harm: other programs, trusted networks, a workstation whose agent hangs or dies,
# and that in a flood.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

OFFICE=198.18.0.1
FIFO=

write_policy() { # KEY...: of [agent]
	{
		printf '[agent]\n'
		printf '%s\n' "$@"
		printf '[link]\ntrusted = 198.18.0.102/32\n'
		printf '[app held]\nmatch.exe = */perl*\npromotion = forbid\n'
	} | put_policy 50-test.ini
}

is_refused_by_name() { # PID
	[ "$(ctl status --json | jq -r --argjson pid "$1" \
		'first(.applications[] | select(.pids | index($pid))).cuts | join(" ")')" = calls ]
}

# call NAME tcp|udp PORT: what one hears who calls the office; fails when it is nothing.
call() {
	local options=,connect-timeout=$(patience 2)
	[ "$2" = tcp ] || options=
	ns_run "$1" timeout "$(patience 3)" socat -T1 - "$2:$OFFICE:$3$options" <<<call 2>/dev/null |
		grep -q hello
}

open_port() { # tcp|udp PORT [silent]
	echo "$*" >"$FIFO"
	wait_until 5 grep -q "^open $1 $2\$" "$NS_DIR/listener"
}

heard() { # tcp|udp PORT FROM
	grep -c "^heard $1 $2 $3\$" "$NS_DIR/listener"
}

calls_line() {
	ctl doctor --json | jq -r '.checks[] | select(.name == "calls").detail'
}

# The numbers in that line: SO-FAR APPLICATION NOBODY LATE BEYOND.
calls_counted() { # INDEX, from 1
	calls_line | grep -oE '[0-9]+ (so far|for an app|for nobody|known too|beyond)' |
		sed -n "${1}s/ .*//p"
}

is_held_in_kernel() {
	ns_run office nft list chain inet relaywarden hold_in | grep -qiE 'queue'
}

is_not_held_in_kernel() {
	! is_held_in_kernel
}

# Processor time that PID has used, in milliseconds.
used_ms() {
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int(($12 + $13) * 1000 / hz) }' \
		"/proc/$1/stat"
}

begin_netns
need perl socat conntrack iperf3
lab_build 3 || bail_out "the network could not be made"
agent_paths main
write_policy 'mode = monitor'
FIFO=$NS_DIR/orders
mkfifo -m 666 "$FIFO"

ok "the agent starts in a namespace" start_agent office || bail_out "no agent"
case "$(calls_line)" in
*"can be held"*) ;;
*) skip_all "this kernel has neither nft_queue nor the target NFQUEUE" ;;
esac
ok "where no calls are refused none are held" is_not_held_in_kernel
write_policy 'mode = enforce'
# He is unmanaged, and lives from the first to the last.
ns_spawn office "$NS_DIR/other" setpriv --reuid 65533 --regid 65533 --clear-groups \
	socat udp-recvfrom:8000,fork "exec:echo hello"
ns_spawn office "$NS_DIR/listener" setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$ROOT/tests/netns/listen.pl" "$FIFO"
LISTENER_PID=$NS_SPAWNED
open_port tcp 7000
ok "a program is not reachable to begin with" \
	wait_until 15 is_refused_by_name "$LISTENER_PID"
ok "then calls to what is not known are held" wait_until 5 is_held_in_kernel
like "$(calls_line)" 'are held, by queue 21079 and (nft_queue|the target NFQUEUE)' \
	"doctor says so, and by which means"
diag "$(calls_line)"

# --- the first packet ----------------------------------------------------------------

heard_tcp=0 heard_udp=0
for i in 1 2 3 4 5 6 7 8; do
	open_port tcp "$((7000 + i))"
	call s1 tcp "$((7000 + i))" && heard_tcp=$((heard_tcp + 1))
	open_port udp "$((7100 + i))" silent
	ns_run s1 bash -c "echo call >/dev/udp/$OFFICE/$((7100 + i))"
	sleep 0.2
	heard_udp=$((heard_udp + $(heard udp "$((7100 + i))" 198.18.0.101)))
done
is "$heard_tcp" 0 "no stranger gets through to a port that was opened just now"
is "$(grep -c 'heard tcp .* 198.18.0.101$' "$NS_DIR/listener")" 0 \
	"he is not heard for a moment"
is "$heard_udp" 0 "nor is his first datagram"
ok "because the agent was asked" test "$(calls_counted 2)" -ge 8
open_port tcp 7020
ok "who is trusted gets through at once" call s2 tcp 7020
diag "$(calls_line)"

# --- the others ------------------------------------------------------------------------

ns_spawn office "$NS_DIR/late" setpriv --reuid 65533 --regid 65533 --clear-groups \
	socat tcp-listen:8001,fork,reuseaddr "exec:echo hello"
wait_until 5 ns_listens office tcp 8001
ok "a program nobody manages is called as ever" call s1 tcp 8001
ok "by datagrams, too" call s1 udp 8000
touch "$NS_DIR/mute.got" && chmod 666 "$NS_DIR/mute.got"
ns_spawn office "$NS_DIR/mute" setpriv --reuid 65533 --regid 65533 --clear-groups \
	socat -u udp-recv:8002 "open:$NS_DIR/mute.got,append"
wait_until 5 ns_listens office udp 8002
before=$(calls_counted 1)
ns_run s1 perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Proto => "udp",
	PeerAddr => "'$OFFICE':8002", LocalPort => 9000); for (1 .. 50) { $s->send("x\n");
	select undef, undef, undef, 0.02 }'
ok "all of a one-way flow arrives" wait_until 5 eval \
	'[ "$(wc -l <"$NS_DIR/mute.got")" -eq 50 ]'
ok "which was asked about once at most" test "$(($(calls_counted 1) - before))" -le 1

# --- a flood -----------------------------------------------------------------------------

ns_run s3 ip route add local 198.19.0.0/16 dev lo
ns_run office ip route add 198.19.0.0/16 via 198.18.0.103
ns_spawn office "$NS_DIR/iperf3-server" iperf3 -s -1
wait_until 5 ns_listens office tcp 5201
before=$(calls_counted 1)
used=$(used_ms "$AGENT_PID")
began=$(date +%s%N)
ns_spawn s2 "$NS_DIR/iperf3-client" iperf3 -J -c $OFFICE -b 20M -n 10M
IPERF_PID=$NS_SPAWNED
ns_run s3 "$ROOT/tests/netns/flood.pl" 198.19.0.0/16 $OFFICE 20000-60000 20000
lasted=$((($(date +%s%N) - began) / 1000000))
ok "in a flood of 20,000 SYNs the agent answers" agent_answers
ok "and a transfer with a neighbour is completed" \
	wait_until 20 eval '! ns_is_alive $IPERF_PID'
is "$(jq '.end.sum_received.bytes >= 10000000' "$NS_DIR/iperf3-client")" true \
	"with every byte"
asked=$(($(calls_counted 1) - before))
seconds=$(((($(date +%s%N) - began) / 1000000 + 999) / 1000))
ok "a bounded part of it was held" test "$asked" -le $((64 + 200 * (seconds + 1)))
ok "the rest is counted" test "$(calls_counted 5)" -gt 10000
diag "the flood lasted $lasted ms, $asked of it were held; the agent used" \
	"$(($(used_ms "$AGENT_PID") - used)) ms of a core in $seconds s" "$(calls_line)"

# --- an agent that hangs, and one that is gone -------------------------------------------

kill -STOP "$AGENT_PID"
ns_spawn office "$NS_DIR/hung" setpriv --reuid 65533 --regid 65533 --clear-groups \
	socat tcp-listen:8003,fork,reuseaddr "exec:echo hello"
wait_until 5 ns_listens office tcp 8003
ok "what the kernel knows gets through while the agent hangs" call s1 udp 8000
ns_run s3 "$ROOT/tests/netns/flood.pl" 198.19.0.0/16 $OFFICE 20000-60000 1500
ok "and what it does not, once the queue is full" wait_until 10 call s1 tcp 8003
kill -CONT "$AGENT_PID"
ok "the agent goes on" wait_until 10 agent_answers
ok "and answers what has waited" call s1 tcp 8003
open_port tcp 7030
not_ok "the program is still not reachable" call s1 tcp 7030

write_policy 'on_failure = closed'
ok "with on_failure = closed" wait_until 10 eval \
	'ns_run office nft list table inet relaywarden | grep -q "over .*drop\|hold_in"'
sleep 2
stop_agent KILL
open_port tcp 7031
ok "the rules of a dead agent stay" is_held_in_kernel
not_ok "and what they would have asked about is lost" call s1 tcp 7031
ok "but for who is trusted" call s2 tcp 7031
ok "and what is known" call s1 udp 8000
ns_run office nft delete table inet relaywarden

write_policy 'on_failure = open'
ok "the agent starts again" start_agent office
wait_until 15 is_refused_by_name "$LISTENER_PID"
stop_agent KILL
ok "with open they are gone with it, and everybody gets through" call s1 tcp 7031
AGENT_PID=
done_testing

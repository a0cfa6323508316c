#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # what perl and awk expand
#
# kernel/capture against the running kernel: helper_capture in `work`, real traffic with
# `peer`. The helper opens as root and does all the rest as nobody inside the sandbox.

BUILD=${BUILD:-build}
# shellcheck source=tests/netns/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

HELPER=${HELPER:-$BUILD/netns/helper_capture}
WORK4=10.77.0.1 PEER4=10.77.0.2
WORK6=fd77::1 PEER6=fd77::2
BULK=3000000

begin_netns
need socat perl ping setpriv awk
[ -x "$HELPER" ] || bail_out "$HELPER is not there; run make check-build first"

# --- network -----------------------------------------------------------------------

build_network() {
	local name
	ns_add work peer || return
	ns_link work eth0 peer eth0 || return
	ns_run work ip addr add $WORK4/24 dev eth0
	ns_run work ip addr add $WORK6/64 dev eth0 nodad
	ns_run peer ip addr add $PEER4/24 dev eth0
	ns_run peer ip addr add $PEER6/64 dev eth0 nodad
	# UDP into nothing: without this it is answered with ICMP errors.
	for name in work peer; do
		ns_run "$name" nft 'add table inet t; add chain inet t in {
			type filter hook input priority 0; };
			add rule inet t in udp dport 1-9999 drop' || return
	done
}
build_network || bail_out "the namespaces could not be set up"

# --- traffic -----------------------------------------------------------------------

# udp NAME LOCAL LPORT REMOTE RPORT COUNT SIZE
udp() {
	local name=$1
	shift
	ns_run "$name" perl -MIO::Socket::IP -e '
		my ($l, $lp, $r, $rp, $count, $size) = @ARGV;
		my $s = IO::Socket::IP->new(Type => SOCK_DGRAM, LocalHost => $l,
			LocalPort => $lp, PeerHost => $r, PeerPort => $rp) or die $@;
		for (1..$count) { defined $s->send("x" x $size) or die $! }' "$@"
}

# listen NAME ADDRESS PORT: takes TCP connections and throws away what they bring
listen() {
	case $2 in
	*:*) ns_spawn "$1" "$NS_DIR/log" socat -u "TCP6-LISTEN:$3,bind=[$2],fork" /dev/null ;;
	*) ns_spawn "$1" "$NS_DIR/log" socat -u "TCP4-LISTEN:$3,bind=$2,fork" /dev/null ;;
	esac
	wait_until 5 ns_listens "$1" tcp "$3" || diag "nobody listens on port $3"
}

# tcp NAME LOCAL LPORT REMOTE RPORT: $BULK bytes from one to the other
tcp() {
	local local_end=$2 remote_end=$4
	[[ $2 != *:* ]] || local_end="[$2]" remote_end="[$4]"
	head -c "$BULK" /dev/zero |
		ns_run "$1" socat -u - "TCP:$remote_end:$5,bind=$local_end:$3"
}

retransmitted() { # NAME
	ns_run "$1" awk '/^Tcp:/ && $13 ~ /[0-9]/ { print $13 }' /proc/net/snmp
}

# --- the helper --------------------------------------------------------------------

# Packet sockets in the path of packets: "ALL tpacket_rcv" and the like.
hooks() {
	ns_run work awk '/packet_rcv/ { print $1 }' /proc/net/ptype
}

is "$(ns_run work setpriv --bounding-set -net_raw --inh-caps -net_raw "$HELPER" \
	</dev/null)" "open: EPERM" "without CAP_NET_RAW it says so at open"

coproc WARDEN { exec nsenter --net="$(ns_path work)" -- "$HELPER"; }
NS_PIDS+=("$WARDEN_PID")
# A coprocess's own descriptors are closed in the subshells of pipelines.
exec {TO}>&"${WARDEN[1]}" {FROM}<&"${WARDEN[0]}"
read -r opened <&"$FROM"
is "$opened" "open: ok" "it opens as root" || bail_out "nothing to test"

ask() {
	local line
	echo "$*" >&"$TO"
	while read -r -t 30 line <&"$FROM"; do
		[ "$line" != . ] || return 0
		echo "$line"
	done
	echo "the helper is gone"
}

# watch FLOW...: from now on these, each "PROTO LOCAL LPORT REMOTE RPORT"
watch() {
	local flow
	ask forget
	for flow in "$@"; do ask flow "$flow"; done
	ask start
}

# --- privilege, and the cost of being there ----------------------------------------

like "$(ask privilege)" "uid 65534 seccomp 2 capabilities" \
	"from here on it is nobody, in the sandbox"
not_ok "and keeps no CAP_NET_RAW" grep -q net_raw <<<"$(ask privilege)"
is "$(hooks)" "" "after opening it is on no packet's path"
udp work $WORK4 1000 $PEER4 2000 5 100
is "$(ask read)$(ask stats)" "packets 0 dropped 0 unparsable 0" \
	"nothing is seen before it is started"

# --- starting ----------------------------------------------------------------------

is "$(ask start)" "start: EINVAL" "starting with no flow is refused"
for i in $(seq 65); do ask flow udp $WORK4 "$i" $PEER4 1; done
is "$(ask start)" "start: E2BIG" "more than 64 flows are refused"
is "$(hooks)" "" "and nothing is started then"

UDP4="udp $WORK4 1000 $PEER4 2000"
UDP6="udp $WORK6 1000 $PEER6 2000"
is "$(watch "$UDP4" "$UDP6")" "start: ok" "starting works in the sandbox"
is "$(hooks)" "ALL" "and puts it on the path"

# --- UDP ---------------------------------------------------------------------------

udp work $WORK4 1000 $PEER4 2000 5 100
udp peer $PEER4 2000 $WORK4 1000 3 1400
udp work $WORK6 1000 $PEER6 2000 7 200
udp peer $PEER6 2000 $WORK6 1000 2 1
is "$(ask read)" "in 17 $WORK4 1000 $PEER4 2000 packets 3 bytes 4200 longest 1400
out 17 $WORK4 1000 $PEER4 2000 packets 5 bytes 500 longest 100
in 17 $WORK6 1000 $PEER6 2000 packets 2 bytes 2 longest 1
out 17 $WORK6 1000 $PEER6 2000 packets 7 bytes 1400 longest 200" \
	"UDP both ways, IPv4 and IPv6: counts, lengths and directions"
is "$(ask ago)" "just now in order" "their times are CLOCK_BOOTTIME, in order"
is "$(ask stats)" "packets 17 dropped 0 unparsable 0" "the kernel counted the same"
is "$(ask stats)" "packets 0 dropped 0 unparsable 0" "counts are since the last call"

udp work $WORK4 1001 $PEER4 2000 3 10
udp work $WORK4 1000 $PEER4 2001 3 10
udp work $WORK6 1001 $PEER6 2000 3 10
udp peer $PEER4 2000 $WORK4 1001 3 10
ns_run work ip addr add 10.77.0.3/24 dev eth0
udp work 10.77.0.3 1000 $PEER4 2000 3 10
is "$(ask read)" "" "flows that differ in a port or an address are not seen"
is "$(ask stats)" "packets 0 dropped 0 unparsable 0" "the kernel kept them out"
# The same number in the filter, another flow.
udp work $WORK4 2000 $PEER4 1000 3 10
udp peer $PEER4 1000 $WORK4 2000 3 10
is "$(ask read)" "" "a flow with the ports exchanged is another flow"
udp work $WORK4 1000 $PEER4 2000 1 0
is "$(ask read)" "" "packets without payload are left out"
ask stats >/dev/null

# --- fragments ---------------------------------------------------------------------

udp work $WORK4 1000 $PEER4 2000 1 4000
is "$(ask read) $(ask stats)" "out 17 $WORK4 1000 $PEER4 2000 packets 1 bytes 1472 \
longest 1472 packets 3 dropped 0 unparsable 2" \
	"of a fragmented IPv4 packet the first is seen, the others are counted"
udp work $WORK6 1000 $PEER6 2000 1 4000
is "$(ask read) $(ask stats)" "out 17 $WORK6 1000 $PEER6 2000 packets 1 bytes 1440 \
longest 1440 packets 3 dropped 0 unparsable 2" "so it is with IPv6"

# --- TCP ---------------------------------------------------------------------------

# bulk in|out WORK PEER PORT: sends until nothing was lost and sent again, which would be
# seen, and rightly, as more than was sent. A new port each time: the last one rests.
CLIENT_PORT=5000
bulk() {
	local before name try
	for try in 1 2 3 4 5; do
		CLIENT_PORT=$((CLIENT_PORT + 1))
		if [ "$1" = out ]; then
			name=work
			watch "tcp $2 $CLIENT_PORT $3 $4" >/dev/null
			before=$(retransmitted $name)
			tcp work "$2" $CLIENT_PORT "$3" "$4"
		else
			name=peer
			watch "tcp $2 $4 $3 $CLIENT_PORT" >/dev/null
			before=$(retransmitted $name)
			tcp peer "$3" $CLIENT_PORT "$2" "$4"
		fi
		SEEN=$(ask read)
		[ "$(retransmitted $name)" != "$before" ] || return 0
		diag "retransmissions, try $try"
	done
}

field() { # NAME: of the only line seen
	awk -v name="$1" '{ for (i = 1; i < NF; i++) if ($i == name) print $(i + 1) }' \
		<<<"$SEEN"
}

# tcp_both NAME WORK PEER: the same out and in
tcp_both() {
	listen peer "$3" 81
	listen work "$2" 82
	bulk out "$2" "$3" 81
	is "$(cut -d' ' -f1 <<<"$SEEN") $(field bytes)" "out $BULK" \
		"$1 out: lengths sum up to what was sent, acknowledgements are left out"
	ok "$1 out: an offload is one packet, with all its length" \
		[ "$(field longest)" -gt 1500 ]
	bulk in "$2" "$3" 82
	is "$(cut -d' ' -f1 <<<"$SEEN") $(field bytes)" "in $BULK" \
		"$1 in: lengths sum up to what was sent"
}
tcp_both "TCP over IPv4" $WORK4 $PEER4
tcp_both "TCP over IPv6" $WORK6 $PEER6
is "$(ask stats | awk '{ print $4, $6 }')" "0 0" "nothing was dropped on the way"

# Packets longer than the length field of IPv6 can say (BIG TCP).
if ns_run work ip link set eth0 gso_max_size 200000 2>/dev/null &&
	ns_run peer ip link set eth0 gso_max_size 200000 2>/dev/null; then
	bulk out $WORK6 $PEER6 81
	is "$(field bytes)" "$BULK" "BIG TCP: lengths sum up to what was sent"
	if [ "$(field longest)" -gt 65535 ]; then
		ok "BIG TCP: a packet longer than 64 KiB has its length" true
	else
		skip 1 "this kernel sent none longer than $(field longest)"
	fi
	ns_run work ip link set eth0 gso_max_size 65536
	ns_run peer ip link set eth0 gso_max_size 65536
else
	skip 2 "no BIG TCP here"
fi

# --- other protocols ---------------------------------------------------------------

watch "1 $WORK4 0 $PEER4 0" >/dev/null
ns_run work ping -q -c 2 -i 0.2 -s 100 $PEER4 >/dev/null
is "$(ask read)" "in 1 $WORK4 0 $PEER4 0 packets 2 bytes 216 longest 108
out 1 $WORK4 0 $PEER4 0 packets 2 bytes 216 longest 108" \
	"a protocol without ports goes by its addresses"

# --- 64 flows ----------------------------------------------------------------------

ask forget
for i in $(seq 32); do
	ask flow udp $WORK4 1000 $PEER4 $((3000 + i))
	ask flow udp $WORK6 $((4000 + i)) $PEER6 53
done
ask stats >/dev/null
is "$(ask start)" "start: ok" "64 flows, of both families, can be watched"
ns_run work perl -MIO::Socket::IP -e '
	my ($w4, $p4, $w6, $p6) = @ARGV;
	sub send_one {
		my ($l, $lp, $r, $rp) = @_;
		my $s = IO::Socket::IP->new(Type => SOCK_DGRAM, LocalHost => $l,
			LocalPort => $lp, PeerHost => $r, PeerPort => $rp) or die $@;
		$s->send("x" x 10) or die $!;
	}
	for my $i (1..40) {
		send_one($w4, 1000, $p4, 3000 + $i);
		send_one($w6, 4000 + $i, $p6, 53);
	}' $WORK4 $PEER4 $WORK6 $PEER6
SEEN=$(ask read)
is "$(grep -c ' packets 1 bytes 10 ' <<<"$SEEN") $(wc -l <<<"$SEEN")" "64 64" \
	"each is seen once, and no other"
is "$(ask stats)" "packets 64 dropped 0 unparsable 0" "nor did the kernel let others in"

# --- a flood -----------------------------------------------------------------------

watch "$UDP4" >/dev/null
udp work $WORK4 1000 $PEER4 2000 30000 10
read -r packets dropped < <(ask stats | awk '{ print $2, $4 }')
SEEN=$(ask read)
is "$packets" 30000 "a flood that nobody reads is counted in full"
ok "what found no room is counted as dropped" [ "$dropped" -gt 0 ]
is "$(field packets)" $((packets - dropped)) "and all the rest is read"
udp work $WORK4 1000 $PEER4 2000 5 10
SEEN=$(ask read)
is "$(field packets)" 5 "afterwards it goes on as before"

# --- stopping ----------------------------------------------------------------------

udp work $WORK4 1000 $PEER4 2000 5 10
sleep 0.1
ask stop
is "$(ask readable)" no "once stopped there is nothing to read"
udp work $WORK4 1000 $PEER4 2000 5 10
is "$(ask readable) $(ask read)" "no " "nor later, while traffic goes on"
is "$(hooks)" ffff "it is on the path of no packet that exists"
peer_index=$(ns_run peer ip -o link show eth0 | cut -d: -f1)
ns_run peer perl -MSocket -e '
	socket(my $s, 17, SOCK_DGRAM, 0) or die $!;
	my $to = pack("SniSCCa8", 17, 0xffff, $ARGV[0], 0, 0, 6, "\xff" x 6);
	send($s, "x" x 60, 0, $to) or die $!' "$peer_index"
is "$(ask readable)" no "and a frame made up for it is not kept"
ask stop
ask stats >/dev/null
is "$(watch "$UDP6") $(ask read)" "start: ok " \
	"started again, it has nothing left from before"
udp work $WORK4 1000 $PEER4 2000 5 10
udp work $WORK6 1000 $PEER6 2000 5 10
is "$(ask read)" "out 17 $WORK6 1000 $PEER6 2000 packets 5 bytes 50 longest 10" \
	"and only the new flows"
is "$(watch "$UDP4")" "start: ok" "it is started anew while it runs"
udp work $WORK4 1000 $PEER4 2000 5 10
udp work $WORK6 1000 $PEER6 2000 5 10
is "$(ask read)" "out 17 $WORK4 1000 $PEER4 2000 packets 5 bytes 50 longest 10" \
	"with other flows, and these alone are seen"
ask stop-after 3
udp work $WORK4 1000 $PEER4 2000 9 10
is "$(ask read)" "out 17 $WORK4 1000 $PEER4 2000 packets 3 bytes 30 longest 10" \
	"the callback may stop it, and is not called again"
ask stop-after 0

# --- changing ----------------------------------------------------------------------

# A flow that is asked for all the time, and one that joins in the middle.
ask stats >/dev/null
watch "$UDP4" >/dev/null
udp work $WORK4 1000 $PEER4 2000 5 10
udp work $WORK6 1001 $PEER6 2000 5 10
ask flow "udp $WORK6 1001 $PEER6 2000"
is "$(ask change)" "change: ok" "flows join while it runs, in the sandbox"
udp work $WORK4 1000 $PEER4 2000 5 10
udp work $WORK6 1001 $PEER6 2000 7 10
is "$(ask read)" "out 17 $WORK4 1000 $PEER4 2000 packets 10 bytes 100 longest 10
out 17 $WORK6 1001 $PEER6 2000 packets 7 bytes 70 longest 10" \
	"of the first nothing is lost, of the second what came before is not seen"
ask forget
is "$(ask change)" "change: EINVAL" "changing to no flow is refused"
udp work $WORK4 1000 $PEER4 2000 3 10
ask flow "$UDP4"
is "$(ask read)" "out 17 $WORK4 1000 $PEER4 2000 packets 3 bytes 30 longest 10" \
	"and what was watched stays so"
ask forget
ask flow "udp $WORK6 1001 $PEER6 2000"
ask change >/dev/null
udp work $WORK4 1000 $PEER4 2000 3 10
udp work $WORK6 1001 $PEER6 2000 2 10
is "$(ask read)" "out 17 $WORK6 1001 $PEER6 2000 packets 2 bytes 20 longest 10" \
	"flows leave while it runs"

# While packets come all the time: the exchange itself loses none.
ask forget
ask flow "$UDP4"
ask change >/dev/null
ask stats >/dev/null
udp work $WORK4 1000 $PEER4 2000 4000 10 &
sender=$!
for i in $(seq 60); do
	ask flow "udp $WORK6 $((4000 + i)) $PEER6 53"
	ask change >/dev/null
done
wait $sender
is "$(ask read) $(ask stats)" "out 17 $WORK4 1000 $PEER4 2000 packets 4000 bytes 40000 \
longest 10 packets 4000 dropped 0 unparsable 0" \
	"sixty changes while packets pass lose none of them"
ask stop
is "$(ask change)" "change: EINVAL" "once stopped there is nothing to change"

# --- interfaces --------------------------------------------------------------------

ask stats >/dev/null
watch "udp $WORK4 1000 $WORK4 2000" "udp 127.0.0.1 1000 127.0.0.1 2000" >/dev/null
udp work $WORK4 1000 $WORK4 2000 3 10
udp work 127.0.0.1 1000 127.0.0.1 2000 3 10
is "$(ask read)$(ask stats)" "packets 0 dropped 0 unparsable 0" "loopback is not seen"

# A tunnel has no link header.
ns_spawn work "$NS_DIR/log" socat TUN:10.78.0.1/24,up,tun-name=tun0 \
	UDP4-DATAGRAM:$PEER4:17777,bind=$WORK4:17777
ns_spawn peer "$NS_DIR/log" socat TUN:10.78.0.2/24,up,tun-name=tun0 \
	UDP4-DATAGRAM:$WORK4:17777,bind=$PEER4:17777
if wait_until 5 ns_run work ping -c 1 -W 1 10.78.0.2; then
	watch "udp 10.78.0.1 1000 10.78.0.2 2000" >/dev/null
	udp work 10.78.0.1 1000 10.78.0.2 2000 3 10
	udp peer 10.78.0.2 2000 10.78.0.1 1000 4 20
	is "$(ask read)" \
		"in 17 10.78.0.1 1000 10.78.0.2 2000 packets 4 bytes 80 longest 20
out 17 10.78.0.1 1000 10.78.0.2 2000 packets 3 bytes 30 longest 10" \
		"packets of a tunnel without link header are seen"
else
	skip 1 "no tunnel here"
fi

# As a hypervisor's host has it: the address is the bridge's, eth0 a port.
if ns_run work ip link add br0 type bridge 2>/dev/null; then
	watch "$UDP4" >/dev/null
	ask stats >/dev/null
	udp work $WORK4 1000 $PEER4 2000 1 10 # by eth0, before
	ns_run work ip addr flush dev eth0
	ns_run work ip link set eth0 master br0
	ns_run work ip link set br0 up
	ns_run work ip addr add $WORK4/24 dev br0
	wait_until 10 ns_run work ping -c 1 -W 1 $PEER4
	udp work $WORK4 1000 $PEER4 2000 5 10
	udp peer $PEER4 2000 $WORK4 1000 3 10
	is "$(ask read)" "in 17 $WORK4 1000 $PEER4 2000 packets 3 bytes 30 longest 10
out 17 $WORK4 1000 $PEER4 2000 packets 6 bytes 60 longest 10" \
		"a packet that passes a bridge and its port is seen once"
	is "$(ask stats)" "packets 17 dropped 0 unparsable 0" "though the kernel saw it twice"
	bulk out $WORK4 $PEER4 81
	is "$(field bytes)" "$BULK" "a stream too"
else
	skip 3 "no bridge here"
fi

done_testing

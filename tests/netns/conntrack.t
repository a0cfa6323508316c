#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel/conntrack and kernel/link against the running kernel: two namespaces, `ws` (the
# workstation, where helper_conntrack runs) and `peer`. TAP; needs root.

set -u
BUILD=${BUILD:-build}
HELPER=${HELPER:-$BUILD/netns/helper_conntrack}
WS=rwct-ws-$$
PEER=rwct-peer-$$
COUNT=0
FAILED=0
PIDS=()
PATIENCE=${PATIENCE_FACTOR:-1}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

[ "$(id -u)" -eq 0 ] || skip_all "needs root, to make network namespaces"
[ -x "$HELPER" ] || skip_all "$HELPER is missing: run make first"
for tool in ip nft socat conntrack; do
	command -v $tool >/dev/null || skip_all "needs $tool"
done

# --- TAP --------------------------------------------------------------------------

# is TEXT WANTED NAME
is() {
	COUNT=$((COUNT + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $COUNT - $3"
		return
	fi
	echo "not ok $COUNT - $3"
	echo "# got:    ${1//$'\n'/$'\n'#         }"
	echo "# wanted: ${2//$'\n'/$'\n'#         }"
	FAILED=1
}

# has TEXT REGEX NAME: some line matches, as a whole
has() {
	COUNT=$((COUNT + 1))
	if grep -qxE -- "$2" <<<"$1"; then
		echo "ok $COUNT - $3"
		return
	fi
	echo "not ok $COUNT - $3"
	echo "# got:    ${1//$'\n'/$'\n'#         }"
	echo "# wanted: $2"
	FAILED=1
}

skip() {
	COUNT=$((COUNT + 1))
	echo "ok $COUNT - $2 # SKIP $1"
}

# --- the two hosts ----------------------------------------------------------------

ws() { ip netns exec "$WS" "$@"; }
peer() { ip netns exec "$PEER" "$@"; }

clean_up() {
	trap - EXIT
	for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null; done
	wait 2>/dev/null
	ip netns del "$WS" 2>/dev/null
	ip netns del "$PEER" 2>/dev/null
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

ip netns add "$WS" || skip_all "no network namespaces here"
ip netns add "$PEER" || skip_all "no network namespaces here"
ip link add ws netns "$WS" type veth peer name peer netns "$PEER" || exit 1
ws ip link set lo up
ws ip link set ws up
peer ip link set lo up
peer ip link set peer up
ws ip addr add 10.77.0.1/24 dev ws
ws ip addr add fd77::1/64 dev ws nodad
peer ip addr add 10.77.0.2/24 dev peer
peer ip addr add fd77::2/64 dev peer nodad
# UDP into nothing: without this the peer answers some of it with ICMP errors.
peer nft -f - <<'EOF' || exit 1
table inet t {
	chain in {
		type filter hook input priority 0;
		udp dport 1-9999 drop
	}
}
EOF
# `ct state` is what switches conntrack on in a namespace. The counters are for the
# comparison to the byte, the marks for the filter.
ws nft -f - <<'EOF' || skip_all "nft refuses ct, counters or nat here"
table inet t {
	counter bulk_in { }
	counter bulk_out { }
	chain in {
		type filter hook input priority 0;
		ct state invalid drop
		tcp sport 81 counter name bulk_in
	}
	chain out {
		type filter hook output priority 0;
		ct state invalid drop
		tcp dport 81 counter name bulk_out
		udp dport 700 ct mark set 0x0010ca6c
		udp dport 701 ct mark set 0x0110ca6c
		udp dport 702 ct mark set 0x0000ca6c
	}
	chain pre {
		type nat hook prerouting priority -100;
		tcp dport 80 redirect to :8080
	}
	chain natout {
		type nat hook output priority -100;
		tcp dport 8888 redirect to :8080
	}
	chain post {
		type nat hook postrouting priority 100;
		udp dport 600 snat ip to 10.77.0.3
	}
}
EOF
# Entries end when this test says so, however slow the machine is.
# shellcheck disable=SC2016 # for the inner shell
ws bash -c 'cd /proc/sys/net/netfilter && for timeout in nf_conntrack_udp_timeout \
	nf_conntrack_tcp_timeout_{time_wait,close,close_wait,fin_wait,last_ack}; do
	echo 3600 >"$timeout"; done'
ws ip addr add 10.77.0.3/32 dev lo
ws ip route add default via 10.77.0.2

# udp HOST PORT...: one datagram of three bytes to each
udp() {
	local host=$1
	shift
	# shellcheck disable=SC2016
	ws bash -c 'for p in "${@:1}"; do echo hi >"/dev/udp/$0/$p"; done' "$host" "$@"
}

# An entry from before the listener, for later.
udp 10.77.0.2 499

# --- the helper -------------------------------------------------------------------

coproc WARDEN { ip netns exec "$WS" "$HELPER"; }
PIDS+=("$WARDEN_PID")
# A coprocess's own descriptors are closed in the subshells of pipelines.
exec {TO}>&"${WARDEN[1]}" {FROM}<&"${WARDEN[0]}"
read -r opened <&"$FROM"
is "$opened" "open: ok" "link and conntrack open"
[ "$opened" = "open: ok" ] || { echo "1..$COUNT"; exit 1; }

if command -v setpriv >/dev/null; then
	is "$(ws setpriv --reuid 65534 --clear-groups "$HELPER" </dev/null)" "open: EPERM" \
		"without CAP_NET_ADMIN it says so at open"
else
	skip "needs setpriv" "without CAP_NET_ADMIN it says so at open"
fi

ask() {
	local line
	echo "$*" >&"$TO"
	while read -r -t $((30 * PATIENCE)) line <&"$FROM"; do
		[ "$line" != . ] || return 0
		echo "$line"
	done
	echo "the helper is gone"
}

# listen NAMESPACE SOCAT-ADDRESS PORT: a server that throws away what it gets
listen() {
	ip netns exec "$1" socat -u "$2" /dev/null &
	PIDS+=($!)
	for _ in $(seq $((100 * PATIENCE))); do
		[ -z "$(ip netns exec "$1" ss -Hltn "sport = :$3")" ] || return
		sleep 0.05
	done
	echo "# nobody listens on port $3"
}

# --- link -------------------------------------------------------------------------

is "$(ask link)" "uplink 'ws' capacity 1250000000 public no
link: ok" "the uplink is the default route's interface, with its speed"
is "$(for a in 10.77.0.1 10.77.0.3 fd77::1 127.9.9.9 ::1 10.77.0.2 fd77::2; do
	ask local $a
done | xargs)" "yes yes yes yes yes no no" "own addresses are local, others are not"
ws ip addr add 198.41.0.4/32 dev lo
ws ip addr del fd77::1/64 dev ws
ws ip route del default
is "$(ask link)" "uplink '' capacity 0 public yes
link: ok" "a public address comes and the default route goes"
is "$(ask local 198.41.0.4) $(ask local fd77::1)" "yes no" \
	"addresses are followed as they come and go"
ws ip addr del 198.41.0.4/32 dev lo
ws ip addr add fd77::1/64 dev ws nodad
ws ip -6 route add default via fd77::2
is "$(ask link)" "uplink 'ws' capacity 1250000000 public no
link: ok" "an IPv6 default route alone makes an uplink too"
ws ip link set ws down
ws ip link set ws up
ws ip route add default via 10.77.0.2
ws ip addr replace fd77::1/64 dev ws nodad
is "$(ask link)" "uplink 'ws' capacity 1250000000 public no
link: ok" "an interface that was down and up is an uplink again"
# A bridge has the speed of its ports, and no route changes when one joins.
if ws ip link add br0 type bridge 2>/dev/null; then
	ws ip link add p0 type veth peer name p1
	ws ip link set p0 up
	ws ip link set p1 up
	ws ip link set br0 up
	ws ip route replace default dev br0
	is "$(ask link)" "uplink 'br0' capacity 0 public no
link: ok" "an uplink that can't tell its speed has none"
	ws ip link set p0 master br0
	for _ in $(seq $((100 * PATIENCE))); do
		[ "$(ws cat /sys/class/net/br0/carrier)" != 1 ] || break
		sleep 0.05
	done
	is "$(ask link)" "uplink 'br0' capacity 1250000000 public no
link: ok" "a speed that changes later is noticed"
	ws ip link del br0
	ws ip link del p0
	ws ip route replace default via 10.77.0.2
else
	skip "no bridge in this kernel" "an uplink that can't tell its speed has none"
	skip "no bridge in this kernel" "a speed that changes later is noticed"
fi
# A hundred changes at once: more datagrams than one call takes.
# shellcheck disable=SC2016 # for the inner shell
ws bash -c 'for i in $(seq 100); do echo "addr add 10.99.0.$i/32 dev lo"; done |
	ip -batch -'
ask link >/dev/null
is "$(ask local 10.99.0.1) $(ask local 10.99.0.100)" "yes yes" \
	"a hundred addresses added at once are all known"
# shellcheck disable=SC2016 # for the inner shell
ws bash -c 'for i in $(seq 100); do echo "addr del 10.99.0.$i/32 dev lo"; done |
	ip -batch -'
ask link >/dev/null

# --- accounting -------------------------------------------------------------------

outside=$(cat /proc/sys/net/netfilter/nf_conntrack_acct)
ws sh -c 'echo 0 >/proc/sys/net/netfilter/nf_conntrack_acct'
udp 10.77.0.2 500
has "$(ask dump 0 0)" "dumped out udp 10\.77\.0\.1 [0-9]+ 10\.77\.0\.2 500 mark 0x0" \
	"an entry older than accounting has no counters"
is "$(ask accounting)" "accounting was off" "accounting is switched on"
is "$(ask accounting)" "accounting was on" "and left alone the second time"
is "$(cat /proc/sys/net/netfilter/nf_conntrack_acct)" "$outside" \
	"in this namespace only"

# --- events: direction and addresses ----------------------------------------------

ask events >/dev/null
udp 10.77.0.2 501
udp fd77::2 501
listen "$PEER" TCP-LISTEN:81 81
ws bash -c 'head -c 3000000 /dev/zero | socat -u - TCP:10.77.0.2:81'
listen "$PEER" TCP6-LISTEN:82,ipv6only=1 82
ws bash -c 'echo hi | socat -u - TCP6:[fd77::2]:82'
listen "$WS" TCP-LISTEN:83 83
peer bash -c 'echo hi | socat -u - TCP:10.77.0.1:83'
listen "$WS" TCP6-LISTEN:84,ipv6only=1 84
peer bash -c 'echo hi | socat -u - TCP6:[fd77::1]:84'
seen=$(ask events)
N='[0-9]+'
has "$seen" "new out udp 10\.77\.0\.1 $N 10\.77\.0\.2 501 mark 0x0" "UDP over IPv4, out"
has "$seen" "new out udp fd77::1 $N fd77::2 501 mark 0x0" "UDP over IPv6, out"
has "$seen" "new out tcp 10\.77\.0\.1 $N 10\.77\.0\.2 81 mark 0x0" "TCP over IPv4, out"
has "$seen" "new out tcp fd77::1 $N fd77::2 82 mark 0x0" "TCP over IPv6, out"
has "$seen" "new in tcp 10\.77\.0\.1 83 10\.77\.0\.2 $N mark 0x0" "TCP over IPv4, in"
has "$seen" "new in tcp fd77::1 84 fd77::2 $N mark 0x0" "TCP over IPv6, in"
is "$(grep -c '^new .* 501 ' <<<"$seen")" 2 "each flow is announced once"

# --- translated addresses ---------------------------------------------------------

listen "$WS" TCP-LISTEN:8080,fork 8080
peer bash -c 'echo hi | socat -u - TCP:10.77.0.1:80'
has "$(ask events)" "new in tcp 10\.77\.0\.1 8080 10\.77\.0\.2 $N mark 0x0" \
	"a redirected flow is known by the port of its socket"
udp 10.77.0.2 600
has "$(ask events)" "new out udp 10\.77\.0\.1 $N 10\.77\.0\.2 600 mark 0x0" \
	"a flow with a translated source keeps the address of its socket"
ws bash -c 'echo hi | socat -u - TCP:10.77.0.2:8888'
ws bash -c 'echo hi >/dev/udp/127.0.0.1/502'
ws ping -q -c 1 -W 1 127.0.0.1 >/dev/null
seen=$(ask events)
has "$seen" "new out udp 127\.0\.0\.1 $N 127\.0\.0\.1 502 mark 0x0" \
	"a flow with two local ends is seen from where it began"
is "$(grep -c '^new ' <<<"$seen")" 2 "so is one that is redirected; no ping is" ||
	printf '%s\n' "$seen"
has "$(ask stats)" "lost 0 forwarded $N loopback 3 unparsable 0" \
	"all are counted, and nothing was unparsable"

forwarded() { ask stats | sed -E 's/.*forwarded ([0-9]+).*/\1/'; }
before=$(forwarded)
ws sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ws ip route add 10.88.0.0/24 via 10.77.0.2
peer ip route add 10.88.0.0/24 via 10.77.0.1
peer bash -c 'echo hi >/dev/udp/10.88.0.9/9'
is "$(ask events)" "" "a flow that is only forwarded is not handed over"
is "$(forwarded)" $((before + 1)) "but counted"

# --- bytes ------------------------------------------------------------------------

is "$(ask dump 0 0 | grep -cE "out udp 10\.77\.0\.1 $N 10\.77\.0\.2 501 mark 0x0 \
bytes_in 0 packets_in 0 bytes_out 31 packets_out 1")" 1 \
	"three bytes over UDP and IPv4 are 31 on layer 3"
is "$(ask dump 0 0 | grep -cE "out udp fd77::1 $N fd77::2 501 mark 0x0 \
bytes_in 0 packets_in 0 bytes_out 51 packets_out 1")" 1 \
	"and 51 over IPv6"

nft_counter() {
	ws nft list counter inet t "$1" |
		sed -nE 's/.*packets ([0-9]+) bytes ([0-9]+).*/\2 packets_XX \1/p'
}
bulk() {
	ask dump 0 0 | sed -nE 's/.* 81 mark 0x0 (bytes_in .*)/\1/p'
}
want() {
	in=$(nft_counter bulk_in)
	out=$(nft_counter bulk_out)
	echo "bytes_in ${in/XX/in} bytes_out ${out/XX/out}"
}
# The last acknowledgement may still be under way; all must hold still, then agree.
for _ in $(seq $((50 * PATIENCE))); do
	before=$(want)
	sleep 0.1
	[ "$before" != "$(want)" ] || break
done
is "$(bulk)" "$(want)" "three megabytes over TCP agree with nft to the byte"
[ "$(bulk | cut -d' ' -f6)" -gt 3000000 ] 2>/dev/null
is $? 0 "and are more than the payload"

# --- dumps by mark ----------------------------------------------------------------

udp 10.77.0.2 700 701 702 703
marked() { sed -nE 's/.* (70[0-9]) mark (0x[0-9a-f]+).*/\1 \2/p' | sort | xargs; }
is "$(ask dump 0x00100000 0x00100000 | marked)" "700 0x10ca6c 701 0x110ca6c" \
	"a dump of the heavy bit returns those flows and no others"
is "$(ask dump 0x00100000 0x00100000 | wc -l)" 3 "two entries and the end"
is "$(ask dump 0x01000000 0xff000000 | marked)" "701 0x110ca6c" \
	"a dump of one application's number too"
is "$(ask dump 0 0 | marked)" "700 0x10ca6c 701 0x110ca6c 702 0xca6c 703 0x0" \
	"mask 0 returns every entry"
is "$(ask dump 0x00800000 0x00800000)" "dump: ok" "no match is an empty dump"

# --- marks ------------------------------------------------------------------------

# flow REGEX: "PROTO LOCAL LPORT REMOTE RPORT DIRECTION" of the dumped entry
flow() {
	ask dump 0 0 | grep -E "$1" | head -n1 | awk '{print $3, $4, $5, $6, $7, $2}'
}
mark_of() { ask dump 0 0 | grep -E "$1" | sed -E 's/.*mark (0x[0-9a-f]+).*/\1/'; }
is "$(ask mark "$(flow ' 702 mark')" 0x01200000 0xfff00000)" "mark: ok" \
	"a mark is set on an outbound flow"
is "$(mark_of ' 702 mark')" 0x120ca6c "under the mask alone: foreign bits stay"
ask mark "$(flow ' 702 mark')" 0x02000000 0xfff00000 >/dev/null
is "$(mark_of ' 702 mark')" 0x200ca6c "a second one replaces the first"
ask mark "$(flow ' 702 mark')" 0x00100000 0x00100000 >/dev/null
is "$(mark_of ' 702 mark')" 0x210ca6c "a single bit is added"
ask mark "$(flow ' 702 mark')" 0 0x00100000 >/dev/null
is "$(mark_of ' 702 mark')" 0x200ca6c "and taken away"
is "$(ask mark "$(flow ' 702 mark')" 0x02000001 0xfff00000)" "mark: EINVAL" \
	"a value outside the mask is refused"
is "$(mark_of ' 702 mark')" 0x200ca6c "and changes nothing"
for regex in ' in tcp 10\.77\.0\.1 83 ' ' in tcp 10\.77\.0\.1 8080 ' ' fd77::1 84 ' \
	' fd77::2 82 ' ' 600 mark'; do
	ask mark "$(flow "$regex")" 0x05000000 0xfff00000 >/dev/null
	is "$(mark_of "$regex")" 0x5000000 "a mark is set on:$regex"
done
is "$(ask mark udp 10.77.0.1 1 10.77.0.2 1 out 0 0)" "mark: ENOENT" \
	"an unknown flow is ENOENT"
is "$(ask mark 1 10.77.0.1 0 10.77.0.2 0 out 0 0)" "mark: EOPNOTSUPP" \
	"ICMP can't be named by its key"

# --- single entries ---------------------------------------------------------------

# What the dump says of a flow is what its own entry says.
for regex in ' 501 mark' ' fd77::2 501 ' ' in tcp 10\.77\.0\.1 83 ' \
	' in tcp fd77::1 84 ' ' 81 mark' ' 600 mark' ' in tcp 10\.77\.0\.1 8080 '; do
	is "$(ask read "$(flow "$regex")")" "$(ask dump 0 0 | grep -E "$regex" | head -n1)
read: ok" "an entry is read with its counters:$regex"
done
before=$(ask read "$(flow ' 703 mark')")
# One socket, one flow.
ws bash -c 'exec 3<>"/dev/udp/10.77.0.2/704"; echo hi >&3; echo hi >&3; echo hi >&3'
has "$(ask read "$(flow ' 704 mark')")" "dumped out udp 10\.77\.0\.1 $N \
10\.77\.0\.2 704 mark 0x0 bytes_in 0 packets_in 0 bytes_out 93 packets_out 3" \
	"three packets later it has three packets more"
is "$(ask read "$(flow ' 703 mark')")" "$before" "and others are as they were"
is "$(ask read udp 10.77.0.1 1 10.77.0.2 1 out)" "read: ENOENT" \
	"an entry that is not there is ENOENT"
is "$(ask read udp fd77::1 1 fd77::2 1 in)" "read: ENOENT" "and over IPv6 and inbound"
is "$(ask read "$(flow ' in tcp 10\.77\.0\.1 83 ' | sed 's/in$/out/')" |
	cut -d' ' -f1,2)" "dumped in
read: ok" "asked for the wrong way round, it says its own direction"
is "$(ask read 1 10.77.0.1 0 10.77.0.2 0 out)" "read: EOPNOTSUPP" "ICMP is refused"
is "$(ask read 58 fd77::1 0 fd77::2 0 out)" "read: EOPNOTSUPP" "and ICMPv6"
has "$(ask read "$(flow ' 81 mark')")" "read: ok" \
	"after refusals the next answer is its own"

# --- the end of flows -------------------------------------------------------------

ask events >/dev/null
ws conntrack -D -p udp --dport 501 >/dev/null 2>&1
has "$(ask events)" "destroyed out udp 10\.77\.0\.1 $N 10\.77\.0\.2 501 mark 0x0 \
bytes_in 0 packets_in 0 bytes_out 31 packets_out 1" \
	"an entry's last counters come with its end"

# Whether its end is announced depends on who else listened when it was made: count on
# the full dump alone.
has "$(ask dump 0 0)" "dumped out udp 10\.77\.0\.1 $N 10\.77\.0\.2 499 mark 0x0" \
	"an entry older than the listener is found by a full dump"
ws conntrack -D -p udp --dport 499 >/dev/null 2>&1
ask events >/dev/null
is "$(ask dump 0 0 | grep -c ' 499 ')" 0 "and its end too"

# --- lost events ------------------------------------------------------------------

is "$(ask rcvbuf 1)" "rcvbuf: ok" "the receive buffer is made tiny"
udp 10.77.0.2 $(seq 1001 1200)
seen=$(ask events)
has "$seen" "events: ENOBUFS" "events beyond it are reported as lost"
[ "$(grep -c ^new <<<"$seen")" -lt 200 ]
is $? 0 "and really are"
has "$(ask stats)" "lost [1-9][0-9]* .*" "it is counted"
is "$(ask dump 0 0 | grep -cE ' 1[0-2][0-9][0-9] mark ')" 200 \
	"a dump then finds all two hundred flows"
udp 10.77.0.2 1300
has "$(ask events)" "new out udp 10\.77\.0\.1 $N 10\.77\.0\.2 1300 mark 0x0" \
	"and events go on"

# --- fill -------------------------------------------------------------------------

is "$(ask fill)" "fill $(ws sh -c 'cat /proc/sys/net/netfilter/nf_conntrack_count') of \
$(cat /proc/sys/net/netfilter/nf_conntrack_max)" "fill is this namespace's"

# Only where a namespace has a limit of its own: elsewhere it is the whole machine's.
if [ -n "$(ws sh -c '[ -w /proc/sys/net/netfilter/nf_conntrack_max ] && stat -c %A \
	/proc/sys/net/netfilter/nf_conntrack_max | grep w')" ]; then
	ws sh -c 'echo 210 >/proc/sys/net/netfilter/nf_conntrack_max'
	udp 10.77.0.2 $(seq 2001 2300) 2>/dev/null
	ask events >/dev/null
	has "$(ask dump 0 0)" "dump: ok" "a full table can be dumped"
else
	skip "nf_conntrack_max is read-only in a namespace of this kernel" \
		"a full table can be dumped"
fi

is "$(ask stats | sed 's/.*unparsable/unparsable/')" "unparsable 0" \
	"everything the kernel sent was understood"
echo "1..$COUNT"
exit $FAILED

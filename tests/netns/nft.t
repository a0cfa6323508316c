#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel/nft.h against the running kernel, in two network namespaces of its own: an
# office whose table is made by build/netns/helper_nft, and a stranger. Each end has a
# sink that counts and drops what reaches it, so that no reply is in the figures.
# TAP; run as root: prove tests/netns/nft.t

set -u
helper=${HELPER_NFT:-${BUILD:-build}/netns/helper_nft}
office=rwo$$ stranger=rwp$$
group=
work=
patience=${PATIENCE_FACTOR:-1}

skip_all() { echo "1..0 # SKIP $1"; exit 0; }

[ "$(id -u)" = 0 ] || skip_all "needs root"
for tool in ip nft nsenter setpriv; do
	command -v $tool >/dev/null || skip_all "needs $tool"
done
[ -x "$helper" ] || { echo "Bail out! $helper is missing, build it first"; exit 1; }

# --- TAP ----------------------------------------------------------------------

count=0 failed=0
ok() {
	count=$((count + 1))
	echo "ok $count - $1"
}
not_ok() { # NAME, then what was seen
	count=$((count + 1)) failed=$((failed + 1))
	echo "not ok $count - $1"
	shift
	printf '%s\n' "$@" | sed 's/^/# /'
}
skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}
is() { # NAME SEEN EXPECTED
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "seen: $2" "expected: $3"; fi
}
like() { # NAME SEEN REGEX
	if [[ $2 =~ $3 ]]; then ok "$1"; else not_ok "$1" "seen: $2" "expected: $3"; fi
}
between() { # NAME SEEN LEAST MOST
	if [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then
		ok "$1"
	else
		not_ok "$1" "seen: $2" "expected: $3 to $4"
	fi
}

# --- two ends -----------------------------------------------------------------

cleanup() {
	exec 3>&- 4<&- 5>&- 6<&-
	wait
	ip netns del $office 2>/dev/null
	ip netns del $stranger 2>/dev/null
	[ -z "$group" ] || rmdir "$group/deep" "$group" 2>/dev/null
	[ -z "$work" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# Not `ip netns exec`: it hides the cgroups of this machine behind a fresh /sys.
in_office() { nsenter --net=/run/netns/$office "$@"; }
in_stranger() { nsenter --net=/run/netns/$stranger "$@"; }

sink() { # of the namespace given; flows are told apart by port
	nsenter --net="/run/netns/$1" nft -f - <<-'RULES'
	table inet sink {
		map passed { type inet_service : counter; }
		chain input {
			type filter hook input priority 300;
			meta l4proto udp counter name udp dport map @passed
			meta l4proto udp drop
		}
	}
	RULES
}

set_up() {
	work=$(mktemp -d) || exit 1
	ip netns add $office && ip netns add $stranger || exit 1
	ip -n $office link set lo up
	ip -n $office link add uplink type veth peer name uplink netns $stranger
	ip -n $office addr add 10.77.0.1/24 dev uplink
	ip -n $office addr add fd77::1/64 dev uplink nodad
	ip -n $stranger addr add 10.77.0.2/24 dev uplink
	ip -n $stranger addr add fd77::2/64 dev uplink nodad
	ip -n $office addr add fe80::77:1/64 dev uplink nodad
	ip -n $stranger addr add fe80::77:2/64 dev uplink nodad
	ip -n $office link set uplink up
	ip -n $stranger link set uplink up
	sink $office && sink $stranger || exit 1
	in_office nft -f - <<-'RULES'
	table inet other {
		counter kept { }
		counter heavy { }
		counter light { }
		chain before {
			type filter hook output priority -100;
			udp dport 7000 ct mark set 0x02000000
			udp dport 7001 ct mark set 0x02400000
			udp dport 6666 ct mark 0 ct mark set 0x0000ca6c
		}
		chain after {
			type filter hook output priority 20;
			udp dport 6666 ct mark 0x0000ca6c counter name kept
			udp dport 9000 ct mark 0x01800000 counter name heavy
			udp dport 9000 ct mark 0x01000000 counter name light
		}
	}
	RULES
}

# Packets that reached the sink of a namespace at a port since watch() was called.
watch() { # NAMESPACE PORT
	nsenter --net="/run/netns/$1" nft -f - <<-RULES
	add counter inet sink p$2
	add element inet sink passed { $2 : "p$2" }
	RULES
	nsenter --net="/run/netns/$1" nft reset counter inet sink "p$2" >/dev/null
}
passed() { # NAMESPACE PORT
	packets_of "$1" "sink p$2"
}
packets_of() { # NAMESPACE "TABLE COUNTER"
	# shellcheck disable=SC2086
	nsenter --net="/run/netns/$1" nft list counter inet $2 |
		sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

send_out() { # LOCAL-PORT PORT PACKETS
	in_office "$helper" --send 10.77.0.1 "$1" 10.77.0.2 "$2" "$3" 1000 >/dev/null
}
send_in() { # PORT LOCAL-PORT PACKETS
	in_stranger "$helper" --send 10.77.0.2 "$1" 10.77.0.1 "$2" "$3" 1000 >/dev/null
}

# --- the helper, on descriptors 3 (to it) and 4 (from it) -----------------------

start() {
	rm -f "$work/to" "$work/from"
	mkfifo "$work/to" "$work/from"
	# Not in_office(): $! has to be the helper itself.
	nsenter --net=/run/netns/$office "$helper" <"$work/to" >"$work/from" &
	agent=$!
	exec 3>"$work/to" 4<"$work/from"
	read -r -t $((10 * patience)) answer <&4
}
stop() { # kill -9, and wait until it is gone
	kill -9 $agent
	wait $agent 2>/dev/null
	exec 3>&- 4<&-
}
tell() { printf '%s\n' "$@" >&3; }
ask() { # changes, then a command that answers
	tell "$@"
	answer="no answer"
	read -r -t $((20 * patience)) answer <&4
}
# Bytes the agent has counted: NUMBER in|out
counted() {
	ask counters
	local field=" $answer "
	case $field in *" $1:"*) ;; *) echo 0; return ;; esac
	field=${field#*" $1:"}
	field=${field%% *}
	if [ "$2" = in ]; then
		field=${field#in=}
		echo "${field%%,*}"
	else
		echo "${field#*out=}"
	fi
}

# --- tests --------------------------------------------------------------------

test_creation() {
	start
	is "the kernel has nf_tables" "$answer" "ok open"
	ask features
	features=$answer
	echo "# $features"
	tell "app 0 unattributed" "app 1 voice" "app 2 marked" "app 3 grouped" \
		"port udp 7654 1" "port tcp 7654 1"
	ask commit
	like "the table is created in one transaction" "$answer" '^ok 7 steps$'
	ask commit
	is "the same plan again needs no step" "$answer" "ok 0 steps"

	local list
	list=$(in_office nft list table inet relaywarden)
	like "nft list names the counters" "$list" 'counter in_1 '
	like "nft list shows whose they are" "$list" 'comment "voice"'
	like "nft list shows ports as people write them" "$list" \
		'udp \. 7654 : 0x01000000'
	if [[ $features == *owner=1* ]]; then
		like "the table is owned" "$list" 'flags owner'
	else
		skip "the table is owned" "kernel without NFT_TABLE_F_OWNER"
	fi
}

test_second_agent() {
	if [[ $features != *owner=1* ]]; then
		skip "a second agent is refused" "kernel without NFT_TABLE_F_OWNER"
		skip "and cannot remove the table" "kernel without NFT_TABLE_F_OWNER"
		return
	fi
	local seen
	seen=$(printf '%s\n' "app 0 x" commit remove | in_office "$helper")
	like "a second agent is refused and told why" "$seen" \
		'error 17 another agent owns table inet relaywarden'
	like "and cannot remove the table" "$seen" 'error 17 File exists'
}

test_privilege() {
	local seen
	seen=$(in_office setpriv --reuid 65534 --regid 65534 --clear-groups \
		--bounding-set -all "$helper" </dev/null)
	is "without CAP_NET_ADMIN opening says so" "$seen" \
		"error 1 Operation not permitted"
}

test_counting() {
	send_out 7654 9000 10
	is "outgoing bytes go to the app of the local port" "$(counted 1 out)" 10280
	send_in 9100 7654 10
	is "incoming bytes go to the app of the local port" "$(counted 1 in)" 10280
	in_office "$helper" --send fd77::1 7654 fd77::2 9001 10 1000 >/dev/null
	is "IPv6 is counted alike" "$(counted 1 out)" $((10280 + 10480))
	in_stranger "$helper" --send fd77::2 9101 fd77::1 7654 10 1000 >/dev/null
	is "in both directions" "$(counted 1 in)" $((10280 + 10480))
	send_out 5000 7000 10
	is "a mark set by the daemon decides without a map" "$(counted 2 out)" 10280

	local before
	before=$(counted 0 out)
	send_out 5001 5002 10
	is "what nobody claims is counted as unattributed" \
		$(($(counted 0 out) - before)) 10280
	before=$(counted 1 out)
	in_office "$helper" --send 127.0.0.1 7654 127.0.0.1 9000 10 1000 >/dev/null
	is "loopback is not counted" "$(counted 1 out)" "$before"
}

test_marks() {
	is "a small flow is not HEAVY" "$(packets_of $office "other heavy")" 0
	is "but has its application's mark" "$(packets_of $office "other light")" 10
	send_out 7654 9000 20
	# 10 of 1028 bytes have passed; the threshold falls to the sixteenth.
	is "a flow is HEAVY after 16 KiB" "$(packets_of $office "other heavy")" 15
	send_out 7654 6666 40
	is "a foreign mark keeps every bit" "$(packets_of $office "other kept")" 40
}

test_cgroups() {
	local root seen
	root=$(awk '$0 ~ / - cgroup2 / {print $5; exit}' /proc/self/mountinfo)
	if [[ $features != *cgroup=1* ]] || ! mkdir -p "$root/rwtest$$/deep" 2>/dev/null
	then
		skip "a cgroup decides" "no cgroup v2 or no socket cgroupv2"
		skip "the deepest cgroup wins" "no cgroup v2 or no socket cgroupv2"
		skip "rules of unused levels go" "no cgroup v2 or no socket cgroupv2"
		return
	fi
	group=$root/rwtest$$
	ask "cgroup $group 1 2" "cgroup $group/deep 2 3" commit
	local own
	own=$(counted 2 out)
	# shellcheck disable=SC2016
	send_from='echo $$ >"$1/cgroup.procs"; shift; exec "$@"'
	sh -c "$send_from" sh "$group" nsenter --net=/run/netns/$office "$helper" --send \
		10.77.0.1 7654 10.77.0.2 9200 10 1000 >/dev/null
	is "a cgroup decides before the port does" $(($(counted 2 out) - own)) 10280
	sh -c "$send_from" sh "$group/deep" nsenter --net=/run/netns/$office "$helper" \
		--send 10.77.0.1 5005 10.77.0.2 9201 10 1000 >/dev/null
	is "the deepest cgroup wins" "$(counted 3 out)" 10280
	ask nocgroups commit
	seen=$(in_office nft list table inet relaywarden | grep -c 'socket cgroupv2')
	is "rules of unused levels go" "$seen" 0
}

# 400 packets of 1028 bytes; 75 KiB fit the bucket, and it has seconds to refill before
# anything here would fail.
test_limits() {
	ask "rate 1 out 10000" "rate 1 in 10000" commit
	like "a limit is added to what is there" "$answer" '^ok 2 steps$'
	watch $stranger 9300
	send_out 7654 9300 400
	between "a rate polices what goes out" "$(passed $stranger 9300)" 60 200
	watch $office 7654
	send_in 9301 7654 400
	between "a rate polices what comes in" "$(passed $office 7654)" 60 200
	ask "rate 1 out 10001" commit
	watch $stranger 9302
	in_office "$helper" --send fd77::1 7654 fd77::2 9302 400 1000 >/dev/null
	between "a rate polices IPv6" "$(passed $stranger 9302)" 60 200
	watch $stranger 9303
	send_out 5006 9303 400
	is "another application is not slowed" "$(passed $stranger 9303)" 400
}

test_trusted() {
	ask "trust 10.77.0.2" "trust fd77::/64" "trust fd77::/32" commit
	like "trusted networks may overlap" "$answer" '^ok 1 steps$'
	watch $stranger 9400
	send_out 7654 9400 400
	is "a trusted peer is not limited" "$(passed $stranger 9400)" 400
	watch $stranger 9401
	in_office "$helper" --send fd77::1 7654 fd77::2 9401 400 1000 >/dev/null
	is "nor a trusted IPv6 peer" "$(passed $stranger 9401)" 400
	watch $office 7654
	send_in 9402 7654 400
	is "nor is what it sends" "$(passed $office 7654)" 400
	ask distrust commit
	watch $stranger 9403
	send_out 7654 9403 400
	between "distrusted it is limited again" "$(passed $stranger 9403)" 0 200
}

test_legs() {
	ask "relay 2 out 10000 legs" commit
	watch $stranger 7001
	send_out 5007 7001 400
	between "a relay limit polices legs" "$(passed $stranger 7001)" 60 200
	watch $stranger 7000
	send_out 5008 7000 400
	is "and leaves the application's own flows alone" "$(passed $stranger 7000)" 400
	ask "relay 2 out 10000 all" commit
	like "what it covers is changed in one transaction" "$answer" '^ok 2 steps$'
	watch $stranger 7000
	send_out 5008 7000 400
	between "a relay limit for everything polices both" \
		"$(passed $stranger 7000)" 60 200
}

# Rejected by the sender's own kernel as well, which then sees an error at the socket:
# helper_nft sends on regardless.
test_cuts() {
	local rules
	ask "relay 2 out 0 all" "rate 1 out 0" "rate 1 in 0" commit
	rules=$(in_office nft list chain inet relaywarden cut_in | grep -c mark)
	is "while nothing is cut no rule looks for it" "$rules" 0
	ask "cut 2 legs 1" commit
	like "a cut is one transaction" "$answer" '^ok 2 steps$'
	watch $stranger 7003
	in_office nft add rule inet other before udp dport 7003 ct mark set 0x02600000
	send_out 5020 7003 10
	is "a flow that is blocked does not go out" "$(passed $stranger 7003)" 0
	watch $stranger 7001
	send_out 5021 7001 10
	is "a leg that is not goes on" "$(passed $stranger 7001)" 10
	ask refused
	is "what is refused is counted" "$answer" "ok 2:in=0,out=10"
	ask "cut 1 calls 1" commit
	like "a second one needs no new rules" "$answer" '^ok 2 steps$'
	watch $office 7654
	send_in 9600 7654 10
	is "what a stranger begins is refused" "$(passed $office 7654)" 0
	ask refused
	is "and counted" "$answer" "ok 1:in=10,out=0 2:in=0,out=10"
	if [[ $features == *reject=1* ]]; then
		like "and answered: no such port" \
			"$(in_stranger awk '/^Icmp:/ { print $5 + 0 }' \
				/proc/net/snmp | tail -1)" '^[1-9]'
	else
		skip "and answered: no such port" "no nft_reject_inet"
	fi
	watch $stranger 9601
	send_out 7654 9601 10
	is "what it begins itself goes out" "$(passed $stranger 9601)" 10
	watch $office 7654
	send_in 9601 7654 10
	is "and the answer comes in" "$(passed $office 7654)" 10
	ask "trust 10.77.0.2" commit
	watch $office 7654
	send_in 9602 7654 10
	is "a trusted network is let in" "$(passed $office 7654)" 10
	ask distrust commit
	watch $office 7654
	in_stranger "$helper" --send fd77::2 9605 fd77::1 7654 10 1000 >/dev/null
	is "an IPv6 stranger is refused" "$(passed $office 7654)" 0
	in_stranger "$helper" --send fe80::77:2%uplink 9606 fe80::77:1%uplink 7654 \
		10 1000 >/dev/null
	is "whoever is on the link is none" "$(passed $office 7654)" 10
	test_cut_all
	ask "cut 1 calls 0" "cut 1 all 0" "cut 2 legs 0" commit
	like "all of it goes in one transaction" "$answer" '^ok 4 steps$'
	rules=$(in_office nft list chain inet relaywarden cut_in | grep -c mark)
	is "and the rules with it" "$rules" 0
	watch $stranger 7003
	send_out 5020 7003 10
	is "what was blocked goes on" "$(passed $stranger 7003)" 10
	test_entry
	test_cut_tcp
}

# Why the entry of a severed flow is not removed.
test_entry() {
	if ! command -v conntrack >/dev/null; then
		skip "what is severed is so by its entry" "no conntrack"
		return
	fi
	ask "cut 2 legs 1" commit
	in_office nft flush chain inet other before
	watch $stranger 7003
	send_out 5020 7003 10
	is "what is severed is so by its entry" "$(passed $stranger 7003)" 0
	in_office conntrack -D -p udp --dport 7003 >/dev/null 2>&1
	watch $stranger 7003
	send_out 5020 7003 10
	is "without that it begins anew, and passes" "$(passed $stranger 7003)" 10
	ask "cut 2 legs 0" commit
}

# One end of a connection that writes ten times a second for five: is it told?
end_of() { # PERL-EXPRESSION SECONDS
	perl -MIO::Socket::INET -e '
		$SIG{PIPE} = "IGNORE";
		my $s = eval $ARGV[0] or die "no connection: $!\n";
		for (1 .. 10 * $ARGV[1]) {
			select undef, undef, undef, 0.1;
			defined syswrite($s, "x") or do { print "told\n"; exit };
		}
		print "waits\n"' "$1" "$2"
}

# Waits for a socket of the stranger in that state.
until_socket() { # STATE
	for _ in $(seq $((50 * patience))); do
		[ -z "$(in_stranger ss -Htn state "$1" "sport = :7100")" ] || return
		sleep 0.1
	done
	echo "# nothing $1 on port 7100"
}

test_cut_tcp() {
	if ! command -v perl >/dev/null || [[ $features != *reject=1* ]]; then
		skip "who connected is told" "needs perl and nft_reject_inet"
		skip "and so is the other end" "needs perl and nft_reject_inet"
		return
	fi
	in_office nft add rule inet other before tcp dport 7100 ct mark set 0x02600000
	in_stranger bash -c "$(declare -f end_of); end_of '
		IO::Socket::INET->new(LocalPort => 7100, Listen => 1,
			Timeout => $((20 * patience)))->accept' $((5 * patience))" \
		>"$work/answered" &
	local ends=$!
	until_socket listening
	in_office bash -c "$(declare -f end_of); end_of '
		IO::Socket::INET->new(PeerAddr => \"10.77.0.2:7100\")' $((5 * patience))" \
		>"$work/called" &
	ends+=" $!"
	until_socket established
	ask "cut 2 legs 1" commit
	# shellcheck disable=SC2086
	wait $ends
	is "who connected is told" "$(cat "$work/called")" told
	is "and so is the other end" "$(cat "$work/answered")" told
	ask "cut 2 legs 0" commit
}

test_cut_all() {
	ask "cut 1 calls 0" "cut 1 all 1" commit
	like "what is cut changes in one transaction" "$answer" '^ok 2 steps$'
	watch $stranger 9603
	send_out 7654 9603 10
	is "nothing goes out" "$(passed $stranger 9603)" 0
	watch $office 7654
	send_in 9601 7654 10
	is "nor does an answer come in" "$(passed $office 7654)" 0
	watch $stranger 9604
	send_out 5022 9604 10
	is "another application is let alone" "$(passed $stranger 9604)" 10
}

test_changes() {
	local out list
	out=$(counted 1 out)
	ask "rate 1 out 20000" commit
	list=$(in_office nft list limit inet relaywarden rate_out_1)
	like "a changed rate is in force" "$list" '20000 bytes/second'
	is "and no counter is lost" "$(counted 1 out)" "$out"

	list=$(in_office nft -s list table inet relaywarden)
	ask wrong
	like "a refused transaction names the step" "$answer" \
		'^error 2 limit relay_out_201: No such file'
	is "and changes nothing" "$(in_office nft -s list table inet relaywarden)" \
		"$list"
	ask "app 2 torrent" commit
	is "a number that changes hands counts from zero" "$(counted 2 out)" 0
}

# A bucket of rate 1 or 2 holds 65537 or 65538 bytes: 63 packets of 1028, and not one
# more unless a packet meets a moment without the limit. The pause lets the flood empty
# a bucket before the next transaction.
test_atomicity() {
	local replaced=0 flood
	ask "rate 1 out 1" commit
	watch $stranger 9500
	send_out 7654 9500 600000 &
	flood=$!
	while kill -0 $flood 2>/dev/null && [ $replaced -lt 1000 ]; do
		ask "rate 1 out $((2 - replaced % 2))" commit
		replaced=$((replaced + 1))
		sleep 0.01
	done
	wait $flood
	echo "# $replaced replacements, $(passed $stranger 9500) packets passed"
	between "no packet slips through while a limit is replaced" \
		"$(passed $stranger 9500)" $((63 * replaced / 2)) $((63 * (replaced + 1)))
	ask "rate 1 out 0" commit
}

test_ends() {
	local seen
	if [[ $features == *owner=1* ]]; then
		in_office nft flush ruleset 2>/dev/null
		like "a stranger's flush leaves the table" \
			"$(in_office nft list tables)" 'relaywarden'
		stop
		is "it goes with its owner, even by kill -9" \
			"$(in_office nft list tables | grep relaywarden)" ""
	else
		skip "a stranger's flush leaves the table" "no NFT_TABLE_F_OWNER"
		skip "it goes with its owner" "no NFT_TABLE_F_OWNER"
		stop
	fi
	start
	ask "owned 0" "app 9 stale" commit
	stop
	like "without the owner flag the rules stay" "$(in_office nft list tables)" \
		'relaywarden'
	start
	ask "app 1 fresh" commit
	like "a leftover table is replaced" "$answer" '^ok '
	seen=$(in_office nft list table inet relaywarden)
	is "with nothing of the old in it" "$(grep -c stale <<<"$seen")" 0
	ask forget commit
	like "as is one's own" "$answer" '^ok '
}

test_size() {
	ask fill commit
	like "the largest plan fits one transaction" "$answer" '^ok [0-9]{4} steps$'
	ask rotate commit
	is "every port may change hands at once" "$answer" "ok 8192 steps"
	send_out 5009 5010 1
	ask counters
	like "512 counters are read" "$answer" '^ok .*out=1028'
	ask remove
	is "the table can be removed" "$answer" "ok"
	is "and is gone" "$(in_office nft list tables | grep relaywarden)" ""
	ask remove
	is "removing nothing is no error" "$answer" "ok"
}

set_up
test_creation
test_second_agent
test_privilege
test_counting
test_marks
test_cgroups
test_limits
test_trusted
test_legs
test_cuts
test_changes
test_atomicity
test_ends
test_size
echo "1..$count"
[ $failed = 0 ]

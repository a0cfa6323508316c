#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whose flow is it: real sockets of real programs in two namespaces of this test's own,
# answered by helper_attribution. Needs root, socat and ip.

BUILD=${BUILD:-build}
HELPER=$BUILD/netns/helper_attribution
NS=rw-attr-$$-a
RUN=/run/user/rw-attr-$$ # of nobody; removed at the end
PEER=rw-attr-$$-b
WS4=198.18.1.1
PEER4=198.18.1.2
WS6=fd00:18::1
PEER6=fd00:18::2
PATIENCE=${PATIENCE_FACTOR:-1}

count=0
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}
ok() { # DESCRIPTION COMMAND...
	local text=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $text"
	else
		echo "not ok $count - $text"
		printf '%s\n' "$ANSWER" | sed 's/^/#   /'
	fi
}
skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

[ "$(id -u)" = 0 ] || skip_all "needs root"
for tool in socat ip nsenter ss; do
	command -v $tool >/dev/null || skip_all "needs $tool"
done
[ -x "$HELPER" ] || skip_all "needs $HELPER"

# --- what is made here is removed on every exit ----------------------------------------

DIR=$(mktemp -d /tmp/rw-attr.XXXXXX) || exit 1
CGROUP_ROOT=$(sed -n 's/^[0-9]* [0-9]* [0-9:]* \/ \([^ ]*\) .* - cgroup2 .*/\1/p' \
	/proc/self/mountinfo | head -n 1)
CGROUP=
pids=()
clean_up() {
	trap - EXIT
	for pid in "${pids[@]}"; do kill -KILL "$pid"; done 2>/dev/null
	# What a forking server left behind; only ours runs in these namespaces.
	for pid in $(ip netns pids $NS) $(ip netns pids $PEER); do
		kill -KILL "$pid"
	done 2>/dev/null
	wait 2>/dev/null
	ip netns del $NS
	ip netns del $PEER
	if [ -n "$CGROUP" ]; then
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			rmdir "$CGROUP" 2>/dev/null && break
			sleep 0.1
		done
		[ -z "$MADE_SLICE" ] || rmdir "${CGROUP%/*}" 2>/dev/null
	fi
	rm -rf "$DIR" "$RUN"
} 2>/dev/null
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

ip netns add $NS && ip netns add $PEER || exit 1
in_ws() { nsenter --net=/run/netns/$NS "$@"; }
in_peer() { nsenter --net=/run/netns/$PEER "$@"; }
ip -n $NS link add eth0 type veth peer name eth0 netns $PEER || exit 1
for n in $NS $PEER; do
	ip -n "$n" link set lo up
	ip -n "$n" link set eth0 up
done
ip -n $NS addr add $WS4/24 dev eth0
ip -n $PEER addr add $PEER4/24 dev eth0
ip -n $NS addr add $WS6/64 dev eth0 nodad
ip -n $PEER addr add $PEER6/64 dev eth0 nodad

# start NAME ARGUMENTS...: socat under a name, and so an executable, of its own.
start() {
	local program=$DIR/$1
	shift
	[ -e "$program" ] || cp "$(command -v socat)" "$program"
	nsenter --net=/run/netns/$NS "$program" "$@" >/dev/null 2>&1 </dev/null &
	STARTED=$!
	pids+=("$STARTED")
}
start_peer() {
	nsenter --net=/run/netns/$PEER socat "$@" >/dev/null 2>&1 </dev/null &
	pids+=($!)
}
# until_socket FILTER...: waits for a socket as ss writes it.
until_socket() {
	for _ in $(seq $((50 * PATIENCE))); do
		[ -n "$(in_ws ss -Hnatu "$@")" ] && return 0
		sleep 0.1
	done
	echo "# no socket: $*"
	return 1
}

# ask COMMAND: lines up to the one that ends an answer, into ANSWER.
ask() {
	local line
	ANSWER=
	echo "$1" >&"${HELPER_IN}"
	while IFS= read -r -t $((20 * PATIENCE)) line <&"${HELPER_OUT}"; do
		ANSWER+=$line$'\n'
		case $line in
		ok | end | error* | app\ * | lookups* | scan*) return 0 ;;
		esac
	done
	ANSWER+="(no answer)"
	return 1
}
answers() { # COMMAND PATTERN
	ask "$1"
	[[ $ANSWER == *$2* ]]
}
# Of what /proc is read for, some is put off when a second's share has been spent.
answers_soon() { # COMMAND PATTERN
	for _ in $(seq $((50 * PATIENCE))); do
		answers "$@" && return
		sleep 0.1
	done
	return 1
}
answers_not() { # COMMAND PATTERN
	ask "$1"
	[[ $ANSWER != *$2* ]]
}
scans() {
	ask stats
	sed -n 's/.*scans \([0-9]*\).*/\1/p' <<<"$ANSWER"
}

# --- programs that run before anybody looks -----------------------------------------------

start_peer TCP-LISTEN:7001,fork,reuseaddr PIPE
start_peer TCP6-LISTEN:7005,ipv6only=1,fork,reuseaddr PIPE
start_peer -u UDP-RECV:7003 OPEN:/dev/null
sleep 0.5
start early-client TCP:$PEER4:7001,bind=$WS4:40001 PIPE
start early-server TCP-LISTEN:7002,fork,reuseaddr PIPE
until_socket "sport = :40001"
until_socket "sport = :7002"

coproc HELPER_PROCESS { in_ws "$HELPER"; }
HELPER_IN=${HELPER_PROCESS[1]}
HELPER_OUT=${HELPER_PROCESS[0]}
pids+=("$HELPER_PROCESS_PID")

ok "everything that runs is loaded" answers load $'\nok'
LOADED=$ANSWER
ok "a program started before is found" answers \
	"find tcp $WS4 40001 $PEER4 7001 out" "early-client exe:$DIR/early-client@0"
ok "that took no scan beyond the first" test "$(scans)" = 1
ok "a listener belongs to its program" answers plan "port tcp 7002 "
start_peer TCP:$WS4:7002,bind=$PEER4:40002 EXEC:"sleep 60"
until_socket "dport = :40002"
ok "an inbound connection belongs to the server" answers \
	"find tcp $WS4 7002 $PEER4 40002 in" "early-server exe:"
ok "a server that listens on any address says so" \
	grep -q 'seen [0-9]* [0-9]* 1 early-server' <<<"$LOADED"

# --- programs that start later --------------------------------------------------------------

start late-client TCP:$PEER4:7001,bind=$WS4:40011 PIPE
until_socket "sport = :40011"
ok "a TCP client is found" answers \
	"find tcp $WS4 40011 $PEER4 7001 out" "late-client exe:$DIR/late-client@0"
late=$STARTED

start late-server TCP-LISTEN:7012,fork,reuseaddr PIPE
until_socket "sport = :7012"
start_peer TCP:$WS4:7012,bind=$PEER4:40012 EXEC:"sleep 60"
until_socket "dport = :40012"
ok "a TCP server is found by its inbound connection" answers \
	"find tcp $WS4 7012 $PEER4 40012 in" late-server

start udp-client UDP:$PEER4:7003,bind=$WS4:40003 PIPE
until_socket "sport = :40003"
ok "a connected UDP socket is found" answers \
	"find udp $WS4 40003 $PEER4 7003 out" udp-client

start udp-server -u UDP-RECV:7004 OPEN:/dev/null
until_socket "sport = :7004"
ok "an unconnected UDP socket is found, inbound" answers \
	"find udp $WS4 7004 $PEER4 40004 in" udp-server
ok "an unconnected UDP socket is found, outbound" answers \
	"find udp $WS4 7004 $PEER4 40009 out" udp-server

start v6-client "TCP6:[$PEER6]:7005,bind=[$WS6]:40005" PIPE
until_socket "sport = :40005"
ok "an IPv6 connection is found" answers \
	"find tcp $WS6 40005 $PEER6 7005 out" v6-client

start dual-server TCP6-LISTEN:7006,ipv6only=0,fork,reuseaddr PIPE
until_socket "sport = :7006"
start_peer TCP:$WS4:7006,bind=$PEER4:40006 EXEC:"sleep 60"
until_socket "dport = :40006"
ok "an IPv4 connection to a dual-stack socket is found" answers \
	"find tcp $WS4 7006 $PEER4 40006 in" dual-server
start dual-udp -u UDP6-RECV:7007,ipv6only=0 OPEN:/dev/null
until_socket "sport = :7007"
ok "an IPv4 flow of a dual-stack UDP socket is found" answers \
	"find udp $WS4 7007 $PEER4 40007 out" dual-udp

# --- bad luck and bad will ---------------------------------------------------------------------

ok "a port nobody has is nobody's" answers \
	"find tcp $WS4 40999 $PEER4 7001 out" "error ENOENT"
ok "what listens on a port did not make a connection from it" answers \
	"find tcp $WS4 7012 $PEER4 9 out" "error ENOENT"

kill -KILL "$late" && wait "$late" 2>/dev/null
ok "a program that exited before the look-up gives a clear answer" answers \
	"find tcp $WS4 40011 $PEER4 7001 out" "error ENOENT"
ok "an application without processes and flows goes" answers refresh "gone "
ok "one with flows stays" answers_not "refresh keep" "gone "

evil=$'ev\nil\e[2J'
start "$evil" -u UDP-RECV:7008 OPEN:/dev/null
until_socket "sport = :7008"
ask "find udp $WS4 7008 $PEER4 40008 in"
ok "a name with control characters is escaped" \
	grep -q 'ev\\x0ail\\x1b\[2J' <<<"$ANSWER"

start first-half -u UDP-RECV:7010,reuseport OPEN:/dev/null
start second-half -u UDP-RECV:7010,reuseport OPEN:/dev/null
until_socket "sport = :7010"
sleep 0.3
ask "find udp $WS4 7010 $PEER4 1 in"
ask "find udp $WS4 7010 $PEER4 2 in"
ask load
ok "a port that two applications share is not planned" answers_not plan "udp 7010"
ok "one of a single application is" answers plan "port udp 7004 "
ok "it is still found by its flow" answers \
	"find udp $WS4 7010 $PEER4 40010 in" "-half exe:"

if ip -n $NS link add vx0 type vxlan id 5 dstport 4789 2>/dev/null &&
	ip -n $NS link set vx0 up; then
	ok "a socket of the kernel's own is nobody's" answers \
		"find udp $WS4 4789 $PEER4 4789 in" "error ENOENT"
	before=$(scans)
	ask "find udp $WS4 4789 $PEER4 4789 in"
	ask "find udp $WS4 4789 $PEER4 4788 in"
	ok "and asking again costs no scan" test "$(scans)" = "$before"
else
	skip "a socket of the kernel's own is nobody's" "no vxlan here"
	skip "and asking again costs no scan" "no vxlan here"
fi

# --- sound and cameras ---------------------------------------------------------------------------

# id_of PORT: the application a UDP socket belongs to.
id_of() {
	ask "find udp $WS4 $1 $PEER4 40000 in"
	sed -n 's/^app \([0-9]*\) .*/\1/p' <<<"$ANSWER"
}

mkdir -p "$RUN/pulse" "$DIR/pulse"
# A server is known by where it listens: there only the session's own may.
start sound-server UNIX-LISTEN:"$RUN/pulse/native",fork PIPE
start other-server UNIX-LISTEN:"$DIR/pulse/native",fork PIPE
for _ in $(seq $((50 * PATIENCE))); do [ -S "$RUN/pulse/native" ] && [ -S "$DIR/pulse/native" ] && break; sleep 0.1; done
start with-sound UDP-RECV:7021 UNIX-CONNECT:"$RUN/pulse/native"
start without UDP-RECV:7022 UNIX-CONNECT:"$DIR/pulse/native"
until_socket "sport = :7021"
until_socket "sport = :7022"
sleep 0.3
ok "a client of a sound server has sound" answers_soon "io $(id_of 7021)" " sound -"
ok "a client of another has none" answers "io $(id_of 7022)" " - -"

cp "$(command -v socat)" "$DIR/in-a-call"
# shellcheck disable=SC2016
in_ws unshare -m --propagation private sh -c 'mount -t tmpfs none /dev &&
	mkdir /dev/snd && mknod /dev/snd/pcmC0D0c c 1 3 && mknod /dev/video0 c 1 3 &&
	exec "$0" -u UDP-RECV:7023 OPEN:/dev/snd/pcmC0D0c 3</dev/video0' \
	"$DIR/in-a-call" </dev/null >/dev/null 2>&1 &
pids+=($!)
until_socket "sport = :7023"
sleep 0.3
ok "one that has the devices open has both" answers_soon "io $(id_of 7023)" " sound camera"

# --- programs of several executables ---------------------------------------------------------------

LOAD=$BUILD/netns/helper_load
mkdir -p "$DIR/suite/lib" "$DIR/shared/bin"
for program in suite/launcher suite/lib/worker shared/bin/launcher shared/bin/worker; do
	cp "$LOAD" "$DIR/$program"
done
cp "$(command -v bash)" "$DIR/suite/bash"
chmod 755 "$DIR"
# runs COMMAND...: in the workstation, until the end.
runs() {
	nsenter --net=/run/netns/$NS "$@" >/dev/null 2>&1 </dev/null &
	pids+=($!)
}
# listener PORT: whose it is.
listener() {
	until_socket "sport = :$1"
	ask "find tcp $WS4 $1 $PEER4 40000 in"
}
runs "$DIR/suite/launcher" start "$DIR/suite/lib/worker" serve 7031 1 1
listener 7031
ok "what a program starts from its own tree belongs to it" \
	grep -q " exe:$DIR/suite/launcher@0\$" <<<"$ANSWER"
ok "the one that started it is one of its processes" grep -q '^seen [0-9]* 2 ' <<<"$ANSWER"
runs "$DIR/suite/launcher" start "$(command -v setpriv)" --reuid 65534 --regid 65534 \
	--clear-groups "$DIR/suite/lib/worker" serve 7032 1 1
listener 7032
ok "so does what has dropped root" \
	grep -q " exe:$DIR/suite/launcher@0\$" <<<"$ANSWER"
runs "$DIR/shared/bin/launcher" start "$DIR/shared/bin/worker" serve 7033 1 1
listener 7033
ok "what it starts from where many are does not" \
	grep -q " exe:$DIR/shared/bin/worker@0\$" <<<"$ANSWER"
# shellcheck disable=SC2016
runs "$DIR/suite/bash" -c '"$0" serve 7034 1 1; true' "$DIR/suite/lib/worker"
listener 7034
ok "nor does what a shell starts" \
	grep -q " exe:$DIR/suite/lib/worker@0\$" <<<"$ANSWER"
runs setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$DIR/suite/launcher" start "$DIR/suite/lib/worker" serve 7035 1 1
listener 7035
ok "two users are two applications" \
	grep -q " exe:$DIR/suite/launcher@65534\$" <<<"$ANSWER"

# --- a cgroup of its own -----------------------------------------------------------------------

if [ -n "$CGROUP_ROOT" ]; then
	[ -d "$CGROUP_ROOT/system.slice" ] || MADE_SLICE=1
	CGROUP=$CGROUP_ROOT/system.slice/rw-test-$$.service
	mkdir -p "$CGROUP/sub"
fi
if [ -n "$CGROUP" ] && [ -w "$CGROUP/sub/cgroup.procs" ]; then
	before=$(scans)
	cp "$(command -v socat)" "$DIR/service"
	# shellcheck disable=SC2016
	CGROUP=$CGROUP nsenter --net=/run/netns/$NS bash -c '
		echo $$ >"$CGROUP/sub/cgroup.procs"
		exec "$0" -u UDP-RECV:7009 OPEN:/dev/null' "$DIR/service" </dev/null &
	service=$!
	pids+=("$service")
	until_socket "sport = :7009"
	ok "a program in a cgroup of its own is its unit" answers \
		"find udp $WS4 7009 $PEER4 40009 in" "unit:rw-test-$$.service"
	ok "which takes no scan" test "$(scans)" = "$before"
	number=$(ask "find udp $WS4 7009 $PEER4 40009 in" &&
		sed -n 's/^app \([0-9]*\) .*/\1/p' <<<"$ANSWER")
	ok "the kernel may match that cgroup" answers plan "cgroup 2 $number"
	ok "its storage counters are read" answers "io $number" "storage $number "
	kill -KILL "$service" && wait "$service" 2>/dev/null
	rmdir "$CGROUP/sub"
	rmdir "$CGROUP"
	ok "it goes with its cgroup" answers refresh "gone $number"
	ok "and leaves the plan" answers_not plan "cgroup "
else
	for text in "a program in a cgroup of its own is its unit" \
		"which takes no scan" "the kernel may match that cgroup" \
		"its storage counters are read" "it goes with its cgroup" \
		"and leaves the plan"; do
		skip "$text" "no writable cgroup v2"
	done
fi

ask "bench 20"
echo "# $ANSWER"
ask stats
echo "# $ANSWER"
echo "1..$count"

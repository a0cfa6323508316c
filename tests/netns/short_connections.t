#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two hundred new connections a second through a proxy, each open for about a second,
# with processes around that hold sockets too: whose are they? The recording of the
# agent says of every single one. One proxy is microsocks, the other starts a process
# for every connection; a third has a few at once that are over in a tenth of a second.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

DURATION=10
OTHERS_PORT=8090
LOAD=$BUILD/netns/helper_load
RECORDS=$BUILD/netns/helper_record

# Flows to the server from the proxy's machine as they were last told of, one a line:
# the id of the application.
outbound_owners() { # RECORDING PORT
	"$RECORDS" "$1" 2>/dev/null | awk -v port="$2" '
		/^(flow|end) tcp 198\.18\.0\.1 .* 198\.18\.0\.102 / && $6 == port {
			flow = $4; if ($8) owner[flow] = $8; else owner[flow] += 0
		}
		END { for (flow in owner) print owner[flow] }'
}
app_id() { # RECORDING NAME
	"$RECORDS" "$1" 2>/dev/null | awk -v name="$2" '$1 == "app" && $3 == name {
		print $2; exit }'
}

# fetch PORT SERVER_PORT RATE AT_ONCE: prints how many were carried whole.
fetch() {
	local i
	for ((i = 0; i < $4; i++)); do
		ns_run s1 "$LOAD" fetch 198.18.0.1 "$1" 198.18.0.102 "$2" $(($3 / $4)) \
			$DURATION &
	done | awk '{ carried += $2 } END { print carried }'
}

# take_run NAME PORT SERVER_PORT RATE AT_ONCE TRY: what one run through a proxy was
# attributed to, into CARRIED, ALL, NOBODY, WRONG and OTHERS.
take_run() {
	local name=$1 port=$2 server=$3 id cpu record=$NS_DIR/$1.rwrec
	AGENT_OPTIONS=(--record "$record")
	ns_run office conntrack -F >/dev/null 2>&1 # closed ones of the run before
	agent_paths "$name-$6"
	start_agent office || bail_out "no agent"
	sleep 2
	CARRIED=$(fetch "$port" "$server" "$4" "$5")
	sleep 2
	cpu=$(awk '{ sub(/.*\) /, ""); print ($12 + $13) * 10 }' "/proc/$AGENT_PID/stat")
	stop_agent
	id=$(app_id "$record" "$name")
	outbound_owners "$record" "$server" >"$NS_DIR/owners"
	ALL=$(wc -l <"$NS_DIR/owners")
	NOBODY=$(grep -cx 0 "$NS_DIR/owners")
	WRONG=$(grep -vxc -e 0 -e "${id:-none}" "$NS_DIR/owners")
	OTHERS=$(outbound_owners "$record" $OTHERS_PORT | grep -cx "$id")
	echo "# $name: $ALL connections, $NOBODY unattributed, $WRONG wrong," \
		"agent used $cpu ms"
}

# load NAME PORT SERVER_PORT RATE [AT_ONCE]: the best of three runs, for whether the
# agent gets the processor within a tenth of a second is the machine's to say. Nothing
# may be wrong in any.
load() {
	local name=$1 rate=$4 try wrong=0
	for try in 1 2 3; do
		take_run "$1" "$2" "$3" "$rate" "${5:-1}" "$try"
		wrong=$((wrong + WRONG + OTHERS))
		[ $((NOBODY * 50)) -gt "$ALL" ] || break
	done
	ok "$name: most of the load was carried" \
		test "$CARRIED" -ge $((rate * DURATION * 8 / 10))
	ok "$name: every connection was seen" test "$ALL" -ge $((rate * DURATION * 8 / 10))
	ok "$name: no more than 2 in 100 are nobody's" test $((NOBODY * 50)) -le "$ALL"
	is "$wrong" 0 "$name: none is given to another application, or another's to it"
}

begin_netns
need microsocks conntrack
[ -x "$LOAD" ] || bail_out "$LOAD is not there; run make check-build first"
lab_build 2 || bail_out "the network could not be made"
ulimit -n 8192
cp "$(command -v microsocks)" "$NS_DIR/threads"
cp "$LOAD" "$NS_DIR/forks"
cp "$(command -v microsocks)" "$NS_DIR/bursts"
ns_spawn s2 "$NS_DIR/server" "$LOAD" serve 8082 2048 80
for port in 8080 8081 $OTHERS_PORT; do
	ns_spawn s2 "$NS_DIR/server" "$LOAD" serve "$port" 131072 1000
done
ns_spawn office "$NS_DIR/log" "$NS_DIR/threads" -p 1080
ns_spawn office "$NS_DIR/log" "$NS_DIR/forks" relay 1081
ns_spawn office "$NS_DIR/log" "$NS_DIR/bursts" -p 1082
# Others of the same user, in the same cgroup, that come and go.
# shellcheck disable=SC2016
ns_spawn office "$NS_DIR/log" bash -c 'while sleep 0.5; do
	exec 3<>/dev/tcp/198.18.0.102/8090; head -c 10000 <&3; exec 3<&-; done'
wait_until 5 ns_listens office tcp 1080 || bail_out "the proxy does not start"
wait_until 5 ns_listens office tcp 1081 || bail_out "the second does not start"
wait_until 5 ns_listens s2 tcp 8080 || bail_out "the server does not start"

# Five at once, over before the next sample. First: what the others leave behind, thousands
# of closed connections, is read by the agents after them, and keeps these busy.
load bursts 1082 8082 25 5
load threads 1080 8080 200
load forks 1081 8081 50
[ -z "${KEEP:-}" ] || cp "$NS_DIR"/*.rwrec "$KEEP/"
done_testing

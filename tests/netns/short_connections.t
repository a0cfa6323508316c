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

# load NAME PORT SERVER_PORT RATE [AT_ONCE]: what a run through one proxy was attributed
# to.
load() {
	local name=$1 port=$2 server=$3 rate=$4 id all nobody wrong cpu carried
	AGENT_OPTIONS=(--record "$NS_DIR/$name.rwrec")
	agent_paths "$name"
	ok "$name: the agent starts" start_agent office || bail_out "no agent"
	sleep 2
	carried=$(fetch "$port" "$server" "$rate" "${5:-1}")
	ok "$name: most of the load was carried" \
		test "$carried" -ge $((rate * DURATION * 8 / 10))
	sleep 2
	cpu=$(awk '{ sub(/.*\) /, ""); print ($12 + $13) * 10 }' "/proc/$AGENT_PID/stat")
	stop_agent
	id=$(app_id "$NS_DIR/$name.rwrec" "$name")
	outbound_owners "$NS_DIR/$name.rwrec" "$server" >"$NS_DIR/owners"
	all=$(wc -l <"$NS_DIR/owners")
	nobody=$(grep -cx 0 "$NS_DIR/owners")
	wrong=$(grep -vxc -e 0 -e "${id:-none}" "$NS_DIR/owners")
	echo "# $name: $all connections, $nobody unattributed, $wrong wrong," \
		"agent used $cpu ms"
	ok "$name: every connection was seen" test "$all" -ge $((rate * DURATION * 8 / 10))
	ok "$name: no more than 2 in 100 are nobody's" test $((nobody * 50)) -le "$all"
	is "$wrong" 0 "$name: none is given to another application"
	is "$(outbound_owners "$NS_DIR/$name.rwrec" $OTHERS_PORT | grep -cx "$id")" 0 \
		"$name: none of another application's is given to it"
}

begin_netns
need microsocks
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

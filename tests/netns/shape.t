#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What passes of applications with a rate, in both directions, over TCP and UDP, IPv4 and
# IPv6, when egress is policed and when it waits in a queue.
#
# Each runs twice the time it is measured. Rates by SHAPE_RATES="256kbit 2mbit ...", the
# seconds measured by SHAPE_SECONDS.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
begin_netns
need iperf3 tc perl

SECONDS_MEASURED=${SHAPE_SECONDS:-8}
FLOWS="t4 t6 u4 u6"
PORTS="5201 5202 5203 5204 6201 6202 6203 6204"

# --- the network --------------------------------------------------------------------

# Without segmentation offload, so that what is counted is what a wire would carry.
plain_link() {
	ns_run "$1" ip link set eth0 gso_max_segs 1
}

gauge() { # NAMESPACE: bytes that got through to it, by port; after the agent's limits
	local port
	{
		echo 'table inet gauge {'
		for port in $PORTS; do echo "counter c$port { }"; done
		echo 'map ports { type inet_service : counter; elements = {'
		for port in $PORTS; do echo "$port : \"c$port\","; done
		echo '} }
		chain input {
			type filter hook input priority 300;
			counter name th dport map @ports
			counter name th sport map @ports
		}
		}'
	} | ns_run "$1" nft -f -
}

# "time BEGIN END", then "PORT BYTES PACKETS" a line
gauge_read() {
	local begin counters
	begin=$(date +%s%N)
	counters=$(gauge_counters "$1")
	echo "time $begin $(date +%s%N)"
	echo "$counters"
}

gauge_counters() {
	ns_run "$1" nft -j list counters table inet gauge |
		jq -r '.nftables[].counter | select(.) | "\(.name[1:]) \(.bytes) \(.packets)"'
}

build() {
	ns_add office s1 &&
		ns_link office eth0 s1 eth0 &&
		ns_run office ip addr add 198.18.0.1/16 dev eth0 &&
		ns_run office ip addr add 2001:db8::1/64 dev eth0 nodad &&
		ns_run s1 ip addr add 198.18.0.101/16 dev eth0 &&
		ns_run s1 ip addr add 2001:db8::101/64 dev eth0 nodad &&
		ns_run office ip route add default via 198.18.0.101 &&
		plain_link office && plain_link s1 &&
		gauge office && gauge s1
}

# --- the load -----------------------------------------------------------------------

# An application is a program, so each flow has one of its own.
make_programs() {
	local flow
	for flow in $FLOWS; do
		case $flow in
		t*) cp "$(command -v iperf3)" "$NS_DIR/$flow" ;;
		u*) cp "$(command -v perl)" "$NS_DIR/$flow" ;;
		esac
	done
}

write_policy() { # EGRESS RATE
	local flow
	{
		printf '[link]\negress = %s\n' "$1"
		for flow in $FLOWS; do
			printf '[app %s]\nmatch.exe = %s\nrate_up = %s\nrate_down = %s\n' \
				"$flow" "$NS_DIR/$flow" "$2" "$2"
		done
	} >"$AGENT_POLICY/90-shape.ini"
}

start_load() { # BYTES_PER_SECOND, offered by each that does not adapt
	local i=0 flow far near udp
	udp=$(realpath "$(dirname "$0")/udp.pl")
	LOAD=()
	for flow in $FLOWS; do
		i=$((i + 1)) far=198.18.0.101 near=198.18.0.1
		case $flow in *6) far=2001:db8::101 near=2001:db8::1 ;; esac
		case $flow in
		t*)
			load s1 iperf3 -s -p 520$i
			load s1 iperf3 -s -p 620$i
			wait_until 5 ns_listens s1 tcp 520$i
			wait_until 5 ns_listens s1 tcp 620$i
			load office "$NS_DIR/$flow" -c $far -p 520$i -t 3600
			load office "$NS_DIR/$flow" -c $far -p 620$i -t 3600 -R
			;;
		u*)
			load s1 perl "$udp" receive 520$i
			load office "$NS_DIR/$flow" "$udp" receive 620$i
			load office "$NS_DIR/$flow" "$udp" send $far 520$i "$1"
			load s1 perl "$udp" send $near 620$i "$1"
			;;
		esac
	done
}

load() {
	ns_spawn "$1" "$NS_DIR/load.log" "${@:2}"
	LOAD+=("$NS_SPAWNED")
}

stop_load() {
	local pid
	for pid in "${LOAD[@]}"; do ns_kill "$pid" KILL; done
}

bytes_per_second() { # RATE as policy has it
	local number=${1%%[a-z]*}
	case $1 in
	*kbit) echo $((number * 125)) ;;
	*mbit) echo $((number * 125000)) ;;
	esac
}

# --- what is checked ----------------------------------------------------------------

# What passed of what the rate allows, in parts of a thousand, from two readings of a
# port: as "LEAST MOST", for a reading takes a moment on a busy machine. What waits in a
# queue is counted as frames, 14 bytes more than the packet; what is policed as packets.
per_mille() { # queue|police PORT RATE BEFORE AFTER
	local before after bytes rate=$3
	read -r -a before <<<"$(grep "^$2 \|^time" <<<"$4" | xargs)"
	read -r -a after <<<"$(grep "^$2 \|^time" <<<"$5" | xargs)"
	# "time BEGIN END PORT BYTES PACKETS"
	bytes=$((after[4] - before[4]))
	[ "$1" != queue ] || bytes=$((bytes + 14 * (after[5] - before[5])))
	echo $((bytes * 1000 / (rate * ((after[2] - before[1]) / 1000000) / 1000))) \
		$((bytes * 1000 / (rate * ((after[1] - before[2]) / 1000000) / 1000)))
}

# More than the rate never passes. Less may: TCP that meets a policer waits for its
# timers, the longer the slower the rate.
holds() { # EGRESS DIRECTION FLOW RATE LEAST MOST
	local wanted=950
	case $3 in t*) wanted=750 ;; esac
	diag "$1 $4 $3 $2: $5 to $6 per mille of the rate"
	ok "$1: $3 $2 keeps to $4" test "$5" -le 1020 -a "$6" -ge $wanted
}

has_limits() { # COUNT
	[ "$(kernel_limits office | wc -l)" -eq "$1" ]
}

measure() { # EGRESS RATE
	local rate i=0 flow up down up_after down_after
	rate=$(bytes_per_second "$2")
	start_load $((rate * 3))
	# The limits are there, and the buckets that are full at first are empty.
	ok "$1: every application has its limits" wait_until 40 has_limits 8
	sleep 5
	up=$(gauge_read s1) down=$(gauge_read office)
	sleep "$SECONDS_MEASURED"
	up_after=$(gauge_read s1) down_after=$(gauge_read office)
	for flow in $FLOWS; do
		i=$((i + 1))
		# shellcheck disable=SC2046
		holds "$1" up "$flow" "$2" \
			$(per_mille "$1" 520$i "$rate" "$up" "$up_after")
		# shellcheck disable=SC2046
		holds "$1" down "$flow" "$2" \
			$(per_mille police 620$i "$rate" "$down" "$down_after")
	done
	stop_load
}

build || bail_out "no network"
make_programs
for rate in ${SHAPE_RATES:-2mbit}; do
	for egress in police queue; do
		agent_paths "$egress-$rate"
		write_policy "$egress" "$rate"
		start_agent office || bail_out "no agent"
		measure "$egress" "$rate"
		stop_agent
	done
done
is "$(ns_run office tc qdisc show dev eth0 | grep -c htb)" 0 "no queue is left behind"
done_testing

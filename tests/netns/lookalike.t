#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that look like a relay and are none stay clients for 45 seconds. They run at
# the same time in one workstation, each as a user of its own, so that each is an
# application of its own.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

WATCH_SECONDS=45
SERVERS=12 # of the download, each with an address of its own
declare -A SUBJECT_PID SUBJECT_WORST

# as_user UID COMMAND...: one more process of that subject, in the office.
as_user() {
	local uid=$1
	shift
	ns_spawn office "$NS_DIR/subject-$uid" \
		setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
	SUBJECT_PID[$uid]=$NS_SPAWNED
}

# Everything one stranger has, both ways.
start_both_ways() { # UID
	ns_spawn s1 "$NS_DIR/server" iperf3 -s
	wait_until 5 ns_listens s1 tcp 5201 || return
	as_user "$1" iperf3 -c 198.18.0.101 --bidir -b 10M -t 600
}

# From many strangers at once; s2 answers for a whole block of addresses.
start_download() { # UID
	local i
	ns_run s2 ip route add local 198.19.0.0/24 dev lo || return
	ns_run office ip route add 198.19.0.0/24 via 198.18.0.102 || return
	for ((i = 1; i <= SERVERS; i++)); do
		ns_spawn s2 "$NS_DIR/server" iperf3 -s -B "198.19.0.$i"
	done
	for ((i = 1; i <= SERVERS; i++)); do
		wait_until 5 ns_run office socat -u OPEN:/dev/null \
			"TCP:198.19.0.$i:5201,connect-timeout=1" || return
		as_user "$1" iperf3 -c "198.19.0.$i" -R -b 1M -t 600
	done
}

# A call of five without a server: our picture to each of four, theirs from each.
start_mesh_call() { # UID
	local i
	for i in 3 4 5 6; do
		ns_spawn "s$i" "$NS_DIR/call" "$ROOT/tests/netns/call.pl" 7000 \
			198.18.0.1:7000
	done
	as_user "$1" "$ROOT/tests/netns/call.pl" 7000 198.18.0.10{3,4,5,6}:7000
}

# The same at constant rates, as sound without silence detection: nothing in the series
# but what the machine's own hiccups put there, alike in all of them.
start_constant_call() { # UID
	local i
	for i in 3 4 5 6; do
		ns_spawn "s$i" "$NS_DIR/server" iperf3 -s
		wait_until 5 ns_listens "s$i" tcp 5201 || return
		as_user "$1" iperf3 -c "198.18.0.$((100 + i))" -u --bidir -l 1000 \
			-b "$((600 + 50 * i))K" -t 600
	done
}

# The worst role each subject was seen in.
watch_subjects() {
	local end=$((SECONDS + WATCH_SECONDS)) uid role
	while [ "$SECONDS" -lt "$end" ]; do
		for uid in "${!SUBJECT_PID[@]}"; do
			role=$(app_get "${SUBJECT_PID[$uid]}" role)
			case ${SUBJECT_WORST[$uid]:-}:$role in
			:* | client:* | suspect:relay | suspect:supernode)
				SUBJECT_WORST[$uid]=${role:-${SUBJECT_WORST[$uid]:-}}
				;;
			esac
		done
		sleep 1
	done
}

# subject_passes UID TITLE MINIMUM_IN MINIMUM_OUT: a client, and not for lack of traffic.
subject_passes() {
	local pid=${SUBJECT_PID[$1]}
	is "${SUBJECT_WORST[$1]:-unseen}" client "$2 stays a client" ||
		diag "$(ctl explain "$(app_get "$pid" key)" 2>&1)"
	ok "$2 carried traffic" test "$(app_get "$pid" bytes_in)" -gt "$3" \
		-a "$(app_get "$pid" bytes_out)" -gt "$4"
}

begin_netns
need iperf3 socat setpriv perl
lab_build 6 || bail_out "the network could not be made"
agent_paths main
ok "the agent starts" start_agent office || bail_out "no agent"
start_both_ways 62001 || bail_out "iperf3 does not start"
start_download 62002 || bail_out "the servers do not answer"
start_mesh_call 62003
start_constant_call 62004 || bail_out "iperf3 does not start"
watch_subjects

subject_passes 62001 "a transfer both ways with one stranger" 20000000 20000000
subject_passes 62002 "a download from $SERVERS strangers" 20000000 1000
subject_passes 62003 "a mesh call with four strangers" 6000000 6000000
subject_passes 62004 "a mesh call at constant rates" 6000000 6000000
ok "nothing was limited" kernel_has_no_limit office
done_testing

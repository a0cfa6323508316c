#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bad input and bad luck: each costs one clear line, and the agent does what it still
# can. A full conntrack table has a test of its own, full_table.t.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# A control character other than a line's end, anywhere in the input.
has_control_characters() {
	LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]'
}

degraded_text() {
	ctl status --json 2>/dev/null | jq -r '.degraded[]'
}

doctor_complains() { # REGEX of a check's name or detail
	ctl doctor --json 2>/dev/null | jq -e --arg what "$1" '[.checks[] |
		select(.state == "degraded" or .state == "failed") |
		select((.name + " " + .detail) | test($what; "i"))] | length > 0'
}

policy_trouble() {
	mv "$AGENT_POLICY" "$AGENT_POLICY.away"
	ok "a policy directory that vanishes leaves a living agent" \
		wait_until 10 agent_answers
	ok "which says so" wait_until 15 agent_state_is degraded
	mv "$AGENT_POLICY.away" "$AGENT_POLICY"
	ok "and is well when it is back" wait_until 15 agent_state_is ok

	head -c 4096 /dev/urandom >"$AGENT_POLICY/60-noise.ini"
	printf '\0' >>"$AGENT_POLICY/60-noise.ini"
	ok "a policy file that is not text makes it degraded" \
		wait_until 15 agent_state_is degraded
	like "$(degraded_text)" '60-noise\.ini' "and is named"
	rm "$AGENT_POLICY/60-noise.ini"
	ok "and forgotten when it is gone" wait_until 15 agent_state_is ok
}

# Whoever else sets sysctls may not know of us.
accounting_trouble() {
	local acct=/proc/sys/net/netfilter/nf_conntrack_acct
	ns_run office sh -c "echo 0 >$acct"
	ok "accounting that somebody turns off is complained about" \
		doctor_complains '^accounting ' || diag "$(ctl doctor 2>&1)"
	ns_run office sh -c "echo 1 >$acct"
	not_ok "until it is on again" doctor_complains '^accounting '
}

# A program whose name would paint the admin's terminal, sending ten lines a second.
hostile_name() {
	local name=$'bad\e[31m\anews'
	cp "$(command -v socat)" "$NS_DIR/$name"
	ns_spawn s1 "$NS_DIR/peer" socat -u UDP-RECV:9000 OPEN:/dev/null
	# shellcheck disable=SC2016 # for the inner shell
	ns_spawn office "$NS_DIR/peer" bash -c \
		'while sleep 0.1; do echo x; done | "$1" -u - UDP-SENDTO:198.18.0.101:9000' \
		bash "$NS_DIR/$name"
	ok "a program with control characters in its name is listed" \
		wait_until 20 hostile_is_listed || diag "$(ctl apps 2>&1)"
	not_ok "status shows none of them" status_has_control_characters
	not_ok "nor does its JSON" json_has_control_characters
	not_ok "nor does the log" log_has_control_characters
	ns_kill "$NS_SPAWNED" KILL
}

hostile_is_listed() {
	ctl status --json | jq -e 'any(.applications[]; .exe | test("bad.*news"))'
}

status_has_control_characters() {
	ctl status 2>&1 | has_control_characters
}

json_has_control_characters() {
	ctl status --json | jq -r '.. | strings' | has_control_characters
}

log_has_control_characters() {
	has_control_characters <"$AGENT_LOG"
}

# hold SECONDS DATA_COMMAND...: sends that to the control socket and stays connected.
hold() {
	local seconds
	seconds=$(patience "$1")
	shift
	{
		"$@"
		sleep "$seconds"
	} | timeout "$((seconds + 2))" socat -t 0 - "UNIX-CONNECT:$AGENT_SOCKET" \
		>/dev/null 2>&1 &
	NS_PIDS+=($!)
	disown $!
	sleep 0.3
}

megabyte() {
	head -c 1048576 /dev/zero | tr '\0' x
}

control_trouble() {
	local i
	hold 8 printf '{"method":"org.varlink.serv'
	ok "half a request does not hold up others" agent_answers
	hold 2 megabyte
	ok "nor does a megabyte" agent_answers
	hold 8 true
	ok "nor does nothing at all" agent_answers
	hold 1 printf '[[[[[[\0{"method":7}\0\0null\0'
	ok "nor do requests that make no sense" agent_answers
	for ((i = 0; i < 100; i++)); do
		timeout "$(patience 8)" socat -u "UNIX-CONNECT:$AGENT_SOCKET" OPEN:/dev/null \
			</dev/null >/dev/null 2>&1 &
		NS_PIDS+=($!)
		disown $!
	done
	sleep 1
	ok "a hundred silent clients go away, and it answers" wait_until 20 agent_answers
	ok "after all that it is the same process" ns_is_alive "$AGENT_PID"
}

no_privilege() {
	local words status
	agent_paths plain
	agent_command
	words=$(ns_run office timeout "$(patience 10)" setpriv --reuid "$AGENT_USER" \
		--regid "$AGENT_USER" --clear-groups --inh-caps=-all \
		"${AGENT_COMMAND[@]}" 2>&1)
	status=$?
	ok "without privilege it does not start" test "$status" -ne 0 -a "$status" -ne 124
	is "$(grep -c . <<<"$words")" 1 "and says why in one line" || diag "$words"
	like "$words" 'root|CAP_|privilege|permi' "which names what is missing"
}

# `ip netns exec` mounts a fresh /sys, without the cgroups.
no_cgroups() {
	agent_paths nocgroup
	agent_command
	setsid ip netns exec "$NS_RUN-bare" "${AGENT_COMMAND[@]}" \
		</dev/null >"$AGENT_LOG" 2>&1 &
	AGENT_PID=$!
	NS_PIDS+=("$AGENT_PID")
	disown "$AGENT_PID"
	ok "without cgroup v2 it runs" wait_until 10 agent_answers ||
		diag "$(tail -n 5 "$AGENT_LOG")"
	ok "and doctor says what that costs" doctor_complains cgroup ||
		diag "$(ctl doctor 2>&1)"
	stop_agent
}

# A file in the place of the directory stops even root.
no_state() {
	agent_paths nostate
	AGENT_STATE=$AGENT_DIR/state-file
	: >"$AGENT_STATE"
	ok "without a state directory it runs" start_agent bare
	ok "and doctor says so" doctor_complains state ||
		diag "$(ctl doctor 2>&1)" "$(cat "$AGENT_LOG")"
	stop_agent
}

begin_netns
need socat setpriv
lab_build 1 || bail_out "the network could not be made"
ns_add bare || bail_out "the network could not be made"
agent_paths main
ok "the agent starts" start_agent office || bail_out "no agent"
policy_trouble
accounting_trouble
hostile_name
control_trouble
stop_agent
no_privilege
no_cgroups
no_state
done_testing

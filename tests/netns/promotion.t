#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole chain on a real client: an n2n supernode that relays 8 Mbit/s is found, shown
# and shaped; policy changes on disk; the daemon dies in every way. The catalogue is
# empty, so behaviour alone speaks.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

LIMIT_FIRST=125000  # bytes per second: 1mbit
LIMIT_SECOND=250000 # 2mbit
PATIENCE=90

write_policy() { # RATE
	put_policy 50-test.ini <<-INI
		[app *]
		promotion = shape
		relay_rate_up = $1
		relay_rate_down = $1
	INI
}

network_works() {
	n2n_reaches s1 2 && ns_run s2 ping -q -c1 -W1 198.18.0.1
}

status_text() { # JQ_FILTER
	ctl status --json 2>/dev/null | jq -r "$1"
}

begin_netns
need supernode edge iperf3
AGENT_CATALOGUE=$NS_DIR/no-catalogue
mkdir "$AGENT_CATALOGUE"
lab_build 2 || bail_out "the network could not be made"
agent_paths main
write_policy 1mbit

ok "the agent starts in a namespace" start_agent office || bail_out "no agent"
lab_relay 8M || bail_out "the supernode does not relay"

found_after=$SECONDS
ok "a real supernode is found to be a relay" \
	wait_until "$PATIENCE" app_has_role "$SUPERNODE_PID" relay ||
	diag "$(ctl explain "$(app_get "$SUPERNODE_PID" name)" 2>&1)"
diag "found after $((SECONDS - found_after)) s of relaying at most"
is "$(app_get "$SUPERNODE_PID" promoted)" true "status says it is promoted"
is "$(app_get "$SUPERNODE_PID" decision)" shape "status says what policy decided"
ctl status --check >/dev/null 2>&1
is $? 5 "status --check tells a script that something is promoted"
ok "its limit is in the kernel" wait_until 10 kernel_has_limit office "$LIMIT_FIRST" ||
	diag "limits: $(kernel_limits office)"
is "$(app_get "$SUPERNODE_PID" limited)" true "status says it is limited"

write_policy 2mbit
ok "an edited policy is picked up from disk" \
	wait_until 15 kernel_has_limit office "$LIMIT_SECOND"
not_ok "and the old limit is gone" kernel_has_limit office "$LIMIT_FIRST"

write_policy "2 parsecs"
ok "a broken policy makes the agent degraded" wait_until 15 agent_state_is degraded
like "$(status_text '.degraded[]')" '50-test\.ini:3' "and names the file and the line"
ok "while the old one stays in force" kernel_has_limit office "$LIMIT_SECOND"
ctl policy check "$AGENT_POLICY" >/dev/null 2>&1
is $? 3 "policy check refuses it too"
write_policy 2mbit
ok "a mended policy makes it well again" wait_until 15 agent_state_is ok

stop_agent KILL
ok "kill -9 leaves no table of ours" wait_until 5 kernel_has_no_table office
ok "and a working network" wait_until 10 network_works
ok "a new agent starts beside the old socket" start_agent office
ok "and finds the promoted client again" \
	wait_until "$PATIENCE" app_has_role "$SUPERNODE_PID" relay
ok "and limits it again" wait_until 10 kernel_has_limit office "$LIMIT_SECOND"

ok "SIGTERM ends it" stop_agent TERM
ok "and leaves no table" kernel_has_no_table office
not_ok "and no socket" test -e "$AGENT_SOCKET"
ok "and a working network once more" wait_until 10 network_works
done_testing

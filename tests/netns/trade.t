#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real reverse proxy is a relay by behaviour. It is reported as what it is, and left
# alone even where policy limits whatever is promoted, until the admin says otherwise.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

LOAD=$BUILD/netns/helper_load
PATIENCE=90
LIMIT=125000 # bytes per second: 1mbit

write_policy() { # [LINE...] more of it
	{
		printf '%s\n' '[app *]' 'promotion = shape' 'relay_rate_up = 1mbit' \
			'relay_rate_down = 1mbit' "$@"
	} | put_policy 60-test.ini
}

begin_netns
need /usr/sbin/haproxy
lab_build 2 || bail_out "the network could not be made"
cat >"$NS_DIR/haproxy.cfg" <<-CFG
	defaults
	 mode tcp
	 timeout connect 5s
	 timeout client 60s
	 timeout server 60s
	frontend f
	 bind 198.18.0.1:8080
	 default_backend b
	backend b
	 server a 198.18.0.102:8080
CFG
ns_spawn office "$NS_DIR/haproxy" /usr/sbin/haproxy -db -f "$NS_DIR/haproxy.cfg"
HAPROXY_PID=$NS_SPAWNED
ns_spawn s2 "$NS_DIR/log" "$LOAD" serve 8080 262144 2000
wait_until 5 ns_listens office tcp 8080 || bail_out "the proxy does not start"
wait_until 5 ns_listens s2 tcp 8080 || bail_out "the server does not start"
agent_paths main
write_policy
ok "the agent starts" start_agent office || bail_out "no agent"
ns_spawn s1 "$NS_DIR/log" "$LOAD" fetch 198.18.0.1 8080 198.18.0.102 8080 5 120

ok "a reverse proxy behaves as a relay" \
	wait_until "$PATIENCE" app_has_role "$HAPROXY_PID" relay ||
	diag "$(ctl explain haproxy 2>&1)"
is "$(app_get "$HAPROXY_PID" client_trade)" "reverse proxy" "it is reported as what it is"
is "$(app_get "$HAPROXY_PID" decision)" allow "policy allows it"
is "$(app_get "$HAPROXY_PID" rule)" trade "by its trade"
like "$(ctl explain haproxy)" 'a relay by trade' "explain says so too"
ok "nothing is limited" kernel_has_no_limit office

write_policy '[app trade]' 'promotion = shape'
ok "an admin overrides that" wait_until 15 kernel_has_limit office "$LIMIT" ||
	diag "limits: $(kernel_limits office)" "$(ctl policy show 2>&1)"
done_testing

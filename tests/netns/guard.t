#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The link guard on a real program: a promoted n2n supernode gets what another program
# on the same link leaves, less the reserve, and gets it back afterwards.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
begin_netns
need iperf3 perl

CAPACITY=5000000 # bytes per second: 40 Mbit/s
RESERVE=1250000

guard() { # JQ_FILTER
	ctl status --json 2>/dev/null | jq -r ".link.guard | $1"
}

guard_is() {
	[ "$(guard "$1")" = true ]
}

lab_build 2 || bail_out "no network"
ns_run office ip route add default via 198.18.0.101
agent_paths 1
printf '%s\n' '[link]' 'reserve = 25%' '[app *]' 'promotion = shape' \
	'relay_scope = app' >"$AGENT_POLICY/90-guard.ini"
ok "shape needs no rate where there is a reserve" \
	"$CTL" policy check "$AGENT_POLICY"
printf '%s\n' '[link]' 'capacity = 40mbit' >"$AGENT_POLICY/91-capacity.ini"
start_agent office || bail_out "no agent"
is "$(guard .state)" idle "while nobody is promoted nothing is guarded"
lab_relay 60M || bail_out "nothing is relayed"
ok "a promoted supernode is guarded" wait_until 90 guard_is '.state == "on"'
ok "and limited, though it has no rate" wait_until 5 \
	guard_is '.out.allowance > 0 and .in.allowance > 0'
ok "it may take what is idle, but for the reserve" wait_until 40 \
	guard_is ".out.allowance > 2500000 and .out.allowance <= $CAPACITY - $RESERVE"
diag "alone: $(guard tojson)"

udp=$(realpath "$(dirname "$0")/udp.pl")
ns_spawn s2 "$NS_DIR/other-receive" perl "$udp" receive 7000
ns_spawn office "$NS_DIR/other-send" perl "$udp" send 198.18.0.102 7000 2500000
OTHER=$NS_SPAWNED
ok "another program takes half of the link: it has to make room" wait_until 10 \
	guard_is ".out.allowance < $CAPACITY - $RESERVE - 2000000"
ok "which is measured" guard_is '.out.others > 1500000'
diag "beside another: $(guard tojson)"
# In the direction that the other leaves alone.
ok "what comes in is its own affair" guard_is ".in.allowance > .out.allowance"
ns_kill "$OTHER"
ok "when the other is done it has the link again" wait_until 40 \
	guard_is ".out.allowance > 2500000"
diag "alone again: $(guard tojson)"
rm "$AGENT_POLICY/91-capacity.ini"
printf '%s\n' '[link]' 'capacity = auto' 'reserve = none' '[app *]' \
	'promotion = warn' >"$AGENT_POLICY/92-off.ini"
ctl policy reload >/dev/null
ok "without a reserve there is no guard" wait_until 5 guard_is '.state == "off"'
ok "and no limit" wait_until 5 kernel_has_no_limit office
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# promotion = forbid on a real client that tests its own reachability: aMule asks its
# neighbours in the Kad network to call it back. Called back, it says "ok", and serves
# them as a full node. Where strangers' calls are refused it finds out that it is
# firewalled, and makes itself a client of another, while its own searches go on.
# Nobody changes a setting of it.
#
# It takes five minutes, for aMule's tests take one each and more: REACHABILITY_LONG=1
# runs it.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

NODES=(office=45.10.0.1)
PATIENCE=200

write_policy() { # PROMOTION
	printf '%s\n' '[link]' 'trusted = none' '[app kad]' 'match.exe = */amuled' \
		"promotion = $1" >"$AGENT_POLICY/50.new"
	mv "$AGENT_POLICY/50.new" "$AGENT_POLICY/50-test.ini"
}

start_amule() { # NAME
	ns_spawn "$1" "$NS_DIR/amule-$1" env HOME="$NS_DIR/kad/$1" setpriv --reuid 65534 \
		--regid 65534 --clear-groups amuled -o -c "$NS_DIR/kad/$1"
}

# What the client itself says: "ok", "firewalled", or nothing.
kad_status() { # NAME
	ns_run "$1" env HOME="$NS_DIR" timeout 5 amulecmd -h 127.0.0.1 -p 4712 -P password \
		-c status 2>/dev/null | sed -n 's/.*Kad: Connected (\([a-z]*\)).*/\1/p'
}

kad_is() { # NAME STATUS
	[ "$(kad_status "$1")" = "$2" ]
}

[ "${REACHABILITY_LONG:-0}" = 1 ] || skip_all "takes five minutes: REACHABILITY_LONG=1"
begin_netns
need amuled amulecmd perl
ns_add office switch && ns_bridge switch lan &&
	ns_plug office 45.10.0.1/16 switch lan || bail_out "the network could not be made"
# Kad takes two nodes of a network of 256 addresses at most, and none of a private one.
for i in 1 2 3 4 5 6; do
	ns_add "s$i" && ns_plug "s$i" "45.10.$i.1/16" switch lan
	NODES+=("s$i=45.10.$i.1")
done
agent_paths main
write_policy warn
mkdir "$NS_DIR/kad"
"$ROOT/tests/netns/kad.pl" "$NS_DIR/kad" "${NODES[@]}" || bail_out "no nodes"
chown -R 65534:65534 "$NS_DIR/kad"
cp -a "$NS_DIR/kad/office" "$NS_DIR/office-before"

ok "the agent starts in a namespace" start_agent office || bail_out "no agent"
for i in 1 2 3 4 5 6; do start_amule "s$i"; done
start_amule office
AMULE_PID=$NS_SPAWNED
ok "the client connects to Kad, not knowing yet whether it is reachable" \
	wait_until 60 kad_is office firewalled
ok "its neighbours call it back, and it is" wait_until "$PATIENCE" kad_is office ok

ns_kill "$AMULE_PID"
wait_until 10 eval '! ns_is_alive $AMULE_PID'
write_policy forbid
sleep 2
rm -r "$NS_DIR/kad/office"
cp -a "$NS_DIR/office-before" "$NS_DIR/kad/office"
start_amule office
began=$SECONDS
ok "where it is forbidden it connects as well" wait_until 60 kad_is office firewalled
AGENT_APP=$(app_get "$NS_SPAWNED" name)
ok "those that call it back are refused" wait_until 120 eval \
	'[ "$(ctl status "$AGENT_APP" --json | jq ".applications[0].callers.count")" -ge 2 ]'
reached=0
while [ $((SECONDS - began)) -lt 150 ]; do
	kad_is office ok && reached=1
	sleep 2
done
is "$reached" 0 "and it never takes itself for reachable"
is "$(kad_status office)" firewalled "but for a client behind a firewall"
ok "while its neighbours are full nodes" kad_is s1 ok
diag "$(ctl status 2>&1 | head -1)" "$(ctl peers "$AGENT_APP" 2>&1 | tail -8)"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# promotion = forbid where one program relays six strangers' calls and has one of its
# owner's: the relayed ones are cut, and of his not one packet is lost. And on a hub, of
# which one kind of evidence alone speaks: it is not cut. See tests/lab/relay.c.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

OFFICE=198.18.0.1
PATIENCE=120
RELAY=$BUILD/lab/relay
PARTNER=$BUILD/lab/partner

write_policy() { # KEY...
	{
		printf '[link]\ntrusted = none\n[app *]\n'
		printf '%s\n' "$@"
	} | put_policy 50-test.ini
}

app_is() { # PID FIELD
	[ "$(app_json "$1" ".$2")" = true ]
}

# Parties at NAME, each with an address of its own, in COUNT.
partner() { # NAME INDEX WHAT N [PEER] [OPTION...]
	local name=$1 index=$2 what=$3
	shift 3
	ns_run "$name" ip route add local "198.18.$index.0/24" dev lo || return
	ns_spawn "$name" "$NS_DIR/$what.log" "$PARTNER" "$what" "$NS_DIR/$what" \
		"198.18.$index.1:4000" "$@"
}

heard() { # WHAT: bytes that its parties have heard of others
	awk '{ print $1 }' "$NS_DIR/$1"
}

hears_more() { # WHAT SECONDS
	local before
	before=$(heard "$1")
	sleep "$2"
	[ "$(heard "$1")" -gt "$before" ]
}

hears_nothing() {
	! hears_more "$1" 2
}

# Counts the owner's call at an end, outside of what the agent may drop.
watch() { # NAME PEER
	ns_run "$1" nft -f - <<-RULES
	table inet watch {
		counter sent { }
		counter got { }
		chain out {
			type filter hook output priority -10;
			ip daddr $2 udp dport { 7000, 5000 } counter name sent
		}
		chain in {
			type filter hook input priority 300;
			ip saddr $2 udp sport { 7000, 5000 } counter name got
		}
	}
	RULES
}

packets() { # NAME COUNTER
	ns_run "$1" nft -j list counter inet watch "$2" |
		jq '.nftables[] | select(.counter).counter.packets'
}

begin_netns
need nft conntrack
for program in "$RELAY" "$PARTNER"; do
	[ -x "$program" ] || bail_out "$program is not there; run make first"
done
AGENT_CATALOGUE=$NS_DIR/no-catalogue
mkdir "$AGENT_CATALOGUE"
lab_build 6 || bail_out "the network could not be made"
agent_paths main
write_policy 'promotion = forbid'

# --- a relay with a call of its owner ---------------------------------------------------

ok "the agent starts in a namespace" start_agent office || bail_out "no agent"

# The hub first, for it takes longer: 400 strangers lean on it, and it has six others.
for i in 1 2 3 4 5 6; do ns_run s6 ip addr add "198.18.6.$i/32" dev lo; done
for i in 1 2 3 4 5 6; do
	ns_spawn s6 "$NS_DIR/hubs.log" "$RELAY" "198.18.6.$i:4000" $OFFICE:6000 \
		spread 1 hub 1
done
ns_spawn office "$NS_DIR/hub.log" setpriv --reuid 65533 --regid 65533 --clear-groups \
	"$RELAY" $OFFICE:6000 198.18.6.1:4000 spread 6 hub 1
HUB_PID=$NS_SPAWNED
wait_until 5 ns_listens office udp 6000
partner s4 4 lean 200 $OFFICE:6000
partner s5 5 lean 200 $OFFICE:6000

watch office 198.18.0.103
watch s3 $OFFICE
# He is called: what a stranger begins is his as well.
ns_spawn s3 "$NS_DIR/call" "$ROOT/tests/netns/call.pl" 7000 $OFFICE:5000
CALL_PID=$NS_SPAWNED
ns_spawn office "$NS_DIR/relay.log" setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$RELAY" $OFFICE:5000 198.18.2.1:4000 own 198.18.0.103:7000
RELAY_PID=$NS_SPAWNED
wait_until 5 ns_listens office udp 5000
partner s2 2 answer 6
partner s1 1 talk 6 $OFFICE:5000
ok "a relay with a call of its owner is found" \
	wait_until "$PATIENCE" app_has_role "$RELAY_PID" relay
ok "and cut once two kinds of evidence agree" \
	wait_until "$PATIENCE" cuts_are "$RELAY_PID" "legs calls" ||
	diag "$(ctl explain "$(app_get "$RELAY_PID" name)" 2>&1)"
began=$SECONDS
own_before=$(packets s3 got)
ok "its calls were heard" test "$(heard answer)" -gt 100000
ok "they are heard no more" wait_until 15 hears_nothing answer
diag "$((SECONDS - began)) s after the cut, of which two are to be sure"
ok "on either side" hears_nothing talk
sleep 20
ok "nor do they come back" hears_nothing answer
diag "$(ctl status 2>&1 | head -1)" \
	"refused: $(app_json "$RELAY_PID" '.refused | tojson')"
ok "its owner's call goes on" test "$(($(packets s3 got) - own_before))" -gt 500
ns_kill "$CALL_PID"
ns_kill "$RELAY_PID"
wait_until 5 eval '! ns_is_alive $CALL_PID && ! ns_is_alive $RELAY_PID'
is "$(packets s3 got)" "$(packets office sent)" "and nothing that he sent was lost"
is "$(packets office got)" "$(packets s3 sent)" "nor what he was sent"
diag "$(packets office sent) packets out, $(packets office got) in"

# --- a hub ------------------------------------------------------------------------------

ok "a hub is found" wait_until 150 app_has_role "$HUB_PID" supernode ||
	diag "$(ctl status 2>&1)"
is "$(app_json "$HUB_PID" .evidence_families)" 1 "by one kind of evidence"
is "$(app_json "$HUB_PID" '.cuts | length')" 0 "so it is not cut"
like "$(ctl status 2>&1)" 'not cut, only one kind of evidence' "and status says why"
ok "no flow is flagged" test "$(ns_run office conntrack -L -p udp --dport 6000 \
	-m 0x00200000/0x00200000 2>/dev/null | wc -l)" -eq 0
write_policy 'promotion = forbid' 'relay_rate_up = 1mbit'
ok "it is shaped instead, where there is a rate" \
	wait_until 15 kernel_has_limit office 125000
like "$(ctl status 2>&1)" 'not cut, only one kind of evidence; limited to 1 Mbit/s' \
	"and status says that"
done_testing

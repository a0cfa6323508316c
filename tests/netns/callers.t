#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who is refused and keeps calling is counted by the kernel and shown: how many, how
# often, since when. And what happens where more call than can be told apart.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

OFFICE=198.18.0.1
APP=

callers_json() { # JQ_FILTER
	ctl peers "$APP" --json | jq -r ".callers | $1"
}

status_json() { # JQ_FILTER
	ctl status "$APP" --json | jq -r ".applications[0].callers | $1"
}

has_callers() { # COUNT
	[ "$(status_json .count)" -ge "$1" ]
}

begin_netns
need perl socat
lab_build 3 || bail_out "the network could not be made"
agent_paths main
printf '%s\n' '[link]' 'trusted = 198.18.0.102/32' '[app held]' 'match.exe = */perl*' \
	'promotion = forbid' >"$AGENT_POLICY/50-test.ini"
mkfifo -m 666 "$NS_DIR/orders"
for i in "s1 198.18.0.101" "s3 198.18.0.103" "office 198.18.0.1"; do
	ns_run "${i% *}" ip addr add "2001:db8::${i##*.}/64" dev eth0 nodad
done

ok "the agent starts in a namespace" start_agent office || bail_out "no agent"
ns_spawn office "$NS_DIR/listener" setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$ROOT/tests/netns/listen.pl" "$NS_DIR/orders"
LISTENER_PID=$NS_SPAWNED
echo "tcp 7000" >"$NS_DIR/orders"
wait_until 10 ns_listens office tcp 7000
ok "a program refuses strangers" wait_until 15 \
	eval 'ns_run office nft list set inet relaywarden calls | grep -q elements'
APP=$(app_get "$LISTENER_PID" name)
is "$(status_json .count)" 0 "nobody calls it"
for i in 1 2 3; do
	ns_run s1 timeout 2 socat -u tcp:$OFFICE:7000,connect-timeout=1 - 2>/dev/null
done
ns_run s2 timeout 2 socat -u tcp:$OFFICE:7000,connect-timeout=1 - >"$NS_DIR/got" 2>&1
ns_run s3 timeout 2 socat -u "tcp:$OFFICE:7000,connect-timeout=1" - 2>/dev/null
ok "who called is counted" wait_until 15 has_callers 2
is "$(status_json '.count')" 2 "each once"
is "$(status_json '.calls')" 4 "with each of their calls"
is "$(callers_json 'map(.address) | join(" ")')" "198.18.0.101 198.18.0.103" \
	"by address, who calls most first; not who is trusted"
ok "with since when" test "$(status_json ".since <= now and .since > now - 60")" = true
like "$(ctl status "$APP")" 'who still calls +2 in the last ten minutes, [0-9.]+ times a minute, since 20' \
	"status shows it"
like "$(ctl peers "$APP")" '198.18.0.101 +3 +3\.0 +20' "and peers each of them"

# --- more than can be told apart -------------------------------------------------------

ns_run s3 ip route add local 198.19.0.0/16 dev lo
ns_run office ip route add 198.19.0.0/16 via 198.18.0.103
# A busy machine may drop most of a flood before it comes to any rule.
crowd_calls() {
	ns_run s3 "$ROOT/tests/netns/flood.pl" 198.19.0.0/16 $OFFICE 7000-7000 6000
	wait_until 12 has_callers 4096
}
ok "of 6,000 callers 4,096 are told apart" wait_until 60 crowd_calls
is "$(status_json .count)" 4096 "and no more"
is "$(callers_json length)" 100 "a hundred of them are listed"
ok "the packets of the others are counted as well" test \
	"$(ctl status "$APP" --json | jq '.applications[0].refused.packets_in')" -ge 5000
like "$(ctl doctor)" 'callers +[0-9]+ packets' "and doctor says that they are not"
done_testing

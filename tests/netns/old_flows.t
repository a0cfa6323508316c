#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay that was at work before the agent started: its flows have no counters where
# conntrack followed them without accounting, and no known beginning where nobody had
# conntrack follow them.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

LOAD=$BUILD/netns/helper_load
RECORDS=$BUILD/netns/helper_record

records() { # NAME
	"$RECORDS" "$NS_DIR/$1.rwrec" 2>/dev/null
}
app_id() { # NAME APP
	records "$1" | awk -v name="$2" '$1 == "app" && $3 == name { print $2; exit }'
}

supernode_is_relay() {
	ctl status --json | jq -e '.applications[] |
		select(.name == "supernode") | .role == "relay"' >/dev/null
}

begin_netns
need supernode edge iperf3 microsocks nft
lab_build 2 || bail_out "the network could not be made"

# --- nobody had conntrack follow them ---------------------------------------------------

cp "$(command -v microsocks)" "$NS_DIR/old-proxy"
ns_spawn office "$NS_DIR/log" "$NS_DIR/old-proxy" -p 1080
ns_spawn s2 "$NS_DIR/log" "$LOAD" serve 8080 1000000 16000
wait_until 5 ns_listens office tcp 1080 || bail_out "the proxy does not start"
wait_until 5 ns_listens s2 tcp 8080 || bail_out "the server does not start"
ns_spawn s1 "$NS_DIR/log" "$LOAD" fetch 198.18.0.1 1080 198.18.0.102 8080 20 1
sleep 2
AGENT_OPTIONS=(--record "$NS_DIR/midway.rwrec")
agent_paths midway
ok "the agent starts" start_agent office || bail_out "no agent"
sleep 6
stop_agent
ID=$(app_id midway old-proxy)
is "$(records midway | awk -v id="$ID" '$1 == "flow" && $4 == 1080 {
	if (!($6 in seen)) seen[$6] = $7 } END { for (port in seen) n[seen[port]]++
	print n["in"] + 0, n["out"] + 0 }')" "20 0" \
	"connections to a listening port were begun by the peers"
is "$(records midway | awk '$1 == "flow" && $5 == "198.18.0.102" && $6 == 8080 {
	if (!($4 in seen)) seen[$4] = $7 } END { for (port in seen) n[seen[port]]++
	print n["in"] + 0, "of", n["in"] + n["out"] }')" "0 of 20" \
	"those it made were not" || diag "$(records midway | grep ' 8080 ' | sort | uniq -c | head)"
sleep 10

# --- conntrack followed them, without accounting ----------------------------------------

ns_run office nft -f - <<-NFT || bail_out "no rule"
	table inet others {
		chain input {
			type filter hook input priority 0
			ct state established,related accept
		}
	}
NFT
ns_run office sh -c 'echo 0 >/proc/sys/net/netfilter/nf_conntrack_acct'
lab_relay 3M || bail_out "the supernode does not relay"
sleep 2
AGENT_OPTIONS=(--record "$NS_DIR/uncounted.rwrec")
agent_paths uncounted
ok "the agent starts on a relay at work" start_agent office || bail_out "no agent"
sleep 12
ok "it is found by its packets" wait_until 40 supernode_is_relay
{ "$CTL" explain supernode; "$CTL" peers supernode; } >"$NS_DIR/explained" 2>&1
stop_agent
ID=$(app_id uncounted supernode)
is "$(records uncounted | awk -v id="$ID" '$1 == "flow" && $4 == 7654 && $8 == id {
	seen[$5] = $7 " " $10 } END { for (peer in seen) print peer, seen[peer] }' |
	sort | tr '\n' ' ')" \
	"198.18.0.101 in uncounted 198.18.0.102 in uncounted " \
	"its flows are said to have no counters" ||
	diag "$(records uncounted | grep ' 7654 ' | cut -d' ' -f1-10 | sort | uniq -c)"
TRAFFIC=$(records uncounted | awk -v id="$ID" '$1 == "traffic" && $2 == id {
	if (!n++) { in_first = $3; out_first = $4 } in_last = $3; out_last = $4 }
	END { if (n > 1) printf "%d %d %d\n", n, (in_last - in_first) / (n - 1),
		(out_last - out_first) / (n - 1) }')
echo "# records, bytes a second in, out: ${TRAFFIC:-none}"
read -r N IN OUT <<<"${TRAFFIC:-0 0 0}"
ok "what it carries is told once a second" test "$N" -ge 10 -a "$N" -le 60
# 3 Mbit/s of TCP inside, so 375,000 bytes and more.
ok "all that comes in" test "$IN" -ge 300000 -a "$IN" -le 600000
ok "and goes out" test "$OUT" -ge 300000 -a "$OUT" -le 600000
not_ok "applications with counters are not told of so" \
	sh -c "'$RECORDS' '$NS_DIR/midway.rwrec' | grep -q ^traffic"
sed 's/^/# /' "$NS_DIR/explained"

[ -z "${KEEP:-}" ] || cp "$NS_DIR"/*.rwrec "$KEEP/"
done_testing

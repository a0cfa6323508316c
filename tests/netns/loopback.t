#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs of one machine that talk to each other: the recording names both ends.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

LOAD=$BUILD/netns/helper_load
RECORDS=$BUILD/netns/helper_record

app_id() { # NAME
	"$RECORDS" "$NS_DIR/loopback.rwrec" 2>/dev/null |
		awk -v name="$1" '$1 == "app" && $3 == name { print $2; exit }'
}
# ends ADDRESS PORT: "ID PEER_ID" of the flows to a local port, each pair once.
ends() {
	"$RECORDS" "$NS_DIR/loopback.rwrec" 2>/dev/null | awk -v to="$1" -v port="$2" '
		$1 == "flow" && $5 == to && $6 == port {
			flow = $3 " " $4
			if ($8) app[flow] = $8
			if ($9) peer[flow] = $9
			direction[flow] = $7
		}
		END { for (f in direction)
			print direction[f], app[f] + 0, peer[f] + 0 }' | sort -u
}

begin_netns
need microsocks
lab_build 1 || bail_out "the network could not be made"
for name in front back; do cp "$LOAD" "$NS_DIR/$name"; done
cp "$(command -v microsocks)" "$NS_DIR/middle"
ns_spawn office "$NS_DIR/log" "$NS_DIR/middle" -p 1080
ns_spawn office "$NS_DIR/log" "$NS_DIR/back" serve 8080 131072 2000
wait_until 5 ns_listens office tcp 1080 || bail_out "the proxy does not start"
wait_until 5 ns_listens office tcp 8080 || bail_out "the server does not start"
# Redirected to this machine: the client thinks it talks to somebody else.
ns_run office nft -f - <<-NFT || bail_out "no redirection"
	table ip turned {
		chain output {
			type nat hook output priority -100
			ip daddr 198.18.77.77 tcp dport 443 redirect to :8080
		}
	}
NFT

AGENT_OPTIONS=(--record "$NS_DIR/loopback.rwrec")
agent_paths main
ok "the agent starts" start_agent office || bail_out "no agent"
ns_run office "$NS_DIR/front" fetch 127.0.0.1 1080 198.18.0.1 8080 5 6 >"$NS_DIR/done" &
wait $!
like "$(cat "$NS_DIR/done")" 'complete 30 ' "what they say to each other arrives"
ns_run office "$NS_DIR/front" fetch 127.0.0.1 1080 198.18.77.77 443 5 2 >"$NS_DIR/done" &
wait $!
like "$(cat "$NS_DIR/done")" 'complete 10 ' "redirected too"
sleep 1
ctl status --json >"$NS_DIR/status"
stop_agent

FRONT=$(app_id front) MIDDLE=$(app_id middle) BACK=$(app_id back)
is "$(ends 127.0.0.1 1080)" "out $FRONT $MIDDLE" "both ends of 127.0.0.1 are named"
is "$(ends 198.18.0.1 8080)" "out $MIDDLE $BACK" "both ends of an own address are named"
is "$(ends 127.0.0.1 8080)" "out $MIDDLE $BACK" "and of a redirected connection"
is "$(jq '[.applications[] | select(.name == "middle") | .peers, .bytes_in] | add' \
	"$NS_DIR/status")" 0 "none of that is traffic with strangers" ||
	diag "$(cat "$NS_DIR/status")"

[ -z "${KEEP:-}" ] || cp "$NS_DIR"/*.rwrec "$KEEP/"
done_testing

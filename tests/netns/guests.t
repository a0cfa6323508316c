#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay in a container behind a bridge with NAT: an n2n supernode on a published port.
# It is found, shaped, forbidden and blocked; its own download, the host and another
# container go on. The catalogue is empty: behaviour alone speaks.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/guests.sh
. "$(dirname "$0")/guests.sh"

OFFICE=198.18.0.1
RELAY_ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
OTHER_ID=fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210
RELAY=container:docker/$RELAY_ID
OTHER=container:docker/$OTHER_ID
PATIENCE=90

write_policy() { # KEY...
	{
		printf '[link]\ntrusted = 172.30.0.0/24\n[app *]\n'
		printf '%s\n' "$@"
	} | put_policy 50-test.ini
}

has_chain() {
	ns_run office nft list chain inet relaywarden forward
}

has_no_chain() {
	kernel_has_table office && ! has_chain
}

packets_speak() {
	[ "$(ctl explain --json media-box |
		jq '[.. | objects | select(.name == "packets") | .weight] | max > 2')" = true ]
}

guest_cuts_are() { # ID CUTS
	[ "$(guest_get "$1" 'cuts | join(" ")')" = "$2" ]
}

is_told() { # NAME COUNT-BEFORE
	[ "$(unreachables "$1")" -gt "$2" ]
}

is_gone() {
	! ns_is_alive "$1"
}

# 4 MB from a stranger; at the relay's limit they would take half a minute.
downloads_fast() { # NAME
	ns_run "$1" timeout 10 iperf3 -c 198.18.0.103 -p 5201 -R -n 4M
}

begin_netns
need supernode edge iperf3 conntrack
[ -n "$NS_CGROUP" ] || skip_all "no cgroup v2 that can be written"
AGENT_CATALOGUE=$NS_DIR/no-catalogue
mkdir "$AGENT_CATALOGUE"
lab_build 3 || bail_out "the network could not be made"
guest_network 172.30.0.1/24 fd30::1/64 || bail_out "no bridge"
guest_add c1 172.30.0.2/24 172.30.0.1 fd30::2/64 fd30::1 || bail_out "no container"
guest_add c2 172.30.0.3/24 172.30.0.1 fd30::3/64 fd30::1 || bail_out "no container"
guest_cgroup c1 docker-$RELAY_ID.scope || bail_out "no cgroup"
guest_cgroup c2 docker-$OTHER_ID.scope || bail_out "no cgroup"
guest_nat $N2N_PORT 172.30.0.2 172.30.0.0/24 || bail_out "no NAT"
# Docker's own file says what it is called: in a place that the agent alone sees.
cat >"$NS_DIR/agent" <<-SCRIPT
	#!/bin/sh -e
	mount -t tmpfs none /var/lib
	mkdir -pm 700 /var/lib/docker/containers/$RELAY_ID
	echo '{"Name": "/media-box"}' >/var/lib/docker/containers/$RELAY_ID/config.v2.json
	chmod 600 /var/lib/docker/containers/$RELAY_ID/config.v2.json
	exec $AGENT "\$@"
SCRIPT
printf '#!/bin/sh\nexec unshare -m sh "%s" "$@"\n' "$NS_DIR/agent" >"$NS_DIR/agent-apart"
chmod 755 "$NS_DIR/agent-apart"
AGENT=$NS_DIR/agent-apart
agent_paths main
write_policy 'promotion = warn'
ok "the agent starts in a namespace" start_agent office || bail_out "no agent"
ok "while nothing is forwarded there is no forward chain" has_no_chain

guest_spawn c1 "$NS_DIR/supernode" setpriv --reuid 65534 --regid 65534 --clear-groups \
	supernode -l $N2N_PORT
RELAY_PID=$NS_SPAWNED
wait_until 5 ns_listens c1 udp $N2N_PORT
for i in 1 2; do n2n_start_edge "s$i" "$i" $OFFICE "$NS_DIR/edge-$i"; done
wait_until 20 n2n_reaches s1 2 || bail_out "the supernode does not relay"
ns_spawn s2 "$NS_DIR/iperf3-server" iperf3 -s
wait_until 5 ns_listens s2 tcp 5201
ns_spawn s1 "$NS_DIR/iperf3-client" iperf3 -c 10.9.0.2 -b 8M -t 3600

ok "a relay in a container is found" \
	wait_until "$PATIENCE" guest_has_role $RELAY relay ||
	diag "$(ctl status 2>&1)" "$(ctl doctor 2>&1)" "$(tail -5 "$AGENT_LOG")"
is "$(guest_get $RELAY kind)" container "as a container"
is "$(guest_get $RELAY name)" media-box "under the name its engine has for it"
is "$(guest_get $RELAY 'pids | index('"$RELAY_PID"') != null')" true \
	"with its processes"
ok "now there is a forward chain" has_chain
for port in 5201 5202 5203; do
	ns_spawn s3 "$NS_DIR/iperf3-$port" iperf3 -s -p $port
	wait_until 5 ns_listens s3 tcp $port
done
guest_spawn c2 "$NS_DIR/other" iperf3 -c 198.18.0.103 -p 5202 -R -b 1M -t 4
ok "another container's flows are its own" wait_until 20 guest_has_role $OTHER client
is "$(guest_get $OTHER name)" docker-fedcba987654 "it is called by its id, where nobody has a name for it"

write_policy 'promotion = warn' '[app box]' 'match.container = media-box' \
	'promotion = shape' 'relay_rate_up = 1mbit' 'relay_rate_down = 1mbit'
ok "policy selects it by its name, and its limit is in the kernel" wait_until 15 kernel_has_limit office 125000
ok "what it relays is slowed down" wait_until 15 is_slow s2 n2n0
ok "the other container is as fast as before" downloads_fast c2
ok "so is the office" downloads_fast office
diag "$(rate_of s2 n2n0 2) bytes/s relayed" "$(ctl status 2>&1 | sed -n 2,9p)"

write_policy 'promotion = warn'
ok "it may be cut once two kinds of evidence agree" \
	wait_until "$PATIENCE" guest_is $RELAY may_be_cut
guest_spawn c1 "$NS_DIR/download" iperf3 -c 198.18.0.103 -p 5202 -R -b 4M -t 3600
DOWNLOAD_PID=$NS_SPAWNED
wait_until 10 is_busy c1 eth0
ok "its packets are seen on its side of the translation" packets_speak
write_policy 'promotion = forbid'
ok "forbidden, its legs are cut" wait_until 15 guest_cuts_are $RELAY "legs calls"
before=$(unreachables s1)
ok "and nothing is relayed any more" wait_until 15 is_silent s2 n2n0
ok "the strangers are told" wait_until 20 is_told s1 "$before"
ok "its own download goes on" is_busy c1 eth0
ok "on the same connection" ns_is_alive "$DOWNLOAD_PID"
ok "the other container is as fast as before" downloads_fast c2
ok "so is the office" downloads_fast office

guest_spawn c1 "$NS_DIR/upload" iperf3 -c 198.18.0.103 -p 5203 -b 500k -t 3600
UPLOAD_PID=$NS_SPAWNED
write_policy 'promotion = block'
ok "blocked, all of it is cut" wait_until 15 guest_cuts_are $RELAY all
ok "the container is told when it sends" wait_until 10 is_gone "$UPLOAD_PID"
ok "and so is who sends to it" \
	wait_until 10 grep -qE 'reset by peer|closed the connection' "$NS_DIR/iperf3-5202"
not_ok "it reaches nobody" downloads_fast c1
ok "the other container does" downloads_fast c2
ok "so does the office" downloads_fast office

for name in s1 s2 c1 c2; do
	for pid in $(ip netns pids "$NS_RUN-$name"); do kill -KILL "$pid"; done
done
ns_run office conntrack -F >/dev/null 2>&1
ok "without a guest there is no forward chain any more" wait_until 30 has_no_chain
ok "and nothing that is amiss" agent_state_is ok
done_testing

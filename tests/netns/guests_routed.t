#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Relays in guests that are routed, not translated: one in a container over IPv6, one in
# a virtual machine behind a tap device over IPv4. Both are found under their names,
# shaped and forbidden. And a container that claims a stranger's address hides nothing.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/guests.sh
. "$(dirname "$0")/guests.sh"

ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
CONTAINER=container:docker/$ID
MACHINE=container:machine/testvm
PATIENCE=90

write_policy() { # KEY...
	{
		printf '[link]\ntrusted = none\n[app *]\n'
		printf '%s\n' "$@"
	} | put_policy 50-test.ini
}

# A relay at NAME on port 6000 for what s-FROM sends to s-TO.
relay() { # SPAWN NAME FAMILY RELAY-ADDRESS FROM TO TO-ADDRESS
	local spawn=$1 name=$2 family=$3 address=$4 from=$5 to=$6 target=$7
	ns_spawn "$to" "$NS_DIR/$to" iperf3 -s
	$spawn "$name" "$NS_DIR/$name" socat "TCP$family-LISTEN:6000,fork" \
		"TCP$family:$target:5201"
	wait_until 5 ns_listens "$to" tcp 5201 && wait_until 5 ns_listens "$name" tcp 6000 ||
		return
	ns_spawn "$from" "$NS_DIR/$from" iperf3 -c "$address" -p 6000 -b 8M -t 3600
	wait_until 10 is_busy "$to" eth0
}

guests_have() { # SET ADDRESS
	ns_run office nft list set inet relaywarden "$1" | grep -qw "$2"
}

begin_netns
need socat iperf3
[ -n "$NS_CGROUP" ] || skip_all "no cgroup v2 that can be written"
[ -c /dev/net/tun ] || skip_all "no tap devices"
AGENT_CATALOGUE=$NS_DIR/no-catalogue
mkdir "$AGENT_CATALOGUE"
lab_build 4 || bail_out "the network could not be made"
ns_run office ip addr add 2001:db8:1::1/64 dev eth0 nodad
for i in 1 2 3 4; do
	ns_run "s$i" ip addr add "2001:db8:1::10$i/64" dev eth0 nodad
	ns_run "s$i" ip route add 198.19.30.0/24 via 198.18.0.1
	ns_run "s$i" ip -6 route add 2001:db8:30::/64 via 2001:db8:1::1
done
guest_network 198.19.30.1/24 2001:db8:30::1/64 || bail_out "no bridge"
guest_add c1 198.19.30.2/24 198.19.30.1 2001:db8:30::2/64 2001:db8:30::1 ||
	bail_out "no container"
guest_cgroup c1 docker-$ID.scope || bail_out "no cgroup"

# The machine: its wire and what it is plugged into are both in its namespace.
ns_add vm
ns_run vm ip link add eth0 type veth peer name wire
ns_run vm ip link set wire up
guest_cgroup office 'machine-qemu\x2d3\x2dtestvm.scope' || bail_out "no cgroup"
guest_spawn office "$NS_DIR/tap" "$BUILD/netns/helper_tap" tap0 "$(ns_path vm)" wire
wait_until 5 ns_run office ip link set tap0 up master $GUEST_BRIDGE || bail_out "no tap"
guest_address vm 198.19.30.3/24 198.19.30.1 2001:db8:30::3/64 2001:db8:30::1 ||
	bail_out "no machine"

agent_paths main
write_policy 'promotion = warn'
ok "the agent starts in a namespace" start_agent office || bail_out "no agent"
relay guest_spawn c1 6 2001:db8:30::2 s1 s2 '[2001:db8:1::102]' ||
	bail_out "the container does not relay"
relay ns_spawn vm 4 198.19.30.3 s3 s4 198.18.0.104 || bail_out "the machine does not relay"
ok "a relay in a container is found over IPv6" \
	wait_until "$PATIENCE" guest_has_role $CONTAINER relay ||
	diag "$(ctl status 2>&1)" "$(ctl doctor 2>&1)"
ok "a relay in a virtual machine is found" \
	wait_until "$PATIENCE" guest_has_role $MACHINE relay ||
	diag "$(ctl status 2>&1)" "$(ctl doctor 2>&1)"
is "$(guest_get $MACHINE name)" testvm "under the machine's name"
is "$(guest_get $MACHINE 'pids | length')" 1 "with the process that holds its tap"

# The strangers' own addresses, as if they were the container's.
ns_run c1 ip addr add 198.18.0.102/32 dev eth0
ns_run c1 ping -q -c1 -W1 -I 198.18.0.102 198.19.30.1 >/dev/null
ok "the neighbour table believes what a container claims" \
	sh -c "nsenter --net=$(ns_path office) ip neigh show dev $GUEST_BRIDGE |
		grep -q '^198.18.0.102 .*lladdr'"
sleep 6
ok "its own address is known" guests_have guests6 2001:db8:30::2
not_ok "what it claims is not" guests_have guests4 198.18.0.102

write_policy 'promotion = shape' 'relay_rate_up = 1mbit' 'relay_rate_down = 1mbit'
ok "both are slowed down over IPv6" wait_until 20 is_slow s2 eth0
ok "and over IPv4" wait_until 20 is_slow s4 eth0
diag "$(rate_of s2 eth0 2) and $(rate_of s4 eth0 2) bytes/s"

write_policy 'promotion = warn'
for key in $CONTAINER $MACHINE; do
	ok "two kinds of evidence agree on ${key##*/}" \
		wait_until "$PATIENCE" guest_is "$key" may_be_cut ||
		diag "$(ctl explain "$(guest_get "$key" name)" 2>&1)"
done
write_policy 'promotion = forbid'
ok "forbidden, nothing is relayed any more over IPv6" wait_until 20 is_silent s2 eth0
ok "nor over IPv4" wait_until 20 is_silent s4 eth0
ok "the machine still reaches who it calls" ns_run vm ping -q -c1 -W2 198.18.0.101
ok "so does the office" ns_run office ping -q -c1 -W2 198.18.0.101
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Would this machine be promoted: with a public address, behind a firewall, behind NATs of
# different kinds as a real STUN server (coturn) sees them, behind a gateway that maps ports
# (miniupnpd), and once something is promoted.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

PERSON=4711

# What a person reads, in namespace AT.
text() { # [OPTION...]
	ns_run "$AT" "$CTL" eligibility --catalogue "$NS_DIR/clients" "$@"
}

# field JQ [OPTION...]: of the answer in namespace AT.
field() {
	local filter=$1
	shift
	ns_run "$AT" "$CTL" eligibility --json --catalogue "$NS_DIR/clients" "$@" |
		jq -r "$filter"
}

field_is() { # WANTED JQ [OPTION...]
	local wanted=$1
	shift
	[ "$(field "$@")" = "$wanted" ]
}

# An admin's own client, and his program.
install_swarm() {
	mkdir -p "$NS_DIR/clients" "$NS_DIR/bin"
	cp /bin/sleep "$NS_DIR/bin/swarmd"
	cat >"$NS_DIR/clients/swarm.ini" <<-INI
		[client swarm]
		title = Our swarm
		word = superpeer
		when = public address, 2 h
		forbid = superpeer off
		forbid.file = $NS_DIR/swarm.conf
		forbid.line = superpeer = off
		match.exe = $NS_DIR/bin/swarmd
	INI
}

# home behind router, which is on the switch of strangers.
build_home() {
	ns_add home router || return
	ns_plug router 198.18.0.2/16 switch lan || return
	ns_link home eth0 router eth1 || return
	ns_run home ip addr add 192.168.7.2/24 dev eth0 || return
	ns_run router ip addr add 192.168.7.1/24 dev eth1 || return
	ns_run home ip route add default via 192.168.7.1 || return
	ns_run router sysctl -qw net.ipv4.ip_forward=1
}

nat() { # WORDS after masquerade
	ns_run router nft -f - <<-NFT
		add table ip nat
		delete table ip nat
		table ip nat {
			chain post {
				type nat hook postrouting priority 100
				oifname eth0 masquerade $1
			}
		}
	NFT
}

# Two addresses: so it can tell how a NAT behaves (RFC 5780).
start_stun() {
	ns_run s1 ip addr add 198.18.0.111/16 dev eth0 || return
	ns_spawn s1 "$NS_DIR/stun" turnserver -n -S -L 198.18.0.101 -L 198.18.0.111 \
		--no-cli --no-tls --no-dtls --log-file stdout --pidfile "$NS_DIR/stun.pid" \
		--db "$NS_DIR/stun.db"
	wait_until 10 ns_listens s1 udp 3478
}

begin_netns
need turnserver setpriv perl
lab_build 2 || bail_out "the network could not be made"
build_home || bail_out "no home could be made"
install_swarm
AT=office

# --- what is seen without an agent, and without root ----------------------------------

agent_paths main
answer=$(ns_run office setpriv --reuid $PERSON --regid $PERSON --clear-groups \
	"$CTL" eligibility --catalogue "$NS_DIR/clients")
like "$answer" '^safe as far as can be seen' "without an agent the answer says so"
like "$answer" 'not seen: the agent is not reachable' "and why"
like "$answer" '198.18.0.1 on eth0: public' "an address is seen all the same"
like "$answer" "Our swarm +is installed: $NS_DIR/bin/swarmd" "and an admin's own client"
like "$answer" "write into $NS_DIR/swarm.conf: superpeer = off" "with the line to write"

# --- a public address -----------------------------------------------------------------

AGENT_OPTIONS=(--catalogue-dir "$NS_DIR/clients")
ok "the agent starts" start_agent office || bail_out "no agent"
is "$(field .verdict)" possible "an open machine with a client could be promoted"
is "$(field .reachable)" yes "for strangers reach it"
is "$(field '.firewall.ipv4.state')" open "no firewall is in the way"
ns_run office "$CTL" eligibility --check --catalogue "$NS_DIR/clients" >/dev/null
is $? 8 "a script is told by the exit code"
like "$(text)" '^could be promoted: 1 known client' "a person by the first line"
echo "superpeer=off # by hand" >"$NS_DIR/swarm.conf"
is "$(field '.verdict, .clients[0].setting.state' | paste -sd ' ')" "safe set" \
	"the client's own setting makes it safe"
rm "$NS_DIR/swarm.conf"

# --- who listens ----------------------------------------------------------------------

mkfifo "$NS_DIR/orders"
chown $PERSON "$NS_DIR/orders"
ns_spawn office "$NS_DIR/listen" setpriv --reuid $PERSON --regid $PERSON --clear-groups \
	perl "$ROOT/tests/netns/listen.pl" "$NS_DIR/orders"
echo "tcp 7001" >"$NS_DIR/orders"
ok "a person's program that listens is told" wait_until 15 field_is "tcp $PERSON" \
	'.listeners[] | select(.port == 7001) | "\(.protocol) \(.uid)"'
is "$(field .unknown_listeners)" 1 "it could be a client's"
other=$(ns_run office setpriv --reuid 4712 --regid 4712 --clear-groups "$CTL" \
	eligibility --json --catalogue "$NS_DIR/clients")
is "$(jq '[.listeners[] | select(.port == 7001)] | length' <<<"$other")" 0 \
	"other users are not told whose it is"
like "$(jq -r '.unseen[]' <<<"$other")" 'ask as root' "and know that they are not"

# --- a firewall -----------------------------------------------------------------------

ns_run office nft 'add table inet fw
	add chain inet fw in { type filter hook input priority 0; policy drop; }
	add rule inet fw in ct state established,related accept'
# The agent reads the rules once a second at most.
ok "a chain that drops by default is found" wait_until 10 field_is \
	"refuses inet fw in no safe" \
	'"\(.firewall.ipv4.state) \(.firewall.ipv4.chain) \(.reachable) \(.verdict)"'
ns_run office nft 'add chain inet fw in { policy accept; }
	add rule inet fw in counter reject with icmpx type admin-prohibited'
sleep 1.2
is "$(field .firewall.ipv6.state)" refuses "so is one that ends in a reject"
ns_run office nft 'flush chain inet fw in
	add rule inet fw in tcp dport 1-65535 reject'
ok "a rule that refuses some is none" wait_until 10 field_is open .firewall.ipv4.state

if command -v iptables-nft >/dev/null; then
	ns_run office iptables-nft -P INPUT DROP
	ok "so is a policy of iptables" wait_until 10 field_is "ip filter INPUT" \
		.firewall.ipv4.chain
	ns_run office iptables-nft -P INPUT ACCEPT
	ns_run office iptables-nft -A INPUT -p tcp --dport 80 -j REJECT
	ok "its rules that refuse some are none" wait_until 10 field_is open \
		.firewall.ipv4.state
	ns_run office iptables-nft -A INPUT -j REJECT
	ok "one that refuses the rest is one, of its family" wait_until 10 field_is \
		"refuses open" '"\(.firewall.ipv4.state) \(.firewall.ipv6.state)"'
	ns_run office iptables-nft -F INPUT
else
	skip 3 "no iptables-nft here"
fi

# --- as a server sees it --------------------------------------------------------------

kinds='"\(.stun.mapping) \(.stun.filtering) \(.reachable)"'
ok "a real STUN server starts" start_stun || diag "$(tail -n 5 "$NS_DIR/stun")"
sleep 1.2
is "$(field "$kinds" --stun 198.18.0.101)" "none endpoint-independent yes" \
	"without a NAT all may call"
ns_run office nft 'flush chain inet fw in
	add chain inet fw in { policy drop; }
	add rule inet fw in ct state established,related accept'
sleep 1.2
is "$(field "$kinds" --stun 198.18.0.101:3478)" "none address-and-port-dependent no" \
	"a firewall shows, too"

# Its port in the agent's own symmetric NAT, which marks by the cgroup: the program is new
# to the agent at each call, its cgroup is not.
holds_cgroup() {
	mkdir -p "$NS_CGROUP/probe.service" &&
		ns_spawn office "$NS_DIR/holder" bash -c "echo \$\$ >$NS_CGROUP/probe.service/cgroup.procs
			exec perl $ROOT/tests/netns/listen.pl $NS_DIR/orders-2"
}
cgroup_is_known() {
	ns_run office nft list table inet relaywarden | tr '\n' ' ' |
		grep 'chain symmetric' | grep -q 'probe.service'
}
seen_in_cgroup() {
	# shellcheck disable=SC2016 # for the inner shell
	bash -c 'echo $$ >"$1/probe.service/cgroup.procs"; shift; exec "$@"' - "$NS_CGROUP" \
		nsenter --net="$(ns_path office)" -- "$CTL" eligibility --json \
		--catalogue "$NS_DIR/clients" --stun 198.18.0.101 | jq -r .stun.mapping
}
printf '%s\n' '[app p2p]' 'match.unit = probe.service' 'symmetric_nat = yes' \
	>"$AGENT_POLICY/60-test.ini"
mkfifo "$NS_DIR/orders-2"
if [ -n "$NS_CGROUP" ] && holds_cgroup && echo "udp 7002" >"$NS_DIR/orders-2" &&
	wait_until 15 cgroup_is_known; then
	is "$(seen_in_cgroup)" address-and-port-dependent "our own symmetric NAT is one"
else
	ns_run office nft list table inet relaywarden | grep -n cgroup
	skip 1 "no cgroup of its own here"
fi
stop_agent
AT=home
nat ""
is "$(field "$kinds" --stun 198.18.0.101)" \
	"endpoint-independent address-and-port-dependent no" \
	"a home's NAT keeps one port and lets nobody in"
is "$(field '.stun.mapped | sub(":.*"; "")' --stun 198.18.0.101)" 198.18.0.2 \
	"its outer address is told"
nat fully-random
like "$(text --stun 198.18.0.101)" \
	'mapping address-and-port-dependent.*\(symmetric\)' "a symmetric one is told"
like "$(field .stun.error --stun 198.18.0.102)" 'does not answer' \
	"a server that is none does not answer"
like "$(field .stun.error --stun '[198.18')" 'expected HOST' "a name that is none is said"

# --- a gateway that maps ports --------------------------------------------------------

is "$(field '.gateway.error' --ask-gateway)" "it does not answer" \
	"a gateway that maps nothing does not answer"
if command -v miniupnpd >/dev/null; then
	cat >"$NS_DIR/upnp.conf" <<-CONF
		ext_ifname=eth0
		listening_ip=eth1
		enable_natpmp=yes
		enable_upnp=no
		ext_ip=11.0.0.1
		secure_mode=yes
		lease_file=$NS_DIR/leases
	CONF
	ns_spawn router "$NS_DIR/upnp" miniupnpd -d -N -f "$NS_DIR/upnp.conf" \
		-P "$NS_DIR/upnp.pid"
	ok "a real gateway is told" wait_until 15 field_is "NAT-PMP 11.0.0.1 yes" \
		'"\(.gateway.protocol) \(.gateway.external) \(.reachable)"' --ask-gateway ||
		diag "$(field .gateway --ask-gateway)" "$(tail -n 5 "$NS_DIR/upnp")"
else
	skip 1 "no miniupnpd here; run packaging/deps.sh test"
fi
is "$(field .gateway.asked)" false "nobody is asked unless the caller says so"
done_testing

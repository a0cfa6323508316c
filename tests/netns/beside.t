#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Beside firewalld, ufw, Docker's rules, nftables.service, and marks of VPNs: whoever
# starts first, their rules work as before, and ours are in force.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

LIMIT=125000 # bytes per second, 1mbit

# What they have is configured in copies that only their mount namespace sees.
there() {
	nsenter -t "$THERE" -m -n -- "$@"
}

there_begin() {
	local dir
	ns_spawn office /dev/null unshare -m --propagation private sleep infinity
	wait_until 5 is_unshared "$NS_SPAWNED"
	THERE=$NS_SPAWNED
	there mount -t tmpfs run /run
	for dir in /etc/ufw /etc/default; do
		[ -d "$dir" ] || continue
		mkdir -p "$NS_DIR/there$dir"
		cp -a "$dir/." "$NS_DIR/there$dir/"
		there mount --bind "$NS_DIR/there$dir" "$dir"
	done
}

is_unshared() {
	[ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] &&
		[ "$(cat "/proc/$1/comm")" = sleep ]
}

# --- firewalld ------------------------------------------------------------------------

firewalld_there() {
	there env DBUS_SYSTEM_BUS_ADDRESS="unix:path=$NS_DIR/bus" "$@"
}

firewalld_is_here() {
	command -v firewalld && command -v dbus-daemon
}

firewalld_start() {
	mkdir -p "$NS_DIR/firewalld"
	cp -a /etc/firewalld/. "$NS_DIR/firewalld/"
	cat >"$NS_DIR/bus.conf" <<-EOF
		<busconfig><type>system</type><listen>unix:path=$NS_DIR/bus</listen>
		<policy context="default"><allow send_destination="*" eavesdrop="true"/>
		<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
	EOF
	ns_spawn office "$NS_DIR/bus.log" nsenter -t "$THERE" -m dbus-daemon --nofork \
		--config-file="$NS_DIR/bus.conf"
	BUS_PID=$NS_SPAWNED
	wait_until 5 test -S "$NS_DIR/bus"
	ns_spawn office "$NS_DIR/firewalld.log" nsenter -t "$THERE" -m env \
		DBUS_SYSTEM_BUS_ADDRESS="unix:path=$NS_DIR/bus" firewalld --nofork \
		--nopid --system-config "$NS_DIR/firewalld" --log-target console
	FIREWALLD_PID=$NS_SPAWNED
	wait_until 30 firewalld_there firewall-cmd --state &&
		firewalld_there firewall-cmd -q --permanent --add-port=9002/tcp &&
		firewalld_there firewall-cmd -q --reload
}

firewalld_reload() {
	firewalld_there firewall-cmd -q --complete-reload
}

firewalld_stop() {
	ns_kill "$FIREWALLD_PID"
	wait_until 10 firewalld_is_gone
	ns_kill "$BUS_PID"
	rm -f "$NS_DIR/bus"
}

firewalld_is_gone() {
	! ns_is_alive "$FIREWALLD_PID"
}

# --- ufw --------------------------------------------------------------------------------

ufw_is_here() {
	command -v ufw
}

ufw_start() {
	there ufw allow 9002/tcp && there ufw --force enable
}

ufw_reload() {
	there ufw reload
}

ufw_stop() {
	there ufw --force disable
	ns_run office nft flush ruleset
}

# --- Docker: the rules that dockerd writes, by its own tool -----------------------------

docker_is_here() {
	command -v iptables-restore
}

docker_start() {
	there iptables-restore --noflush <<-'EOF'
		*nat
		:DOCKER - [0:0]
		-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
		-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
		-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
		-A DOCKER -i docker0 -j RETURN
		COMMIT
		*filter
		:FORWARD DROP [0:0]
		:DOCKER - [0:0]
		:DOCKER-USER - [0:0]
		:DOCKER-ISOLATION-STAGE-1 - [0:0]
		-A INPUT -p tcp --dport 9001 -j REJECT
		-A FORWARD -j DOCKER-USER
		-A FORWARD -j DOCKER-ISOLATION-STAGE-1
		-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A FORWARD -o docker0 -j DOCKER
		-A DOCKER-ISOLATION-STAGE-1 -j RETURN
		-A DOCKER-USER -j RETURN
		COMMIT
	EOF
}

docker_reload() {
	there iptables -t filter -F && there iptables -t nat -F && docker_start
}

docker_stop() {
	ns_run office nft flush ruleset
}

# --- nftables.service: a file that begins with `flush ruleset` ----------------------------

nftables_is_here() {
	command -v nft
}

nftables_start() {
	there nft -f - <<-'EOF'
		flush ruleset
		table inet filter {
			chain input {
				type filter hook input priority filter; policy accept;
				tcp dport 9001 reject
			}
		}
	EOF
}

nftables_reload() {
	nftables_start
}

nftables_stop() {
	ns_run office nft flush ruleset
}

# --- what is looked at ---------------------------------------------------------------------

# Every table but ours.
their_rules() {
	local family name
	ns_run office nft list tables | while read -r _ family name; do
		[ "$family $name" = "inet relaywarden" ] ||
			ns_run office nft -s list table "$family" "$name" 2>&1
	done
}

reaches() { # PORT
	ns_run s1 timeout 3 socat -u /dev/null "TCP:198.18.0.1:$1,connect-timeout=2"
}

ours_are_in_force() {
	kernel_has_limit office "$LIMIT"
}

counts() {
	[ "$(app_get "$STREAM_PID" bytes_out)" -gt 0 ]
}

all_is_well() { # WHEN
	ok "$1: ours are in force" wait_until 10 ours_are_in_force ||
		diag "$(tail -n 3 "$AGENT_LOG")"
	not_ok "$1: what they refuse is refused" reaches 9001
	ok "$1: what they let in is let in" reaches 9002
}

# beside NAME: in both orders.
beside() {
	local name=$1 before
	if ! "${name}_is_here" >/dev/null; then
		skip 15 "no $name here; run packaging/deps.sh test"
		return
	fi
	"${name}_start" >>"$NS_DIR/theirs.log" 2>&1 || diag "$(tail "$NS_DIR/theirs.log")"
	before=$(their_rules)
	ok "$name has rules" test -n "$before"
	start_agent office
	all_is_well "$name first"
	ok "$name first: it counts" wait_until 10 counts
	is "$(their_rules)" "$before" "$name first: its rules are untouched"
	"${name}_reload" >>"$NS_DIR/theirs.log" 2>&1
	all_is_well "$name reloads"
	stop_agent
	is "$(their_rules)" "$before" "$name: we stop, its rules are as they were"
	"${name}_stop" >>"$NS_DIR/theirs.log" 2>&1

	start_agent office
	wait_until 10 ours_are_in_force
	"${name}_start" >>"$NS_DIR/theirs.log" 2>&1
	all_is_well "we first, then $name"
	"${name}_stop" >>"$NS_DIR/theirs.log" 2>&1
	ok "$name stops: ours are in force" wait_until 10 ours_are_in_force
	stop_agent
	ns_run office nft flush ruleset
}

# --- marks of others -------------------------------------------------------------------------

MARKS="51820 262144 57841 1836018789" # wg-quick, Tailscale, NordVPN, Mullvad

marks_of_others() {
	ns_run office conntrack -L -p udp 2>/dev/null | grep -oE 'dport=70[0-9]+ .*mark=[0-9]+' |
		sed -E 's/^dport=([0-9]+).*mark=([0-9]+)$/\1 \2/' | sort
}

# Each to a network that is reached by its mark alone.
mark_flows() {
	local mark port=7000
	ns_run s1 ip addr add 203.0.113.5/32 dev lo
	ns_run office nft add table inet vpn
	ns_run office nft add chain inet vpn out '{ type route hook output priority mangle; }'
	ns_run office ip route add 203.0.113.0/24 via 198.18.0.101 table 51820
	ns_run office ip route add 203.0.113.0/24 via 198.18.0.102 # nobody
	for mark in $MARKS; do
		ns_run office ip rule add fwmark "$mark" lookup 51820
		ns_run office nft add rule inet vpn out udp dport $port ct mark set "$mark"
		ns_run office nft add rule inet vpn out udp dport $port meta mark set ct mark
		ns_spawn s1 "$NS_DIR/vpn-$port" socat -u "UDP-RECV:$port" STDOUT
		ns_spawn office /dev/null bash -c "while sleep 0.2; do echo x; done |
			socat -u - UDP-SENDTO:203.0.113.5:$port"
		port=$((port + 1))
	done
}


arrives_still() {
	local port before
	for port in 7000 7001 7002 7003; do
		before=$(wc -c <"$NS_DIR/vpn-$port")
		wait_until 5 grows "$NS_DIR/vpn-$port" "$before" || return
	done
}

grows() { # FILE BYTES
	[ "$(wc -c <"$1")" -gt "$2" ]
}

begin_netns
need conntrack socat iperf3 unshare mount
lab_build 1 || bail_out "the network could not be made"
agent_paths main
printf '%s\n' '[agent]' "on_failure = ${ON_FAILURE:-open}" '[app *]' 'rate_up = 1mbit' \
	>"$AGENT_POLICY/90-test.ini"
for port in 9001 9002; do
	ns_spawn office /dev/null socat -u "TCP-LISTEN:$port,fork,reuseaddr" OPEN:/dev/null
done
ns_spawn s1 "$NS_DIR/iperf3" iperf3 -s
wait_until 5 ns_listens s1 tcp 5201
ns_spawn office "$NS_DIR/iperf3" iperf3 -c 198.18.0.101 -b 200k -t 3600
STREAM_PID=$NS_SPAWNED
there_begin
for name in nftables docker ufw firewalld; do beside "$name"; done

mark_flows
ok "flows with marks of others go where their marks send them" arrives_still
BEFORE=$(marks_of_others)
is "$(wc -l <<<"$BEFORE")" 4 "four of them" || diag "$BEFORE"
start_agent office
wait_until 10 ours_are_in_force
sleep 3
is "$(marks_of_others)" "$BEFORE" "none of them is marked by us"
ok "they still arrive" arrives_still
stop_agent
is "$(marks_of_others)" "$BEFORE" "nor touched when we stop"
done_testing

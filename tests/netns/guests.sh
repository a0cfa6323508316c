# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Containers of a test: namespaces behind a bridge of the office, with processes in a
# cgroup that is named as Docker names it. Sourced after lib.sh.

GUEST_BRIDGE=br-guests

# guest_network V4/LEN V6/LEN: the bridge in the office, which forwards from now on.
guest_network() {
	ns_bridge office $GUEST_BRIDGE || return
	ns_run office ip addr add "$1" dev $GUEST_BRIDGE || return
	ns_run office ip addr add "$2" dev $GUEST_BRIDGE nodad || return
	ns_run office sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# guest_add NAME V4 V4-GATEWAY V6 V6-GATEWAY: a namespace behind the bridge.
guest_add() {
	ns_add "$1" || return
	ns_link "$1" eth0 office "v-$1" || return
	ns_run office ip link set "v-$1" master $GUEST_BRIDGE || return
	guest_address "$@"
}

# guest_address NAME V4 V4-GATEWAY V6 V6-GATEWAY
guest_address() {
	ns_run "$1" ip link set eth0 up || return
	ns_run "$1" ip addr add "$2" dev eth0 || return
	ns_run "$1" ip addr add "$4" dev eth0 nodad || return
	ns_run "$1" ip route add default via "$3" || return
	ns_run "$1" ip -6 route add default via "$5"
}

# guest_cgroup NAME CGROUP: where processes that guest_spawn starts there are.
guest_cgroup() {
	mkdir -p "$NS_CGROUP/$2" || return
	printf '%s\n' "$NS_CGROUP/$2/cgroup.procs" >"$NS_DIR/cgroup-$1"
}

# guest_spawn NAME LOG COMMAND...: a process of the container, with a mount and a UTS
# namespace of its own.
guest_spawn() {
	local name=$1 log=$2
	shift 2
	# shellcheck disable=SC2016 # for the shell inside
	ns_spawn "$name" "$log" sh -c 'echo $$ >"$(cat "$0")" && exec unshare -m -u "$@"' \
		"$NS_DIR/cgroup-$name" "$@"
}

# guest_nat PORT GUEST-V4 NETWORK-V4: the published port and the masquerade, as Docker
# sets them up.
guest_nat() {
	ns_run office nft -f - <<-RULES
	table ip guests {
		chain published {
			type nat hook prerouting priority dstnat;
			iifname "eth0" meta l4proto { tcp, udp } th dport $1 dnat to $2
		}
		chain masqueraded {
			type nat hook postrouting priority srcnat;
			ip saddr $3 oifname "eth0" masquerade
		}
	}
	RULES
}

# guest_get KEY FIELD: one field of the application with that key.
guest_get() {
	ctl status --json 2>/dev/null | jq -r --arg key "$1" \
		"first(.applications[] | select(.key == \$key)) | .$2"
}

guest_has_role() { # KEY ROLE
	[ "$(guest_get "$1" role)" = "$2" ]
}

guest_is() { # KEY FIELD
	[ "$(guest_get "$1" "$2")" = true ]
}

# --- what arrives ------------------------------------------------------------------

is_busy() { # NAME DEVICE
	[ "$(rate_of "$1" "$2" 1)" -gt 300000 ]
}

# At 1 Mbit/s, with what TCP tries again.
is_slow() { # NAME DEVICE
	local rate
	rate=$(rate_of "$1" "$2" 3)
	[ "$rate" -lt 160000 ] && [ "$rate" -gt 20000 ]
}

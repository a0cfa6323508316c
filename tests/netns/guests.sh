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
	ns_run "$1" ip addr add "$2" dev eth0 || return
	ns_run "$1" ip addr add "$4" dev eth0 nodad || return
	ns_run "$1" ip route add default via "$3" || return
	ns_run "$1" ip -6 route add default via "$5"
}

# guest_cgroup NAME ID: where its processes are from now on.
guest_cgroup() {
	mkdir -p "$NS_CGROUP/docker-$2.scope" || return
	echo "$NS_CGROUP/docker-$2.scope/cgroup.procs" >"$NS_DIR/cgroup-$1"
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

# The published port and the masquerade, as Docker sets them up.
guest_nat() { # PORT GUEST-V4 NETWORK-V4
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

# container_get ID FIELD: one field of the application a container is.
container_get() {
	ctl status --json 2>/dev/null | jq -r --arg key "container:docker/$1" \
		"first(.applications[] | select(.key == \$key)) | .$2"
}

container_has_role() { # ID ROLE
	[ "$(container_get "$1" role)" = "$2" ]
}

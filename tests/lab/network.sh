# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The network of one subject, sourced after ns.sh:
#
#   office 198.18.0.1 --+
#                       |        +-- s1  198.18.0.101, and all of 198.19.1.0/24
#                       +-switch-+-- s2  198.18.0.102, and all of 198.19.2.0/24
#                                +-- ...
#
# Addresses are of RFC 2544: strangers to the shipped policy, and routed nowhere.
# Isolated strangers cannot reach each other, as if each sat behind a NAT of its own:
# what one has from another has crossed the office.

OFFICE=198.18.0.1
SUBJECT_UID=62000 # nobody's: what is watched runs as this user where it can

# stranger N [HOST]: an address of stranger N: its only one, or one of its 254 others.
stranger() {
	if [ $# -eq 1 ]; then
		echo "198.18.0.$((100 + $1))"
	else
		echo "198.19.$1.$2"
	fi
}

# network_build STRANGERS isolated|open
network_build() {
	local i
	ns_add office switch || return
	ns_bridge switch lan || return
	network_join office "$OFFICE" open || return
	for ((i = 1; i <= $1; i++)); do
		ns_add "s$i" || return
		network_join "s$i" "$(stranger "$i")" "$2" || return
		ns_run "s$i" ip route add local "$(stranger "$i" 0)/24" dev lo || return
	done
	[ "$2" = open ] || [ "$1" -lt 2 ] || network_is_isolated
}

# Packets as a wire would carry them: a veth pair else passes up to 64 KiB at once.
network_join() { # NAME ADDRESS isolated|open
	ns_plug "$1" "$2/15" switch lan "${3/open/}" || return
	ns_run "$1" ip link set eth0 gso_max_segs 1 || return
	ns_run "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
}

# Half of every proof of relaying: there is no other way.
network_is_isolated() {
	wait_until 5 ns_run s1 ping -q -c1 -W1 "$OFFICE" || {
		echo "the strangers do not reach the office" >&2
		return 1
	}
	! ns_run s1 ping -q -c1 -W1 "$(stranger 2)" >/dev/null 2>&1 || {
		echo "the strangers reach each other directly" >&2
		return 1
	}
}

# One link for all of the office's traffic, as a home's: RATE each way.
network_narrow() { # RATE
	local limit=(root tbf rate "$1" burst 16k latency 200ms)
	ns_run office tc qdisc replace dev eth0 "${limit[@]}" &&
		ns_run switch tc qdisc replace dev p-office "${limit[@]}"
}

# --- for subjects ------------------------------------------------------------------

# office COMMAND...: the watched program, in the background, as an ordinary user.
office() {
	ns_spawn office "$NS_DIR/subject.log" setpriv --reuid "$SUBJECT_UID" \
		--regid "$SUBJECT_UID" --clear-groups env HOME="$NS_DIR/home" "$@"
}

# office_root COMMAND...: the same for one that insists on being root.
office_root() {
	ns_spawn office "$NS_DIR/subject.log" "$@"
}

# at N COMMAND...: in the background at stranger N.
at() {
	local n=$1
	shift
	ns_spawn "s$n" "$NS_DIR/strangers.log" "$@"
}

# from N COMMAND...: in the foreground at stranger N.
from() {
	local n=$1
	shift
	ns_run "s$n" "$@"
}

# office_listens tcp|udp PORT, listens N tcp|udp PORT: within some seconds.
office_listens() {
	wait_until 15 ns_listens office "$1" "$2"
}

listens() {
	wait_until 15 ns_listens "s$1" "$2" "$3"
}

# directory NAME: a new one below the run's, for whoever runs the subject.
directory() {
	mkdir -p "$NS_DIR/$1" && chmod 755 "$NS_DIR/$1" &&
		chown "$SUBJECT_UID:$SUBJECT_UID" "$NS_DIR/$1" && echo "$NS_DIR/$1"
}

# data FILE MEGABYTES: noise that does not compress.
data() {
	head -c "${2}M" /dev/urandom >"$1" && chmod 644 "$1"
}

# received NAME INTERFACE, sent NAME INTERFACE: bytes so far.
received() {
	interface_bytes "$1" "$2" 3
}

sent() {
	interface_bytes "$1" "$2" 11
}

interface_bytes() {
	ns_run "$1" cat /proc/net/dev | tr ':' ' ' |
		awk -v name="$2" -v field="$(($3 - 1))" '$1 == name { print $field }'
}

# at_least BYTES MINIMUM WORDS: the usual proof.
at_least() {
	[ "${1:-0}" -ge "$2" ] || {
		echo "only ${1:-0} bytes: $3"
		return 1
	}
	echo "$1 bytes: $3"
}

# exchanged_at_least IN OUT: what a look-alike must have carried to prove anything.
exchanged_at_least() {
	local in out
	in=$(($(received office eth0) - DRIVE_RECEIVED))
	out=$(($(sent office eth0) - DRIVE_SENT))
	echo "$in bytes in, $out bytes out"
	[ "$in" -ge "$1" ] && [ "$out" -ge "$2" ]
}

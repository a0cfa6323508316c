# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A small network of namespaces that belongs to one run: names carry the process id, so
# runs stand side by side; everything is removed on every exit. Sourced by the tests
# (through lib.sh) and by the demo. Nothing here changes the caller's own namespace.
#
# Inside, commands run by nsenter rather than `ip netns exec`, which hides cgroups.

NS_RUN="rw$$"
NS_DIR=        # scratch directory of this run
NS_NAMES=()    # namespaces made, without the run's prefix
NS_PIDS=()     # leaders of the sessions started
NS_CGROUP=     # cgroup of this run, "" where there is none
NS_SPAWNED=    # process id of the last ns_spawn

# Call once, first. Fails with one line where this cannot work.
ns_begin() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "This needs root, to make network namespaces. Try: sudo $0" >&2
		return 1
	fi
	NS_DIR=$(mktemp -d "${TMPDIR:-/tmp}/relaywarden.XXXXXX") || return 1
	chmod 755 "$NS_DIR"
	trap ns_end EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	if ! ip netns add "$NS_RUN-probe" 2>"$NS_DIR/probe"; then
		echo "No network namespaces here: $(cat "$NS_DIR/probe")" >&2
		return 1
	fi
	ip netns del "$NS_RUN-probe"
	cgroup_enter
}

# Processes first, so that namespaces and cgroups are empty when they go.
ns_end() {
	local status=$? pid name
	trap - EXIT
	trap '' HUP INT TERM
	for pid in "${NS_PIDS[@]}"; do ns_kill "$pid" TERM; done
	for name in "${NS_NAMES[@]}"; do
		for pid in $(ip netns pids "$NS_RUN-$name" 2>/dev/null); do
			kill -KILL "$pid" 2>/dev/null
		done
	done
	for pid in "${NS_PIDS[@]}"; do ns_kill "$pid" KILL; done
	wait_until 2 ns_all_gone
	for name in "${NS_NAMES[@]}"; do ip netns del "$NS_RUN-$name" 2>/dev/null; done
	cgroup_leave
	[ -z "$NS_DIR" ] || rm -rf "$NS_DIR"
	exit "$status"
}

ns_all_gone() {
	local pid
	for pid in "${NS_PIDS[@]}"; do ! ns_is_alive "$pid" || return 1; done
}

# ns_kill PID [SIGNAL]: the whole session that ns_spawn started.
ns_kill() {
	kill -"${2:-TERM}" -- "-$1" 2>/dev/null || kill -"${2:-TERM}" "$1" 2>/dev/null
}

ns_is_alive() {
	kill -0 "$1" 2>/dev/null && [ "$(ns_state "$1")" != Z ]
}

# The letter of /proc/PID/stat; the name before it may hold anything, so cut at the
# last parenthesis.
ns_state() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
	stat=${stat##*) }
	echo "${stat%% *}"
}

ns_path() {
	echo "/run/netns/$NS_RUN-$1"
}

# ns_add NAME...
ns_add() {
	local name
	for name in "$@"; do
		ip netns add "$NS_RUN-$name" || return
		NS_NAMES+=("$name")
		ns_run "$name" ip link set lo up || return
	done
}

# ns_run NAME COMMAND...: in the foreground.
ns_run() {
	local name=$1
	shift
	nsenter --net="/run/netns/$NS_RUN-$name" -- "$@"
}

# ns_spawn NAME LOG COMMAND...: in the background, in a session of its own.
ns_spawn() {
	local name=$1 log=$2
	shift 2
	setsid nsenter --net="/run/netns/$NS_RUN-$name" -- "$@" \
		</dev/null >>"$log" 2>&1 &
	NS_SPAWNED=$!
	NS_PIDS+=("$NS_SPAWNED")
	disown "$NS_SPAWNED" # so that the shell does not comment on its end
}

# ns_link NAME IF NAME IF: a cable between two namespaces, both ends up.
ns_link() {
	ip link add "$2" netns "$NS_RUN-$1" type veth peer name "$4" \
		netns "$NS_RUN-$3" || return
	ns_run "$1" ip link set "$2" up || return
	ns_run "$3" ip link set "$4" up
}

# ns_bridge NAME BRIDGE: a switch inside a namespace.
ns_bridge() {
	ns_run "$1" ip link add "$2" type bridge || return
	ns_run "$1" ip link set "$2" up
}

# ns_plug NAME ADDRESS/LEN SWITCH BRIDGE [isolated]: a cable from eth0 of NAME to a
# switch. Isolated ports reach the others only, as if each sat behind a NAT of its own.
ns_plug() {
	local name=$1 address=$2 switch=$3 bridge=$4
	ns_link "$name" eth0 "$switch" "p-$name" || return
	ns_run "$switch" ip link set "p-$name" master "$bridge" || return
	if [ "${5:-}" = isolated ]; then
		ns_run "$switch" bridge link set dev "p-$name" isolated on || return
	fi
	case $address in
	*:*) ns_run "$name" ip addr add "$address" dev eth0 nodad ;;
	*) ns_run "$name" ip addr add "$address" dev eth0 ;;
	esac
}

# Where cgroup v2 is mounted, or nothing.
cgroup_root() {
	awk '{ for (i = 7; i < NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") {
		print $5; exit } }' /proc/self/mountinfo
}

# Moves this run into a cgroup of its own: a terminal's scope or a CI job would make
# everything started here one application. Where that is not allowed, it stays as it is.
cgroup_enter() {
	local root
	root=$(cgroup_root)
	[ -n "$root" ] || return 0
	mkdir "$root/$NS_RUN" 2>/dev/null || return 0
	NS_CGROUP=$root/$NS_RUN
	NS_CGROUP_BEFORE=$root$(sed -n 's/^0:://p' /proc/self/cgroup)
	echo $$ 2>/dev/null >"$NS_CGROUP/cgroup.procs" || cgroup_leave
}

# Removes what a test made below the run's own.
cgroup_is_leaf() {
	local group
	for group in "$NS_CGROUP"/*/; do
		[ ! -d "$group" ] || rmdir "$group" || return
	done
}

cgroup_leave() {
	[ -n "$NS_CGROUP" ] || return 0
	echo $$ 2>/dev/null >"$NS_CGROUP_BEFORE/cgroup.procs"
	wait_until 2 cgroup_is_leaf
	wait_until 2 rmdir "$NS_CGROUP" # its last processes may still be on their way out
	NS_CGROUP=
}

# patience SECONDS: that many, or PATIENCE_FACTOR times as many on a machine that is that
# much slower than others (tests/machine).
patience() {
	echo $(($1 * ${PATIENCE_FACTOR:-1}))
}

# wait_until SECONDS COMMAND...: polls five times a second; fails when patience is over.
wait_until() {
	local deadline=$((SECONDS + $(patience "$1")))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.2
	done
}

# ns_listens NAME tcp|udp PORT
ns_listens() {
	ns_run "$1" ss -Hln"${2:0:1}" "sport = :$3" | grep -q .
}

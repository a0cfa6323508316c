# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A Debian of its own that boots systemd, for as long as a test runs. Sourced after
# tests/netns/lib.sh, whose begin_netns comes first.
#
# Its network namespace is the test's `office`, so lab_build can put strangers before
# its door; it has no other network. What is missing for it is a visible skip.
#
# Seen through the kernel it shares with this machine: MemoryMax, TasksMax, IPAddressDeny
# and a negative OOMScoreAdjust are not enforced where cgroup controllers are on v1.

# shellcheck source=tests/machine/kernel.sh
. "$ROOT/tests/machine/kernel.sh"

CONTAINER_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/relaywarden-container
CONTAINER_PACKAGES=systemd,systemd-sysv,dbus,nftables,conntrack,iproute2,procps,kmod,man-db,n2n,rpm,passwd
CONTAINER_ROOT=   # of container_start
CONTAINER_PID=    # its init, as seen from here
CONTAINER_CGROUP=

# --- the root ------------------------------------------------------------------------

# What a package depends on, for the container has no network to fetch it by.
container_depends() { # DEB...
	local deb
	for deb in "$@"; do dpkg-deb -f "$deb" Depends Pre-Depends; done |
		tr ',' '\n' | sed -e 's/^[^:]*: //' -e 's/|.*//' -e 's/(.*//' -e 's/ //g' |
		grep -vx 'relaywarden.*' | sort -u | paste -sd,
}

# container_base SUITE DEB...: prints the directory of a root with what those need. It is
# kept in the cache, named after what is in it. Of two tests that want it one makes it.
container_base() {
	local lock
	mkdir -p "$CONTAINER_CACHE" && exec {lock}>"$CONTAINER_CACHE/lock" &&
		flock "$lock" && container_make_base "$@"
}

container_make_base() {
	local suite=$1 packages dir mirror
	shift
	packages=$CONTAINER_PACKAGES,$(container_depends "$@")
	dir=$CONTAINER_CACHE/$suite-$(echo "$packages" | md5sum | cut -c 1-8)
	if [ ! -d "$dir" ]; then
		mirror=$(kernel_mirror)
		[ -n "$mirror" ] || {
			echo "container.sh: apt here has no mirror of Debian; next: add one to its sources" >&2
			return 1
		}
		rm -rf "$dir.new"
		mmdebstrap --quiet --variant=minbase --include="$packages" "$suite" \
			"$dir.new" "$mirror" >&2 || return
		rm -rf "$dir.new"/var/cache/apt/archives/*.deb
		mv -T "$dir.new" "$dir" || return
	fi
	echo "$dir"
}

# container_prepare ROOT: what a fresh machine has been asked at its installation, and no
# service but its own.
container_prepare() {
	: >"$1/etc/machine-id"
	echo office >"$1/etc/hostname"
	ln -sf /dev/null "$1/etc/systemd/system/supernode.service"
	ln -sf /dev/null "$1/etc/systemd/system/edge.service"
	ln -sf /dev/null "$1/etc/systemd/system/n2n.service"
	ln -sf /dev/null "$1/etc/systemd/system/man-db.timer"
	ln -sf /dev/null "$1/etc/systemd/system/apt-daily.timer"
	ln -sf /dev/null "$1/etc/systemd/system/apt-daily-upgrade.timer"
}

# --- its life ------------------------------------------------------------------------

# systemd-nspawn finds itself alone: a cgroup tree and a /run that only it sees.
container_spawn() { # NAME
	R=$CONTAINER_ROOT N=$1 CG=$CONTAINER_CGROUP \
		setsid unshare --mount --propagation private bash -c '
			echo $$ >"$CG/cgroup.procs"
			mount -t tmpfs tmpfs /run
			umount -l -R /sys/fs/cgroup
			mount -t cgroup2 cgroup2 /sys/fs/cgroup
			exec systemd-nspawn -q -D "$R" -M "$N" --register=no --keep-unit \
				--private-network --console=read-only \
				--kill-signal=SIGRTMIN+3 --boot' \
		>"$NS_DIR/console" 2>&1 </dev/null &
	disown
}

container_find_init() {
	CONTAINER_PID=$(head -n 1 "$CONTAINER_CGROUP/payload/init.scope/cgroup.procs" \
		2>/dev/null)
	[ -n "$CONTAINER_PID" ]
}

container_is_up() {
	container_find_init &&
		container_run systemctl is-system-running | grep -qE 'running|degraded'
}

# container_start BASE: boots a copy. Its network is `office` from then on.
container_start() {
	local name=$NS_RUN-office
	CONTAINER_ROOT=$NS_DIR/root
	CONTAINER_CGROUP=$(cgroup_root)/$name
	cp -a --reflink=auto "$1" "$CONTAINER_ROOT" || return
	container_prepare "$CONTAINER_ROOT"
	mkdir "$CONTAINER_CGROUP" || return
	trap container_end EXIT
	container_spawn "$name"
	wait_until 60 container_is_up || {
		diag "$(tail -n 20 "$NS_DIR/console")"
		return 1
	}
	# nspawn's own, over the kernel's, which a service with a /proc of its own sees:
	# no machine says two different things of which boot this is.
	container_run umount /proc/sys/kernel/random/boot_id
	ip netns attach "$name" "$CONTAINER_PID" || return
	# Not in NS_NAMES: what is in there ends with the container, in its order.
}

# In all its namespaces, with nothing of ours in the environment.
container_run() {
	nsenter -t "$CONTAINER_PID" -a -- env -i LC_ALL=C.UTF-8 TERM=dumb NO_COLOR=1 \
		DEBIAN_FRONTEND=noninteractive HOME=/root \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

container_is_down() {
	[ -z "$(cat "$CONTAINER_CGROUP"/payload/init.scope/cgroup.procs 2>/dev/null)" ]
}

container_cgroup_is_gone() {
	find "$CONTAINER_CGROUP" -depth -type d -exec rmdir {} \; 2>/dev/null
	[ ! -d "$CONTAINER_CGROUP" ]
}

# By its init: one that has lost nspawn has nobody who ends it.
container_stop() {
	local pid
	[ -n "$CONTAINER_CGROUP" ] || return 0
	umount -l "/run/netns/$NS_RUN-office" 2>/dev/null
	rm -f "/run/netns/$NS_RUN-office"
	container_find_init && kill -s RTMIN+4 "$CONTAINER_PID" 2>/dev/null
	wait_until 20 container_is_down || kill -KILL "$CONTAINER_PID" 2>/dev/null
	for pid in $(find "$CONTAINER_CGROUP" -name cgroup.procs -exec cat {} +); do
		kill -KILL "$pid" 2>/dev/null
	done
	wait_until 10 container_cgroup_is_gone
	CONTAINER_CGROUP=
}

container_end() {
	local status=$?
	trap '' HUP INT TERM
	container_stop
	(exit "$status")
	ns_end
}

# begin_container SUITE DEB...: the start of a test; what it lacks is a skip.
begin_container() {
	begin_netns
	need mmdebstrap systemd-nspawn
	[ -n "$(cgroup_root)" ] || skip_all "no cgroup v2 here"
	local base
	base=$(container_base "$@") ||
		skip_all "no root of $1 could be made; is there a mirror?"
	container_start "$base" || bail_out "the container does not boot"
}

# --- the strangers before its door ---------------------------------------------------

# container_lab COUNT: as lab_build, with the container in the place of the office.
container_lab() {
	local i
	ns_add switch || return
	ns_run office ip link set lo up || return
	ns_bridge switch lan || return
	ns_plug office 198.18.0.1/16 switch lan || return
	for ((i = 1; i <= $1; i++)); do
		ns_add "s$i" || return
		ns_plug "s$i" "198.18.0.$((100 + i))/16" switch lan isolated || return
	done
}

# container_relay RATE: a supernode as a service of the container, and two edges in s1
# and s2; RATE of TCP crosses it from s1 to s2 from now on.
container_relay() {
	local i flags=()
	container_run supernode -h 2>&1 | grep -q foreground && flags=(-f)
	container_run systemd-run --quiet --unit=swarm --collect -p DynamicUser=yes \
		supernode "${flags[@]}" -l "$N2N_PORT" || return
	wait_until 10 ns_listens office udp "$N2N_PORT" || return
	for i in 1 2; do n2n_start_edge "s$i" "$i" 198.18.0.1 "$NS_DIR/edge-$i"; done
	wait_until 30 n2n_reaches s1 2 || return
	ns_spawn s2 "$NS_DIR/iperf3-server" iperf3 -s
	wait_until 5 ns_listens s2 tcp 5201 || return
	ns_spawn s1 "$NS_DIR/iperf3-client" iperf3 -c 10.9.0.2 -b "$1" -t 3600
}

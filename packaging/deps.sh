#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# deps.sh build|test|demo|lab|machine|fleet|package: installs what that needs from the
# distribution, by apt-get or dnf, only if something is missing; silent when all is there.
#
# No service is started, now or at the next boot: a package that brings one (n2n,
# coturn) would otherwise run it on this machine. On Debian and Ubuntu a policy-rc.d says
# so while apt-get runs, and is put back as it was; then the services of the packages
# that were new are disabled. Fedora's presets leave services off anyway.

APT_BUILD="gcc libc6-dev make pkg-config libmnl-dev libnftnl-dev
	libnetfilter-queue-dev libnetfilter-conntrack-dev libcap-ng-dev libseccomp-dev
	libinih-dev libsystemd-dev libjansson-dev libpcap-dev uthash-dev libsqlite3-dev
	libsodium-dev libcurl4-openssl-dev libncurses-dev libarchive-dev"
APT_DEMO="n2n iperf3 iproute2 iputils-ping nftables jq procps util-linux gawk|mawk"
APT_TEST="libcmocka-dev clang clang-format bear perl nftables conntrack iproute2
	iputils-ping iperf3 socat jq n2n coturn tinc libcap-ng-utils procps util-linux mandoc
	firewalld ufw iptables dbus-daemon sqlite3 tmux zsh fish miniupnpd-nftables
	dunst xvfb libglib2.0-bin chromium poppler-utils file"

APT_LAB="n2n coturn nebula microsocks haproxy tinc squid openvpn rtpengine-daemon
	transmission-daemon transmission-cli aria2 opentracker ffmpeg nginx-light|nginx
	syncthing restic rclone dnsmasq-base dnsperf ngircd sic apt-utils openssl curl
	tinyproxy-bin stunnel4 fastd shadowsocks-libev prosody unison redis-server
	redis-tools apache2-bin dropbear-bin chromium e2fsprogs
	iperf3 socat perl iproute2 iputils-ping nftables jq procps util-linux gawk|mawk"
# To boot another kernel; what the tests in it need is what they need here.
APT_MACHINE="qemu-system-x86 busybox-static kmod xz-utils gzip"
# What a fleet is run with; a container for Ansible, booted only on request.
APT_FLEET="nginx-light|nginx openssl prometheus prometheus-node-exporter curl jq"
# To build packages, and to install them in a container that boots.
APT_PACKAGE="debhelper dpkg-dev fakeroot systemd systemd-dev|systemd lintian rpm
	debugedit elfutils rpmlint createrepo-c mmdebstrap systemd-container n2n iperf3 iproute2 nftables jq
	util-linux procps perl diffutils cpio binutils"

DNF_BUILD="gcc glibc-devel make pkgconf-pkg-config libmnl-devel libnftnl-devel
	libnetfilter_queue-devel libnetfilter_conntrack-devel libcap-ng-devel
	libseccomp-devel inih-devel systemd-devel jansson-devel libpcap-devel
	uthash-devel sqlite-devel libsodium-devel libcurl-devel ncurses-devel libarchive-devel"
DNF_DEMO="iperf3 iproute iproute-tc iputils nftables jq procps-ng util-linux gawk"
DNF_TEST="libcmocka-devel clang compiler-rt clang-tools-extra bear
	perl-Test-Harness nftables conntrack-tools iproute iproute-tc iputils iperf3
	socat jq coturn libcap-ng-utils procps-ng util-linux mandoc libasan libubsan
	firewalld iptables-nft dbus-daemon sqlite tmux zsh fish dunst xorg-x11-server-Xvfb
	glib2 poppler-utils file util-linux-script"
DNF_LAB="coturn nebula haproxy tinc squid openvpn transmission-daemon transmission-cli
	aria2 ffmpeg-free nginx syncthing restic rclone dnsmasq dnsperf ngircd apt openssl
	curl iperf3 socat perl iproute iproute-tc iputils nftables jq procps-ng util-linux
	gawk"
# Its kernels are Debian's packages, from a mirror that apt has to know of.
DNF_MACHINE="qemu-system-x86-core busybox kmod xz gzip apt dpkg"
DNF_FLEET="nginx openssl golang-github-prometheus
	golang-github-prometheus-node-exporter curl jq"
DNF_PACKAGE="rpm-build rpmlint createrepo_c systemd-rpm-macros"
# Not in every release of Fedora; what needs them says so and skips.
DNF_OPTIONAL="n2n miniupnpd"
DNF_OPTIONAL_LAB="n2n microsocks opentracker rtpengine sic tinyproxy stunnel fastd
	shadowsocks-libev prosody unison redis dropbear chromium-headless perl-Digest-SHA
	perl-JSON-PP"

POLICY_RC=/usr/sbin/policy-rc.d

fail() {
	echo "deps.sh: $*" >&2
	exit 1
}

# --- Debian, Ubuntu ----------------------------------------------------------------

# Of "a|b" any one will do.
apt_missing() {
	local package choice
	for package in "$@"; do
		for choice in ${package//|/ }; do
			if dpkg-query -Wf '${db:Status-Status}' "$choice" 2>/dev/null |
				grep -qx installed; then
				continue 2
			fi
		done
		echo "${package%%|*}"
	done
}

apt_restore_services() {
	rm -f "$POLICY_RC"
	[ ! -e "$POLICY_RC.relaywarden" ] || mv "$POLICY_RC.relaywarden" "$POLICY_RC"
}

# A saved file that is still there is the true one: an earlier run was killed.
apt_hold_services() {
	[ ! -e "$POLICY_RC" ] || [ -e "$POLICY_RC.relaywarden" ] ||
		mv "$POLICY_RC" "$POLICY_RC.relaywarden" || return
	trap apt_restore_services EXIT
	trap 'exit 130' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >"$POLICY_RC" && chmod 755 "$POLICY_RC"
}

apt_disable_services() {
	local service
	for service in $(dpkg -L "$@" 2>/dev/null | sed -n \
		-e 's|.*/systemd/system/\([^/@]*\)\.service$|\1|p' \
		-e 's|^/etc/init.d/\([^/]*\)$|\1|p' | sort -u); do
		if [ -d /run/systemd/system ]; then
			systemctl --quiet disable "$service" 2>/dev/null
		else
			update-rc.d "$service" disable >/dev/null 2>&1
		fi
	done
	return 0
}

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >>"$LOG" 2>&1
}

# apt_install PACKAGE...: from the lists that are there; fresh ones if those do not do.
apt_install() {
	apt_hold_services || fail "cannot write $POLICY_RC"
	apt_get install -y --no-install-recommends "$@" || {
		apt_get update
		apt_get install -y --no-install-recommends "$@"
	} || return
	apt_disable_services "$@"
}

# The sanitizer and fuzzer runtimes come with clang, or in a package of their own.
apt_install_clang_runtime() {
	local found
	found=$(find /usr/lib/llvm-*/lib/clang /usr/lib/clang -name 'libclang_rt.fuzzer*' \
		-print -quit 2>/dev/null)
	[ -n "$found" ] || install_missing apt libclang-rt-dev
}

# --- Fedora ------------------------------------------------------------------------

dnf_missing() {
	local package
	for package in "$@"; do
		rpm -q --whatprovides "$package" >/dev/null 2>&1 || echo "$package"
	done
}

dnf_install() {
	dnf install -y -q --setopt=install_weak_deps=False "$@" >"$LOG" 2>&1
}

# --- both --------------------------------------------------------------------------

need_root() {
	[ "$(id -u)" -eq 0 ] ||
		fail "missing: $*. Next: sudo $0 $WHAT"
}

# install_missing MANAGER PACKAGE...
install_missing() {
	local manager=$1 missing
	shift
	mapfile -t missing < <("${manager}_missing" "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	need_root "${missing[@]}"
	echo "Installing: ${missing[*]}"
	LOG=$(mktemp) || fail "no temporary file"
	if ! "${manager}_install" "${missing[@]}"; then
		tail -n 15 "$LOG" >&2
		fail "not installed: ${missing[*]}. The whole log: $LOG"
	fi
	rm -f "$LOG"
}

install_apt() {
	local packages
	case $WHAT in
	build) packages=$APT_BUILD ;;
	demo) packages="$APT_BUILD $APT_DEMO" ;;
	test) packages="$APT_BUILD $APT_TEST" ;;
	lab) packages="$APT_BUILD $APT_LAB" ;;
	machine) packages="$APT_BUILD $APT_TEST $APT_MACHINE" ;;
	fleet) packages="$APT_BUILD $APT_TEST $APT_FLEET" ;;
	package) packages="$APT_BUILD $APT_PACKAGE" ;;
	esac
	# shellcheck disable=SC2086 # words are meant
	install_missing apt $packages
	[ "$WHAT" != test ] || apt_install_clang_runtime
}

install_dnf() {
	local packages package optional=$DNF_OPTIONAL
	case $WHAT in
	build) packages=$DNF_BUILD ;;
	demo) packages="$DNF_BUILD $DNF_DEMO" ;;
	test) packages="$DNF_BUILD $DNF_TEST" ;;
	lab)
		packages="$DNF_BUILD $DNF_LAB"
		optional=$DNF_OPTIONAL_LAB
		;;
	machine) packages="$DNF_BUILD $DNF_TEST $DNF_MACHINE" ;;
	fleet) packages="$DNF_BUILD $DNF_TEST $DNF_FLEET" ;;
	package) packages="$DNF_BUILD $DNF_PACKAGE" ;;
	esac
	# shellcheck disable=SC2086 # words are meant
	install_missing dnf $packages
	[ "$WHAT" != build ] || return 0
	for package in $optional; do
		(install_missing dnf "$package") 2>/dev/null ||
			echo "deps.sh: no $package in this release; build it from" \
				"its sources to run what needs it" >&2
	done
}

WHAT=${1:-}
case $WHAT in
build | test | demo | lab | machine | fleet | package) ;;
*) fail "usage: deps.sh build|test|demo|lab|machine|fleet|package" ;;
esac
if command -v apt-get >/dev/null; then
	install_apt
elif command -v dnf >/dev/null; then
	install_dnf
else
	fail "neither apt-get nor dnf here; the lists of packages are at the top of $0"
fi

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh [KERNEL [TEST...]]: runs tests/netns/TEST.t on another kernel, emulated. See
# README.md here. What is missing is a skip, with the reason and the next step.

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/machine/kernel.sh
. "$ROOT/tests/machine/kernel.sh"
# shellcheck source=tests/machine/boot.sh
. "$ROOT/tests/machine/boot.sh"

# What the kernel has a say in. The others are about detection, which is the same
# everywhere, or about what a terminal shows.
DEFAULT_TESTS="kernel nft conntrack attribution promotion forbid bad_luck"
# Emulation is ten to thirty times slower than the machine that emulates.
PATIENCE_FACTOR=${PATIENCE_FACTOR:-10}
TEST_SECONDS=${TEST_SECONDS:-1500}
WORK=
PATH=$PATH:/usr/sbin:/sbin # of a user who is not root

skip() {
	echo "check-machine: skipped: $*"
	exit 0
}

fail() {
	echo "check-machine: $*" >&2
	exit 1
}

clean_up() {
	trap - EXIT
	trap '' HUP INT TERM
	boot_end
	[ -z "$WORK" ] || rm -rf "$WORK"
}

need_programs() {
	local program
	for program in qemu-system-x86_64 busybox prove; do
		command -v "$program" >/dev/null ||
			skip "no '$program' here. Next: sudo packaging/deps.sh machine"
	done
	! ldd "$(command -v busybox)" >/dev/null 2>&1 ||
		skip "busybox is not static. Next: sudo packaging/deps.sh machine"
	for program in apt-get dpkg-deb; do
		command -v "$program" >/dev/null ||
			skip "no '$program' here; the kernels are Debian's packages"
	done
	[ "$(uname -m)" = x86_64 ] || skip "this is $(uname -m); kernels are of x86_64"
}

# The words that were asked for, as files from the root of the tree.
find_tests() {
	local name file
	TESTS=()
	for name in "$@"; do
		file=tests/netns/$(basename "$name" .t).t
		[ -e "$ROOT/$file" ] || file=tests/machine/${file##*/}
		[ -e "$ROOT/$file" ] || fail "no test '$name' in tests/netns"
		TESTS+=("$file")
	done
}

write_job() {
	local total=$((TEST_SECONDS * ${#TESTS[@]}))
	cat >"$WORK/results/job" <<-JOB
		TESTS="${TESTS[*]}"
		TEST_SECONDS=$TEST_SECONDS
		PATIENCE_FACTOR=$PATIENCE_FACTOR
	JOB
	MACHINE_SECONDS=$((total + 120))
}

run_machine() {
	boot_share root "${MACHINE_ROOT:-/}" readonly=on
	boot_share modules "$KERNEL_DIR/lib/modules" readonly=on
	boot_share tree "$ROOT" readonly=on
	boot_share build "$BUILD" readonly=on
	boot_share results "$WORK/results"
	boot "$WORK/initramfs" "$MACHINE_SECONDS" /mnt/tree/tests/machine/run.sh
	case $? in
	0) [ -e "$WORK/results/status" ] || fail "the machine ended without a result" ;;
	124 | 137) fail "the machine was still busy after $MACHINE_SECONDS s" ;;
	*) fail "qemu failed; its words are above" ;;
	esac
}

# A function, for the shell reads a script as it goes, and this takes long.
main() {
	local kernel=${1:-6.1}
	shift
	# shellcheck disable=SC2086 # words are meant
	[ $# -gt 0 ] || set -- $DEFAULT_TESTS
	BUILD=$(realpath -e "${BUILD:-$ROOT/build}") || fail "nothing is built; run make first"
	find_tests "$@"
	need_programs
	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/relaywarden-machine.XXXXXX") || exit 1
	mkdir "$WORK/results" "$WORK/fetch"
	kernel_get "$kernel" "$WORK/fetch" || skip "$KERNEL_PROBLEM"
	boot_initramfs "$WORK/initramfs.d" "$WORK/initramfs" ||
		fail "no initramfs could be made"
	write_job
	run_machine
	exit "$(cat "$WORK/results/status")"
}

main "$@"

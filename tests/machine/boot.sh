# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Boots a kernel under qemu's emulation (TCG; /dev/kvm is not needed) on a root that is
# only read: what the machine writes is in its memory and goes with it. Sourced by
# check.sh, after kernel.sh.

BOOT_PID=
BOOT_MEMORY=${MACHINE_MEMORY:-1536}
# What reaches the root, and the file systems it is under. In order; what each needs
# comes before it.
BOOT_MODULES="virtio_pci 9pnet_virtio 9p overlay"

# boot_initramfs DIR FILE: a busybox, the modules above, and init.
boot_initramfs() {
	local dir=$1 module
	mkdir -p "$dir"/{bin,proc,dev,lib,rw,lower,new} || return
	cp "$(command -v busybox)" "$dir/bin/busybox" || return
	install -m 755 "$ROOT/tests/machine/init" "$dir/init" || return
	for module in $BOOT_MODULES; do
		modprobe -d "$KERNEL_DIR" -S "$KERNEL_RELEASE" --show-depends "$module" ||
			return
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$dir/lib/paths"
	while read -r module; do
		case $module in
		*.xz) xz -dc "$module" >"$dir/lib/$(basename "$module" .xz)" ;;
		*) cp "$module" "$dir/lib/" ;;
		esac || return
		basename "$module" .xz >>"$dir/lib/order"
	done <"$dir/lib/paths"
	(cd "$dir" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$2"
}

# boot_share TAG DIR [OPTION]: arguments for a directory that the machine can mount.
boot_share() {
	BOOT_SHARES+=(
		-fsdev "local,id=$1,path=${2//,/,,},security_model=none,multidevs=remap${3:+,$3}"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}

# boot INITRAMFS SECONDS PROGRAM: boots with the shares named so far, runs PROGRAM there
# in the place of init, and returns when the machine is off or SECONDS are over (124).
# Whatever ends this shell ends the machine: see boot_end.
boot() {
	local status
	setpriv --pdeathsig TERM timeout -k 5 "$2" qemu-system-x86_64 -accel tcg \
		-smp 2 -m "$BOOT_MEMORY" -nodefaults -display none -serial stdio \
		-no-reboot -nic none -kernel "$KERNEL_DIR/boot/vmlinuz-$KERNEL_RELEASE" \
		-initrd "$1" -append "console=ttyS0 loglevel=2 panic=-1 mitigations=off init2=$3" \
		"${BOOT_SHARES[@]}" </dev/null &
	BOOT_PID=$!
	wait "$BOOT_PID"
	status=$?
	BOOT_PID=
	return "$status"
}

# Of a trap: timeout passes the signal on.
boot_end() {
	[ -n "$BOOT_PID" ] || return 0
	kill -TERM "$BOOT_PID" 2>/dev/null
	wait "$BOOT_PID" 2>/dev/null
	BOOT_PID=
}

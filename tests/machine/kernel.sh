# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A kernel of another Debian release, unpacked into a cache: never installed, no package
# of this machine changes. Sourced by check.sh.
#
# The mirror is the one that this machine's own apt has Debian from.

MACHINE_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/relaywarden-machine
MACHINE_KERNELS="5.10 6.1 6.12"
KERNEL_DIR=     # of kernel_get: boot/ and lib/modules/ are below it
KERNEL_RELEASE= # its name for itself, as uname -r has it
KERNEL_PROBLEM= # why there is none, and the next step

kernel_problem() {
	KERNEL_PROBLEM=$1
	return 1
}

# The release of Debian that came with a kernel.
kernel_suite() { # KERNEL
	case $1 in
	5.10) echo bullseye ;;
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	*) return 1 ;;
	esac
}

# kernel_get KERNEL DIR: from the cache, or from the mirror by way of DIR, which the
# caller empties. Sets KERNEL_DIR and KERNEL_RELEASE, or KERNEL_PROBLEM.
kernel_get() {
	local suite image
	suite=$(kernel_suite "$1") ||
		kernel_problem "no kernel $1 can be had; one of: $MACHINE_KERNELS" || return
	KERNEL_DIR=$MACHINE_CACHE/linux-$1
	if [ ! -d "$KERNEL_DIR" ]; then
		echo "# fetching kernel $1 of Debian $suite into $KERNEL_DIR"
		kernel_fetch "$suite" "$2" || return
		kernel_keep "$2/kernel" || return
	fi
	image=$(echo "$KERNEL_DIR"/boot/vmlinuz-*)
	[ -e "$image" ] ||
		kernel_problem "no kernel in $KERNEL_DIR; remove that directory" || return
	KERNEL_RELEASE=${image##*/vmlinuz-}
}

# Another run may have fetched the same meanwhile: then there is nothing to do.
kernel_keep() { # DIR
	mkdir -p "$MACHINE_CACHE" && mv -T "$1" "$KERNEL_DIR" || [ -d "$KERNEL_DIR" ] ||
		kernel_problem "$MACHINE_CACHE can't be written; set XDG_CACHE_HOME"
}

# Where apt here has Debian from; other releases are beside its own.
kernel_mirror() {
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Origin: Debian' 'Component: main' 2>/dev/null | head -n 1
}

# kernel_fetch SUITE DIR: into DIR/kernel. It touches nothing of apt's own, so any user
# can do it.
kernel_fetch() {
	local suite=$1 dir=$2 mirror options=
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	mirror=$(kernel_mirror)
	[ -n "$mirror" ] || kernel_problem \
		"apt here knows no mirror of Debian; add one to its sources" || return
	[ ! -e "$keyring" ] || options="[signed-by=$keyring]"
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/kernel" &&
		echo "deb $options $mirror $suite main" >"$dir/sources.list" || return
	if ! kernel_unpack "$dir" >"$dir/log" 2>&1; then
		sed 's/^/# /' "$dir/log"
		kernel_problem "no kernel of $suite from apt's mirror, see above; try again later"
	fi
}

kernel_unpack() { # DIR
	local package
	kernel_apt "$1" apt-get update || return
	package=$(kernel_package "$1") || return
	(cd "$1" && kernel_apt "$1" apt-get download "$package") || return
	dpkg-deb -x "$1/$package"_*.deb "$1/kernel" || return
	kernel_finish "$1/kernel"
}

# kernel_apt DIR PROGRAM COMMAND...: with all of its state in DIR.
kernel_apt() {
	local dir=$1 program=$2
	shift 2
	timeout --foreground 600 "$program" -q -o APT::Sandbox::User=root \
		-o Acquire::Languages=none \
		-o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State::Lists="$dir/lists" -o Dir::State::Status=/dev/null \
		-o Dir::Cache="$dir" -o Dir::Cache::Archives="$dir/archives" "$@"
}

# The package that the release's linux-image-amd64 stands for.
kernel_package() { # DIR
	kernel_apt "$1" apt-cache depends linux-image-amd64 |
		sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1 | grep .
}

# Newer packages have lib/ below usr/. Screens and sound nobody has here.
kernel_finish() { # DIR
	local modules
	[ ! -d "$1/usr/lib/modules" ] || mv "$1/usr/lib" "$1/lib" || return
	modules=$(echo "$1"/lib/modules/*)
	rm -rf "$modules"/kernel/{sound,drivers/{gpu,media,infiniband,scsi,usb}}
	depmod -b "$1" "${modules##*/}"
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build.sh deb|rpm: packages of the tree as it is, into $BUILD/deb or $BUILD/rpm.
#
# It builds in a copy, which is where debian/ and the source archive of rpm are made, so
# nothing appears beside the sources. The same commit gives the same bytes, wherever and
# whenever: dates are that of the commit. CHECK=1 runs the unit tests on the way.

ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in
/*) ;;
*) BUILD=$ROOT/$BUILD ;;
esac
VERSION=$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")

fail() {
	echo "build.sh: $*" >&2
	exit 1
}

need() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null ||
			fail "no '$program' here. Next: sudo packaging/deps.sh package"
	done
}

is_git() {
	[ -e "$ROOT/.git" ] && command -v git >/dev/null
}

git_here() {
	git -c safe.directory="$ROOT" -C "$ROOT" "$@"
}

# The commit's; of an unpacked archive the newest file's.
source_date() {
	if is_git; then
		git_here log -1 --format=%ct
	else
		find "$ROOT" -name build\* -prune -o -type f -printf '%T@\n' | sort -n |
			sed -n '$s/\..*//p'
	fi
}

# What belongs to the project, with what was not committed yet; one name a NUL.
source_files() {
	if is_git; then
		git_here ls-files -z --cached --others --exclude-standard |
			(cd "$ROOT" && while IFS= read -r -d '' file; do
				[ ! -e "$file" ] || printf '%s\0' "$file"
			done)
	else
		(cd "$ROOT" && find . -path './build*' -prune -o -type f -print0)
	fi
}

# Modes are made alike: a checkout's depend on the umask.
copy_source() { # DIR
	mkdir -p "$1" && source_files |
		tar -C "$ROOT" --null --no-recursion -T - -c |
		tar -C "$1" --no-same-permissions -x || return
	chmod -R u=rwX,go=rX "$1"
}

# Of what is new the only ones that stay are those a build has made to the end.
publish() { # KIND FILE...
	local out=$BUILD/$1
	shift
	[ -e "$1" ] || fail "nothing was built"
	rm -rf "$out" && mkdir -p "$out" && mv "$@" "$out/" || return
	(cd "$out" && ls -1)
}

build_deb() {
	local tree=$WORK/relaywarden-$VERSION
	need dh dpkg-buildpackage
	copy_source "$tree" && cp -a "$tree/packaging/deb" "$tree/debian" || return
	sed -i -e "s/@VERSION@/$VERSION/" \
		-e "s/@DATE@/$(date -u -R -d "@$SOURCE_DATE_EPOCH")/" \
		"$tree/debian/changelog" || return
	[ -n "${CHECK:-}" ] ||
		export DEB_BUILD_OPTIONS=nocheck DEB_BUILD_PROFILES=nocheck
	(cd "$tree" && dpkg-buildpackage -b -us -uc --jobs=auto) || return
	publish deb "$WORK"/*.deb "$WORK"/*.changes "$WORK"/*.buildinfo
}

# A source archive that is the same each time, and the spec with its version in it.
make_rpm_source() { # TOP
	local name=relaywarden-$VERSION
	mkdir -p "$1/SOURCES" "$1/SPECS" && copy_source "$WORK/$name" &&
		tar -C "$WORK" --sort=name --owner=0 --group=0 --numeric-owner \
			--mtime="@$SOURCE_DATE_EPOCH" -c "$name" |
		gzip -n >"$1/SOURCES/$name.tar.gz" &&
		sed "s/@VERSION@/$VERSION/" "$ROOT/packaging/rpm/relaywarden.spec" \
			>"$1/SPECS/relaywarden.spec"
}

# Where rpm is not the system's package manager it knows of no installed package, and of
# no custom to keep debug symbols apart and to compress manuals.
build_rpm() {
	local top=$WORK/rpm options=()
	need rpmbuild
	command -v dnf >/dev/null ||
		options=(--nodeps --define 'with_debug_package 1'
			--define '__os_install_post bash %{_rpmconfigdir}/brp-compress /usr')
	[ -z "${CHECK:-}" ] || options+=(--define 'with_check 1')
	make_rpm_source "$top" || return
	rpmbuild -ba "${options[@]}" --define "_topdir $top" \
		--define 'use_source_date_epoch_as_buildtime 1' \
		--define 'clamp_mtime_to_source_date_epoch 1' \
		--define 'build_mtime_policy clamp_to_source_date_epoch' \
		--define '_buildhost localhost' "$top/SPECS/relaywarden.spec" || return
	publish rpm "$top"/RPMS/*/*.rpm "$top"/SRPMS/*.rpm
}

# The copy has a build directory of its own, whose name the Makefile knows.
export -n BUILD
KIND=${1:-}
case $KIND in
deb | rpm) ;;
*) fail "usage: build.sh deb|rpm" ;;
esac
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(source_date)}" LC_ALL=C.UTF-8 TZ=UTC
mkdir -p "$BUILD" && WORK=$(mktemp -d "$BUILD/package-$KIND.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
"build_$KIND" >"$BUILD/package-$KIND.log" 2>&1 || {
	tail -n 30 "$BUILD/package-$KIND.log" >&2
	fail "no $KIND was built. The whole log: $BUILD/package-$KIND.log"
}
ls -1 "$BUILD/$KIND"/*."$KIND"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What can be said of the packages without installing them: both have the same files,
# nothing is writable or set-uid, the admin's directories are empty, debug symbols are
# apart, and the linters have nothing to say. No root needed.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"

WORK=$(mktemp -d) || exit 1
trap 'rm -rf "$WORK"' EXIT
GLIBC_MAX=2.34 # of RHEL 9

# Lines "mode owner/group path", of what is not a directory.
deb_list() {
	dpkg-deb -c "$1" | awk '!/^d/ { print $1, $2, substr($6, 2) }'
}

rpm_list() {
	rpm -qp --qf '[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILENAMES}\n]' \
		"$1" 2>/dev/null | grep -v '^d'
}

# Each distribution has its own place for documentation and units, and its own compressor.
same_names() {
	awk '{ print $3 }' | sed -e 's|^/lib/|/usr/lib/|' -e 's|\.\(gz\|bz2\)$||' |
		grep -vE '^/usr/(share/(doc|licenses|lintian)|lib/\.build-id)/' | sort
}

files_differ() { # DEB RPM
	diff <(deb_list "$1" | same_names) <(rpm_list "$2" | same_names)
}

unpack_programs() { # RPM
	rpm2cpio "$1" | (cd "$WORK" && cpio -idm --quiet './usr/bin/*' './usr/sbin/*')
}

highest_glibc() {
	objdump -T "$WORK"/usr/*bin/* 2>/dev/null | grep -oE 'GLIBC_[0-9.]+' |
		sed 's/GLIBC_//' | sort -Vu | tail -n 1
}

is_at_most() { # VERSION LIMIT
	[ "$(printf '%s\n' "$1" "$2" | sort -V | tail -n 1)" = "$2" ]
}

has_symbols() {
	readelf -S "$1" | grep -q '\.debug_info\|\.symtab'
}

deb=$(echo "$BUILD"/deb/relaywarden_*.deb)
fleet_deb=$(echo "$BUILD"/deb/relaywarden-fleet_*.deb)
rpm=$(echo "$BUILD"/rpm/relaywarden-[0-9]*.x86_64.rpm)
fleet_rpm=$(echo "$BUILD"/rpm/relaywarden-fleet-[0-9]*.x86_64.rpm)
for file in "$deb" "$fleet_deb" "$rpm" "$fleet_rpm"; do
	[ -e "$file" ] || bail_out "no $file; run make deb rpm first"
done
need dpkg-deb rpm rpm2cpio cpio objdump lintian rpmlint createrepo_c

version=$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")
is "$(dpkg-deb -f "$deb" Version)" "$version" "the deb has the version of the Makefile"
is "$(rpm -qp --qf '%{VERSION}' "$rpm" 2>/dev/null)" "$version" "and so has the rpm"
is "$(files_differ "$deb" "$rpm")" "" "deb and rpm have the same files"
is "$(files_differ "$fleet_deb" "$fleet_rpm")" "" "those for fleets, too"
is "$(cat <(deb_list "$deb") <(deb_list "$fleet_deb") | awk '{ print $3 }' | sort | uniq -d)" \
	"" "no file is in both"
for list in "deb_list $deb" "deb_list $fleet_deb" "rpm_list $rpm" "rpm_list $fleet_rpm"; do
	is "$($list | grep -vE '^(-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root/root ')" "" \
		"${list##*/}: all is root's, readable, and nobody else's to write"
	not_ok "${list##*/}: nothing in /etc, which is the admin's" \
		grep ' /etc/' <($list)
done
unpack_programs "$rpm" && unpack_programs "$fleet_rpm"
ok "no symbol of a glibc after $GLIBC_MAX: $(highest_glibc)" \
	is_at_most "$(highest_glibc)" "$GLIBC_MAX"
for program in "$WORK"/usr/*bin/*; do
	not_ok "debug symbols of ${program##*/} are apart" has_symbols "$program"
done
ok "in a package of their own for Debian" ls "$BUILD"/deb/relaywarden-dbgsym_*.deb
ok "and for Fedora" ls "$BUILD"/rpm/relaywarden-debuginfo-*.rpm
like "$(rpm -qp --scripts "$rpm" 2>/dev/null)" 'clean-up' \
	"a removal takes back what a killed agent has left"
lint=$(lintian --allow-root --display-info --pedantic \
	--fail-on error,warning,info,pedantic "$BUILD"/deb/*.changes 2>&1)
is "$lint" "" "lintian has nothing to say, pedantic as it can be"
lint=$(rpmlint -c "$ROOT/packaging/rpm/rpmlint.toml" "$BUILD"/rpm/*.rpm 2>&1)
like "$lint" ' 0 errors, 0 warnings' "rpmlint has nothing to say" || diag "$lint"
cp "$BUILD"/rpm/*.rpm "$WORK/" && createrepo_c -q "$WORK" >/dev/null
like "$(zcat "$WORK"/repodata/*primary.xml.gz 2>/dev/null)" 'name>relaywarden-fleet<' \
	"a repository can be made of the rpms"
done_testing

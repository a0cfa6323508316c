#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds both packages in another directory, at another time, with another umask, and
# compares them with those in $BUILD: the same bytes.

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in
/*) ;;
*) BUILD=$ROOT/$BUILD ;;
esac
WORK=$(mktemp -d "${TMPDIR:-/tmp}/relaywarden-reproducible.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT

status=0
umask 0077
for kind in deb rpm; do
	BUILD=$WORK "$ROOT/packaging/build.sh" "$kind" >/dev/null || exit 1
	for file in "$BUILD/$kind"/*."$kind"; do
		if cmp -s "$file" "$WORK/$kind/${file##*/}"; then
			echo "same: ${file##*/}"
		else
			echo "different: ${file##*/}"
			status=1
		fi
	done
done
exit "$status"

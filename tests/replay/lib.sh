# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What tests/replay/*.t share: TAP from tests/netns/lib.sh, which makes nothing by being
# read, a scratch directory, the built agentctl.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"

[ -x "$CTL" ] || bail_out "$CTL is not there; run make first"
need jq perl
DIR=$(mktemp -d) || bail_out "no temporary directory"
trap 'rm -rf "$DIR"' EXIT

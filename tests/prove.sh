#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# prove.sh JOBS TEST...: tests that need the kernel, JOBS of them side by side. What fails
# has one more try, alone, and the log says so: a neighbour's load is no bug, and what
# fails twice is one.

jobs=$1
shift
state=$(mktemp) || exit 1
trap 'rm -f "$state"' EXIT

prove --timer -j"$jobs" --state=save --statefile="$state" "$@" && exit 0
echo "# once more, alone: what has failed"
prove --timer --state=failed --statefile="$state"

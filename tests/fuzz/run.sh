#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh SECONDS FUZZER: one fuzz target from its corpus, quiet unless it finds something.

seconds=$1 fuzzer=$2
name=${fuzzer##*/fuzz_}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/new"

"$fuzzer" -max_total_time="$seconds" -max_len=16384 -timeout=10 -verbosity=0 \
	-artifact_prefix="$scratch/" -print_final_stats=1 "$scratch/new" \
	"$(dirname "$0")/corpus/$name" >"$scratch/log" 2>&1
status=$?
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log")
if [ "$status" -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
	echo "$fuzzer: $runs inputs, nothing found"
	exit 0
fi
echo "$fuzzer: ended with $status; its input is in build-fuzz/found"
cat "$scratch/log"
mkdir -p build-fuzz/found
find "$scratch" -maxdepth 1 -type f ! -name log -exec cp {} build-fuzz/found/ \;
exit 1

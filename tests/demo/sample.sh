#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sample.sh INTERFACE: "TIME BYTES_RECEIVED BYTES_SENT" of an interface of this network
# namespace, twice a second, for ever. Starts no process of its own while it runs.

exec {never}<> <(:)
while :; do
	while read -r name received _ _ _ _ _ _ _ sent _; do
		[ "$name" != "$1:" ] || echo "$EPOCHREALTIME $received $sent"
	done </proc/net/dev
	read -rt 0.5 -u "$never"
done

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the freshly built agent on this machine in monitor mode with the shipped default
# policy. It reports and limits nothing; on Ctrl-C its table, its marks and the
# accounting it turned on go again. RELAYWARDEN_SOCKET moves its control socket.

cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
DEFAULT_CONTROL=/run/relaywarden/control.sock
CONTROL=${RELAYWARDEN_SOCKET:-$DEFAULT_CONTROL}
RUN_USER=${RUN_USER:-61730:61730}

[ "$(id -u)" -eq 0 ] || {
	echo "run: needs root to see all traffic: sudo make run" >&2
	exit 1
}
state=$(mktemp -d) || exit 1
trap 'rm -rf "$state"; rmdir "${CONTROL%/*}" 2>/dev/null' EXIT
trap : INT TERM
# The agent's own, so that it can take its socket away; another agent's stays.
[ -d "${CONTROL%/*}" ] || { mkdir "${CONTROL%/*}" && chown "$RUN_USER" "${CONTROL%/*}"; }
mkdir "$state/policy" "$state/state"
chmod 755 "$state"
printf '[agent]\nmode = monitor\n' >"$state/policy/00-monitor.ini"

ask="sudo $BUILD/agentctl"
[ "$CONTROL" = "$DEFAULT_CONTROL" ] || ask="$ask --socket $CONTROL"
echo "Watching this machine; nothing is limited. Ask it from another terminal:"
echo "    $ask status"
echo "    $ask explain APP"
echo "Ctrl-C ends it."
"$BUILD/relaywardend" --foreground --policy-dir rules/policy.d \
	--policy-dir "$state/policy" --catalogue-dir rules/clients \
	--state-dir "$state/state" --control "$CONTROL" --user "$RUN_USER"

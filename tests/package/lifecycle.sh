# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Questions to an installed agent in a container, whatever package it came in. Sourced
# after container.sh.

# Of the program in the container.
agentctl() {
	container_run agentctl "$@"
}

service() { # PROPERTY
	container_run systemctl show -P "$1" relaywarden.service
}

service_is() { # PROPERTY VALUE
	[ "$(service "$1")" = "$2" ]
}

service_words() {
	container_run journalctl -u relaywarden.service --no-pager -n "${1:-15}"
}

service_answers() {
	container_run systemctl is-active --quiet relaywarden.service || return
	container_answers
}

# Degraded (4) and "something is promoted" (5) are answers too.
container_answers() {
	local status
	agentctl status --json >/dev/null 2>&1
	status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 4 ] || [ "$status" -eq 5 ]
}

# app NAME FIELD: of the application that is the unit NAME.
app() {
	agentctl status --json 2>/dev/null | jq -r --arg name "$1" --arg field "$2" \
		'first(.applications[] | select(.name | startswith($name)))[$field] | tojson' |
		jq -r . 2>/dev/null
}

app_is() { # NAME FIELD VALUE
	[ "$(app "$1" "$2")" = "$3" ]
}

# site_policy LINE...: the admin's file; the agent notices by itself.
site_policy() {
	mkdir -p "$CONTAINER_ROOT/etc/relaywarden/policy.d"
	printf '%s\n' "$@" >"$CONTAINER_ROOT/etc/relaywarden/policy.d/50-site.ini"
}

accounting() {
	ns_run office cat /proc/sys/net/netfilter/nf_conntrack_acct
}

# What could be left behind: files but for logs and caches, accounts, and what is set in
# the kernel.
machine_state() {
	(cd "$CONTAINER_ROOT" && find . -xdev \( -path ./var/log -o -path ./var/cache \
		-o -path ./var/lib/dpkg -o -path ./var/lib/rpm -o -path ./run -o -path ./tmp \
		-o -path ./var/tmp -o -path ./root -o -path ./var/lib/systemd \) -prune \
		-o -print | grep -vE '^\./etc/((passwd|group|shadow|gshadow)-|\.pwd\.lock)$' |
		sort)
	sort "$CONTAINER_ROOT/etc/passwd" "$CONTAINER_ROOT/etc/group"
	ns_run office nft -s list ruleset
	ns_run office tc qdisc show dev eth0
	echo "accounting $(accounting)"
	container_run ls -d /run/relaywarden 2>/dev/null
}

# machine_is_as_before DESCRIPTION
machine_is_as_before() {
	machine_state >"$NS_DIR/after"
	ok "$1" diff "$NS_DIR/before" "$NS_DIR/after" ||
		diag "$(diff "$NS_DIR/before" "$NS_DIR/after")"
}

# --- gaps ----------------------------------------------------------------------------

# Every transaction that takes our table away or makes it, with its time.
watch_table() {
	ns_spawn office "$NS_DIR/monitor" perl -e '
		use Time::HiRes "time"; $| = 1;
		open my $m, "-|", "nft", "-n", "monitor", "tables" or die;
		while (<$m>) { printf "%.3f %s", time, $_ if /inet relaywarden/ }'
	WATCHER=$NS_SPAWNED
	sleep 0.5
	: >"$NS_DIR/monitor"
}

# The longest time it was away since watch_table, in seconds.
longest_gap() {
	awk '/delete table/ { gone = $1 }
		/(add|create) table/ && gone { gap = $1 - gone; if (gap > longest) longest = gap; gone = 0 }
		END { print gone ? "for good" : longest + 0 }' "$NS_DIR/monitor"
}

unwatch_table() {
	ns_kill "$WATCHER"
	longest_gap
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Debian package from its installation to its purge, on a booted Debian SUITE
# (bookworm): it runs, limits what is promoted, keeps what an admin has written, is
# upgraded, crashes, is downgraded, and leaves nothing.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
# shellcheck source=tests/package/container.sh
. "$(dirname "$0")/container.sh"
# shellcheck source=tests/package/lifecycle.sh
. "$(dirname "$0")/lifecycle.sh"

SUITE=${SUITE:-bookworm}
RELAY_RATE=250000 # bytes a second: the 2 Mbit/s of the policy below

# The same package as if it were a later one: another version, another file behind the
# name of the program that runs.
later_deb() { # DEB
	local tree=$NS_DIR/later
	rm -rf "$tree" && dpkg-deb -R "$1" "$tree" || return
	sed -i 's/^Version: .*/&+later1/' "$tree/DEBIAN/control"
	printf '\n' >>"$tree/usr/sbin/relaywardend"
	sed -i '/relaywardend$/d' "$tree/DEBIAN/md5sums"
	dpkg-deb --root-owner-group -b "$tree" "$CONTAINER_ROOT/root/later.deb" >/dev/null
}

dpkg_run() {
	container_run dpkg "$@" >"$NS_DIR/dpkg" 2>&1 || {
		diag "$(cat "$NS_DIR/dpkg")"
		return 1
	}
}

installed_version() {
	container_run dpkg-query -Wf '${Version}' relaywarden
}

limit_is_there() {
	kernel_has_limit office "$RELAY_RATE"
}

journal_has() { # FIELD=VALUE...
	[ -n "$(container_run journalctl -o cat "$@" 2>/dev/null)" ]
}

restarted() { # PID BEFORE
	local pid
	pid=$(service MainPID)
	[ "$pid" != 0 ] && [ "$pid" != "$1" ] && service_answers
}

debs=("$BUILD"/deb/relaywarden_*.deb)
[ -e "${debs[0]}" ] || bail_out "no package in $BUILD/deb; run make deb first"
begin_container "$SUITE" "${debs[0]}"
container_lab 2 || bail_out "the network could not be made"
cp "${debs[0]}" "$CONTAINER_ROOT/root/now.deb"
later_deb "${debs[0]}" || bail_out "no later version could be made"
machine_state >"$NS_DIR/before"

# --- install ---------------------------------------------------------------------------

ok "it is installed" dpkg_run -i /root/now.deb || bail_out "it can't be installed"
ok "and runs and answers" wait_until 20 service_answers || {
	diag "$(service_words)"
	bail_out "it does not run"
}
is "$(service UnitFileState)" enabled "it will run after the next boot"
is "$(container_run stat -c %U "/proc/$(service MainPID)")" relaywarden "not as root"
is "$(accounting)" 1 "the kernel counts bytes of flows"
not_ok "nothing is shipped into the admin's policy" \
	ls "$CONTAINER_ROOT"/etc/relaywarden/policy.d/*
agentctl doctor >"$NS_DIR/doctor" 2>&1
diag "$(grep -i degraded "$NS_DIR/doctor")"

# --- work ------------------------------------------------------------------------------

site_policy '[app swarm]' 'match.unit = swarm.service' 'quota = 100GB/month' \
	'quota_action = warn' 'promotion = shape' 'relay_rate_up = 2mbit' 'relay_rate_down = 2mbit'
ok "a supernode runs in it, and strangers use it" container_relay 20M
ok "it is found" wait_until 60 app_is swarm role relay || diag "$(agentctl status)"
ok "and held to its rate" wait_until 10 limit_is_there ||
	diag "$(ns_run office nft list table inet relaywarden | grep limit)"
ok "the journal has it as an event" wait_until 10 journal_has \
	RELAYWARDEN_EVENT=promoted MESSAGE_ID=22c6c166197340dfb539afe286a41305
like "$(container_run journalctl -x RELAYWARDEN_EVENT=promoted 2>&1)" \
	'has promoted it: strangers use it' "and its catalogue explains it" ||
	diag "$(container_run journalctl -o json RELAYWARDEN_EVENT=promoted)"

# --- upgrade ---------------------------------------------------------------------------

before=$(service MainPID)
used=$(app swarm quota | jq .used)
watch_table
ok "a later version is installed over it" dpkg_run -i /root/later.deb
ok "which runs at once" wait_until 20 restarted "$before"
like "$(installed_version)" 'later1$' "it is the later one"
ok "the promoted application is limited again" wait_until 30 limit_is_there
diag "over the upgrade the rules were away for $(unwatch_table) s"
ok "its quota goes on where it was" test "$(app swarm quota | jq .used)" -ge "$used"
ok "the admin's policy is as it was" grep -q 2mbit \
	"$CONTAINER_ROOT/etc/relaywarden/policy.d/50-site.ini"

# --- crash -----------------------------------------------------------------------------

before=$(service MainPID)
container_run kill -KILL "$(container_run systemctl show -P MainPID relaywarden)"
ok "after a crash it runs again" wait_until 20 restarted "$before"
ok "and limits again" wait_until 30 limit_is_there

# --- downgrade -------------------------------------------------------------------------

before=$(service MainPID)
ok "the earlier version is installed over it" dpkg_run -i /root/now.deb
ok "which runs at once, too" wait_until 20 restarted "$before"
not_ok "it is the earlier one" grep -q later <(installed_version)

# --- remove and purge ------------------------------------------------------------------

ok "it is removed" dpkg_run -r relaywarden
ok "its rules are gone" kernel_has_no_table office
is "$(accounting)" 0 "the kernel counts no bytes any more"
ok "what the admin wrote is still there" \
	test -s "$CONTAINER_ROOT/etc/relaywarden/policy.d/50-site.ini"
ok "it is installed again" dpkg_run -i /root/now.deb
ok "and goes on with the admin's policy" wait_until 60 app_is swarm role relay
container_run systemctl kill -s KILL relaywarden # a crash is no excuse
ok "it is purged" dpkg_run -P relaywarden
container_run systemctl stop swarm.service
machine_is_as_before "nothing is left of it: no file, no account, no rule, no setting"
done_testing

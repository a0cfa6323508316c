#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The scriptlets of the rpm for real: installed, upgraded and erased by rpm on a booted
# system, which here is a Debian with rpm in it. What depends on Fedora is in README.md.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
# shellcheck source=tests/package/container.sh
. "$(dirname "$0")/container.sh"
# shellcheck source=tests/package/lifecycle.sh
. "$(dirname "$0")/lifecycle.sh"

rpm_run() {
	container_run rpm --nodeps --dbpath /var/lib/rpm "$@" >"$NS_DIR/rpm" 2>&1 || {
		diag "$(cat "$NS_DIR/rpm")"
		return 1
	}
}

restarted() { # PID BEFORE
	local pid
	pid=$(service MainPID)
	[ "$pid" != 0 ] && [ "$pid" != "$1" ] && service_answers
}

debs=("$BUILD"/deb/relaywarden_*.deb)
rpms=("$BUILD"/rpm/relaywarden-[0-9]*."$(uname -m)".rpm)
[ -e "${debs[0]}" ] && [ -e "${rpms[0]}" ] ||
	bail_out "no packages in $BUILD; run make deb rpm first"
begin_container bookworm "${debs[0]}"
container_run rpm --version >/dev/null 2>&1 || skip_all "no rpm in the container"
cp "${rpms[0]}" "$CONTAINER_ROOT/root/now.rpm"

ok "it is installed" rpm_run -i /root/now.rpm || bail_out "it can't be installed"
ok "with its user" container_run getent passwd relaywarden
ok "the unit is one that systemd takes" container_run systemctl cat relaywarden.service
# Fedora starts no service by itself; what its presets say, they say there.
container_run systemctl enable --quiet --now relaywarden.service
ok "enabled, it runs and answers" wait_until 20 service_answers ||
	diag "$(service_words)"
ok "its rules are in the kernel" wait_until 10 kernel_has_table office
site_policy '[app *]' 'rate_up = 8mbit'
before=$(service MainPID)
ok "installed over itself, as an upgrade is" rpm_run -U --force /root/now.rpm
ok "it was restarted" wait_until 20 restarted "$before"
ok "the admin's policy is as it was" grep -q 8mbit \
	"$CONTAINER_ROOT/etc/relaywarden/policy.d/50-site.ini"
container_run systemctl kill -s KILL relaywarden.service
ok "it is erased, just after a crash" rpm_run -e relaywarden
ok "its rules are gone" kernel_has_no_table office
is "$(accounting)" 0 "the kernel counts no bytes any more"
not_ok "nothing of it runs" container_run pgrep relaywardend
is "$(find "$CONTAINER_ROOT/etc/systemd" -name 'relaywarden*')" "" \
	"nor will anything at the next boot"
ok "what the admin wrote is still there" \
	test -s "$CONTAINER_ROOT/etc/relaywarden/policy.d/50-site.ini"
done_testing

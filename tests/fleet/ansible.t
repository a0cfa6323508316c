#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A workstation as a fleet has it: a booted Debian 12, on which real Ansible installs the
# packages and their policy, twice, the second time without a change; then systemd's units
# fetch a signed bundle from a real web server and put it in force, and write metrics.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
# shellcheck source=tests/package/container.sh
. "$(dirname "$0")/../package/container.sh"
# shellcheck source=tests/fleet/web.sh
. "$(dirname "$0")/web.sh"

SERVER=198.18.0.2
CONTAINER_PACKAGES+=,ansible-core,python3-apt
TEXTFILES=/var/lib/prometheus/node-exporter
SAID=      # what the last play said

agentctl() {
	container_run agentctl "$@"
}

# play [OPTION...]: the role on the container, from within it.
play() {
	SAID=$NS_DIR/play
	container_run ansible-playbook -i localhost, -c local -e ansible_become=false \
		-e @/root/vars.yml "$@" /root/ansible/site.yml >"$SAID" 2>&1
}

# recap WORD: of the last play: changed, failed.
recap() {
	sed -n "s/^localhost .*$1=\([0-9]*\).*/\1/p" "$SAID"
}

write_vars() { # RATE [LINE...]
	{
		printf 'relaywarden_packages: [%s]\nrelaywarden_policy:\n' "$PACKAGES"
		printf '  50-site: |\n    [app *]\n    promotion = shape\n'
		printf '    relay_rate_up = %s\n    relay_rate_down = %s\n' "$1" "$1"
		shift
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$CONTAINER_ROOT/root/vars.yml"
}

# setting FILE KEY: of the policy in force, where FILE says so.
setting() {
	agentctl policy show --json | jq -r --arg f "$1" --arg k "$2" \
		'.settings[] | select(.key == $k and (.file | endswith($f))).value'
}

setting_is() { # FILE KEY VALUE
	[ "$(setting "$1" "$2")" = "$3" ]
}

exposure_is_low() { # UNIT
	container_run systemd-analyze security --no-pager --threshold=15 "$1"
}

is_promoted() {
	[ "$(agentctl status --json | jq .summary.promoted)" -gt 0 ]
}

# As node_exporter finds them, by the link.
metrics() {
	container_run cat "$TEXTFILES/relaywarden.prom"
}

debs=("$BUILD"/deb/relaywarden_*.deb "$BUILD"/deb/relaywarden-fleet_*.deb)
[ -e "${debs[0]}" ] || bail_out "no package in $BUILD/deb; run make deb first"
begin_container bookworm "${debs[@]}"
container_lab 2 || bail_out "the network could not be made"
ns_add server && ns_plug server "$SERVER/16" switch lan || bail_out "no server"
web_start server "$SERVER" || bail_out "no web server: $(cat "$NS_DIR"/nginx.log)"
cp -r "$ROOT/packaging/fleet/ansible" "$CONTAINER_ROOT/root/ansible"
PACKAGES=
for deb in "${debs[@]}"; do
	cp "$deb" "$CONTAINER_ROOT/root/"
	PACKAGES+=${PACKAGES:+, }/root/${deb##*/}
done

# --- the role ------------------------------------------------------------------------

write_vars 3mbit
ok "the role installs the agent and its policy" play || diag "$(cat "$SAID")"
ok "... changes something" test "$(recap changed)" -gt 0
is "$(setting 50-site.ini relay_rate_up)" 3mbit "... which is in force"
ok "the role runs again" play || diag "$(cat "$SAID")"
is "$(recap changed)" 0 "... and changes nothing"
like "$(cat "$SAID")" "promoted: nothing" "... and reports"

write_vars 2mbit
ok "another policy comes into force" play || diag "$(cat "$SAID")"
is "$(setting 50-site.ini relay_rate_up)" 2mbit "... at once"
write_vars 2mbjt
not_ok "a policy that is wrong fails the play" play
like "$(cat "$SAID")" "relay_rate_up" "... which says where"
is "$(grep -c 2mbit "$CONTAINER_ROOT/etc/relaywarden/policy.d/50-site.ini")" 2 \
	"... and never comes to where the agent reads"

# --- what the fleet's units do ---------------------------------------------------------

"$BUILD/relaywarden-bundle" keygen "$NS_DIR/alice" >/dev/null
printf '[app voice]\nmatch.exe = /opt/voice/*\nrelay_rate_up = 1mbit\n' >"$NS_DIR/voice.ini"
"$BUILD/relaywarden-bundle" create --output "$WEB_ROOT/office" --channel office \
	--release one --generation 1 --expires 1d "$NS_DIR/voice.ini" &&
	"$BUILD/relaywarden-bundle" sign --key "$NS_DIR/alice.key" "$WEB_ROOT/office"
mkdir -p "$CONTAINER_ROOT$TEXTFILES"
rm -f "$CONTAINER_ROOT$TEXTFILES"/*
cp "$WEB_CA" "$CONTAINER_ROOT/etc/relaywarden-ca.pem"
write_vars 2mbit "relaywarden_channel: office" \
	"relaywarden_bundle_url: https://$SERVER/office" \
	"relaywarden_bundle_ca_file: /etc/relaywarden-ca.pem" \
	"relaywarden_keys: {alice: '$(cat "$NS_DIR/alice.pub")'}" \
	"relaywarden_metrics: true"
ok "the role sets up bundles and metrics" play || diag "$(cat "$SAID")"
ok "... and runs again" play
is "$(recap changed)" 0 "... without a change"
ok "the bundle is fetched by its unit" container_run systemctl start relaywarden-fetch ||
	diag "$(container_run journalctl -u relaywarden-fetch --no-pager -n 5)"
ok "... as soon as that is done, another puts it in force" \
	wait_until 30 setting_is 70-fleet-voice.ini relay_rate_up 1mbit ||
	diag "$(container_run journalctl -u relaywarden-bundle --no-pager -n 5)"
ok "... and the role still changes nothing" play
is "$(recap changed)" 0 "... of what is not its own"
is "$(stat -c %U "$CONTAINER_ROOT/var/lib/relaywarden-bundle/state")" root \
	"what is installed is remembered by root"
for unit in fetch bundle metrics; do
	ok "relaywarden-$unit.service is hardened" exposure_is_low "relaywarden-$unit.service"
done

container_relay 5M || bail_out "nothing is relayed"
ok "a relay is promoted" wait_until 90 is_promoted
container_run systemctl start relaywarden-metrics
like "$(metrics)" 'relaywarden_app_promoted\{app="swarm[^}]*\} 1' "... which the metrics say"
metrics >"$NS_DIR/relaywarden.prom"
ok "promtool has nothing against them" promtool check metrics <"$NS_DIR/relaywarden.prom"
ok "the role runs" play
like "$(cat "$SAID")" "promoted: swarm" "... and reports who it is"
done_testing

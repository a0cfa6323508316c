#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What systemd and on_failure make of an agent that fails: killed, stopped, or in a loop
# of crashes, with its rules open (they go with it) and closed (they stay).

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
# shellcheck source=tests/package/container.sh
. "$(dirname "$0")/container.sh"
# shellcheck source=tests/package/lifecycle.sh
. "$(dirname "$0")/lifecycle.sh"

DROP_IN=run/systemd/system/relaywarden.service.d

# override LINE...: of [Service], until the next override.
override() {
	container_run mkdir -p "/$DROP_IN"
	printf '%s\n' '[Service]' "$@" |
		container_run sh -c "cat >/$DROP_IN/test.conf"
	container_run systemctl daemon-reload
}

crash() {
	container_run systemctl kill -s KILL --kill-whom=main relaywarden.service
}

has_crashed_often() { # COUNT
	[ "$(service NRestarts)" -ge "$1" ]
}

works() {
	service_answers && kernel_has_table office
}

# on_failure_is VALUE: written, and in force.
on_failure_is() {
	site_policy '[agent]' "on_failure = $1"
	agentctl policy reload >/dev/null 2>&1
	[ "$(agentctl policy show --json | jq -r \
		'.. | objects | select(.key? == "on_failure") | .value')" = "$1" ]
}

# The rules after a crash, for as long as nobody starts it again.
crash_without_restart() {
	override 'Restart=no'
	crash
	wait_until 10 service_is ActiveState failed
}

crash_in_a_loop() {
	override 'ExecStart=' 'ExecStart=/bin/false' 'Restart=always' 'RestartSec=100ms'
	container_run systemctl reset-failed relaywarden.service
	container_run systemctl start --no-block relaywarden.service
	wait_until 20 has_crashed_often 5
}

recover() {
	override
	container_run systemctl reset-failed relaywarden.service
	container_run systemctl restart relaywarden.service
	wait_until 20 works
}

debs=("$BUILD"/deb/relaywarden_*.deb)
[ -e "${debs[0]}" ] || bail_out "no package in $BUILD/deb; run make deb first"
begin_container "${SUITE:-bookworm}" "${debs[0]}"
cp "${debs[0]}" "$CONTAINER_ROOT/root/now.deb"
container_run dpkg -i /root/now.deb >"$NS_DIR/dpkg" 2>&1 ||
	bail_out "it can't be installed: $(tail -n 1 "$NS_DIR/dpkg")"
ok "the agent works" wait_until 20 works || bail_out "it does not run"
is "$(service Type) $(service WatchdogUSec)" "notify 30s" "it is watched by systemd"
crash
ok "killed, it is started again" wait_until 20 has_crashed_often 1
ok "and works" wait_until 20 works

for mode in open closed; do
	case $mode in
	open) after=kernel_has_no_table; fate=gone ;;
	closed) after=kernel_has_table; fate=there ;;
	esac
	ok "on_failure = $mode" wait_until 20 on_failure_is "$mode" ||
		diag "$(agentctl policy show | grep on_failure)"
	ok "$mode: killed for good" crash_without_restart
	ok "$mode: the rules are $fate" wait_until 5 "$after" office
	ok "$mode: in a loop of crashes" crash_in_a_loop
	ok "$mode: they still are $fate" "$after" office
	ok "$mode: it works again as soon as it can" recover
	container_run systemctl stop relaywarden.service
	ok "$mode: an orderly stop takes them away" kernel_has_no_table office
	is "$(accounting)" 0 "$mode: and the accounting"
	ok "$mode: started, it works again" recover
done

# One that hangs is ended and started again; half a minute is long for a test.
override 'WatchdogSec=2'
container_run systemctl restart relaywarden.service
wait_until 20 works
count=$(service NRestarts)
container_run kill -STOP "$(service MainPID)"
ok "one that hangs is started again" wait_until 30 has_crashed_often $((count + 1))
ok "and works" wait_until 20 works
like "$(service_words 60)" 'watchdog' "systemd says why"
done_testing

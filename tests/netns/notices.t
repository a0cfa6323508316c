#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people are told: a real supernode is promoted, and its user sees one notice of it
# in a real notification service (dunst, under Xvfb); whoever may listen on a system bus
# hears the events. A bus that hangs holds up nobody but the bridge.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

NOTIFY=$BUILD/relaywarden-notify
BRIDGE=$BUILD/relaywarden-bus
PATIENCE=90
USER_ID=65534 # who runs the supernode
OTHER_ID=61731

write_policy() { # PROMOTION LINE: of [notices]
	{
		printf '[app *]\npromotion = %s\nrelay_rate_up = 2mbit\n' "$1"
		printf 'relay_rate_down = 2mbit\n[notices]\n%s\n' "$2"
	} | put_policy 50-test.ini
}

decision_is() {
	[ "$(app_get "$SUPERNODE_PID" decision)" = "$1" ]
}

policy_has() { # KEY VALUE
	ctl policy show --json | jq -e --arg k "$1" --arg v "$2" \
		'.settings[] | select(.section == "notices" and .key == $k and .value == $v)'
}

as_user() { # COMMAND...: on the user's desktop
	env -i PATH="$PATH" HOME="$DESKTOP" XDG_RUNTIME_DIR="$DESKTOP" DISPLAY="$DISPLAY_NAME" \
		DBUS_SESSION_BUS_ADDRESS="unix:path=$DESKTOP/bus" LC_ALL=C.UTF-8 \
		ASAN_OPTIONS="$ASAN_OPTIONS" UBSAN_OPTIONS="$UBSAN_OPTIONS" \
		setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups "$@"
}

# The user's bus, a screen that nobody looks at, and the service that shows notices.
start_desktop() {
	DESKTOP=$NS_DIR/desktop
	mkdir -m 700 "$DESKTOP" && chown "$USER_ID:$USER_ID" "$DESKTOP" || return
	printf '[urgency_normal]\ntimeout = 0\n' >"$DESKTOP/dunstrc" # stays until closed
	ns_spawn office "$NS_DIR/xvfb" Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp \
		-noreset 3>"$NS_DIR/display"
	wait_until 20 test -s "$NS_DIR/display" || return
	DISPLAY_NAME=:$(cat "$NS_DIR/display")
	ns_spawn office "$NS_DIR/session-bus" bash -c "$(declare -f as_user)
		$(declare -p DESKTOP DISPLAY_NAME USER_ID)
		as_user dbus-daemon --session --nofork --address=unix:path=$DESKTOP/bus"
	wait_until 10 test -S "$DESKTOP/bus" || return
	ns_spawn office "$NS_DIR/dunst" bash -c "$(declare -f as_user)
		$(declare -p DESKTOP DISPLAY_NAME USER_ID)
		as_user dunst -print -conf $DESKTOP/dunstrc"
	wait_until 20 as_user dunstctl count
}

start_notifier() {
	ns_spawn office "$NS_DIR/notify" bash -c "$(declare -f as_user)
		$(declare -p DESKTOP DISPLAY_NAME USER_ID NOTIFY AGENT_SOCKET)
		as_user \"\$NOTIFY\" --socket \"\$AGENT_SOCKET\""
	NOTIFIER_PID=$NS_SPAWNED
}

stop_notifier() {
	ns_kill "$NOTIFIER_PID"
	wait_until 5 notifier_is_gone
}

notifier_is_gone() {
	! ns_is_alive "$NOTIFIER_PID"
}

shown() { # how many notices are on the screen
	as_user dunstctl count displayed
}

shown_are() {
	[ "$(shown)" = "$1" ]
}

was_told() { # WORDS...: in any notice so far
	grep -qF "$*" "$NS_DIR/dunst"
}

# The system's bus, with the policy that is packaged, but for the daemon's user.
start_system_bus() {
	local policy
	policy=$(sed -n '/<policy/,$p' "$ROOT/packaging/dbus/org.relaywarden.conf" |
		sed 's/<policy user="relaywarden">/<policy user="root">/
			/<policy group="relaywarden">/,/<\/policy>/d')
	cat >"$NS_DIR/system.conf" <<-CONF
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig><type>system</type><listen>unix:path=$NS_DIR/system-bus</listen>
		<policy context="default"><allow user="*"/><deny own="*"/>
		<deny send_type="method_call"/><allow send_type="signal"/>
		<allow send_requested_reply="true" send_type="method_return"/>
		<allow send_requested_reply="true" send_type="error"/>
		<allow receive_type="method_call"/><allow receive_type="method_return"/>
		<allow receive_type="error"/><allow receive_type="signal"/>
		<allow send_destination="org.freedesktop.DBus"/></policy>
		$policy
	CONF
	ns_spawn office "$NS_DIR/system-bus.log" dbus-daemon --nofork --nopidfile \
		--config-file="$NS_DIR/system.conf"
	BUS_PID=$NS_SPAWNED
	wait_until 10 test -S "$NS_DIR/system-bus" || return
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$NS_DIR/system-bus
}

# listen_as UID LOG: writes down what that user hears.
listen_as() {
	ns_spawn office "$2" setpriv --reuid "$1" --regid "$1" --clear-groups \
		gdbus monitor --address "$DBUS_SYSTEM_BUS_ADDRESS" --dest org.relaywarden
}

bus_has_name() {
	busctl --system status org.relaywarden
}

begin_netns
need supernode edge iperf3 dbus-daemon busctl gdbus Xvfb dunst dunstctl
lab_build 2 || bail_out "the network could not be made"
agent_paths main
write_policy shape "show = yes"
start_agent office || bail_out "no agent"
start_system_bus || bail_out "no system bus: $(cat "$NS_DIR/system-bus.log")"
start_desktop || bail_out "no desktop: $(cat "$NS_DIR"/{xvfb,session-bus,dunst})"

# --- the system bus

ns_spawn office "$NS_DIR/bridge" "$BRIDGE" --socket "$AGENT_SOCKET"
BRIDGE_PID=$NS_SPAWNED
ok "the bridge has its name on the system bus" wait_until 10 bus_has_name ||
	diag "$(cat "$NS_DIR/bridge")"
like "$(busctl --system introspect org.relaywarden /org/relaywarden/Agent 2>&1)" \
	'org\.relaywarden\.Agent1.*\.Event +signal +xssssss' "the signal can be looked up"
listen_as 0 "$NS_DIR/heard-root"
listen_as "$OTHER_ID" "$NS_DIR/heard-other"
not_ok "another user cannot have the name" setpriv --reuid "$OTHER_ID" --regid "$OTHER_ID" \
	--clear-groups timeout 5 "$BRIDGE" --socket "$AGENT_SOCKET"

# --- a promotion, on the desktop

"$NOTIFY" --socket "$AGENT_SOCKET" >"$NS_DIR/as-root" 2>&1
is $? 7 "the notifier refuses to run as root"
like "$(cat "$NS_DIR/as-root")" 'never runs as root' "and says so"
start_notifier
lab_relay 8M || bail_out "the supernode does not relay"
ok "the supernode is found" wait_until "$PATIENCE" app_has_role "$SUPERNODE_PID" relay
ok "its user sees a notice" wait_until 15 was_told "supernode works for strangers" ||
	diag "$(cat "$NS_DIR"/{notify,dunst})"
ok "that says what is done about it" wait_until 15 was_told "limited to 2 Mbit/s" ||
	diag "$(cat "$NS_DIR"/{notify,dunst})"
ok "by which line" was_told "[app *] 50-test.ini:"
ok "and where to read more" was_told "agentctl explain supernode"
is "$(shown)" 1 "there is one of it"

stop_notifier
start_notifier
ok "the notifier starts anew and asks" wait_until 10 test -s "$DESKTOP/relaywarden-notify/told.json"
sleep 4 # it would have shown it by now
is "$(shown)" 1 "what was told is not told again"

# --- the same on the bus

ok "root hears of the promotion" wait_until 10 grep -q "'promoted'" "$NS_DIR/heard-root" ||
	diag "$(cat "$NS_DIR/heard-root" "$NS_DIR/bridge")"
ok "and of the limit" wait_until 10 grep -q "'limited'" "$NS_DIR/heard-root"
not_ok "another user hears nothing" grep -q "promoted\|limited" "$NS_DIR/heard-other"

kill -STOP "$BUS_PID"
for _ in 1 2 3; do
	ctl pause 10m >/dev/null
	ctl resume >/dev/null
done
ok "a bus that hangs does not hold up the agent" ctl status --json
ok "nor the bridge" ns_is_alive "$BRIDGE_PID"
kill -CONT "$BUS_PID"
ok "and when it goes on, events come" wait_until 10 grep -q "'paused'" "$NS_DIR/heard-root"
ns_kill "$BUS_PID" KILL
ok "one that ends ends the bridge, for systemd to start again" \
	wait_until 10 eval '! ns_is_alive "$BRIDGE_PID"'
ok "and not the agent" ctl status --json

# --- off, by policy

write_policy allow "show = no"
ok "policy switches notices off" wait_until 15 policy_has show no
ok "and allows the supernode to relay" wait_until 15 decision_is allow
sleep 8 # it would be on the screen by now
not_ok "which is not told" was_told "It is allowed to"
write_policy allow "quiet = none"
ok "until they are switched on again" wait_until 70 was_told "It is allowed to" ||
	diag "$(cat "$NS_DIR"/{notify,dunst})"
is "$(shown)" 1 "in place of the notice that there is"
done_testing

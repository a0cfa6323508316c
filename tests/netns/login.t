#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Never a lock-out: dropbear passes a stranger's traffic on as a jump host does, and
# policy blocks all that is promoted, trades too. The admin who is logged in through it
# stays so, and may log in anew; a relay beside it that is no login service is cut.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

OFFICE=198.18.0.1
PATIENCE=120

write_policy() { # ACTION
	printf '[app *]\npromotion = %s\n[app trade]\npromotion = %s\n' "$1" "$1" |
		put_policy 60-test.ini
}

is_cuttable_relay() { # PID
	[ "$(app_json "$1" '[.role, .may_be_cut] | join(" ")')" = "relay true" ]
}

grows() { # FILE [SECONDS]
	local before
	before=$(stat -c %s "$1")
	sleep "${2:-2}"
	[ "$(stat -c %s "$1")" -gt "$before" ]
}

stands_still() {
	! grows "$@"
}

# Where it looks for keys is root's home: of its own here, in a mount namespace.
start_dropbear() {
	mkdir -p "$NS_DIR/ssh/root/.ssh" "$NS_DIR/client" || return
	dropbearkey -t ed25519 -f "$NS_DIR/client/key" >"$NS_DIR/client/words" 2>&1 || return
	dropbearkey -t ed25519 -f "$NS_DIR/ssh/host" >/dev/null 2>&1 || return
	grep '^ssh-' "$NS_DIR/client/words" >"$NS_DIR/ssh/root/.ssh/authorized_keys"
	chown -R root:root "$NS_DIR/ssh"
	chmod -R go= "$NS_DIR/ssh/root"
	# shellcheck disable=SC2016 # for the shell that runs it
	ns_spawn office "$NS_DIR/dropbear" unshare -m bash -c \
		'mount --bind "$0/root" /root && cd / &&
		exec dropbear -F -s -r "$0/host" -P "$0/pid" -p "$1"' "$NS_DIR/ssh" "$OFFICE:22"
	DROPBEAR_PID=$NS_SPAWNED
	wait_until 10 ns_listens office tcp 22
}

# dbclient asks for no home but writes down hosts there: it has one here.
log_in() { # OUTPUT OPTION... COMMAND
	local output=$1
	shift
	# shellcheck disable=SC2016 # for the shell at the stranger
	ns_spawn s1 "$NS_DIR/client/log" env HOME="$NS_DIR/client" bash -c \
		'file=$1; shift; sleep 3600 | "$@" >"$file"' bash "$output" \
		dbclient -y -y -T -i "$NS_DIR/client/key" "$@"
}

begin_netns
need dropbear dropbearkey dbclient socat
lab_build 2 || bail_out "the network could not be made"
start_dropbear || bail_out "dropbear does not start: $(cat "$NS_DIR/dropbear")"
# Some 200 kB/s to whoever connects, that dropbear can't compress.
ns_spawn s2 "$NS_DIR/log" socat TCP-LISTEN:8080,fork,reuseaddr \
	SYSTEM:'while sleep 0.05; do head -c 10000 /dev/urandom; done'
ns_spawn office "$NS_DIR/log" setpriv --reuid 65534 --regid 65534 --clear-groups \
	socat TCP-LISTEN:9000,fork,reuseaddr TCP:198.18.0.102:8080
SOCAT_PID=$NS_SPAWNED
wait_until 5 ns_listens office tcp 9000 || bail_out "the relay does not start"
wait_until 5 ns_listens s2 tcp 8080 || bail_out "the server does not start"
agent_paths main
write_policy warn
ok "the agent starts" start_agent office || bail_out "no agent"

log_in "$NS_DIR/session" root@$OFFICE 'while sleep 0.2; do echo here; done'
log_in "$NS_DIR/jumped" -B 198.18.0.102:8080 root@$OFFICE
ns_spawn s1 "$NS_DIR/log" socat -u TCP:$OFFICE:9000 OPEN:"$NS_DIR/relayed",creat
ok "an admin is logged in" wait_until 10 grep -q here "$NS_DIR/session" ||
	diag "$(cat "$NS_DIR/client/log" "$NS_DIR/dropbear")"
ok "through the same server something is passed on" \
	wait_until 10 test -s "$NS_DIR/jumped"
ok "the server is a relay by two kinds of evidence" \
	wait_until "$PATIENCE" is_cuttable_relay "$DROPBEAR_PID" ||
	diag "$(ctl explain dropbear 2>&1)"
ok "and so is one that is no login service" \
	wait_until "$PATIENCE" is_cuttable_relay "$SOCAT_PID" ||
	diag "$(ctl explain socat 2>&1)"

for action in block forbid; do
	write_policy $action
	ok "$action: the relay is cut" wait_until 60 stands_still "$NS_DIR/relayed" 1
	is "$(app_json "$DROPBEAR_PID" '[.decision, .spares_login, (.cuts | length)] |
		tojson')" "[\"$action\",true,0]" "the login service is spared"
	like "$(ctl status dropbear 2>&1)" 'not cut: remote login' "status says why"
	like "$(ctl explain dropbear 2>&1)" 'not cut: remote login' "explain does too"
	ok "the admin is still logged in" grows "$NS_DIR/session"
	ok "what is passed on through it goes on" grows "$NS_DIR/jumped"
	log_in "$NS_DIR/again-$action" root@$OFFICE 'echo in'
	ok "he may log in anew" wait_until 10 grep -q in "$NS_DIR/again-$action"
	write_policy warn
	wait_until 15 eval '[ "$(app_json "$SOCAT_PID" .decision)" = warn ]'
	[ "$action" = forbid ] || {
		ns_spawn s1 "$NS_DIR/log" socat -u TCP:$OFFICE:9000 \
			OPEN:"$NS_DIR/relayed",creat,append
		wait_until 60 is_cuttable_relay "$SOCAT_PID"
	}
done
done_testing

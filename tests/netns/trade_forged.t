#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whoever may make a user namespace can mount a program of his own over the path of a
# reverse proxy, and run it by that path. It is exempted by nothing, and told why.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

LOAD=$BUILD/netns/helper_load
ANN=1500 # a person; nobody's number here
ORDINARY=(setpriv --reuid "$ANN" --regid "$ANN" --clear-groups)

PATIENCE=90

config() { # PORT: of a proxy on it
	cat <<-CFG
		defaults
		 mode tcp
		 timeout connect 5s
		 timeout client 60s
		 timeout server 60s
		frontend f
		 bind 198.18.0.1:$1
		 default_backend b
		backend b
		 server a 198.18.0.102:8080
	CFG
}

# exe_of PID: what /proc says it runs.
exe_of() {
	readlink "/proc/$1/exe"
}

runs_as_haproxy() { # PID
	[ "$(exe_of "$1")" = /usr/sbin/haproxy ]
}

# spawn_forged PORT COMMAND...: by her, in the office; SPAWNED is its process, which shows
# the path of the real one.
spawn_forged() {
	ns_spawn office "$NS_DIR/log-$1" "${ORDINARY[@]}" "${@:2}"
	SPAWNED=$NS_SPAWNED
	wait_until 5 runs_as_haproxy "$SPAWNED" && wait_until 5 ns_listens office tcp "$1"
}

doubt_is_there() { # PID
	[ -n "$(app_get "$1" trade_doubt)" ] && [ "$(app_get "$1" trade_doubt)" != null ]
}

begin_netns
need /usr/sbin/haproxy setpriv unshare
lab_build 2 || bail_out "the network could not be made"
HERS=$NS_DIR/hers
mkdir "$HERS" && chmod 711 "$NS_DIR"
cp /usr/sbin/haproxy "$HERS/program"
for port in 8081 8082 8083; do config "$port" >"$HERS/$port.cfg"; done
chown -R "$ANN:$ANN" "$HERS"
"${ORDINARY[@]}" unshare -Urm true 2>/dev/null ||
	skip_all "ordinary users may not make user namespaces here"

ns_spawn s2 "$NS_DIR/log" "$LOAD" serve 8080 262144 2000
wait_until 5 ns_listens s2 tcp 8080 || bail_out "the server does not start"
agent_paths main
printf '%s\n' '[app *]' 'promotion = shape' 'relay_rate_up = 1mbit' \
	'relay_rate_down = 1mbit' '[app lenient]' 'match.exe = /usr/sbin/haproxy' \
	'promotion = allow' >"$AGENT_POLICY/60-test.ini"
ok "the agent starts" start_agent office || bail_out "no agent"

ok "her program runs by the path of a reverse proxy, in namespaces of hers" \
	spawn_forged 8081 unshare -Urm sh -c "mount --bind $HERS/program /usr/sbin/haproxy &&
		exec /usr/sbin/haproxy -db -f $HERS/8081.cfg"
FORGED=$SPAWNED
ok "and without any, through those of another" \
	spawn_forged 8082 sh -c "unshare -Urm sh -c 'mount --bind $HERS/program \
		/usr/sbin/haproxy && : >$HERS/mounted && exec sleep 600' & other=\$!
		until [ -e $HERS/mounted ]; do sleep .1; done
		exec /proc/\$other/root/usr/sbin/haproxy -db -f $HERS/8082.cfg"
THROUGH=$SPAWNED
ok "and she runs the real one, which she can load code into" \
	spawn_forged 8083 /usr/sbin/haproxy -db -f "$HERS/8083.cfg"
REAL=$SPAWNED

ok "the first is seen through" wait_until 30 doubt_is_there "$FORGED"
like "$(app_get "$FORGED" trade_doubt)" 'user namespace of its own' "by its namespace"
ok "the second" wait_until 30 doubt_is_there "$THROUGH"
like "$(app_get "$THROUGH" trade_doubt)" 'an ordinary user' "because she runs it"
ok "the third" wait_until 30 doubt_is_there "$REAL"
for pid in "$FORGED" "$THROUGH" "$REAL"; do
	is "$(app_get "$pid" client_trade)" "" "none of them is a reverse proxy by trade"
done
is "$(app_get "$FORGED" rule)" "*" \
	"what the admin allows by path does not hold for what can have any path"
is "$(app_get "$REAL" rule)" lenient "for what has the path it does"

ns_spawn s1 "$NS_DIR/log" "$LOAD" fetch 198.18.0.1 8081 198.18.0.102 8080 5 120
ok "what it carries for strangers makes it a relay" \
	wait_until "$PATIENCE" app_has_role "$FORGED" relay ||
	diag "$(ctl status --json 2>&1)"
ok "which is limited" wait_until 15 kernel_has_limit office 125000
like "$(ctl explain "$(app_get "$FORGED" id)")" 'Not taken for a relay by trade' \
	"explain says why it is not exempted"
done_testing

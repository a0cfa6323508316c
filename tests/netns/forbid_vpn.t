#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# promotion = forbid on a real program that relays and serves its owner at once: a tinc
# node that passes on what two others send each other, while its owner downloads from a
# third through the same VPN. His download goes on to its last byte; theirs ends, and
# does not find a way through the connection that is left, either.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

PATIENCE=120
PORT=6550
OWN_BYTES=$((500 * 50000)) # for four minutes, if nothing hurries it
OWN_BYTES_PER_STEP=50000

write_policy() { # KEY...
	{
		printf '[link]\ntrusted = none\n[app *]\n'
		printf '%s\n' "$@"
	} | put_policy 50-test.ini
}

# tinc_node NAME ADDRESS CONNECTS_TO: its directory, with a key.
tinc_node() {
	local dir=$NS_DIR/tinc/$1
	mkdir -p "$dir/hosts" || return
	printf '%s\n' "Name = $1" "Mode = router" "AddressFamily = ipv4" \
		"Interface = tinc0" "$3" >"$dir/tinc.conf"
	printf 'Subnet = %s/32\nPort = %s\n' "$2" "$PORT" >"$dir/hosts/$1"
	case $1 in
	office) printf 'Address = 198.18.0.1\n' ;;
	d) printf 'Address = 198.18.0.103\n' ;;
	esac >>"$dir/hosts/$1"
	printf '%s\n' '#!/bin/sh' 'ip link set tinc0 up mtu 1300' \
		"ip addr add $2/24 dev tinc0" >"$dir/tinc-up"
	chmod 755 "$dir/tinc-up"
	tincd -c "$dir" -K2048 </dev/null >/dev/null 2>&1
}

tinc_start() { # NAMESPACE NAME
	ns_spawn "$1" "$NS_DIR/tinc-$2.log" tincd -D -c "$NS_DIR/tinc/$2" \
		--pidfile="$NS_DIR/tinc/$2/pid"
}

reaches() { # NAMESPACE ADDRESS
	ns_run "$1" ping -q -c1 -W1 "$2"
}

own_bytes() {
	stat -Lc %s "$NS_DIR/download"
}

begin_netns
need tincd iperf3 conntrack socat perl
AGENT_CATALOGUE=$NS_DIR/no-catalogue
mkdir "$AGENT_CATALOGUE"
lab_build 3 || bail_out "the network could not be made"
agent_paths main
write_policy 'promotion = forbid'

tinc_node office 10.7.0.254 "ConnectTo = d" || bail_out "no keys"
tinc_node a 10.7.0.1 "ConnectTo = office"
tinc_node b 10.7.0.2 "ConnectTo = office"
tinc_node d 10.7.0.3 ""
for name in office a b d; do cp "$NS_DIR/tinc/$name/hosts/$name" "$NS_DIR/"; done
for name in office a b d; do
	for of in office a b d; do cp "$NS_DIR/$of" "$NS_DIR/tinc/$name/hosts/"; done
done
ok "the agent starts in a namespace" start_agent office || bail_out "no agent"
tinc_start s3 d
wait_until 5 ns_listens s3 tcp $PORT
tinc_start office office
TINC_PID=$NS_SPAWNED
wait_until 5 ns_listens office tcp $PORT
tinc_start s1 a
tinc_start s2 b
wait_until 25 reaches s1 10.7.0.2 || bail_out "the VPN does not come up"
wait_until 25 reaches office 10.7.0.3 || bail_out "the owner's VPN does not come up"

# The owner's download, at 100 kB/s, so that it outlasts all that follows.
# shellcheck disable=SC2016 # for perl
ns_spawn s3 "$NS_DIR/server" socat tcp-listen:9000,reuseaddr \
	"exec:$ROOT/tests/netns/trickle.pl $OWN_BYTES $OWN_BYTES_PER_STEP 0.5 $NS_DIR/hurry"
wait_until 5 ns_listens s3 tcp 9000
ns_spawn office "$NS_DIR/download.log" setpriv --reuid 65533 --regid 65533 --clear-groups \
	socat -u -T 60 tcp:10.7.0.3:9000 -
OWN_PID=$NS_SPAWNED
ln -s "$NS_DIR/download.log" "$NS_DIR/download"
ns_spawn s2 "$NS_DIR/iperf3-server" iperf3 -s
wait_until 5 ns_listens s2 tcp 5201
ns_spawn s1 "$NS_DIR/iperf3-client" iperf3 -c 10.7.0.2 -b 5M --bidir -t 3600

ok "the node is found to be a relay" \
	wait_until "$PATIENCE" app_has_role "$TINC_PID" relay
ok "and cut once two kinds of evidence agree" \
	wait_until "$PATIENCE" cuts_are "$TINC_PID" "legs calls" ||
	diag "$(ctl explain "$(app_get "$TINC_PID" name)" 2>&1)"
began=$SECONDS
ok "what it relayed was much" test "$(device_bytes s2 tinc0)" -gt 1000000
before=$(device_bytes s2 tinc0)
ok "it ends" wait_until 40 is_silent s2 tinc0 || diag "still $(rate_of s2 tinc0 2) bytes/s"
diag "$((SECONDS - began)) s after the cut, one of them to be sure;" \
	"$(($(device_bytes s2 tinc0) - before)) bytes passed meanwhile"
own=$(own_bytes)
sleep 15
ok "and does not come back by another connection" is_silent s2 tinc0 ||
	diag "$(rate_of s2 tinc0 2) bytes/s again" "$(ns_run office conntrack -L 2>/dev/null)"
not_ok "the two do not even reach each other" reaches s1 10.7.0.2
ok "the owner's download went on meanwhile" test "$(own_bytes)" -gt "$((own + 500000))"
ok "and so does his VPN" reaches office 10.7.0.3
diag "$(ctl status 2>&1 | head -1)"
touch "$NS_DIR/hurry"
ok "his download comes to its end" wait_until 150 eval '! ns_is_alive $OWN_PID'
is "$(sha256sum <"$NS_DIR/download")" \
	"$("$ROOT/tests/netns/trickle.pl" $OWN_BYTES $OWN_BYTES 0 | sha256sum)" \
	"with every byte as it was sent"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Policy for a fleet, from an admin who signs it, by a real web server, to an agent that
# has it in force: fetched by a user without privileges, checked again by who installs
# it. And all that is refused, each with its reason.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"
# shellcheck source=tests/fleet/web.sh
. "$(dirname "$0")/web.sh"

FETCH_USER=61731 # nobody's, and not the agent's
SERVER=198.18.0.2

bundle() {
	"$BUILD/relaywarden-bundle" "$@"
}

write_config() { # PATH [CHANNEL]
	printf '[fleet]\nurl = https://%s/%s\nca_file = %s\nchannel = %s\n' "$SERVER" \
		"$1" "$WEB_CA" "${2:-office}" >"$NS_DIR/fleet.conf"
}

# fetch: as systemd's unit does, by a user of its own. Its words are in $NS_DIR/said.
fetch() {
	ns_run office setpriv --reuid "$FETCH_USER" --regid "$FETCH_USER" --clear-groups \
		--no-new-privs "$BUILD/relaywarden-fetch" --config "$NS_DIR/fleet.conf" \
		--keys "$NS_DIR/keys.d" --state-dir "$NS_DIR/fetch" >"$NS_DIR/said" 2>&1
}

install_bundle() { # [OPTION...]
	ns_run office "$BUILD/relaywarden-bundle" install --config "$NS_DIR/fleet.conf" \
		--keys "$NS_DIR/keys.d" --state-dir "$NS_DIR/installed" \
		--agentctl "$CTL" "$@" "$NS_DIR/fetch/bundle" >"$NS_DIR/said" 2>&1
}

# publish NAME GENERATION [OPTION...] -- FILE...: made, signed, on the server.
publish() {
	local name=$1 generation=$2
	shift 2
	bundle create --output "$WEB_ROOT/$name" --channel office --release "r$generation" \
		--generation "$generation" --expires 1d "$@" &&
		bundle sign --key "$NS_DIR/alice.key" "$WEB_ROOT/$name"
}

# refused DESCRIPTION REASON: what the server has now.
fetch_refuses() {
	fetch
	is $? 3 "$1"
	like "$(cat "$NS_DIR/said")" "$2" "... and says why"
}

setting_of_fleet() { # KEY: of [app voice], where the bundle says so
	ctl policy show --json | jq -r --arg k "$1" '.settings[] | select(.section ==
		"app voice" and .key == $k and (.file | test("70-fleet-"))).value'
}

trial_is() { # STATE
	[ "$(ctl status --json 2>/dev/null | jq -r .trial.state)" = "$1" ]
}

is_over() { # PID
	! ns_is_alive "$1"
}

# By another implementation than ours: the format is what its manual page says.
openssl_agrees() { # BUNDLE KEY.pub
	local dir=$NS_DIR/openssl size
	mkdir -p "$dir"
	size=$(sed -n '/^payload /{s/payload //p;q}' "$1")
	tail -c "$size" "$1" >"$dir/payload"
	awk '$1 == "signature" { print $3; exit }' "$1" | base64 -d >"$dir/signature"
	{
		printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00'
		awk '{ print $2 }' "$2" | base64 -d
	} | openssl pkey -pubin -inform DER -out "$dir/key.pem" &&
		openssl pkeyutl -verify -pubin -inkey "$dir/key.pem" -rawin \
			-in "$dir/payload" -sigfile "$dir/signature"
}

begin_netns
need nginx openssl setpriv unshare
for program in fetch bundle; do
	[ -x "$BUILD/relaywarden-$program" ] || bail_out "no relaywarden-$program"
done
ns_add office server
ns_link office eth0 server eth0
ns_run office ip addr add 198.18.0.1/16 dev eth0
ns_run server ip addr add "$SERVER/16" dev eth0
web_start server "$SERVER" || bail_out "no web server: $(cat "$NS_DIR"/nginx.log)"
mkdir -p "$NS_DIR/keys.d" "$NS_DIR/fetch" "$NS_DIR/installed" "$NS_DIR/policy"
chown "$FETCH_USER:$FETCH_USER" "$NS_DIR/fetch"
agent_paths office
start_agent office || bail_out "no agent"

# --- what an admin does --------------------------------------------------------------

ok "keys are made" bundle keygen "$NS_DIR/alice"
is "$(stat -c %a "$NS_DIR/alice.key")" 600 "the secret one is its owner's alone"
not_ok "... and never written over" bundle keygen "$NS_DIR/alice"
bundle keygen "$NS_DIR/mallory" >/dev/null
bundle keygen "$NS_DIR/bob" >/dev/null
cp "$NS_DIR/alice.pub" "$NS_DIR/keys.d/"

printf '[app voice]\nmatch.exe = /opt/voice/*\nrelay_rate_up = 2mbit\n' \
	>"$NS_DIR/policy/voice.ini"
printf '[app mail]\nmatch.exe = /opt/mail/*\nrate_up = 3mbit\n' \
	>"$NS_DIR/policy/mail.ini"
printf '[app voice]\nrate_up = 2mbjt\n' >"$NS_DIR/policy/wrong.ini"
ok "a bundle is made and signed" publish one 1 "$NS_DIR"/policy/{voice,mail}.ini
like "$(bundle inspect "$WEB_ROOT/one")" "70-fleet-voice.ini" "what is in it can be seen"
ok "it is verified" bundle verify --keys "$NS_DIR/keys.d" "$WEB_ROOT/one"
ok "openssl verifies it, too" openssl_agrees "$WEB_ROOT/one" "$NS_DIR/alice.pub"
not_ok "a policy that is wrong makes no bundle" \
	publish wrong 9 "$NS_DIR/policy/wrong.ini"

# --- from the server into force ------------------------------------------------------

write_config one
ok "it is fetched" fetch
is "$(stat -c %U:%a "$NS_DIR/fetch/bundle")" "$(stat -c %U "$NS_DIR/fetch"):644" \
	"by a user without privileges"
ok "it is installed" install_bundle
is "$(setting_of_fleet relay_rate_up)" 2mbit "the agent has it in force"
ok "it is fetched again" fetch
like "$(cat "$NS_DIR/said")" unchanged "... and is the same"
is "$(tail -n 1 "$WEB_LOG")" "304 /one" "... which the server told without sending it"
ok "it is installed again" install_bundle
like "$(cat "$NS_DIR/said")" "is in force" "... and was there already"

printf '[app local]\nmatch.exe = /opt/local/*\n' >"$AGENT_POLICY/80-local.ini"
publish two 2 "$NS_DIR/policy/mail.ini"
write_config two
fetch
ok "the next generation is installed" install_bundle
is "$(cd "$AGENT_POLICY" && echo 70-* 80-*)" "70-fleet-mail.ini 80-local.ini" \
	"what it has no more is taken away, what is not the fleet's stays"
like "$(bundle status --state-dir "$NS_DIR/installed")" "generation 2" \
	"what is in force can be asked for"

cp "$NS_DIR/policy/voice.ini" "$NS_DIR/policy/70-fleet-voice.ini"
not_ok "what replaces a set of files belongs to it" ctl policy apply --replace 70-fleet- \
	"$NS_DIR/policy/70-fleet-voice.ini" "$NS_DIR/policy/mail.ini"
not_ok "... and a set has a name" ctl policy apply --replace "" \
	"$NS_DIR/policy/70-fleet-voice.ini"
is "$(cd "$AGENT_POLICY" && echo 70-* 80-*)" "70-fleet-mail.ini 80-local.ini" \
	"... and all is as it was"

# --- what is refused -----------------------------------------------------------------

write_config one
fetch_refuses "an older generation is refused" "replayed: generation 1"

publish three 3 "$NS_DIR/policy/voice.ini"
sed 's/2mbit/9mbit/' "$WEB_ROOT/three" >"$WEB_ROOT/tampered"
write_config tampered
fetch_refuses "what was tampered with is refused" "tampered with"
head -c -9 "$WEB_ROOT/three" >"$WEB_ROOT/truncated"
write_config truncated
fetch_refuses "what is truncated is refused" "cut short"
head -c 300000 /dev/zero | tr '\0' '#' >"$WEB_ROOT/oversized"
write_config oversized
fetch_refuses "what is too large is refused" "oversized"
write_config chunked/oversized
fetch_refuses "... also where the server does not tell its size" "oversized"
publish expired 4 --expires 1s "$NS_DIR/policy/voice.ini"
sleep 2
write_config expired
fetch_refuses "what has expired is refused" "expired [0-9]+ s ago"
bundle create --output "$WEB_ROOT/stranger" --channel office --release x --generation 5 \
	--expires 1d "$NS_DIR/policy/voice.ini"
write_config stranger
fetch_refuses "what nobody has signed is refused" "no key that is trusted"
bundle sign --key "$NS_DIR/mallory.key" "$WEB_ROOT/stranger"
fetch_refuses "... and what a stranger has" "no key that is trusted"
write_config three lab
fetch_refuses "what is for another channel is refused" "for channel office, not lab"
publish second 2 "$NS_DIR/policy/voice.ini"
write_config second
fetch_refuses "a second content under one number is refused" "other content"

# --- the way there -------------------------------------------------------------------

write_config moved/three
ok "a redirection to HTTPS is followed" fetch
write_config plain/three
not_ok "one to HTTP is not" fetch
like "$(cat "$NS_DIR/said")" "[Pp]rotocol" "... and says why"
write_config round/x
not_ok "one that leads round in circles ends" fetch
write_config three
sed -i 's/https:/http:/' "$NS_DIR/fleet.conf"
not_ok "HTTP is not asked at all" fetch
like "$(cat "$NS_DIR/said")" "fleet.conf:2: url: expected" "... and says which line"
write_config three
sed -i '/ca_file/d' "$NS_DIR/fleet.conf"
not_ok "a server whom the system does not know is not asked" fetch
like "$(cat "$NS_DIR/said")" certificate "... and says why"
write_config missing
not_ok "what is not there is a failure" fetch
like "$(cat "$NS_DIR/said")" "the server says 404" "... and says why"

# --- who installs believes nobody ----------------------------------------------------

write_config three
generation=$(ctl policy show --json | jq .generation)
cp "$WEB_ROOT/tampered" "$NS_DIR/fetch/bundle"
install_bundle
is $? 3 "what the fetching user made up is not installed"
cp "$WEB_ROOT/one" "$NS_DIR/fetch/bundle"
install_bundle
is $? 3 "... nor what he kept from before"
ln -sf "$WEB_ROOT/three" "$NS_DIR/fetch/bundle"
not_ok "... nor what he links to" install_bundle
rm "$NS_DIR/fetch/bundle"
chmod 777 "$NS_DIR/keys.d"
cp "$WEB_ROOT/three" "$NS_DIR/fetch/bundle"
not_ok "keys that others may add to are not believed" install_bundle
like "$(cat "$NS_DIR/said")" "others than root may write it" "... and says why"
chmod 755 "$NS_DIR/keys.d"
is "$(ctl policy show --json | jq .generation)" "$generation" \
	"the policy in force is the one before"

# --- when it does not work out -------------------------------------------------------

install_bundle --agentctl /bin/false
is $? 1 "without an agent it fails"
ok "... and is installed when there is one" install_bundle
is "$(setting_of_fleet relay_rate_up)" 2mbit "... and in force"

# Signed by somebody who did not check: each computer does.
bundle create --output "$WEB_ROOT/harm" --channel office --release harm --generation 6 \
	--expires 1d "$NS_DIR/policy/voice.ini"
sed -i 's/2mbit/2mbjt/' "$WEB_ROOT/harm"
bundle sign --key "$NS_DIR/alice.key" "$WEB_ROOT/harm"
write_config harm
fetch
install_bundle
is $? 3 "a policy that is wrong is refused"
like "$(cat "$NS_DIR/said")" "70-fleet-voice.ini:3: relay_rate_up" "... by file, line and key"
is "$(setting_of_fleet relay_rate_up)" 2mbit "... and the one before stays"
is "$(grep -c 2mbit "$AGENT_POLICY/70-fleet-voice.ini")" 1 "... and so do its files"
install_bundle
like "$(cat "$NS_DIR/said")" "was tried and refused" "it is not tried again at once"

# What happens to a check while a policy is tried is the policy's fault.
printf '[probe]\ndns = none\nroute = none\ntcp = %s:80\n' "$SERVER" >"$NS_DIR/80-probe.ini"
ctl policy apply "$NS_DIR/80-probe.ini" >"$NS_DIR/said" 2>&1
publish harmful 7 "$NS_DIR/policy/mail.ini"
write_config harmful
fetch
export -f install_bundle ns_run
export NS_RUN BUILD NS_DIR CTL
ns_spawn office "$NS_DIR/log" bash -c 'install_bundle; echo "exit $?" >>"$NS_DIR/said"'
installing=$NS_SPAWNED
wait_until 20 trial_is probing
ns_run server ip link set eth0 down
ok "a policy after which a check fails" wait_until 30 is_over "$installing"
like "$(cat "$NS_DIR/said")" "no more: tcp $SERVER:80.*exit 3" "... is taken back"
is "$(setting_of_fleet relay_rate_up)" 2mbit "... and the one before is in force"
is "$(cd "$AGENT_POLICY" && echo 70-*)" 70-fleet-voice.ini "... with its files"
ns_run server ip link set eth0 up
rm "$AGENT_POLICY/80-probe.ini"
wait_until 15 trial_is kept

# --- roll-out, keys ------------------------------------------------------------------

publish none 8 --rollout 0 "$NS_DIR/policy/mail.ini"
write_config none
fetch
ok "what is rolled out to none is no failure" install_bundle
like "$(cat "$NS_DIR/said")" "waits: it is rolled out to 0 %" "... and waits"
is "$(setting_of_fleet relay_rate_up)" 2mbit "... while the one before is in force"

publish half 9 --rollout 50 "$NS_DIR/policy/mail.ini"
write_config half
fetch
taken=0
for i in 0 1 2 3 4 5 6 7 8 9; do
	printf '%032x\n' $((i + 77)) >"$NS_DIR/machine-id"
	rm -rf "$NS_DIR/other" && mkdir "$NS_DIR/other"
	unshare -m sh -c 'mount --bind "$1" /etc/machine-id && shift && exec "$@"' sh \
		"$NS_DIR/machine-id" "$BUILD/relaywarden-bundle" install --config \
		"$NS_DIR/fleet.conf" --keys "$NS_DIR/keys.d" --state-dir "$NS_DIR/other" \
		--agentctl /bin/true "$NS_DIR/fetch/bundle" >"$NS_DIR/said" 2>&1
	! grep -q "is in force" "$NS_DIR/said" || taken=$((taken + 1))
done
ok "half of ten computers are some of them, not all ($taken)" \
	test "$taken" -ge 2 -a "$taken" -le 8

publish both 10 "$NS_DIR/policy/mail.ini"
bundle sign --key "$NS_DIR/bob.key" "$WEB_ROOT/both"
rm "$NS_DIR/keys.d/alice.pub"
cp "$NS_DIR/bob.pub" "$NS_DIR/keys.d/"
write_config both
ok "a key is followed by another, which signed, too" fetch
ok "... and installs" install_bundle
bundle create --output "$WEB_ROOT/empty" --channel office --release none --generation 11 \
	--expires 1d && bundle sign --key "$NS_DIR/bob.key" "$WEB_ROOT/empty"
write_config empty
fetch
ok "a bundle of no files is installed" install_bundle
is "$(cd "$AGENT_POLICY" && echo 70-*)" "70-*" "... and takes the fleet's policy away"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every command as somebody types it, against a running agent: exit codes, what goes to
# which stream, JSON, terminals, and who may see what. Exit code 5 needs a promotion:
# promotion.t has it.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

VOICE_UID=62001 # one limit, peers over IPv4 and IPv6
VIDEO_UID=62002 # two limits
EVIL_UID=62003  # a name that would steer a terminal
IDLE_UID=62009  # runs nothing
EVIL_NAME=$'evil\e]0;pwned\a\e[2Jname'

# Of DESIGN.md, and no application without them.
APP_FIELDS='["name", "role", "probability", "since", "peers", "bytes_in", "bytes_out",
	"relayed_in", "relayed_out", "decision", "limits", "pids"]'

# call COMMAND...: keeps OUT, ERR and CODE.
call() {
	"$@" >"$NS_DIR/out" 2>"$NS_DIR/err"
	CODE=$?
	OUT=$(tr -d '\0' <"$NS_DIR/out")
	ERR=$(tr -d '\0' <"$NS_DIR/err")
}

# A copy of agentctl: the build may lie where only its owner looks.
ctl_as() { # UID ARGUMENT...
	local uid=$1
	shift
	timeout "$(patience 5)" setpriv --reuid "$uid" --regid "$uid" --clear-groups \
		"$NS_DIR/agentctl" "$@"
}

# start_program UID NAME TARGET...: a program of that name and user, which sends a line a
# fifth of a second to each target.
start_program() {
	local uid=$1 file=$NS_DIR/$2
	shift 2
	cp "$(command -v socat)" "$file"
	# shellcheck disable=SC2016 # for the inner shell
	ns_spawn office "$NS_DIR/programs" setpriv --reuid "$uid" --regid "$uid" \
		--clear-groups bash -c 'file=$1; shift
		for target; do
			while sleep 0.2; do echo x; done | "$file" -u - "$target" &
		done; wait' bash "$file" "$@"
}

write_policy() {
	put_policy 50-test.ini <<-INI
		[app voice]
		match.exe = $NS_DIR/voice
		rate_up = 1mbit
		[app video]
		match.exe = $NS_DIR/video
		rate_up = 2mbit
		rate_down = 4mbit
	INI
}

everybody_is_seen() {
	ctl status --json | jq -e '[.applications[] | select(.bytes_out > 0) | .uid] |
		contains([62001, 62002, 62003])' &&
		ctl peers voice --json | jq -e '.peers | length == 2'
}

# --- exit codes and streams --------------------------------------------------------

# says CODE REGEX DESCRIPTION ARGUMENT...: a complaint, and nothing on stdout.
says() {
	local code=$1 regex=$2 text=$3
	shift 3
	call ctl "$@"
	is "$CODE" "$code" "$text is $code"
	like "$ERR" "$regex" "$text: stderr says what to do"
	is "$OUT" "" "$text: nothing on stdout"
}

successes() {
	local command
	for command in status "status voice" "status --check" apps "explain voice" \
		"peers voice" "policy check $AGENT_POLICY" "policy show" \
		"policy reload" doctor --help --version help "help apps"; do
		# shellcheck disable=SC2086 # words are meant
		call ctl $command
		is "$CODE:$ERR" "0:" "'agentctl ${command/$NS_DIR/}' is 0 and silent on stderr"
		ok "and has something on stdout" test -n "$OUT"
	done
}

failures() {
	local broken=$NS_DIR/broken.ini
	printf '[app *]\npromotion = shape\nrelay_rate_up = 2 parsecs\n' >"$broken"
	says 1 "no application 'zzz'.*agentctl apps" "no such application" explain zzz
	says 1 "did you mean 'voice'" "a mistyped application" peers voicce
	says 2 "did you mean 'status'" "a mistyped command" stauts
	says 2 "did you mean 'policy check'" "a mistyped second word" policy chekc
	says 2 "did you mean '--json'" "a mistyped option" status --jsno
	says 2 "usage: agentctl explain APP" "a missing argument" explain
	says 2 "agentctl --help" "no command" --json
	says 2 "goes with status, eligibility" "--check elsewhere" apps --check
	says 2 "replay alone" "--evidence elsewhere" explain --evidence voice
	says 2 "did you mean '--watch'" "a mistyped option with a value" status --wacth=2
	says 2 "status alone" "--watch elsewhere" doctor --watch
	says 2 "expected seconds" "--watch with no time" status --watch=soon
	says 2 "did you mean 'peers'.*There are: name, " "a mistyped field" \
		status --fields name,pers
	says 2 "goes with status, apps, peers" "--fields without a table" doctor --fields x
	says 2 "of JSON, jq does" "--fields with --json" apps --json --fields name
	says 2 "'policy' what.*check, show" "half a command" policy
	says 3 "^$broken:3: " "a broken policy file" policy check "$broken"
	says 1 "No such file" "a policy file that is not there" policy check /nowhere
	call ctl policy check --json "$broken"
	is "$CODE" 3 "with --json it is 3 too"
	is "$(jq -c '[.state, .errors[0].file, .errors[0].line]' <<<"$OUT")" \
		"[\"invalid\",\"$broken\",3]" "and its JSON has file and line"
}

degraded() {
	local command
	printf '[link]\ncapacity = lots\n' >"$AGENT_POLICY/60-bad.ini"
	ok "a broken file in force is noticed" wait_until 15 agent_state_is degraded
	for command in status "status --json" "status --check" doctor "doctor --json"; do
		# shellcheck disable=SC2086 # words are meant
		call ctl $command
		is "$CODE:$ERR" "4:" "then 'agentctl $command' is 4"
	done
	call ctl policy reload
	is "$CODE" 3 "policy reload is 3"
	like "$ERR" '60-bad\.ini:2: ' "with file and line"
	call ctl policy show
	like "$OUT" '60-bad\.ini:2' "policy show says which file was refused"
	rm "$AGENT_POLICY/60-bad.ini"
	ok "it is well without that file" wait_until 15 agent_state_is ok
}

sockets() {
	local command
	call env RELAYWARDEN_SOCKET="$NS_DIR/none" "$CTL" --socket "$AGENT_SOCKET" status
	is "$CODE" 0 "--socket wins over RELAYWARDEN_SOCKET"
	call env -u RELAYWARDEN_SOCKET "$CTL" --socket "$AGENT_SOCKET" status
	is "$CODE" 0 "and does without it"
	export RELAYWARDEN_SOCKET=$NS_DIR/none
	for command in status apps "explain voice" "peers voice" "policy show" \
		"policy reload" doctor; do
		# shellcheck disable=SC2086 # words are meant
		call ctl $command --json
		is "$CODE:$OUT" "6:" "without an agent 'agentctl $command' is 6"
		like "$ERR" "$NS_DIR/none.*systemctl" "and says where it looked"
	done
	call ctl policy check "$AGENT_POLICY"
	is "$CODE" 0 "policy check needs none"
	export RELAYWARDEN_SOCKET=$AGENT_SOCKET
}

# --- tables ------------------------------------------------------------------------

fields() {
	call ctl apps --fields uid,name
	is "$CODE" 2 "a member that is no field is refused"
	call ctl apps --no-legend --fields name,user,key
	is "$(sort <<<"$OUT" | grep -c '^v[a-z]* *6200[12] *exe:')" 2 \
		"--fields chooses columns, --no-legend leaves out headings"
	call ctl status voice --no-legend --fields limits,name
	is "$OUT" "1 Mbit/s out  voice" "of one application, too, and nothing else"
	call env COLUMNS=60 "$CTL" status
	is "$(grep -c '.\{61\}' <<<"$OUT")" 0 "nothing is wider than a narrow terminal"
	call "$CTL" apps --help
	like "$OUT" 'apps.*\* name +APPLICATION' "--help with a command says which there are"
	call timeout -s INT 4 "$CTL" status --watch=1
	ok "--watch goes on in a pipe" test "$(grep -c '^[a-z]*: nothing promoted' \
		<<<"$OUT")" -ge 2
	not_ok "without control characters" has_controls <<<"$OUT"
	call timeout -s INT 4 "$CTL" status --json --watch=1
	ok "and as JSON, one object after the other" \
		test "$(jq -s length <<<"$OUT")" -ge 2
}

# --- JSON --------------------------------------------------------------------------

json_is() { # DESCRIPTION FILTER: of OUT
	ok "$1" jq -e "$2" <<<"$OUT" || diag "$OUT"
}

json() {
	local command
	for command in status "status voice" apps "explain voice" "peers voice" \
		"policy check $AGENT_POLICY" "policy show" "policy reload" doctor; do
		# shellcheck disable=SC2086 # words are meant
		call ctl $command --json
		json_is "'${command/$NS_DIR/} --json' is one object with its version" \
			'.schema_version | type == "number"'
		is "$ERR" "" "and nothing else"
	done
	call ctl status --json
	json_is "every application has the fields of the design" \
		"all(.applications[]; . as \$app | all(${APP_FIELDS}[]; in(\$app)))"
	json_is "bytes, times and counts are integers" 'all(.applications[] |
		.since, .peers, .bytes_in, .bytes_out, .relayed_in, .relayed_out, .pids[];
		. == floor)'
	json_is "0, 1 and 2 limits are arrays" '[.applications[] |
		select(.uid >= 62001 and .uid <= 62003)] | sort_by(.uid) |
		map(.limits | arrays | length) == [1, 2, 0]'
	json_is "so are pids and what is degraded" \
		'([.degraded] + [.applications[].pids]) | all(.[]; type == "array")'
	json_is "own and relayed bytes add up" 'all(.applications[];
		.own_in + .relayed_in == .bytes_in and
		.own_out + .relayed_out == .bytes_out)'
	json_is "one evidence is not enough to cut anything" 'all(.applications[];
		(.may_be_cut | not) or (.promoted and .evidence_families >= 2))'
	call ctl status --json video
	json_is "one application is an array too" '.applications |
		type == "array" and length == 1 and .[0].name == "video"'
	call ctl peers --json voice
	json_is "two peers are an array" '.peers | arrays | length == 2'
	call ctl peers --json video
	json_is "one peer is an array" '.peers | arrays | length == 1'
	call ctl explain --json voice
	json_is "no legs are an array" '.legs == [] and (.evidence | length > 1)'
	json_is "nor families" '.families == [] and .application.evidence_families == 0'
	json_is "evidence has its family" '.evidence | all(.family | type == "string")'
}

ipv6() {
	call ctl peers --json voice
	json_is "IPv6 is attributed to its program" '.peers[] |
		select(.address == "2001:db8:18::101") |
		.initiated == "out" and .bytes_out > 0 and (.trusted | not)'
	json_is "beside IPv4" '.peers[] | select(.address == "198.18.0.101") |
		.bytes_out > 0'
	call ctl peers voice
	like "$OUT" '2001:db8:18::101' "and shown"
}

# --- terminals ---------------------------------------------------------------------

# Anything that is not text, line ends and UTF-8.
has_controls() {
	LC_ALL=C grep -qP '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]'
}

on_terminal() { # VARIABLE=VALUE COMMAND
	printf "#!/bin/bash\nunset NO_COLOR\nTERM=xterm %s exec '%s' %s\n" \
		"$1" "$CTL" "$2" \
		>"$NS_DIR/on-terminal"
	chmod +x "$NS_DIR/on-terminal"
	# Not script(1): with its input at an end it may leave before the output is read.
	socat -u "EXEC:$NS_DIR/on-terminal,pty,setsid,ctty,stderr" STDOUT
}

no_controls() { # COMMAND...
	! "$@" 2>&1 | has_controls
}

no_controls_but_colours() {
	! "$@" 2>&1 | sed 's/\x1b\[[0-9;]*m//g' | has_controls
}

terminals() {
	local command key
	key=$(ctl status --json | jq -r '.applications[] | select(.uid == 62003) | .key')
	like "$key" '\\x1b' "a name's control characters are spelled out"
	printf '%q' "$key" >"$NS_DIR/key"
	for command in status apps "policy show" doctor "status $(cat "$NS_DIR/key")" \
		"explain $(cat "$NS_DIR/key")" "peers $(cat "$NS_DIR/key")"; do
		ok "no escape sequence in a pipe: ${command%% *}" \
			no_controls bash -c "'$CTL' $command"
		ok "nor on a terminal with NO_COLOR" \
			no_controls on_terminal NO_COLOR=1 "$command"
		ok "nor on a terminal any but colours" \
			no_controls_but_colours on_terminal A=1 "$command"
	done
	not_ok "colours there are" no_controls on_terminal A=1 status
	ok "what somebody typed comes back harmless" no_controls ctl explain "$EVIL_NAME"
}

# --- users -------------------------------------------------------------------------

users() {
	cp "$CTL" "$NS_DIR/agentctl"
	call ctl_as "$IDLE_UID" status --json
	json_is "a user without programs sees an empty array" \
		'.applications == [] and .summary.applications == 0'
	call ctl_as "$VOICE_UID" status --json
	json_is "a user sees his own alone" '[.applications[].name] == ["voice"] and
		.summary.applications == 1 and .summary.limited == 1'
	call ctl_as "$VOICE_UID" explain voice
	is "$CODE" 0 "and may ask why"
	call ctl_as "$VOICE_UID" explain video
	is "$CODE:$OUT" "1:" "another's does not exist for him"
	not_ok "and is not suggested" grep -q "did you mean" <<<"$ERR"
	call ctl_as "$VOICE_UID" policy reload
	is "$CODE:$OUT" "7:" "policy reload as a plain user is 7"
	like "$ERR" 'root|sudo|relaywarden' "and says who may"
	chmod 700 "$AGENT_DIR/run"
	call ctl_as "$VOICE_UID" status
	is "$CODE" 7 "a socket out of reach is 7 too"
	chmod 755 "$AGENT_DIR/run"
}

# --- the wire ----------------------------------------------------------------------

varlink() { # REQUEST
	printf '%s\0' "$1" | socat -t 2 - "UNIX-CONNECT:$AGENT_SOCKET"
}

introspection() {
	call varlink '{"method": "org.varlink.service.GetInfo"}'
	json_is "GetInfo names the product and its interfaces" '.parameters |
		(.vendor | length > 0) and (.product | length > 0) and
		(.interfaces | contains(["org.varlink.service", "org.relaywarden.Agent"]))'
	call varlink '{"method": "org.varlink.service.GetInterfaceDescription",
		"parameters": {"interface": "org.relaywarden.Agent"}}'
	is "$(jq -r .parameters.description <<<"$OUT")" \
		"$(cat "$ROOT/agent/ctl/org.relaywarden.Agent.varlink")" \
		"GetInterfaceDescription is the file in the sources"
	call varlink '{"method": "org.varlink.service.GetInterfaceDescription",
		"parameters": {"interface": "org.example.None"}}'
	json_is "an unknown interface has its error" \
		'.error == "org.varlink.service.InterfaceNotFound"'
	call varlink '{"method": "org.relaywarden.Agent.Nothing"}'
	json_is "an unknown method, too" '.error == "org.varlink.service.MethodNotFound"'
}

begin_netns
need socat setpriv
lab_build 1 || bail_out "the network could not be made"
for name in office s1; do
	address=2001:db8:18::$([ "$name" = office ] && echo 1 || echo 101)/64
	ns_run "$name" ip addr add "$address" dev eth0 nodad
done
ns_spawn s1 "$NS_DIR/peer" socat -u UDP6-RECV:9000,ipv6only=0 OPEN:/dev/null
agent_paths main
write_policy
ok "the agent starts" start_agent office || bail_out "no agent"
start_program "$VOICE_UID" voice UDP-SENDTO:198.18.0.101:9000 \
	"UDP6-SENDTO:[2001:db8:18::101]:9000"
start_program "$VIDEO_UID" video UDP-SENDTO:198.18.0.101:9000
start_program "$EVIL_UID" "$EVIL_NAME" UDP-SENDTO:198.18.0.101:9000
ok "three programs of three users are seen" wait_until 20 everybody_is_seen ||
	diag "$(ctl apps)"
successes
failures
fields
degraded
sockets
json
ipv6
terminals
users
introspection
stop_agent
call ctl status
is "$CODE" 6 "after its end it is 6"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# journal: what happens is one structured entry of a real journald, which runs in a mount
# namespace of its own; one that hangs is not waited for.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

JOURNALD=/lib/systemd/systemd-journald
[ -x "$JOURNALD" ] || JOURNALD=/usr/lib/systemd/systemd-journald
CATALOG=$ROOT/packaging/journal/relaywarden.catalog

# The agent as systemd starts it: its stderr is a stream of the journal, and
# JOURNAL_STREAM says so. Nothing of this machine's own journal is touched.
start_agent_with_journal() {
	agent_command
	ns_spawn office "$NS_DIR/journald.log" unshare -m --propagation private bash -c '
		mount -t tmpfs tmpfs /run || exit
		mkdir -p /run/log/journal /run/systemd/journal /run/systemd/journald.conf.d
		printf "[Journal]\nStorage=volatile\nAudit=no\nReadKMsg=no\nForwardToWall=no\n" \
			>/run/systemd/journald.conf.d/test.conf
		# Few entries fit into its queue: that it is full is soon seen.
		sysctl -qw net.unix.max_dgram_qlen=2
		"$1" & echo $! >"$2"
		until [ -S /run/systemd/journal/stdout ]; do sleep 0.1; done
		shift 2
		exec systemd-cat --identifier=relaywardend bash -c "
			export JOURNAL_STREAM=\$(stat -Lc %d:%i /proc/self/fd/2)
			exec \"\$@\"" bash "$@"
	' bash "$JOURNALD" "$NS_DIR/journald.pid" "${AGENT_COMMAND[@]}"
	AGENT_PID=$NS_SPAWNED
	wait_until 20 agent_answers_or_died
	agent_answers
}

# journal MATCH...: the entries, one JSON object a line.
journal() {
	nsenter -t "$AGENT_PID" -m journalctl -q -o json --no-pager -D /run/log/journal \
		"$@" 2>/dev/null
}

# field FIELD MATCH...: of the last entry.
field() {
	local field=$1
	shift
	journal "$@" | tail -n 1 | jq -r --arg field "$field" '.[$field]'
}

has_entry() { # MATCH...
	[ -n "$(journal "$@")" ]
}

begin_netns
need systemd-cat journalctl socat perl
[ -x "$JOURNALD" ] || skip_all "no systemd-journald here"
lab_build 1 || bail_out "the network could not be made"
agent_paths main
printf '[app sink]\nmatch.exe = */socat*\nquota = 20kB/day\nquota_action = warn\n' \
	>"$AGENT_POLICY/50-test.ini"

# --- entries --------------------------------------------------------------------------

ok "the agent starts beside a journald" start_agent_with_journal ||
	bail_out "$(cat "$NS_DIR/journald.log")"
ok "that it did is an entry" wait_until 10 has_entry RELAYWARDEN_EVENT=started
is "$(field MESSAGE_ID RELAYWARDEN_EVENT=started)" 909d8e43030e40df8fd36e2dace89fc7 \
	"with its message id"
is "$(field PRIORITY RELAYWARDEN_EVENT=started)" 6 "its priority"
is "$(field _COMM RELAYWARDEN_EVENT=started)" relaywardend "from the agent itself"
is "$(field SYSLOG_IDENTIFIER RELAYWARDEN_EVENT=started)" relaywardend "under its name"
ctl pause 1m >/dev/null
ok "a pause is one" wait_until 10 has_entry RELAYWARDEN_EVENT=paused
is "$(field RELAYWARDEN_USER RELAYWARDEN_EVENT=paused)" root "with who wanted it"
is "$(field RELAYWARDEN_SECONDS RELAYWARDEN_EVENT=paused)" 60 "and for how long"
is "$(journal | grep -c 'paused until')" 1 "and is there once"
ctl resume >/dev/null

ns_spawn office "$NS_DIR/sink.log" socat -u UDP-RECV:7000 "CREATE:$NS_DIR/got"
wait_until 30 eval 'ns_run office nft list map inet relaywarden ports | grep -q 7000'
ns_run s1 perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "198.18.0.1",
		PeerPort => 7000);
	for (1 .. 60) { send($s, "x" x 900, 0); select(undef, undef, undef, 0.002); }'
ok "what is about an application is one" wait_until 20 has_entry RELAYWARDEN_EVENT=quota_used
is "$(field RELAYWARDEN_APP RELAYWARDEN_EVENT=quota_used)" socat "with its name"
like "$(field RELAYWARDEN_APP_KEY RELAYWARDEN_EVENT=quota_used)" '^exe:.*socat.*@0$' "its key"
is "$(field RELAYWARDEN_QUOTA RELAYWARDEN_EVENT=quota_used)" 20000 "and what there is to it"

# --- the catalogue -----------------------------------------------------------------------

mkdir -p "$NS_DIR/root/usr/lib/systemd/catalog" "$NS_DIR/root/var/lib/systemd/catalog"
cp "$CATALOG" "$NS_DIR/root/usr/lib/systemd/catalog/"
ok "the catalogue is in order" journalctl --root "$NS_DIR/root" --update-catalog
is "$(journalctl --root "$NS_DIR/root" --list-catalog 2>/dev/null | grep -c Relaywarden:)" \
	"$(grep -c '^-- ' "$CATALOG")" "every entry is taken up"
like "$(journalctl --root "$NS_DIR/root" --dump-catalog \
	"$(field MESSAGE_ID RELAYWARDEN_EVENT=quota_used)" 2>/dev/null)" \
	'has used up its quota.*agentctl usage' "it explains, and says what to do"

# --- one that hangs ------------------------------------------------------------------------

kill -STOP "$(cat "$NS_DIR/journald.pid")"
for i in 1 2 3 4 5 6; do
	ctl pause 1m >/dev/null
	ctl resume >/dev/null
done
ok "a journal that hangs does not hold up the agent" agent_answers
like "$(ctl doctor 2>&1)" 'events are not in the journal' "doctor says that it does"
is "$(ctl events --json --kind resumed | jq '.events | length')" 7 \
	"the history has what it lacks"
kill -CONT "$(cat "$NS_DIR/journald.pid")"
ctl pause 2m >/dev/null
ok "it is told again when it goes on" wait_until 10 has_entry RELAYWARDEN_SECONDS=120
stop_agent
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The report of a real relay, as a file and as a browser shows it: in headless Chromium,
# in a namespace without any network.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

PATIENCE=90
USER_ID=65534 # who runs the supernode
OTHER_ID=61731

has_event() { # KIND
	ctl events --kind "$1" --json | jq -e '.events | length > 0'
}

has_relayed() {
	ctl usage --minutes --json | jq -e '.totals.relayed_out > 1000000'
}

# as UID COMMAND...
as() {
	setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"
}

# browse OPTION...: at the page; what it asks for is in the log of its network.
browse() {
	ns_run browser timeout "$(patience 150)" chromium --headless --no-sandbox --disable-gpu \
		--disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --user-data-dir="$NS_DIR/chromium" \
		--log-net-log="$NS_DIR/net.json" "$@" "file://$PAGE" 2>"$NS_DIR/chromium.log"
}

# What the page asked for. A browser that is started asks for things of its own; those
# have no origin.
requests() {
	jq -r '.events[] | select(.params.url? and .params.initiator?
		and .params.initiator != "not an origin") | .params.url' "$NS_DIR/net.json" 2>&1
}

is_picture() { # FILE WIDTH
	file "$1" | grep -q "PNG image data, $2 x"
}

begin_netns
need supernode edge iperf3 chromium pdftotext file script
lab_build 2 || bail_out "the network could not be made"
ns_add browser
agent_paths main
printf '[app *]\npromotion = shape\nrelay_rate_up = 2mbit\nrelay_rate_down = 2mbit\n' \
	>"$AGENT_POLICY/50-office.ini"
start_agent office || bail_out "no agent"
PAGE=$NS_DIR/report.html

ctl report -o "$PAGE" >/dev/null 2>&1
is $? 0 "a report can be had when nothing has happened yet"
like "$(grep '<h1>' "$PAGE")" 'No: in the .* looked at, this computer was no relay' "and says so"
is "$(stat -c %a "$PAGE")" 600 "it is for the writer's eyes"

lab_relay 8M || bail_out "the supernode does not relay"
ok "the supernode is found" wait_until "$PATIENCE" app_has_role "$SUPERNODE_PID" relay
ok "and limited" wait_until 20 has_event limited
ok "what it relays is in the history" wait_until 30 has_relayed

ctl report -o "$PAGE" >"$NS_DIR/out" 2>&1
is $? 1 "a file that is there stays"
like "$(cat "$NS_DIR/out")" 'is there already.*--force' "and it says what to do"
ok "with --force it is written anew" ctl report -o "$PAGE" --force
is "$(stat -c %a "$PAGE")" 600 "for the same eyes"
is "$(ctl report | tail -n1)" "</html>" "a pipe gets it too"
like "$(script -qec "$CTL report" /dev/null 2>&1)" 'not for a terminal' "a terminal does not"
ctl report -o "$NS_DIR/other.html" --since 1h --until 2h >"$NS_DIR/out" 2>&1
is $? 2 "a time that ends before it begins is refused"
is "$(ctl report --json | jq -r '[has("status", "usage", "events", "doctor")] | all')" \
	true "programs get the replies it is made of"

# --- who may see what

like "$(as "$USER_ID" "$CTL" report | grep '<h1>')" 'Yes: ' "the supernode's user sees his own"
mine=$(as "$OTHER_ID" "$CTL" report)
like "$mine" '<h1>No: ' "another user does not"
not_ok "nor its name" grep -q supernode <<<"$mine"

# --- in a browser

browse --dump-dom >"$NS_DIR/dom"
dom=$(cat "$NS_DIR/dom")
like "$dom" '<h1>Yes: in the .* looked at, this computer was a relay for strangers for .* of theirs came in' \
	"a browser shows the answer first" || diag "$(cat "$NS_DIR/chromium.log")"
like "$dom" 'supernode still works for strangers: limited to 2 Mbit/s' "how it is now"
like "$dom" 'limited to 2 Mbit/s, by \[app \*\] .*50-office\.ini:[0-9]' \
	"what policy did, by which line"
like "$dom" 'In a sample of packets|It sends .* bytes for each byte' "its evidence"
like "$dom" '<rect class="promoted"' "the promotion in the chart"
like "$dom" '[kM]bit/s → sent' "and its unit"
like "$dom" 'All checks of the agent are in order|degraded' "the agent's health"
not_ok "no script" grep -qi '<script' "$NS_DIR/dom"
is "$(requests)" "" "nothing is asked for but the page"
browse --window-size=1100,1600 --screenshot="$NS_DIR/page.png" >/dev/null
ok "it can be seen" is_picture "$NS_DIR/page.png" 1100
browse --print-to-pdf="$NS_DIR/page.pdf" --no-pdf-header-footer >/dev/null
like "$(pdftotext -layout "$NS_DIR/page.pdf" - 2>&1)" 'supernode was a relay for strangers' \
	"and printed"

[ -z "${KEEP:-}" ] || cp "$PAGE" "$NS_DIR"/page.{png,pdf} "$KEEP"
done_testing

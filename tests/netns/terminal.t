#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people see on a terminal: status, status --watch, top and explain, in tmux, at
# several sizes, without colours, on terminals that can do little; and that the terminal
# is as it was afterwards, whatever ended the program.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/tmux.sh
. "$(dirname "$0")/tmux.sh"

run() { # COMMAND
	rm -f "$NS_DIR/after"
	keys -l "clear; stty -g >$NS_DIR/before; agentctl $1; stty -g >$NS_DIR/after"
	keys Enter
}

# Back at the prompt, with the settings, the cursor and the lines of before.
is_restored() {
	screen_has '^ready>$' && [ "$(tm display-message -p -t t '#{cursor_flag}')" = 1 ] &&
		[ "$(tm display-message -p -t t '#{alternate_on}')" = 0 ] &&
		cmp "$NS_DIR/before" "$NS_DIR/after"
}

restored() { # DESCRIPTION
	ok "$1, and the terminal is as before" wait_until 10 is_restored || diag "$(screen)"
}

top_pid() {
	pgrep -f "^agentctl top$" -t "$(tm display-message -p -t t '#{pane_tty}' |
		sed 's|/dev/||')"
}

# --- status and explain ------------------------------------------------------------

status_80() {
	terminal_open 80 24 TERM=screen
	run status
	sees '^agent ok · 1 promoted: supernode \(relay\)' "status says first what matters"
	sees '^supernode +relay .*limited to 2 Mbit/s' "and has a row for it"
	like "$(screen | sed -n '/^APPLICATION/,$p' | head -2 | tail -1)" '^supernode' \
		"the first one"
	like "$(screen -e)" $'\e\\[1m\e\\[31m' "in red"
	run "explain supernode"
	sees '^What would change this|^supernode: relay' "explain fits 80 columns"
	not_ok "no word is broken by the edge" screen_has 'strange$|becaus$'
}

watch_sizes() {
	run "status --watch=1"
	sees 'every 1s; q ends' "status --watch begins with how to end it"
	sees '^supernode +relay' "and shows what status does"
	tm resize-window -t t -x 60 -y 12
	ok "a resize draws it anew" wait_until 10 screen_lacks ' PEERS '
	sees '^supernode +relay' "narrower"
	keys q
	restored "q ends it"
	run "status --watch"
	sees 'q ends' "it starts again"
	keys C-c
	restored "so does Ctrl-C"
}

# An agent that is there and does not answer.
status_waits() {
	kill -STOP "$AGENT_PID"
	run status
	sees 'waiting for the agent on' "who waits is told what for"
	kill -CONT "$AGENT_PID"
	sees '^agent ok' "until it answers"
	not_ok "and then no more" screen_has 'waiting for'
}

# --- top ---------------------------------------------------------------------------

top_80() {
	tm resize-window -t t -x 80 -y 24
	run top
	sees '^APPLICATION +ROLE +LIKELY +PEERS +DOWN +UP +LIMIT +LAST' "top has its columns"
	sees '^supernode +relay +>99 % +2 .* 2M ' "the promoted one"
	sees '^voice-of-the-owner' "and the others"
	sees '▇|█' "with what they did"
	like "$(screen | sed -n 4p)" '^supernode' "what is promoted comes first"
	keys n n
	sees 'by name, turned round' "it sorts, and turns round"
	ok "the list, too" wait_until 5 eval '[[ $(screen | sed -n 4p) == voice* ]]'
	keys / V O I C
	ok "a filter leaves out the others" wait_until 5 screen_lacks '^supernode'
	sees 'with: VOIC_' "and is seen while it is typed"
	keys Escape
	sees '^supernode' "Esc shows all again"
	keys c Home Enter
	sees '^supernode: relay' "Enter says why"
	sees 'strong for +(packets|matched-share)' "with the evidence"
	keys Tab
	sees '^198\.18\.0\.10[12] .*relayed' "Tab shows the peers"
	keys Tab
	sees '^because of +\[app office\] 50-test.ini:' "and what is known, with the line"
	keys Escape h
	sees '^LIKELY +how likely' "h explains the columns"
	keys Escape
}

top_small() {
	tm resize-window -t t -x 40 -y 8
	sees '^APPLICATION +ROLE' "40 by 8 is enough"
	is "$(screen | grep -c '.\{41\}')" 0 "nothing is wrapped"
	tm resize-window -t t -x 12 -y 3
	sees 'too small' "12 by 3 is not, and says so"
	tm resize-window -t t -x 120 -y 30
	sees 'APPLICATION +USER' "where there is room it says whose it is"
	keys q
	restored "q ends top"
}

top_ends() {
	local signal
	for signal in TERM INT HUP; do
		run top
		sees '^supernode' "top runs again"
		kill -"$signal" "$(top_pid)"
		restored "SIG$signal ends it"
	done
}

top_without_agent() {
	run top
	sees '^supernode' "top runs once more"
	kill -STOP "$AGENT_PID"
	sees 'has not answered for 2 seconds' "an agent that hangs does not hang it"
	kill -CONT "$AGENT_PID"
	ok "it goes on" wait_until 15 screen_lacks 'No news'
	stop_agent KILL
	sees 'No news, trying again' "when the agent dies it says so"
	sees '^supernode' "and shows what was known"
	start_agent office
	ok "when the agent is back, it goes on" wait_until 15 screen_lacks 'No news'
	sees '^agent ok|^ok' "by itself"
	keys q
	restored "q ends it"
}

top_plain() {
	terminal_open 80 24 TERM=vt100
	run top
	sees '^supernode +' "a vt100 will do"
	keys q
	terminal_open 80 24 TERM=xterm-256color NO_COLOR=1
	run top
	sees '^supernode +' "so will one without colours"
	not_ok "where there are none" eval "screen -e | grep -q $'\\e''\\[[0-9;]*3[1-7]m'"
	keys q
	terminal_open 80 24 TERM=linux LC_ALL=C
	run top
	sees '^supernode +.*[.:@#]' "so will one without UTF-8"
	keys q
	terminal_open 80 24 TERM=dumb
	run top
	sees 'top needs a terminal whose cursor can be moved' "a dumb one is refused"
	sees 'agentctl status --watch' "with what to use instead"
	run "status --watch=1"
	ok "which prints block after block there" wait_until 10 \
		eval '[ "$(screen | grep -c "^agent ok")" -ge 2 ]'
	keys C-c
}

begin_netns
need tmux socat supernode iperf3
lab_build 2 || bail_out "the network could not be made"
agent_paths main
cat >"$AGENT_POLICY/50-test.ini" <<-INI
	[app office]
	match.exe = */supernode
	promotion = shape
	relay_rate_up = 2mbit
	relay_rate_down = 2mbit
INI
ok "the agent starts" start_agent office || bail_out "no agent"
lab_relay 4M || bail_out "nothing is relayed"
cp "$(command -v socat)" "$NS_DIR/voice-of-the-owner"
ns_spawn office "$NS_DIR/voice" bash -c "while sleep 0.05; do printf %200s; done |
	'$NS_DIR/voice-of-the-owner' -u - UDP-SENDTO:198.18.0.101:9000"
ok "a relay is found" wait_until 40 eval "ctl status | grep -q 'limited to 2 Mbit'" ||
	bail_out "no promotion to show"
terminal_begin office || bail_out "no tmux"
status_80
watch_sizes
status_waits
top_80
top_small
top_ends
top_without_agent
top_plain
done_testing

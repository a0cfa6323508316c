# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A terminal in a namespace: what is typed there and what is seen. Sourced after lib.sh.

tm() {
	tmux -S "$NS_DIR/tmux" "$@"
}

# terminal_begin NAME: a server of terminals in that namespace, with agentctl in the PATH.
terminal_begin() {
	mkdir "$NS_DIR/bin"
	ln -s "$CTL" "$NS_DIR/bin/agentctl"
	ns_spawn "$1" "$NS_DIR/tmux-log" tmux -S "$NS_DIR/tmux" -f /dev/null -D
	wait_until 10 test -S "$NS_DIR/tmux"
}

TERMINAL_SHELL=(bash --norc)

# A shell on a terminal of that size, with the variables and the agent of this test.
terminal_open() { # COLUMNS ROWS VARIABLE=VALUE...
	local size=(-x "$1" -y "$2")
	shift 2
	tm kill-session -t t 2>/dev/null
	tm new-session -d -s t "${size[@]}" env -u NO_COLOR LC_ALL=C.UTF-8 \
		HOME="$NS_DIR" PATH="$NS_DIR/bin:$PATH" PS1='ready> ' \
		RELAYWARDEN_SOCKET="$AGENT_SOCKET" "$@" "${TERMINAL_SHELL[@]}"
	wait_until 10 screen_has '^ready>'
}

screen() {
	tm capture-pane -p -t t "$@"
}

screen_has() { # REGEX
	screen | grep -qE -- "$1"
}

screen_lacks() {
	! screen_has "$1"
}

# sees REGEX DESCRIPTION: sooner or later.
sees() {
	ok "$2" wait_until 15 screen_has "$1" || diag "$(screen)"
}

keys() {
	tm send-keys -t t "$@"
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tab in bash, zsh and fish: commands, options, values, applications of a real agent.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/tmux.sh
. "$(dirname "$0")/tmux.sh"

COMPLETION=$ROOT/packaging/completion

# cases COMMAND...: with each line typed and what Tab makes of it, in every shell.
cases() {
	local typed expected
	while IFS='|' read -r typed expected; do
		"$@" "agentctl $typed" "agentctl $expected"
	done <<-END
		stat|status
		policy ro|policy rollback
		explain voi|explain voice
		--json peers voi|--json peers voice
		status --wat|status --watch
		apps --fields name,prob|apps --fields name,probability
		events --kind promo|events --kind promoted
		events --app voi|events --app voice
		policy check $NS_DIR/one-fi|policy check $NS_DIR/one-file.ini
	END
}

# --- through the keyboard ----------------------------------------------------------

screen_shows() { # TEXT: as the last thing on the line
	screen | sed 's/ *$//' | grep -qF -- "> $1"
}

tab_completes() { # SHELL TYPED EXPECTED
	keys C-u
	keys -l "$2"
	keys Tab
	ok "$1: '$2' Tab is '$3'" wait_until 10 screen_shows "$3" || diag "$(screen)"
	keys C-c
}

in_bash() {
	TERMINAL_SHELL=(bash --norc)
	terminal_open 120 50 TERM=screen || bail_out "no bash"
	keys ". $COMPLETION/agentctl.bash; clear; echo loaded" Enter
	wait_until 20 screen_has '^loaded'
	cases tab_completes bash
}

in_zsh() {
	mkdir "$NS_DIR/zsh"
	cp "$COMPLETION/_agentctl" "$NS_DIR/zsh/"
	TERMINAL_SHELL=(zsh -f)
	terminal_open 120 50 TERM=screen || bail_out "no zsh"
	keys "fpath=($NS_DIR/zsh \$fpath); autoload -U compinit; compinit -u -D; clear" Enter
	keys "echo loaded" Enter
	wait_until 30 screen_has '^loaded'
	cases tab_completes zsh
}

# --- fish says itself what it would offer -------------------------------------------

fish_offers() { # TYPED
	env HOME="$NS_DIR" PATH="$NS_DIR/bin:$PATH" fish --no-config -c \
		"source $COMPLETION/agentctl.fish; complete -C '$1'" 2>/dev/null
}

offers() { # LIST WORD
	cut -f1 <<<"$1" | grep -qx -- "$2"
}

fish_completes() { # TYPED EXPECTED
	local list
	list=$(fish_offers "$1")
	ok "fish: '$1' is offered '${2##* }'" offers "$list" "${2##* }" || diag "$list"
}

# Whatever the shells offer comes from one place; fish shows all of it.
everything_is_offered() {
	local word commands options
	commands=$(fish_offers "agentctl ")
	options=$(fish_offers "agentctl --")
	for word in $(ctl --help | sed -n '/^$/,/^$/s/^  \([a-z-]*\) .*/\1/p' | sort -u); do
		ok "the command $word is offered" offers "$commands" "$word"
	done
	for word in $(ctl --help | grep -oE '^  (-.,|   ) --[a-z-]+' | grep -oE -- '--.*'); do
		ok "the option $word is offered" offers "$options" "$word"
	done
	not_ok "an option of another command is not" \
		offers "$(fish_offers "agentctl apps --")" --evidence
}

begin_netns
need tmux zsh fish socat
lab_build 1 || bail_out "the network could not be made"
agent_paths main
ok "the agent starts" start_agent office || bail_out "no agent"
cp "$(command -v socat)" "$NS_DIR/voice"
touch "$NS_DIR/one-file.ini"
ns_spawn office "$NS_DIR/programs" bash -c "while sleep 0.2; do echo x; done |
	'$NS_DIR/voice' -u - UDP-SENDTO:198.18.0.101:9000"
ok "a program is seen" wait_until 20 ctl status voice
terminal_begin office || bail_out "no tmux"
in_bash
in_zsh
cases fish_completes
everything_is_offered
done_testing

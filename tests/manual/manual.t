#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual is whole: pages without mistakes, every command and option of agentctl, no
# reference to a page that is not there, no example of a command that is not there.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"

[ -x "$CTL" ] || bail_out "$CTL is not there; run make first"
need mandoc

MAN=$ROOT/packaging/man
PAGES=("$MAN"/*.[1-9] "$ROOT"/packaging/fleet/man/*.[1-9])

# Names of commands, of one word or two.
commands() {
	"$CTL" --help | sed -n '/^$/,/^$/s/^  \([a-z].*\)/\1/p' |
		sed -E 's/^([a-z-]+( [a-z]+)?)( .*|$)/\1/; s/ +$//' |
		while read -r first second; do
			# The second word may be the help's first.
			if "$CTL" "$first" ${second:+"$second"} --help 2>/dev/null |
				grep -q "^Usage: agentctl \[OPTION...\] $first $second"; then
				echo "$first $second"
			else
				echo "$first"
			fi
		done | sed 's/ $//' | sort -u
}

options() {
	"$CTL" --help | grep -oE '^  (-.,|   ) --[a-z-]+' | grep -oE -- '--[a-z-]+'
}

pages_are_clean() {
	local page
	for page in "${PAGES[@]}"; do
		is "$(mandoc -Tlint -W warning "$page" 2>&1)" "" \
			"${page##*/} has no mistake"
	done
}

page_exists() { # NAME SECTION
	compgen -G "$MAN/$1.$2" || compgen -G "$ROOT/packaging/*/man/$1.$2"
}

references_lead_somewhere() {
	local page name section
	for page in "${PAGES[@]}"; do
		while read -r name section; do
			ok "${page##*/}: $name($section) is there" \
				page_exists "$name" "$section"
		done < <(sed -nE 's/^\.Xr ((agentctl|relaywarden)[^ ]*) ([0-9]).*/\1 \3/p' \
			"$page" | sort -u)
	done
}

# "agentctl(1), COMMANDS" has an entry for each, and OPTIONS for each.
everything_is_documented() {
	local word
	while read -r word; do
		ok "agentctl.1 has the command '$word'" \
			grep -qE "^(\.It )?\.?Ic $word( |$)" "$MAN/agentctl.1"
	done <<<"$COMMANDS"
	for word in $(options); do
		ok "agentctl.1 has the option $word" \
			grep -qE "^\.It Fl (. , )?(Fl )?-?${word#-}( |$)" "$MAN/agentctl.1"
	done
}

# Every table says which columns it has, by help of the command.
columns_are_told() {
	local word
	while read -r word; do
		# shellcheck disable=SC2086 # words are meant
		ok "'agentctl $word --help' tells its columns" eval \
			'"$CTL" $word --help | sed -n "/^Fields/,\$p" | grep -q "^  [* ] [a-z_]"'
	done < <(while read -r first second; do
		"$CTL" "$first" ${second:+"$second"} --help | grep -q -- --fields &&
			echo "$first $second"
	done <<<"$COMMANDS")
}

examples_are_real() {
	local word rest
	while read -r word rest; do
		[ "$word" != policy ] || word="policy ${rest%% *}"
		# shellcheck disable=SC2086 # words are meant
		ok "the example 'agentctl $word' is a command" "$CTL" $word --help
	done < <(sed -nE 's/^\$ (sudo )?agentctl (.*)/\2/p' "$MAN/relaywarden.7")
}

help_fits() {
	local word
	is "$("$CTL" --help | grep -E '.{81}')" "" "--help fits 80 columns"
	while read -r word; do
		# shellcheck disable=SC2086 # words are meant
		is "$("$CTL" $word --help | grep -E '.{81}')" "" "so does $word --help"
	done <<<"$COMMANDS"
}

COMMANDS=$(commands)
ok "there are commands to look for" test "$(wc -l <<<"$COMMANDS")" -ge 20
ok "there are options to look for" test "$(options | wc -l)" -ge 20
pages_are_clean
references_lead_somewhere
everything_is_documented
columns_are_told
examples_are_real
help_fits
done_testing

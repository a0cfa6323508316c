# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for agentctl; agentctl itself knows what can come next.

_agentctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} lines=()

	mapfile -t lines < <("${COMP_WORDS[0]}" __complete -- \
		"${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	[[ $cur != = ]] || cur=
	if [[ ${lines[0]-} == :files ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
	else
		# All are plain words without blanks; see ui-cli/complete.c.
		mapfile -t COMPREPLY < <(compgen -W "${lines[*]%%$'\t'*}" -- "$cur")
	fi
}

complete -o nosort -F _agentctl agentctl 2>/dev/null ||
	complete -F _agentctl agentctl

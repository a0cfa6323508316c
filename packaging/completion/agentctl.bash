# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for agentctl; agentctl itself knows what can come next.

_agentctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} i socket=()
	local words=() lines=()

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket | --policy | --catalogue)
			((++i))
			if ((i == COMP_CWORD)); then
				mapfile -t COMPREPLY < <(compgen -f -- "$cur")
				return
			fi
			case ${COMP_WORDS[i - 1]} in
			-s | --socket) socket=(--socket "${COMP_WORDS[i]}") ;;
			esac
			;;
		--duration | --set | --host | --confirm | --replace) ((++i)) ;;
		-*) ;;
		*) words+=("${COMP_WORDS[i]}") ;;
		esac
	done
	if [[ $cur == -* ]]; then
		mapfile -t lines < <("${COMP_WORDS[0]}" __complete -- --options 2>/dev/null)
	elif [[ ${words[*]:0:2} == "policy check" ||
		${words[*]:0:2} == "policy apply" || ${words[*]} == record ||
		${words[*]} == replay ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	else
		mapfile -t lines < <("${COMP_WORDS[0]}" "${socket[@]}" __complete \
			-- "${words[@]}" 2>/dev/null)
	fi
	# Names are printable words without blanks; see ui-cli/complete.c.
	mapfile -t COMPREPLY < <(compgen -W "${lines[*]%%$'\t'*}" -- "$cur")
}

complete -o filenames -o nosort -F _agentctl agentctl 2>/dev/null ||
	complete -o filenames -F _agentctl agentctl

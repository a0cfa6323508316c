# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for agentctl; agentctl itself knows what can come next.

# The words of the command line before the cursor: without options, and the chosen agent.
function __agentctl_words
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if contains -- $word -s --socket
            set skip yes
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __agentctl_socket
    set -l words (commandline -opc)
    set -l at (contains -i -- --socket $words; or contains -i -- -s $words)
    and test (count $words) -gt $at
    and printf '%s\n' --socket $words[(math $at + 1)]
end

function __agentctl_candidates
    agentctl (__agentctl_socket) __complete -- (__agentctl_words) 2>/dev/null
end

function __agentctl_wants_files
    set -l words (__agentctl_words)
    test "$words[1] $words[2]" = "policy check"
end

complete -c agentctl -f
complete -c agentctl -n 'not __agentctl_wants_files' -k -a '(__agentctl_candidates)'
complete -c agentctl -n __agentctl_wants_files -F
complete -c agentctl -s j -l json -d "for programs: the agent's reply as JSON"
complete -c agentctl -l check -d 'status: exit with 5 if anything is promoted'
complete -c agentctl -l no-legend -d 'no headings, no hints'
complete -c agentctl -s s -l socket -r -F -d 'ask the agent at this path'
complete -c agentctl -s h -l help -d 'usage'
complete -c agentctl -s V -l version -d 'the version'

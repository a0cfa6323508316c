# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for agentctl; agentctl itself knows what can come next.

# The words of the command line before the cursor: without options, and the chosen agent.
function __agentctl_words
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if contains -- $word -s --socket --policy --catalogue --duration --set --host --confirm --replace
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
    contains -- "$words[1] $words[2]" "policy check" "policy apply" "record " "replay "
end

complete -c agentctl -f
complete -c agentctl -n 'not __agentctl_wants_files' -k -a '(__agentctl_candidates)'
complete -c agentctl -n __agentctl_wants_files -F
complete -c agentctl -s j -l json -d "for programs: the agent's reply as JSON"
complete -c agentctl -l check -d 'status: exit with 5 if anything is promoted'
complete -c agentctl -l duration -x -d 'record: stop after 60s, 10m, 2h'
complete -c agentctl -l confirm -x -d 'policy apply: back again unless confirmed in 60s, 5m'
complete -c agentctl -l replace -x -d 'policy apply: in place of all files of that prefix'
complete -c agentctl -l policy -r -F -d 'replay: by this policy'
complete -c agentctl -l set -x -d 'replay: with this setting changed'
complete -c agentctl -l catalogue -r -F -d 'replay: with what is known of clients there'
complete -c agentctl -l evidence -d 'replay: the evidence of every second'
complete -c agentctl -l host -x -d 'replay of a capture: the computer to judge'
complete -c agentctl -l no-legend -d 'no headings, no hints'
complete -c agentctl -s s -l socket -r -F -d 'ask the agent at this path'
complete -c agentctl -s h -l help -d 'usage'
complete -c agentctl -s V -l version -d 'the version'

# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for agentctl; agentctl itself knows what can come next.

function __agentctl_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
    if test "$lines[1]" = :files
        __fish_complete_path "$current"
    else
        printf '%s\n' $lines
    end
end

complete -c agentctl -f -k -a '(__agentctl_candidates)'

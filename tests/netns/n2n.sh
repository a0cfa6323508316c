# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The distribution's n2n: one supernode that everybody's traffic crosses, and edges that
# put a TAP device into their namespace. Sourced after ns.sh.
#
# Version 1 (Debian, Ubuntu) knows -l for the port and stays in the foreground; versions
# 2 and 3 want -f for that, and 3 says -p for the port. The help text tells which it is.

N2N_PORT=7654

n2n_is_here() {
	command -v supernode >/dev/null && command -v edge >/dev/null
}

# n2n_start_supernode NAME LOG [WRAPPER...]: NS_SPAWNED is its process. It runs as an
# ordinary user, as a client on a workstation does.
n2n_start_supernode() {
	local name=$1 log=$2 help port=-l
	shift 2
	help=$(supernode -h 2>&1)
	local flags=()
	case $help in
	*"-p <"*) port=-p ;;
	esac
	case $help in
	*foreground* | *"-f "*) flags=(-f) ;;
	esac
	ns_spawn "$name" "$log" "$@" setpriv --reuid 65534 --regid 65534 --clear-groups \
		supernode "$port" "$N2N_PORT" "${flags[@]}"
}

# An inner MTU whose outside still fits 1,500 bytes. The default of version 1 does not:
# each packet becomes two fragments, a full queue drops one of them, and the halves that
# wait half a minute for the other fill the reassembly buffer until nothing passes.
N2N_MTU=1300

# n2n_start_edge NAME INDEX SUPERNODE LOG: its address inside is 10.9.0.INDEX. Versions
# 2 and 3 can leave out the encryption, which only heats the machine here.
n2n_start_edge() {
	local name=$1 index=$2 supernode=$3 log=$4 help
	local flags=(-k secret -f)
	help=$(edge -h 2>&1)
	case $help in
	*-A1*) flags=(-A1 -f) ;;
	esac
	ns_spawn "$name" "$log" edge -d n2n0 -a "10.9.0.$index" -c lab -M "$N2N_MTU" \
		-u 0 -g 0 -l "$supernode:$N2N_PORT" "${flags[@]}"
}

# n2n_reaches NAME INDEX: whether NAME reaches another edge, which here can only be
# through the supernode.
n2n_reaches() {
	ns_run "$1" ping -q -c1 -W1 "10.9.0.$2"
}

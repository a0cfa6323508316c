#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make run`, in a namespace in the place of a whole machine, from a terminal: it watches
# and limits nothing, and Ctrl-C leaves everything as it was.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

unset MAKEFLAGS MAKELEVEL MFLAGS
export RELAYWARDEN_SOCKET
ACCOUNTING=/proc/sys/net/netfilter/nf_conntrack_acct
ADDRESS=198.18.0.101:9000

# start_run KEYS LOG: what is written to KEYS is typed on its terminal. A background
# process begins without SIGINT, so it is given back.
start_run() {
	mkfifo "$1"
	# shellcheck disable=SC2016 # for the inner shell
	ns_spawn office "$2" env --default-signal=INT bash -c \
		'exec script -qec "make -C $1 BUILD=$2 run" /dev/null <"$3"' bash \
		"$ROOT" "$BUILD" "$1"
	RUN_PID=$NS_SPAWNED
	exec {KEYS}>"$1"
}

run_is_over() {
	! ns_is_alive "$RUN_PID"
}

accounting_is() {
	[ "$(ns_run office cat "$ACCOUNTING")" = "$1" ]
}

app_is_seen() {
	ctl status --json | jq -e "any(.applications[]; .bytes_out > 0)"
}

begin_netns
need make script socat
lab_build 1 || bail_out "the network could not be made"
RELAYWARDEN_SOCKET=$NS_DIR/run/control.sock
ns_run office sh -c "echo 0 >$ACCOUNTING"
temporary=$NS_DIR/tmp
mkdir "$temporary"
chmod 755 "$temporary"
export TMPDIR=$temporary
ns_spawn s1 "$NS_DIR/peer" socat -u UDP-RECV:9000 OPEN:/dev/null

start_run "$NS_DIR/keys" "$NS_DIR/log"
ok "make run watches" wait_until 60 agent_answers || diag "$(cat "$NS_DIR/log")"
like "$(cat "$NS_DIR/log")" 'nothing is limited' "and says that it limits nothing"
like "$(cat "$NS_DIR/log")" "agentctl --socket $RELAYWARDEN_SOCKET status" \
	"and how to ask it"
is "$(ctl status --json | jq -r .mode)" monitor "it is in monitor mode"
ok "it turned accounting on" accounting_is 1
ns_spawn office "$NS_DIR/sender" bash -c \
	"while sleep 0.2; do echo x; done | socat -u - UDP-SENDTO:$ADDRESS"
ok "it sees traffic" wait_until 15 app_is_seen
ok "there is no limit in the kernel" kernel_has_no_limit office
is "$(ctl status --json | jq .summary.limited)" 0 "nor in what it says"

call_status=0
ns_run office env TMPDIR="$temporary" BUILD="$BUILD" timeout 20 \
	"$ROOT/packaging/run.sh" >"$NS_DIR/second" 2>&1 || call_status=$?
is "$call_status" 1 "a second one beside it does not start"
like "$(cat "$NS_DIR/second")" 'another relaywardend answers' "and says why"
ok "and leaves the first its socket" agent_answers

printf '\003' >&"$KEYS"
ok "Ctrl-C ends it" wait_until 10 run_is_over
ok "and leaves no table" kernel_has_no_table office
ok "accounting is off as before" accounting_is 0
not_ok "the socket is gone" test -e "$RELAYWARDEN_SOCKET"
not_ok "and its directory" test -e "$NS_DIR/run"
is "$(ls -A "$temporary")" "" "and its temporary files"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the machine of this directory is for: a kernel with modules, where what other
# kernels lack can be tested. And what the agent says that this kernel has.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"

# takes_rule input|postrouting RULE
takes_rule() {
	local type=filter
	[ "$1" = input ] || type=nat
	ns_run office nft -f - <<-RULES
	table inet other {
		chain $1 {
			type $type hook $1 priority 0
			$2
		}
	}
	RULES
}

doctor_says() { # CHECK STATE
	jq -e --arg name "$1" --arg state "$2" \
		'any(.checks[]; .name == $name and .state == $state)' "$NS_DIR/doctor"
}

# is_before VERSION: the kernel that runs.
is_before() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" != "$1" ]
}

begin_netns
need tc setpriv
lab_build 1 || bail_out "the network could not be made"

# First, while nothing here has made the kernel load anything.
agent_paths main
ok "the agent starts" start_agent office || bail_out "no agent"
is "$(ns_run office cat /proc/sys/net/netfilter/nf_conntrack_acct)" 1 \
	"and has flows counted, though it is the first to need conntrack"
ctl doctor --json >"$NS_DIR/doctor"
ctl doctor | sed 's/^/# /'
for check in conntrack packets accounting nftables; do
	ok "doctor has no complaint about $check" doctor_says "$check" ok
done
ok "nor about anything else" agent_state_is ok || diag "$(ctl status --json | jq .degraded)"
if is_before 5.12; then
	ok "doctor says that a table has no owner here" doctor_says nft-owner info
else
	not_ok "doctor misses no owner of tables" doctor_says nft-owner info
fi
stop_agent
ok "it stops" agent_is_gone
ok "and leaves no table" kernel_has_no_table office

ok "cgroup v2 is there, and may be written" test -n "$NS_CGROUP"
ok "nft queues by itself" takes_rule input 'udp dport 9 queue num 7 bypass'
ok "refuses with an answer" takes_rule input 'tcp dport 9 reject'
ok "and masquerades to ports at random" takes_rule postrouting 'masquerade random'
for qdisc in netem fq_codel fq cake htb; do
	ok "there is $qdisc" ns_run office tc qdisc replace dev eth0 root "$qdisc"
done
for kind in ifb dummy wireguard; do
	ok "there is $kind" ns_run office ip link add "$kind-0" type "$kind"
done
ok "a program gets a TAP device" ns_run office ip tuntap add dev tap-0 mode tap
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# symmetric_nat = yes: one socket of the application has another port for every stranger
# it calls, gets their answers, and keeps its port with trusted networks. Another
# program's socket keeps its own.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

write_policy() { # yes|no
	printf '%s\n' '[link]' 'trusted = 198.18.0.103/32' '[app p2p]' \
		'match.user = nobody' "symmetric_nat = $1" >"$AGENT_POLICY/50.new"
	mv "$AGENT_POLICY/50.new" "$AGENT_POLICY/50-test.ini"
}

# What each of three strangers says the caller's port is: a socket on port PORT of USER.
ports_seen() { # USER PORT
	# shellcheck disable=SC2016 # for perl
	ns_run office setpriv --reuid "$1" --regid "$1" --clear-groups perl -MIO::Socket::INET \
		-e 'my $s = IO::Socket::INET->new(Proto => "udp", LocalPort => shift) or die;
		$| = 1; print "open\n"; <STDIN>;
		for my $n (1 .. 3) {
			$s->send("port?", 0, pack_sockaddr_in(3000, inet_aton("198.18.0.10$n")));
			eval { local $SIG{ALRM} = sub { die }; alarm 3; $s->recv(my $answer, 64);
				alarm 0; print "$answer\n"; 1 } or print "nothing\n";
		}' "$2" < <(wait_until 15 kernel_knows "$2"; echo) | tail -n 3 | tr '\n' ' '
}

kernel_knows() { # PORT
	ns_run office nft list map inet relaywarden ports | grep -q "udp \. $1 "
}

has_chain() {
	ns_run office nft list chain inet relaywarden symmetric
}

has_no_chain() {
	ns_run office nft list table inet relaywarden && ! has_chain
}

begin_netns
need perl
lab_build 3 || bail_out "the network could not be made"
agent_paths main
write_policy no
for i in 1 2 3; do
	# shellcheck disable=SC2016 # for perl
	ns_spawn "s$i" "$NS_DIR/mirror-$i" perl -MIO::Socket::INET -e \
		'my $s = IO::Socket::INET->new(Proto => "udp", LocalPort => 3000) or die;
		while (1) { $s->recv(my $d, 64); $s->send($s->peerport) }'
	wait_until 5 ns_listens "s$i" udp 3000
done
ok "the agent starts in a namespace" start_agent office || bail_out "no agent"
ctl doctor | grep -q nft-nat && skip_all "this kernel has no masquerade in family inet"
ok "there is no chain of type nat" has_no_chain
is "$(ports_seen 65534 5001)" "5001 5001 5001 " "every peer sees the same port"
write_policy yes
sleep 2
seen=$(ports_seen 65534 5002)
read -r first second trusted <<<"$seen"
diag "seen as $seen"
ok "then the first peer sees another" test "$first" -ne 5002
ok "and the second one more" test "$second" -ne 5002 -a "$second" -ne "$first"
is "$trusted" 5002 "a trusted one sees its own"
ok "by one chain" has_chain
is "$(ports_seen 65533 5003)" "5003 5003 5003 " "another program keeps its port"
write_policy no
ok "the chain goes with the policy" wait_until 15 has_no_chain
is "$(ports_seen 65534 5004)" "5004 5004 5004 " "and all is as before"
done_testing

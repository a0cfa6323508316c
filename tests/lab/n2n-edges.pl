#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# n2n-edges.pl FIRST N SUPERNODE:PORT COUNT: N edges of n2n (version 2 of its protocol), at
# addresses from FIRST on, that register with a supernode every 20 s and do no more. How
# many have been acknowledged is in COUNT.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time sleep);

use constant { REGISTER_SUPER => 5, REGISTER_SUPER_ACK => 7, EVERY => 20 };

my ($first, $n, $supernode, $count) = @ARGV;
die "usage: n2n-edges.pl FIRST N SUPERNODE:PORT COUNT\n" unless $count;
my ($network, $host) = $first =~ /^(.*)\.(\d+)$/;
my ($select, %edges, %acknowledged) = (IO::Select->new);

for my $i (0 .. $n - 1) {
	my $local = "$network." . ($host + $i);
	my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => "$local:5645",
		PeerAddr => $supernode) or die "n2n-edges.pl: $local: $!\n";
	my $hardware = pack('C6', 2, split(/\./, $local), 1);
	$edges{$socket} = { socket => $socket, due => time + rand(5),
		hardware => $hardware };
	$select->add($socket);
}

# Version, time to live, kind; community; cookie, hardware address, no authentication.
sub registration {
	my ($edge) = @_;
	return pack('CCna16', 2, 2, REGISTER_SUPER, 'lab')
		. pack('Na6nn', int(rand(2**32)), $edge->{hardware}, 0, 0);
}

my $written = 0;
while (1) {
	for my $socket ($select->can_read(0.1)) {
		next unless defined $socket->recv(my $reply, 2048);
		my (undef, undef, $kind) = unpack('CCn', $reply);
		$acknowledged{$socket} = 1 if ($kind & 0x1f) == REGISTER_SUPER_ACK;
	}
	for my $edge (values %edges) {
		next if time < $edge->{due};
		$edge->{due} = time + EVERY;
		$edge->{socket}->send(registration($edge));
	}
	next if time < $written + 1;
	$written = time;
	open my $file, '>', $count or die "n2n-edges.pl: $count: $!\n";
	print $file scalar(keys %acknowledged), "\n";
	close $file;
}

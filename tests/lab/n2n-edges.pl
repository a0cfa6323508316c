#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# n2n-edges.pl FIRST N SUPERNODE:PORT COUNT: N edges of n2n (version 1 of its protocol), at
# addresses from FIRST on, that register with a supernode every 20 s and do no more. How
# many have been acknowledged is in COUNT.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(inet_aton);
use Time::HiRes qw(time sleep);

use constant { REGISTER => 1, REGISTER_ACK => 4, EVERY => 20 };

my ($first, $n, $supernode, $count) = @ARGV;
die "usage: n2n-edges.pl FIRST N SUPERNODE:PORT COUNT\n" unless $count;
my ($network, $host) = $first =~ /^(.*)\.(\d+)$/;
my ($select, %edges, %acknowledged) = (IO::Select->new);

for my $i (0 .. $n - 1) {
	my $local = "$network." . ($host + $i);
	my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => "$local:5645",
		PeerAddr => $supernode) or die "n2n-edges.pl: $local: $!\n";
	my $hardware = pack('C6', 2, split(/\./, $local), 1);
	$edges{$socket} = { local => $local, socket => $socket, due => time + rand(5),
		hardware => $hardware };
	$select->add($socket);
}

# An address as it is told: family, port, IPv4 in a field that has room for IPv6.
sub told { return pack('Cxna4x15', 2, $_[1], inet_aton($_[0])) }

# Version, kind, two flags; community; hardware addresses, from and to; addresses as seen
# and as known to the edge; the rest is nothing to a supernode.
sub registration {
	my ($edge) = @_;
	return pack('CCCCa16a6x6', 1, REGISTER, 0, 0, 'lab', $edge->{hardware})
		. told('0.0.0.0', 0) . told($edge->{local}, 5645) . "\0" x 9;
}

my $written = 0;
while (1) {
	for my $socket ($select->can_read(0.1)) {
		next unless defined $socket->recv(my $reply, 2048);
		my (undef, $kind) = unpack('CC', $reply);
		$acknowledged{$socket} = 1 if $kind == REGISTER_ACK;
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

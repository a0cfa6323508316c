#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# listen.pl FIFO: one process that opens a port for every line of FIFO, "tcp 7001" or
# "udp 7001", as a peer-to-peer program does when it likes. Who connects is told "hello"
# and let go; datagrams are answered unless the line ends in "silent". Prints what it
# heard and from whom.
use strict;
use warnings;
use Fcntl;
use IO::Select;
use IO::Socket::INET;

$| = 1;
my $path = shift or die "usage: listen.pl FIFO\n";
# Opened for writing as well, it never comes to an end.
sysopen(my $orders, $path, O_RDWR) or die "listen.pl: $path: $!\n";
my $all = IO::Select->new($orders);
my %silent;

sub open_port {
	my ($proto, $port, $how) = split ' ', shift;
	my $socket = IO::Socket::INET->new(Proto => $proto, LocalPort => $port,
		ReuseAddr => 1, $proto eq 'tcp' ? (Listen => 16) : ())
		or die "listen.pl: $proto $port: $!\n";
	$silent{$socket} = defined $how;
	$all->add($socket);
	print "open $proto $port\n";
}

while (1) {
	for my $ready ($all->can_read) {
		if ($ready == $orders) {
			sysread($orders, my $lines, 4096);
			open_port($_) for split /\n/, $lines;
		} elsif ($ready->socktype == SOCK_STREAM) {
			my $caller = $ready->accept or next;
			printf "heard tcp %d %s\n", $ready->sockport, $caller->peerhost // '?';
			print $caller "hello\n";
			close $caller;
		} elsif ($ready->recv(my $datagram, 2048)) {
			printf "heard udp %d %s\n", $ready->sockport, $ready->peerhost;
			$ready->send("hello\n") unless $silent{$ready};
		}
	}
}

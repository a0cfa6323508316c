#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sound.pl LOCAL:PORT REMOTE:PORT: G.711 without silence detection: an RTP packet of 160
# samples every 20 ms. What comes in is left to the socket.
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(time sleep);

my ($local, $remote) = @ARGV;
die "usage: sound.pl LOCAL:PORT REMOTE:PORT\n" unless $remote;
my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => $local,
	PeerAddr => $remote) or die "sound.pl: $local: $!\n";
my ($next, $source) = (time, int(rand(2**32)));
for (my $count = 0;; $count++) {
	$socket->send(pack('CCnNN', 0x80, 0, $count & 0xffff, $count * 160, $source)
		. 'x' x 160);
	$next += 0.02;
	my $wait = $next - time;
	sleep($wait) if $wait > 0;
}

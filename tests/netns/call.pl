#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# call.pl PORT ADDRESS:PORT...: one party of a video call, by its traffic. Sends its own
# picture to each of the others and takes in theirs. The picture is what an encoder
# makes of a face: 25 frames a second, a large one every two seconds, and a rate that
# drifts with the movement in it; about 0.7 Mbit/s.
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(inet_aton pack_sockaddr_in);
use Time::HiRes qw(time);

use constant { FRAME_SECONDS => 0.04, FRAME_BYTES => 3000, PACKET_BYTES => 1100 };

my $port = shift or die "usage: call.pl PORT ADDRESS:PORT...\n";
my @peers = map { my ($a, $p) = split /:/; pack_sockaddr_in($p, inet_aton($a)) } @ARGV;
my $socket = IO::Socket::INET->new(Proto => 'udp', LocalPort => $port)
	or die "call.pl: port $port: $!\n";
my ($next, $frame, $movement) = (time, int(rand(50)), 1);

srand($$ ^ time);
while (1) {
	my $wait = $next - time;
	my $read = '';
	vec($read, fileno($socket), 1) = 1;
	if ($wait > 0 && select($read, undef, undef, $wait) > 0) {
		$socket->recv(my $theirs, 2048);
		next;
	}
	next if $wait > 0;
	$next += FRAME_SECONDS;
	$movement = 0.97 * $movement + 0.03 + 0.12 * (rand() - 0.5);
	$movement = 0.2 if $movement < 0.2;
	my $size = FRAME_BYTES * $movement * (0.7 + 0.6 * rand());
	$size *= 5 if $frame++ % 50 == 0;
	for (my $left = int($size); $left > 0; $left -= PACKET_BYTES) {
		my $packet = 'x' x ($left < PACKET_BYTES ? $left : PACKET_BYTES);
		$socket->send($packet, 0, $_) for @peers;
	}
}

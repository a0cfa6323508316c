#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# UDP for the tests of limits: what the kernel drops on its way out is an error to the
# sender, which goes on.
#
#     udp.pl send ADDRESS PORT BYTES_PER_SECOND [LOCAL_PORT]     until killed
#     udp.pl receive PORT                                        likewise
use strict;
use warnings;
use IO::Socket::IP;
use Time::HiRes qw(time sleep);

my ($what, @arguments) = @ARGV;
if ($what eq 'receive') {
	my $socket = IO::Socket::IP->new(Proto => 'udp', LocalPort => $arguments[0],
		Family => AF_INET6, V6Only => 0) or die "bind: $@\n";
	1 while defined recv($socket, my $data, 2048, 0);
	exit;
}
my ($address, $port, $rate, $local) = @arguments;
my $socket = IO::Socket::IP->new(Proto => 'udp', PeerHost => $address, PeerPort => $port,
	$local ? (LocalPort => $local) : ()) or die "connect: $@\n";
my $data = "x" x 1400;
my ($begin, $sent) = (time, 0);
for (;;) {
	my $due = (time - $begin) * $rate / length $data;
	# What a busy machine did not let us send is not made up for in one go.
	($begin, $sent, $due) = (time, 0, 0) if $due - $sent > 200;
	for (; $sent < $due; $sent++) { send($socket, $data, 0) }
	sleep 0.002;
}

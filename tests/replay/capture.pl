#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# capture.pl LINK relay|stops|server|hub [CALLERS]: a capture (pcap) on stdout. 192.0.2.1
# talks for 40 seconds to two strangers: as a relay it sends on to the one what it got
# from the other (one that stops is next to quiet for seven minutes more), as a server it
# answers each with what it has. As a hub it has CALLERS strangers (200) who call it every
# twenty seconds, for three minutes. The noise comes from a seed.
use strict;
use warnings;

my ($link, $what, $callers) = (@ARGV, 200);
my %links = (ethernet => 1, vlan => 1, raw => 101, sll => 113, sll2 => 276);
my ($host, $alice, $bob) = ("192.0.2.1", "198.51.100.7", "203.0.113.9");
my $seed = 7;

sub noise { $seed = ($seed * 1103515245 + 12345) % 2**31; return ($seed >> 8) % shift }
sub address { return pack("C4", split(/\./, shift)) }

sub frame {
	my $packet = shift;
	return "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0$packet" if $link eq "ethernet";
	return "\2\0\0\0\0\1\2\0\0\0\0\2\x81\0\0\7\x08\0$packet" if $link eq "vlan";
	return pack("nnnx8n", 0, 1, 6, 0x0800) . $packet if $link eq "sll";
	return pack("nx2NnCCx8", 0x0800, 1, 1, 0, 6) . $packet if $link eq "sll2";
	return $packet;
}

# Headers alone are captured, as with a short snap length.
sub put {
	my ($us, $from, $to, $size) = @_;
	my $packet = frame(pack("CCnnnCCna4a4nnnn", 0x45, 0, 28 + $size, 0, 0, 64, 17, 0,
		address($from), address($to), $from eq $host ? 4000 : 5000,
		$to eq $host ? 4000 : 5000, 8 + $size, 0));
	print pack("VVVV", 1790000000 + int($us / 1e6), $us % 1e6, length($packet),
		length($packet) + $size), $packet;
}

die "usage: capture.pl LINK relay|stops|server|hub [CALLERS]\n" unless defined $what and $links{$link};
binmode(STDOUT);
print pack("VvvVVVV", 0xa1b2c3d4, 2, 4, 0, 0, 128, $links{$link});
for (my $us = 0; $what eq "hub" && $us < 180e6; $us += 20e6 / $callers) {
	my $caller = "198.51.100." . (1 + $us * $callers / 20e6 % $callers);
	put($us, $caller, $host, 20 + noise(60));
	put($us + 300 + noise(200), $host, $caller, 20 + noise(60));
}
for (my $us = 0; $what ne "hub" && $us < 40e6; $us += 5000 + noise(30000)) {
	my ($from, $to) = noise(8) ? ($alice, $bob) : ($bob, $alice);
	my $size = 100 + noise(1100);
	if ($what eq "relay" || $what eq "stops") {
		put($us, $from, $host, $size);
		put($us + 300 + noise(200), $host, $to, $size);
	} else {
		put($us, $from, $host, 60);
		put($us + 300 + noise(200), $host, $from, $size);
	}
}
for (my $us = 40e6; $what eq "stops" && $us < 460e6; $us += 5e6) {
	put($us, $alice, $host, 60);
	put($us + 300, $host, $alice, 60);
}

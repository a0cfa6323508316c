#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Just enough of the DNS for a test: dns.pl answer PORT | forward ADDRESS PORT UPSTREAM |
# ask ADDRESS PORT. An answer is the query with QR set and "not implemented".
use strict;
use warnings;
use IO::Socket::INET;

my ($what, @rest) = @ARGV;

sub udp { IO::Socket::INET->new(Proto => 'udp', @_) or die "socket: $!" }

sub answer_to {
	my ($query) = @_;
	vec($query, 2, 8) |= 0x80;
	vec($query, 3, 8) = 4;
	return $query;
}

if ($what eq 'answer') {
	my $s = udp(LocalAddr => '0.0.0.0', LocalPort => $rest[0]);
	while (1) {
		$s->recv(my $query, 512) // next;
		$s->send(answer_to($query)) if length($query) >= 12;
	}
} elsif ($what eq 'forward') {
	my $s = udp(LocalAddr => $rest[0], LocalPort => $rest[1]);
	while (1) {
		my $who = $s->recv(my $query, 512) // next;
		my $up = udp(PeerAddr => $rest[2], PeerPort => 53);
		$up->send($query) or next;
		my $set = '';
		vec($set, fileno($up), 1) = 1;
		select($set, undef, undef, 0.3) > 0 or next;
		$up->recv(my $answer, 512) // next;
		$s->send($answer, 0, $who);
	}
} elsif ($what eq 'ask') {
	my $s = udp(PeerAddr => $rest[0], PeerPort => $rest[1]);
	$s->send(pack('n6 x n2', 4711, 0x100, 1, 0, 0, 0, 2, 1)) or exit 1;
	$SIG{ALRM} = sub { exit 1 };
	alarm 1;
	defined $s->recv(my $answer, 512) or exit 1;
	exit(length($answer) >= 12 ? 0 : 1);
}

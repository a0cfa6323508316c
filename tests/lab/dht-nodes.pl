#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dht-nodes.pl FIRST N NODE:PORT COUNT: N nodes of BitTorrent's DHT (BEP 5) at addresses
# from FIRST on. Each asks the node now and then, and answers what it asks with what they
# know of each other. Into COUNT: how many of their questions were answered, how many they
# were asked.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(inet_aton pack_sockaddr_in);
use Time::HiRes qw(time);

use constant { PORT => 6881, EVERY => 6 };

my ($first, $n, $node, $count) = @ARGV;
die "usage: dht-nodes.pl FIRST N NODE:PORT COUNT\n" unless $count;
my ($network, $host) = $first =~ /^(.*)\.(\d+)$/;
my ($peer_address, $peer_port) = split /:/, $node;
my $peer = pack_sockaddr_in($peer_port, inet_aton($peer_address));
my ($select, @nodes, %by_socket) = (IO::Select->new);
my ($answered, $asked, $written) = (0, 0, 0);

sub random_id { return join '', map { chr int rand 256 } 1 .. 20 }

for my $i (0 .. $n - 1) {
	my $local = "$network." . ($host + $i);
	my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => $local,
		LocalPort => PORT) or die "dht-nodes.pl: $local: $!\n";
	my $id = random_id();
	push @nodes, { socket => $socket, id => $id, due => time + rand(EVERY),
		contact => $id . inet_aton($local) . pack('n', PORT) };
	$by_socket{$socket} = $nodes[-1];
	$select->add($socket);
}

sub text { return length($_[0]) . ":$_[0]" }

# Eight of us, any: enough for whoever looks for somebody.
sub contacts { return join '', map { $nodes[rand @nodes]{contact} } 1 .. 8 }

sub ask {
	my ($from) = @_;
	my $what = ('ping', 'find_node', 'find_node', 'get_peers')[rand 4];
	my $target = $what eq 'find_node' ? '6:target' . text(random_id())
		: $what eq 'get_peers' ? '9:info_hash' . text(random_id()) : '';
	$from->{socket}->send('d1:ad2:id' . text($from->{id}) . $target . 'e1:q'
		. text($what) . '1:t2:aa1:y1:qe', 0, $peer);
}

# What has a token is a question about peers; nobody minds one too many.
sub answer {
	my ($from, $question, $to) = @_;
	my ($transaction) = $question =~ /1:t(\d+:.*?)1:[vy]/s or return;
	$from->{socket}->send('d1:rd2:id' . text($from->{id}) . '5:nodes'
		. text(contacts()) . '5:token' . text('lab') . 'e1:t' . $transaction
		. '1:y1:re', 0, $to);
}

while (1) {
	for my $socket ($select->can_read(0.1)) {
		my $from = $socket->recv(my $packet, 2048) or next;
		if ($packet =~ /1:y1:q/) {
			$asked++;
			answer($by_socket{$socket}, $packet, $from);
		} elsif ($packet =~ /1:y1:r/) {
			$answered++;
		}
	}
	for my $from (@nodes) {
		next if time < $from->{due};
		$from->{due} = time + EVERY * (0.5 + rand);
		ask($from);
	}
	next if time < $written + 1;
	$written = time;
	open my $file, '>', $count or die "dht-nodes.pl: $count: $!\n";
	print $file "$answered $asked\n";
	close $file;
}

#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rtpengine-call.pl ID CALLER CALLEE: sets a call up at the rtpengine on this computer,
# offer and answer, as a SIP proxy does. Both talk at port 4000. Prints the two ports to
# talk to: the caller's, the callee's.
use strict;
use warnings;
use IO::Socket::INET;

my ($id, $caller, $callee) = @ARGV;
die "usage: rtpengine-call.pl ID CALLER CALLEE\n" unless $callee;
my $socket = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1:2223')
	or die "rtpengine-call.pl: $!\n";

sub sdp {
	my ($address) = @_;
	return "v=0\r\no=- 1 1 IN IP4 $address\r\ns=-\r\nc=IN IP4 $address\r\nt=0 0\r\n"
		. "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
}

# Its control protocol: a cookie and a bencoded dictionary. Returns the port it gave.
sub command {
	my (%dictionary) = @_;
	my $text = join '', map { length($_) . ":$_" . length($dictionary{$_})
		. ":$dictionary{$_}" } sort keys %dictionary;
	$socket->send("$id-$dictionary{command} d${text}e");
	my $ready = '';
	vec($ready, fileno($socket), 1) = 1;
	select($ready, undef, undef, 5) > 0 or die "rtpengine-call.pl: no reply\n";
	$socket->recv(my $reply, 8192);
	$reply =~ /m=audio (\d+)/ or die "rtpengine-call.pl: $reply\n";
	return $1;
}

my $callee_port = command(command => 'offer', 'call-id' => "call$id",
	'from-tag' => 'a', sdp => sdp($caller));
my $caller_port = command(command => 'answer', 'call-id' => "call$id",
	'from-tag' => 'a', 'to-tag' => 'b', sdp => sdp($callee));
print "$caller_port $callee_port\n";

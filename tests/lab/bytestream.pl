#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bytestream.pl send LOCAL SERVER N RATE, bytestream.pl receive LOCAL SERVER N COUNT: one
# end of a transfer through a chat server's proxy (XEP-0065), number N. Who sends logs in,
# as uN@lab, and has the proxy begin. What has been received is in COUNT, in bytes.
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(time sleep);

my ($what, $local, $server, $number, $value) = @ARGV;
die "usage: bytestream.pl send|receive LOCAL SERVER N RATE|COUNT\n" unless $value;
my ($stream, $sender, $receiver) = ("s$number", "u$number\@lab/r", "r$number\@lab/r");
my $stream_name = sha1_hex($stream . $sender . $receiver);

sub reach {
	my ($port) = @_;
	return IO::Socket::INET->new(PeerAddr => $server, PeerPort => $port,
		LocalAddr => $local) || die "bytestream.pl: $server:$port: $!\n";
}

sub expect {
	my ($socket, $pattern) = @_;
	my $text = '';
	local $SIG{ALRM} = sub { die "bytestream.pl: no $pattern in: $text\n" };
	alarm 15;
	$text .= do { $socket->recv(my $more, 4096); $more } until $text =~ $pattern;
	alarm 0;
}

# SOCKS5: the name of the stream stands for an address.
sub enter_proxy {
	my $socket = reach(5001);
	$socket->send("\x05\x01\x00");
	expect($socket, qr/^\x05\x00/);
	$socket->send("\x05\x01\x00\x03\x28${stream_name}\0\0");
	expect($socket, qr/^\x05\x00\x00\x03.{43}/s) if $what eq 'receive';
	return $socket;
}

sub log_in {
	my $socket = reach(5222);
	my $open = "<stream:stream xmlns='jabber:client' to='lab' version='1.0'"
		. " xmlns:stream='http://etherx.jabber.org/streams'>";
	$socket->send($open);
	expect($socket, qr/PLAIN/);
	$socket->send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
		. encode_base64("\0u$number\0lab", '') . '</auth>');
	expect($socket, qr/<success/);
	$socket->send($open);
	expect($socket, qr/xmpp-bind/);
	$socket->send("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		. '<resource>r</resource></bind></iq>');
	expect($socket, qr{<jid>\Q$sender\E</jid>});
	return $socket;
}

sub activate {
	my ($chat) = @_;
	$chat->send("<iq type='set' id='2' to='proxy.lab'><query sid='$stream'"
		. " xmlns='http://jabber.org/protocol/bytestreams'>"
		. "<activate>$receiver</activate></query></iq>");
	expect($chat, qr/type='result'/);
}

# A quarter of a second's bytes each quarter; some quarters none.
sub send_file {
	my ($socket) = @_;
	while (1) {
		print {$socket} 'x' x ($value / 4 * (0.5 + rand)) if rand > 0.2;
		$socket->flush;
		sleep 0.25;
	}
}

sub receive_file {
	my ($socket) = @_;
	my ($received, $written) = (0, 0);
	while (sysread $socket, my $data, 65536) {
		$received += length $data;
		next if time < $written + 1;
		$written = time;
		open my $file, '>', $value or die "bytestream.pl: $value: $!\n";
		print $file "$received\n";
		close $file;
	}
}

if ($what eq 'receive') {
	receive_file(enter_proxy());
} else {
	my $chat = log_in();
	sleep 2; # the receiver is there first
	my $socket = enter_proxy();
	sleep 1;
	activate($chat);
	send_file($socket);
}

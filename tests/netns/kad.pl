#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kad.pl DIR NAME=ADDRESS...: a directory DIR/NAME for an amuled each, that knows all the
# others as nodes of a Kad network, as a list of nodes from the web would tell it.
#
# Kad identities are 16 bytes; nodes.dat is version 2: a count, and for each its identity,
# address, UDP and TCP port, version of Kad, a key (none) and "verified".
use strict;
use warnings;
use Digest::MD5 qw(md5);
use Socket qw(inet_aton);

my ($dir, @nodes) = @ARGV;
my %address = map { split /=/ } @nodes;
%address or die "usage: kad.pl DIR NAME=ADDRESS...\n";

sub put {
	my ($path, $bytes) = @_;
	open(my $file, '>:raw', $path) or die "kad.pl: $path: $!\n";
	print $file $bytes;
	close $file;
}

for my $name (keys %address) {
	my $own = "$dir/$name";
	my @others = grep { $_ ne $name } sort keys %address;
	mkdir $_ for $own, "$own/Temp", "$own/Incoming";
	put("$own/preferencesKad.dat", pack('Vva16C', 0, 0, md5($name), 0));
	put("$own/nodes.dat", pack('VVV', 0, 2, scalar @others) . join '', map {
		pack('a16VvvCVVC', md5($_), unpack('N', inet_aton($address{$_})), 4672, 4662,
			8, 0, 0, 1) } @others);
	put("$own/amule.conf", <<"CONF");
[eMule]
AppVersion=2.3.3
Nick=$name
Port=4662
UDPPort=4672
UDPEnable=1
Autoconnect=1
ConnectToKad=1
ConnectToED2K=0
UPnPEnabled=0
TempDir=$own/Temp
IncomingDir=$own/Incoming
FilterLanIPs=0
KadNodesUrl=
Ed2kServersUrl=
[ExternalConnect]
AcceptExternalConnections=1
ECAddress=127.0.0.1
ECPort=4712
ECPassword=5f4dcc3b5aa765d61d8327deb882cf99
CONF
}

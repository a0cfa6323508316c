#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cut.pl RECORDING RESULT BYTES KEPT: keeps of a subject's recording what its verdict needs,
# and at most BYTES: until 20 s after a relay was found, or 40 s after the traffic began.
# Less if it must be, but not less than 3 s after the verdict, or 15 s of traffic. What it
# was goes into KEPT with .truth behind it. Prints one line; fails when it is too large.
use strict;
use warnings;
use FindBin;
use JSON::PP;

require "$FindBin::RealBin/recording.pl";

my ($path, $result_path, $bytes, $kept) = @ARGV;
die "usage: cut.pl RECORDING RESULT BYTES KEPT\n" unless $kept;
my $recording = read_recording($path);
my $result = decode_json(do { local (@ARGV, $/) = $result_path; <> });
my $began = $result->{began_at} - $recording->{began_at};
my $verdict = $result->{promoted}
	? $began + ($result->{seconds_to_onset} // 0) + $result->{seconds_to_verdict} : undef;
my $wanted = defined $verdict ? $verdict + 20 : $began + 40;
my $least = defined $verdict ? $verdict + 3 : $began + 15;

my $last;
for my $tick (@{$recording->{ticks}}) {
	$last = $tick if $tick->[0] <= $wanted && $tick->[1] + 4 <= $bytes;
}
my ($seconds, $end) = $last ? @$last : (0, 0);
my $name = $result->{name};
if ($seconds < $least) {
	printf "%-22s not kept: %d s of it are %d bytes, %d s are needed\n", $name, $seconds,
		$end, $least;
	exit 1;
}
open my $file, '>:raw', $kept or die "$kept: $!\n";
print $file recording_until($recording, $end);
close $file or die "$kept: $!\n";
open $file, '>', "$kept.truth" or die "$kept.truth: $!\n";
print $file JSON::PP->new->canonical->pretty->encode({ map { $_ => $result->{$_} }
	qw(name label family used_for trade verdict application) });
close $file or die "$kept.truth: $!\n";
printf "%-22s %6d bytes, %3d s of %d, %s: %s\n", $name, $end + 4, $seconds,
	$recording->{ticks}[-1][0], $result->{label}, $result->{verdict};

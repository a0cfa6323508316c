#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# trickle.pl BYTES STEP [PAUSE [FILE]]: writes so many bytes, always the same, STEP of them
# at a time and PAUSE seconds (0.5) in between, until there is a FILE: then without.
use strict;
use warnings;

$| = 1;
my ($left, $step, $pause, $file) = @ARGV;
defined $step or die "usage: trickle.pl BYTES STEP [PAUSE [FILE]]\n";
$pause //= 0.5;
srand 1;
my $line = join '', map { chr 97 + int rand 26 } 1 .. 4999;
my $at = 0;
while ($left > 0) {
	my $size = $left < $step ? $left : $step;
	my $text = $line x (int($size / length $line) + 2);
	print substr $text, $at, $size;
	$at = ($at + $size) % length $line;
	$left -= $size;
	next if !$pause || !$left || (defined $file && -e $file);
	select undef, undef, undef, $pause;
}

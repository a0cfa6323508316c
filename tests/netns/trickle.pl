#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# trickle.pl BYTES STEP [PAUSE]: writes so many bytes, always the same, STEP of them at a
# time and PAUSE seconds (0.5) in between.
use strict;
use warnings;

$| = 1;
my ($left, $step, $pause) = (@ARGV, 0.5);
defined $step or die "usage: trickle.pl BYTES STEP [PAUSE]\n";
srand 1;
my $line = join '', map { chr 97 + int rand 26 } 1 .. 4999;
my $at = 0;
while ($left > 0) {
	my $size = $left < $step ? $left : $step;
	my $text = $line x (int($size / length $line) + 2);
	print substr $text, $at, $size;
	$at = ($at + $size) % length $line;
	$left -= $size;
	select undef, undef, undef, $pause if $pause && $left;
}

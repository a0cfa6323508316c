# SPDX-License-Identifier: GPL-2.0-or-later
#
# Recordings (relaywarden-record(5)) as frames, no more: enough to end one earlier than it
# ended. Required by cut.pl and fit.pl.
use strict;
use warnings;

use constant { HEADER_SIZE => 32, KIND_TICK => 7, WHOLE => "\0\2\0\0" };

# A number of seven bits a byte, and where it ends.
sub number_at {
	my ($data, $at) = @_;
	my ($value, $shift) = (0, 0);
	while (1) {
		die "cut off at byte $at\n" if $at >= length $$data;
		my $byte = ord substr($$data, $at++, 1);
		$value |= ($byte & 0x7f) << $shift;
		return ($value, $at) if $byte < 0x80;
		$shift += 7;
	}
}

# { data, began_at (seconds since 1970), ticks: [[seconds, end], ...] }: a recording may end
# behind any tick.
sub read_recording {
	my ($path) = @_;
	open my $file, '<:raw', $path or die "$path: $!\n";
	my $data = do { local $/; <$file> };
	die "$path is no recording\n" unless length $data >= HEADER_SIZE
		and substr($data, 0, 8) eq 'RWRECORD';
	my $epoch = unpack 'Q<', substr($data, 24, 8);
	my ($at, $nanoseconds, @ticks) = (unpack('v', substr($data, 10, 2)), 0);
	while ($at < length $data) {
		my $kind = ord substr($data, $at, 1);
		my ($size, $payload) = number_at(\$data, $at + 1);
		last if $kind == 0 or $payload + $size > length $data;
		my ($step) = number_at(\$data, $payload);
		$nanoseconds += $step & 1 ? -(($step + 1) >> 1) : $step >> 1;
		$at = $payload + $size;
		push @ticks, [$nanoseconds / 1e9, $at] if $kind == KIND_TICK;
	}
	return { data => \$data, began_at => $epoch / 1e9, ticks => \@ticks };
}

# The recording as if it had ended at that byte.
sub recording_until {
	my ($recording, $end) = @_;
	return substr(${$recording->{data}}, 0, $end) . WHOLE;
}

1;

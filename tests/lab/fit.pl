#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fit.pl [LAMBDA]: what weights the recordings of the lab would give the evidence.
#
# A recording is replayed to every second of it, and the terms are read there: that is a
# row. Each term's present weight is multiplied by a factor, found by logistic regression
# that holds the factors near 1 (ridge, LAMBDA, 1): so the fit changes what the data speak
# about and leaves alone what they do not. Rows of a subject weigh 1 together. Only
# subjects for tuning; errors and calibration are of subjects left out of their fit.
#
# The prior is left as it is: it says how rare relays are out there, and most programs of
# the lab are relays. What the lab has more of them is a term of its own, found along with
# the factors and not used where a subject is called right or wrong.
#
#   OUT=DIR     results and recordings of the lab (tests/lab/out)
#   BUILD=DIR   whose agentctl replays (build)
#
# It prints, and changes nothing.
use strict;
use warnings;
use FindBin;
use IPC::Open2;
use JSON::PP;
use List::Util qw(max min sum0);

require "$FindBin::RealBin/recording.pl";

use constant { ROWS_MAX => 60, STEPS => 40, PROMOTED => 2.9 };
use constant BASE => 'more relays here';

my $OUT = $ENV{OUT} || "$FindBin::RealBin/out";
my $CTL = ($ENV{BUILD} || 'build') . '/agentctl';
my $LAMBDA = $ARGV[0] // 1;

# --- rows ----------------------------------------------------------------------------

sub slurp {
	my ($path) = @_;
	open my $file, '<', $path or die "$path: $!\n";
	return do { local $/; <$file> };
}

# The terms as they weigh at the end of that much of a recording: { name => weight }, or
# undef where the application is not there yet.
sub terms_of {
	my ($bytes, $application) = @_;
	local $SIG{PIPE} = 'IGNORE';
	my $pid = open2(my $from, my $to, "exec '$CTL' replay --json - \Q$application\E 2>/dev/null");
	binmode $to;
	print $to $bytes;
	close $to;
	my $text = do { local $/; <$from> };
	waitpid $pid, 0;
	my $reply = eval { decode_json($text // '') } or return undef;
	return undef unless $reply->{explanation};
	return { BASE, 1, map { $_->{name} => $_->{weight} }
		@{$reply->{explanation}{evidence}} };
}

# A subject's rows, from when it relays (or carries traffic) to its end.
sub rows_of {
	my ($result) = @_;
	my $recording = read_recording("$OUT/recordings/$result->{name}.rwr");
	my $from = $result->{began_at} - $recording->{began_at}
		+ ($result->{seconds_to_onset} // 0);
	my (@ends, $last);
	for my $tick (@{$recording->{ticks}}) {
		next if $tick->[0] < $from or defined $last && $tick->[0] < $last + 1;
		$last = $tick->[0];
		push @ends, $tick->[1];
	}
	my $stride = max(1, @ends / ROWS_MAX);
	my @rows;
	for (my $i = 0; $i < @ends; $i += $stride) {
		my $terms = terms_of(recording_until($recording, $ends[$i]),
			$result->{application});
		push @rows, $terms if $terms;
	}
	return \@rows;
}

sub read_subjects {
	my @subjects;
	for my $path (sort glob "$OUT/*.json") {
		my $result = decode_json(slurp($path));
		next unless ref $result eq 'HASH' and ($result->{status} // '') eq 'ok';
		next unless $result->{used_for} eq 'tuning' and $result->{began_at};
		next unless -s "$OUT/recordings/$result->{name}.rwr";
		my $rows = rows_of($result);
		next unless @$rows;
		push @subjects, { name => $result->{name}, rows => $rows,
			is_relay => $result->{label} eq 'relay' ? 1 : 0 };
	}
	return @subjects;
}

# --- regression ----------------------------------------------------------------------

sub probability { my ($x) = @_; return 1 / (1 + exp(-max(-30, min(30, $x)))) }

# What a factor is where nothing speaks for another.
sub usual { my ($name) = @_; return $name eq BASE ? 0 : 1 }

sub stiffness { my ($name, $lambda) = @_; return $name eq BASE ? 0.01 : $lambda }

sub log_odds {
	my ($row, $factors) = @_;
	return sum0(map { $row->{$_} * ($factors->{$_} // usual($_)) } keys %$row);
}

# Solves a symmetric positive system in place, by elimination.
sub solve {
	my ($matrix, $vector) = @_;
	my $n = @$vector;
	for my $i (0 .. $n - 1) {
		for my $j ($i + 1 .. $n - 1) {
			my $share = $matrix->[$j][$i] / $matrix->[$i][$i];
			$matrix->[$j][$_] -= $share * $matrix->[$i][$_] for $i .. $n - 1;
			$vector->[$j] -= $share * $vector->[$i];
		}
	}
	for my $i (reverse 0 .. $n - 1) {
		$vector->[$i] -= $matrix->[$i][$_] * $vector->[$_] for $i + 1 .. $n - 1;
		$vector->[$i] /= $matrix->[$i][$i];
	}
	return $vector;
}

# What is minimised: log-loss of subjects, and lambda/2 of each factor's squared distance
# from the usual one.
sub objective {
	my ($subjects, $names, $factors, $lambda) = @_;
	return sum0(map { loss_of($_, $factors) } @$subjects)
		+ sum0(map { stiffness($_, $lambda) / 2 * ($factors->{$_} - usual($_)) ** 2 }
			@$names);
}

sub newton_step {
	my ($subjects, $names, $factors, $lambda) = @_;
	my @gradient = map { stiffness($_, $lambda) * ($factors->{$_} - usual($_)) } @$names;
	my @curvature = map { my $i = $_;
		[map { $_ == $i ? stiffness($names->[$i], $lambda) : 0 } 0 .. $#$names]
	} 0 .. $#$names;
	for my $subject (@$subjects) {
		my $weight = 1 / @{$subject->{rows}};
		for my $row (@{$subject->{rows}}) {
			my $p = probability(log_odds($row, $factors));
			my @x = map { $row->{$_} // 0 } @$names;
			for my $i (grep { $x[$_] } 0 .. $#x) {
				$gradient[$i] += $weight * ($p - $subject->{is_relay}) * $x[$i];
				$curvature[$i][$_] += $weight * $p * (1 - $p) * $x[$i] * $x[$_]
					for 0 .. $#x;
			}
		}
	}
	return solve(\@curvature, \@gradient);
}

# Factors of the terms, none below 0: no evidence changes its side. Steps are halved until
# they help.
sub fit {
	my ($subjects, $names, $lambda) = @_;
	my %factors = map { $_ => usual($_) } @$names;
	my $value = objective($subjects, $names, \%factors, $lambda);
	for (1 .. STEPS) {
		my $step = newton_step($subjects, $names, \%factors, $lambda);
		my ($size, $is_better) = (1, 0);
		while ($size > 1e-6 && !$is_better) {
			my %next = map { $names->[$_] => $factors{$names->[$_]}
				- $size * $step->[$_] } 0 .. $#$names;
			$next{$_} = max(0, $next{$_}) for grep { $_ ne BASE } @$names;
			my $then = objective($subjects, $names, \%next, $lambda);
			$is_better = $then < $value - 1e-9;
			($value, %factors) = ($then, %next) if $is_better;
			$size /= 2;
		}
		last unless $is_better;
	}
	return \%factors;
}

# --- what comes of it ----------------------------------------------------------------

sub loss_of {
	my ($subject, $factors) = @_;
	return sum0(map {
		my $p = probability(log_odds($_, $factors));
		-log(max(1e-12, $subject->{is_relay} ? $p : 1 - $p))
	} @{$subject->{rows}}) / @{$subject->{rows}};
}

# Each subject by factors that were found without it.
sub leave_one_out {
	my ($subjects, $names, $lambda) = @_;
	my %factors;
	for my $subject (@$subjects) {
		my @others = grep { $_ != $subject } @$subjects;
		$factors{$subject->{name}} = fit(\@others, $names, $lambda);
	}
	return \%factors;
}

# Does it ever reach the promotion's threshold? (Wrong, for a look-alike.)
sub is_wrong {
	my ($subject, $factors) = @_;
	my %there = (%$factors, BASE, 0);
	my $highest = max(map { log_odds($_, \%there) } @{$subject->{rows}});
	return ($highest >= PROMOTED) != $subject->{is_relay};
}

sub print_choice {
	my ($subjects, $names) = @_;
	my $none = fit($subjects, [BASE], 1);
	print "Log-loss a subject, and subjects wrong (left out of their fit):\n";
	printf "  %-18s %.3f  %s\n", 'present weights',
		sum0(map { loss_of($_, $none) } @$subjects) / @$subjects,
		join(', ', map { $_->{name} } grep { is_wrong($_, $none) } @$subjects) || '-';
	for my $lambda (0.1, 0.3, 1, 3, 10) {
		my $factors = leave_one_out($subjects, $names, $lambda);
		printf "  %-18s %.3f  %s\n", "fitted, lambda $lambda",
			sum0(map { loss_of($_, $factors->{$_->{name}}) } @$subjects) / @$subjects,
			join(', ', map { $_->{name} } grep { is_wrong($_, $factors->{$_->{name}}) }
				@$subjects) || '-';
	}
}

sub largest {
	my ($subjects, $name) = @_;
	my @weights = map { map { $_->{$name} // 0 } @{$_->{rows}} } @$subjects;
	my ($low, $high) = (min(@weights), max(@weights));
	return -$low > $high ? $low : $high;
}

sub print_weights {
	my ($subjects, $names, $factors) = @_;
	print "\nWeights at lambda $LAMBDA (largest seen; in how many subjects it spoke):\n";
	printf "  %-18s %8s %8s %8s  %s\n", 'term', 'present', 'factor', 'fitted', 'subjects';
	for my $name (grep { $_ ne BASE } @$names) {
		my $present = largest($subjects, $name);
		my $spoke = grep { grep { $_->{$name} } @{$_->{rows}} } @$subjects;
		printf "  %-18s %8.2f %8.2f %8.2f  %d%s\n", $name, $present, $factors->{$name},
			$present * $factors->{$name}, $spoke, $spoke < 3 ? ' (says little)' : '';
	}
}

sub print_calibration {
	my ($subjects, $title, $factors_of) = @_;
	print "\nCalibration of $title: rows, subjects, mean p, share that are relays\n";
	for my $bin (0 .. 4) {
		my ($weight, $sum, $relays, %names) = (0, 0, 0);
		for my $subject (@$subjects) {
			for my $row (@{$subject->{rows}}) {
				my $p = probability(log_odds($row, $factors_of->($subject)));
				next unless min(4, int($p * 5)) == $bin;
				my $share = 1 / @{$subject->{rows}};
				$weight += $share;
				$sum += $share * $p;
				$relays += $share * $subject->{is_relay};
				$names{$subject->{name}} = 1;
			}
		}
		next unless $weight > 0;
		printf "  p %.1f to %.1f: weight %5.1f, %2d subjects, %.2f, %.2f\n", $bin / 5,
			($bin + 1) / 5, $weight, scalar(keys %names), $sum / $weight,
			$relays / $weight;
	}
}

my @subjects = read_subjects();
my $relays = grep { $_->{is_relay} } @subjects;
die "fit.pl: needs recordings of relays and of look-alikes in $OUT/recordings; next: "
	. "RECORD=1\n" unless $relays and $relays < @subjects;
my %seen = map { map { %$_ } @{$_->{rows}} } @subjects;
my @names = sort grep { $_ ne 'prior' } keys %seen;
printf "%d subjects for tuning, %d of them relays, %d rows\n\n", scalar @subjects, $relays,
	sum0(map { scalar @{$_->{rows}} } @subjects);
print_choice(\@subjects, \@names);
print_weights(\@subjects, \@names, fit(\@subjects, \@names, $LAMBDA));
my $left_out = leave_one_out(\@subjects, \@names, $LAMBDA);
my $present = fit(\@subjects, [BASE], 1);
print_calibration(\@subjects, 'present weights', sub { $present });
print_calibration(\@subjects, "fitted weights, subjects left out",
	sub { $left_out->{$_[0]{name}} });

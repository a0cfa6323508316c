/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_rate(const char *text, uint64_t expected)
{
	uint64_t rate = 42;

	if (rate_parse(text, &rate) != 0)
		fail_msg("%s is refused", text);
	assert_int_equal(rate, expected);
}

static void assert_no_rate(const char *text, int error)
{
	uint64_t rate = 42;

	assert_int_equal(rate_parse(text, &rate), error);
	assert_int_equal(rate, 42); /* untouched */
}

static void rates_in_bits_become_bytes_per_second(void **state)
{
	(void)state;
	assert_rate("100bit", 12);
	assert_rate("256kbit", 32000);
	assert_rate("2mbit", 250000);
	assert_rate("1gbit", 125000000);
	assert_rate("2Mbit/s", 250000);
	assert_rate("2 mbit", 250000);
	assert_rate("2mbitps", 250000);
	assert_rate("8Kibit", 1024);
	assert_rate("100MBit", 12500000);
}

static void rates_in_bytes_need_per_second(void **state)
{
	(void)state;
	assert_rate("1MB/s", 1000000);
	assert_rate("64kB/s", 64000);
	assert_rate("64KiB/s", 65536);
	assert_rate("64kBps", 64000);
	assert_rate("5B/s", 5);
	assert_no_rate("1MB", -EINVAL);
}

static void one_fraction_is_allowed(void **state)
{
	(void)state;
	assert_rate("1.5mbit", 187500);
	assert_rate("0.008kbit", 1);
	assert_rate("0.000000008gbit", 1);
	assert_no_rate("1.5.5mbit", -EINVAL);
	assert_no_rate(".5mbit", -EINVAL);
	assert_no_rate("1.mbit", -EINVAL);
	assert_no_rate("0.0000000001gbit", -EINVAL);
}

static void a_rate_without_unit_is_refused(void **state)
{
	(void)state;
	assert_no_rate("1000", -EINVAL);
	assert_no_rate("1000k", -EINVAL);
	assert_no_rate("", -EINVAL);
	assert_no_rate("mbit", -EINVAL);
}

static void an_ambiguous_b_is_refused(void **state)
{
	(void)state;
	assert_no_rate("2mb", -EINVAL);
	assert_no_rate("2mb/s", -EINVAL);
	assert_no_rate("2b", -EINVAL);
}

static void what_follows_a_unit_is_refused(void **state)
{
	(void)state;
	assert_no_rate("2mbits", -EINVAL);
	assert_no_rate("2mbit/h", -EINVAL);
	assert_no_rate("2mbit x", -EINVAL);
	assert_no_rate("2mmbit", -EINVAL);
	assert_no_rate("-2mbit", -EINVAL);
	assert_no_rate("+2mbit", -EINVAL);
	assert_no_rate("0x2mbit", -EINVAL);
	assert_no_rate("2e3mbit", -EINVAL);
}

static void a_rate_below_one_byte_or_too_large_is_out_of_range(void **state)
{
	(void)state;
	assert_no_rate("0mbit", -ERANGE);
	assert_no_rate("7bit", -ERANGE);
	assert_rate("8bit", 1);
	assert_rate("18446744073709551615B/s", UINT64_MAX);
	assert_no_rate("18446744073709551616B/s", -ERANGE);
	assert_no_rate("99999999999999999999gbit", -ERANGE);
	assert_no_rate("18446744073709551615gbit", -ERANGE);
	assert_no_rate("18446744073709551.999kB/s", -ERANGE);
}

static void sizes_are_read(void **state)
{
	uint64_t size = 42;

	(void)state;
	assert_int_equal(size_parse("20GB", &size), 0);
	assert_int_equal(size, 20000000000);
	assert_int_equal(size_parse("512MiB", &size), 0);
	assert_int_equal(size, 536870912);
	assert_int_equal(size_parse("1000", &size), 0);
	assert_int_equal(size, 1000);
	assert_int_equal(size_parse("0", &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(size_parse("1.5kB", &size), 0);
	assert_int_equal(size, 1500);
	assert_int_equal(size_parse("1.5", &size), -EINVAL);
	assert_int_equal(size_parse("20Gb", &size), -EINVAL);
	assert_int_equal(size_parse("20G", &size), -EINVAL);
	assert_int_equal(size_parse("20gbit", &size), -EINVAL);
	assert_int_equal(size_parse("18446744073709551616", &size), -ERANGE);
	assert_int_equal(size, 1500);
}

static void durations_are_read(void **state)
{
	uint64_t seconds = 42;

	(void)state;
	assert_int_equal(duration_parse("90s", &seconds), 0);
	assert_int_equal(seconds, 90);
	assert_int_equal(duration_parse("10m", &seconds), 0);
	assert_int_equal(seconds, 600);
	assert_int_equal(duration_parse("1.5h", &seconds), 0);
	assert_int_equal(seconds, 5400);
	assert_int_equal(duration_parse("1d", &seconds), 0);
	assert_int_equal(seconds, 86400);
	assert_int_equal(duration_parse("10", &seconds), -EINVAL);
	assert_int_equal(duration_parse("10min", &seconds), -EINVAL);
	assert_int_equal(duration_parse("10M", &seconds), -EINVAL);
	assert_int_equal(duration_parse("300000000000000000d", &seconds), -ERANGE);
	assert_int_equal(seconds, 86400);
}

static void rates_and_sizes_are_written_with_three_digits(void **state)
{
	char buf[UNITS_STRLEN];

	(void)state;
	assert_string_equal(rate_format(11775000, buf), "94.2 Mbit/s");
	assert_string_equal(rate_format(0, buf), "0 bit/s");
	assert_string_equal(rate_format(1, buf), "8 bit/s");
	assert_string_equal(rate_format(125, buf), "1 kbit/s");
	assert_string_equal(rate_format(UINT64_MAX, buf), "148 Ebit/s");
	assert_string_equal(size_format(1300000000, buf), "1.3 GB");
	assert_string_equal(size_format(999, buf), "999 B");
	assert_string_equal(size_format(999499, buf), "999 kB");
	assert_string_equal(size_format(999500, buf), "1 MB"); /* not 1e+03 kB */
	assert_string_equal(size_format(UINT64_MAX, buf), "18.4 EB");
}

static void durations_are_written_in_two_units(void **state)
{
	char buf[UNITS_STRLEN];

	(void)state;
	assert_string_equal(duration_format(0, buf), "0s");
	assert_string_equal(duration_format(59, buf), "59s");
	assert_string_equal(duration_format(60, buf), "1m");
	assert_string_equal(duration_format(200, buf), "3m 20s");
	assert_string_equal(duration_format(7500, buf), "2h 5m");
	assert_string_equal(duration_format(7201, buf), "2h");
	assert_string_equal(duration_format(90000, buf), "1d 1h");
	assert_string_equal(duration_format(UINT64_MAX, buf), "213503982334601d 7h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_in_bits_become_bytes_per_second),
		cmocka_unit_test(rates_in_bytes_need_per_second),
		cmocka_unit_test(one_fraction_is_allowed),
		cmocka_unit_test(a_rate_without_unit_is_refused),
		cmocka_unit_test(an_ambiguous_b_is_refused),
		cmocka_unit_test(what_follows_a_unit_is_refused),
		cmocka_unit_test(a_rate_below_one_byte_or_too_large_is_out_of_range),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(rates_and_sizes_are_written_with_three_digits),
		cmocka_unit_test(durations_are_written_in_two_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/units.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FRACTION_DIGITS_MAX 9

/* "1.5": whole 1, fraction 5, fraction_scale 10. */
struct number {
	uint64_t whole, fraction, fraction_scale;
};

static int parse_digits(const char **cursor, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *s = *cursor;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	for (; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return -ERANGE;
	*cursor = s;
	*ret_value = value;
	return 0;
}

/* The number at the start of `text`; *ret_unit is what follows it, blanks skipped. */
static int parse_number(const char *text, struct number *ret_number,
			const char **ret_unit)
{
	struct number n = {.fraction_scale = 1};
	const char *digits;
	int r;

	r = parse_digits(&text, &n.whole);
	if (r < 0)
		return r;
	if (*text == '.') {
		digits = ++text;
		r = parse_digits(&text, &n.fraction);
		if (r < 0 || text - digits > FRACTION_DIGITS_MAX)
			return -EINVAL;
		for (; digits < text; digits++)
			n.fraction_scale *= 10;
	}
	while (*text == ' ' || *text == '\t')
		text++;
	*ret_number = n;
	*ret_unit = text;
	return 0;
}

/* number * factor, rounded down; `factor` is at most 2^30, so the fraction fits. */
static int scale(const struct number *n, uint64_t factor, uint64_t *ret_value)
{
	uint64_t value;

	if (__builtin_mul_overflow(n->whole, factor, &value) ||
	    __builtin_add_overflow(value, n->fraction * factor / n->fraction_scale,
				   &value))
		return -ERANGE;
	*ret_value = value;
	return 0;
}

/* Takes "k", "M", "Gi", ... from the unit; 1 where there is none. */
static uint64_t take_prefix(const char **unit)
{
	static const char letters[] = "kmg";
	const char *s = *unit, *at;
	uint64_t factor = 1;
	bool is_binary;

	at = *s ? strchr(letters, tolower((unsigned char)*s)) : NULL;
	if (!at)
		return 1;
	is_binary = tolower((unsigned char)s[1]) == 'i';
	for (int i = 0; i <= at - letters; i++)
		factor *= is_binary ? 1024 : 1000;
	*unit = s + (is_binary ? 2 : 1);
	return factor;
}

static bool is_per_second(const char *suffix)
{
	return strcmp(suffix, "/s") == 0 || strcmp(suffix, "ps") == 0;
}

/* Bits or bytes per second: "bit", "bit/s", "bitps", "B/s", "Bps". */
static int parse_rate_unit(const char *unit, bool *ret_bits)
{
	if (strncasecmp(unit, "bit", 3) == 0 && (!unit[3] || is_per_second(unit + 3)))
		*ret_bits = true;
	else if (unit[0] == 'B' && is_per_second(unit + 1))
		*ret_bits = false;
	else
		return -EINVAL;
	return 0;
}

int rate_parse(const char *text, uint64_t *ret_bytes_per_second)
{
	struct number n;
	uint64_t factor, rate;
	const char *unit;
	bool is_bits;
	int r;

	r = parse_number(text, &n, &unit);
	if (r < 0)
		return r;
	factor = take_prefix(&unit);
	r = parse_rate_unit(unit, &is_bits);
	if (r < 0)
		return r;
	r = scale(&n, factor, &rate);
	if (r < 0)
		return r;
	if (is_bits)
		rate /= 8;
	if (rate == 0)
		return -ERANGE;
	*ret_bytes_per_second = rate;
	return 0;
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	struct number n;
	const char *unit;
	uint64_t factor;
	int r;

	r = parse_number(text, &n, &unit);
	if (r < 0)
		return r;
	if (!*unit)
		return n.fraction ? -EINVAL : scale(&n, 1, ret_bytes);
	factor = take_prefix(&unit);
	if (strcmp(unit, "B") != 0)
		return -EINVAL;
	return scale(&n, factor, ret_bytes);
}

int duration_parse(const char *text, uint64_t *ret_seconds)
{
	struct number n;
	const char *unit;
	uint64_t factor;
	int r;

	r = parse_number(text, &n, &unit);
	if (r < 0)
		return r;
	if (strcmp(unit, "s") == 0)
		factor = 1;
	else if (strcmp(unit, "m") == 0)
		factor = 60;
	else if (strcmp(unit, "h") == 0)
		factor = 3600;
	else if (strcmp(unit, "d") == 0)
		factor = 86400;
	else
		return -EINVAL;
	return scale(&n, factor, ret_seconds);
}

/* Three significant digits with the prefix that fits: 94.2 M, 1.3 G, 800. */
static const char *format_scaled(double value, const char *unit, char *buf)
{
	static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
	size_t i = 0;

	/* 999.6 would round to 1000 and print as 1e+03. */
	while (value >= 999.5 && i + 1 < sizeof(prefixes) / sizeof(*prefixes)) {
		value /= 1000;
		i++;
	}
	snprintf(buf, UNITS_STRLEN, "%.3g %s%s", value, prefixes[i], unit);
	return buf;
}

const char *rate_format(uint64_t bytes_per_second, char buf[static UNITS_STRLEN])
{
	return format_scaled((double)bytes_per_second * 8, "bit/s", buf);
}

const char *size_format(uint64_t bytes, char buf[static UNITS_STRLEN])
{
	return format_scaled((double)bytes, "B", buf);
}

const char *duration_format(uint64_t seconds, char buf[static UNITS_STRLEN])
{
	static const struct {
		uint64_t seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	uint64_t rest;
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	rest = seconds % units[i].seconds;
	if (i < 3 && rest / units[i + 1].seconds)
		snprintf(buf, UNITS_STRLEN, "%llu%c %llu%c",
			 (unsigned long long)(seconds / units[i].seconds),
			 units[i].letter,
			 (unsigned long long)(rest / units[i + 1].seconds),
			 units[i + 1].letter);
	else
		snprintf(buf, UNITS_STRLEN, "%llu%c",
			 (unsigned long long)(seconds / units[i].seconds),
			 units[i].letter);
	return buf;
}

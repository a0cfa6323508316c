/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rates, sizes and durations: text as people write it, integers as the program keeps
 * it. Rates are bytes per second, sizes bytes, durations seconds. Pure.
 *
 * Accepted: rates in bits ("256kbit", "2mbit", "1gbit", "100bit", also with "/s" or
 * "ps") and in bytes ("1MB/s", "64kB/s"); sizes "20GB", "512MiB", "1000" ; durations
 * "90s", "10m", "2h", "1d". k, M, G are powers of ten, Ki, Mi, Gi powers of two; case
 * of the prefix does not matter, "b" alone is refused because it is ambiguous. One
 * fraction is allowed ("1.5mbit").
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define UNITS_STRLEN 32
#define SECOND_NS UINT64_C(1000000000)

/* 0; -EINVAL on syntax or unit; -ERANGE on overflow or a rate that rounds to zero. */
int rate_parse(const char *text, uint64_t *ret_bytes_per_second);
int size_parse(const char *text, uint64_t *ret_bytes);
int duration_parse(const char *text, uint64_t *ret_seconds);

/* "94.2 Mbit/s", "1.3 GB", "2h 5m": for people, three significant digits. */
const char *rate_format(uint64_t bytes_per_second, char buf[static UNITS_STRLEN]);
const char *size_format(uint64_t bytes, char buf[static UNITS_STRLEN]);
const char *duration_format(uint64_t seconds, char buf[static UNITS_STRLEN]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uthash as this project uses it. Out of memory leaves the element out (its hh.tbl is
 * NULL) instead of ending the process. And the hash is keyed: strangers choose
 * addresses and ports, and must not be able to choose which ones collide. Include this,
 * never <uthash.h>.
 *
 * Source: Aumasson and Bernstein, SipHash: a fast short-input PRF (2012), SipHash-2-4.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Before the first table is made; without it the key is zero, as tests and replay like
 * it. No order of anything depends on it: uthash walks in order of insertion. */
void hash_set_key(uint64_t k0, uint64_t k1);

uint64_t hash_siphash(uint64_t k0, uint64_t k1, const void *data, size_t length);
unsigned int hash_keyed(const void *data, size_t length);

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(data, length, value)                                             \
	((value) = hash_keyed((data), (size_t)(length)))
#include <uthash.h>

#endif

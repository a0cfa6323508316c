/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"
#include <endian.h>
#include <string.h>

static uint64_t key0, key1;

void hash_set_key(uint64_t k0, uint64_t k1)
{
	key0 = k0;
	key1 = k1;
}

static inline uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline __attribute__((always_inline)) void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static inline __attribute__((always_inline)) void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t hash_siphash(uint64_t k0, uint64_t k1, const void *data, size_t length)
{
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
			 k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
	const uint8_t *bytes = data;
	uint64_t word;
	size_t done;

	for (done = 0; done + 8 <= length; done += 8) {
		memcpy(&word, bytes + done, 8);
		sip_word(v, le64toh(word));
	}
	word = (uint64_t)length << 56;
	for (size_t i = 0; done + i < length; i++)
		word |= (uint64_t)bytes[done + i] << (8 * i);
	sip_word(v, word);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

unsigned int hash_keyed(const void *data, size_t length)
{
	return (unsigned int)hash_siphash(key0, key1, data, length);
}

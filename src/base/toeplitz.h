/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/toeplitz: the hash by which NICs spread packets over their queues (RSS):
 * for each bit that is set in the input, 32 bits of the key from there on are
 * xored. So it is linear, hash(a ^ b) = hash(a) ^ hash(b), and a table for each
 * byte's place makes it one load a byte. It is no secret's guard: only its key
 * is random, and keys are made so that each 16-bit word of the input alone
 * spreads evenly over the low bits, which is what RSS uses.
 */
#ifndef BASE_TOEPLITZ_H
#define BASE_TOEPLITZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define TOEPLITZ_INPUT     36 /* bytes: two IPv6 addresses and two ports */
#define TOEPLITZ_KEY       (TOEPLITZ_INPUT + 4)
#define TOEPLITZ_EVEN_BITS 9 /* low bits of the hash over which a good key spreads evenly */

struct toeplitz {
	uint32_t of[TOEPLITZ_INPUT][256]; /* a byte's share of the hash, by its place */
};

void toeplitz_init(struct toeplitz *toeplitz, const uint8_t key[TOEPLITZ_KEY]);

/* A key of len bytes, TOEPLITZ_KEY or more, that spreads evenly; the same seed makes the same. */
void toeplitz_key_make(const struct hash_key *seed, uint8_t *key, size_t len);

/*
 * Of each 16-bit word of the input, the bits 1 to 12 (numbers of ports and hosts run there; some
 * clients use even ports only) lead to all values of the low TOEPLITZ_EVEN_BITS, equally often.
 */
bool toeplitz_key_even(const uint8_t key[TOEPLITZ_KEY]);

/* The share of len bytes that stand at `place` of the input; shares are joined by xor. */
static inline uint32_t toeplitz_of(const struct toeplitz *toeplitz, unsigned int place,
				   const void *data, unsigned int len)
{
	const uint8_t *bytes = data;
	uint32_t hash = 0;

	for (unsigned int i = 0; i < len; i++)
		hash ^= toeplitz->of[place + i][bytes[i]];
	return hash;
}

#endif

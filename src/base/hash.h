/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/hash: keyed hashes. Whoever does not know the key cannot choose inputs
 * that collide. siphash (SipHash-2-4) is for anything; hash_words is the fast
 * one for the few words of a tuple: folded 64x64→128 multiplications, each
 * word xored with secret first.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k[4];
};

/* From the kernel's random source; 0 or -errno. */
int hash_key_random(struct hash_key *key);

uint64_t siphash(const struct hash_key *key, const void *data, size_t len);
/* SipHash-1-3, of one number as four little-endian bytes. */
uint64_t siphash13_u32(const struct hash_key *key, uint32_t number);

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Two words; the key's words are odd-ish random, see hash_key_random(). */
static inline uint64_t hash_words(const struct hash_key *key, uint64_t a, uint64_t b)
{
	uint64_t h = hash_fold(a ^ key->k[0], b ^ key->k[1]);

	return hash_fold(h ^ key->k[2], key->k[3]);
}

static inline uint64_t hash_more(const struct hash_key *key, uint64_t h, uint64_t a, uint64_t b)
{
	return hash_words(key, h ^ a, b);
}

#endif

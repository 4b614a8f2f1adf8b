/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/hash: SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input
 * PRF") and the making of keys. siphash uses the first two words of a key,
 * hash_words all four; what siphash gives away tells nothing of the key. The inputs are read as
 * little-endian words, so that a hash is the same on every machine.
 */
#include "base/hash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

int hash_key_random(struct hash_key *key)
{
	struct hash_key fresh;
	size_t have = 0;

	while (have < sizeof(fresh)) {
		ssize_t n = getrandom((char *)&fresh + have, sizeof(fresh) - have, 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			have += (size_t)n;
	}
	/* The last word is a bare multiplier in hash_words(): never 0, never even. */
	fresh.k[3] |= 1;
	*key = fresh;
	return 0;
}

static inline uint64_t rotate_left(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate_left(v[1], 13) ^ v[0];
	v[0] = rotate_left(v[0], 32);
	v[2] += v[3];
	v[3] = rotate_left(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate_left(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate_left(v[1], 17) ^ v[2];
	v[2] = rotate_left(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

static inline void sip_start(uint64_t v[4], const struct hash_key *key)
{
	v[0] = key->k[0] ^ 0x736f6d6570736575u; /* "somepseudorandomlygeneratedbytes" */
	v[1] = key->k[1] ^ 0x646f72616e646f6du;
	v[2] = key->k[0] ^ 0x6c7967656e657261u;
	v[3] = key->k[1] ^ 0x7465646279746573u;
}

static inline uint64_t sip_end(uint64_t v[4], int rounds)
{
	v[2] ^= 0xff;
	for (int i = 0; i < rounds; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t siphash13_u32(const struct hash_key *key, uint32_t number)
{
	uint64_t word = number | (uint64_t)sizeof(number) << 56;
	uint64_t v[4];

	sip_start(v, key);
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	return sip_end(v, 3);
}

uint64_t siphash(const struct hash_key *key, const void *data, size_t len)
{
	uint64_t v[4];
	const unsigned char *p = data;
	uint64_t word = 0;
	size_t left = len;

	sip_start(v, key);
	for (; left >= sizeof(word); left -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sip_word(v, le64toh(word));
	}
	word = 0;
	if (left)
		memcpy(&word, p, left);
	sip_word(v, le64toh(word) | (uint64_t)len << 56);
	return sip_end(v, 4);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/prng: random numbers of a fixed seed (splitmix64), so that a randomised
 * test does the same every time. For tests only.
 */
#ifndef TEST_LIB_PRNG_H
#define TEST_LIB_PRNG_H

#include <stdint.h>

struct prng {
	uint64_t state;
};

static inline uint64_t prng_next(struct prng *prng)
{
	uint64_t z = prng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 … n - 1 */
static inline uint32_t prng_below(struct prng *prng, uint32_t n)
{
	return (uint32_t)((prng_next(prng) >> 32) * n >> 32);
}

static inline void prng_fill(struct prng *prng, void *data, size_t len)
{
	for (unsigned char *p = data; len > 0; len--)
		*p++ = (unsigned char)prng_next(prng);
}

#endif

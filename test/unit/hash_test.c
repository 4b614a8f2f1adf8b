/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hashes: SipHash by the vectors of its reference (key 00 … 0f, input 00 …
 * n-1); hash_words by what the tables need of it: every input bit and every
 * key word matters, and neighbouring inputs spread evenly.
 */
#include <string.h>

#include "base/hash.h"
#include "lib/prng.h"
#include "lib/unit.h"

static void siphash_vectors(void **state)
{
	static const struct {
		size_t len;
		uint64_t want;
	} cases[] = {
		{ 0, 0x726fdb47dd0e0e31 },  { 1, 0x74f839c593dc67fd }, { 2, 0x0d6c8009d9a94f5a },
		{ 3, 0x85676696d7fb7e2d },  { 7, 0xab0200f58b01d137 }, { 8, 0x93f5f5799a932462 },
		{ 15, 0xa129ca6149be45e5 },
	};
	unsigned char data[17];
	struct hash_key key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908, 1, 1 } };

	/* Not aligned: the input may lie anywhere. */
	for (unsigned int i = 0; i < 16; i++)
		data[i + 1] = (unsigned char)i;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(siphash(&key, data + 1, cases[i].len), cases[i].want);
}

static void random_keys(void **state)
{
	struct hash_key a = { { 0, 0, 0, 0 } }, b = a;

	assert_int_equal(hash_key_random(&a), 0);
	assert_int_equal(hash_key_random(&b), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_not_equal(a.k[i], b.k[i]);
	assert_int_equal(a.k[3] & b.k[3] & 1, 1);
}

/* One bit of the input turns about half of the bits of the hash, over many inputs and keys. */
static void words_avalanche(void **state)
{
	struct prng prng = { 1 };

	for (unsigned int bit = 0; bit < 128; bit++) {
		unsigned int turned = 0;

		for (unsigned int i = 0; i < 200; i++) {
			uint64_t in[2] = { prng_next(&prng), prng_next(&prng) }, h;
			struct hash_key key;

			prng_fill(&prng, &key, sizeof(key));
			key.k[3] |= 1;
			h = hash_words(&key, in[0], in[1]);
			in[bit / 64] ^= 1ull << bit % 64;
			turned += (unsigned int)__builtin_popcountll(
				h ^ hash_words(&key, in[0], in[1]));
		}
		assert_in_range(turned, 200 * 28, 200 * 36);
	}
}

/* Inputs that count up fall evenly into buckets by the top bits and by the low ones (tags). */
static void words_spread(void **state)
{
	enum { BUCKETS = 256, EACH = 400 };
	struct prng prng = { 2 };

	for (unsigned int round = 0; round < 8; round++) {
		unsigned int high[BUCKETS] = { 0 }, low[BUCKETS] = { 0 };
		struct hash_key key;

		prng_fill(&prng, &key, sizeof(key));
		key.k[3] |= 1;
		for (uint64_t i = 0; i < BUCKETS * EACH; i++) {
			/* a client's address counts up, or a port in the upper half of a word */
			uint64_t h = round & 1 ? hash_words(&key, 0x0a000001c0000201 + i, 80)
					       : hash_words(&key, 0x0a000001c0000201, i << 32);

			high[h >> 56]++;
			low[h % BUCKETS]++;
		}
		for (unsigned int i = 0; i < BUCKETS; i++) {
			/* six standard deviations of a fair spread */
			assert_in_range(high[i], EACH - 120, EACH + 120);
			assert_in_range(low[i], EACH - 120, EACH + 120);
		}
	}
}

static void words_keyed(void **state)
{
	struct hash_key key = { { 11, 22, 33, 45 } };
	uint64_t h = hash_words(&key, 1, 2);

	for (unsigned int i = 0; i < 4; i++) {
		struct hash_key other = key;

		other.k[i] += 2;
		assert_int_not_equal(hash_words(&other, 1, 2), h);
	}
	assert_int_not_equal(hash_words(&key, 2, 1), h);
	assert_int_not_equal(hash_more(&key, h, 1, 2), h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_vectors), cmocka_unit_test(random_keys),
		cmocka_unit_test(words_avalanche), cmocka_unit_test(words_spread),
		cmocka_unit_test(words_keyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

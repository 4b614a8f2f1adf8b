/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/toeplitz: see toeplitz.h. Whether a key spreads a word of the input
 * evenly is a question of linear algebra: the shares of the word's bits, cut to
 * the low bits of the hash, must span all of them. About one random key in
 * three does that for all words, so keys are drawn until one does.
 */
#include "base/toeplitz.h"

#include <string.h>

#define DRAWS_MAX 100000

/* 32 bits of the key from bit `at` on, the key's first bit being bit 0. */
static uint32_t key_window(const uint8_t *key, unsigned int at)
{
	uint64_t five = 0;

	for (unsigned int i = 0; i < 5 && at / 8 + i < TOEPLITZ_KEY; i++)
		five |= (uint64_t)key[at / 8 + i] << (32 - 8 * i);
	return (uint32_t)(five >> (8 - at % 8));
}

void toeplitz_init(struct toeplitz *toeplitz, const uint8_t key[TOEPLITZ_KEY])
{
	for (unsigned int place = 0; place < TOEPLITZ_INPUT; place++) {
		uint32_t *of = toeplitz->of[place];

		of[0] = 0;
		for (unsigned int bit = 0; bit < 8; bit++)
			of[0x80u >> bit] = key_window(key, 8 * place + bit);
		for (unsigned int byte = 1; byte < 256; byte++)
			of[byte] = of[byte & (byte - 1)] ^ of[byte & -byte];
	}
}

/* Do the windows at bits first … last span the low TOEPLITZ_EVEN_BITS? */
static bool windows_span(const uint8_t *key, unsigned int first, unsigned int last)
{
	uint32_t basis[TOEPLITZ_EVEN_BITS] = { 0 }; /* the i-th has bit i as its highest, or is 0 */
	unsigned int rank = 0;

	for (unsigned int at = first; at <= last; at++) {
		uint32_t v = key_window(key, at) & ((1u << TOEPLITZ_EVEN_BITS) - 1);

		while (v) {
			unsigned int high = 31 - (unsigned int)__builtin_clz(v);

			if (basis[high] == 0) {
				basis[high] = v;
				rank++;
				break;
			}
			v ^= basis[high];
		}
	}
	return rank == TOEPLITZ_EVEN_BITS;
}

bool toeplitz_key_even(const uint8_t key[TOEPLITZ_KEY])
{
	/* a word's bit of weight 2^k stands 15 - k behind its first */
	for (unsigned int word = 0; word < TOEPLITZ_INPUT * 8; word += 16)
		if (!windows_span(key, word + 15 - 12, word + 15 - 1))
			return false;
	return true;
}

void toeplitz_key_make(const struct hash_key *seed, uint8_t *key, size_t len)
{
	for (uint64_t draw = 0; draw < DRAWS_MAX; draw++) {
		for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
			const uint64_t what[2] = { draw, at };
			uint64_t bits = siphash(seed, what, sizeof(what));
			size_t left = len - at;

			memcpy(key + at, &bits, left < sizeof(bits) ? left : sizeof(bits));
		}
		if (toeplitz_key_even(key))
			return;
	}
}

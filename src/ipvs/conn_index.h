/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn_index: from a tuple's hash to the connection that has it. Buckets
 * of one cache line hold ten 16-bit tags and ten 32-bit references; a hash
 * leads to a first bucket, a tag, and by bucket and tag to a second bucket.
 * The index knows neither tuples nor connections: who looks up compares the
 * tuple of each reference whose tag matches. conn.c's alone.
 *
 * A bucket counts how many of those that belong into it first lie in their
 * second bucket (`overflow`): while that is 0, a miss reads one line only.
 */
#ifndef IPVS_CONN_INDEX_H
#define IPVS_CONN_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/region.h"

#define CONN_BUCKET_SLOTS 10

struct conn_bucket {
	uint16_t tag[CONN_BUCKET_SLOTS]; /* means something where ref is not 0 */
	uint16_t second;                 /* slots whose entry is in its second bucket, a bit each */
	uint16_t overflow;
	uint32_t ref[CONN_BUCKET_SLOTS]; /* 0: empty */
};
_Static_assert(sizeof(struct conn_bucket) == 64, "a bucket is one line");

struct conn_index {
	struct conn_bucket *buckets;
	uint32_t count;
	struct region region;
};

/* Room for `entries` references at two thirds of its capacity. 0 or -errno. */
int conn_index_create(struct conn_index *index, uint32_t entries, int socket);
void conn_index_destroy(struct conn_index *index);

/* ref is not 0 and not in the index. false: no place within the bounded search; nothing changed. */
bool conn_index_insert(struct conn_index *index, uint64_t hash, uint32_t ref);

/* ref was inserted with this hash. */
void conn_index_remove(struct conn_index *index, uint64_t hash, uint32_t ref);

static inline uint32_t conn_index_first(const struct conn_index *index, uint64_t hash)
{
	return (uint32_t)(((hash >> 32) * index->count) >> 32);
}

static inline uint16_t conn_index_tag(uint64_t hash)
{
	return (uint16_t)hash;
}

/* The other one of the two buckets that an entry with this tag can be in. */
static inline uint32_t conn_index_other(const struct conn_index *index, uint32_t bucket,
					uint16_t tag)
{
	/* Both buckets' numbers add up to a number made of the tag, modulo count. */
	uint32_t sum = (uint32_t)(((uint64_t)(tag * 0x9e3779b1u) * index->count) >> 32);

	return sum >= bucket ? sum - bucket : sum + index->count - bucket;
}

/* Slots whose tag is this one, a bit each; their ref may be 0. */
static inline unsigned int conn_bucket_match(const struct conn_bucket *bucket, uint16_t tag)
{
#ifdef __SSE2__
	const __m128i *words = (const __m128i *)bucket;
	__m128i want = _mm_set1_epi16((short)tag);
	__m128i low = _mm_cmpeq_epi16(_mm_load_si128(words), want);
	__m128i high = _mm_cmpeq_epi16(_mm_load_si128(words + 1), want);

	return (unsigned int)_mm_movemask_epi8(_mm_packs_epi16(low, high)) &
	       ((1u << CONN_BUCKET_SLOTS) - 1);
#else
	unsigned int match = 0;

	for (unsigned int i = 0; i < CONN_BUCKET_SLOTS; i++)
		match |= (unsigned int)(bucket->tag[i] == tag) << i;
	return match;
#endif
}

#endif

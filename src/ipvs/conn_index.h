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
 *
 * The number of buckets follows the number of entries, between `base` and
 * `max`, base × 2^n: few connections lie close together in a table made
 * for many. It grows as a linear hash does, one bucket at a time, each split
 * into itself and one `half` further on. Bits of the tag lead on from one of
 * the first `base` buckets, the home, so a split reads no connection. Buckets' numbers hold until
 * the index is changed.
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
#define CONN_INDEX_VISITS 128 /* buckets that the search for a chain looks at, at most */

struct conn_bucket {
	uint16_t tag[CONN_BUCKET_SLOTS]; /* means something where ref is not 0 */
	uint16_t second;                 /* slots whose entry is in its second bucket, a bit each */
	uint16_t overflow;
	uint32_t ref[CONN_BUCKET_SLOTS]; /* 0: empty */
};
_Static_assert(sizeof(struct conn_bucket) == 64, "a bucket is one line");

struct conn_index {
	struct conn_bucket *buckets;
	uint32_t base; /* a multiple of CONN_INDEX_WINDOW */
	uint32_t count; /* in use: half ≤ count < 2 × half; those below count - half have been split
			 */
	uint32_t half; /* base << n */
	uint32_t mask; /* of the n + 1 bits of a tag that lead on */
	uint32_t max;
	uint32_t entries;
	uint32_t most_visits; /* that an insert's search has needed so far */
	struct region region;
};

/* Room for `entries` references at five ninths of its capacity. 0 or -errno. */
int conn_index_create(struct conn_index *index, uint32_t entries, int socket);
void conn_index_destroy(struct conn_index *index);

/* ref is not 0 and not in the index. false: no place within the bounded search; what is in it
 * stays. */
bool conn_index_insert(struct conn_index *index, uint64_t hash, uint32_t ref);

/* ref was inserted with this hash. */
void conn_index_remove(struct conn_index *index, uint64_t hash, uint32_t ref);

/* For now and then: gives back buckets that are hardly used, at most so many. An index that fills
 * and empties within seconds stays as it is. */
void conn_index_shrink(struct conn_index *index, uint32_t most);

/* Buckets when so many more entries have come. Any thread may ask. */
uint32_t conn_index_ahead(const struct conn_index *index, uint32_t more);

static inline uint16_t conn_index_tag(uint64_t hash)
{
	return (uint16_t)hash;
}

static inline uint32_t conn_index_at(const struct conn_index *index, uint32_t home, uint16_t tag)
{
	uint32_t at = home + index->base * (tag & index->mask);

	/* no branch: while it stands at `half`, one in two is beyond */
	return at - (index->half & (0 - (uint32_t)(at >= index->count)));
}

static inline uint32_t conn_index_first(const struct conn_index *index, uint64_t hash)
{
	uint32_t home = (uint32_t)(((hash >> 32) * index->base) >> 32);

	return conn_index_at(index, home, conn_index_tag(hash));
}

/* Both homes of an entry lie in one window of so many homes, of windows that begin at multiples of
 * its size or half of it further on, as the tag says. */
#define CONN_INDEX_WINDOW 64u /* a page of memory */
#define CONN_INDEX_GROWTH 6   /* bits of the tag, at most, that are of the bucket */

/* Of an entry with this tag in this bucket. */
static inline uint32_t conn_index_home(const struct conn_index *index, uint32_t bucket,
				       uint16_t tag)
{
	uint32_t home = bucket - index->base * (tag & index->mask);

	return home < index->base ? home : home + index->half;
}

static inline uint32_t conn_index_other_home(const struct conn_index *index, uint32_t home,
					     uint16_t tag)
{
	uint32_t bits = tag >> CONN_INDEX_GROWTH;
	uint32_t from = bits & 1 ? CONN_INDEX_WINDOW / 2 : 0;
	uint32_t other = ((home + from) ^ (1 + bits % (CONN_INDEX_WINDOW - 1))) - from;

	/* a window may reach over the end, or over the beginning, where it is below 0 */
	if (other >= index->base)
		other += other <= index->base + CONN_INDEX_WINDOW ? -index->base : index->base;
	return other;
}

/* The other one of the two buckets that an entry with this tag can be in. */
static inline uint32_t conn_index_other(const struct conn_index *index, uint32_t bucket,
					uint16_t tag)
{
	uint32_t home = conn_index_home(index, bucket, tag);

	return conn_index_at(index, conn_index_other_home(index, home, tag), tag);
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

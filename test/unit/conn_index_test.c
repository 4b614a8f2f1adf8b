/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connections' index alone: filled until an insert is refused, and emptied
 * again. It must hold far more than it promises, find everything meanwhile,
 * refuse without a trace, and be clean when empty.
 */
#include <stdlib.h>
#include <string.h>

#include "ipvs/conn_index.h"
#include "lib/prng.h"
#include "lib/unit.h"

/* How often ref is found by this hash in the way a lookup goes: second bucket only on overflow. */
static unsigned int times_found(const struct conn_index *index, uint64_t hash, uint32_t ref)
{
	uint32_t at = conn_index_first(index, hash);
	uint16_t tag = conn_index_tag(hash);
	unsigned int times = 0;

	for (unsigned int turn = 0; turn < 2; turn++) {
		const struct conn_bucket *bucket = &index->buckets[at];
		unsigned int match = conn_bucket_match(bucket, tag);

		for (unsigned int i = 0; i < CONN_BUCKET_SLOTS; i++)
			times += (match >> i & 1) && bucket->ref[i] == ref;
		if (bucket->overflow == 0 || at == conn_index_other(index, at, tag))
			break;
		at = conn_index_other(index, at, tag);
	}
	return times;
}

static void match_finds_tags(void **state)
{
	struct conn_bucket bucket __attribute__((aligned(64)));
	struct prng prng = { 8 };

	for (unsigned int round = 0; round < 2000; round++) {
		uint16_t tag = (uint16_t)prng_below(&prng, 4);
		unsigned int want = 0;

		/* whatever lies behind the tags must not count */
		memset(&bucket, (int)tag, sizeof(bucket));
		for (unsigned int i = 0; i < CONN_BUCKET_SLOTS; i++) {
			bucket.tag[i] = (uint16_t)prng_below(&prng, 4);
			want |= (unsigned int)(bucket.tag[i] == tag) << i;
		}
		assert_int_equal(conn_bucket_match(&bucket, tag), want);
	}
}

/* Wherever the index stands between its smallest and its largest. */
static void other_is_mutual(void **state)
{
	static const uint32_t sizes[] = { 1, 512, 10000, 1000000 };

	for (size_t s = 0; s < LENGTH(sizes); s++) {
		struct prng prng = { 9 };
		struct conn_index index;

		assert_int_equal(conn_index_create(&index, sizes[s], -1), 0);
		for (unsigned int i = 0; i < 100000; i++) {
			uint16_t tag = (uint16_t)prng_next(&prng);
			uint32_t home = prng_below(&prng, index.base), bucket, other;

			index.half = index.base;
			while (index.half < index.max && prng_below(&prng, 3))
				index.half *= 2;
			index.mask = 2 * (index.half / index.base) - 1;
			index.count = index.half;
			if (index.half < index.max)
				index.count += prng_below(&prng, index.half);
			bucket = conn_index_at(&index, home, tag);
			other = conn_index_other(&index, bucket, tag);
			assert_in_range(bucket, 0, index.count - 1);
			assert_in_range(other, 0, index.count - 1);
			assert_int_not_equal(other, bucket);
			assert_int_equal(conn_index_home(&index, bucket, tag), home);
			assert_int_equal(conn_index_other(&index, other, tag), bucket);
		}
		conn_index_destroy(&index);
	}
}

static void fill_and_empty(void **state)
{
	static const uint32_t sizes[] = { 1, 512, 10000, 100000 };
	struct prng prng = { 10 };

	for (size_t s = 0; s < LENGTH(sizes); s++) {
		struct conn_index index;
		uint32_t slots, n = 0;
		uint64_t *hashes, refused;
		struct conn_bucket *before;

		assert_int_equal(conn_index_create(&index, sizes[s], -1), 0);
		slots = index.max * CONN_BUCKET_SLOTS;
		assert_in_range(slots, sizes[s] * 9 / 5, UINT32_MAX);
		hashes = calloc(slots + 1, sizeof(*hashes));
		before = malloc(index.max * sizeof(*before));
		assert_true(hashes && before);

		for (;;) {
			bool small = sizes[s] <= 512; /* for large ones the copies take too long */

			hashes[n] = prng_next(&prng);
			if (small)
				memcpy(before, index.buckets, index.max * sizeof(*before));
			if (!conn_index_insert(&index, hashes[n], n + 1)) {
				if (small)
					assert_memory_equal(before, index.buckets,
							    index.max * sizeof(*before));
				break;
			}
			n++;
			assert_in_range(n, 0, slots);
		}
		refused = hashes[n];
		assert_in_range(n, slots * 7 / 8, slots);
		assert_int_equal(times_found(&index, refused, n + 1), 0);
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(times_found(&index, hashes[i], i + 1), 1);

		for (uint32_t i = 0; i < n; i++) {
			conn_index_remove(&index, hashes[i], i + 1);
			assert_int_equal(times_found(&index, hashes[i], i + 1), 0);
		}
		for (uint32_t b = 0; b < index.max; b++) {
			assert_int_equal(index.buckets[b].overflow, 0);
			assert_int_equal(index.buckets[b].second, 0);
			for (unsigned int i = 0; i < CONN_BUCKET_SLOTS; i++)
				assert_int_equal(index.buckets[b].ref[i], 0);
		}
		free(before);
		free(hashes);
		conn_index_destroy(&index);
	}
}

/* Small ones, each filled to the refusal: chains that come back to where they began get no entry
 * lost, and the insert that finds no place has looked at as many buckets as it may, no more. */
static void long_chains(void **state)
{
	struct prng prng = { 15 };

	for (unsigned int round = 0; round < 400; round++) {
		struct conn_index index;
		uint64_t hashes[641];
		uint32_t n = 0;

		assert_int_equal(conn_index_create(&index, 1, -1), 0);
		for (;; n++) {
			assert_in_range(n, 0, 640);
			hashes[n] = prng_next(&prng);
			if (!conn_index_insert(&index, hashes[n], n + 1))
				break;
		}
		assert_in_range(n, 600, 640);
		assert_int_equal(index.most_visits, CONN_INDEX_VISITS);
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(times_found(&index, hashes[i], i + 1), 1);
		conn_index_destroy(&index);
	}
}

/* Entries come and go at five sixths: more than the table is sized for. */
static void churn(void **state)
{
	struct prng prng = { 11 };
	struct conn_index index;
	uint64_t hashes[20000];
	uint32_t n;

	assert_int_equal(conn_index_create(&index, 8000, -1), 0);
	n = index.max * CONN_BUCKET_SLOTS * 5 / 6;
	assert_in_range(n, 8000, LENGTH(hashes));
	for (uint32_t i = 0; i < n; i++) {
		hashes[i] = prng_next(&prng);
		assert_true(conn_index_insert(&index, hashes[i], i + 1));
	}
	for (unsigned int round = 0; round < 200000; round++) {
		uint32_t i = prng_below(&prng, n), j = prng_below(&prng, n);

		conn_index_remove(&index, hashes[i], i + 1);
		hashes[i] = prng_next(&prng);
		assert_true(conn_index_insert(&index, hashes[i], i + 1));
		assert_int_equal(times_found(&index, hashes[j], j + 1), 1);
	}
	assert_in_range(index.most_visits, 1, CONN_INDEX_VISITS / 2);
	conn_index_destroy(&index);
}

/* Each bucket's overflow is what lies in second buckets of its own, no more and no less. */
static void check_overflow(const struct conn_index *index)
{
	uint32_t *want = calloc(index->max, sizeof(*want));

	assert_non_null(want);
	for (uint32_t b = 0; b < index->max; b++) {
		const struct conn_bucket *bucket = &index->buckets[b];

		for (unsigned int i = 0; i < CONN_BUCKET_SLOTS; i++) {
			assert_true(b < index->count || bucket->ref[i] == 0);
			if (bucket->second >> i & 1)
				want[conn_index_other(index, b, bucket->tag[i])]++;
		}
	}
	for (uint32_t b = 0; b < index->max; b++)
		assert_int_equal(index->buckets[b].overflow, want[b]);
	free(want);
}

static void check_all(const struct conn_index *index, const uint64_t *hashes, uint32_t n)
{
	check_overflow(index);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(times_found(index, hashes[i], i + 1), 1);
}

/*
 * It has as many buckets as its content needs, going up and down in any order; each entry is found
 * all the time; no insert splits more than two; and what it leaves is clean.
 */
static void grows_and_shrinks(void **state)
{
	enum { MOST = 200000 };
	uint64_t *hashes = calloc(MOST, sizeof(*hashes));
	static const uint32_t ways[] = { MOST, 150000, MOST, 20000, 60000, 50, 100000, 0 };
	struct prng prng = { 12 };
	struct conn_index index;
	uint32_t n = 0, small, moved = 0;

	assert_non_null(hashes);
	assert_int_equal(conn_index_create(&index, MOST, -1), 0);
	small = index.count;
	assert_int_equal(index.max, 64 * small);
	for (size_t way = 0; way < LENGTH(ways); way++) {
		uint32_t ahead = n < ways[way] ? conn_index_ahead(&index, ways[way] - n) : 0;

		if (ahead < index.count)
			ahead = index.count;
		while (n != ways[way]) {
			uint32_t before = index.count;

			if (n < ways[way]) {
				hashes[n] = prng_next(&prng);
				assert_true(conn_index_insert(&index, hashes[n], n + 1));
				n++;
				assert_in_range(index.count - before, 0, 2);
			} else {
				uint32_t i = prng_below(&prng, n--);

				/* the last one takes its place, under its number */
				conn_index_remove(&index, hashes[i], i + 1);
				assert_int_equal(index.count, before);
				conn_index_shrink(&index, 2);
				assert_in_range(before - index.count, 0, 2);
				if (i != n) {
					conn_index_remove(&index, hashes[n], n + 1);
					hashes[i] = hashes[n];
					assert_true(conn_index_insert(&index, hashes[i], i + 1));
				}
			}
			assert_int_equal(index.entries, n);
			/* in the midst of a doubling, too */
			if (n % 20000 == 0 || (index.count != before && ++moved % 4999 == 0))
				check_all(&index, hashes, n);
		}
		assert_in_range(index.count, small, ahead);
		/* five to a bucket when it doubles, one when it halves */
		assert_true(index.count >= n * 2 / 11 || index.count == index.max);
		assert_true(index.count <= n + n / 8 || index.count == small);
		check_all(&index, hashes, n);
	}
	assert_int_equal(index.count, small);
	free(hashes);
	conn_index_destroy(&index);
}

/* What two buckets hold together does not always go into one. */
static void waits_for_room(void **state)
{
	enum { FILL = 4000, CROWD = 14 };
	uint64_t hashes[FILL + CROWD];
	struct prng prng = { 13 };
	struct conn_index index;
	uint32_t small, n = 0;

	assert_int_equal(conn_index_create(&index, 200000, -1), 0);
	small = index.count;
	for (; n < FILL + CROWD; n++) {
		hashes[n] = prng_next(&prng);
		while (n < FILL && (hashes[n] >> 32) * small >> 32 >= small - 64)
			hashes[n] = prng_next(&prng);
		/* the last ones: in the last home, half of them with the tag's first bit */
		if (n >= FILL)
			hashes[n] = (hashes[n] | 0xffffffff00000001) - n % 2;
		assert_true(conn_index_insert(&index, hashes[n], n + 1));
	}
	assert_int_equal(index.count, 2 * small);
	for (uint32_t i = 0; i < FILL; i++)
		conn_index_remove(&index, hashes[i], i + 1);
	conn_index_shrink(&index, UINT32_MAX);
	assert_int_equal(index.count, 2 * small);
	check_overflow(&index);
	for (uint32_t i = FILL; i < n; i++)
		assert_int_equal(times_found(&index, hashes[i], i + 1), 1);
	while (index.count == 2 * small) {
		assert_true(n > FILL + CONN_BUCKET_SLOTS - 1);
		n--;
		conn_index_remove(&index, hashes[n], n + 1);
		conn_index_shrink(&index, UINT32_MAX);
	}
	assert_int_equal(index.count, small);
	assert_in_range(n, FILL + CONN_BUCKET_SLOTS - 2, FILL + CROWD - 1);
	check_overflow(&index);
	for (uint32_t i = FILL; i < n; i++)
		assert_int_equal(times_found(&index, hashes[i], i + 1), 1);
	conn_index_destroy(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(match_finds_tags),
		cmocka_unit_test(other_is_mutual),
		cmocka_unit_test(fill_and_empty),
		cmocka_unit_test(long_chains),
		cmocka_unit_test(churn),
		cmocka_unit_test(grows_and_shrinks),
		cmocka_unit_test(waits_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

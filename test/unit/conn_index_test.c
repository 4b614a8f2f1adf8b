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

static void other_is_mutual(void **state)
{
	static const uint32_t counts[] = { 64, 65, 1000, 4096, 123457 };

	for (size_t c = 0; c < LENGTH(counts); c++) {
		struct conn_index index = { .count = counts[c] };
		struct prng prng = { 9 };

		for (unsigned int i = 0; i < 20000; i++) {
			uint32_t bucket = prng_below(&prng, counts[c]);
			uint16_t tag = (uint16_t)prng_next(&prng);
			uint32_t other = conn_index_other(&index, bucket, tag);

			assert_in_range(other, 0, counts[c] - 1);
			assert_int_equal(conn_index_other(&index, other, tag), bucket);
		}
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
		slots = index.count * CONN_BUCKET_SLOTS;
		assert_in_range(slots, sizes[s] * 3 / 2, UINT32_MAX);
		hashes = calloc(slots + 1, sizeof(*hashes));
		before = malloc(index.count * sizeof(*before));
		assert_true(hashes && before);

		for (;;) {
			bool small = sizes[s] <= 512; /* for large ones the copies take too long */

			hashes[n] = prng_next(&prng);
			if (small)
				memcpy(before, index.buckets, index.count * sizeof(*before));
			if (!conn_index_insert(&index, hashes[n], n + 1)) {
				if (small)
					assert_memory_equal(before, index.buckets,
							    index.count * sizeof(*before));
				break;
			}
			n++;
			assert_in_range(n, 0, slots);
		}
		refused = hashes[n];
		assert_in_range(n, slots * 95 / 100, slots);
		assert_int_equal(times_found(&index, refused, n + 1), 0);
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(times_found(&index, hashes[i], i + 1), 1);

		for (uint32_t i = 0; i < n; i++) {
			conn_index_remove(&index, hashes[i], i + 1);
			assert_int_equal(times_found(&index, hashes[i], i + 1), 0);
		}
		for (uint32_t b = 0; b < index.count; b++) {
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
 * lost. */
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
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(times_found(&index, hashes[i], i + 1), 1);
		conn_index_destroy(&index);
	}
}

/* Entries come and go at nine tenths: more than the table is sized for. */
static void churn(void **state)
{
	struct prng prng = { 11 };
	struct conn_index index;
	uint64_t hashes[11000];
	uint32_t n;

	assert_int_equal(conn_index_create(&index, 8000, -1), 0);
	n = index.count * CONN_BUCKET_SLOTS * 9 / 10;
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

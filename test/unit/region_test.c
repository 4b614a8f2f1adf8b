/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regions: aligned, zeroed, cheap until touched, on whatever node there is.
 */
#include <errno.h>
#include <stdint.h>

#include "base/region.h"
#include "lib/unit.h"

#define MB ((size_t)1 << 20)

static void sizes(void **state)
{
	static const struct {
		size_t in, want;
	} cases[] = {
		{ 1, 2 * MB },        { 2 * MB, 2 * MB },       { 2 * MB + 1, 4 * MB },
		{ 15 * MB, 16 * MB }, { 1024 * MB, 1024 * MB },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct region region;

		assert_int_equal(region_create(&region, cases[i].in, -1), 0);
		assert_int_equal(region.size, cases[i].want);
		assert_int_equal((uintptr_t)region.base % (2 * MB), 0);
		assert_int_equal(region_resident(&region), 0);
		region_destroy(&region);
		assert_null(region.base);
		region_destroy(&region); /* once more does no harm */
	}
}

/* The first and last bytes are usable and zero; what is touched counts, and little more. */
static void grows_by_touching(void **state)
{
	static const size_t sizes[] = { 2 * MB, 64 * MB, 4096 * MB };
	static const int nodes[] = { -1, 0, 1000 };

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		for (size_t n = 0; n < LENGTH(nodes); n++) {
			struct region region;
			unsigned char *p;

			assert_int_equal(region_create(&region, sizes[i], nodes[n]), 0);
			p = region.base;
			p[0] += 1;
			assert_int_equal(p[0], 1);
			assert_in_range(region_resident(&region), 1, 64 * 1024);
			p[region.size - 1] += 1;
			assert_int_equal(p[region.size - 1], 1);
			assert_in_range(region_resident(&region), 2, 4 * MB);
			region_destroy(&region);
		}
	}
}

/* What is populated counts as touched, and keeps what is in it; parts behind the end are nothing.
 */
static void populated(void **state)
{
	struct region region;
	unsigned char *p;

	assert_int_equal(region_create(&region, 16 * MB, -1), 0);
	p = region.base;
	p[5000] = 7;
	region_populate(&region, 4999, 0);
	assert_in_range(region_resident(&region), 1, 64 * 1024);
	region_populate(&region, 100, 100000);
	assert_in_range(region_resident(&region), 100000, 200000);
	region_populate(&region, 15 * MB, 100 * MB);
	assert_in_range(region_resident(&region), MB, 4 * MB);
	assert_int_equal(p[5000], 7);
	assert_int_equal(p[4999], 0);
	region_destroy(&region);
}

static void refused(void **state)
{
	struct region region = { NULL, 0 };

	assert_int_equal(region_create(&region, 0, -1), -EINVAL);
	assert_int_equal(region_create(&region, SIZE_MAX, -1), -EINVAL);
	assert_int_equal(region_create(&region, SIZE_MAX / 4, -1), -ENOMEM);
	assert_null(region.base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(grows_by_touching),
		cmocka_unit_test(populated),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

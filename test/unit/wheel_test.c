/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timing wheel against a model that knows every deadline: each entry must
 * come up at its tick exactly, however the clock jumps, however small the
 * budget, and also when it was moved, disarmed or put beyond the wheel's reach.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/wheel.h"
#include "lib/prng.h"
#include "lib/unit.h"

#define ENTRIES 3000

struct model {
	struct wheel wheel;
	struct wheel_link links[ENTRIES];
	uint64_t deadline[ENTRIES]; /* 0: not armed, or was due */
	uint32_t armed, fired, calls;
	uint32_t told[64]; /* what will be handed out next, in this order */
	uint32_t n_told, n_came;
	bool lagging; /* the clock is behind: an entry may have been armed in the past */
};

static void soon(void *owner, const uint32_t *indices, uint32_t n, uint64_t now)
{
	struct model *model = owner;

	assert_in_range(n, 1, LENGTH(model->told));
	assert_int_equal(now, model->wheel.now);
	assert_int_equal(model->n_came, model->n_told); /* not before those have come */
	memcpy(model->told, indices, n * sizeof(*indices));
	model->n_told = n;
	model->n_came = 0;
}

static uint64_t due(void *owner, uint32_t index, uint64_t now)
{
	struct model *model = owner;

	model->calls++;
	assert_in_range(index, 0, ENTRIES - 1);
	assert_int_not_equal(model->deadline[index], 0);
	assert_in_range(model->n_came, 0, model->n_told - 1);
	assert_int_equal(index, model->told[model->n_came++]);
	assert_int_equal(now, model->wheel.now);
	if (model->deadline[index] > now)
		return model->deadline[index];
	if (!model->lagging)
		assert_int_equal(model->deadline[index], now);
	model->deadline[index] = 0;
	model->armed--;
	model->fired++;
	return 0;
}

static struct model *model_new(uint64_t now)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	for (unsigned int i = 0; i < ENTRIES; i++)
		wheel_link_init(&model->links[i]);
	wheel_init(&model->wheel, model->links, now);
	return model;
}

static void model_arm(struct model *model, uint32_t i, uint64_t deadline)
{
	wheel_disarm(&model->wheel, i);
	if (model->deadline[i] == 0)
		model->armed++;
	model->deadline[i] = deadline;
	wheel_arm(&model->wheel, i, deadline);
}

static void model_disarm(struct model *model, uint32_t i)
{
	wheel_disarm(&model->wheel, i);
	if (model->deadline[i])
		model->armed--;
	model->deadline[i] = 0;
}

/* All that is due by now has come up, the rest is still armed. */
static void model_check(const struct model *model, uint64_t now)
{
	assert_int_equal(model->wheel.now, now);
	assert_int_equal(model->wheel.count, model->armed);
	for (unsigned int i = 0; i < ENTRIES; i++) {
		if (model->deadline[i] && !model->lagging)
			assert_true(model->deadline[i] > now);
	}
}

static void advance(struct model *model, uint64_t now, uint32_t budget)
{
	uint32_t done;

	do {
		uint32_t calls = model->calls;

		done = wheel_advance(&model->wheel, now, budget, due, soon, model);
		assert_in_range(done, 0, budget);
		assert_int_equal(model->calls - calls, done);
	} while (done == budget);
	model_check(model, now);
}

/* From any phase of the clock, distances around every level's edges; tick by tick and in one leap.
 */
static void exact_ticks(void **state)
{
	static const uint64_t starts[] = { 0,    1,    63,     64,         100,
					   4095, 4096, 262143, 1ull << 40, (1ull << 24) - 1 };
	static const uint64_t distances[] = { 1,    2,      63,     64,     65,    127,
					      128,  4032,   4095,   4096,   4097,  8191,
					      8192, 262143, 262144, 262145, 600000 };

	for (size_t s = 0; s < LENGTH(starts); s++) {
		struct model *model = model_new(starts[s]);

		for (size_t d = 0; d < LENGTH(distances); d++)
			model_arm(model, (uint32_t)d, starts[s] + distances[d]);
		for (uint64_t now = starts[s] + 1; now <= starts[s] + 9000; now++)
			advance(model, now, 1000);
		assert_int_equal(model->fired, 13);
		advance(model, starts[s] + 1000000, 1000);
		assert_int_equal(model->fired, LENGTH(distances));
		free(model);
	}
}

static void past_deadlines(void **state)
{
	struct model *model = model_new(1000);

	model->lagging = true;
	model_arm(model, 0, 1);
	model_arm(model, 1, 1000);
	advance(model, 1000, 10);
	assert_int_equal(model->fired, 0);
	advance(model, 1001, 10);
	assert_int_equal(model->fired, 2);
	free(model);
}

/* Beyond 64^4 ticks: handed out early, some more often than once, but due at their tick. */
static void beyond_reach(void **state)
{
	static const uint64_t distances[] = { (1ull << 24) - 1, 1ull << 24, (1ull << 24) + 1,
					      3ull << 24,       1ull << 32, (1ull << 32) + 12345 };
	struct model *model = model_new(77);

	for (size_t i = 0; i < LENGTH(distances); i++)
		model_arm(model, (uint32_t)i, 77 + distances[i]);
	for (size_t i = 0; i < LENGTH(distances); i++) {
		advance(model, 77 + distances[i] - 1, 1);
		assert_int_equal(model->fired, i);
		advance(model, 77 + distances[i], 100);
		assert_int_equal(model->fired, i + 1);
	}
	/* each full reach costs a call or a few, no more */
	assert_in_range(model->calls, 6, 6 * 4 + 2 * (1 << 8) * 4);
	free(model);
}

/* An empty wheel leaps over any time at once. */
static void empty_leap(void **state)
{
	struct model *model = model_new(5);

	advance(model, 1ull << 50, 1);
	model_arm(model, 7, (1ull << 50) + 1);
	advance(model, (1ull << 50) + 1, 2);
	assert_int_equal(model->fired, 1);
	free(model);
}

/* Budget runs out within one tick; meanwhile entries of that very slot are disarmed and moved. */
static void budget_within_tick(void **state)
{
	struct model *model = model_new(0);
	uint32_t handled = 0;

	for (uint32_t i = 0; i < 1000; i++)
		model_arm(model, i, 4096); /* level 2: comes up and is due in the same tick */
	for (uint32_t turn = 0; turn < 50; turn++) {
		handled += wheel_advance(&model->wheel, 5000, 10, due, soon, model);
		assert_int_equal(model->wheel.now, 4096);
	}
	assert_int_equal(handled, 500);
	assert_int_equal(model->fired, 500);
	for (uint32_t i = 0, left = 100; left > 0; i++) {
		if (model->deadline[i] == 0)
			continue;
		if (left % 2)
			model_disarm(model, i);
		else
			model_arm(model, i, 4096 + 64 * 64 * 64 - 1);
		left--;
	}
	/* while the clock stands at 4096, new ones for the ticks it has not reached */
	model_arm(model, 2000, 4097);
	model_arm(model, 2001, 4096 + 63);
	model_arm(model, 2002, 4096 + 64);
	advance(model, 5000, 10);
	assert_int_equal(model->fired, 500 + 400 + 3);
	assert_int_equal(model->armed, 50);
	advance(model, 4096 + 64 * 64 * 64, 10);
	assert_int_equal(model->armed, 0);
	free(model);
}

static uint64_t random_distance(struct prng *prng)
{
	static const unsigned int bits[] = { 2, 6, 7, 12, 13, 18, 20, 24, 26 };

	return 1 + (prng_next(prng) & ((1ull << bits[prng_below(prng, LENGTH(bits))]) - 1));
}

static void random_model(void **state)
{
	struct prng prng = { 7 };

	for (unsigned int round = 0; round < 6; round++) {
		uint64_t now = prng_next(&prng) >> 30;
		struct model *model = model_new(now);

		for (unsigned int step = 0; step < 300; step++) {
			for (unsigned int n = prng_below(&prng, 200); n > 0; n--) {
				uint32_t i = prng_below(&prng, ENTRIES);
				uint32_t what = prng_below(&prng, 10);

				if (what == 0)
					model_disarm(model, i);
				else if (what < 4 &&
					 model->deadline[i]) /* later: the wheel is not told */
					model->deadline[i] += random_distance(&prng);
				else
					model_arm(model, i, now + random_distance(&prng));
			}
			now += random_distance(&prng) - 1;
			advance(model, now, 1 + prng_below(&prng, 500));
		}
		assert_in_range(model->fired, 1000, UINT32_MAX);
		free(model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_ticks),        cmocka_unit_test(past_deadlines),
		cmocka_unit_test(beyond_reach),       cmocka_unit_test(empty_leap),
		cmocka_unit_test(budget_within_tick), cmocka_unit_test(random_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

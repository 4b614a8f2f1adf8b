/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/limit: see the header. Nothing else is ordered by these words, so all accesses are relaxed.
 */
#include "ipvs/limit.h"

#define LIMIT_TAKEN (LIMIT_FULL - 1)

static bool limit_change(struct limit *limit, uint64_t *from, uint64_t to)
{
	return __atomic_compare_exchange_n(&limit->word, from, to, true, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

static uint64_t limit_with(uint64_t taken, bool full)
{
	return taken | (full ? LIMIT_FULL : 0);
}

bool limit_take(struct limit *limit, struct limit_marks marks)
{
	uint64_t word = __atomic_load_n(&limit->word, __ATOMIC_RELAXED), taken;

	do {
		taken = word & LIMIT_TAKEN;
		if ((word & LIMIT_FULL) || taken >= marks.upper)
			return false;
	} while (!limit_change(limit, &word, limit_with(taken + 1, taken + 1 >= marks.upper)));
	return true;
}

void limit_add(struct limit *limit, struct limit_marks marks, uint32_t n)
{
	uint64_t word = __atomic_load_n(&limit->word, __ATOMIC_RELAXED), taken;

	do
		taken = (word & LIMIT_TAKEN) + n;
	while (!limit_change(limit, &word,
			     limit_with(taken, (word & LIMIT_FULL) || taken >= marks.upper)));
}

/* Has it room enough to go on? */
static bool limit_reopens(uint64_t taken, struct limit_marks marks)
{
	return marks.lower ? taken < marks.lower : taken * 4 < (uint64_t)marks.upper * 3;
}

void limit_give(struct limit *limit, struct limit_marks marks, uint32_t n)
{
	uint64_t word = __atomic_load_n(&limit->word, __ATOMIC_RELAXED), taken;

	do
		taken = (word & LIMIT_TAKEN) - n;
	while (!limit_change(
		limit, &word,
		limit_with(taken, (word & LIMIT_FULL) && !limit_reopens(taken, marks))));
}

void limit_settle(struct limit *limit, struct limit_marks marks)
{
	uint64_t word = __atomic_load_n(&limit->word, __ATOMIC_RELAXED), taken;

	do
		taken = word & LIMIT_TAKEN;
	while (!limit_change(limit, &word, limit_with(taken, taken >= marks.upper)));
}

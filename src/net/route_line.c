/* SPDX-License-Identifier: BSD-3-Clause */
/* net/route-line: see the header. Blocks have room for the next power of two. */
#include "net/route_line.h"

#include <string.h>

/* Of a block for so many runs. */
static unsigned int runs_class(unsigned int n)
{
	return units_class((n * (unsigned int)sizeof(uint32_t) + UNIT_BYTES - 1) / UNIT_BYTES);
}

/* Which run entry i is of, where runs start so. */
static unsigned int run_of(uint64_t starts, unsigned int i)
{
	return (unsigned int)__builtin_popcountll(starts << (LINE_ENTRIES - 1 - i));
}

void line_take(const struct units *units, const struct index_line *line, unsigned int first,
	       unsigned int n, struct line_cut *cut)
{
	const uint32_t *runs = line_entry(units, line, 0);
	uint64_t ends = first + n < LINE_ENTRIES ? UINT64_C(1) << (first + n) : 0;
	uint32_t *taken = cut->runs;

	cut->starts = line->starts | ends | (UINT64_C(1) << first & ~UINT64_C(1));
	cut->from = run_of(cut->starts, first);
	cut->to = run_of(cut->starts, first + n - 1) + 1;
	*taken++ = *runs;
	for (uint64_t left = cut->starts; left; left &= left - 1)
		*taken++ = runs[run_of(line->starts, (unsigned int)__builtin_ctzll(left))];
}

/* A place for n runs; the old block, which is of no use any more, is given back or taken again. */
static uint32_t *runs_place(struct units *units, struct index_line *line, unsigned int n)
{
	unsigned int was = line_runs(line);

	if (was > LINE_INLINE && n > LINE_INLINE && runs_class(was) == runs_class(n))
		return units_at(units, line->block);
	if (was > LINE_INLINE)
		units_free(units, line->block, runs_class(was));
	if (n <= LINE_INLINE)
		return line->runs;
	line->block = units_alloc(units, runs_class(n));
	return units_at(units, line->block);
}

void line_put(struct units *units, struct index_line *line, struct line_cut *cut)
{
	const uint32_t *run = cut->runs;
	unsigned int n = 0; /* the last that stays */

	for (uint64_t left = cut->starts; left; left &= left - 1) {
		if (*++run == cut->runs[n])
			cut->starts ^= left & -left;
		else
			cut->runs[++n] = *run;
	}
	memcpy(runs_place(units, line, n + 1), cut->runs, (n + 1) * sizeof(cut->runs[0]));
	line->starts = cut->starts;
}

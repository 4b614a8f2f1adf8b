/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-line: 64 neighbouring entries in one line of the cache. Neighbours
 * are mostly equal, so what is kept is where another begins and the values of
 * these runs: up to 14 in the line, more in a block beside it. To read one is
 * to count bits. A line of zeros has 64 entries that are 0. To change some of
 * them is to take the runs out, cut where these begin and end, and to put them
 * back.
 */
#ifndef NET_ROUTE_LINE_H
#define NET_ROUTE_LINE_H

#include "base/units.h"

#define LINE_ENTRIES 64u
#define LINE_INLINE  14u
#define LINE_ROOM    8u /* units that a line may need at most */

struct index_line {
	uint64_t starts; /* bit i: entry i is not what entry i - 1 is; never bit 0 */
	union {
		uint32_t runs[LINE_INLINE];
		uint32_t block; /* of runs, when there are more */
	};
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct index_line) == 2 * UNIT_BYTES, "two units");

static inline unsigned int line_runs(const struct index_line *line)
{
	return (unsigned int)__builtin_popcountll(line->starts) + 1;
}

/* Where entry i stands. */
static inline const uint32_t *line_entry(const struct units *units, const struct index_line *line,
					 unsigned int i)
{
	const uint32_t *runs = line->runs;

	if (__builtin_expect(line_runs(line) > LINE_INLINE, 0))
		runs = units_at(units, line->block);
	return &runs[__builtin_popcountll(line->starts << (LINE_ENTRIES - 1 - i))];
}

/* One that is taken out: runs[from] to runs[to - 1] are those that may be changed. */
struct line_cut {
	uint64_t starts;
	uint32_t runs[LINE_ENTRIES];
	unsigned int from, to;
};

/* Entries from `first` on, n of them, of which there is at least one. */
void line_take(const struct units *units, const struct index_line *line, unsigned int first,
	       unsigned int n, struct line_cut *cut);

/* There is room for LINE_ROOM. */
void line_put(struct units *units, struct index_line *line, struct line_cut *cut);

static inline bool line_is_empty(const struct index_line *line)
{
	return !line->starts && !line->runs[0];
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/bare: what memory alone costs an established packet, however little is
 * done with it: a random line of an index as large as that of so many
 * connections, and the connection's line that it names, which is written. In
 * vectors of 32, each asked for as early as the flow stage can, in 2 MB pages
 * where there are any; nothing is parsed, hashed, compared or rewritten. By
 * itself, vectors overlapping or one behind the other; and within the floor's own
 * vectors, in the flow stage's order, where these lines and the packets take cache
 * and translations from each other. In turn with the floor; the trace is as long
 * as with so many flows.
 *
 * Last, lines that a second-level cache holds, which lie close together, some in
 * each of fewer pages, or one in each of many: what that takes more is what it
 * costs to translate an address that the processor does not remember.
 */
#include <stdint.h>

#include <netinet/in.h>
#include <string.h>

#include <rte_atomic.h>

#include "ipvs/conn_int.h"
#include "lib/prng.h"
#include "link/eth.h"
#include "packet/batch.h"
#include "perf/figures.h"
#include "perf/floor.h"

#define PIECE  4096u
#define PIECES 8192u
#define ASIDE  (2u << 20) /* a region's first 2 MB are never one page */

struct bare {
	struct conn_index index;
	struct conn_line4 *lines;
	uint32_t *order; /* of buckets, as packets come */
	uint32_t flows;
	struct region lines_region, order_region;
};

static void bare_init(struct bare *bare, uint32_t flows)
{
	struct prng prng = { 5 };

	*bare = (struct bare){ .flows = flows };
	if (conn_index_create(&bare->index, 2 * flows, -1) < 0)
		die("no memory for an index of %u connections", flows);
	bare->lines = bulk_alloc(flows * sizeof(*bare->lines), &bare->lines_region);
	bare->order = bulk_alloc(flows * sizeof(*bare->order), &bare->order_region);
	for (uint32_t b = 0; b < bare->index.max; b++)
		for (unsigned int slot = 0; slot < CONN_BUCKET_SLOTS; slot++)
			bare->index.buckets[b].ref[slot] = prng_below(&prng, flows);
	for (uint32_t i = 0; i < flows; i++)
		bare->lines[i].conn.dest = i;
	shuffle(bare->order, flows, 3);
	for (uint32_t i = 0; i < flows; i++)
		bare->order[i] = (uint32_t)((uint64_t)bare->order[i] * bare->index.max / flows);
}

static void bare_free(struct bare *bare)
{
	conn_index_destroy(&bare->index);
	region_destroy(&bare->lines_region);
	region_destroy(&bare->order_region);
}

static inline struct conn_line4 *line_of(const struct bare *bare, uint32_t i)
{
	const struct conn_bucket *bucket = &bare->index.buckets[bare->order[i]];

	return &bare->lines[bucket->ref[i % CONN_BUCKET_SLOTS]];
}

/* A vector's memory is asked for, from the i-th on. */
static inline void bare_ask(const struct bare *bare, uint32_t from, uint32_t n,
			    struct conn_line4 **lines)
{
	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(&bare->index.buckets[bare->order[from + i]]);
	for (uint32_t i = 0; i < n; i++) {
		lines[i] = line_of(bare, from + i);
		__builtin_prefetch(lines[i], 1);
	}
}

static inline void bare_write(struct conn_line4 **lines, uint32_t n, uint32_t tick)
{
	for (uint32_t i = 0; i < n; i++)
		lines[i]->conn.deadline = tick + (lines[i]->key[0].src & 1);
}

/* Where the vector after the one at `at` is. */
static inline uint32_t bare_next(const struct bare *bare, uint32_t at)
{
	at += BATCH_BURST;
	return at + BATCH_BURST > bare->flows ? 0 : at;
}

/* Cycles of each of so many; `apart`: each vector waits until the one before is through, as where
 * other work lies between them. */
static double bare_run(const struct bare *bare, uint64_t packets, bool apart)
{
	struct conn_line4 *lines[BATCH_BURST];
	double start = measure_cycles();
	uint32_t at = 0;

	for (uint64_t done = 0; done < packets; done += BATCH_BURST) {
		bare_ask(bare, at, BATCH_BURST, lines);
		bare_write(lines, BATCH_BURST, (uint32_t)done);
		if (apart)
			rte_rmb();
		at = bare_next(bare, at);
	}
	return (measure_cycles() - start) / (double)packets;
}

/* The floor with them: the swaps come while connections are under way. */
static struct {
	const struct bare *bare;
	uint32_t at;
} within;

static void within_input(struct worker *w, struct batch *in)
{
	struct conn_line4 *lines[BATCH_BURST];
	uint32_t n = RTE_MIN(in->count, BATCH_BURST);

	if (n == 0)
		return;
	bare_ask(within.bare, within.at, n, lines);
	floor_input4(w, in);
	bare_write(lines, n, w->now_ms);
	within.at = bare_next(within.bare, within.at);
}

static void within_use(struct rig *rig, const struct bare *bare)
{
	static const struct stage stages[STAGE__COUNT] = {
		[STAGE_FLOW] = { "within", within_input },
		[STAGE_TX] = { "tx", link_tx },
	};

	within.bare = bare;
	within.at = 0;
	rig_use_stages(rig, stages);
}

static void run(const struct case_plan *plan, uint32_t flows, struct figures *figures)
{
	struct rig *rig = figure_rig(plan, IPPROTO_UDP, flows);
	double alone[CASE_RUNS_MAX], apart[CASE_RUNS_MAX], together[CASE_RUNS_MAX],
		floor[CASE_RUNS_MAX];
	uint64_t packets = plan->smoke ? 32000 : RTE_MAX(1000000u, flows / 2);
	struct bare bare;
	double least, memory;

	bare_init(&bare, flows);
	bare_run(&bare, flows, false);
	for (uint32_t i = 0; i < plan->runs; i++) {
		floor_use(rig);
		floor[i] = rig_play(rig, DIR_IN, packets) / (double)packets;
		within_use(rig, &bare);
		together[i] = rig_play(rig, DIR_IN, packets) / (double)packets;
		rig_use_stages(rig, NULL);
		alone[i] = bare_run(&bare, packets, false);
		apart[i] = bare_run(&bare, packets, true);
	}
	bare_free(&bare);
	rig_free(rig);
	least = stats_of(floor, plan->runs).median;
	memory = stats_of(alone, plan->runs).median;
	figure_say(figures, memory, "cycles", 0, "two lines of memory a packet, %u flows", flows);
	figure_say(figures, stats_of(apart, plan->runs).median, "cycles", 0,
		   "the same, one vector behind the other, %u flows", flows);
	figure_say(figures, 1 + memory / least, "times", 0,
		   "the floor and these alone, of the floor, %u flows", flows);
	figure_say(figures, stats_of(together, plan->runs).median / least, "times", 0,
		   "the floor with these in its vectors, %u flows", flows);
}

/* Where a line is, of which so many lie side by side in each 4 KB: by turns all over the 4 KB, so
 * that sets of a cache fill evenly, be memory contiguous or not. */
static uint32_t place_of(uint32_t piece, uint32_t together)
{
	uint32_t group = piece / together;

	return group * PIECE +
	       ((group * together / 32 + piece % together) * RTE_CACHE_LINE_SIZE) % PIECE;
}

/* Cycles of each of PIECES lines at these places. */
static double bare_pieces(const char *at, const uint32_t *places, uint32_t packets)
{
	double start = measure_cycles();

	for (uint32_t done = 0; done < packets; done += BATCH_BURST)
		for (uint32_t i = 0; i < BATCH_BURST; i++)
			__builtin_prefetch(at + places[done % PIECES + i]);
	return (measure_cycles() - start) / packets;
}

static void run_pieces(const struct case_plan *plan, struct figures *figures)
{
	static const uint32_t together[] = { PIECE / RTE_CACHE_LINE_SIZE, 8, 1 };
	uint32_t packets = plan->smoke ? PIECES : 100 * PIECES;
	double cycles[RTE_DIM(together)][CASE_RUNS_MAX];
	struct region lines, order_region;
	uint32_t *order = bulk_alloc(2 * PIECES * sizeof(*order), &order_region);
	uint32_t *places = order + PIECES;
	char *at = bulk_alloc(ASIDE + PIECES * PIECE, &lines);

	memset(at, 1, ASIDE + PIECES * PIECE);
	shuffle(order, PIECES, 7);
	for (uint32_t i = 0; i < plan->runs; i++)
		for (unsigned int k = 0; k < RTE_DIM(together); k++) {
			for (uint32_t j = 0; j < PIECES; j++)
				places[j] = place_of(order[j], together[k]);
			cycles[k][i] = bare_pieces(at + ASIDE, places, packets);
		}
	region_destroy(&lines);
	region_destroy(&order_region);
	for (unsigned int k = 0; k < RTE_DIM(together); k++)
		figure_say(figures, stats_of(cycles[k], plan->runs).median, "cycles", 0,
			   "a line of %u, %u in each of %u times 4 KB", PIECES, together[k],
			   PIECES / together[k]);
}

void bare_run_case(const struct case_plan *plan, struct figures *figures)
{
	for (unsigned int i = 0; i < CASE_FLOWS_MAX && plan->flows[i]; i++)
		if (plan->flows[i] >= 1000)
			run(plan, plan->flows[i], figures);
	run_pieces(plan, figures);
}

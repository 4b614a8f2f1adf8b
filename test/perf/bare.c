/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/bare: what memory alone costs an established packet, however little is
 * done with it: a random line of an index as large as that of so many
 * connections, and the connection's line that it names, which is written. In
 * vectors of 32, each asked for as early as the flow stage can, in 2 MB pages
 * where there are any; nothing is parsed, hashed, compared or rewritten. No
 * forwarder with a table of that size does with less beside the floor. Once by
 * itself, and once within the floor's own vectors, where these lines and the
 * packets take cache and translations from each other. In turn with the floor.
 *
 * Last, what a translation costs that the processor does not remember. A virtual
 * machine whose host keeps its memory in 4 KB pages has translations of 4 KB,
 * even of its own 2 MB pages.
 */
#include <stdint.h>

#include <netinet/in.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "ipvs/conn_int.h"
#include "lib/prng.h"
#include "link/eth.h"
#include "packet/batch.h"
#include "perf/figures.h"
#include "perf/floor.h"

#define LINE   64u
#define PIECE  4096u
#define PIECES 8192u /* twice the translations that a large core remembers */

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

/* Cycles of each of so many. */
static double bare_run(const struct bare *bare, uint64_t packets)
{
	struct conn_line4 *lines[BATCH_BURST];
	double start = measure_cycles();
	uint32_t at = 0;

	for (uint64_t done = 0; done < packets; done += BATCH_BURST) {
		bare_ask(bare, at, BATCH_BURST, lines);
		bare_write(lines, BATCH_BURST, (uint32_t)done);
		at = bare_next(bare, at);
	}
	return (measure_cycles() - start) / (double)packets;
}

/* The floor with them: the swaps come while memory is under way. */
static struct {
	const struct bare *bare;
	uint32_t at;
} within;

static void within_input(struct worker *w, struct batch *in)
{
	struct conn_line4 *lines[BATCH_BURST];
	uint32_t n = in->count;

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
	rig_use_stages(rig, stages);
}

static void run(const struct case_plan *plan, uint32_t flows, struct rig *rig,
		struct figures *figures)
{
	double alone[CASE_RUNS_MAX], together[CASE_RUNS_MAX], floor[CASE_RUNS_MAX];
	uint64_t packets = plan->smoke ? 32000 : RTE_MAX(1000000u, flows / 2);
	struct bare bare;
	double least, memory;

	bare_init(&bare, flows);
	bare_run(&bare, flows);
	for (uint32_t i = 0; i < plan->runs; i++) {
		floor_use(rig);
		floor[i] = rig_play(rig, DIR_IN, packets) / (double)packets;
		within_use(rig, &bare);
		together[i] = rig_play(rig, DIR_IN, packets) / (double)packets;
		rig_use_stages(rig, NULL);
		alone[i] = bare_run(&bare, packets);
	}
	bare_free(&bare);
	least = stats_of(floor, plan->runs).median;
	memory = stats_of(alone, plan->runs).median;
	figure_say(figures, memory, "cycles", 0, "two lines of memory a packet, %u flows", flows);
	figure_say(figures, 1 + memory / least, "times", 0,
		   "the floor and these alone, of the floor");
	figure_say(figures, stats_of(together, plan->runs).median / least, "times", 0,
		   "the floor with these in its vectors");
}

/* Cycles of each of PIECES lines in random order, that many bytes apart: all of them fit into a
 * second-level cache. */
static double bare_pieces(const char *at, const uint32_t *order, uint32_t apart, uint32_t packets)
{
	double start = measure_cycles();

	for (uint32_t done = 0; done < packets; done += BATCH_BURST)
		for (uint32_t i = 0; i < BATCH_BURST; i++) {
			uint64_t piece = order[(done + i) % PIECES];

			/* elsewhere in each, so that sets of the cache fill evenly */
			__builtin_prefetch(at + piece * apart + piece * LINE % apart);
		}
	return (measure_cycles() - start) / packets;
}

static void run_pieces(const struct case_plan *plan, struct figures *figures)
{
	uint32_t packets = plan->smoke ? PIECES : 100 * PIECES;
	double near[CASE_RUNS_MAX], apart[CASE_RUNS_MAX];
	struct region lines, order_region;
	uint32_t *order = bulk_alloc(PIECES * sizeof(*order), &order_region);
	char *at = bulk_alloc(PIECES * PIECE, &lines);

	memset(at, 1, PIECES * PIECE);
	shuffle(order, PIECES, 7);
	for (uint32_t i = 0; i < plan->runs; i++) {
		near[i] = bare_pieces(at, order, LINE, packets);
		apart[i] = bare_pieces(at, order, PIECE, packets);
	}
	region_destroy(&lines);
	region_destroy(&order_region);
	figure_say(figures, stats_of(near, plan->runs).median, "cycles", 0,
		   "a line of %u, close together", PIECES);
	figure_say(figures, stats_of(apart, plan->runs).median, "cycles", 0,
		   "a line of %u, one in each %u bytes", PIECES, PIECE);
}

void bare_run_case(const struct case_plan *plan, struct figures *figures)
{
	struct rig *rig = figure_rig(plan, IPPROTO_UDP, 1);

	for (unsigned int i = 0; i < CASE_FLOWS_MAX && plan->flows[i]; i++)
		if (plan->flows[i] >= 1000)
			run(plan, plan->flows[i], rig, figures);
	rig_free(rig);
	run_pieces(plan, figures);
}

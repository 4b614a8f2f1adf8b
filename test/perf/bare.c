/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/bare: what memory alone costs an established packet, however little is
 * done with it: a random line of an index as large as that of so many
 * connections, and the connection's line that it names, which is written. In
 * vectors of 32, each asked for as early as the flow stage can, in 2 MB pages
 * where there are any; nothing is parsed, hashed, compared or rewritten. No
 * forwarder with a table of that size does with less beside the floor. In turn
 * with the floor, whose cycles come first.
 */
#include <stdint.h>

#include <netinet/in.h>

#include <rte_branch_prediction.h>

#include "ipvs/conn_int.h"
#include "lib/prng.h"
#include "packet/batch.h"
#include "perf/figures.h"
#include "perf/floor.h"

#define BEHIND 16u /* as the flow stage reads the index */

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

/* A vector from the i-th on. */
static void bare_vector(const struct bare *bare, uint32_t from, uint32_t tick)
{
	struct conn_line4 *lines[BATCH_BURST];

	for (uint32_t i = 0; i < BATCH_BURST + BEHIND; i++) {
		if (i < BATCH_BURST)
			__builtin_prefetch(&bare->index.buckets[bare->order[from + i]]);
		if (i < BEHIND)
			continue;
		lines[i - BEHIND] = line_of(bare, from + i - BEHIND);
		__builtin_prefetch(lines[i - BEHIND], 1);
	}
	for (uint32_t i = 0; i < BATCH_BURST; i++)
		lines[i]->conn.deadline = tick + (lines[i]->key[0].src & 1);
}

/* Cycles of each of so many. */
static double bare_run(const struct bare *bare, uint64_t packets)
{
	double start = measure_cycles();
	uint32_t at = 0;

	for (uint64_t done = 0; done < packets; done += BATCH_BURST) {
		bare_vector(bare, at, (uint32_t)done);
		at += BATCH_BURST;
		if (at + BATCH_BURST > bare->flows)
			at = 0;
	}
	return (measure_cycles() - start) / (double)packets;
}

static void run(const struct case_plan *plan, uint32_t flows, struct rig *rig,
		struct figures *figures)
{
	double alone[CASE_RUNS_MAX], floor[CASE_RUNS_MAX];
	uint64_t packets = plan->smoke ? 32000 : RTE_MAX(1000000u, flows / 2);
	struct bare bare;
	double memory;

	bare_init(&bare, flows);
	bare_run(&bare, flows);
	for (uint32_t i = 0; i < plan->runs; i++) {
		floor_use(rig);
		floor[i] = rig_play(rig, DIR_IN, 300000) / 300000;
		rig_use_stages(rig, NULL);
		alone[i] = bare_run(&bare, packets);
	}
	bare_free(&bare);
	memory = stats_of(alone, plan->runs).median;
	figure_say(figures, memory, "cycles", 0, "two lines of memory a packet, %u flows", flows);
	figure_say(figures, 1 + memory / stats_of(floor, plan->runs).median, "times", 0,
		   "the floor and these alone, of the floor");
}

void bare_run_case(const struct case_plan *plan, struct figures *figures)
{
	struct rig *rig = figure_rig(plan, IPPROTO_UDP, 1);

	for (unsigned int i = 0; i < CASE_FLOWS_MAX && plan->flows[i]; i++)
		if (plan->flows[i] >= 1000)
			run(plan, plan->flows[i], rig, figures);
	rig_free(rig);
}

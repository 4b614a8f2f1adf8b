/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/flood: established packets at half of what the worker can forward,
 * beside new connections at parts of what is left, up to three times more than
 * can be made; both ports have a receive ring of 1024. Rates and latencies are
 * by the pacer's virtual clock. Then without a clock: what an established
 * packet costs more when as many new connections come as packets, and how much
 * of that the caches alone explain: the same packets, with nothing beside them
 * but writes to as many cold lines as a new connection takes, which are not
 * counted. And a port that takes no more than half of what it is given: the
 * rest is dropped, counted, and nobody waits for it.
 */
#include <netinet/in.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "lib/prng.h"
#include "packet/batch.h"
#include "perf/figures.h"
#include "perf/pacer.h"

#define FLOWS     100000u
#define PORTION   32768u /* new connections at once */
#define NEW_FROM  (1u << 28)
#define RING      1024u
#define RUNS      5
#define TRIPLES   25
#define LEVELS    15  /* runs of a level: each takes a few milliseconds only */
#define MOST      1.2 /* times the quiet cost */
#define MOST_LOST 20  /* % of the established packets, whatever floods */
#define EXPIRY_S  10

/* Of a new connection: two buckets, the entry and its cold half and timer, the local port, the
 * trace and the packet. */
#define COLD_LINES 8u
#define COLD_BYTES (256u << 20)

struct flood {
	struct rig *rig;
	struct bench_flow flows[PORTION];
	struct rig_trace trace;
	uint32_t next;
	struct pacer_clock clock;
	struct pacer pacer[SIDE__COUNT];
	double established, new; /* cycles of each when nothing else is there */
	struct region cold;
	struct prng prng;
	uint32_t cold_lines; /* written for each packet */
};

static struct flood flood;

/* New clients into the trace. */
static void refresh(void)
{
	struct frame frame;

	frame_make(&frame, FRAME_UDP, SIDE_CLIENT, &rig_config(flood.rig)->form);
	flood.trace = (struct rig_trace){ .template = frame.template,
					  .flows = flood.flows,
					  .count = PORTION };
	for (uint32_t i = 0; i < PORTION; i++) {
		struct bench_seen tuple;

		rig_client(flood.rig, flood.next++, &tuple);
		frame_flow(&frame, &tuple, &flood.flows[i]);
	}
}

/* Established packets from the servers, new connections from the clients; cycles of all. */
static double play(uint64_t established, uint32_t new, bool strict)
{
	struct rig_play play = { .trace = { &flood.trace },
				 .packets = { new, established },
				 .strict = strict };
	double cycles;

	refresh();
	cycles = rig_play_both(flood.rig, &play);
	return cycles;
}

static double median_of(double (*run)(void))
{
	double cycles[RUNS];

	for (unsigned int i = 0; i < RUNS; i++) {
		cycles[i] = run();
		rig_expire(flood.rig, EXPIRY_S, FLOWS);
	}
	return stats_of(cycles, RUNS).median;
}

static double run_established(void)
{
	return play(PORTION, 0, true) / PORTION;
}

static double run_new(void)
{
	return play(0, PORTION, true) / PORTION;
}

static double run_mixed(void)
{
	return play(PORTION, PORTION, true) / PORTION;
}

/* All three within some milliseconds, and the median of what each time says: the machine's speed
 * changes by more than an established packet costs of a new connection. */
static double beside_new(void)
{
	double times[TRIPLES];

	for (unsigned int i = 0; i < TRIPLES; i++) {
		double established = run_established(), new = run_new(), both;

		rig_expire(flood.rig, EXPIRY_S, FLOWS);
		both = run_mixed();
		rig_expire(flood.rig, EXPIRY_S, FLOWS);
		times[i] = (both - new) / established;
	}
	return stats_of(times, TRIPLES).median;
}

static void before_turn(void *arg)
{
	for (uint32_t i = 0; i < BATCH_BURST * flood.cold_lines; i++) {
		uint32_t at = prng_below(&flood.prng, COLD_BYTES / RTE_CACHE_LINE_SIZE);

		((uint8_t *)flood.cold.base)[(size_t)at * RTE_CACHE_LINE_SIZE]++;
	}
}

static double run_beside_cold(void)
{
	struct rig_watch watch = { .before = before_turn };
	double cycles;

	rig_watch(flood.rig, &watch);
	cycles = run_established();
	rig_watch(flood.rig, NULL);
	return cycles;
}

static void say_cold(struct figures *figures)
{
	double alone;

	bulk_alloc(COLD_BYTES, &flood.cold);
	flood.prng.state = 11;
	flood.cold_lines = 0;
	alone = median_of(run_beside_cold);
	flood.cold_lines = COLD_LINES;
	figure_say(figures, median_of(run_beside_cold) / alone, "times", 0,
		   "an established packet beside %u lines of cold memory each", COLD_LINES);
	region_destroy(&flood.cold);
}

/* Both ports; interval 0: all is there at once. */
static void pace(double established, double new, uint32_t ring)
{
	for (unsigned int side = 0; side < SIDE__COUNT; side++)
		pacer_start(&flood.pacer[side], &flood.clock, rig_port(flood.rig, side),
			    side == SIDE_CLIENT ? new : established, ring);
}

static void pace_no_more(void)
{
	for (unsigned int side = 0; side < SIDE__COUNT; side++)
		pacer_stop(rig_port(flood.rig, side));
}

/* The cost of each alone, as it is now, the pacer's own work in it: what else the machine does
 * changes by the second. */
static void look(void)
{
	pace(0, 0, 0);
	flood.established = run_established();
	flood.new = run_new();
	pace_no_more();
	rig_expire(flood.rig, EXPIRY_S, FLOWS);
}

struct level {
	double lost[LEVELS], p50[LEVELS], p99[LEVELS];
};

/* The established half, and new connections at `part` of what can be made beside it. */
static void run_level(double part, struct level *level, unsigned int run)
{
	double interval, us = 1e6 / (double)rte_get_tsc_hz();
	uint64_t established;

	look();
	interval = 2 * flood.new / part;
	established = (uint64_t)(PORTION * interval / (2 * flood.established));
	pace(2 * flood.established, interval, RING);
	rig_overload(flood.rig, true);
	play(established, PORTION, false);
	rig_overload(flood.rig, false);
	pace_no_more();
	level->lost[run] = 100 * (double)bench_port_lost(rig_port(flood.rig, SIDE_SERVER)) /
			   (double)established;
	/* what has left at the clients' port came from the servers */
	level->p50[run] = histogram_part(&flood.pacer[SIDE_CLIENT].took, 0.5) * us;
	level->p99[run] = histogram_part(&flood.pacer[SIDE_CLIENT].took, 0.99) * us;
	rig_expire(flood.rig, EXPIRY_S, FLOWS);
}

static void say_level(struct figures *figures, double part)
{
	struct level level;

	for (unsigned int run = 0; run < LEVELS; run++)
		run_level(part, &level, run);
	figure_say(figures, stats_of(level.lost, LEVELS).median, "%", MOST_LOST,
		   "established packets lost, flood at %.0f %%", 100 * part);
	figure_say(figures, stats_of(level.p50, LEVELS).median, "us", 0, "... their latency, p50");
	figure_say(figures, stats_of(level.p99, LEVELS).median, "us", 0, "... p99");
}

/* The clients' port takes 16 of the 32 that come at once. */
static void say_narrow(struct figures *figures)
{
	struct worker *w = rig_worker(flood.rig);
	uint64_t full, dropped;
	double cycles;

	look();
	full = w->drops[DROP_TX_FULL];
	dropped = w->counters.dropped;
	bench_port_narrow(rig_port(flood.rig, SIDE_CLIENT), 16);
	cycles = play(PORTION, 0, false) / PORTION;
	bench_port_narrow(rig_port(flood.rig, SIDE_CLIENT), UINT16_MAX);
	full = w->drops[DROP_TX_FULL] - full;
	dropped = w->counters.dropped - dropped;
	if (full != dropped || full < PORTION * 2 / 5 || full > PORTION * 3 / 5)
		die("of %u packets %llu were dropped, %llu because the port was full", PORTION,
		    (unsigned long long)dropped, (unsigned long long)full);
	figure_say(figures, cycles / flood.established, "times", 2,
		   "an established packet when the port takes half");
}

void flood_run(const struct case_plan *plan, struct figures *figures)
{
	static const double parts[] = { 0.1, 0.5, 0.9, 3 };

	flood.rig = figure_rig(plan, IPPROTO_UDP, FLOWS);
	flood.next = NEW_FROM;
	flood.new = median_of(run_new);
	flood.established = median_of(run_established);
	figure_say(figures, flood.established, "cycles", 0, "an established packet alone");
	figure_say(figures, flood.new, "cycles", 0, "a new connection alone");
	figure_say(figures, beside_new(), "times", MOST,
		   "an established packet beside a new connection each");
	say_cold(figures);
	pacer_clock_init(&flood.clock);
	for (unsigned int i = 0; i < RTE_DIM(parts); i++)
		say_level(figures, parts[i]);
	say_narrow(figures);
	rig_free(flood.rig);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/latency: how long packets of established flows take from arriving to
 * being sent, at parts of the highest rate that this same run has found, by the
 * pacer's virtual clock. Frames come evenly in both directions. Each percentile
 * is the median of those of many short plays; beside it is that of the floor at
 * the same rate, in turn with it: what the machine does to any program
 * (interrupts, pauses of the hypervisor) is in both.
 */
#include <netinet/in.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "perf/figures.h"
#include "perf/floor.h"
#include "perf/pacer.h"

#define RUNS  5
#define PLAYS 25

static struct pacer pacers[SIDE__COUNT];

/* Both directions, each with this interval; cycles of CPU time a packet. */
static double play_paced(struct rig *rig, struct pacer_clock *clock, double interval,
			 uint64_t packets)
{
	struct rig_play play = { .packets = { packets / 2, packets / 2 }, .strict = true };
	double cycles;

	for (unsigned int side = 0; side < SIDE__COUNT; side++)
		pacer_start(&pacers[side], clock, rig_port(rig, side), interval, 0);
	cycles = rig_play_both(rig, &play);
	for (unsigned int side = 0; side < SIDE__COUNT; side++)
		pacer_stop(rig_port(rig, side));
	return cycles / (double)packets;
}

static const struct {
	const char *name;
	double part;
} parts[] = { { "p50", 0.5 }, { "p99", 0.99 }, { "p99.9", 0.999 } };

/* Both directions' frames meet in one distribution. */
static struct histogram *merged(void)
{
	struct histogram *one = &pacers[0].took, *other = &pacers[1].took;

	for (unsigned int i = 0; i < RTE_DIM(one->classes); i++)
		one->classes[i] += other->classes[i];
	one->count += other->count;
	one->most = RTE_MAX(one->most, other->most);
	return one;
}

/* The maximum is found anew before each play: what else the machine does changes by the second. */
static void say_level(struct figures *figures, struct rig *rig, unsigned int percent,
		      uint64_t packets)
{
	double took[2][RTE_DIM(parts)][PLAYS], us = 1e6 / (double)rte_get_tsc_hz();
	struct pacer_clock clock;

	pacer_clock_init(&clock);
	for (unsigned int play = 0; play < PLAYS; play++) {
		double most = play_paced(rig, &clock, 0, packets / PLAYS);

		for (unsigned int floor = 0; floor < 2; floor++) {
			const struct histogram *all;

			rig_use_stages(rig, NULL);
			if (floor)
				floor_use(rig);
			play_paced(rig, &clock, 2 * most * 100 / percent, packets / PLAYS);
			all = merged();
			for (unsigned int i = 0; i < RTE_DIM(parts); i++)
				took[floor][i][play] = histogram_part(all, parts[i].part);
		}
		rig_use_stages(rig, NULL);
	}
	for (unsigned int i = 0; i < RTE_DIM(parts); i++)
		figure_say(figures, stats_of(took[0][i], PLAYS).median * us, "us", 0,
			   "at %u %% of the maximum, %s (the floor's %.1f)", percent, parts[i].name,
			   stats_of(took[1][i], PLAYS).median * us);
}

void latency_run(const struct case_plan *plan, struct figures *figures)
{
	static const unsigned int percents[] = { 10, 50, 90 };
	uint64_t packets = plan->full ? 4000000 : plan->smoke ? 50000 : 500000;
	struct rig *rig = figure_rig(plan, IPPROTO_UDP, 100000);
	double cycles[RUNS], most;
	struct pacer_clock clock;

	pacer_clock_init(&clock);
	for (unsigned int i = 0; i < RUNS; i++)
		cycles[i] = play_paced(rig, &clock, 0, packets);
	most = stats_of(cycles, RUNS).median;
	figure_say(figures, (double)rte_get_tsc_hz() / most / 1e6, "Mpps", 0,
		   "the maximum rate, 100 k flows, both directions");
	for (unsigned int i = 0; i < RTE_DIM(percents); i++)
		say_level(figures, rig, percents[i], packets);
	rig_free(rig);
}

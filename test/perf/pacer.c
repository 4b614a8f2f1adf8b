/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/pacer: see the header. Reading the thread's CPU time costs a system
 * call, so it is asked only when the counter has jumped.
 */
#include "perf/pacer.h"

#include <string.h>

#include <rte_cycles.h>

#include "perf/measure.h"

#define JUMP 50000 /* cycles between two looks: more than a turn takes */

void pacer_clock_init(struct pacer_clock *clock)
{
	clock->now = 0;
	clock->cpu_before = measure_cycles();
	clock->last_tsc = rte_rdtsc();
}

static uint64_t pacer_now(void *arg)
{
	struct pacer_clock *clock = ((struct pacer *)arg)->clock;
	uint64_t tsc = rte_rdtsc(), passed = tsc - clock->last_tsc;

	clock->last_tsc = tsc;
	if (passed > JUMP) {
		double cpu = measure_cycles() - clock->cpu_before;

		if (cpu < (double)(clock->now + passed))
			passed = cpu > (double)clock->now ? (uint64_t)cpu - clock->now : 0;
	}
	clock->now += passed;
	return clock->now;
}

static uint64_t pacer_due(void *arg, uint64_t n)
{
	const struct pacer *pacer = arg;

	return pacer->start + (uint64_t)((double)n * pacer->interval);
}

static void pacer_sent(void *arg, uint64_t took)
{
	histogram_add(&((struct pacer *)arg)->took, took);
}

void pacer_start(struct pacer *pacer, struct pacer_clock *clock, struct bench_port *port,
		 double interval, uint32_t ring)
{
	struct bench_pace pace = { .arg = pacer,
				   .now = pacer_now,
				   .due = pacer_due,
				   .sent = pacer_sent,
				   .ring = ring,
				   .fd = -1 };

	memset(pacer, 0, sizeof(*pacer));
	pacer->clock = clock;
	pacer->interval = interval;
	pacer->start = pacer_now(pacer);
	bench_port_pace(port, &pace);
}

void pacer_stop(struct bench_port *port)
{
	bench_port_pace(port, NULL);
}

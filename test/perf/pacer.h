/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/pacer: frames at an even rate by a virtual clock, and how long each took
 * from its arrival to its transmission. The clock is the time stamp counter
 * without the times in which this thread was taken off its CPU: on a machine
 * that others use, their work is not the balancer's latency.
 */
#ifndef PERF_PACER_H
#define PERF_PACER_H

#include "link/bench_port.h"
#include "perf/histogram.h"

struct pacer_clock {
	uint64_t now;      /* virtual cycles */
	uint64_t last_tsc; /* as of then */
	double cpu_before; /* CPU time when the clock was 0 */
};

void pacer_clock_init(struct pacer_clock *clock);

/* Of one port; those of one rig share a clock. */
struct pacer {
	struct pacer_clock *clock;
	uint64_t start;
	double interval;       /* cycles; 0: all are there at once */
	struct histogram took; /* cycles, of what this port has sent */
};

/* From now on; `ring`: frames that can wait, 0: any. The pacer stays the caller's. */
void pacer_start(struct pacer *pacer, struct pacer_clock *clock, struct bench_port *port,
		 double interval, uint32_t ring);
void pacer_stop(struct bench_port *port);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/measure: CPU time of this thread in cycles of the time stamp counter
 * (what others take of the CPU is not in it), and what many runs come to.
 */
#ifndef PERF_MEASURE_H
#define PERF_MEASURE_H

/* CPU time of this thread so far. */
double measure_cycles(void);

struct stats {
	double median, min, max;
};

/* Sorts the values; n is not 0. */
struct stats stats_of(double *values, unsigned int n);

#endif

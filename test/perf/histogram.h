/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/histogram: how often each value came, in classes of 3 % of the value, so
 * that the thousandth of a million values costs no sorting. Adding is a few
 * instructions.
 */
#ifndef PERF_HISTOGRAM_H
#define PERF_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_PARTS 32 /* of each power of two */

struct histogram {
	uint64_t count, most;
	uint32_t classes[64 * HISTOGRAM_PARTS];
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* The value that a part of all, 0 to 1, do not exceed; 0 if there are none. */
double histogram_part(const struct histogram *histogram, double part);

#endif

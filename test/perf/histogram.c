/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/histogram: see the header. Values below HISTOGRAM_PARTS have classes of their own. */
#include "perf/histogram.h"

#define BITS (__builtin_ctz(HISTOGRAM_PARTS))

static unsigned int class_of(uint64_t value)
{
	int shift;

	if (value < HISTOGRAM_PARTS)
		return (unsigned int)value;
	shift = 63 - __builtin_clzll(value) - BITS;
	return (unsigned int)(shift + 1) * HISTOGRAM_PARTS +
	       (unsigned int)(value >> shift) % HISTOGRAM_PARTS;
}

/* The largest value of a class. */
static uint64_t class_end(unsigned int class)
{
	unsigned int shift = class / HISTOGRAM_PARTS;

	if (shift == 0)
		return class;
	shift--;
	return ((uint64_t)(HISTOGRAM_PARTS + class % HISTOGRAM_PARTS + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->count++;
	histogram->classes[class_of(value)]++;
	if (value > histogram->most)
		histogram->most = value;
}

double histogram_part(const struct histogram *histogram, double part)
{
	double wanted = part * (double)histogram->count;
	uint64_t n = 0;

	for (unsigned int i = 0; histogram->count && i < 64 * HISTOGRAM_PARTS; i++) {
		n += histogram->classes[i];
		if (n && (double)n >= wanted)
			return (double)(class_end(i) < histogram->most ? class_end(i)
								       : histogram->most);
	}
	return 0;
}

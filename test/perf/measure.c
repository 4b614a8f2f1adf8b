/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/measure: see the header. */
#include "perf/measure.h"

#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>

double measure_cycles(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return ((double)now.tv_sec + (double)now.tv_nsec * 1e-9) * (double)rte_get_tsc_hz();
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct stats stats_of(double *values, unsigned int n)
{
	qsort(values, n, sizeof(values[0]), compare);
	return (struct stats){ .median = n % 2 ? values[n / 2]
					       : (values[n / 2 - 1] + values[n / 2]) / 2,
			       .min = values[0],
			       .max = values[n - 1] };
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/report: the results as a table for people and as JSON for programs,
 * with what must be known of the machine to believe them.
 */
#ifndef PERF_REPORT_H
#define PERF_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "perf/cases.h"
#include "perf/figures.h"

struct facts {
	char cpu[128];
	unsigned int cpus;
	double tsc_hz, load;
	bool huge;            /* packets lie in huge pages */
	unsigned long thp_kb; /* of this process, transparent huge pages; at its largest */
	const char *compiler;
	const char *flavour;
	uint32_t mbufs, runs;
};

void facts_get(struct facts *facts);
/* Again, while tables are there. */
void facts_see_pages(struct facts *facts);

void report_head(const struct facts *facts);
void report_row(const struct result *row);
void report_figure(const struct figure *figure);
void report_rest(const struct results *results);

/* 0 or -errno */
int report_json(const struct facts *facts, const struct results *results,
		const struct figures *figures, const char *path);

#endif

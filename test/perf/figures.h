/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/figures: what is not cycles a packet beside the floor: latencies, what
 * happens under overload, memory, an idle worker, control under load. A case
 * makes its own rig, and says each figure with its unit and, where there is
 * one, the most that it may be. Each is a file of its own.
 */
#ifndef PERF_FIGURES_H
#define PERF_FIGURES_H

#include "perf/cases.h"

#define FIGURES_MAX 128

struct figure {
	const char *name; /* of its case */
	char what[72];
	const char *unit;
	double value;
	double most; /* 0: no aim */
};

struct figures {
	struct figure rows[FIGURES_MAX];
	unsigned int n;
	void (*said)(const struct figure *figure);
	const char *running;
};

typedef void figure_case_fn(const struct case_plan *plan, struct figures *figures);
figure_case_fn bare_run_case, churn_run, control_run_case, flood_run, idle_run, insert_run,
	laddr_run, latency_run, lookup_run, stall_run;

/* Adds one of the running case. */
void figure_say(struct figures *figures, double value, const char *unit, double most,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A rig with so many flows open and loaded, all seen once; `more` is room for others. */
struct rig *figure_rig_for(const struct case_plan *plan, enum api_forward mode, uint8_t proto,
			   uint32_t flows, uint32_t more);
/* FNAT's. */
struct rig *figure_rig(const struct case_plan *plan, uint8_t proto, uint32_t flows);

/* All that the plan wants. */
void figures_run(const struct case_plan *plan, struct figures *figures);

/* Cases and what they are, a line each. */
void figures_list(void);

#endif

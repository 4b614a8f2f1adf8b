/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/cases: what is measured. A case belongs to a kind of rig (protocol,
 * timestamps) and is run with each number of flows that it is made for, always
 * in turn with the floor on the same trace. A new forwarding mode or family is
 * a kind of rig and some rows.
 */
#ifndef PERF_CASES_H
#define PERF_CASES_H

#include "perf/measure.h"
#include "perf/rig.h"

#define CASE_RUNS_MAX    64
#define CASE_TARGETS     2
#define CASE_RESULTS_MAX 512
#define CASE_FLOWS_MAX   8

struct case_plan {
	uint32_t flows[CASE_FLOWS_MAX]; /* ascending, ends with 0 */
	uint32_t opened;                /* connections made in a run of the cases that make them */
	uint32_t runs;
	uint64_t packets; /* of a run, at least; half of the flows come, or all if full */
	uint32_t mbufs;
	bool full, smoke; /* smoke: small, for whether it runs */
	bool huge;        /* packets lie in 2 MB pages */
	const char *only; /* NULL, or the name of the only case */
};

/* An aim: at most `times` the floor. */
struct target {
	const char *name;
	double times; /* 0: none */
};

struct result {
	const char *name, *unit;
	uint32_t flows; /* open while it was measured */
	struct stats floor, cycles;
	struct target targets[CASE_TARGETS];
};

/* Cycles of a packet in each stage, and outside of all of them. */
struct stage_result {
	const char *name;
	uint32_t flows;
	double stages[STAGE__COUNT], other;
};

struct memory_result {
	const char *kind;
	uint32_t most; /* bytes a connection */
	struct rig_memory memory;
};

struct results {
	struct result rows[CASE_RESULTS_MAX];
	unsigned int n_rows;
	struct stage_result stages[CASE_RESULTS_MAX];
	unsigned int n_stages;
	struct memory_result memory[CASE_RESULTS_MAX];
	unsigned int n_memory;
};

/* Runs them all; `said` is told of each row as soon as it is there. */
void cases_run(const struct case_plan *plan, struct results *results,
	       void (*said)(const struct result *row));

/*
 * For callgrind: prepares a case, and lets it run once inside rig_loop_counted(). Returns how many
 * packets, or connections, that were; 0: there is no such case.
 */
uint64_t cases_count(const char *name, uint32_t mbufs);

/* Cases and what they are, a line each. */
void cases_list(void);

#endif

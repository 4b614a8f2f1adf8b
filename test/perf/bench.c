/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench: what a packet and a connection cost, in cycles of one worker's CPU
 * time, beside the least that any forwarder must do (floor.h). The worker is
 * the daemon's own, with its own turns, stages and tables; only the wires are
 * replaced (link/bench_port.h). No root, no huge pages, no NIC; with 2 MB pages
 * free, the packets lie in them.
 *
 *	make bench              a table, bin/bench.json and bin/bench.svg
 *	make bench FULL=1       10 M flows too, longer runs, all modes with TCP
 *	make bench-count        instructions a packet, against test/perf/counts.txt
 *	bin/test/perf/bench --smoke        does each case run? Its figures say nothing
 *	bin/test/perf/bench --only udp-in --flows 1000,100000
 *
 * How it measures: CPU time of the thread times the TSC's rate, so that other
 * programs on the machine take nothing but cache; each run of a case follows a
 * run of the floor over the same trace, and ratios are of the medians. Flows
 * come in a random order, each once before any comes again. Before a figure
 * stands, as many packets have gone out as came in and none was given up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <popt.h>
#include <rte_eal.h>

#include "perf/cases.h"
#include "perf/figures.h"
#include "perf/report.h"

#define MBUFS      4096 /* two ports with rings of 1,024 descriptors each way */
#define MEMORY_MB  64
#define HUGE_PAGES 48 /* of 2 MB that must be free */

struct options {
	int full, smoke, list, runs, mbufs;
	char *only, *flows, *json, *count;
};

static unsigned int huge_pages_free(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	unsigned int pages = 0;

	if (file && fscanf(file, "%u", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages;
}

/* true: packets lie in huge pages. */
static bool eal_start(bool may_be_huge)
{
	bool huge = may_be_huge && huge_pages_free() >= HUGE_PAGES;
	char megabytes[16];
	char *words[] = { (char *)"bench",
			  (char *)"-l0",
			  (char *)"--no-pci",
			  (char *)"--no-telemetry",
			  (char *)"--no-shconf",
			  (char *)"--log-level=error",
			  (char *)"--file-prefix=dpvs-bench",
			  (char *)"-m",
			  megabytes,
			  huge ? (char *)"--in-memory" : (char *)"--no-huge",
			  NULL };

	snprintf(megabytes, sizeof(megabytes), "%u", MEMORY_MB);
	if (rte_eal_init((int)RTE_DIM(words) - 1, words) < 0)
		die("DPDK does not start");
	return huge;
}

static void read_flows(const char *text, struct case_plan *plan)
{
	unsigned int n = 0;

	memset(plan->flows, 0, sizeof(plan->flows));
	while (*text) {
		char *end;
		unsigned long value = strtoul(text, &end, 10);

		if (end == text || value == 0 || value > 100000000 || n + 1 == CASE_FLOWS_MAX ||
		    (n && value <= plan->flows[n - 1]) || (*end && *end != ','))
			die("--flows %s: ascending numbers from 1 to 100000000, at most %u, "
			    "commas between them",
			    text, CASE_FLOWS_MAX - 1);
		plan->flows[n++] = (uint32_t)value;
		text = *end ? end + 1 : end;
	}
}

static void make_plan(const struct options *options, struct case_plan *plan)
{
	*plan = (struct case_plan){ .flows = { 1, 1000, 10000, 100000, 1000000 },
				    .opened = options->full ? 65536 : 32768,
				    .runs = 5,
				    .packets = options->full ? 2000000 : 300000,
				    .mbufs = (uint32_t)options->mbufs,
				    .full = options->full,
				    .only = options->only };
	if (options->full)
		plan->flows[5] = 10000000;
	if (options->smoke) {
		plan->smoke = true;
		plan->flows[0] = 1000;
		plan->flows[1] = 0;
		plan->runs = 1;
		plan->packets = 20000;
		plan->opened = 4096;
	}
	if (options->flows)
		read_flows(options->flows, plan);
	if (options->runs)
		plan->runs = (uint32_t)options->runs;
	if (options->runs < 0 || plan->runs > CASE_RUNS_MAX)
		die("--runs: 1 to %u", CASE_RUNS_MAX);
}

static int bench(const struct options *options)
{
	static struct figures figures = { .said = report_figure };
	static struct results results;
	struct facts facts = { .huge = eal_start(true), .mbufs = (uint32_t)options->mbufs };
	struct case_plan plan;
	time_t start = time(NULL);

	make_plan(options, &plan);
	plan.huge = facts.huge;
	facts.runs = plan.runs;
	facts_get(&facts);
	report_head(&facts);
	cases_run(&plan, &results, report_row);
	figures_run(&plan, &figures);
	if (results.n_rows + figures.n == 0)
		die("--only %s: there is no such case; --list shows them", options->only);
	facts_see_pages(&facts);
	report_rest(&results);
	printf("\n%.0f s\n", difftime(time(NULL), start));
	if (options->json && report_json(&facts, &results, &figures, options->json) != 0)
		die("%s: cannot be written", options->json);
	return 0;
}

static int count(const struct options *options)
{
	uint64_t n;

	eal_start(false);
	n = cases_count(options->count, (uint32_t)options->mbufs);
	if (n == 0)
		die("--count %s: there is no such case; --list shows them", options->count);
	printf("%s %llu\n", options->count, (unsigned long long)n);
	return 0;
}

int main(int argc, const char **argv)
{
	static struct options options = { .mbufs = MBUFS };
	static const struct poptOption table[] = {
		{ "full", 0, POPT_ARG_NONE, &options.full, 0, "10 M flows too, longer runs", NULL },
		{ "smoke", 0, POPT_ARG_NONE, &options.smoke, 0, "does each case run?", NULL },
		{ "list", 0, POPT_ARG_NONE, &options.list, 0, "the cases", NULL },
		{ "only", 0, POPT_ARG_STRING, &options.only, 0, "this case only", "CASE" },
		{ "flows", 0, POPT_ARG_STRING, &options.flows, 0, "these numbers of flows", "N,N" },
		{ "runs", 0, POPT_ARG_INT, &options.runs, 0, "of each case", "N" },
		{ "mbufs", 0, POPT_ARG_INT, &options.mbufs, 0, "that circulate", "N" },
		{ "json", 0, POPT_ARG_STRING, &options.json, 0, "results into a file", "FILE" },
		{ "count", 0, POPT_ARG_STRING, &options.count, 0, "one run, for callgrind",
		  "CASE" },
		POPT_AUTOHELP POPT_TABLEEND
	};
	poptContext context = poptGetContext("bench", argc, argv, table, 0);
	int r = poptGetNextOpt(context);

	if (r < -1)
		die("%s: %s", poptBadOption(context, 0), poptStrerror(r));
	if (poptPeekArg(context))
		die("%s: what is that?", poptPeekArg(context));
	poptFreeContext(context);
	if (options.list) {
		cases_list();
		figures_list();
		return 0;
	}
	return options.count ? count(&options) : bench(&options);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/figures: the table of cases. */
#include "perf/figures.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

static const struct {
	const char *name, *what;
	figure_case_fn *run;
} figure_cases[] = {
	{ "bare", "what the memory of a table alone costs a packet", bare_run_case },
	{ "insert", "making a connection in a table that is 90 % full", insert_run },
	{ "laddr", "memory of a local address with 100 real servers", laddr_run },
	{ "stall", "the longest turn while the table grows and while 1 M expire", stall_run },
	{ "lookup", "routes of a full table: lookups, changes, memory", lookup_run },
	{ "churn", "established packets while routes change", churn_run },
	{ "flood", "established packets beside a flood of new connections", flood_run },
	{ "latency", "added, at 10, 50 and 90 % of the maximum rate", latency_run },
	{ "idle", "an idle worker: CPU, and the first packet", idle_run },
	{ "control", "requests while the worker is fully loaded", control_run_case },
};

void figure_say(struct figures *figures, double value, const char *unit, double most,
		const char *format, ...)
{
	struct figure *figure = &figures->rows[figures->n++];
	va_list args;

	if (figures->n > FIGURES_MAX)
		die("too many figures");
	*figure = (struct figure){
		.name = figures->running, .unit = unit, .value = value, .most = most
	};
	va_start(args, format);
	vsnprintf(figure->what, sizeof(figure->what), format, args);
	va_end(args);
	figures->said(figure);
}

struct rig *figure_rig_for(const struct case_plan *plan, enum api_forward mode, uint8_t proto,
			   uint32_t flows, uint32_t more)
{
	struct rig_config config = {
		.proto = proto, .mode = mode, .flows_max = flows + more, .mbufs = plan->mbufs
	};
	struct rig *rig = rig_new(&config);

	rig_grow(rig, flows);
	rig_load(rig, flows, proto == IPPROTO_TCP ? FRAME_DATA : FRAME_UDP);
	rig_play(rig, rig_dirs(rig), 2 * (uint64_t)flows);
	return rig;
}

struct rig *figure_rig(const struct case_plan *plan, uint8_t proto, uint32_t flows)
{
	return figure_rig_for(plan, API_FORWARD_FNAT, proto, flows, 0);
}

void figures_run(const struct case_plan *plan, struct figures *figures)
{
	for (unsigned int i = 0; i < RTE_DIM(figure_cases); i++) {
		if (plan->only && strcmp(plan->only, figure_cases[i].name) != 0)
			continue;
		figures->running = figure_cases[i].name;
		figure_cases[i].run(plan, figures);
	}
}

void figures_list(void)
{
	for (unsigned int i = 0; i < RTE_DIM(figure_cases); i++)
		printf("%-14s %s\n", figure_cases[i].name, figure_cases[i].what);
}

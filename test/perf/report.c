/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/report: see the header. Ratios are of medians. */
#include "perf/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <rte_common.h>
#include <rte_cycles.h>

#include "main/path.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

#define STAGE_SHOWN  0.5    /* cycles a packet */
#define MEMORY_CONNS 100000 /* with fewer, pages that are used in part say nothing */

/* The rest of the first line of a file that begins with a word, behind its colon. */
static bool line_of(const char *path, const char *word, char *out, size_t size)
{
	FILE *file = fopen(path, "r");
	char line[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *value = strchr(line, ':');

		if (strncmp(line, word, strlen(word)) != 0 || !value)
			continue;
		value += 1 + strspn(value + 1, " \t");
		snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

void facts_see_pages(struct facts *facts)
{
	char value[64];

	if (line_of("/proc/self/smaps_rollup", "AnonHugePages", value, sizeof(value)))
		facts->thp_kb = RTE_MAX(facts->thp_kb, strtoul(value, NULL, 10));
}

void facts_get(struct facts *facts)
{
	if (!line_of("/proc/cpuinfo", "model name", facts->cpu, sizeof(facts->cpu)))
		snprintf(facts->cpu, sizeof(facts->cpu), "unknown");
	facts->cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	facts->tsc_hz = (double)rte_get_tsc_hz();
	if (getloadavg(&facts->load, 1) != 1)
		facts->load = -1;
	facts->compiler = COMPILER;
	facts->flavour = BENCH_FLAVOUR;
}

void report_head(const struct facts *facts)
{
	printf("CPU %s (%u), %.0f MHz, load %.1f; %s, %s; %u mbufs, packets in %s; "
	       "%u runs each\n\n",
	       facts->cpu, facts->cpus, facts->tsc_hz / 1e6, facts->load, facts->compiler,
	       facts->flavour, facts->mbufs, facts->huge ? "huge pages" : "4 KB pages",
	       facts->runs);
	printf("%-14s %9s %7s %8s %8s %8s %7s  aims (times the floor)\n", "case", "flows", "floor",
	       "median", "min", "max", "ratio");
}

static double row_ratio(const struct result *row)
{
	return row->cycles.median / row->floor.median;
}

static const char *verdict(const struct result *row, const struct target *target)
{
	return row_ratio(row) <= target->times ? "ok" : "above";
}

void report_row(const struct result *row)
{
	printf("%-14s %9u %7.1f %8.0f %8.0f %8.0f %7.2f ", row->name, row->flows, row->floor.median,
	       row->cycles.median, row->cycles.min, row->cycles.max, row_ratio(row));
	for (unsigned int i = 0; i < CASE_TARGETS && row->targets[i].times > 0; i++)
		printf(" %s %.3g: %s%s", row->targets[i].name, row->targets[i].times,
		       verdict(row, &row->targets[i]),
		       i + 1 < CASE_TARGETS && row->targets[i + 1].times > 0 ? ";" : "");
	printf("\n");
	fflush(stdout);
}

static const char *figure_verdict(const struct figure *figure)
{
	return figure->value <= figure->most ? "ok" : "above";
}

void report_figure(const struct figure *figure)
{
	printf("%-9s %-58s %10.*f %s", figure->name, figure->what, figure->value < 100 ? 2 : 0,
	       figure->value, figure->unit);
	if (figure->most > 0)
		printf(", at most %.*f: %s", figure->most < 100 ? 2 : 0, figure->most,
		       figure_verdict(figure));
	printf("\n");
	fflush(stdout);
}

static void report_stages(const struct results *results)
{
	printf("\ncycles a packet by stage (with the clock's reading)\n");
	for (unsigned int i = 0; i < results->n_stages; i++) {
		const struct stage_result *row = &results->stages[i];

		printf("%-14s %9u ", row->name, row->flows);
		for (unsigned int s = 0; s < STAGE__COUNT; s++)
			if (row->stages[s] >= STAGE_SHOWN)
				printf(" %s %.0f", path_stages(FLOW_ON)[s].name, row->stages[s]);
		printf(" rx and loop %.0f\n", row->other);
	}
}

void report_rest(const struct results *results)
{
	if (results->n_stages)
		report_stages(results);
	printf("\n");
	for (unsigned int i = 0; i < results->n_memory; i++) {
		const struct rig_memory *memory = &results->memory[i].memory;
		uint64_t bytes = memory->conn_bytes + memory->lport_bytes;

		if (memory->conns < MEMORY_CONNS)
			continue;
		printf("%-14s %9llu connections: %.1f bytes each (tables %.1f, ports %.1f), "
		       "aim %u: %s\n",
		       results->memory[i].kind, (unsigned long long)memory->conns,
		       (double)bytes / (double)memory->conns,
		       (double)memory->conn_bytes / (double)memory->conns,
		       (double)memory->lport_bytes / (double)memory->conns, results->memory[i].most,
		       bytes <= memory->conns * results->memory[i].most ? "ok" : "above");
	}
}

static json_t *json_stats(const struct stats *stats)
{
	return json_pack("{s:f,s:f,s:f}", "median", stats->median, "min", stats->min, "max",
			 stats->max);
}

static json_t *json_row(const struct result *row)
{
	json_t *aims = json_array();

	for (unsigned int i = 0; i < CASE_TARGETS && row->targets[i].times > 0; i++)
		json_array_append_new(aims, json_pack("{s:s,s:f,s:b}", "name", row->targets[i].name,
						      "times", row->targets[i].times, "ok",
						      row_ratio(row) <= row->targets[i].times));
	return json_pack("{s:s,s:I,s:s,s:o,s:o,s:f,s:o}", "case", row->name, "flows",
			 (json_int_t)row->flows, "unit", row->unit, "floor",
			 json_stats(&row->floor), "cycles", json_stats(&row->cycles), "ratio",
			 row_ratio(row), "aims", aims);
}

static json_t *json_stage_row(const struct stage_result *row)
{
	json_t *stages = json_object();

	for (unsigned int s = 0; s < STAGE__COUNT; s++)
		json_object_set_new(stages, path_stages(FLOW_ON)[s].name,
				    json_real(row->stages[s]));
	json_object_set_new(stages, "other", json_real(row->other));
	return json_pack("{s:s,s:I,s:o}", "case", row->name, "flows", (json_int_t)row->flows,
			 "stages", stages);
}

static json_t *json_figures(const struct figures *figures)
{
	json_t *rows = json_array();

	for (unsigned int i = 0; i < figures->n; i++) {
		const struct figure *figure = &figures->rows[i];
		json_t *row = json_pack("{s:s,s:s,s:f,s:s}", "case", figure->name, "what",
					figure->what, "value", figure->value, "unit", figure->unit);

		if (figure->most > 0) {
			json_object_set_new(row, "most", json_real(figure->most));
			json_object_set_new(row, "ok", json_boolean(figure->value <= figure->most));
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *json_machine(const struct facts *facts)
{
	return json_pack("{s:s,s:i,s:f,s:f,s:b,s:I,s:s,s:s,s:i,s:i}", "cpu", facts->cpu, "cpus",
			 (int)facts->cpus, "tsc_hz", facts->tsc_hz, "load", facts->load,
			 "huge_pages", (int)facts->huge, "transparent_huge_kb",
			 (json_int_t)facts->thp_kb, "compiler", facts->compiler, "flavour",
			 facts->flavour, "mbufs", (int)facts->mbufs, "runs", (int)facts->runs);
}

int report_json(const struct facts *facts, const struct results *results,
		const struct figures *figures, const char *path)
{
	json_t *rows = json_array(), *stages = json_array(), *memory = json_array();
	json_t *all;
	int r;

	for (unsigned int i = 0; i < results->n_rows; i++)
		json_array_append_new(rows, json_row(&results->rows[i]));
	for (unsigned int i = 0; i < results->n_stages; i++)
		json_array_append_new(stages, json_stage_row(&results->stages[i]));
	for (unsigned int i = 0; i < results->n_memory; i++) {
		const struct rig_memory *m = &results->memory[i].memory;

		json_array_append_new(
			memory, json_pack("{s:s,s:I,s:I,s:I,s:I}", "kind", results->memory[i].kind,
					  "connections", (json_int_t)m->conns, "table_bytes",
					  (json_int_t)m->conn_bytes, "port_bytes",
					  (json_int_t)m->lport_bytes, "aim_bytes_each",
					  (json_int_t)results->memory[i].most));
	}
	all = json_pack("{s:o,s:o,s:o,s:o,s:o}", "machine", json_machine(facts), "rows", rows,
			"stages", stages, "memory", memory, "figures", json_figures(figures));
	if (!all)
		return -ENOMEM;
	r = json_dump_file(all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(all);
	return r == 0 ? 0 : -EIO;
}

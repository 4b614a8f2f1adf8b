/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/insert: what it costs to make a connection in a table that is 90 % full,
 * by the time stamp counter around each single one. The same inserts are done
 * again in a second and third table, and the fastest of the three is taken, so
 * that an interrupt in the middle of one is not the table's.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "ipvs/conn.h"
#include "lib/prng.h"
#include "perf/figures.h"
#include "perf/histogram.h"

#define TABLES     3
#define GONE       16384 /* connections that end before as many come: their memory is cold again */
#define TIMEOUT_S  300
#define MOST_TIMES 4 /* p99.9 against the median */

struct inserts {
	struct conn_table *table;
	struct prng prng;
	uint32_t *ids; /* of those present, in no order */
	uint32_t present;
	struct region region;
};

static void expired(struct worker *w, uint32_t id, struct conn *conn)
{
}

/* Client and server side of the n-th connection: no two are alike. */
static void tuples(uint32_t n, struct tuple *in, struct tuple *out)
{
	*in = (struct tuple){ .src = ip_from_v4(htonl(0x64000000 + n / 16)),
			      .dst = ip_from_v4(htonl(0x0a00000a)),
			      .sport = htons((uint16_t)(1025 + n % 16)),
			      .dport = htons(80),
			      .proto = IPPROTO_TCP,
			      .family = AF_INET };
	*out = (struct tuple){ .src = ip_from_v4(htonl(0xc0a80001 + n % 100)),
			       .dst = ip_from_v4(htonl(0xc0a80100 + n / 6000000)),
			       .sport = htons(8080),
			       .dport = htons((uint16_t)(1025 + n / 100 % 60000)),
			       .proto = IPPROTO_TCP,
			       .family = AF_INET };
}

/* Cycles that it took. */
static uint64_t insert(struct inserts *inserts, uint32_t n)
{
	struct tuple in, out;
	uint64_t start, cycles;
	uint32_t id;

	tuples(n, &in, &out);
	start = rte_rdtsc_precise();
	id = conn_create(inserts->table, &in, &out);
	if (id != CONN_NONE)
		conn_set_timeout(inserts->table, id, TIMEOUT_S, 1000);
	cycles = rte_rdtsc_precise() - start;
	if (id == CONN_NONE)
		die("connection %u cannot be made", n);
	inserts->ids[inserts->present++] = id;
	return cycles;
}

static void remove_any(struct inserts *inserts)
{
	uint32_t at = prng_below(&inserts->prng, inserts->present);

	conn_free(inserts->table, inserts->ids[at]);
	inserts->ids[at] = inserts->ids[--inserts->present];
}

static uint64_t clock_cost(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t start = rte_rdtsc_precise(), cycles = rte_rdtsc_precise() - start;

		least = RTE_MIN(least, cycles);
	}
	return least;
}

/* Fills a table of `max` to 90 %, then `n` go and come; cycles of each into `took`. */
static void run(uint32_t max, uint32_t n, uint32_t *took, uint64_t clock)
{
	struct conn_table_config config = { .max = max,
					    .socket = -1,
					    .key = { { 0x243f6a8885a308d3, 0x13198a2e03707345,
						       0xa4093822299f31d1, 0x082efa98ec4e6c89 } },
					    .expire = expired };
	struct inserts inserts = { .prng = { 11 } };
	uint32_t next = 0;

	inserts.table = conn_table_create(&config);
	inserts.ids = bulk_alloc(max * sizeof(*inserts.ids), &inserts.region);
	if (!inserts.table)
		die("no memory for %u connections", max);
	while (next < max / 10 * 9)
		insert(&inserts, next++);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t cycles;

		for (uint32_t k = 0; i % GONE == 0 && k < GONE; k++)
			remove_any(&inserts);
		cycles = insert(&inserts, next++);
		cycles = cycles > clock ? cycles - clock : 0;
		took[i] = (uint32_t)RTE_MIN(cycles, (uint64_t)UINT32_MAX);
	}
	conn_table_destroy(inserts.table);
	region_destroy(&inserts.region);
}

void insert_run(const struct case_plan *plan, struct figures *figures)
{
	static struct histogram all;
	uint32_t max = plan->full ? 10000000 : plan->smoke ? 100000 : 1000000;
	uint32_t n = plan->full ? 2000000 : plan->smoke ? 40000 : 400000;
	uint64_t clock = clock_cost();
	struct region region;
	uint32_t *took = bulk_alloc((size_t)TABLES * n * sizeof(*took), &region), worst = 0;
	double median, late;

	for (unsigned int i = 0; i < TABLES; i++)
		run(max, n, &took[(size_t)i * n], clock);
	memset(&all, 0, sizeof(all));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t least = took[i];

		for (unsigned int table = 1; table < TABLES; table++)
			least = RTE_MIN(least, took[(size_t)table * n + i]);
		worst = RTE_MAX(worst, least);
		histogram_add(&all, least);
	}
	region_destroy(&region);
	median = histogram_part(&all, 0.5);
	late = histogram_part(&all, 0.999);
	figure_say(figures, median, "cycles", 0, "median, table of %u", max);
	figure_say(figures, late, "cycles", 0, "p99.9");
	figure_say(figures, late / median, "times", MOST_TIMES, "p99.9 to the median");
	figure_say(figures, worst, "cycles", 0, "the worst of %u", n);
}

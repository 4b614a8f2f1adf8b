/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/lookup: a full table of routes, with the Internet's lengths: what it
 * takes to look addresses up that nobody has asked for lately, by the index
 * alone, beside reading one line each of as much memory and no more, and with
 * all that becomes of a packet; how many routes come and go in
 * a second, each by a request, into the tables of the master and one worker;
 * and what a worker's tables take.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_cycles.h>

#include "api/frame.h"
#include "control/control.h"
#include "lib/feed.h"
#include "lib/prng.h"
#include "net/net.h"
#include "net/route_int.h"
#include "perf/figures.h"

#define FEW      10 /* routes */
#define FEW_MB   1
#define MANY_MB  300
#define CYCLES4  40
#define CYCLES4S 60 /* in small pages */
#define CYCLES6  300
#define ASKED    (1u << 20) /* addresses, asked for in turn */

struct lookup {
	struct rig *rig;
	int family;
	uint32_t routes;
	uint32_t *addrs4;
	struct index_addr6 *addrs6;
};

static const char *name_of(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static double worker_mb(struct rig *rig)
{
	return (double)route_memory(rig_all(rig)[WORKER_MASTER], rig_worker(rig)) / 1e6;
}

static void request(const struct lookup *lookup, enum api_id id, const struct feed_prefix *prefix,
		    uint32_t n)
{
	struct api_route route = { .family = (uint16_t)lookup->family,
				   .plen = prefix->plen,
				   .scope = API_SCOPE_UNSET,
				   .onlink = 1 };
	char error[512] = "";

	memcpy(&route.dst, prefix->addr, sizeof(route.dst));
	if (lookup->family == AF_INET)
		route.via.v4 = rte_cpu_to_be_32(0x0a000014 + n % 200);
	else
		memcpy(&route.via, (const uint8_t[16]){ 0xfd, [15] = (uint8_t)(2 + n % 200) }, 16);
	strcpy(route.dev, "dpdk0");
	if (control_run_request(rig_all(lookup->rig), rig_tables(lookup->rig), (uint16_t)id, &route,
				sizeof(route), error, sizeof(error)) != 0)
		die("a route: %s", error);
}

/* All of the feed; changes a second. */
static double change_all(const struct lookup *lookup, enum api_id id)
{
	struct feed feed;
	double start;

	feed_init(&feed, lookup->family);
	start = measure_cycles();
	for (uint32_t i = 0; i < lookup->routes; i++) {
		struct feed_prefix prefix = feed_next(&feed);

		request(lookup, id, &prefix, i);
	}
	return lookup->routes / ((measure_cycles() - start) / (double)rte_get_tsc_hz());
}

/* In random order, each inside a prefix of the feed. */
static void choose_addresses(struct lookup *lookup)
{
	uint32_t *order = malloc(lookup->routes * sizeof(*order));
	struct prng prng = { 5 };
	struct feed feed;

	if (!order)
		die("no memory");
	shuffle(order, lookup->routes, 7);
	feed_init(&feed, lookup->family);
	for (uint32_t i = 0; i < lookup->routes; i++) {
		struct feed_prefix prefix = feed_next(&feed);
		uint64_t high = prng_next(&prng), host = UINT64_MAX;

		if (lookup->family == AF_INET) {
			uint32_t addr;

			memcpy(&addr, prefix.addr, sizeof(addr));
			host = prefix.plen < 32 ? UINT32_MAX >> prefix.plen : 0;
			addr = rte_be_to_cpu_32(addr) | (uint32_t)(high & host);
			for (uint32_t at = order[i]; at < ASKED; at += lookup->routes)
				lookup->addrs4[at] = addr;
			continue;
		}
		struct index_addr6 addr;

		memcpy(&addr, prefix.addr, sizeof(addr));
		host = prefix.plen < 64 ? UINT64_MAX >> prefix.plen : 0;
		addr.high = rte_be_to_cpu_64(addr.high) | (high & host);
		addr.low = rte_be_to_cpu_64(addr.low);
		if (prefix.plen <= 64)
			addr.low = prng_next(&prng);
		for (uint32_t at = order[i]; at < ASKED; at += lookup->routes)
			lookup->addrs6[at] = addr;
	}
	free(order);
}

/* Cycles of a lookup of the index. */
static double find_all(const struct lookup *lookup)
{
	const struct route_index *index = &rig_worker(lookup->rig)->net->routes->index;
	uint32_t values[ROUTE_BURST], none = 0;
	double start = measure_cycles();

	for (uint32_t i = 0; i < ASKED; i += ROUTE_BURST) {
		if (lookup->family == AF_INET)
			route_index_find4_many(index, &lookup->addrs4[i], values, ROUTE_BURST);
		else
			route_index_find6_many(index, &lookup->addrs6[i], values, ROUTE_BURST);
		for (unsigned int k = 0; k < ROUTE_BURST; k++)
			none += values[k] == 0;
	}
	start = measure_cycles() - start;
	if (none)
		die("%u of %u addresses have no route", none, ASKED);
	return start / ASKED;
}

/*
 * The least that any index of so many bytes takes: cycles of a line of them for each address, asked
 * for as early as a vector allows.
 */
static double read_all(const struct lookup *lookup)
{
	const struct route_index *index = &rig_worker(lookup->rig)->net->routes->index;
	const uint8_t *base = index->units.base, *lines[ROUTE_BURST];
	uint64_t n = (uint64_t)index->units.next * UNIT_BYTES / RTE_CACHE_LINE_SIZE;
	double start = measure_cycles();
	uint64_t sum = 0;

	for (uint32_t i = 0; i < ASKED; i += ROUTE_BURST) {
		for (unsigned int k = 0; k < ROUTE_BURST; k++) {
			uint32_t any = lookup->family == AF_INET
					       ? lookup->addrs4[i + k]
					       : (uint32_t)(lookup->addrs6[i + k].high >> 16);

			any *= 0x9e3779b1u;
			lines[k] = base + (any * n >> 32) * RTE_CACHE_LINE_SIZE;
			__builtin_prefetch(lines[k]);
		}
		for (unsigned int k = 0; k < ROUTE_BURST; k++)
			sum += *lines[k];
	}
	start = measure_cycles() - start;
	if (sum == 0)
		die("there is nothing in the index");
	return start / ASKED;
}

static void set_destination(const struct lookup *lookup, struct pkt_meta *meta, uint32_t i)
{
	if (lookup->family == AF_INET) {
		meta->tuple.dst.v4 = rte_cpu_to_be_32(lookup->addrs4[i]);
		return;
	}
	meta->tuple.dst.u64[0] = rte_cpu_to_be_64(lookup->addrs6[i].high);
	meta->tuple.dst.u64[1] = rte_cpu_to_be_64(lookup->addrs6[i].low);
}

/* Cycles of a packet, from its destination to its next hop. */
static double route_all(const struct lookup *lookup)
{
	static struct pkt_meta metas[ROUTE_BURST];
	struct route_packet packets[ROUTE_BURST];
	double start = measure_cycles();

	memset(metas, 0, sizeof(metas));
	for (unsigned int k = 0; k < ROUTE_BURST; k++) {
		metas[k].tuple.family = (uint8_t)lookup->family;
		packets[k].meta = &metas[k];
	}
	for (uint32_t i = 0; i < ASKED; i += ROUTE_BURST) {
		for (unsigned int k = 0; k < ROUTE_BURST; k++)
			set_destination(lookup, &metas[k], i + k);
		route_input_many(rig_worker(lookup->rig), (unsigned int)lookup->family, packets,
				 ROUTE_BURST);
		if (packets[0].verdict != ROUTE_FORWARD)
			die("an address has no way");
	}
	return (measure_cycles() - start) / ASKED;
}

/* Does the kernel give large pages to who asks? */
static bool pages_are_large(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
	char text[64] = "";

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strstr(text, "[always]") || strstr(text, "[madvise]");
}

static void family_run(const struct case_plan *plan, struct figures *figures, struct lookup *lookup)
{
	double bare[CASE_RUNS_MAX], found[CASE_RUNS_MAX], routed[CASE_RUNS_MAX], adds, dels;
	double most = lookup->family != AF_INET ? CYCLES6 : pages_are_large() ? CYCLES4 : CYCLES4S;
	const char *name = name_of(lookup->family);

	adds = change_all(lookup, API_ROUTE_ADD);
	figure_say(figures, worker_mb(lookup->rig), "MB", MANY_MB,
		   "a worker's tables, %u %s routes", lookup->routes, name);
	choose_addresses(lookup);
	for (unsigned int i = 0; i < plan->runs; i++) {
		bare[i] = read_all(lookup);
		found[i] = find_all(lookup);
		routed[i] = route_all(lookup);
	}
	figure_say(figures, stats_of(bare, plan->runs).median, "cycles", 0,
		   "a random line of as much memory as the index has");
	figure_say(figures, stats_of(found, plan->runs).median, "cycles", plan->smoke ? 0 : most,
		   "a lookup of an %s address, any of %u routes", name, lookup->routes);
	figure_say(figures, stats_of(routed, plan->runs).median, "cycles", 0,
		   "an %s packet's way, from among them", name);
	dels = change_all(lookup, API_ROUTE_DEL);
	figure_say(figures, adds / 1000, "k/s", 0, "%s routes added, by requests", name);
	figure_say(figures, dels / 1000, "k/s", 0, "%s routes deleted", name);
}

void lookup_run(const struct case_plan *plan, struct figures *figures)
{
	const struct rig_config config = { .proto = IPPROTO_UDP,
					   .mode = API_FORWARD_FNAT,
					   .flows_max = 1000,
					   .mbufs = plan->mbufs };
	struct region region4, region6;
	struct lookup lookup = {
		.rig = rig_new(&config),
		.addrs4 = bulk_alloc(ASKED * sizeof(*lookup.addrs4), &region4),
		.addrs6 = bulk_alloc(ASKED * sizeof(*lookup.addrs6), &region6),
	};

	for (unsigned int i = route_count(rig_all(lookup.rig)[WORKER_MASTER]); i < FEW; i++)
		rig_line(lookup.rig, "dpip route add 10.%u.0.0/16 via 10.0.0.254 dev dpdk0", i);
	figure_say(figures, worker_mb(lookup.rig), "MB", FEW_MB, "a worker's tables, %u routes",
		   route_count(rig_all(lookup.rig)[WORKER_MASTER]));
	lookup.family = AF_INET;
	lookup.routes = plan->smoke ? 20000 : 1000000;
	family_run(plan, figures, &lookup);
	lookup.family = AF_INET6;
	lookup.routes = plan->smoke ? 10000 : 200000;
	family_run(plan, figures, &lookup);
	rig_free(lookup.rig);
	region_destroy(&region4);
	region_destroy(&region6);
}

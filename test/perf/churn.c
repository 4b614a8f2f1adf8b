/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/churn: established packets while routes change: an op for each change
 * comes to the worker before a turn, as often as so many a second would at the
 * rate that packets go at when nothing changes; the worker applies it in that
 * turn. The master's own part is not counted. Routes come and go: /24s, an
 * eighth of them nets that clients of these flows are in; or of the lengths that
 * a full table has, anywhere.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "lib/feed.h"
#include "lib/prng.h"
#include "perf/figures.h"

#define ROUTES 4096

struct churn {
	struct rig *rig;
	struct prng prng;
	double per_packet; /* changes */
	uint64_t before;   /* received */
	uint64_t made;     /* changes */
	struct feed_prefix net[ROUTES];
	bool there[ROUTES];
};

static struct churn churn;

/* One of eight is among the clients' addresses, 100.64.0.0/12; the others lie anywhere below. */
static void choose_nets(void)
{
	for (uint32_t i = 0; i < ROUTES; i++) {
		be32 net = rte_cpu_to_be_32(i % 8 == 0 ? 0x64400000 + (i << 8)
						       : 0x14000000 + (i * 1009 % 0x400000 << 8));

		churn.net[i].plen = 24;
		memcpy(churn.net[i].addr, &net, sizeof(net));
	}
}

static void choose_nets_of_all(void)
{
	struct feed feed;

	feed_init(&feed, AF_INET);
	for (uint32_t i = 0; i < ROUTES; i++)
		churn.net[i] = feed_next(&feed);
}

static void change_one(uint32_t i)
{
	const uint8_t *net = churn.net[i].addr;

	rig_line(churn.rig, "dpip route %s %u.%u.%u.%u/%u via 10.0.0.254 dev dpdk0",
		 churn.there[i] ? "del" : "add", net[0], net[1], net[2], net[3], churn.net[i].plen);
	churn.there[i] = !churn.there[i];
}

static bool due(void *arg)
{
	uint64_t received = rig_worker(churn.rig)->counters.received - churn.before;

	return (double)churn.made < (double)received * churn.per_packet;
}

static void before_turn(void *arg)
{
	ops_reap(rig_all(churn.rig));
	while (due(arg)) {
		change_one(prng_below(&churn.prng, ROUTES));
		churn.made++;
	}
}

/* Cycles a packet with so many changes for each. */
static double run(uint64_t packets, double per_packet)
{
	struct rig_watch watch = { .due = due, .before = before_turn };
	unsigned int dirs = rig_dirs(churn.rig);
	double cycles;

	churn.per_packet = per_packet;
	churn.before = rig_worker(churn.rig)->counters.received;
	churn.made = 0;
	rig_watch(churn.rig, &watch);
	cycles = rig_play(churn.rig, dirs, packets) / (double)packets;
	rig_watch(churn.rig, NULL);
	return cycles;
}

static const struct {
	unsigned int rate;
	double most;
} rates[] = { { 1000, 1.2 }, { 100000, 2 } };

struct what {
	const char *name;
	enum api_forward mode;
	uint8_t proto;
	bool all_lengths;
};

static void run_one(const struct case_plan *plan, const struct what *what, struct figures *figures)
{
	uint32_t flows = plan->smoke ? 10000 : 1000000;
	double quiet[CASE_RUNS_MAX], busy[RTE_DIM(rates)][CASE_RUNS_MAX];
	uint64_t packets = plan->full ? 4000000 : plan->smoke ? 20000 : 600000;
	double middle;

	memset(&churn, 0, sizeof(churn));
	churn.prng.state = 23;
	churn.rig = figure_rig_for(plan, what->mode, what->proto, flows, 0);
	if (what->all_lengths)
		choose_nets_of_all();
	else
		choose_nets();
	for (uint32_t i = 0; i < ROUTES; i += 2)
		change_one(i);
	ops_set_running(rig_all(churn.rig), true);
	for (unsigned int run_no = 0; run_no < plan->runs; run_no++) {
		run(2 * (uint64_t)flows, 0); /* what the last changes have left to look up */
		quiet[run_no] = run(packets, 0);
		for (unsigned int i = 0; i < RTE_DIM(rates); i++)
			busy[i][run_no] = run(packets, rates[i].rate * quiet[run_no] /
							       (double)rte_get_tsc_hz());
	}
	ops_set_running(rig_all(churn.rig), false);
	middle = stats_of(quiet, plan->runs).median;
	figure_say(figures, middle, "cycles", 0, "%s, a packet of %u flows, nothing changes",
		   what->name, flows);
	for (unsigned int i = 0; i < RTE_DIM(rates); i++) {
		double median = stats_of(busy[i], plan->runs).median;

		figure_say(figures, median / middle, "times", rates[i].most,
			   "%s, that, at %u changes a second", what->name, rates[i].rate);
	}
	ops_reap(rig_all(churn.rig));
	rig_free(churn.rig);
}

void churn_run(const struct case_plan *plan, struct figures *figures)
{
	static const struct what all[] = {
		{ "FNAT UDP", API_FORWARD_FNAT, IPPROTO_UDP, false },
		{ "FNAT UDP, all lengths", API_FORWARD_FNAT, IPPROTO_UDP, true },
		{ "FNAT TCP", API_FORWARD_FNAT, IPPROTO_TCP, false },
		{ "NAT UDP", API_FORWARD_NAT, IPPROTO_UDP, false },
		{ "DR UDP", API_FORWARD_DR, IPPROTO_UDP, false },
		{ "SNAT UDP", API_FORWARD_SNAT, IPPROTO_UDP, false },
	};

	for (unsigned int i = 0; i < (plan->full ? RTE_DIM(all) : 1u); i++)
		run_one(plan, &all[i], figures);
}

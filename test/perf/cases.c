/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/cases: the table of cases, and how each kind of them is run. Every run
 * is checked: each packet that came in has gone out on the right side.
 */
#include "perf/cases.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "main/path.h"
#include "perf/floor.h"
#include "perf/stages.h"

#define NEW_FIRST   (1u << 28) /* number of the first flow that is not open */
#define COUNT_FLOWS 1000
#define COUNT_NEW   4096

#define MEMORY_FOUR 192 /* bytes a connection, at most */
#define MEMORY_SIX  288

struct kind {
	const char *name;
	enum api_forward mode;
	uint8_t proto;
	struct frame_form form;
	bool full_only;
};

static const struct kind kinds[] = {
	{ "fnat-udp", API_FORWARD_FNAT, IPPROTO_UDP, .full_only = false },
	{ "fnat-tcp", API_FORWARD_FNAT, IPPROTO_TCP, .full_only = false },
	{ "dr-udp", API_FORWARD_DR, IPPROTO_UDP, .full_only = false },
	{ "fnat6-udp", API_FORWARD_FNAT, IPPROTO_UDP, .form = { .six = true } },
	{ "fnat6-tcp", API_FORWARD_FNAT, IPPROTO_TCP, .form = { .six = true } },
	{ "dr6-udp", API_FORWARD_DR, IPPROTO_UDP, .form = { .six = true } },
	{ "nat-udp", API_FORWARD_NAT, IPPROTO_UDP, .full_only = false },
	{ "tunnel-udp", API_FORWARD_TUNNEL, IPPROTO_UDP, .full_only = false },
	{ "snat-udp", API_FORWARD_SNAT, IPPROTO_UDP, .full_only = false },
	{ "nat64-udp", API_FORWARD_FNAT, IPPROTO_UDP, .form = { .six = true, .cross = true } },
	{ "vlan-udp", API_FORWARD_FNAT, IPPROTO_UDP, .form = { .tagged = true } },
	{ "nat46-udp", API_FORWARD_FNAT, IPPROTO_UDP, .form = { .cross = true },
	  .full_only = true },
	{ "nat64-tcp", API_FORWARD_FNAT, IPPROTO_TCP, .form = { .six = true, .cross = true },
	  .full_only = true },
	{ "fnat-tcp-ts", API_FORWARD_FNAT, IPPROTO_TCP, .form = { .stamps = true },
	  .full_only = true },
	{ "dr-tcp", API_FORWARD_DR, IPPROTO_TCP, .full_only = true },
	{ "dr6-tcp", API_FORWARD_DR, IPPROTO_TCP, .form = { .six = true }, .full_only = true },
	{ "nat-tcp", API_FORWARD_NAT, IPPROTO_TCP, .full_only = true },
	{ "nat6-udp", API_FORWARD_NAT, IPPROTO_UDP, .form = { .six = true }, .full_only = true },
	{ "nat6-tcp", API_FORWARD_NAT, IPPROTO_TCP, .form = { .six = true }, .full_only = true },
	{ "tunnel-tcp", API_FORWARD_TUNNEL, IPPROTO_TCP, .full_only = true },
	{ "snat-tcp", API_FORWARD_SNAT, IPPROTO_TCP, .full_only = true },
	{ "snat6-udp", API_FORWARD_SNAT, IPPROTO_UDP, .form = { .six = true }, .full_only = true },
	{ "snat6-tcp", API_FORWARD_SNAT, IPPROTO_TCP, .form = { .six = true }, .full_only = true },
	{ "tunnel6-udp", API_FORWARD_TUNNEL, IPPROTO_UDP, .form = { .six = true },
	  .full_only = true },
	{ "tunnel6-tcp", API_FORWARD_TUNNEL, IPPROTO_TCP, .form = { .six = true },
	  .full_only = true },
};

struct test_case;
typedef void targets_fn(const struct test_case *test, const struct case_plan *plan, uint32_t flows,
			struct target targets[CASE_TARGETS]);

/* What a packet of the whole life of a connection is. */
struct step {
	enum side side;
	enum frame_kind kind;
};

/* Of a packet of such rigs against FNAT over IPv4. */
#define TIMES_TCP    0.2 /* more */
#define TIMES_SIX    1.4
#define TIMES_TUNNEL 1.3
#define TIMES_TAGGED 1.3
#define TIMES_FLOOR  1.2 /* the floor with any number of flows against the fewest */

struct test_case {
	const char *name, *kind;
	const char *what;
	unsigned int dirs; /* established: DIR_…; 0: connections are made */
	targets_fn *targets;
	const struct step *steps; /* of a connection that is made */
	unsigned int n_steps;
	bool floor; /* the floor itself */
	bool slow;  /* the flow stage is off */
	bool full_only;
};

static const struct kind *kind_of(const struct test_case *test)
{
	for (unsigned int k = 0; k < RTE_DIM(kinds); k++)
		if (strcmp(kinds[k].name, test->kind) == 0)
			return &kinds[k];
	die("%s: there is no kind %s", test->name, test->kind);
}

static double times_of_kind(const struct kind *kind)
{
	return (kind->form.six || kind->form.cross ? TIMES_SIX : 1) *
	       (kind->mode == API_FORWARD_TUNNEL ? TIMES_TUNNEL : 1) *
	       (kind->form.tagged ? TIMES_TAGGED : 1);
}

static void targets_established(const struct test_case *test, const struct case_plan *plan,
				uint32_t flows, struct target targets[CASE_TARGETS])
{
	double most = plan->huge ? 3.5 : 4;
	double times = flows <= 1000 ? 2 : flows <= 100000 ? 2.5 : flows <= 1000000 ? 3 : most;

	if (kind_of(test)->proto == IPPROTO_TCP)
		times += TIMES_TCP;
	targets[0] = (struct target){ "flow stage", times * times_of_kind(kind_of(test)) };
}

/* With the flow stage off. */
static void targets_slow(const struct test_case *test, const struct case_plan *plan, uint32_t flows,
			 struct target targets[CASE_TARGETS])
{
	double times = flows <= 1000 ? 8 : flows <= 1000000 ? 12 : 0;

	targets[0] = (struct target){ "slow path", times * times_of_kind(kind_of(test)) };
}

static void targets_new(const struct test_case *test, const struct case_plan *plan, uint32_t flows,
			struct target targets[CASE_TARGETS])
{
	double times = flows <= 1000000 ? 12 : 0;

	targets[0] = (struct target){ "new", times * times_of_kind(kind_of(test)) };
}

static void targets_whole(const struct test_case *test, const struct case_plan *plan,
			  uint32_t flows, struct target targets[CASE_TARGETS])
{
	double times = flows <= 100000 ? 60 : flows <= 1000000 ? 80 : 0;

	targets[0] = (struct target){ "whole", times * times_of_kind(kind_of(test)) };
}

static void targets_floor(const struct test_case *test, const struct case_plan *plan,
			  uint32_t flows, struct target targets[CASE_TARGETS])
{
	targets[0] = (struct target){ "fewest flows", TIMES_FLOOR };
}

static const struct step udp_steps[] = { { SIDE_CLIENT, FRAME_UDP } };

static const struct step tcp_steps[] = {
	{ SIDE_CLIENT, FRAME_SYN },  { SIDE_SERVER, FRAME_SYN_ACK }, { SIDE_CLIENT, FRAME_ACK },
	{ SIDE_CLIENT, FRAME_DATA }, { SIDE_SERVER, FRAME_ACK },     { SIDE_SERVER, FRAME_DATA },
	{ SIDE_CLIENT, FRAME_ACK },  { SIDE_CLIENT, FRAME_FIN },     { SIDE_SERVER, FRAME_FIN },
	{ SIDE_CLIENT, FRAME_ACK },
};

#define FLOWS(_name, _kind, _dirs, _what, ...)                                                  \
	{                                                                                       \
		.name = (_name), .kind = (_kind), .dirs = (_dirs), .what = (_what), __VA_ARGS__ \
	}
#define ESTABLISHED(...) FLOWS(__VA_ARGS__, .targets = targets_established)
#define NEW_UDP(_name, _kind, _what, ...)                                         \
	FLOWS(_name, _kind, 0, _what, .targets = targets_new, .steps = udp_steps, \
	      .n_steps = RTE_DIM(udp_steps), ##__VA_ARGS__)
#define SLOW(...) FLOWS(__VA_ARGS__, .targets = targets_slow, .slow = true)

static const struct test_case cases[] = {
	{ .name = "floor",
	  .kind = "fnat-udp",
	  .what = "parse and swap, nothing else",
	  .dirs = DIR_IN,
	  .floor = true,
	  .targets = targets_floor },
	ESTABLISHED("udp-in", "fnat-udp", DIR_IN, "FNAT, UDP, client to server"),
	ESTABLISHED("udp-out", "fnat-udp", DIR_OUT, "FNAT, UDP, server to client"),
	ESTABLISHED("udp-both", "fnat-udp", DIR_BOTH, "FNAT, UDP, both directions"),
	SLOW("udp-in-slow", "fnat-udp", DIR_IN, "the same, the flow stage off, in"),
	SLOW("udp-out-slow", "fnat-udp", DIR_OUT, "the same, the flow stage off, out"),
	NEW_UDP("udp-new", "fnat-udp", "FNAT, a new UDP connection"),
	ESTABLISHED("tcp-in", "fnat-tcp", DIR_IN, "FNAT, TCP, client to server"),
	ESTABLISHED("tcp-out", "fnat-tcp", DIR_OUT, "FNAT, TCP, server to client"),
	ESTABLISHED("tcp-both", "fnat-tcp", DIR_BOTH, "FNAT, TCP, both directions"),
	SLOW("tcp-in-slow", "fnat-tcp", DIR_IN, "the same, the flow stage off, in"),
	SLOW("tcp-out-slow", "fnat-tcp", DIR_OUT, "the same, the flow stage off, out"),
	{ .name = "tcp-whole",
	  .kind = "fnat-tcp",
	  .what = "FNAT, a whole TCP connection of 10 packets, its expiry too",
	  .targets = targets_whole,
	  .steps = tcp_steps,
	  .n_steps = RTE_DIM(tcp_steps) },
	ESTABLISHED("dr-udp-in", "dr-udp", DIR_IN, "DR, UDP, client to server"),
	SLOW("dr-udp-in-slow", "dr-udp", DIR_IN, "the same, the flow stage off"),
	ESTABLISHED("udp6-in", "fnat6-udp", DIR_IN, "FNAT, UDP over IPv6, client to server"),
	ESTABLISHED("udp6-out", "fnat6-udp", DIR_OUT, "FNAT, UDP over IPv6, server to client"),
	ESTABLISHED("udp6-both", "fnat6-udp", DIR_BOTH, "FNAT, UDP over IPv6, both directions"),
	SLOW("udp6-in-slow", "fnat6-udp", DIR_IN, "the same, the flow stage off, in",
	     .full_only = true),
	NEW_UDP("udp6-new", "fnat6-udp", "FNAT, a new UDP connection over IPv6"),
	ESTABLISHED("tcp6-in", "fnat6-tcp", DIR_IN, "FNAT, TCP over IPv6, client to server"),
	ESTABLISHED("tcp6-out", "fnat6-tcp", DIR_OUT, "FNAT, TCP over IPv6, server to client"),
	ESTABLISHED("tcp6-both", "fnat6-tcp", DIR_BOTH, "FNAT, TCP over IPv6, both directions"),
	{ .name = "tcp6-whole",
	  .kind = "fnat6-tcp",
	  .what = "FNAT, a whole TCP connection of 10 packets over IPv6",
	  .targets = targets_whole,
	  .steps = tcp_steps,
	  .n_steps = RTE_DIM(tcp_steps) },
	ESTABLISHED("dr6-udp-in", "dr6-udp", DIR_IN, "DR, UDP over IPv6, client to server"),
	ESTABLISHED("nat-udp-in", "nat-udp", DIR_IN, "NAT, UDP, client to server"),
	ESTABLISHED("nat-udp-out", "nat-udp", DIR_OUT, "NAT, UDP, server to client"),
	ESTABLISHED("nat-udp-both", "nat-udp", DIR_BOTH, "NAT, UDP, both directions"),
	ESTABLISHED("nat64-udp-in", "nat64-udp", DIR_IN, "FNAT, UDP, IPv6 client to IPv4 server"),
	ESTABLISHED("nat64-udp-out", "nat64-udp", DIR_OUT, "FNAT, UDP, IPv4 server to IPv6 client"),
	NEW_UDP("nat64-udp-new", "nat64-udp",
		"FNAT, a new UDP connection, IPv6 client to IPv4 server", .full_only = true),
	SLOW("nat64-in-slow", "nat64-udp", DIR_IN, "the same, the flow stage off, in",
	     .full_only = true),
	ESTABLISHED("nat46-udp-in", "nat46-udp", DIR_IN, "FNAT, UDP, IPv4 client to IPv6 server"),
	ESTABLISHED("nat46-udp-out", "nat46-udp", DIR_OUT, "FNAT, UDP, IPv6 server to IPv4 client"),
	NEW_UDP("nat46-udp-new", "nat46-udp",
		"FNAT, a new UDP connection, IPv4 client to IPv6 server", .full_only = true),
	ESTABLISHED("nat64-tcp-in", "nat64-tcp", DIR_IN, "FNAT, TCP, IPv6 client to IPv4 server"),
	ESTABLISHED("nat64-tcp-out", "nat64-tcp", DIR_OUT, "FNAT, TCP, IPv4 server to IPv6 client"),
	ESTABLISHED("vlan-udp-in", "vlan-udp", DIR_IN,
		    "FNAT, UDP, between VLANs, client to server"),
	ESTABLISHED("vlan-udp-out", "vlan-udp", DIR_OUT,
		    "FNAT, UDP, between VLANs, server to client", .full_only = true),
	SLOW("vlan-in-slow", "vlan-udp", DIR_IN, "the same, the flow stage off, in",
	     .full_only = true),
	ESTABLISHED("tunnel-udp-in", "tunnel-udp", DIR_IN, "tunnel (ipip), UDP, client to server"),
	SLOW("tunnel-in-slow", "tunnel-udp", DIR_IN, "the same, the flow stage off",
	     .full_only = true),
	NEW_UDP("tunnel-udp-new", "tunnel-udp", "tunnel (ipip), a new UDP connection"),
	ESTABLISHED("snat-udp-in", "snat-udp", DIR_IN, "SNAT, UDP, to the world"),
	ESTABLISHED("snat-udp-out", "snat-udp", DIR_OUT, "SNAT, UDP, from the world"),
	ESTABLISHED("snat-udp-both", "snat-udp", DIR_BOTH, "SNAT, UDP, both directions"),
	NEW_UDP("snat-udp-new", "snat-udp", "SNAT, a new UDP connection"),
	SLOW("snat-in-slow", "snat-udp", DIR_IN, "the same, the flow stage off, to the world",
	     .full_only = true),
	ESTABLISHED("dr-tcp-in", "dr-tcp", DIR_IN, "DR, TCP, client to server"),
	ESTABLISHED("dr6-tcp-in", "dr6-tcp", DIR_IN, "DR, TCP over IPv6, client to server"),
	ESTABLISHED("nat-tcp-in", "nat-tcp", DIR_IN, "NAT, TCP, client to server"),
	ESTABLISHED("nat-tcp-out", "nat-tcp", DIR_OUT, "NAT, TCP, server to client"),
	ESTABLISHED("nat-tcp-both", "nat-tcp", DIR_BOTH, "NAT, TCP, both directions"),
	ESTABLISHED("nat6-udp-in", "nat6-udp", DIR_IN, "NAT, UDP over IPv6, client to server"),
	ESTABLISHED("nat6-udp-out", "nat6-udp", DIR_OUT, "NAT, UDP over IPv6, server to client"),
	ESTABLISHED("nat6-udp-both", "nat6-udp", DIR_BOTH, "NAT, UDP over IPv6, both directions"),
	ESTABLISHED("nat6-tcp-in", "nat6-tcp", DIR_IN, "NAT, TCP over IPv6, client to server"),
	ESTABLISHED("nat6-tcp-out", "nat6-tcp", DIR_OUT, "NAT, TCP over IPv6, server to client"),
	ESTABLISHED("nat6-tcp-both", "nat6-tcp", DIR_BOTH, "NAT, TCP over IPv6, both directions"),
	ESTABLISHED("tunnel-tcp-in", "tunnel-tcp", DIR_IN, "tunnel (ipip), TCP, client to server"),
	ESTABLISHED("snat-tcp-in", "snat-tcp", DIR_IN, "SNAT, TCP, to the world"),
	ESTABLISHED("snat-tcp-out", "snat-tcp", DIR_OUT, "SNAT, TCP, from the world"),
	ESTABLISHED("snat-tcp-both", "snat-tcp", DIR_BOTH, "SNAT, TCP, both directions"),
	ESTABLISHED("snat6-udp-in", "snat6-udp", DIR_IN, "SNAT, UDP over IPv6, to the world"),
	ESTABLISHED("snat6-udp-out", "snat6-udp", DIR_OUT, "SNAT, UDP over IPv6, from the world"),
	ESTABLISHED("snat6-udp-both", "snat6-udp", DIR_BOTH,
		    "SNAT, UDP over IPv6, both directions"),
	ESTABLISHED("snat6-tcp-in", "snat6-tcp", DIR_IN, "SNAT, TCP over IPv6, to the world"),
	ESTABLISHED("snat6-tcp-out", "snat6-tcp", DIR_OUT, "SNAT, TCP over IPv6, from the world"),
	ESTABLISHED("snat6-tcp-both", "snat6-tcp", DIR_BOTH,
		    "SNAT, TCP over IPv6, both directions"),
	ESTABLISHED("tunnel6-udp-in", "tunnel6-udp", DIR_IN, "tunnel (ipip) of IPv6 in IPv6, UDP"),
	ESTABLISHED("tunnel6-tcp-in", "tunnel6-tcp", DIR_IN, "tunnel (ipip) of IPv6 in IPv6, TCP"),
	ESTABLISHED("tcp-ts-in", "fnat-tcp-ts", DIR_IN, "FNAT, TCP with timestamps, in"),
	ESTABLISHED("tcp-ts-out", "fnat-tcp-ts", DIR_OUT, "the same with timestamps, out"),
};

static enum frame_kind data_kind(const struct rig *rig)
{
	return rig_config(rig)->proto == IPPROTO_TCP ? FRAME_DATA : FRAME_UDP;
}

/* Connections that are made, used and gone again: their own flows and order. */
struct opening {
	struct rig_flow *flows;
	struct bench_flow *trace;
	struct bench_seen *seen;
	uint32_t *order;
	uint32_t n, next_flow;
	struct region regions[4];
};

static void opening_init(struct opening *opening, uint32_t n)
{
	opening->n = n;
	opening->next_flow = NEW_FIRST;
	opening->flows = bulk_alloc(n * sizeof(*opening->flows), &opening->regions[0]);
	opening->trace = bulk_alloc(n * sizeof(*opening->trace), &opening->regions[1]);
	opening->seen = bulk_alloc(n * sizeof(*opening->seen), &opening->regions[2]);
	opening->order = bulk_alloc(n * sizeof(*opening->order), &opening->regions[3]);
	shuffle(opening->order, n, 7);
}

static void opening_free(struct opening *opening)
{
	for (unsigned int i = 0; i < RTE_DIM(opening->regions); i++)
		region_destroy(&opening->regions[i]);
}

static void opening_trace(const struct rig *rig, struct opening *opening, const struct step *step,
			  struct rig_trace *trace)
{
	struct frame frame;

	frame_make(&frame, step->kind, step->side, &rig_config(rig)->form);
	*trace = (struct rig_trace){ .template = frame.template,
				     .flows = opening->trace,
				     .count = opening->n };
	for (uint32_t i = 0; i < opening->n; i++) {
		const struct rig_flow *flow = &opening->flows[opening->order[i]];

		frame_flow(&frame, step->side == SIDE_CLIENT ? &flow->in : &flow->out,
			   &opening->trace[i]);
	}
}

/* Cycles of all its packets; the first of each connection tells where the others come from. */
static double opening_run(struct rig *rig, const struct test_case *test, struct opening *opening)
{
	struct rig_trace trace;
	double cycles = 0;

	for (uint32_t i = 0; i < opening->n; i++)
		rig_client(rig, opening->next_flow++, &opening->flows[i].in);
	for (unsigned int i = 0; i < test->n_steps; i++) {
		opening_trace(rig, opening, &test->steps[i], &trace);
		cycles += rig_play_once(rig, test->steps[i].side, &trace,
					i == 0 ? opening->seen : NULL);
		if (i > 0)
			continue;
		for (uint32_t k = 0; k < opening->n; k++)
			opening->flows[opening->order[k]].out = rig_answer(&opening->seen[k]);
	}
	return cycles;
}

/* The second time through: the floor has its trace and packets in the caches, as it has with
 * established flows. */
static double opening_floor(struct rig *rig, struct opening *opening, const struct test_case *test)
{
	struct rig_trace trace;
	double cycles;

	opening_trace(rig, opening, &test->steps[0], &trace);
	floor_use(rig);
	rig_play_once(rig, test->steps[0].side, &trace, NULL);
	cycles = rig_play_once(rig, test->steps[0].side, &trace, NULL);
	rig_use_stages(rig, NULL);
	return cycles;
}

struct runs {
	double floor[CASE_RUNS_MAX], cycles[CASE_RUNS_MAX];
	unsigned int n;
};

/* The first time costs memory that is fresh; it is not counted. */
static void run_opening(struct rig *rig, const struct test_case *test, const struct case_plan *plan,
			struct runs *runs)
{
	uint32_t left = rig_flows(rig);
	struct opening opening;

	opening_init(&opening, plan->opened);
	for (uint32_t i = 0; i < 1 + plan->runs; i++) {
		double floor = opening_floor(rig, &opening, test);
		double cycles = opening_run(rig, test, &opening);
		double expiry = rig_expire(rig, rig_life_s(rig), left);

		if (i == 0)
			continue;
		runs->floor[runs->n] = floor / opening.n;
		runs->cycles[runs->n++] = (cycles + (test->n_steps > 1 ? expiry : 0)) / opening.n;
	}
	opening_free(&opening);
}

static double play_floor(struct rig *rig, unsigned int dirs, uint64_t packets)
{
	double cycles;

	floor_use(rig);
	cycles = rig_play(rig, dirs, packets);
	rig_use_stages(rig, NULL);
	return cycles;
}

/* Runs go on where the last one has ended: two halves are all flows. */
static uint64_t run_packets(const struct case_plan *plan, uint32_t flows)
{
	return RTE_MAX(plan->packets, (uint64_t)(plan->full ? flows : (flows + 1) / 2));
}

static void run_established(struct rig *rig, const struct test_case *test,
			    const struct case_plan *plan, uint32_t flows, struct runs *runs)
{
	uint64_t packets = run_packets(plan, flows);

	rig_play(rig, test->dirs, flows);
	for (uint32_t i = 0; i < plan->runs; i++) {
		runs->floor[runs->n] = play_floor(rig, test->dirs, packets) / (double)packets;
		runs->cycles[runs->n++] = test->floor ? runs->floor[i]
						      : rig_play(rig, test->dirs, packets) /
								(double)packets;
	}
}

static void run_stages(struct rig *rig, const struct test_case *test, const struct case_plan *plan,
		       uint32_t flows, struct results *results)
{
	uint64_t packets = run_packets(plan, flows);
	struct stage_result *row = &results->stages[results->n_stages++];

	*row = (struct stage_result){ .name = test->name, .flows = flows };
	timed_reset(test->slow ? FLOW_OFF : FLOW_ON);
	rig_use_stages(rig, timed_stages);
	row->other = rig_play(rig, test->dirs, packets) / (double)packets;
	rig_use_stages(rig, NULL);
	for (unsigned int i = 0; i < STAGE__COUNT; i++) {
		row->stages[i] = timed_cycles(i) / (double)packets;
		row->other -= row->stages[i];
	}
}

/* The floor's first row, or this one. */
static struct stats floor_of_fewest(const struct results *results, const struct result *row)
{
	for (unsigned int i = 0; i < results->n_rows; i++)
		if (strcmp(results->rows[i].name, row->name) == 0)
			return results->rows[i].cycles;
	return row->cycles;
}

static void run_case(struct rig *rig, const struct test_case *test, const struct case_plan *plan,
		     struct results *results, void (*said)(const struct result *row))
{
	struct result *row = &results->rows[results->n_rows];
	struct runs runs = { .n = 0 };
	uint32_t flows = rig_flows(rig);

	if (plan->only && strcmp(plan->only, test->name) != 0)
		return;
	if (results->n_rows == CASE_RESULTS_MAX)
		die("too many rows");
	rig_use_flow(rig, test->slow ? FLOW_OFF : FLOW_ON);
	if (test->dirs)
		run_established(rig, test, plan, flows, &runs);
	else
		run_opening(rig, test, plan, &runs);
	if (test->dirs && !test->floor && test->dirs != DIR_BOTH)
		run_stages(rig, test, plan, flows, results);
	*row = (struct result){ .name = test->name,
				.unit = test->dirs ? "packet" : "connection",
				.flows = flows,
				.floor = stats_of(runs.floor, runs.n),
				.cycles = stats_of(runs.cycles, runs.n) };
	if (test->floor)
		row->floor = floor_of_fewest(results, row);
	test->targets(test, plan, flows, row->targets);
	results->n_rows++;
	said(row);
}

/* Cases that make connections are run with few, many and very many present, not with all numbers;
 * without any where new ones last as long as those. */
static bool wanted(const struct test_case *test, const struct kind *kind, uint32_t flows,
		   const struct case_plan *plan)
{
	if (strcmp(test->kind, kind->name) != 0 || (test->full_only && !plan->full && !plan->only))
		return false;
	if (test->dirs)
		return flows != 0;
	return flows == 0 || (flows >= 100000 && kind->mode != API_FORWARD_TUNNEL);
}

static void run_flows(struct rig *rig, const struct kind *kind, uint32_t flows,
		      const struct case_plan *plan, struct results *results,
		      void (*said)(const struct result *row))
{
	rig_grow(rig, flows);
	if (flows)
		rig_load(rig, flows, data_kind(rig));
	for (unsigned int i = 0; i < RTE_DIM(cases); i++)
		if (wanted(&cases[i], kind, flows, plan))
			run_case(rig, &cases[i], plan, results, said);
}

static bool kind_wanted(const struct kind *kind, const struct case_plan *plan)
{
	if (!plan->only)
		return plan->full || !kind->full_only;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++)
		if (strcmp(cases[i].name, plan->only) == 0 &&
		    strcmp(cases[i].kind, kind->name) == 0)
			return true;
	return false;
}

static uint32_t most_flows(const struct case_plan *plan)
{
	uint32_t most = 0;

	for (unsigned int i = 0; i < CASE_FLOWS_MAX && plan->flows[i]; i++)
		most = plan->flows[i];
	return most;
}

void cases_run(const struct case_plan *plan, struct results *results,
	       void (*said)(const struct result *row))
{
	for (unsigned int k = 0; k < RTE_DIM(kinds); k++) {
		const struct kind *kind = &kinds[k];
		struct rig_config config = { .proto = kind->proto,
					     .form = kind->form,
					     .mode = kind->mode,
					     .flows_max = most_flows(plan),
					     .mbufs = plan->mbufs };
		struct rig *rig;

		if (!kind_wanted(kind, plan))
			continue;
		rig = rig_new(&config);
		run_flows(rig, kind, 0, plan, results, said);
		for (unsigned int i = 0; i < CASE_FLOWS_MAX && plan->flows[i]; i++)
			run_flows(rig, kind, plan->flows[i], plan, results, said);
		results->memory[results->n_memory].kind = kind->name;
		results->memory[results->n_memory].most = kind->form.six || kind->form.cross
								  ? MEMORY_SIX
								  : MEMORY_FOUR;
		rig_memory(rig, &results->memory[results->n_memory++].memory);
		rig_free(rig);
	}
}

static uint64_t count_established(struct rig *rig, const struct test_case *test)
{
	const uint64_t packets = 20 * COUNT_FLOWS;

	rig_use_flow(rig, test->slow ? FLOW_OFF : FLOW_ON);
	rig_grow(rig, COUNT_FLOWS);
	rig_load(rig, COUNT_FLOWS, data_kind(rig));
	rig_play(rig, test->dirs, COUNT_FLOWS);
	rig_count(rig, true);
	if (test->floor)
		play_floor(rig, test->dirs, packets);
	else
		rig_play(rig, test->dirs, packets);
	return packets;
}

static uint64_t count_opening(struct rig *rig, const struct test_case *test)
{
	struct opening opening;

	opening_init(&opening, COUNT_NEW);
	opening_run(rig, test, &opening);
	rig_expire(rig, rig_life_s(rig), 0);
	rig_count(rig, true);
	opening_run(rig, test, &opening);
	rig_count(rig, false);
	opening_free(&opening);
	return COUNT_NEW;
}

uint64_t cases_count(const char *name, uint32_t mbufs)
{
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		for (unsigned int k = 0; k < RTE_DIM(kinds); k++) {
			struct rig_config config = { .proto = kinds[k].proto,
						     .form = kinds[k].form,
						     .mode = kinds[k].mode,
						     .flows_max = COUNT_NEW,
						     .mbufs = mbufs,
						     .even_clock = true };
			struct rig *rig;
			uint64_t n;

			if (strcmp(cases[i].name, name) != 0 ||
			    strcmp(cases[i].kind, kinds[k].name) != 0)
				continue;
			rig = rig_new(&config);
			n = cases[i].dirs ? count_established(rig, &cases[i])
					  : count_opening(rig, &cases[i]);
			rig_free(rig);
			return n;
		}
	}
	return 0;
}

void cases_list(void)
{
	for (unsigned int i = 0; i < RTE_DIM(cases); i++)
		printf("%-14s %s\n", cases[i].name, cases[i].what);
}

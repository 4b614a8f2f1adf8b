/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/stall: the longest single turn of the worker while established traffic
 * goes on: with nothing else to do, while the connection table grows to a
 * million beside it, and while that million expires at once. A receive ring of
 * 4096 frames is full after half a millisecond of eight million a second: that
 * is the most.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "ipvs/conn.h"
#include "perf/figures.h"
#include "perf/histogram.h"

#define MASTER_TURNS 512   /* between two looks of the master: some milliseconds */
#define STEADY       1000u /* flows that go on */
#define MOST_US      500
#define PORTION      32768u
#define OPEN_S       100000u /* timeout of the rig's connections */
#define NEW_FROM     (1u << 28)

static struct histogram turns;

static void turned(void *arg, double cycles)
{
	histogram_add(&turns, cycles > 0 ? (uint64_t)cycles : 0);
}

/* The master's part, which it does on its own CPU. */
static void before_turn(void *arg)
{
	static unsigned int calls;

	if (calls++ % MASTER_TURNS == 0)
		conn_ahead(rig_worker(arg)->ipvs->conns);
}

static void watch(struct rig *rig)
{
	struct rig_watch watch = { .before = before_turn, .turned = turned, .arg = rig };

	memset(&turns, 0, sizeof(turns));
	rig_watch(rig, &watch);
}

static void say(struct figures *figures, const char *what)
{
	double us = 1e6 / (double)rte_get_tsc_hz();

	figure_say(figures, (double)turns.most * us, "us", MOST_US, "longest turn, %s", what);
	figure_say(figures, histogram_part(&turns, 0.999) * us, "us", 0, "p99.9 of the turns, %s",
		   what);
}

/* New connections from the clients, established traffic from the servers. They get an answer, so
 * that they last. */
static void grow(struct rig *rig, uint32_t n)
{
	static struct bench_flow flows[PORTION], answers[PORTION];
	static struct bench_seen seen[PORTION];
	struct rig_trace trace = { .flows = flows }, answer = { .flows = answers };
	struct frame in, out;

	frame_make(&in, FRAME_UDP, SIDE_CLIENT, &rig_config(rig)->form);
	frame_make(&out, FRAME_UDP, SIDE_SERVER, &rig_config(rig)->form);
	trace.template = in.template;
	answer.template = out.template;
	for (uint32_t done = 0; done < n; done += trace.count) {
		struct rig_play play = { .trace = { &trace }, .strict = true };
		struct rig_play back = { .trace = { NULL, &answer }, .strict = true };

		trace.count = answer.count = RTE_MIN(PORTION, n - done);
		for (uint32_t i = 0; i < trace.count; i++) {
			struct bench_seen tuple;

			rig_client(rig, NEW_FROM + done + i, &tuple);
			frame_flow(&in, &tuple, &flows[i]);
		}
		bench_port_learn(rig_port(rig, SIDE_SERVER), seen, trace.count);
		play.packets[SIDE_CLIENT] = play.packets[SIDE_SERVER] = trace.count;
		rig_play_both(rig, &play);
		bench_port_learn(rig_port(rig, SIDE_SERVER), NULL, 0);
		for (uint32_t i = 0; i < trace.count; i++) {
			struct bench_seen tuple = rig_answer(&seen[i]);

			frame_flow(&out, &tuple, &answers[i]);
		}
		back.packets[SIDE_CLIENT] = back.packets[SIDE_SERVER] = trace.count;
		rig_play_both(rig, &back);
	}
}

void stall_run(const struct case_plan *plan, struct figures *figures)
{
	uint32_t many = plan->full ? 4000000 : plan->smoke ? 50000 : 1000000, turns_left = 0;
	const struct conn_table *conns;
	struct rig *rig;

	rig = figure_rig_for(plan, IPPROTO_UDP, STEADY, many);
	conns = rig_worker(rig)->ipvs->conns;
	watch(rig);
	rig_play(rig, DIR_BOTH, 3 * (uint64_t)many);
	say(figures, "established traffic only");

	watch(rig);
	grow(rig, many);
	say(figures, "the table grows");

	/* the steady flows have been seen lately, the others have not */
	rig_later(rig, OPEN_S - 1000);
	rig_play(rig, DIR_BOTH, 4 * STEADY);
	if (conn_count(conns) != STEADY + many)
		die("%u connections, %u expected", conn_count(conns), STEADY + many);
	rig_later(rig, 2000);
	watch(rig);
	while (conn_count(conns) > STEADY) {
		rig_play(rig, DIR_BOTH, 6400);
		if (turns_left++ > many)
			die("%u connections do not expire", conn_count(conns) - STEADY);
	}
	say(figures, "all of them expire");
	rig_watch(rig, NULL);
	rig_free(rig);
}

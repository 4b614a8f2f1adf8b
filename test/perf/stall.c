/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/stall: the longest single turn of the worker while established traffic
 * goes on: with nothing else to do, while the connection table grows to a
 * million beside it, and while that million expires at once. A receive ring of
 * 4096 frames is full after half a millisecond of eight million a second: that
 * is the most. What the program does to itself it does each time at the same
 * place, since all that it does is the same; what a virtual machine's host does
 * to it comes and goes. So all is done several times, each with a table of its
 * own, in stretches of turns: the longest turn of a stretch and its neighbours is
 * the least of all times, and the longest of these counts. The longest turn of
 * all is said beside it.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "ipvs/conn.h"
#include "perf/figures.h"
#include "perf/histogram.h"

#define MASTER_TURNS 512      /* between two looks of the master: some milliseconds */
#define STEADY       1000u    /* flows that go on */
#define SETTLE       1000000u /* packets before the first phase */
#define MOST_US      500
#define PORTION      32768u
#define OPEN_S       100000u /* timeout of the rig's connections */
#define NEW_FROM     (1u << 28)
#define TIMES        5
#define STRETCH      256  /* turns */
#define STRETCHES    4096 /* of a phase, at most; the last one may be longer */

enum phase {
	QUIET,
	GROWS,
	EXPIRES,
	PHASE__COUNT,
};

static struct histogram turns;
static double longest[PHASE__COUNT][TIMES][STRETCHES]; /* cycles */
static double *stretches;                              /* of the phase that is watched */

static void turned(void *arg, double cycles)
{
	uint64_t at = RTE_MIN(turns.count / STRETCH, (uint64_t)STRETCHES - 1);

	histogram_add(&turns, cycles > 0 ? (uint64_t)cycles : 0);
	stretches[at] = RTE_MAX(stretches[at], cycles);
}

/* The master's part, which it does on its own CPU. */
static void before_turn(void *arg)
{
	static unsigned int calls;

	if (calls++ % MASTER_TURNS == 0)
		conn_ahead(rig_worker(arg)->ipvs->conns);
}

static void watch(struct rig *rig, enum phase phase, unsigned int time)
{
	struct rig_watch watch = { .before = before_turn, .turned = turned, .arg = rig };

	memset(&turns, 0, sizeof(turns));
	stretches = longest[phase][time];
	rig_watch(rig, &watch);
}

static double p999[PHASE__COUNT][TIMES], worst[PHASE__COUNT][TIMES]; /* us */

static void note(enum phase phase, unsigned int time)
{
	double us = 1e6 / (double)rte_get_tsc_hz();

	worst[phase][time] = (double)turns.most * us;
	p999[phase][time] = histogram_part(&turns, 0.999) * us;
}

/* The longest turn about a stretch, in cycles, each time. */
static double recurs_at(enum phase phase, unsigned int at)
{
	double least = 0;

	for (unsigned int time = 0; time < TIMES; time++) {
		const double *all = longest[phase][time];
		double most = all[at];

		if (at > 0)
			most = RTE_MAX(most, all[at - 1]);
		if (at + 1 < STRETCHES)
			most = RTE_MAX(most, all[at + 1]);
		least = time ? RTE_MIN(least, most) : most;
	}
	return least;
}

static double recurs(enum phase phase)
{
	double most = 0;

	for (unsigned int at = 0; at < STRETCHES; at++)
		most = RTE_MAX(most, recurs_at(phase, at));
	return most * 1e6 / (double)rte_get_tsc_hz();
}

static void say(struct figures *figures, enum phase phase, const char *what)
{
	figure_say(figures, recurs(phase), "us", MOST_US, "longest turn that recurs, %s", what);
	figure_say(figures, stats_of(worst[phase], TIMES).max, "us", 0, "... the worst of %u times",
		   TIMES);
	figure_say(figures, stats_of(p999[phase], TIMES).median, "us", 0, "... p99.9 of the turns");
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

static void once(const struct case_plan *plan, uint32_t many, unsigned int time)
{
	struct rig *rig = figure_rig_for(plan, API_FORWARD_FNAT, IPPROTO_UDP, STEADY, many);
	const struct conn_table *conns = rig_worker(rig)->ipvs->conns;
	uint32_t turns_left = 0;

	/* the master's first look clears many pages, on its own CPU: here that empties the worker's
	   caches, and the turns behind it would be the longest */
	conn_ahead(conns);
	rig_play(rig, DIR_BOTH, SETTLE);
	watch(rig, QUIET, time);
	rig_play(rig, DIR_BOTH, 3 * (uint64_t)many);
	note(QUIET, time);

	watch(rig, GROWS, time);
	grow(rig, many);
	note(GROWS, time);

	/* the steady flows have been seen lately, the others have not */
	rig_later(rig, OPEN_S - 1000);
	rig_play(rig, DIR_BOTH, 4 * STEADY);
	if (conn_count(conns) != STEADY + many)
		die("%u connections, %u expected", conn_count(conns), STEADY + many);
	rig_later(rig, 2000);
	watch(rig, EXPIRES, time);
	while (conn_count(conns) > STEADY) {
		rig_play(rig, DIR_BOTH, 6400);
		if (turns_left++ > many)
			die("%u connections do not expire", conn_count(conns) - STEADY);
	}
	note(EXPIRES, time);
	rig_watch(rig, NULL);
	rig_free(rig);
}

void stall_run(const struct case_plan *plan, struct figures *figures)
{
	for (unsigned int time = 0; time < TIMES; time++)
		once(plan, plan->full ? 4000000 : plan->smoke ? 50000 : 1000000, time);
	say(figures, QUIET, "established traffic only");
	say(figures, GROWS, "the table grows");
	say(figures, EXPIRES, "all of them expire");
}

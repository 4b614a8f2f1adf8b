/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/idle: a worker in its own loop, adaptive, by the real clock: how much
 * CPU it takes while nothing comes, and how long a packet waits that comes
 * after a pause; beside bare sleeps of the length that it sleeps at most, in
 * the same run, which say what this machine can do. Once with ports that cannot
 * wake it, once with ports that have descriptors, as net_tap has.
 */
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "lib/prng.h"
#include "perf/figures.h"
#include "perf/histogram.h"

#define QUIET_NS   UINT64_C(500000000) /* CPU is taken over so long */
#define PAUSE_NS   20000000u           /* between packets, and as much again at random */
#define PAUSES_MAX 200
#define MOST_CPU   5   /* % */
#define MOST_US    250 /* p50 */
#define MOST_TIMES 1.5 /* p99, of a bare sleep's */

/* Of several runs. */
struct sum {
	struct histogram took;
	double cpu_ns, ns;
};

struct idle {
	struct worker *w;
	struct prng prng;
	uint64_t due[PAUSES_MAX + 3];
	uint64_t packets, sent;
	double cpu[2];        /* in which the first and the second packet left */
	uint64_t cpu_from[2]; /* ... and when */
	int timer, never;     /* descriptors; -1: none */
	struct sum *sum;
};

static struct idle idle;

static uint64_t now_ns(void *arg)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint64_t due(void *arg, uint64_t n)
{
	return n < idle.packets ? idle.due[n] : UINT64_MAX;
}

static void sent(void *arg, uint64_t took)
{
	if (idle.sent < 2) {
		idle.cpu[idle.sent] = cpu_ns();
		idle.cpu_from[idle.sent] = now_ns(NULL);
	} else {
		histogram_add(&idle.sum->took, took);
	}
	if (++idle.sent == idle.packets)
		__atomic_store_n(&idle.w->stop, true, __ATOMIC_RELAXED);
}

/* The descriptor becomes readable when the next frame is due. */
static void drained(void *arg, uint64_t until)
{
	struct itimerspec at = { .it_value = { (time_t)(until / 1000000000),
					       (long)(until % 1000000000) } };
	static uint64_t armed;

	if (idle.timer < 0 || until == armed || until == UINT64_MAX)
		return;
	if (timerfd_settime(idle.timer, TFD_TIMER_ABSTIME, &at, NULL) != 0)
		die("timerfd_settime");
	armed = until;
}

/* The first two packets have a long pause between them. */
static void plan_packets(uint64_t packets)
{
	uint64_t at = now_ns(NULL) + PAUSE_NS;

	idle.packets = packets + 2;
	idle.sent = 0;
	for (uint64_t i = 0; i < idle.packets; i++) {
		idle.due[i] = at;
		at += i == 0 ? QUIET_NS : PAUSE_NS + prng_below(&idle.prng, PAUSE_NS);
	}
}

static void run(struct rig *rig, uint64_t packets, struct sum *sum)
{
	struct bench_pace pace = { .now = now_ns, .due = due, .sent = sent, .drained = drained };
	const struct rig_trace *trace = rig_trace(rig, SIDE_CLIENT);

	idle.sum = sum;
	plan_packets(packets);
	pace.fd = idle.timer;
	bench_port_pace(rig_port(rig, SIDE_CLIENT), &pace);
	bench_port_play(rig_port(rig, SIDE_CLIENT), &trace->template, trace->flows, trace->count, 0,
			idle.packets);
	pace.drained = NULL;
	pace.due = NULL; /* nothing is played here */
	pace.fd = idle.never;
	bench_port_pace(rig_port(rig, SIDE_SERVER), &pace);
	if ((link_watch(idle.w) == 0) != (idle.timer >= 0))
		die("the worker cannot watch its ports");
	__atomic_store_n(&idle.w->stop, false, __ATOMIC_RELAXED);
	worker_main(idle.w);
	sum->cpu_ns += idle.cpu[1] - idle.cpu[0];
	sum->ns += (double)(idle.cpu_from[1] - idle.cpu_from[0]);
}

/* Sleeps and nothing else. */
static void sleep_bare(struct sum *sum, unsigned int n)
{
	const struct timespec pause = { .tv_nsec = WORKER_SLEEP_MAX_NS };
	uint64_t begun = now_ns(NULL);
	double cpu = cpu_ns();

	(void)prctl(PR_SET_TIMERSLACK, 1ul);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t start = now_ns(NULL);

		nanosleep(&pause, NULL);
		histogram_add(&sum->took, now_ns(NULL) - start);
	}
	sum->cpu_ns += cpu_ns() - cpu;
	sum->ns += (double)(now_ns(NULL) - begun);
}

static void say(struct figures *figures, const struct sum *sum, const struct sum *bare,
		const char *how)
{
	double p99_us = histogram_part(&sum->took, 0.99) / 1e3;
	double most_us = bare ? MOST_TIMES * histogram_part(&bare->took, 0.99) / 1e3 : 0;

	figure_say(figures, 100 * sum->cpu_ns / sum->ns, "%", bare ? MOST_CPU : 0, "CPU, %s", how);
	figure_say(figures, histogram_part(&sum->took, 0.5) / 1e3, "us", bare ? MOST_US : 0,
		   "... %s, p50", bare ? "the first packet after a pause" : "one of them");
	figure_say(figures, p99_us, "us", most_us, "... p99");
}

void idle_run(const struct case_plan *plan, struct figures *figures)
{
	static struct sum bare, by_time, woken;
	uint64_t packets = plan->full ? PAUSES_MAX : plan->smoke ? 5 : 50;
	struct rig *rig = figure_rig(plan, IPPROTO_UDP, 1000);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int never = eventfd(0, EFD_CLOEXEC);

	if (timer < 0 || never < 0)
		die("no descriptors");
	idle.w = rig_worker(rig);
	idle.prng.state = 5;
	rig_free_clock(rig);
	for (unsigned int i = 0; i < plan->runs; i++) {
		sleep_bare(&bare, (unsigned int)packets * 10);
		idle.timer = idle.never = -1;
		run(rig, packets, &by_time);
		idle.timer = timer;
		idle.never = never;
		run(rig, packets, &woken);
	}
	say(figures, &bare, NULL, "bare sleeps as long as a worker's longest");
	say(figures, &by_time, &bare, "asleep by time");
	say(figures, &woken, &bare, "woken by its port");
	for (unsigned int side = 0; side < SIDE__COUNT; side++)
		bench_port_pace(rig_port(rig, side), NULL);
	close(timer);
	close(never);
	rig_free(rig);
}

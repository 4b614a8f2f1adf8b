/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker/worker: the turn of an lcore. In each turn it applies the master's
 * ops (within a budget), runs the rooms' timers, takes what other workers
 * handed over, and receives once from each of its queues; after each of these
 * the stages run until nothing is left. An idle worker first gives its CPU to
 * others, then sleeps: lcores may share a CPU, and a laptop has a fan.
 */
#include "worker/worker.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "worker/event.h"
#include "worker/op.h"
#include "worker/replication.h"

#define OPS_BUDGET_US     50  /* of a turn */
#define IDLE_SPIN_TURNS   64  /* empty turns before it gives way */
#define IDLE_YIELD_TURNS  256 /* before it sleeps */
#define IDLE_OPS_TURNS    4   /* of these behind an op: the next one is probably near */
#define IDLE_SLEEP_PART   64  /* of its idle time it sleeps at once */
#define IDLE_WAIT_MS      10  /* at most, when a packet wakes it: timers tick in 100 ms */
#define IDLE_SLEEP_MIN_NS UINT64_C(20000)
#define HANDOVER_RING     4096
#define KERNEL_RING       1024

/*
 * No two of these share a line: what the worker writes with every packet, what nobody writes, and
 * what crosses between threads, each way.
 */
#define LINE_OF(field) (offsetof(struct worker, field) / RTE_CACHE_LINE_SIZE)
_Static_assert(LINE_OF(held) < LINE_OF(constants), "written with every packet");
_Static_assert(LINE_OF(constants) == LINE_OF(id) && LINE_OF(replication) < LINE_OF(by_worker),
	       "written by nobody");
_Static_assert(LINE_OF(by_worker) == LINE_OF(ops_done) && LINE_OF(rest) == LINE_OF(ops_done) &&
		       LINE_OF(ops_done) < LINE_OF(by_master),
	       "written before it sleeps, and behind an op");
_Static_assert(LINE_OF(by_master) == LINE_OF(stop) && LINE_OF(stop) < LINE_OF(vectors),
	       "written by the master");
_Static_assert(sizeof(struct worker) % RTE_CACHE_LINE_SIZE == 0, "nor does another worker");

static void worker_read_clock(struct worker *w)
{
	struct timespec now;

	if (w->clock_fixed)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	w->now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	w->now_ms = w->now_ns / 1000000;
}

struct rte_mbuf *worker_make_packet(struct worker *w)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);

	w->counters.made++;
	if (unlikely(!m)) {
		w->drops[DROP_NO_MBUF]++;
		w->counters.dropped++;
		return NULL;
	}
	memset(pkt_meta(m), 0, sizeof(struct pkt_meta));
	pkt_meta(m)->flags = META_MADE | META_LOCAL_OUT;
	pkt_meta(m)->in_port = UINT16_MAX;
	pkt_meta(m)->out_port = UINT16_MAX;
	return m;
}

/* One pass in the order of the path; a stage's own vector is free again before it runs. */
static bool worker_pass(struct worker *w)
{
	bool any = false;

	for (unsigned int i = 0; i < STAGE__COUNT; i++) {
		struct batch *in = &w->stage_in[i];

		if (in->count == 0)
			continue;
		any = true;
		w->running.count = in->count;
		memcpy(w->running.pkts, in->pkts, in->count * sizeof(in->pkts[0]));
		in->count = 0;
		w->stages[i].run(w, &w->running);
	}
	return any;
}

void worker_run_stages(struct worker *w)
{
	while (worker_pass(w))
		;
}

static unsigned int worker_take_over(struct worker *w)
{
	struct rte_mbuf *pkts[BATCH_BURST];
	unsigned int n;

	if (!w->handover || rte_ring_empty(w->handover)) {
		w->handover_full = 0;
		return 0;
	}
	n = rte_ring_sc_dequeue_burst(w->handover, (void **)pkts, BATCH_BURST, NULL);
	w->handover_full = n == BATCH_BURST ? w->handover_full + 1 : 0;
	if (unlikely(w->handover_full > WORKER_CROWDED))
		w->crowded_until_ms = w->now_ms + WORKER_CROWDED_MS;
	for (unsigned int i = 0; i < n; i++) {
		pkt_meta(pkts[i])->flags |= META_HANDED_OVER;
		stage_push(w, STAGE_IPVS_INPUT, pkts[i]);
	}
	w->counters.handed_in += n;
	worker_run_stages(w);
	return n;
}

/* Frames that the kernel sends: whole, for the port that their meta names. */
static unsigned int worker_take_kernel(struct worker *w)
{
	unsigned int n;
	struct batch *out = &w->stage_in[STAGE_TX];

	if (!w->from_kernel || likely(rte_ring_empty(w->from_kernel)))
		return 0;
	n = rte_ring_sc_dequeue_burst(w->from_kernel, (void **)(out->pkts + out->count),
				      RTE_MIN(BATCH_MAX - out->count, (uint32_t)BATCH_BURST), NULL);
	out->count += n;
	w->counters.made += n;
	w->counters.from_kernel += n;
	worker_run_stages(w);
	return n;
}

unsigned int worker_turn(struct worker *w)
{
	unsigned int work;

	w->now_tsc = rte_rdtsc();
	worker_read_clock(w);
	work = ops_run(w, w->ops_budget_tsc);
	if (work)
		worker_run_stages(w);
	for (worker_tick_fn *const *tick = w->ticks; tick && *tick; tick++)
		(*tick)(w);
	worker_run_stages(w);
	work += worker_take_over(w);
	work += worker_take_kernel(w);
	if (w->receive)
		work += w->receive(w);
	w->counters.turns++;
	w->counters.busy_turns += work != 0;
	return work;
}

/* Behind it all is seen that those did who saw what it was before. */
static void worker_set_rest(struct worker *w, enum worker_rest rest)
{
	__atomic_store_n(&w->rest, rest, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Until a packet, an op or a hand-over comes, or the next tick of the timers is near. */
static void worker_sleep(struct worker *w)
{
	struct epoll_event events[8];
	uint64_t rung;

	worker_set_rest(w, WORKER_SLEEPS);
	if (rte_ring_empty(w->ops) && rte_ring_empty(w->handover) &&
	    rte_ring_empty(w->from_kernel) && !__atomic_load_n(&w->stop, __ATOMIC_RELAXED))
		epoll_wait(w->sleep_fd, events, RTE_DIM(events), IDLE_WAIT_MS);
	worker_set_rest(w, WORKER_AWAKE);
	/* also when none has come: an interrupt that a driver has forgotten is asked for anew */
	worker_disarm(w);
	if (read(w->bell_fd, &rung, sizeof(rung)) < 0)
		return; /* nobody has rung */
}

static void worker_nap(struct worker *w, uint64_t ns)
{
	const struct timespec pause = { .tv_nsec = (long)ns };

	worker_set_rest(w, WORKER_NAPS);
	if (rte_ring_empty(w->ops))
		nanosleep(&pause, NULL);
	worker_set_rest(w, WORKER_AWAKE);
}

/*
 * An idle worker spins for a moment, then gives way, then sleeps: until one of its queues has
 * something, where the ports can say so; else for a fraction of the time that it has been idle, so
 * that a pause between packets stays short and a long idle time costs little.
 */
static void worker_idle(struct worker *w, unsigned int empty_turns, uint64_t idle_ns)
{
	if (empty_turns < IDLE_SPIN_TURNS) {
		rte_pause();
		return;
	}
	if (empty_turns < IDLE_YIELD_TURNS) {
		sched_yield();
		return;
	}
	/* what came before need not wake it: a turn looks once more, before it sleeps */
	if (w->sleep_fd >= 0 && !w->armed) {
		w->armed = w->arm(w, true);
		if (w->armed)
			return;
	}
	w->counters.sleeps++;
	if (w->armed)
		worker_sleep(w);
	else
		worker_nap(w, RTE_MIN(RTE_MAX(idle_ns / IDLE_SLEEP_PART, IDLE_SLEEP_MIN_NS),
				      WORKER_SLEEP_MAX_NS));
}

int worker_main(void *worker)
{
	struct worker *w = worker;
	unsigned int empty_turns = 0;
	uint64_t busy_ns = w->now_ns;

	w->ops_budget_tsc = rte_get_tsc_hz() / 1000000 * OPS_BUDGET_US;
	/* else the kernel adds 50 us to every sleep; where it refuses, sleeps are that much longer
	 */
	(void)prctl(PR_SET_TIMERSLACK, 1ul);
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		uint64_t ops = w->counters.ops;

		/* an op is no sign of packets: who has sent it needs the CPU more */
		if (worker_turn(w) > w->counters.ops - ops) {
			empty_turns = 0;
			busy_ns = w->now_ns;
			worker_disarm(w);
		} else if (!w->poll_busy) {
			if (w->counters.ops != ops &&
			    empty_turns > IDLE_YIELD_TURNS - IDLE_OPS_TURNS)
				empty_turns = IDLE_YIELD_TURNS - IDLE_OPS_TURNS;
			worker_idle(w, ++empty_turns, w->now_ns - busy_ns);
		}
	}
	/* the master waits for nobody who has left: what it has asked for happens */
	while (ops_run(w, w->ops_budget_tsc))
		worker_run_stages(w);
	return 0;
}

struct rte_ring *worker_ring(const char *name, unsigned int esize, unsigned int count,
			     unsigned int flags)
{
	ssize_t size = rte_ring_get_memsize_elem(esize, count);
	struct rte_ring *ring;

	if (size < 0)
		return NULL;
	ring = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN((size_t)size, RTE_CACHE_LINE_SIZE));
	if (ring && rte_ring_init(ring, name, count, flags) != 0) {
		free(ring);
		return NULL;
	}
	return ring;
}

static int worker_add_rings(struct worker *w, const struct worker_config *config)
{
	w->ops = worker_ring("ops", sizeof(void *), config->ring_size,
			     RING_F_SP_ENQ | RING_F_SC_DEQ);
	w->events = worker_ring("events", sizeof(struct event), EVENT_RING,
				RING_F_SP_ENQ | RING_F_SC_DEQ);
	w->handover = worker_ring("handover", sizeof(void *), HANDOVER_RING, RING_F_SC_DEQ);
	w->from_kernel = worker_ring("from kernel", sizeof(void *), KERNEL_RING,
				     RING_F_SP_ENQ | RING_F_SC_DEQ);
	w->bell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return w->bell_fd >= 0 && w->ops && w->events && w->handover && w->from_kernel ? 0
										       : -ENOMEM;
}

struct worker *worker_create(const struct worker_config *config)
{
	struct region region;
	struct worker *w;

	if (region_create(&region, sizeof(*w), config->socket) < 0)
		return NULL;
	w = region.base;
	w->region = region;
	w->sleep_fd = -1;
	w->bell_fd = -1;
	w->id = config->id;
	w->n_workers = config->n_workers;
	w->lcore = config->lcore;
	w->socket = config->socket;
	w->poll_busy = config->poll_busy;
	w->rx_burst = BATCH_BURST;
	w->stages = config->stages;
	w->ticks = config->ticks;
	w->receive = config->receive;
	w->arm = config->arm;
	w->pool = config->pool;
	w->flow_key = config->flow_key;
	w->all = config->all;
	w->wake_fd = config->wake_fd;
	w->ops_budget_tsc = UINT64_MAX;
	worker_read_clock(w);
	if (config->id == WORKER_MASTER)
		w->replication = replication_create();
	if ((config->id == WORKER_MASTER && !w->replication) ||
	    (config->id != WORKER_MASTER && worker_add_rings(w, config) < 0)) {
		worker_destroy(w);
		return NULL;
	}
	return w;
}

void worker_destroy(struct worker *w)
{
	struct region region;
	void *m;

	if (!w)
		return;
	for (unsigned int i = 0; i < STAGE__COUNT; i++)
		for (unsigned int j = 0; j < w->stage_in[i].count; j++)
			drop(w, w->stage_in[i].pkts[j], DROP_SHUTDOWN);
	while (w->handover && rte_ring_sc_dequeue(w->handover, &m) == 0)
		drop(w, m, DROP_SHUTDOWN);
	while (w->from_kernel && rte_ring_sc_dequeue(w->from_kernel, &m) == 0)
		rte_pktmbuf_free(m);
	if (w->sleep_fd >= 0)
		close(w->sleep_fd);
	if (w->bell_fd >= 0)
		close(w->bell_fd);
	replication_destroy(w->replication);
	free(w->ops);
	free(w->events);
	free(w->handover);
	free(w->from_kernel);
	region = w->region;
	region_destroy(&region);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker/worker: one lcore and everything it owns. Worker 0 is the master: it
 * runs no packets and holds the master's copy of all replicated tables. Path
 * functions take a worker first and reach nothing else, so nothing here is
 * shared but what says so.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_mbuf.h>

#include "base/hash.h"
#include "base/region.h"
#include "packet/drop.h"
#include "packet/meta.h"
#include "worker/stage.h"

#define WORKER_MAX    64 /* workers, the master included */
#define WORKER_MASTER 0

/* So many full vectors in a row hold more packets than a receive queue: they come faster than they
 * go. One that has emptied meanwhile may be full again at once. */
#define WORKER_CROWDED    32u
#define WORKER_CROWDED_MS 50u

/* An idle worker that nothing can wake sleeps so long at most at once. */
#define WORKER_SLEEP_MAX_NS UINT64_C(380000)

struct rte_mempool;
struct rte_ring;
struct link;
struct rss;
struct net;
struct ipvs;

/* What comes behind a rest begins with the ops that are in the ring by then. */
enum worker_rest {
	WORKER_AWAKE,
	WORKER_SLEEPS, /* until it is rung, or 10 ms */
	WORKER_NAPS,   /* for a time that nothing cuts short */
};

/* Written by the owner only, read by the master at any time. */
struct worker_counters {
	uint64_t received; /* from ports */
	uint64_t made;     /* ARP, ICMP, RST … */
	uint64_t sent;     /* taken by ports */
	uint64_t dropped;
	uint64_t to_kernel;
	uint64_t from_kernel; /* of those made: what the kernel sends by a port of ours */
	uint64_t flow;        /* of those sent: by the flow stage */
	uint64_t handed_out;  /* to other workers */
	uint64_t handed_in;
	uint64_t turns;
	uint64_t busy_turns; /* in which there was anything to do */
	uint64_t sleeps;
	uint64_t ops;                 /* applied */
	uint64_t events_lost;         /* the ring to the master was full */
	uint64_t fragments_forgotten; /* datagrams in pieces that made room for others */
};

/* Timers of the rooms above, run once a turn; bound at start like the stages. */
typedef void worker_tick_fn(struct worker *w);
/* Polls something; returns how many packets there were. */
typedef unsigned int worker_poll_fn(struct worker *w);
/* Its receive queues, if they can wake it, do so from now on, or no longer. false: none does. */
typedef bool worker_arm_fn(struct worker *w, bool on);

struct replication;
struct notify;

struct worker {
	/* the path's own, written all the time */
	uint64_t now_tsc; /* start of this turn */
	uint64_t now_ns;  /* monotonic clock of this turn */
	uint64_t now_ms;  /* the same in milliseconds */
	struct worker_counters counters;
	uint64_t drops[DROP__COUNT];
	uint16_t rx_port; /* which the vector on its way has come in by */
	bool rx_crowded;  /* a queue of its was full for long, just now or a moment ago */
	uint32_t rx_shed; /* packets of the vector that overload took away */
	uint64_t crowded_until_ms;
	uint32_t handover_full; /* vectors in a row that the ring from other workers has filled */
	uint16_t rx_burst;      /* packets taken at once, at most BATCH_BURST */
	uint64_t held;          /* packets stored: neighbour queues, receive and transmit vectors */

	/* set before start, then read only: by others too, when they fill its rings */
	RTE_MARKER constants __rte_cache_aligned;
	unsigned int id;              /* 0 master */
	unsigned int n_workers;       /* without the master */
	unsigned int lcore;           /* DPDK's */
	int socket;                   /* NUMA node, -1 any */
	bool poll_busy;               /* never sleeps */
	uint64_t ops_budget_tsc;      /* for ops in one turn */
	bool clock_fixed;             /* tests: now_ns and now_ms are set from outside */
	const struct stage *stages;   /* STAGE__COUNT */
	worker_tick_fn *const *ticks; /* once a turn, ends with NULL */
	worker_poll_fn *receive;      /* link's */
	worker_arm_fn *arm;           /* link's */
	struct rte_mempool *pool;     /* for packets it makes */
	struct hash_key flow_key;     /* the same on all workers: owner(tuple) */
	const struct rss *rss;        /* shared by all: owner(tuple), if ports deliver by it */
	struct link *link;            /* its ports and queues */
	struct net *net;              /* its addresses, routes, neighbours */
	struct ipvs *ipvs;            /* its services and connections */
	struct worker *const *all;    /* [n_workers + 1], by id; the path uses it for rings only */
	/* the master's: once for all changes of a frame of requests or of a netlink message, before
	 * it is answered, what is too much to do for each of them; may be NULL */
	void (*settle)(struct worker *const *all);

	/* between threads; each ring has one reader */
	struct rte_ring *ops;         /* master → this worker, struct op * */
	struct rte_ring *events;      /* this worker → master, see event.h */
	struct rte_ring *handover;    /* other workers → this one, mbufs; many writers */
	struct rte_ring *from_kernel; /* the kernel's interfaces → this worker: frames to be sent */
	int sleep_fd; /* epoll over its receive queues and bell_fd; -1: some queue cannot wake it */
	int bell_fd;  /* eventfd: whoever fills its rings while it sleeps writes */
	int wake_fd;  /* eventfd of the master's loop, for acknowledgements and events */
	struct replication *replication; /* the master's only: ops under way, see op.c */
	struct notify *notify; /* the master's only: who listens to changes; NULL: nobody can */

	/* written on one side and read on the other, each in lines of its own, see worker.c */
	RTE_MARKER by_worker __rte_cache_aligned;
	uint32_t rest;     /* enum worker_rest; read by those who may have to ring */
	bool armed;        /* its receive queues have been told to wake it; its own */
	uint64_t ops_done; /* sequence of the last op applied; release */
	RTE_MARKER by_master __rte_cache_aligned;
	uint64_t ops_published; /* sequence of the last op put into the ring */
	uint64_t ops_owed;      /* of the last one that is applied before any packet, see op.c */
	bool stop;

	/* the path's own again */
	RTE_MARKER vectors __rte_cache_aligned;
	struct batch stage_in[STAGE__COUNT];
	struct batch running; /* the vector that a stage is working on */
	struct region region; /* what it lies in */
} __rte_cache_aligned;

static inline void stage_push(struct worker *w, enum stage_id stage, struct rte_mbuf *m);

/* Gives a packet up, for a reason. The only way out that is not a port, the kernel or a store. */
static inline void drop(struct worker *w, struct rte_mbuf *m, enum drop_reason reason)
{
	w->drops[reason]++;
	w->counters.dropped++;
	rte_pktmbuf_free(m);
}

static inline void stage_push(struct worker *w, enum stage_id stage, struct rte_mbuf *m)
{
	struct batch *batch = &w->stage_in[stage];

	if (unlikely(batch->count == BATCH_MAX)) {
		drop(w, m, DROP_BATCH_FULL);
		return;
	}
	batch->pkts[batch->count++] = m;
}

/*
 * An empty mbuf for a packet that this worker makes, counted as made, its meta zeroed but for
 * META_MADE and META_LOCAL_OUT; headroom for L2 is there. NULL: none is free (a drop reason no_mbuf
 * is counted, made + 1, so that the balance holds).
 */
struct rte_mbuf *worker_make_packet(struct worker *w);

/* Its receive queues need not wake it any more, if they have been told to. */
static inline void worker_disarm(struct worker *w)
{
	if (unlikely(w->armed))
		w->arm(w, false);
	w->armed = false;
}

/* Runs all stages that have packets, in order, until none has. */
void worker_run_stages(struct worker *w);

/* Behind an enqueue to a ring of w's: wakes it if it sleeps. */
void worker_ring_bell(struct worker *w);

/* One turn: ops, timers, handed-over packets, every receive queue once. Returns how much there was
 * to do. */
unsigned int worker_turn(struct worker *w);

/* The loop of an lcore, until w->stop; sleeps when idle unless poll_busy. For
 * rte_eal_remote_launch. */
int worker_main(void *worker);

/* A ring of count entries of esize bytes (free()); NULL: no memory. */
struct rte_ring *worker_ring(const char *name, unsigned int esize, unsigned int count,
			     unsigned int flags);

/* A worker with its rings and batches; NULL: no memory. Freed with all packets still held. */
struct worker_config {
	unsigned int id, n_workers, lcore;
	int socket;
	bool poll_busy;
	unsigned int ring_size; /* of ops, entries, a power of two */
	const struct stage *stages;
	worker_tick_fn *const *ticks; /* ends with NULL; may be NULL */
	worker_poll_fn *receive;      /* may be NULL */
	worker_arm_fn *arm;           /* NULL where it never sleeps */
	struct rte_mempool *pool;
	struct hash_key flow_key;
	struct worker *const *all;
	int wake_fd;
};

struct worker *worker_create(const struct worker_config *config);
void worker_destroy(struct worker *w);

#endif

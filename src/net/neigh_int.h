/* SPDX-License-Identifier: BSD-3-Clause */
/* net/neigh-int: the tables of neigh.c and neigh_wait.c, for the files of this room. */
#ifndef NET_NEIGH_INT_H
#define NET_NEIGH_INT_H

#include <rte_ether.h>

#include "base/list.h"
#include "base/order.h"
#include "net/neigh.h"
#include "net/net.h"
#include "worker/event.h"
#include "worker/op.h"
#include "worker/worker.h"

#define NEIGH_WAITS        1024  /* neighbours that packets of one worker may wait for, at most */
#define NEIGH_HELD         4096  /* packets that may wait on one worker */
#define NEIGH_WAIT_MS      10000 /* longest wait when nothing is heard of the master */
#define NEIGH_ASK_AGAIN_MS 1000  /* between two events about one neighbour that is wanted */

struct neigh_watch;

struct neigh {
	struct list node; /* of its bucket */
	struct order_node order;
	union ip_addr ip;
	uint16_t port;
	uint8_t family;
	uint8_t state; /* enum api_neigh_state */
	bool is_static;
	struct rte_ether_addr mac;
	/* the worker's own, read by the master at any time */
	uint32_t uses; /* packets sent to it, for "is it used?" only */
	uint32_t held; /* packets that wait for it */
	/* the worker's: events about it, so that a flood of ARP does not reach the master */
	uint32_t tokens;
	uint64_t told_ms;
	/* the master's copy only */
	struct neigh_watch *watch;
};

/* One neighbour that packets of this worker wait for, whether or not the table knows it yet. */
struct neigh_wait {
	struct list node; /* of its bucket, or of the free ones */
	struct list age;  /* oldest first, or of those that are released */
	union ip_addr ip;
	uint16_t port;
	uint8_t family;
	uint32_t count;
	uint32_t first, last; /* slots; first sent first */
	uint64_t since_ms, asked_ms;
	struct neigh *neigh; /* once released; gone only after neigh_wait_fail() */
};

struct neigh_slot {
	struct rte_mbuf *m;
	uint32_t next;
};

struct neigh_waits {
	struct list *buckets; /* mask + 1 */
	uint32_t mask;
	struct list free; /* unused ones, by node */
	struct list age;
	struct list released; /* their neighbour has answered; by age */
	struct neigh_wait *waits;
	struct neigh_slot *slots;
	uint32_t free_slot;
};

/* The master's: what the state machine remembers of a neighbour that is not static. */
struct neigh_watch {
	struct list node; /* of its state's list; since_ms ascends */
	uint64_t since_ms;
	uint32_t uses_seen;
	unsigned int asks;
	unsigned int asker; /* the worker that sends what is asked */
	struct neigh *own;
	struct neigh *copies[]; /* n_workers + 1 */
};

#define NEIGH_STATES (API_NEIGH_FAILED + 1)

struct neigh_master {
	struct list states[NEIGH_STATES];
	uint64_t conflict_logged_ms, full_logged_ms; /* 0: never */
	uint64_t refused;
};

struct neigh_table {
	struct list *buckets; /* mask + 1 */
	struct order order;   /* of coming */
	uint64_t serial;      /* of the last that came */
	uint32_t mask;
	uint32_t count;
	struct neigh_waits waits;
	struct neigh_master master; /* worker 0's */
};

struct neigh_table *neigh_table_create(uint32_t neigh_max);
void neigh_table_free(struct neigh_table *table); /* behind neigh_wait_shutdown() */

struct neigh *neigh_find(const struct worker *w, unsigned int family, const union ip_addr *ip,
			 uint16_t port);

/* Where one with this address belongs. */
struct list *neigh_bucket(const struct worker *w, const union ip_addr *ip, uint16_t port);

/* Has it a MAC address that may be sent to? */
static inline bool neigh_usable(const struct neigh *neigh)
{
	return neigh->state == API_NEIGH_REACHABLE || neigh->state == API_NEIGH_PROBE ||
	       neigh->state == API_NEIGH_DELAY;
}

/* What a worker has heard of a neighbour. */
struct neigh_heard {
	union ip_addr ip;
	uint16_t port;
	uint8_t family;
	uint8_t how;     /* enum event_heard */
	bool answer;     /* to us: makes no entry on the master either */
	bool known_only; /* says nothing of strangers */
	struct rte_ether_addr mac;
};

/* Path: tells the master, if it is news and within the limits. */
void neigh_hear(struct worker *w, const struct neigh_heard *heard);
/* Another kind of event about one, within the limit for strangers. */
void neigh_tell_limited(struct worker *w, enum event_kind kind, const struct neigh_heard *heard);

/* What an op says of a neighbour. */
struct neigh_key {
	union ip_addr ip;
	uint16_t port;
	uint8_t family;
	uint8_t state;
	bool is_static;
	struct rte_ether_addr mac;
};

/* add brings its node in args[0]; set changes state, MAC and static; data: struct neigh_key */
op_apply_fn neigh_apply_add, neigh_apply_set, neigh_apply_del;

/* The master had no room for it: what waits is dropped. For the worker that asked; data: struct
 * neigh_key */
op_apply_fn neigh_apply_refuse;

/* Keeps m until its neighbour (meta's out_port, nexthop) is known, and tells the master when that
 * is due. */
void neigh_hold(struct worker *w, struct rte_mbuf *m, struct neigh *neigh);

/* Path: its sender is told that the neighbour is not to be reached, if it is not us. m stays the
 * caller's. */
void neigh_unreachable(struct worker *w, struct rte_mbuf *m);

/* Adds the L2 header and pushes to TX. */
void neigh_send(struct worker *w, const struct neigh *neigh, struct rte_mbuf *m);

/* Packets for this neighbour can go (as far as there is room), or are lost for that reason. */
void neigh_wait_release(struct worker *w, struct neigh *neigh);
void neigh_wait_fail(struct worker *w, const struct neigh_key *key, enum drop_reason reason);
void neigh_wait_fail_port(struct worker *w, uint16_t port); /* all that wait to leave by it */
uint32_t neigh_wait_count(const struct worker *w, const struct neigh_key *key);
void neigh_wait_tick(struct worker *w);
void neigh_wait_shutdown(struct worker *w); /* drops all that waits */

int neigh_waits_init(struct neigh_waits *waits, uint32_t neigh_max);
void neigh_waits_free(struct neigh_waits *waits);

/*
 * Master, for requests: makes the neighbour or the one that is there static, with that MAC address.
 * 0, -ENOSPC (the table is full of neighbours in use) or -ENOMEM.
 */
int neigh_set_static(struct worker *const *all, const struct neigh_key *key);
int neigh_remove(struct worker *const *all, struct neigh *neigh);

/* Master: packets that were sent to it, by all workers. */
uint32_t neigh_uses(const struct worker *master, const struct neigh_watch *watch);

/* Master: packets that wait for its neighbour, on all workers. */
uint32_t neigh_held(const struct worker *master, const struct neigh *neigh);

#endif

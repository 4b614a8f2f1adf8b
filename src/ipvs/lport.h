/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/lport: local ports. A port is free or taken for one pair of local
 * address and server (its address and port, and the protocol), so one local
 * address serves 64,511 connections to each server. A worker takes only ports
 * for which the server's reply is its own (link/steer). Ports rest as long as
 * they can: those never used come first, in a random rotation of 1025 … 65535,
 * then those given back, the one unused longest first; that order is exact as
 * long as it fits a budget of memory (lport_back.c). A pair exists
 * from its first port until it has had none taken for two minutes, or memory is
 * short; it takes a few hundred bytes at first, from regions of the worker's own.
 */
#ifndef IPVS_LPORT_H
#define IPVS_LPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/tuple.h"

#define LPORT_FIRST 1025
#define LPORT_LAST  65535

struct worker;
struct lport_pool;

/* Of a worker; the master's gives no ports. NULL: no memory. */
struct lport_pool *lport_pool_create(const struct worker *w, uint32_t max_conns);
void lport_pool_destroy(struct lport_pool *pool);

/*
 * reply: the tuple of the server's packets, src and sport the server's, dst the local address,
 * family, proto and zone; dport is chosen and written. 0, or -EADDRNOTAVAIL: all are taken, or
 * -ENOMEM.
 */
int lport_take(struct lport_pool *pool, struct tuple *reply);
/* A port that lport_take() gave, once. */
void lport_release(struct lport_pool *pool, const struct tuple *reply);

/* A part of all local ports: `count` of them from `first` on. */
struct lport_range {
	uint16_t first, count;
};

/*
 * A range of so few ports is not shared out among workers, which would leave some of them without:
 * all of a pair's are those of the worker that has all connections with that server (owner.h).
 */
#define LPORT_NARROW 64u /* for each worker */

static inline bool lport_is_narrow(struct lport_range range, unsigned int n_workers)
{
	return range.count < LPORT_NARROW * n_workers;
}

#define LPORT_ALL ((struct lport_range){ LPORT_FIRST, LPORT_LAST - LPORT_FIRST + 1 })

/*
 * The same out of a range of ports. Each range is a pair of its own, and what overlaps it knows
 * nothing of it: who gives out such ranges asks whether somebody has the port.
 */
int lport_take_in(struct lport_pool *pool, struct tuple *reply, struct lport_range range);
void lport_release_in(struct lport_pool *pool, const struct tuple *reply, struct lport_range range);

/* Over all pairs of this local address; `free` among several workers is an estimate, not every
 * owner is known. */
struct lport_usage {
	uint64_t pairs, used, free;
};
void lport_usage(const struct lport_pool *pool, unsigned int family, const union ip_addr *laddr,
		 struct lport_usage *usage);
size_t lport_memory(const struct lport_pool *pool);

#endif

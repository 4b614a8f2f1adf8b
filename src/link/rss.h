/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/rss: NICs that deliver every packet to its owner. All ports that can be
 * told their hash key and their redirection table (RETA) get the same key, and
 * tables that say the same: entry i of the smallest one belongs to one worker,
 * larger ones repeat it. Then the worker that a packet comes to is a function
 * of its tuple alone, whichever port it comes through, and that function is
 * what steer.h calls the owner. Made at start, and never changed: the owners of
 * connections depend on it.
 *
 * A port takes part if every worker polls one of its queues and its driver
 * takes all of this; the packets of others are handed over in software.
 */
#ifndef LINK_RSS_H
#define LINK_RSS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/toeplitz.h"
#include "packet/tuple.h"

#define RSS_KEY   64  /* bytes; drivers take as many as they want, at least TOEPLITZ_KEY */
#define RSS_TABLE 512 /* a larger RETA repeats it */

_Static_assert(RSS_TABLE == 1 << TOEPLITZ_EVEN_BITS, "keys spread over the whole table");

struct worker;
struct port;

struct rss {
	struct toeplitz toeplitz;
	uint32_t mask;            /* entries of the table - 1 */
	uint8_t owner[RSS_TABLE]; /* by the low bits of the hash */
	uint8_t key[RSS_KEY];
};

/* Master, at start, with all ports and their queues bound: tells the ports, and all workers if one
 * of them takes part. 0 or -ENOMEM. */
int rss_start(struct worker *const *all);
void rss_stop(struct worker *const *all);

/* Master: a port that comes later, whose queue N - 1 worker N will poll; sets port->rss if it takes
 * part. */
void rss_join(const struct worker *master, struct port *port);

/* The queues that a RETA of n entries leads to; `queues` has each worker's, count of them each. For
 * rss.c and its test. */
struct rss_queues {
	uint16_t queue[64];
	uint16_t count;
};
void rss_fill(const struct rss *rss, const struct rss_queues *of_worker, uint16_t *reta,
	      uint16_t n);

/* The hash of a tuple but for its destination port: that alone differs among the local ports that
 * are tried for a connection. */
static inline uint32_t rss_hash_base(const struct rss *rss, const struct tuple *t)
{
	const struct toeplitz *toeplitz = &rss->toeplitz;
	unsigned int len = t->family == AF_INET ? 4 : 16;

	return toeplitz_of(toeplitz, 0, &t->src, len) ^ toeplitz_of(toeplitz, len, &t->dst, len) ^
	       toeplitz_of(toeplitz, 2 * len, &t->sport, sizeof(t->sport));
}

static inline uint32_t rss_hash_dport(const struct rss *rss, uint32_t base, const struct tuple *t)
{
	unsigned int place = t->family == AF_INET ? 10 : 34;

	return base ^ toeplitz_of(&rss->toeplitz, place, &t->dport, sizeof(t->dport));
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/lport, inside: a pair and the lines its ports that came back are kept in
 * (lport_back.c), and the pool of both (lport.c).
 */
#ifndef IPVS_LPORT_INT_H
#define IPVS_LPORT_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/region.h"
#include "ipvs/lport.h"
#include "packet/tuple.h"

#define PORTS       (LPORT_LAST - LPORT_FIRST + 1)
#define LINE_PORTS  512
#define LINE_FIRST  (LPORT_FIRST / LINE_PORTS)
#define LINE_LAST   (LPORT_LAST / LINE_PORTS)
#define LINES       (LINE_LAST - LINE_FIRST + 1)
#define PART_LINES  15
#define PARTS       ((LINE_LAST + PART_LINES) / PART_LINES)
#define QUEUE_PORTS 30
#define NONE        0 /* entry 0 of each array is not used */

/* A bit a port; the numbers of 15 lines; or 30 ports in the order in which they came back. */
union line {
	uint64_t bits[LINE_PORTS / 64];
	struct part {
		uint32_t line[PART_LINES];
		uint32_t next; /* in the list of the freed */
	} part;
	struct queue {
		uint16_t port[QUEUE_PORTS];
		uint32_t next; /* the next younger, or in the list of the freed */
	} queue;
};
_Static_assert(sizeof(union line) == 64, "a line is a cache line");

struct pair {
	struct tuple key;     /* of its replies, dport its first port; family 0: a free entry */
	uint32_t next;        /* in its hash chain, or free */
	uint32_t part[PARTS]; /* lines of bits: those that came back first */
	uint32_t oldest, youngest; /* lines of the queue: those that came back later */
	uint32_t idle_prev, idle_next;
	uint32_t idle_since_s;
	uint64_t begun[(LINE_LAST + 64) / 64]; /* a bit for each 512 ports */
	uint16_t reserved;                     /* lines for their bits */
	uint16_t start;                        /* of its rotation, from its first port */
	uint16_t tried; /* ports of the rotation that were begun or skipped */
	uint16_t used;  /* taken now */
	uint16_t in_bits, in_queue;
	uint16_t cursor;  /* the next port whose bit is looked at; 0: it has not begun */
	uint16_t n_queue; /* lines of the queue */
	uint8_t get, put; /* where in the oldest and in the youngest */
	struct lport_range range;
};

/* An array in a region: entries that were never used, and freed ones. */
struct pool_array {
	struct region region;
	uint32_t fresh, max;
	uint32_t free; /* the first freed one */
};

struct lport_pool {
	const struct worker *w;
	struct hash_key key;
	struct pair *pairs;
	union line *lines;
	uint32_t *heads; /* of hash chains; one more with each pair more (linear hashing) */
	uint32_t n_pairs, n_heads;
	uint64_t n_made;                /* pairs ever made: each has a rotation of its own */
	uint32_t idle_first, idle_last; /* the first is idle longest */
	struct pool_array pair_array;
	struct pool_array line_array; /* what is freed are parts, with the lines in them */
	uint32_t free_queues;         /* freed lines of queues */
	uint32_t n_lines, reserved;   /* in use; that bits may need */
	uint32_t budget;              /* lines in use from which on queues are trimmed */
	uint32_t hand;                /* the pair that was trimmed last */
	struct region heads_region;
	struct region taken_region; /* debug: a bit a port, 8 KB a pair */
};

/* Sees to it that a port that is begun can be put back; false: no memory. */
bool lport_back_begin(struct lport_pool *pool, struct pair *pair, uint16_t port);
/* Keeps a port that was begun. */
void lport_back_put(struct lport_pool *pool, struct pair *pair, uint16_t port);
/* The one that came back first; there is one. */
uint16_t lport_back_get(struct lport_pool *pool, struct pair *pair);
/* All memory of a pair, at once. */
void lport_back_free(struct lport_pool *pool, struct pair *pair);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn_int: how the connection table lies in memory; for conn.c and for the flow stage, which
 * works on lines. A class is a size of line: a connection whose tuples are both IPv4 takes one line
 * of 64 bytes, any other one two. Bit 30 of an id is its class.
 */
#ifndef IPVS_CONN_INT_H
#define IPVS_CONN_INT_H

#include "base/region.h"
#include "ipvs/conn.h"
#include "ipvs/conn_index.h"

#define CONN_CLASS_SHIFT 30
#define CONN_INDEX_MASK  ((1u << CONN_CLASS_SHIFT) - 1)
#define CONN_FIRST       1u /* the first entry of a class that is used */

enum conn_class_id { CONN_IP4, CONN_IP6, CONN_CLASSES };

/* Addresses and ports as a packet has them; struct conn has the protocol and zone of both. */
struct conn_key4 {
	be32 src, dst;
	be16 sport, dport;
};

static inline struct conn_key4 conn_key4_from(const struct tuple4 *t)
{
	return (struct conn_key4){ .src = (be32)t->addrs,
				   .dst = (be32)(t->addrs >> 32),
				   .sport = (be16)t->ports,
				   .dport = (be16)(t->ports >> 16) };
}

struct conn_line4 {
	struct conn_key4 key[2]; /* by enum conn_dir */
	struct conn conn;
};
_Static_assert(sizeof(struct conn_line4) == 64, "one line");

struct conn_line6 {
	struct tuple key[2]; /* whose protocols may differ: ICMP and ICMPv6 */
	struct conn conn;
	uint64_t spare;
};
_Static_assert(sizeof(struct conn_line6) == 128, "two lines");

struct conn_class {
	void *lines; /* struct conn_line4 or conn_line6 */
	struct conn_cold *colds;
	struct wheel_link *links;
	uint32_t *free; /* freed entries, the last one freed on top */
	uint32_t n_free;
	uint32_t fresh; /* the first entry that was never used */
	struct conn_table *table;
	struct wheel wheel;
	struct region lines_region, colds_region, links_region, free_region;
};

struct conn_table {
	struct conn_index index;
	struct conn_table_config config;
	uint32_t count;
	uint64_t now;              /* tick */
	unsigned int expire_first; /* the class whose turn it is to expire first */
	struct conn_class classes[CONN_CLASSES];
};

/* Of a class, the one that is never used included. */
static inline size_t conn_entries(const struct conn_table *table)
{
	return (size_t)table->config.max + CONN_FIRST;
}

static inline unsigned int conn_class_of(uint32_t id)
{
	return id >> CONN_CLASS_SHIFT & 1;
}

/* What the index refers to: an id and a direction, never 0, since no entry is CONN_FIRST - 1. */
static inline uint32_t conn_ref(uint32_t id, enum conn_dir dir)
{
	return id << 1 | dir;
}

static inline uint32_t conn_ref_id(uint32_t ref)
{
	return ref >> 1;
}

/* There is one, of a connection of IPv4 alone: the class is the sign. */
static inline bool conn_ref_is4(uint32_t ref)
{
	return (int32_t)ref > 0;
}
_Static_assert(CONN_CLASS_SHIFT == 30 && CONN_IP4 == 0 && CONN_IP6 == 1,
	       "of an id that is shifted");

static inline enum conn_dir conn_ref_dir(uint32_t ref)
{
	return ref & 1 ? CONN_OUT : CONN_IN;
}

/* Of no connection, of either class: no tuple is its. */
extern const struct conn_line6 conn_line_none;

/* Of an id of that class. */
static inline struct conn_line4 *conn_line4(const struct conn_table *table, uint32_t id)
{
	return &((struct conn_line4 *)table->classes[CONN_IP4].lines)[id & CONN_INDEX_MASK];
}

static inline struct conn_line6 *conn_line6(const struct conn_table *table, uint32_t id)
{
	return &((struct conn_line6 *)table->classes[CONN_IP6].lines)[id & CONN_INDEX_MASK];
}

#endif

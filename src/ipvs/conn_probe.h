/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn_probe: a lookup in steps, for vectors of one family: each step asks
 * for the memory that the next one reads. conn_probe_start() for all of a vector,
 * then conn_probes_guess(), which is conn_probe_ask() for all and conn_probe_guess()
 * for all, and a second time for those where it returned false, then
 * conn_probe_right(); start and right have a …6 for IPv6. Each step is a loop of its own, as short
 * as can be: an address that no TLB has is translated before a prefetch leaves the processor's
 * window of a few hundred instructions, and only translations within that window overlap.
 */
#ifndef IPVS_CONN_PROBE_H
#define IPVS_CONN_PROBE_H

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "ipvs/conn_int.h"
#include "packet/batch.h"

struct conn_probe {
	const struct conn_bucket *bucket;
	const void *line; /* of ref, if that is of the family asked for; else conn_line_none */
	uint32_t ref;     /* the first in the bucket whose tag matches, 0: none */
	uint16_t tag;
};

static inline void conn_probe_bucket(const struct conn_table *table, uint64_t hash,
				     struct conn_probe *probe)
{
	probe->bucket = &table->index.buckets[conn_index_first(&table->index, hash)];
	probe->tag = conn_index_tag(hash);
}

static inline void conn_probe_start(const struct conn_table *table, const struct tuple4 *tuple,
				    struct conn_probe *probe)
{
	conn_probe_bucket(table, tuple4_hash(&table->config.key, tuple), probe);
}

static inline void conn_probe6_start(const struct conn_table *table, const struct tuple *tuple,
				     struct conn_probe *probe)
{
	conn_probe_bucket(table, tuple6_hash(&table->config.key, tuple), probe);
}

/* For its bucket. */
static inline void conn_probe_ask(const struct conn_probe *probe)
{
	__builtin_prefetch(probe->bucket);
}

/* To its second bucket. */
static __rte_noinline void conn_probe_turn(const struct conn_table *table, struct conn_probe *probe)
{
	const struct conn_index *index = &table->index;
	uint32_t at = (uint32_t)(probe->bucket - index->buckets);

	probe->bucket = &index->buckets[conn_index_other(index, at, probe->tag)];
	conn_probe_ask(probe);
}

/* The line (`six`: the two lines) that a reference whose tag matches leads to. */
static inline void conn_probe_hit(struct conn_probe *probe, uint32_t ref, const char *line,
				  const bool six)
{
	probe->ref = ref;
	__builtin_prefetch(line, 1);
	if (six)
		__builtin_prefetch(line + 64, 1);
}

/* `six`: it was begun by conn_probe6_start(); `second`: it is asked again. false: to be asked
 * again, since it is in its second bucket, if anywhere. */
static __rte_always_inline bool conn_probe_guess(const struct conn_table *table,
						 struct conn_probe *probe, const bool second,
						 const bool six)
{
	const struct conn_bucket *bucket = probe->bucket;

	for (unsigned int match = conn_bucket_match(bucket, probe->tag); likely(match);
	     match &= match - 1) {
		uint32_t ref = bucket->ref[(unsigned int)__builtin_ctz(match)];
		uint32_t id = conn_ref_id(ref);

		if (likely(!six && conn_ref_is4(ref))) {
			probe->line = conn_line4(table, id);
			conn_probe_hit(probe, ref, probe->line, false);
			return true;
		}
		if (!ref || (six && conn_ref_is4(ref)))
			continue;
		/* of IPv6, or of a connection that crosses */
		probe->line = six ? conn_line6(table, id) : &conn_line_none;
		conn_probe_hit(probe, ref, (const char *)conn_line6(table, id), true);
		return true;
	}
	probe->line = &conn_line_none;
	probe->ref = 0;
	if (second || !bucket->overflow)
		return true;
	conn_probe_turn(table, probe);
	return false;
}

/* The i-th probe, of which each lies `stride` bytes behind the one before. */
static inline struct conn_probe *conn_probe_at(struct conn_probe *first, size_t stride,
					       unsigned int i)
{
	return (struct conn_probe *)(void *)((char *)first + i * stride);
}

/* Asks for all memory that n probes which were started need, of the index and of connections. */
static __rte_always_inline void conn_probes_guess(const struct conn_table *table,
						  struct conn_probe *first, const size_t stride,
						  unsigned int n, const bool six)
{
	uint32_t again = 0; /* a bit each: in its second bucket */

#pragma GCC unroll 4
	for (unsigned int i = 0; i < n; i++)
		conn_probe_ask(conn_probe_at(first, stride, i));
	for (unsigned int i = 0; i < n; i++)
		again |= (uint32_t)!conn_probe_guess(table, conn_probe_at(first, stride, i), false,
						     six)
			 << i;
	for (; unlikely(again); again &= again - 1)
		conn_probe_guess(table,
				 conn_probe_at(first, stride, (unsigned int)__builtin_ctz(again)),
				 true, six);
}
_Static_assert(BATCH_BURST <= 32, "a bit each");

/* Protocol and zone, as tuple4_rest(). */
static inline uint32_t conn_rest4(const struct conn *conn)
{
	uint32_t word;

	memcpy(&word, conn, sizeof(word));
	return word & 0xffff00ff;
}
_Static_assert(offsetof(struct conn, proto) == 0 && offsetof(struct conn, zone) == 2,
	       "little-endian, proto | zone << 16 beside the state");

/* One comparison for all of it: addresses, ports, protocol, zone. */
static inline bool conn_line4_is(const struct conn_line4 *line, enum conn_dir dir,
				 const struct tuple4 *tuple)
{
	const struct conn_key4 *key = &line->key[dir];
	uint64_t addrs;
	uint32_t ports;

	memcpy(&addrs, &key->src, sizeof(addrs));
	memcpy(&ports, &key->sport, sizeof(ports));
	return ((addrs ^ tuple->addrs) | (ports ^ tuple->ports) |
		(conn_rest4(&line->conn) ^ tuple->rest)) == 0;
}

/* Was the guess right? If not, a whole lookup tells more, unless nothing was found at all. */
static inline bool conn_probe_right(const struct tuple4 *tuple, const struct conn_probe *probe)
{
	return likely(conn_line4_is(probe->line, conn_ref_dir(probe->ref), tuple));
}

/* The same of one that crosses. */
static inline bool conn_probe_right_cross(const struct conn_table *table,
					  const struct tuple4 *tuple,
					  const struct conn_probe *probe)
{
	const struct tuple *key;
	struct tuple4 key4;

	if (!probe->ref || conn_ref_is4(probe->ref))
		return false;
	key = &conn_line6(table, conn_ref_id(probe->ref))->key[conn_ref_dir(probe->ref)];
	key4 = tuple4_from(key);
	return likely(key->family == AF_INET) && tuple4_equal(&key4, tuple);
}

static inline bool conn_probe6_right(const struct tuple *tuple, const struct conn_probe *probe)
{
	const struct conn_line6 *line = probe->line;

	return likely(tuple_equal(&line->key[conn_ref_dir(probe->ref)], tuple));
}

#endif

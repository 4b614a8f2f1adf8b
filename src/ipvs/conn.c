/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn: the connection table of one worker. Nothing is allocated after
 * create: entries lie in mapped regions and are handed out in sequence, so
 * that memory comes as the table fills; freed ones come back first, the last
 * one freed first of all, because its lines are still in the cache.
 *
 * There are two classes of entries: a connection whose tuples are both IPv4
 * takes one line of 64 bytes for its keys, any other one two lines. Bit 30 of
 * an id is the class. Each class has its lines, its cold parts, its timer links
 * and its wheel, under the same index; memory that a class does not use is not
 * there. With its share of the index an IPv4 connection costs
 * 64 + 64 + 8 + 19 bytes, an IPv6 one 64 more.
 *
 * Timers: the wheel's slots tell when an entry is looked at, conn->deadline
 * when it expires. A packet only writes a later deadline; an earlier one moves
 * the entry, because the wheel would come too late.
 */
#include "ipvs/conn.h"

#include <stdlib.h>
#include <string.h>

#include "base/debug.h"
#include "base/region.h"
#include "ipvs/conn_index.h"

#define CLASS_SHIFT 30
#define INDEX_MASK  ((1u << CLASS_SHIFT) - 1)

enum { CLASS_IP4, CLASS_IP6, CLASS__COUNT };

/* Ports, family, protocol and zone, in a word. */
struct key4 {
	uint64_t addrs;
	uint64_t rest;
};

struct line4 {
	struct key4 key[2];  /* by enum conn_dir */
	uint64_t rewrite[4]; /* room for what a flow remembers of its rewrite */
};
_Static_assert(sizeof(struct line4) == 64, "one line");

struct key6 {
	union ip_addr src, dst;
	uint64_t rest;
};

struct line6 {
	struct key6 key[2];
	uint64_t rewrite[6];
};
_Static_assert(sizeof(struct line6) == 128, "two lines");

struct conn_class {
	void *lines; /* struct line4 or line6 */
	struct conn *conns;
	struct wheel_link *links;
	uint32_t fresh; /* the first entry that was never used */
	uint32_t free;  /* last freed entry, linked by conn->dest; CONN_NONE */
	struct conn_table *table;
	struct wheel wheel;
	struct region lines_region, conns_region, links_region;
};

struct conn_table {
	struct conn_index index;
	struct conn_table_config config;
	uint32_t count;
	unsigned int expire_first; /* the class whose turn it is to expire first */
	struct conn_class classes[CLASS__COUNT];
};

static inline unsigned int id_class(uint32_t id)
{
	return id >> CLASS_SHIFT & 1;
}

static inline struct conn_class *class_of(const struct conn_table *table, uint32_t id)
{
	return (struct conn_class *)&table->classes[id_class(id)];
}

static inline uint32_t id_of(unsigned int class, uint32_t i)
{
	return class << CLASS_SHIFT | i;
}

/* What the index refers to: an id and a direction, never 0. */
static inline uint32_t ref_of(uint32_t id, enum conn_dir dir)
{
	return (id << 1 | dir) + 1;
}

static int class_create(struct conn_class *class, struct conn_table *table, size_t line_size)
{
	size_t max = table->config.max;
	int socket = table->config.socket, r;

	class->table = table;
	class->free = CONN_NONE;
	r = region_create(&class->lines_region, max * line_size, socket);
	if (r == 0)
		r = region_create(&class->conns_region, max * sizeof(struct conn), socket);
	if (r == 0)
		r = region_create(&class->links_region, max * sizeof(struct wheel_link), socket);
	if (r < 0)
		return r;
	class->lines = class->lines_region.base;
	class->conns = class->conns_region.base;
	class->links = class->links_region.base;
	wheel_init(&class->wheel, class->links, 0);
	return 0;
}

struct conn_table *conn_table_create(const struct conn_table_config *config)
{
	struct conn_table *table;

	if (config->max == 0 || config->max > INDEX_MASK)
		return NULL;
	table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	table->config = *config;
	if (conn_index_create(&table->index, config->max * 2, config->socket) < 0 ||
	    class_create(&table->classes[CLASS_IP4], table, sizeof(struct line4)) < 0 ||
	    class_create(&table->classes[CLASS_IP6], table, sizeof(struct line6)) < 0) {
		conn_table_destroy(table);
		return NULL;
	}
	return table;
}

void conn_table_destroy(struct conn_table *table)
{
	if (!table)
		return;
	for (unsigned int c = 0; c < CLASS__COUNT; c++) {
		region_destroy(&table->classes[c].lines_region);
		region_destroy(&table->classes[c].conns_region);
		region_destroy(&table->classes[c].links_region);
	}
	conn_index_destroy(&table->index);
	free(table);
}

static inline uint64_t key_rest(const struct tuple *t)
{
	return (uint64_t)t->sport << 48 | (uint64_t)t->dport << 32 | (uint32_t)t->family << 24 |
	       (uint32_t)t->proto << 16 | t->zone;
}

static inline uint64_t key_addrs(const struct tuple *t)
{
	return (uint64_t)t->src.u32[0] << 32 | t->dst.u32[0];
}

static void key_set(struct conn_class *class, uint32_t id, enum conn_dir dir, const struct tuple *t)
{
	uint32_t i = id & INDEX_MASK;

	if (id_class(id) == CLASS_IP4)
		((struct line4 *)class->lines)[i].key[dir] = (struct key4){ key_addrs(t),
									    key_rest(t) };
	else
		((struct line6 *)class->lines)[i].key[dir] = (struct key6){ t->src, t->dst,
									    key_rest(t) };
}

static inline bool key_is(const struct conn_table *table, uint32_t ref, const struct tuple *t)
{
	uint32_t id = (ref - 1) >> 1, dir = (ref - 1) & 1, i = id & INDEX_MASK;
	const struct conn_class *class = class_of(table, id);

	if (id_class(id) == CLASS_IP4) {
		const struct key4 *key = &((const struct line4 *)class->lines)[i].key[dir];

		return key->rest == key_rest(t) && key->addrs == key_addrs(t);
	} else {
		const struct key6 *key = &((const struct line6 *)class->lines)[i].key[dir];

		return key->rest == key_rest(t) && ip_equal(&key->src, &t->src) &&
		       ip_equal(&key->dst, &t->dst);
	}
}

void conn_tuple(const struct conn_table *table, uint32_t id, enum conn_dir dir, struct tuple *tuple)
{
	const struct conn_class *class = class_of(table, id);
	uint32_t i = id & INDEX_MASK;
	uint64_t rest;

	if (id_class(id) == CLASS_IP4) {
		const struct key4 *key = &((const struct line4 *)class->lines)[i].key[dir];

		tuple->src = ip_from_v4((be32)(key->addrs >> 32));
		tuple->dst = ip_from_v4((be32)key->addrs);
		rest = key->rest;
	} else {
		const struct key6 *key = &((const struct line6 *)class->lines)[i].key[dir];

		tuple->src = key->src;
		tuple->dst = key->dst;
		rest = key->rest;
	}
	tuple->sport = (be16)(rest >> 48);
	tuple->dport = (be16)(rest >> 32);
	tuple->family = (uint8_t)(rest >> 24);
	tuple->proto = (uint8_t)(rest >> 16);
	tuple->zone = (uint16_t)rest;
}

static inline uint32_t bucket_find(const struct conn_table *table, const struct conn_bucket *bucket,
				   uint16_t tag, const struct tuple *t)
{
	for (unsigned int match = conn_bucket_match(bucket, tag); match; match &= match - 1) {
		uint32_t ref = bucket->ref[__builtin_ctz(match)];

		if (ref && key_is(table, ref, t))
			return ref;
	}
	return 0;
}

/* The reference of the connection with this tuple, 0: none. */
static inline uint32_t index_find(const struct conn_table *table, const struct tuple *t,
				  uint64_t hash)
{
	const struct conn_index *index = &table->index;
	uint32_t first = conn_index_first(index, hash);
	uint16_t tag = conn_index_tag(hash);
	uint32_t ref = bucket_find(table, &index->buckets[first], tag, t);

	if (ref == 0 && index->buckets[first].overflow)
		ref = bucket_find(table, &index->buckets[conn_index_other(index, first, tag)], tag,
				  t);
	return ref;
}

uint32_t conn_lookup(const struct conn_table *table, const struct tuple *tuple, enum conn_dir *dir)
{
	uint32_t ref = index_find(table, tuple, tuple_hash(&table->config.key, tuple));

	if (ref == 0)
		return CONN_NONE;
	*dir = (ref - 1) & 1 ? CONN_OUT : CONN_IN;
	return (ref - 1) >> 1;
}

/* An entry of a class, cold part zeroed; there is one. */
static uint32_t entry_take(struct conn_class *class)
{
	uint32_t i = class->free;

	if (i != CONN_NONE)
		class->free = class->conns[i].dest;
	else
		i = class->fresh++;
	memset(&class->conns[i], 0, sizeof(class->conns[i]));
	wheel_link_init(&class->links[i]);
	class->table->count++;
	return i;
}

static void entry_give_back(struct conn_class *class, uint32_t i)
{
	class->conns[i].family = 0; /* says that it is free */
	class->conns[i].dest = class->free;
	class->free = i;
	class->table->count--;
}

static inline void index_prefetch(const struct conn_index *index, uint64_t hash)
{
	__builtin_prefetch(&index->buckets[conn_index_first(index, hash)], 1);
}

uint32_t conn_create(struct conn_table *table, const struct tuple *in, const struct tuple *out)
{
	unsigned int c = in->family == AF_INET && out->family == AF_INET ? CLASS_IP4 : CLASS_IP6;
	struct conn_class *class = &table->classes[c];
	uint64_t hash_in = tuple_hash(&table->config.key, in);
	uint64_t hash_out = tuple_hash(&table->config.key, out);
	uint32_t i, id;
	struct conn *conn;

	index_prefetch(&table->index, hash_in);
	index_prefetch(&table->index, hash_out);
	if (table->count >= table->config.max)
		return CONN_NONE;
	if (hash_in == hash_out && key_rest(in) == key_rest(out) && ip_equal(&in->src, &out->src) &&
	    ip_equal(&in->dst, &out->dst))
		return CONN_NONE;
	if (index_find(table, in, hash_in) || index_find(table, out, hash_out))
		return CONN_NONE;

	i = entry_take(class);
	id = id_of(c, i);
	conn = &class->conns[i];
	key_set(class, id, CONN_IN, in);
	key_set(class, id, CONN_OUT, out);
	if (!conn_index_insert(&table->index, hash_in, ref_of(id, CONN_IN)))
		goto no_place;
	if (!conn_index_insert(&table->index, hash_out, ref_of(id, CONN_OUT)))
		goto no_place_out;
	conn->proto = in->proto;
	conn->family = in->family;
	conn->zone = in->zone;
	return id;

no_place_out:
	conn_index_remove(&table->index, hash_in, ref_of(id, CONN_IN));
no_place:
	entry_give_back(class, i);
	return CONN_NONE;
}

void conn_free(struct conn_table *table, uint32_t id)
{
	struct conn_class *class = class_of(table, id);
	uint32_t i = id & INDEX_MASK;
	struct tuple tuple;

	debug_assert(i < class->fresh && class->conns[i].family != 0);
	if (i >= class->fresh || class->conns[i].family == 0)
		return; /* once too often: the free list must stay whole */
	for (unsigned int dir = CONN_IN; dir <= CONN_OUT; dir++) {
		conn_tuple(table, id, dir, &tuple);
		conn_index_remove(&table->index, tuple_hash(&table->config.key, &tuple),
				  ref_of(id, dir));
	}
	wheel_disarm(&class->wheel, i);
	entry_give_back(class, i);
}

struct conn *conn_get(const struct conn_table *table, uint32_t id)
{
	return &class_of(table, id)->conns[id & INDEX_MASK];
}

void conn_set_timeout(struct conn_table *table, uint32_t id, uint32_t timeout_s, uint64_t now_ms)
{
	struct conn *conn = conn_get(table, id);
	uint64_t deadline = (now_ms + CONN_TICK_MS - 1) / CONN_TICK_MS +
			    (uint64_t)timeout_s * (1000 / CONN_TICK_MS);

	if (deadline == 0)
		deadline = 1;
	if (deadline > UINT32_MAX)
		deadline = UINT32_MAX;
	conn->timeout_s = timeout_s;
	conn->deadline = (uint32_t)deadline;
	if (conn->armed == 0 || conn->deadline < conn->armed) {
		struct wheel *wheel = &class_of(table, id)->wheel;

		wheel_disarm(wheel, id & INDEX_MASK);
		wheel_arm(wheel, id & INDEX_MASK, deadline);
		conn->armed = conn->deadline;
	}
}

uint32_t conn_left_s(const struct conn *conn, uint64_t now_ms)
{
	uint64_t end_ms = (uint64_t)conn->deadline * CONN_TICK_MS;

	return end_ms > now_ms ? (uint32_t)((end_ms - now_ms + 999) / 1000) : 0;
}

/* wheel_due_fn */
static uint64_t entry_due(void *owner, uint32_t i, uint64_t now)
{
	struct conn_class *class = owner;
	struct conn_table *table = class->table;
	uint32_t id = id_of((unsigned int)(class - table->classes), i);
	struct conn *conn = &class->conns[i];

	if (conn->deadline > now) {
		conn->armed = conn->deadline;
		return conn->deadline;
	}
	conn->armed = 0;
	if (table->config.expire)
		table->config.expire(table->config.owner, id, conn);
	conn_free(table, id);
	return 0;
}

uint32_t conn_expire(struct conn_table *table, uint64_t now_ms, uint32_t budget)
{
	uint64_t now = now_ms / CONN_TICK_MS;
	uint32_t done = 0;

	/* Neither class may eat the other's budget for good. */
	table->expire_first ^= 1;
	for (unsigned int turn = 0; turn < CLASS__COUNT; turn++) {
		struct conn_class *class = &table->classes[table->expire_first ^ turn];

		done += wheel_advance(&class->wheel, now, budget - done, entry_due, class);
	}
	return done;
}

uint32_t conn_count(const struct conn_table *table)
{
	return table->count;
}

uint32_t conn_max(const struct conn_table *table)
{
	return table->config.max;
}

bool conn_next(const struct conn_table *table, uint32_t from, uint32_t scan, uint32_t *id)
{
	uint32_t i = from & INDEX_MASK;

	for (unsigned int c = from >> CLASS_SHIFT; c < CLASS__COUNT; c++, i = 0) {
		const struct conn_class *class = &table->classes[c];

		for (; i < class->fresh; i++) {
			*id = id_of(c, i);
			if (scan-- == 0)
				return false;
			if (class->conns[i].family)
				return true;
		}
	}
	*id = CONN_NONE;
	return false;
}

size_t conn_memory(const struct conn_table *table)
{
	size_t bytes = sizeof(*table) + region_resident(&table->index.region);

	for (unsigned int c = 0; c < CLASS__COUNT; c++) {
		bytes += region_resident(&table->classes[c].lines_region);
		bytes += region_resident(&table->classes[c].conns_region);
		bytes += region_resident(&table->classes[c].links_region);
	}
	return bytes;
}

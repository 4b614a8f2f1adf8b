/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn: the connection table of one worker. Nothing is allocated after
 * create: entries lie in mapped regions and are handed out in sequence, so
 * that memory comes as the table fills; freed ones come back first, the last
 * one freed first of all, because its lines are still in the cache.
 *
 * The lines of an entry are in conn_int.h. Each class has its lines, its cold
 * parts, its timer links and its wheel, under the same index; memory that a
 * class does not use is not there. With its share of the index an IPv4
 * connection costs 64 + 32 + 8 + 23 bytes, an IPv6 one 64 more. The numbers of
 * freed ones lie in a stack (4 bytes), not in a list through the entries: so a
 * vector of new connections can ask for the memory of all of them at once.
 *
 * Timers: the wheel's slots tell when an entry is looked at, conn->deadline
 * when it expires. A packet only writes a later deadline; an earlier one moves
 * the entry, because the wheel would come too late.
 */
#include "ipvs/conn.h"

#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "base/debug.h"
#include "base/lines.h"
#include "base/variants.h"
#include "ipvs/conn_probe.h"
#include "packet/batch.h"
#include "packet/csum.h"

#define SHRINK_BUCKETS 256u /* of the index, in each tick */

static inline struct conn_class *class_of(const struct conn_table *table, uint32_t id)
{
	return (struct conn_class *)&table->classes[conn_class_of(id)];
}

static inline uint32_t id_of(unsigned int class, uint32_t i)
{
	return class << CONN_CLASS_SHIFT | i;
}

/* Of an entry of that class. */
static inline uint32_t entry_id(const struct conn_class *class, uint32_t i)
{
	return id_of((unsigned int)(class - class->table->classes), i);
}

static inline void *class_line(const struct conn_class *class, uint32_t i)
{
	size_t size = class == &class->table->classes[CONN_IP4] ? sizeof(struct conn_line4)
								: sizeof(struct conn_line6);

	return (char *)class->lines + i * size;
}

/* The entry that is taken when `k` others have been. */
static inline uint32_t entry_next(const struct conn_class *class, uint32_t k)
{
	return class->n_free > k ? class->free[class->n_free - 1 - k]
				 : class->fresh + (k - class->n_free);
}

/*
 * Functions that ask for memory and do nothing else are inlined in any case: gcc takes a call of
 * such a one for one without an effect, and leaves it out.
 */

/* All that is touched of an entry beside the index. */
static __rte_always_inline void entry_prefetch(const struct conn_class *class, uint32_t i)
{
	const char *line = class_line(class, i);

	__builtin_prefetch(line, 1);
	if (class != &class->table->classes[CONN_IP4])
		__builtin_prefetch(line + 64, 1);
	__builtin_prefetch(&class->colds[i], 1);
	__builtin_prefetch(&class->links[i], 1);
}

static int class_create(struct conn_class *class, struct conn_table *table, size_t line_size)
{
	size_t max = conn_entries(table);
	int socket = table->config.socket, r;

	class->table = table;
	r = region_create(&class->lines_region, max * line_size, socket);
	if (r == 0)
		r = region_create(&class->colds_region, max * sizeof(struct conn_cold), socket);
	if (r == 0)
		r = region_create(&class->links_region, max * sizeof(struct wheel_link), socket);
	if (r == 0)
		r = region_create(&class->free_region, max * sizeof(*class->free), socket);
	if (r < 0)
		return r;
	class->lines = class->lines_region.base;
	class->colds = class->colds_region.base;
	class->links = class->links_region.base;
	class->free = class->free_region.base;
	class->fresh = CONN_FIRST;
	wheel_init(&class->wheel, class->links, 0);
	return 0;
}

struct conn_table *conn_table_create(const struct conn_table_config *config)
{
	struct conn_table *table;

	if (config->max == 0 || config->max > CONN_INDEX_MASK + 1 - CONN_FIRST)
		return NULL;
	table = lines_alloc(sizeof(*table));
	if (!table)
		return NULL;
	table->config = *config;
	if (conn_index_create(&table->index, config->max * 2, config->socket) < 0 ||
	    class_create(&table->classes[CONN_IP4], table, sizeof(struct conn_line4)) < 0 ||
	    class_create(&table->classes[CONN_IP6], table, sizeof(struct conn_line6)) < 0) {
		conn_table_destroy(table);
		return NULL;
	}
	return table;
}

void conn_table_destroy(struct conn_table *table)
{
	if (!table)
		return;
	for (unsigned int c = 0; c < CONN_CLASSES; c++) {
		region_destroy(&table->classes[c].lines_region);
		region_destroy(&table->classes[c].colds_region);
		region_destroy(&table->classes[c].links_region);
		region_destroy(&table->classes[c].free_region);
	}
	conn_index_destroy(&table->index);
	free(table);
}

static inline bool ref_is(const struct conn_table *table, uint32_t ref, const struct tuple *t,
			  const struct tuple4 *t4)
{
	uint32_t id = conn_ref_id(ref);
	struct tuple of4;

	if (likely(conn_class_of(id) == CONN_IP4))
		return t4 && conn_line4_is(conn_line4(table, id), conn_ref_dir(ref), t4);
	if (!t) {
		of4 = tuple4_to(t4);
		t = &of4;
	}
	return tuple_equal(&conn_line6(table, id)->key[conn_ref_dir(ref)], t);
}

static void tuple_from_line4(const struct conn_line4 *line, enum conn_dir dir, struct tuple *tuple)
{
	const struct conn_key4 *key = &line->key[dir];

	tuple->src = ip_from_v4(key->src);
	tuple->dst = ip_from_v4(key->dst);
	tuple_set_rest(tuple, key->sport, key->dport, line->conn.proto, AF_INET, line->conn.zone);
}

void conn_tuple(const struct conn_table *table, uint32_t id, enum conn_dir dir, struct tuple *tuple)
{
	if (conn_class_of(id) == CONN_IP4)
		tuple_from_line4(conn_line4(table, id), dir, tuple);
	else
		*tuple = conn_line6(table, id)->key[dir];
}

static inline uint32_t bucket_find(const struct conn_table *table, const struct conn_bucket *bucket,
				   uint16_t tag, const struct tuple *t, const struct tuple4 *t4)
{
	for (unsigned int match = conn_bucket_match(bucket, tag); match; match &= match - 1) {
		uint32_t ref = bucket->ref[__builtin_ctz(match)];

		if (ref && ref_is(table, ref, t, t4))
			return ref;
	}
	return 0;
}

/* The reference of the connection with this tuple, 0: none. t4: the same if it is IPv4, or NULL;
 * one of the two is there. */
static inline uint32_t index_find(const struct conn_table *table, const struct tuple *t,
				  const struct tuple4 *t4, uint64_t hash)
{
	const struct conn_index *index = &table->index;
	uint32_t first = conn_index_first(index, hash);
	uint16_t tag = conn_index_tag(hash);
	uint32_t ref = bucket_find(table, &index->buckets[first], tag, t, t4);

	if (ref == 0 && index->buckets[first].overflow)
		ref = bucket_find(table, &index->buckets[conn_index_other(index, first, tag)], tag,
				  t, t4);
	return ref;
}

static uint32_t find(const struct conn_table *table, const struct tuple *t, uint64_t hash)
{
	struct tuple4 t4;

	if (t->family != AF_INET)
		return index_find(table, t, NULL, hash);
	t4 = tuple4_from(t);
	return index_find(table, t, &t4, hash);
}

uint32_t conn_lookup(const struct conn_table *table, const struct tuple *tuple, enum conn_dir *dir)
{
	uint32_t ref = find(table, tuple, tuple_hash(&table->config.key, tuple));

	if (ref == 0)
		return CONN_NONE;
	*dir = conn_ref_dir(ref);
	return conn_ref_id(ref);
}

const struct conn_line6 conn_line_none;

static inline struct conn_found found_of(const struct conn_probe *probe)
{
	return (struct conn_found){ .id = conn_ref_id(probe->ref),
				    .dir = conn_ref_dir(probe->ref) };
}

static inline void probe_finish(const struct conn_table *table, const struct tuple4 *t4,
				const struct conn_probe *probe, struct conn_found *found)
{
	struct tuple tuple;

	if (likely(conn_probe_right(t4, probe)) || conn_probe_right_cross(table, t4, probe)) {
		*found = found_of(probe);
		return;
	}
	found->id = CONN_NONE;
	if (probe->ref) {
		tuple = tuple4_to(t4);
		found->id = conn_lookup(table, &tuple, &found->dir);
	}
}

HOT_VARIANTS
static void lookup4(const struct conn_table *table, const struct tuple4 *tuples, unsigned int n,
		    struct conn_found *found)
{
	struct conn_probe probes[BATCH_BURST];

	for (unsigned int i = 0; i < n; i++)
		conn_probe_start(table, &tuples[i], &probes[i]);
	conn_probes_guess(table, probes, sizeof(probes[0]), n, false);
	for (unsigned int i = 0; i < n; i++)
		probe_finish(table, &tuples[i], &probes[i], &found[i]);
}

void conn_lookup4(const struct conn_table *table, const struct tuple4 *tuples, unsigned int n,
		  struct conn_found *found)
{
	lookup4(table, tuples, n, found);
}

HOT_VARIANTS
static void lookup6(const struct conn_table *table, const struct tuple *const *tuples,
		    unsigned int n, struct conn_found *found)
{
	struct conn_probe probes[BATCH_BURST];

	for (unsigned int i = 0; i < n; i++)
		conn_probe6_start(table, tuples[i], &probes[i]);
	conn_probes_guess(table, probes, sizeof(probes[0]), n, true);
	for (unsigned int i = 0; i < n; i++) {
		found[i] = found_of(&probes[i]);
		if (likely(conn_probe6_right(tuples[i], &probes[i])))
			continue;
		found[i].id = CONN_NONE;
		if (probes[i].ref)
			found[i].id = conn_lookup(table, tuples[i], &found[i].dir);
	}
}

void conn_lookup6(const struct conn_table *table, const struct tuple *const *tuples, unsigned int n,
		  struct conn_found *found)
{
	lookup6(table, tuples, n, found);
}

/* An entry of a class, zeroed; there is one. */
static inline uint32_t entry_take(struct conn_class *class)
{
	uint32_t i = entry_next(class, 0);

	if (class->n_free)
		class->n_free--;
	else
		class->fresh++;
	memset(&class->colds[i], 0, sizeof(class->colds[i]));
	wheel_link_init(&class->links[i]);
	class->table->count++;
	return i;
}

static void entry_give_back(struct conn_class *class, uint32_t i)
{
	class->colds[i].family = 0; /* says that it is free */
	class->free[class->n_free++] = i;
	class->table->count--;
}

static __rte_always_inline void index_prefetch(const struct conn_index *index, uint64_t hash)
{
	__builtin_prefetch(&index->buckets[conn_index_first(index, hash)], 1);
}

/* Both references of a new entry into the index; false: there is no place, and neither is in it. */
static inline bool index_both(struct conn_table *table, uint32_t id, uint64_t hash_in,
			      uint64_t hash_out)
{
	if (!conn_index_insert(&table->index, hash_in, conn_ref(id, CONN_IN)))
		return false;
	if (likely(conn_index_insert(&table->index, hash_out, conn_ref(id, CONN_OUT))))
		return true;
	conn_index_remove(&table->index, hash_in, conn_ref(id, CONN_IN));
	return false;
}

static inline uint32_t entry_open(struct conn_table *table, uint32_t id, uint64_t hash_in,
				  uint64_t hash_out)
{
	if (likely(index_both(table, id, hash_in, hash_out)))
		return id;
	entry_give_back(class_of(table, id), id & CONN_INDEX_MASK);
	return CONN_NONE;
}

void conn_new4_prepare(const struct conn_table *table, struct conn_new4 *new)
{
	new->hash_in = tuple4_hash(&table->config.key, &new->in);
	new->hash_out = tuple4_hash(&table->config.key, &new->out);
}

/* For all that the entry of a class will touch that is made when `k` others have been. */
static __rte_always_inline void new_ask(const struct conn_class *class, uint64_t hash_in,
					uint64_t hash_out, uint32_t k)
{
	index_prefetch(&class->table->index, hash_in);
	index_prefetch(&class->table->index, hash_out);
	entry_prefetch(class, entry_next(class, k));
}

void conn_new4_ask(const struct conn_table *table, const struct conn_new4 *new, uint32_t k)
{
	new_ask(&table->classes[CONN_IP4], new->hash_in, new->hash_out, k);
}

uint32_t conn_create4(struct conn_table *table, const struct conn_new4 *new)
{
	struct conn_class *class = &table->classes[CONN_IP4];
	struct conn_line4 *line;
	uint32_t i;

	if (unlikely(table->count >= table->config.max ||
		     (new->hash_in == new->hash_out &&tuple4_equal(&new->in, &new->out)) ||
		     index_find(table, NULL, &new->out, new->hash_out)))
		return CONN_NONE;
	i = entry_take(class);
	class->colds[i].family = AF_INET;
	line = conn_line4(table, i);
	line->key[CONN_IN] = conn_key4_from(&new->in);
	line->key[CONN_OUT] = conn_key4_from(&new->out);
	line->conn = (struct conn){ .proto = (uint8_t) new->in.rest,
				    .zone = (uint16_t)(new->in.rest >> 16) };
	return entry_open(table, id_of(CONN_IP4, i), new->hash_in, new->hash_out);
}

void conn_new6_prepare(const struct conn_table *table, struct conn_new6 *new)
{
	new->hash_in = tuple_hash(&table->config.key, new->in);
	new->hash_out = tuple_hash(&table->config.key, new->out);
}

void conn_new6_ask(const struct conn_table *table, const struct conn_new6 *new, uint32_t k)
{
	new_ask(&table->classes[CONN_IP6], new->hash_in, new->hash_out, k);
}

uint32_t conn_create6(struct conn_table *table, const struct conn_new6 *new)
{
	struct conn_class *class = &table->classes[CONN_IP6];
	struct conn_line6 *line;
	uint32_t i;

	if (unlikely(table->count >= table->config.max ||
		     (new->hash_in == new->hash_out &&tuple_equal(new->in, new->out)) ||
		     find(table, new->out, new->hash_out)))
		return CONN_NONE;
	i = entry_take(class);
	class->colds[i].family = new->in->family;
	line = conn_line6(table, i);
	line->key[CONN_IN] = *new->in;
	line->key[CONN_OUT] = *new->out;
	line->conn = (struct conn){ .proto = new->in->proto, .zone = new->in->zone };
	return entry_open(table, id_of(CONN_IP6, i), new->hash_in, new->hash_out);
}

static uint32_t create6(struct conn_table *table, const struct tuple *in, const struct tuple *out)
{
	struct conn_new6 new = { .in = in, .out = out };

	conn_new6_prepare(table, &new);
	conn_new6_ask(table, &new, 0);
	return find(table, in, new.hash_in) ? CONN_NONE : conn_create6(table, &new);
}

uint32_t conn_create(struct conn_table *table, const struct tuple *in, const struct tuple *out)
{
	struct conn_new4 new;

	if (in->family != AF_INET || out->family != AF_INET)
		return create6(table, in, out);
	new.in = tuple4_from(in);
	new.out = tuple4_from(out);
	conn_new4_prepare(table, &new);
	conn_new4_ask(table, &new, 0);
	if (index_find(table, in, &new.in, new.hash_in))
		return CONN_NONE;
	return conn_create4(table, &new);
}

static uint32_t deltas4(struct conn_line4 *line)
{
	const struct conn_key4 *in = &line->key[CONN_IN], *out = &line->key[CONN_OUT];
	uint32_t delta = csum_delta32(in->src, out->dst) + csum_delta32(in->dst, out->src);

	line->conn.ip_delta = csum_fold(delta);
	return delta + csum_delta16(in->sport, out->dport) + csum_delta16(in->dport, out->sport);
}

static uint32_t deltas6(const struct conn_line6 *line)
{
	const struct tuple *in = &line->key[CONN_IN], *out = &line->key[CONN_OUT];

	return csum_delta128(&in->src, &out->dst) + csum_delta128(&in->dst, &out->src) +
	       csum_delta16(in->sport, out->dport) + csum_delta16(in->dport, out->sport);
}

void conn_take_deltas(struct conn_table *table, uint32_t id)
{
	struct conn *conn = conn_get(table, id);
	uint32_t delta = conn_class_of(id) == CONN_IP4 ? deltas4(conn_line4(table, id))
						       : deltas6(conn_line6(table, id));

	conn->l4_delta = csum_fold(delta);
	conn->flags |= CONN_NAT;
}

void conn_free(struct conn_table *table, uint32_t id)
{
	struct conn_class *class = class_of(table, id);
	uint32_t i = id & CONN_INDEX_MASK;
	struct tuple tuple;

	debug_assert(i < class->fresh && class->colds[i].family != 0);
	if (i >= class->fresh || class->colds[i].family == 0)
		return; /* once too often: the free list must stay whole */
	for (unsigned int dir = CONN_IN; dir <= CONN_OUT; dir++) {
		conn_tuple(table, id, dir, &tuple);
		conn_index_remove(&table->index, tuple_hash(&table->config.key, &tuple),
				  conn_ref(id, dir));
	}
	wheel_disarm(&class->wheel, i);
	entry_give_back(class, i);
}

struct conn *conn_get(const struct conn_table *table, uint32_t id)
{
	return conn_class_of(id) == CONN_IP4 ? &conn_line4(table, id)->conn
					     : &conn_line6(table, id)->conn;
}

struct conn_cold *conn_cold(const struct conn_table *table, uint32_t id)
{
	return &class_of(table, id)->colds[id & CONN_INDEX_MASK];
}

void conn_rearm(struct conn_table *table, uint32_t id)
{
	struct wheel *wheel = &class_of(table, id)->wheel;
	uint32_t deadline = conn_get(table, id)->deadline;
	struct conn_cold *cold = conn_cold(table, id);

	if (cold->armed && deadline >= cold->armed)
		return;
	wheel_disarm(wheel, id & CONN_INDEX_MASK);
	wheel_arm(wheel, id & CONN_INDEX_MASK, deadline);
	cold->armed = deadline;
}

void conn_set_timeout(struct conn_table *table, uint32_t id, uint32_t timeout_s, uint64_t now_ms)
{
	struct conn *conn = conn_get(table, id);
	uint32_t before = conn->deadline;

	conn->deadline = conn_deadline(timeout_s, now_ms);
	if (!before || conn->deadline < before)
		conn_rearm(table, id);
}

void conn_arm(struct conn_table *table, uint32_t id, uint32_t deadline)
{
	conn_get(table, id)->deadline = deadline;
	conn_cold(table, id)->armed = deadline;
	wheel_arm(&class_of(table, id)->wheel, id & CONN_INDEX_MASK, deadline);
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
	uint32_t id = entry_id(class, i);
	struct conn *conn = conn_get(table, id);

	if (conn->deadline > now) {
		class->colds[i].armed = conn->deadline;
		return conn->deadline;
	}
	class->colds[i].armed = 0;
	if (table->config.expire)
		table->config.expire(table->config.owner, id, conn);
	if (unlikely(conn->deadline > now)) {
		class->colds[i].armed = conn->deadline;
		return conn->deadline;
	}
	conn_free(table, id);
	return 0;
}

/* wheel_soon_fn: first for the entries themselves, then, of those that have to go, for the index.
 */
static void entries_soon(void *owner, const uint32_t *at, uint32_t n, uint64_t now)
{
	const struct conn_class *class = owner;
	const struct conn_table *table = class->table;

	for (uint32_t k = 0; k < n; k++)
		entry_prefetch(class, at[k]);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t id = entry_id(class, at[k]);

		if (conn_get(table, id)->deadline > now)
			continue;
		for (unsigned int dir = CONN_IN; dir <= CONN_OUT; dir++) {
			struct tuple tuple;

			conn_tuple(table, id, dir, &tuple);
			index_prefetch(&table->index, tuple_hash(&table->config.key, &tuple));
		}
	}
}

uint32_t conn_expire(struct conn_table *table, uint64_t now_ms, uint32_t budget)
{
	uint64_t now = now_ms / CONN_TICK_MS;
	uint32_t done = 0;

	if (now != table->now) {
		table->now = now;
		conn_index_shrink(&table->index, SHRINK_BUCKETS);
	}
	/* Neither class may eat the other's budget for good. */
	table->expire_first ^= 1;
	for (unsigned int turn = 0; turn < CONN_CLASSES; turn++) {
		struct conn_class *class = &table->classes[table->expire_first ^ turn];

		done += wheel_advance(&class->wheel, now, budget - done, entry_due, entries_soon,
				      class);
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
	uint32_t i = from & CONN_INDEX_MASK;

	for (unsigned int c = from >> CONN_CLASS_SHIFT; c < CONN_CLASSES; c++, i = 0) {
		const struct conn_class *class = &table->classes[c];

		for (i = RTE_MAX(i, CONN_FIRST); i < class->fresh; i++) {
			*id = id_of(c, i);
			if (scan-- == 0)
				return false;
			if (class->colds[i].family)
				return true;
		}
	}
	*id = CONN_NONE;
	return false;
}

size_t conn_memory(const struct conn_table *table)
{
	size_t bytes = sizeof(*table) + region_resident(&table->index.region);

	for (unsigned int c = 0; c < CONN_CLASSES; c++) {
		bytes += region_resident(&table->classes[c].lines_region);
		bytes += region_resident(&table->classes[c].colds_region);
		bytes += region_resident(&table->classes[c].links_region);
		bytes += region_resident(&table->classes[c].free_region);
	}
	return bytes;
}

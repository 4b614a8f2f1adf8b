/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/frag-table: see the header. Entries lie in one array, whose memory is
 * touched only as far as it was ever needed at once.
 */
#include "net/frag_table.h"

#include <stdlib.h>

#include "base/lines.h"
#include "net/net.h"

#define POOL_SHARE 8 /* one part of so many of the packet buffers may be held, by all workers */

struct frag_table *frag_table_create(const struct frag_config *config)
{
	struct frag_table *table = lines_alloc(sizeof(*table));

	if (!table)
		return NULL;
	table->config = *config;
	if (table->config.buckets == 0)
		table->config.buckets = 1;
	table->buckets = lines_alloc(table->config.buckets * sizeof(*table->buckets));
	table->entries = lines_alloc(RTE_MAX(config->max_entries, 1u) * sizeof(*table->entries));
	if (!table->buckets || !table->entries) {
		frag_table_destroy(table);
		return NULL;
	}
	for (uint32_t i = 0; i < table->config.buckets; i++)
		list_init(&table->buckets[i]);
	list_init(&table->free);
	for (unsigned int i = 0; i < FRAG__QUEUES; i++)
		list_init(&table->queues[i]);
	return table;
}

void frag_table_destroy(struct frag_table *table)
{
	if (!table)
		return;
	free(table->buckets);
	free(table->entries);
	free(table);
}

struct frag_key frag_key(const struct pkt_meta *meta)
{
	const struct tuple *tuple = &meta->tuple;

	return (struct frag_key){
		.src = tuple->src,
		.dst = tuple->dst,
		.id = meta->fragment_id,
		.family = tuple->family,
		.proto = tuple->family == AF_INET ? tuple->proto : 0,
	};
}

static uint64_t frag_hash(const struct worker *w, const struct frag_key *key)
{
	uint64_t hash = hash_words(&w->flow_key, key->src.u64[0], key->src.u64[1]);

	return hash_more(&w->flow_key,
			 hash_more(&w->flow_key, hash, key->dst.u64[0], key->dst.u64[1]), key->id,
			 (uint64_t)key->family << 8 | key->proto);
}

unsigned int frag_owner(const struct worker *w, const struct frag_key *key)
{
	return 1 + (unsigned int)(((frag_hash(w, key) >> 32) * w->n_workers) >> 32);
}

/* By other bits than the owner, or a worker would use a part of its buckets only. */
static struct list *frag_bucket(const struct worker *w, const struct frag_table *table,
				const struct frag_key *key)
{
	return &table->buckets[(uint32_t)frag_hash(w, key) % table->config.buckets];
}

static bool frag_key_equal(const struct frag_key *a, const struct frag_key *b)
{
	return a->id == b->id && a->proto == b->proto && a->family == b->family &&
	       ip_equal(&a->src, &b->src) && ip_equal(&a->dst, &b->dst);
}

struct frag_entry *frag_find(const struct worker *w, const struct frag_table *table,
			     const struct frag_key *key)
{
	list_for_each (it, frag_bucket(w, table, key)) {
		struct frag_entry *entry = container_of(it, struct frag_entry, bucket);

		if (frag_key_equal(&entry->key, key))
			return entry;
	}
	return NULL;
}

static struct frag_entry *frag_take_free(struct frag_table *table)
{
	struct list *node = table->free.next;

	if (node != &table->free) {
		list_del(node);
		return container_of(node, struct frag_entry, bucket);
	}
	return table->used < table->config.max_entries ? &table->entries[table->used++] : NULL;
}

static bool bucket_full(const struct frag_table *table, const struct list *bucket)
{
	uint32_t n = 0;

	list_for_each (it, bucket)
		n++;
	return n >= table->config.bucket_entries;
}

struct frag_entry *frag_get(struct worker *w, struct frag_table *table, const struct frag_key *key)
{
	struct list *bucket = frag_bucket(w, table, key);
	struct frag_entry *entry = frag_find(w, table, key);

	if (entry)
		return entry;
	entry = bucket_full(table, bucket) ? NULL : frag_take_free(table);
	if (!entry)
		return NULL;
	*entry = (struct frag_entry){ .key = *key, .since_ms = w->now_ms };
	list_add_tail(bucket, &entry->bucket);
	list_add_tail(&table->queues[FRAG_WAITING], &entry->age);
	table->n++;
	return entry;
}

void frag_remove(struct frag_table *table, struct frag_entry *entry)
{
	list_del(&entry->bucket);
	list_del(&entry->age);
	list_add_head(&table->free, &entry->bucket);
	table->n--;
}

void frag_move(struct worker *w, struct frag_table *table, struct frag_entry *entry,
	       enum frag_queue queue)
{
	if (entry->queue == queue)
		return;
	list_del(&entry->age);
	list_add_tail(&table->queues[queue], &entry->age);
	entry->queue = (uint8_t)queue;
	entry->since_ms = w->now_ms;
}

struct frag_entry *frag_oldest(struct frag_table *table, enum frag_queue queue,
			       const struct frag_entry *but)
{
	list_for_each (it, &table->queues[queue]) {
		struct frag_entry *entry = container_of(it, struct frag_entry, age);

		if (likely(entry != but))
			return entry;
	}
	return NULL;
}

/* Of the oldest of all queues; NULL: there are none. */
static struct frag_entry *frag_oldest_of_all(struct frag_table *table)
{
	struct frag_entry *oldest = NULL;

	for (unsigned int i = 0; i < FRAG__QUEUES; i++) {
		struct frag_entry *entry = frag_oldest(table, (enum frag_queue)i, NULL);

		if (entry && (!oldest || entry->since_ms <= oldest->since_ms))
			oldest = entry;
	}
	return oldest;
}

struct frag_entry *frag_in_place_of(const struct worker *w, struct frag_table *table,
				    const struct frag_key *key)
{
	struct list *bucket = frag_bucket(w, table, key);

	if (unlikely(bucket_full(table, bucket)))
		return container_of(bucket->next, struct frag_entry, bucket);
	return frag_oldest_of_all(table);
}

struct frag_entry *frag_due(const struct worker *w, struct frag_table *table, bool all)
{
	struct frag_entry *entry;

	if (likely(table->n == 0))
		return NULL;
	entry = frag_oldest_of_all(table);
	if (!all && w->now_ms - entry->since_ms < table->config.timeout_s * UINT64_C(1000))
		return NULL;
	return entry;
}

bool frag_room(const struct worker *w)
{
	return w->net->frags_held <
	       RTE_MAX(w->pool->size / POOL_SHARE / w->n_workers, (uint32_t)FRAGMENTS_MAX);
}

struct rte_mbuf *frag_place(const struct frag_entry *entry, struct rte_mbuf *m)
{
	struct rte_mbuf *before = NULL;

	for (struct rte_mbuf *it = entry->first; it; it = pkt_meta(it)->next_fragment) {
		if (pkt_meta(it)->fragment_offset > pkt_meta(m)->fragment_offset)
			break;
		before = it;
	}
	return before;
}

void frag_hold(struct worker *w, struct frag_entry *entry, struct rte_mbuf *before,
	       struct rte_mbuf *m)
{
	struct rte_mbuf **link = before ? &pkt_meta(before)->next_fragment : &entry->first;

	pkt_meta(m)->next_fragment = *link;
	*link = m;
	entry->count++;
	w->held++;
	w->net->frags_held++;
}

struct rte_mbuf *frag_let_go(struct worker *w, struct frag_entry *entry)
{
	struct rte_mbuf *m = entry->first;

	if (!m)
		return NULL;
	entry->first = pkt_meta(m)->next_fragment;
	entry->count--;
	w->held--;
	w->net->frags_held--;
	return m;
}

void frag_drop_held(struct worker *w, struct frag_entry *entry, enum drop_reason reason)
{
	struct rte_mbuf *m;

	while ((m = frag_let_go(w, entry)) != NULL)
		drop(w, m, reason);
}

void frag_refuse(struct worker *w, struct frag_entry *entry, struct rte_mbuf *m,
		 enum drop_reason reason)
{
	entry->refused = true;
	frag_drop_held(w, entry, reason);
	drop(w, m, reason);
}

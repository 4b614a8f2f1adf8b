/* SPDX-License-Identifier: BSD-3-Clause */
/* net/neigh-table: where neighbours lie: a hash, keyed, as anybody on the link can make entries. */
#include <stdlib.h>

#include "base/lines.h"
#include "net/neigh_int.h"

#define NEIGH_BUCKETS_MIN 64
#define NEIGH_BUCKETS_MAX 8192

struct neigh_table *neigh_table_create(uint32_t neigh_max)
{
	struct neigh_table *table = lines_alloc(sizeof(*table));
	uint32_t buckets = NEIGH_BUCKETS_MIN;

	if (!table)
		return NULL;
	while (buckets < neigh_max && buckets < NEIGH_BUCKETS_MAX)
		buckets *= 2;
	table->mask = buckets - 1;
	table->buckets = lines_alloc(buckets * sizeof(*table->buckets));
	if (!table->buckets || neigh_waits_init(&table->waits, neigh_max) < 0) {
		free(table->buckets);
		free(table);
		return NULL;
	}
	for (uint32_t i = 0; i < buckets; i++)
		list_init(&table->buckets[i]);
	for (unsigned int i = 0; i < NEIGH_STATES; i++)
		list_init(&table->master.states[i]);
	return table;
}

void neigh_table_free(struct neigh_table *table)
{
	if (!table)
		return;
	neigh_waits_free(&table->waits);
	order_for_each_safe (it, &table->order) {
		struct neigh *neigh = container_of(it, struct neigh, order);

		order_del(&table->order, it);
		free(neigh->watch);
		free(neigh);
	}
	free(table->buckets);
	free(table);
}

struct list *neigh_bucket(const struct worker *w, const union ip_addr *ip, uint16_t port)
{
	uint64_t hash = hash_words(&w->flow_key, ip->u64[0], ip->u64[1] ^ port);

	return &w->net->neighs->buckets[hash & w->net->neighs->mask];
}

struct neigh *neigh_find(const struct worker *w, unsigned int family, const union ip_addr *ip,
			 uint16_t port)
{
	list_for_each (it, neigh_bucket(w, ip, port)) {
		struct neigh *neigh = container_of(it, struct neigh, node);

		if (ip_equal(&neigh->ip, ip) && neigh->port == port && neigh->family == family)
			return neigh;
	}
	return NULL;
}

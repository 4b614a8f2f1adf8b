/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/id_hash: chains of numbers. The master finds a server or local address
 * in it by service, address and port, whether it is in use or removed, so that
 * a batch of thousands into one service costs the same for each.
 */
#include "ipvs/id_hash.h"

int id_hash_create(struct id_hash *ids, uint32_t n_buckets, uint32_t max)
{
	int r = region_create(&ids->regions[0], n_buckets * sizeof(*ids->buckets), -1);

	if (r == 0)
		r = region_create(&ids->regions[1], max * sizeof(*ids->next), -1);
	if (r < 0) {
		id_hash_destroy(ids);
		return r;
	}
	ids->buckets = ids->regions[0].base;
	ids->next = ids->regions[1].base;
	ids->mask = n_buckets - 1;
	return 0;
}

void id_hash_destroy(struct id_hash *ids)
{
	for (unsigned int i = 0; i < sizeof(ids->regions) / sizeof(ids->regions[0]); i++)
		if (ids->regions[i].base)
			region_destroy(&ids->regions[i]);
}

void id_hash_add(struct id_hash *ids, uint64_t hash, uint32_t id)
{
	uint32_t *bucket = &ids->buckets[hash & ids->mask];

	ids->next[id] = *bucket;
	*bucket = id + 1;
}

void id_hash_del(struct id_hash *ids, uint64_t hash, uint32_t id)
{
	uint32_t *link = &ids->buckets[hash & ids->mask];

	while (*link != id + 1)
		link = &ids->next[*link - 1];
	*link = ids->next[id];
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/id_hash: the ids of a table by the hash of what they stand for. It
 * holds nothing else: whoever looks something up goes through the ids of its
 * hash's bucket and compares for himself. Adding cannot fail: the memory is
 * address space, backed when it is touched.
 */
#ifndef IPVS_ID_HASH_H
#define IPVS_ID_HASH_H

#include <stdint.h>

#include "base/region.h"

struct id_hash {
	uint32_t *buckets; /* id + 1 of the first, 0: none */
	uint32_t *next;    /* [id]: likewise the one behind it */
	uint32_t mask;
	struct region regions[2];
};

/* n_buckets: a power of two; ids are below max. 0 or -errno. */
int id_hash_create(struct id_hash *ids, uint32_t n_buckets, uint32_t max);
void id_hash_destroy(struct id_hash *ids);

/* The ids in the bucket of this hash, as `for (link = first; link; link = next) { id = link - 1 }`.
 */
static inline uint32_t id_hash_first(const struct id_hash *ids, uint64_t hash)
{
	return ids->buckets[hash & ids->mask];
}

static inline uint32_t id_hash_next(const struct id_hash *ids, uint32_t link)
{
	return ids->next[link - 1];
}

void id_hash_add(struct id_hash *ids, uint64_t hash, uint32_t id);
/* It was added with this hash. */
void id_hash_del(struct id_hash *ids, uint64_t hash, uint32_t id);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/chains: a hash whose buckets grow and shrink with what it holds, one
 * bucket at a time, so that no single change is long. It takes memory only as
 * a segment of buckets that the caller brings along, and hands back what it
 * does not need; so adding cannot fail. Members embed a struct chain; equal
 * hashes stand in the order in which they were added. Where many members have
 * the same key, they make a group: one of them stands in the chain for all.
 */
#ifndef BASE_CHAINS_H
#define BASE_CHAINS_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

#define CHAINS_FIRST    64 /* buckets that are always there */
#define CHAINS_SEGMENTS 22 /* each as large as all before it */

struct chain {
	struct chain *next, **link; /* link: what points to this one; NULL: in no chain */
	uint64_t hash;
};

struct chains {
	uint32_t count;     /* members */
	uint32_t n_buckets; /* in use */
	uint32_t mask;      /* the next power of two, less one */
	struct chain **segments[CHAINS_SEGMENTS];
	struct chain *first[CHAINS_FIRST];
};

void chains_init(struct chains *chains);
/* Frees the segments, not the members. */
void chains_free(struct chains *chains);

/* Bytes of zeroed memory (calloc) that chains_add() can make use of now; 0: none. */
size_t chains_need(const struct chains *chains);

/*
 * segment: memory of the size that chains_need() said before this change, NULL: none; without it
 * the chains only get longer. add returns it if it is not needed after all, del what is not needed
 * any more; NULL: nothing. The caller frees it.
 */
void *chains_add(struct chains *chains, struct chain *node, uint64_t hash, void *segment);
void *chains_del(struct chains *chains, struct chain *node);

/* node takes the place of another, which is in no chain then. */
void chain_replace(struct chain *was, struct chain *node);

static inline struct chain *const *chains_bucket(const struct chains *chains, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & chains->mask;
	int top;

	if (i >= chains->n_buckets)
		i &= chains->mask >> 1;
	if (i < CHAINS_FIRST)
		return &chains->first[i];
	top = 31 - __builtin_clz(i);
	return &chains->segments[top - __builtin_ctz(CHAINS_FIRST)][i ^ 1u << top];
}

/* What a search for this hash will wait for: first its bucket, then (deep) the first member.
 * Inlined in any case: gcc leaves a call out whose function does nothing but ask for memory. */
__attribute__((always_inline)) static inline void chains_prefetch(const struct chains *chains,
								  uint64_t hash, bool deep)
{
	struct chain *const *bucket = chains_bucket(chains, hash);

	__builtin_prefetch(deep ? (const void *)*bucket : bucket);
}

/* All whose hash may be this one, and others. */
#define chains_for_each(it, chains, hash) \
	for (struct chain *it = *chains_bucket(chains, hash); it; it = it->next)

struct group {
	struct chain chain;
	struct list peers; /* all of the group, a ring; whoever stands in the chain is its first */
};

/* The first of a new group; as chains_add(). */
void *group_found(struct chains *chains, struct group *node, uint64_t hash, void *segment);
/* Behind `at`, which is a member. */
void group_join(struct group *at, struct group *node);
/* As chains_del(). */
void *group_leave(struct chains *chains, struct group *node);

#endif

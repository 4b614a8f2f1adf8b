/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/chains: linear hashing. There are between 2^k and 2^(k+1) buckets; the
 * next one to come takes over half of the members of the bucket 2^k before it,
 * the last one goes by giving its members back. So a table of a million
 * members was never rehashed, and its buckets never moved.
 */
#include "base/chains.h"

#include <stdlib.h>
#include <string.h>

#define STEPS 2 /* buckets that one change makes or gives up, at most */
#define AHEAD 2 /* changes, between asking memory for a bucket's members and using them */

void chains_init(struct chains *chains)
{
	memset(chains, 0, sizeof(*chains));
	chains->n_buckets = CHAINS_FIRST;
	chains->mask = CHAINS_FIRST - 1;
}

void chains_free(struct chains *chains)
{
	for (unsigned int i = 0; i < CHAINS_SEGMENTS; i++)
		free(chains->segments[i]);
}

/* Where the segment that begins with the bucket to come stands; NULL: the bucket is inside one. */
static struct chain ***segment_of(struct chains *chains, uint32_t bucket)
{
	if (bucket & (bucket - 1))
		return NULL;
	return &chains->segments[__builtin_ctz(bucket) - __builtin_ctz(CHAINS_FIRST)];
}

static bool chains_is_last(const struct chains *chains)
{
	return chains->n_buckets == (uint32_t)CHAINS_FIRST << CHAINS_SEGMENTS;
}

size_t chains_need(const struct chains *chains)
{
	uint32_t n = chains->n_buckets;

	if (chains->count < n || (n & (n - 1)) || chains_is_last(chains))
		return 0;
	return n * sizeof(struct chain *);
}

static struct chain **bucket_of(struct chains *chains, uint64_t hash)
{
	return (struct chain **)(uintptr_t)chains_bucket(chains, hash);
}

static void chain_link(struct chain **at, struct chain *node)
{
	while (*at)
		at = &(*at)->next;
	node->next = NULL;
	node->link = at;
	*at = node;
}

static void chain_unlink(struct chain *node)
{
	*node->link = node->next;
	if (node->next)
		node->next->link = node->link;
	node->next = NULL;
	node->link = NULL;
}

/* Those of a bucket that belong elsewhere now, in their order. */
static void chains_move(struct chains *chains, struct chain **from)
{
	struct chain *next;

	for (struct chain *it = *from; it; it = next) {
		struct chain **to = bucket_of(chains, it->hash);

		next = it->next;
		if (to == from)
			continue;
		chain_unlink(it);
		chain_link(to, it);
	}
}

static struct chain *chains_first_at(const struct chains *chains, uint32_t i)
{
	return i < chains->n_buckets ? *chains_bucket(chains, i) : NULL;
}

/* Two members of a bucket, divided or joined soon, are on their way: the second is known when the
 * first is there. */
static void chains_look_ahead(const struct chains *chains, uint32_t soon, uint32_t next)
{
	struct chain *first = chains_first_at(chains, next);

	__builtin_prefetch(chains_first_at(chains, soon));
	if (first)
		__builtin_prefetch(first->next);
}

/* One more bucket; false: there is no memory for it. */
static bool chains_grow(struct chains *chains, void **segment)
{
	uint32_t n = chains->n_buckets;
	struct chain ***at = chains_is_last(chains) ? NULL : segment_of(chains, n);
	struct chain **from;

	if (chains_is_last(chains) || (at && !*segment))
		return false;
	if (at) {
		*at = *segment;
		*segment = NULL;
		chains->mask = 2 * n - 1;
	}
	from = bucket_of(chains, n);
	chains->n_buckets++;
	chains_move(chains, from);
	n &= chains->mask >> 1;
	chains_look_ahead(chains, n + 2 * AHEAD, n + AHEAD);
	return true;
}

/* One less; returns the segment that it was the first of. */
static void *chains_shrink(struct chains *chains)
{
	uint32_t n = chains->n_buckets - 1;
	struct chain **from = bucket_of(chains, n);
	struct chain ***at = segment_of(chains, n);
	void *segment;

	chains->n_buckets = n;
	chains_move(chains, from);
	chains_look_ahead(chains, n - 2 * AHEAD, n - AHEAD);
	n &= chains->mask >> 1;
	chains_look_ahead(chains, n - 2 * AHEAD, n - AHEAD);
	if (!at)
		return NULL;
	chains->mask >>= 1;
	segment = *at;
	*at = NULL;
	return segment;
}

void *chains_add(struct chains *chains, struct chain *node, uint64_t hash, void *segment)
{
	node->hash = hash;
	chain_link(bucket_of(chains, hash), node);
	chains->count++;
	for (unsigned int i = 0; i < STEPS && chains->count > chains->n_buckets; i++)
		if (!chains_grow(chains, &segment))
			break;
	return segment;
}

void *chains_del(struct chains *chains, struct chain *node)
{
	void *segment = NULL;

	chain_unlink(node);
	chains->count--;
	/* a segment is given back once: the next boundary is far away */
	for (unsigned int i = 0; i < STEPS && !segment; i++)
		if (chains->n_buckets > CHAINS_FIRST && chains->count < chains->n_buckets / 2)
			segment = chains_shrink(chains);
	return segment;
}

void chain_replace(struct chain *was, struct chain *node)
{
	*node = *was;
	*node->link = node;
	if (node->next)
		node->next->link = &node->next;
	was->next = NULL;
	was->link = NULL;
}

void *group_found(struct chains *chains, struct group *node, uint64_t hash, void *segment)
{
	list_init(&node->peers);
	return chains_add(chains, &node->chain, hash, segment);
}

void group_join(struct group *at, struct group *node)
{
	node->chain.next = NULL;
	node->chain.link = NULL;
	list_insert_after(&at->peers, &node->peers);
}

void *group_leave(struct chains *chains, struct group *node)
{
	struct group *next = container_of(node->peers.next, struct group, peers);

	if (next != node && node->chain.link)
		chain_replace(&node->chain, &next->chain);
	list_del(&node->peers);
	return node->chain.link ? chains_del(chains, &node->chain) : NULL;
}

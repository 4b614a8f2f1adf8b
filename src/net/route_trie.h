/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-trie: prefixes in nodes of six bits each. A node has a bit for each
 * prefix that ends in it (lengths 0 to 5 from where it begins) and one for each
 * node below it; what the bits stand for lies packed, found by counting bits.
 * A prefix stands in one place only, so adding and deleting touch one node
 * and those that lead to it, however many prefixes there are inside it.
 */
#ifndef NET_ROUTE_TRIE_H
#define NET_ROUTE_TRIE_H

#include "base/units.h"

#define TRIE_BITS   6
#define TRIE_INLINE 3

/* Value V of length L has bit (1 << L) - 1 + V of `ends`; a node below, bit V of `below`. */
struct trie_node {
	uint64_t ends;
	uint64_t below;
	uint32_t nodes; /* block of the nodes below, in the order of their bits */
	/* of the prefixes that end here, in the order of their bits: up to three, or their block */
	uint32_t values[TRIE_INLINE];
};
_Static_assert(sizeof(struct trie_node) == UNIT_BYTES, "a node is a unit");

/* A prefix below a node: bits from the most significant on, and how many count. */
struct trie_key {
	uint64_t high, low;
	unsigned int len;
};

extern const uint64_t trie_masks[1 << TRIE_BITS];

/* Units that trie_set() may need at most: a path of new nodes, each beside a full array. */
#define TRIE_ROOM 4096u

/* The prefix gets this value, which is not 0. Needs TRIE_ROOM. */
void trie_set(struct units *units, struct trie_node *root, struct trie_key key, uint32_t value);

/* Takes the prefix, if it is there, and nodes that are empty then, but not the root. */
void trie_del(struct units *units, struct trie_node *root, struct trie_key key);

static inline bool trie_is_empty(const struct trie_node *node)
{
	return !node->ends && !node->below;
}

static inline uint64_t trie_below(unsigned int bit)
{
	return (UINT64_C(1) << bit) - 1;
}

/* The value of a bit of `ends` that is set. */
static inline uint32_t trie_value(const struct units *units, const struct trie_node *node,
				  unsigned int bit)
{
	unsigned int at = (unsigned int)__builtin_popcountll(node->ends & trie_below(bit));

	if ((unsigned int)__builtin_popcountll(node->ends) <= TRIE_INLINE)
		return node->values[at];
	return ((const uint32_t *)units_at(units, node->values[0]))[at];
}

/* The node below for the next six bits of a key; 0: there is none. */
static inline uint32_t trie_step(const struct trie_node *node, unsigned int chunk)
{
	if (!(node->below >> chunk & 1))
		return 0;
	return node->nodes + (uint32_t)__builtin_popcountll(node->below & trie_below(chunk));
}

/* A lookup under way: the longest match so far, and where it goes on. */
struct trie_walk {
	uint64_t high, low; /* bits still to come */
	const struct trie_node *best;
	uint32_t node; /* 0: at the end */
	uint32_t bit;  /* of best */
};

static inline void trie_walk_step(const struct units *units, struct trie_walk *walk)
{
	const struct trie_node *node = units_at(units, walk->node);
	unsigned int chunk = (unsigned int)(walk->high >> (64 - TRIE_BITS));
	uint64_t match = node->ends & trie_masks[chunk];

	if (match) {
		walk->best = node;
		walk->bit = 63 - (uint32_t)__builtin_clzll(match);
	}
	walk->node = trie_step(node, chunk);
	walk->high = walk->high << TRIE_BITS | walk->low >> (64 - TRIE_BITS);
	walk->low <<= TRIE_BITS;
}

#endif

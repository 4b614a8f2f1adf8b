/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-trie: changes. Arrays have room for the next power of two, and move
 * when they pass one; a node's place changes with the array that it lies in,
 * so whoever holds a pointer to a node goes downwards and never back up, but
 * along the path that it came.
 */
#include "net/route_trie.h"

#include <string.h>

#define DEPTH_MAX 22 /* nodes on a way of 128 bits */

#define M(chunk, len) (UINT64_C(1) << ((1 << (len)) - 1 + ((chunk) >> (TRIE_BITS - (len)))))
#define ROW1(chunk) \
	(M(chunk, 0) | M(chunk, 1) | M(chunk, 2) | M(chunk, 3) | M(chunk, 4) | M(chunk, 5))
#define ROW4(chunk)  ROW1(chunk), ROW1((chunk) + 1), ROW1((chunk) + 2), ROW1((chunk) + 3)
#define ROW16(chunk) ROW4(chunk), ROW4((chunk) + 4), ROW4((chunk) + 8), ROW4((chunk) + 12)

/* The bits of all prefixes that a chunk of six bits is in. */
const uint64_t trie_masks[1 << TRIE_BITS] = { ROW16(0), ROW16(16), ROW16(32), ROW16(48) };

static unsigned int chunk_of(const struct trie_key *key)
{
	return (unsigned int)(key->high >> (64 - TRIE_BITS));
}

static void key_advance(struct trie_key *key)
{
	key->high = key->high << TRIE_BITS | key->low >> (64 - TRIE_BITS);
	key->low <<= TRIE_BITS;
	key->len -= TRIE_BITS;
}

/* The bit of `ends` of a prefix that ends here. */
static unsigned int end_of(const struct trie_key *key)
{
	return (1u << key->len) - 1 + (chunk_of(key) >> (TRIE_BITS - key->len));
}

static unsigned int count(uint64_t bits)
{
	return (unsigned int)__builtin_popcountll(bits);
}

/* ---- the nodes below ---- */

static struct trie_node *node_at(const struct units *units, const struct trie_node *node,
				 unsigned int at)
{
	return units_at(units, node->nodes + at);
}

/* Room for one more than n nodes. */
static void nodes_grow(struct units *units, struct trie_node *node, unsigned int n)
{
	uint32_t block;

	if (n && units_class(n) == units_class(n + 1))
		return;
	block = units_alloc(units, units_class(n + 1));
	if (n) {
		memcpy(units_at(units, block), units_at(units, node->nodes), n * sizeof(*node));
		units_free(units, node->nodes, units_class(n));
	}
	node->nodes = block;
}

/* Room for one less than n. */
static void nodes_shrink(struct units *units, struct trie_node *node, unsigned int n)
{
	unsigned int class = units_class(n);

	if (n == 1)
		units_free(units, node->nodes, class);
	else if (units_class(n - 1) != class)
		units_halve(units, node->nodes, class);
}

static struct trie_node *node_insert(struct units *units, struct trie_node *node,
				     unsigned int chunk)
{
	unsigned int n = count(node->below), at = count(node->below & trie_below(chunk));
	struct trie_node *fresh;

	nodes_grow(units, node, n);
	fresh = node_at(units, node, at);
	memmove(fresh + 1, fresh, (n - at) * sizeof(*node));
	memset(fresh, 0, sizeof(*fresh));
	node->below |= UINT64_C(1) << chunk;
	return fresh;
}

static void node_remove(struct units *units, struct trie_node *node, unsigned int chunk)
{
	unsigned int n = count(node->below), at = count(node->below & trie_below(chunk));
	struct trie_node *gone = node_at(units, node, at);

	memmove(gone, gone + 1, (n - at - 1) * sizeof(*node));
	node->below &= ~(UINT64_C(1) << chunk);
	nodes_shrink(units, node, n);
}

/* ---- the values ---- */

#define PER_UNIT (UNIT_BYTES / sizeof(uint32_t))

static unsigned int values_class(unsigned int n)
{
	return units_class((n + PER_UNIT - 1) / PER_UNIT);
}

static uint32_t *values_of(const struct units *units, struct trie_node *node, unsigned int n)
{
	return n <= TRIE_INLINE ? node->values : units_at(units, node->values[0]);
}

/* Room for one more than n values. */
static uint32_t *values_grow(struct units *units, struct trie_node *node, unsigned int n)
{
	uint32_t block;

	if (n + 1 <= TRIE_INLINE)
		return node->values;
	if (n > TRIE_INLINE && values_class(n) == values_class(n + 1))
		return values_of(units, node, n);
	block = units_alloc(units, values_class(n + 1));
	memcpy(units_at(units, block), values_of(units, node, n), n * sizeof(node->values[0]));
	if (n > TRIE_INLINE)
		units_free(units, node->values[0], values_class(n));
	node->values[0] = block;
	return units_at(units, block);
}

/* Room for one less than n; the first n - 1 stay. */
static void values_shrink(struct units *units, struct trie_node *node, unsigned int n)
{
	uint32_t block = node->values[0];

	if (n <= TRIE_INLINE)
		return;
	if (n - 1 <= TRIE_INLINE) {
		memcpy(node->values, units_at(units, block), sizeof(node->values));
		units_free(units, block, values_class(n));
	} else if (values_class(n) != values_class(n - 1)) {
		units_halve(units, block, values_class(n));
	}
}

static void value_set(struct units *units, struct trie_node *node, unsigned int bit, uint32_t value)
{
	unsigned int n = count(node->ends), at = count(node->ends & trie_below(bit));
	uint32_t *values;

	if (node->ends >> bit & 1) {
		values_of(units, node, n)[at] = value;
		return;
	}
	values = values_grow(units, node, n);
	memmove(&values[at + 1], &values[at], (n - at) * sizeof(*values));
	values[at] = value;
	node->ends |= UINT64_C(1) << bit;
}

static void value_del(struct units *units, struct trie_node *node, unsigned int bit)
{
	unsigned int n = count(node->ends), at = count(node->ends & trie_below(bit));
	uint32_t *values;

	if (!(node->ends >> bit & 1))
		return;
	values = values_of(units, node, n);
	memmove(&values[at], &values[at + 1], (n - at - 1) * sizeof(*values));
	values_shrink(units, node, n);
	node->ends &= ~(UINT64_C(1) << bit);
}

/* ---- prefixes ---- */

void trie_set(struct units *units, struct trie_node *root, struct trie_key key, uint32_t value)
{
	struct trie_node *node = root;

	while (key.len >= TRIE_BITS) {
		unsigned int chunk = chunk_of(&key);
		uint32_t below = trie_step(node, chunk);

		node = below ? units_at(units, below) : node_insert(units, node, chunk);
		key_advance(&key);
	}
	value_set(units, node, end_of(&key), value);
}

void trie_del(struct units *units, struct trie_node *root, struct trie_key key)
{
	struct trie_node *path[DEPTH_MAX], *node = root;
	unsigned int chunks[DEPTH_MAX], depth = 0;

	while (key.len >= TRIE_BITS) {
		unsigned int chunk = chunk_of(&key);
		uint32_t below = trie_step(node, chunk);

		if (!below)
			return;
		path[depth] = node;
		chunks[depth++] = chunk;
		node = units_at(units, below);
		key_advance(&key);
	}
	value_del(units, node, end_of(&key));
	while (depth > 0 && trie_is_empty(node)) {
		node = path[--depth];
		node_remove(units, node, chunks[depth]);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/order: a treap. By their keys the nodes are a search tree, by a number
 * computed from the key, as good as random, they are a heap; so the tree's
 * form depends on what is in it and on nothing else, and is nearly balanced.
 * Changes turn a node up or down one step at a time.
 */
#include "base/order.h"

#include <stddef.h>

static bool order_below(const struct order_node *node, uint64_t major, uint64_t minor)
{
	return node->major < major || (node->major == major && node->minor < minor);
}

static uint64_t order_rank(const struct order_node *node)
{
	uint64_t x = node->minor ^ node->major * UINT64_C(0xd6e8feb86659fd93);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* Where the pointer to this node stands. */
static struct order_node **order_link(struct order *order, const struct order_node *node)
{
	return node->parent ? &node->parent->child[node->parent->child[1] == node] : &order->root;
}

/* The node changes places with its parent. */
static void order_turn_up(struct order *order, struct order_node *node)
{
	struct order_node *parent = node->parent;
	unsigned int side = parent->child[1] == node;
	struct order_node *between = node->child[!side];

	*order_link(order, parent) = node;
	node->parent = parent->parent;
	node->child[!side] = parent;
	parent->parent = node;
	parent->child[side] = between;
	if (between)
		between->parent = parent;
}

void order_add(struct order *order, struct order_node *node)
{
	struct order_node **at = &order->root;

	node->parent = node->child[0] = node->child[1] = NULL;
	while (*at) {
		node->parent = *at;
		at = &(*at)->child[order_below(*at, node->major, node->minor)];
	}
	*at = node;
	while (node->parent && order_rank(node) > order_rank(node->parent))
		order_turn_up(order, node);
}

void order_del(struct order *order, struct order_node *node)
{
	struct order_node *rest;

	while (node->child[0] && node->child[1])
		order_turn_up(order,
			      node->child[order_rank(node->child[1]) > order_rank(node->child[0])]);
	rest = node->child[node->child[0] == NULL];
	*order_link(order, node) = rest;
	if (rest)
		rest->parent = node->parent;
}

static struct order_node *order_leftmost(struct order_node *node)
{
	while (node && node->child[0])
		node = node->child[0];
	return node;
}

struct order_node *order_first(const struct order *order)
{
	return order_leftmost(order->root);
}

struct order_node *order_next(const struct order_node *node)
{
	if (node->child[1])
		return order_leftmost(node->child[1]);
	while (node->parent && node->parent->child[1] == node)
		node = node->parent;
	return node->parent;
}

struct order_node *order_from(const struct order *order, uint64_t major, uint64_t minor)
{
	struct order_node *node = order->root, *best = NULL;

	while (node) {
		bool below = order_below(node, major, minor);

		if (!below)
			best = node;
		node = node->child[below];
	}
	return best;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/order: members in the order of a key of two words, found, added and
 * taken out in a logarithm of steps. For listings: whoever remembers a key can
 * go on there, however much has changed meanwhile. Members embed a struct
 * order_node; keys are unique.
 */
#ifndef BASE_ORDER_H
#define BASE_ORDER_H

#include <stdint.h>

#include "base/list.h"

struct order_node {
	struct order_node *parent, *child[2]; /* child[0]: what is before it */
	uint64_t major, minor;
};

struct order {
	struct order_node *root; /* NULL: empty; a zeroed order is one */
};

/* The node's key is set. */
void order_add(struct order *order, struct order_node *node);
void order_del(struct order *order, struct order_node *node);

struct order_node *order_first(const struct order *order);
struct order_node *order_next(const struct order_node *node);
/* The first whose key is not below this one. */
struct order_node *order_from(const struct order *order, uint64_t major, uint64_t minor);

/* May take out `it` on the way. */
#define order_for_each_safe(it, order)                               \
	for (struct order_node *it = order_first(order), *it##_next; \
	     it && (it##_next = order_next(it), true); it = it##_next)

#endif

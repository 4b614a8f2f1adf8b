/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/change: several ops that belong together, such as an address and its
 * routes. First all of them are made, with their memory; then all are
 * published, or none.
 */
#ifndef NET_CHANGE_H
#define NET_CHANGE_H

#include "worker/op.h"

struct change {
	struct worker *const *all;
	struct op_set *sets;
	unsigned int n, room;
};

void change_init(struct change *change, struct worker *const *all);

/*
 * One more op; node_size bytes of zeroed memory come with each copy of it in args[0], unless that
 * is 0. -ENOMEM: the change is as it was before.
 */
int change_add(struct change *change, op_apply_fn *apply, const void *data, size_t size,
	       size_t node_size);

/* The last op's args[slot] of each copy := zeroed memory of that size, unless it is 0. -ENOMEM: the
 * op is gone, what was added before is there. */
int change_bring(struct change *change, unsigned int slot, size_t size);

/* The last op's copies have this look ahead. */
void change_ahead(struct change *change, op_ahead_fn *ahead);

/* Either ends the change. */
void change_publish(struct change *change);
void change_abort(struct change *change);

/* Publishes if r is 0, else gives up; returns r. */
int change_end(struct change *change, int r);

#endif

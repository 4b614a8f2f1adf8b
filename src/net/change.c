/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/change: an all-or-nothing bundle of ops. An address brings routes with
 * it; if memory ran out between the two, workers would disagree with what the
 * client was told. So nothing is published before everything is there.
 */
#include "net/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void change_init(struct change *change, struct worker *const *all)
{
	memset(change, 0, sizeof(*change));
	change->all = all;
}

static int change_grow(struct change *change)
{
	unsigned int room = change->room ? change->room * 2 : 4;
	struct op_set *sets;

	if (change->n < change->room)
		return 0;
	sets = realloc(change->sets, room * sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	change->sets = sets;
	change->room = room;
	return 0;
}

int change_add(struct change *change, op_apply_fn *apply, const void *data, size_t size,
	       size_t node_size)
{
	struct op_set *set;
	int r = change_grow(change);

	if (r < 0)
		return r;
	set = &change->sets[change->n];
	r = op_set_init(set, change->all, apply, data, size);
	if (r < 0)
		return r;
	change->n++;
	return change_bring(change, 0, node_size);
}

int change_bring(struct change *change, unsigned int slot, size_t size)
{
	int r = size ? op_set_alloc(&change->sets[change->n - 1], slot, size) : 0;

	if (r < 0)
		change->n--;
	return r;
}

void change_ahead(struct change *change, op_ahead_fn *ahead)
{
	struct op_set *set = &change->sets[change->n - 1];

	for (unsigned int i = 0; i < set->count; i++)
		op_of(set, i)->ahead = ahead;
}

static void change_forget(struct change *change)
{
	free(change->sets);
	change->sets = NULL;
	change->n = 0;
	change->room = 0;
}

void change_publish(struct change *change)
{
	for (unsigned int i = 0; i < change->n; i++)
		op_set_publish(&change->sets[i], change->all);
	change_forget(change);
}

void change_abort(struct change *change)
{
	for (unsigned int i = 0; i < change->n; i++)
		op_set_free(&change->sets[i]);
	change_forget(change);
}

int change_end(struct change *change, int r)
{
	if (r < 0)
		change_abort(change);
	else
		change_publish(change);
	return r;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/ids: free numbers of the services', servers' and local addresses'
 * tables. The master takes the one that came back last, so that tables stay
 * dense; what is read by a number is told apart from its former owner by the
 * serial beside it. Room for giving back is made when a number is taken for
 * the first time.
 */
#include "ipvs/ids.h"

#include <errno.h>
#include <stdlib.h>

#define IDS_ROOM_FIRST 64

int ids_take(struct ids *ids, uint32_t *id)
{
	if (ids->n_free > 0) {
		*id = ids->free[--ids->n_free];
		return 0;
	}
	if (ids->used == ids->max)
		return -ENOSPC;
	if (ids->used == ids->room) {
		uint32_t room = ids->room ? ids->room * 2 : IDS_ROOM_FIRST;
		uint32_t *grown = realloc(ids->free, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		ids->free = grown;
		ids->room = room;
	}
	*id = ids->used++;
	return 0;
}

void ids_give(struct ids *ids, uint32_t id)
{
	ids->free[ids->n_free++] = id;
}

void ids_free(struct ids *ids)
{
	free(ids->free);
	ids->free = NULL;
	ids->n_free = ids->room = ids->used = 0;
}

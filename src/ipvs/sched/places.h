/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/sched/places: what lblc and lblcr remember: for each virtual address its
 * servers, in a table of fixed size; when there is no place near where its hash
 * says, the address that was asked for least recently gives way.
 */
#ifndef IPVS_SCHED_PLACES_H
#define IPVS_SCHED_PLACES_H

#include <string.h>

#include "base/hash.h"
#include "ipvs/load.h"
#include "packet/tuple.h"

#define PLACES       1024u
#define PLACES_PROBE 16u /* places in a row in which an address may be */

struct places_server {
	uint32_t id, serial; /* serial 0: none */
};

static inline struct places_server places_server(const struct dest *dest)
{
	return (struct places_server){ .id = dest->id, .serial = dest->serial };
}

/* NULL: the service has it no more. */
static inline struct dest *places_dest(const struct service *svc, struct places_server server)
{
	struct dest *dest = dest_get(svc->table, server.id);

	return dest && dest->serial == server.serial && !(dest->flags & DEST_REMOVED) ? dest : NULL;
}

static inline uint32_t places_first(const union ip_addr *addr)
{
	return (uint32_t)(hash_fold(addr->u64[0] ^ 0x2545f4914f6cdd1d,
				    addr->u64[1] ^ 0x9e3779b97f4a7c15) >>
			  32) %
	       PLACES;
}

/* It has more than its weight says while another has less than half of its own to do. */
static inline bool places_overloaded(const struct service *svc, const struct dest *dest)
{
	if (load_active(dest) <= dest->weight)
		return false;
	for (uint32_t i = 0; i < svc->n_dests; i++)
		if (load_active(svc->dests[i]) * 2 < svc->dests[i]->weight)
			return true;
	return false;
}

#endif

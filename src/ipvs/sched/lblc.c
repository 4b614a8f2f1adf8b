/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lblc, locality-based least-connection: all that asks for one address goes to
 * the server that got it first, chosen as wlc would, as long as that is usable
 * and not overloaded while others are half idle. For caches, whose services have
 * many addresses.
 */
#include "ipvs/sched/places.h"

struct lblc_place {
	union ip_addr addr;
	struct places_server server; /* serial 0: the place is free */
	uint64_t used_ms;
};

struct lblc {
	struct lblc_place places[PLACES];
};

/* Where the address is, or else is to be. */
static struct lblc_place *lblc_place(struct lblc *lblc, const union ip_addr *addr)
{
	uint32_t first = places_first(addr);
	struct lblc_place *oldest = NULL;

	for (uint32_t i = 0; i < PLACES_PROBE; i++) {
		struct lblc_place *place = &lblc->places[(first + i) % PLACES];

		if (place->server.serial && ip_equal(&place->addr, addr))
			return place;
		if (!oldest || (oldest->server.serial &&
				(!place->server.serial || place->used_ms < oldest->used_ms)))
			oldest = place;
	}
	oldest->server.serial = 0;
	oldest->addr = *addr;
	return oldest;
}

static struct dest *lblc_pick(struct service *svc, const struct sched_packet *packet)
{
	struct lblc_place *place = lblc_place(svc->sched_priv, &packet->tuple->dst);
	struct dest *dest = places_dest(svc, place->server);

	place->used_ms = packet->now_ms;
	if (dest && dest_usable(dest) && !places_overloaded(svc, dest))
		return dest;
	dest = load_least(svc, LOAD_BY_WEIGHT, load_both);
	if (dest)
		place->server = places_server(dest);
	return dest;
}

const struct scheduler sched_lblc = {
	.name = "lblc",
	.loads = true,
	.priv_size = sizeof(struct lblc),
	.pick = lblc_pick,
};

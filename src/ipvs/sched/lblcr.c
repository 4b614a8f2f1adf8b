/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lblcr, locality-based least-connection with replication: as lblc, but an
 * address may have several servers. The least loaded of them gets what asks for
 * it; when that is overloaded while others are half idle, one more joins, chosen
 * as wlc would. When there are several and none has joined for a day, the most
 * loaded one leaves.
 */
#include "ipvs/sched/places.h"

#define LBLCR_SERVERS 8
#define LBLCR_DAY_MS  (24u * 3600 * 1000)

struct lblcr_place {
	union ip_addr addr;
	uint64_t used_ms, joined_ms;
	uint32_t n; /* 0: the place is free */
	uint32_t spare;
	struct places_server servers[LBLCR_SERVERS]; /* the last that joined comes first */
};

struct lblcr {
	struct lblcr_place places[PLACES];
};

static struct lblcr_place *lblcr_place(struct lblcr *lblcr, const union ip_addr *addr)
{
	uint32_t first = places_first(addr);
	struct lblcr_place *oldest = NULL;

	for (uint32_t i = 0; i < PLACES_PROBE; i++) {
		struct lblcr_place *place = &lblcr->places[(first + i) % PLACES];

		if (place->n && ip_equal(&place->addr, addr))
			return place;
		if (!oldest || (oldest->n && (!place->n || place->used_ms < oldest->used_ms)))
			oldest = place;
	}
	oldest->n = 0;
	oldest->addr = *addr;
	return oldest;
}

static void lblcr_leave(struct lblcr_place *place, uint32_t at)
{
	place->n--;
	memmove(&place->servers[at], &place->servers[at + 1],
		(place->n - at) * sizeof(place->servers[0]));
}

static void lblcr_forget_removed(const struct service *svc, struct lblcr_place *place)
{
	for (uint32_t i = place->n; i-- > 0;)
		if (!places_dest(svc, place->servers[i]))
			lblcr_leave(place, i);
}

/* The last one makes room when all places are taken. */
static void lblcr_join(struct lblcr_place *place, const struct dest *dest, uint64_t now_ms)
{
	for (uint32_t i = 0; i < place->n; i++)
		if (place->servers[i].id == dest->id)
			return;
	if (place->n == LBLCR_SERVERS)
		place->n--;
	memmove(&place->servers[1], &place->servers[0], place->n * sizeof(place->servers[0]));
	place->servers[0] = places_server(dest);
	place->n++;
	place->joined_ms = now_ms;
}

static struct dest *lblcr_least(const struct service *svc, const struct lblcr_place *place)
{
	struct dest *least = NULL;

	for (uint32_t i = 0; i < place->n; i++) {
		struct dest *dest = places_dest(svc, place->servers[i]);

		if (dest_usable(dest) &&
		    (!least || load_both(least) * dest->weight > load_both(dest) * least->weight))
			least = dest;
	}
	return least;
}

static void lblcr_drop_most(const struct service *svc, struct lblcr_place *place)
{
	const struct dest *most = NULL;
	uint32_t at = 0;

	for (uint32_t i = 0; i < place->n; i++) {
		const struct dest *dest = places_dest(svc, place->servers[i]);

		if (dest->weight > 0 &&
		    (!most || load_both(most) * dest->weight < load_both(dest) * most->weight)) {
			most = dest;
			at = i;
		}
	}
	if (most)
		lblcr_leave(place, at);
}

static struct dest *lblcr_pick(struct service *svc, const struct sched_packet *packet)
{
	struct lblcr_place *place = lblcr_place(svc->sched_priv, &packet->tuple->dst);
	struct dest *dest;

	lblcr_forget_removed(svc, place);
	dest = lblcr_least(svc, place);
	place->used_ms = packet->now_ms;
	if (place->n > 1 && packet->now_ms > place->joined_ms + LBLCR_DAY_MS) {
		lblcr_drop_most(svc, place);
		place->joined_ms = packet->now_ms;
	}
	if (dest && !places_overloaded(svc, dest))
		return dest;
	dest = load_least(svc, LOAD_BY_WEIGHT, load_both);
	if (dest)
		lblcr_join(place, dest, packet->now_ms);
	return dest;
}

const struct scheduler sched_lblcr = {
	.name = "lblcr",
	.loads = true,
	.priv_size = sizeof(struct lblcr),
	.pick = lblcr_pick,
};

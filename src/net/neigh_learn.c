/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/neigh-learn: what workers make of what ARP and Neighbour Discovery hear.
 * A worker does not learn by itself: it tells the master, and only what is new
 * or has not been said for a while, as often as a neighbour may cause it, or
 * for strangers the worker. Strangers count only if they are on the link: else
 * anybody could fill the table with addresses from anywhere.
 */
#include "net/neigh_int.h"

#include <string.h>

#include "net/ip6.h"
#include "net/route.h"
#include "worker/event.h"

#define STRANGER_RATE 200  /* events a second and worker about neighbours not in the table */
#define TOKENS        5    /* events at once about one neighbour */
#define TOKEN_MS      200  /* and then one in this time */
#define REFRESH_MS    1000 /* nothing new: still there */

static void neigh_tell(struct worker *w, enum event_kind kind, const struct neigh_heard *heard)
{
	struct event event = {
		.kind = (uint16_t)kind,
		.port = heard->port,
		.family = heard->family,
		.solicited = heard->answer,
		.how = heard->how,
		.ip = heard->ip,
	};

	memcpy(event.mac, heard->mac.addr_bytes, sizeof(event.mac));
	event_send(w, &event);
}

void neigh_tell_limited(struct worker *w, enum event_kind kind, const struct neigh_heard *heard)
{
	if (net_bucket_take(&w->net->event_bucket, STRANGER_RATE, w->now_ms))
		neigh_tell(w, kind, heard);
}

/* One of the few events that a neighbour may cause. */
static bool take_token(const struct worker *w, struct neigh *neigh)
{
	uint64_t earned = (w->now_ms - neigh->told_ms) / TOKEN_MS;

	if (earned) {
		neigh->tokens = (uint32_t)RTE_MIN(neigh->tokens + earned, (uint64_t)TOKENS);
		neigh->told_ms = w->now_ms;
	}
	if (neigh->tokens == 0)
		return false;
	neigh->tokens--;
	return true;
}

static bool is_news(const struct worker *w, const struct neigh *neigh,
		    const struct neigh_heard *heard)
{
	bool same = neigh_usable(neigh) && rte_is_same_ether_addr(&neigh->mac, &heard->mac);

	switch (heard->how) {
	case EVENT_HEARD_UNASKED:
		return !same;
	case EVENT_HEARD_DOUBT:
		return neigh->state == API_NEIGH_REACHABLE;
	default:
		return !same || neigh->state != API_NEIGH_REACHABLE ||
		       w->now_ms - neigh->told_ms >= REFRESH_MS;
	}
}

static bool on_link(const struct worker *w, const struct neigh_heard *heard)
{
	struct nexthop nexthop;

	if (heard->family == AF_INET6 && ip6_is_link_local(&heard->ip))
		return true;
	return route_output(w, heard->family, &heard->ip, &nexthop) &&
	       nexthop.port == heard->port && ip_equal(&nexthop.addr, &heard->ip);
}

void neigh_hear(struct worker *w, const struct neigh_heard *heard)
{
	struct neigh *neigh = neigh_find(w, heard->family, &heard->ip, heard->port);

	if (neigh) {
		if (!neigh->is_static && is_news(w, neigh, heard) && take_token(w, neigh))
			neigh_tell(w, EVENT_NEIGH_LEARNT, heard);
	} else if (!heard->known_only && on_link(w, heard)) {
		neigh_tell_limited(w, EVENT_NEIGH_LEARNT, heard);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/owner: see the header. How many have been asked stands in the packet's meta. */
#include "ipvs/owner.h"

#include "ipvs/ipvs.h"
#include "ipvs/match.h"
#include "ipvs/ours.h"
#include "ipvs/service.h"
#include "link/port.h"
#include "link/steer.h"
#include "packet/meta.h"
#include "worker/worker.h"

static unsigned int owner_by_client(const struct worker *w, const struct tuple *tuple,
				    const union ip_addr *client, be16 port)
{
	uint64_t hash, rest = (uint64_t)port << 32 | (uint64_t)tuple->zone << 16 | tuple->proto;

	if (w->n_workers == 1)
		return 1;
	hash = hash_words(&w->flow_key, client->u64[0], rest);
	if (tuple->family != AF_INET)
		hash = hash_more(&w->flow_key, hash, client->u64[1], rest);
	return 1 + (unsigned int)(((hash >> 32) * w->n_workers) >> 32);
}

static void owners_add(struct owners *owners, unsigned int id)
{
	owners->ids[owners->n++] = id;
}

/*
 * kinds: a service's flags; removed: those of another that has been there before it, whose
 * connections are asked for, too. The last one asked is who opens connections of the service.
 */
static void owners_of_kinds(const struct worker *w, const struct tuple *tuple, unsigned int kinds,
			    unsigned int removed, struct owners *owners)
{
	bool by_client = kinds & SERVICE_BY_CLIENT;

	if (unlikely(!by_client && (removed & SERVICE_BY_CLIENT)))
		owners_add(owners, owner_by_client(w, tuple, &tuple->src, tuple->sport));
	if (!by_client || ((kinds | removed) & SERVICE_BY_FLOW))
		owners_add(owners, steer_owner(w, tuple));
	if (by_client)
		owners_add(owners, owner_by_client(w, tuple, &tuple->src, tuple->sport));
}

static unsigned int kinds_formerly(const struct worker *w, const struct tuple *tuple,
				   uint16_t in_port)
{
	return unlikely(w->ipvs->former_marks != NULL) ? ours_former_kinds(w, tuple, in_port) : 0;
}

/* Of connections that are none of the service's that is there: of a removed one, and answers to a
 * public address with few ports. */
static unsigned int kinds_before(const struct worker *w, const struct service *removed)
{
	return (removed ? removed->flags : 0) |
	       (unlikely(w->ipvs->services->narrow) ? SERVICE_BY_CLIENT : 0);
}

/*
 * To no address of ours: a server's answer to a client (NAT), or a client's to the world (SNAT),
 * where both are the owner of where it goes if ports are few. before: or there may be a connection
 * of a service that it had.
 */
static void owners_of_passing(const struct worker *w, const struct tuple *tuple, bool before,
			      struct owners *owners)
{
	const struct service_table *table = w->ipvs->services;
	bool may_open = unlikely(table->n_matches) && match_may_own(w, tuple);
	bool narrow = may_open && table->narrow;

	if (unlikely(before) && table->n_answering)
		owners_add(owners, owner_by_client(w, tuple, &tuple->src, tuple->sport));
	if (!narrow && ours_answer(w, tuple))
		owners_add(owners, owner_by_client(w, tuple, &tuple->dst, tuple->dport));
	if (may_open || before)
		owners_add(owners, steer_owner(w, tuple));
	if (narrow)
		owners_add(owners, owner_by_client(w, tuple, &tuple->dst, tuple->dport));
}

struct owners owners_of(const struct worker *w, const struct tuple *tuple, uint16_t in_port)
{
	const struct service_table *table = w->ipvs->services;
	const struct service *removed = ours_removed_service(w, tuple, in_port);
	const struct service *svc = ours_service(w, tuple, in_port);
	const struct service *either = svc ? svc : removed;
	unsigned int kinds = svc ? svc->flags : SERVICE_BY_FLOW;
	unsigned int former = kinds_formerly(w, tuple, in_port);
	unsigned int before = (removed ? removed->flags : 0) | former;
	bool marked = former || (either && service_is_marked(either));
	struct owners owners = { .n = 0 };

	if (!svc && !ours_formerly(w, tuple)) {
		owners_of_passing(w, tuple, before, &owners);
		return owners;
	}
	if (unlikely(marked) && ours_answer(w, tuple)) {
		/* rules may fit what comes from its servers, too */
		owners_add(&owners, owner_by_client(w, tuple, &tuple->dst, tuple->dport));
		owners_of_kinds(w, tuple, svc ? svc->flags : before, before, &owners);
		return owners;
	}
	if (!svc && table->n_answering)
		kinds |= SERVICE_BY_CLIENT;
	owners_of_kinds(w, tuple, kinds, kinds_before(w, removed) | former, &owners);
	return owners;
}

bool owners_none_else(const struct worker *w, const struct service *svc, const struct tuple *tuple)
{
	struct owners owners = { .n = 0 };
	unsigned int removed;

	if (likely(w->n_workers == 1))
		return true;
	if (unlikely(svc->key.match != NULL || ((service_is_marked(svc) || w->ipvs->former_marks) &&
						ours_answer(w, tuple)))) {
		/* it may be somebody's answer, too */
		owners = owners_of(w, tuple, w->rx_port);
		return owners.n == 1 && owners.ids[0] == w->id;
	}
	removed = kinds_before(w, ours_removed_service(w, tuple, w->rx_port)) |
		  kinds_formerly(w, tuple, w->rx_port);
	if (likely((svc->flags & (SERVICE_BY_FLOW | SERVICE_BY_CLIENT)) == SERVICE_BY_FLOW &&
		   !removed))
		return steer_owner(w, tuple) == w->id;
	owners_of_kinds(w, tuple, svc->flags, removed, &owners);
	return owners.n == 1 && owners.ids[0] == w->id;
}

static unsigned int asked(const struct pkt_meta *meta)
{
	if (!(meta->flags & META_HANDED_OVER))
		return 0;
	return meta->flags & META_HANDED_TWICE ? 2 : 1;
}

bool owners_ask_next(struct worker *w, struct rte_mbuf *m, const struct owners *owners)
{
	struct pkt_meta *meta = pkt_meta(m);
	unsigned int next = asked(meta);

	while (next < owners->n && owners->ids[next] == w->id)
		next++;
	if (next >= owners->n)
		return false;
	if (next > 0)
		meta->flags |= META_HANDED_TWICE;
	steer_hand_over(w, m, owners->ids[next]);
	return true;
}

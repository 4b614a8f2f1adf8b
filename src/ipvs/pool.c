/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/pool: which of the public addresses a client gets. Hosts that see
 * several connections of one client expect one address, whichever worker each
 * of them is on (RFC 4787 REQ-2, paired pooling): so it follows from the
 * client's address alone, by weighted rendezvous. An address that comes or
 * goes changes its own clients only, and nothing is remembered or asked of
 * other workers. Whoever wants the scheduler to choose makes the service
 * persistent: then templates remember (ipvs/template).
 */
#include "ipvs/pool.h"

#include <math.h>

#include "base/hash.h"
#include "ipvs/service.h"
#include "net/addr.h"
#include "worker/worker.h"

/* The higher the better: of a uniform number in (0, 1), as many times as it weighs. */
static double score(const struct worker *w, const struct dest *dest, uint64_t client)
{
	uint64_t hash = hash_more(&w->flow_key, client, dest->addr.u64[0],
				  dest->addr.u64[1] ^ dest->port ^ (uint64_t)dest->port_last << 16);
	double u = ((double)(hash >> 11) + 0.5) / (double)(UINT64_C(1) << 53);

	return log(u) / dest->weight;
}

struct dest *pool_pick(const struct worker *w, const struct service *svc, const struct tuple *tuple)
{
	uint64_t client = hash_words(&w->flow_key, tuple->src.u64[0], tuple->src.u64[1]);
	struct dest *best = NULL;
	double best_score = 0;

	for (uint32_t i = 0; i < svc->n_dests; i++) {
		struct dest *dest = svc->dests[i];
		double its;

		if (!dest_usable(dest))
			continue;
		its = score(w, dest, client);
		if ((!best || its > best_score) &&
		    likely(!addr_is_tentative(w, dest->family, &dest->addr))) {
			best = dest;
			best_score = its;
		}
	}
	return best;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fnat: both addresses and both ports are replaced. The server sees a local
 * address of ours as the client, so its answers come back here whatever its
 * routes are, and to the worker that has the connection, because that worker
 * has chosen the local port so. The next local address of the service is tried
 * when one has no free port towards the server, or may yet be another host's.
 * Servers may be of the other family, and then so are their local addresses.
 *
 * TCP sequence numbers and timestamps are shifted, so that those that a server
 * sees from one local port only grow; see proto/tcp.
 */
#include "ipvs/ipvs.h"
#include "ipvs/lport.h"
#include "ipvs/service.h"
#include "ipvs/xmit/translate.h"
#include "ipvs/xmit/xmit.h"
#include "net/addr.h"
#include "net/cross.h"
#include "net/net.h"
#include "worker/worker.h"

extern const struct xmit xmit_fnat;

/* Asked for each connection, and found out for each change of our addresses. */
static bool laddr_is_tentative(const struct worker *w, struct laddr *laddr)
{
	if (laddr->family == AF_INET)
		return false;
	if (unlikely(laddr->addrs_seen != w->net->addr_changes)) {
		laddr->addrs_seen = w->net->addr_changes;
		if (addr_is_tentative(w, laddr->family, &laddr->addr))
			laddr->flags |= LADDR_TENTATIVE;
		else
			laddr->flags &= (uint16_t)~LADDR_TENTATIVE;
	}
	return laddr->flags & LADDR_TENTATIVE;
}

static bool fnat_open(struct worker *w, struct xmit_opening *opening, enum drop_reason *reason)
{
	struct service *svc = opening->service;
	const struct dest *dest = opening->dest;
	struct tuple *out = &opening->out;
	uint8_t proto = opening->in->proto;
	uint32_t tried = 0;

	if (unlikely(dest->family != opening->in->family))
		proto = cross_proto(proto);
	/* all but the local address, which comes last; a whole one would be written twice */
	out->src = dest->addr;
	tuple_set_rest(out, dest_port(svc, dest, opening->in->dport), 0, proto,
		       (uint8_t)dest->family, opening->in->zone);
	*reason = DROP_IPVS_NO_LADDR;
	do {
		struct laddr *laddr = service_next_laddr(svc, dest->family);

		if (!laddr)
			break;
		if (unlikely(laddr_is_tentative(w, laddr))) {
			if (*reason == DROP_IPVS_NO_LADDR)
				*reason = DROP_IPVS_TENTATIVE;
			continue;
		}
		out->dst = laddr->addr;
		if (lport_take(w->ipvs->lports, out) == 0) {
			opening->laddr = laddr->id;
			opening->flags |= CONN_LPORT;
			return true;
		}
		laddr->conflicts++;
		*reason = DROP_IPVS_NO_PORT;
	} while (++tried < svc->n_laddrs);
	return false;
}

const struct xmit xmit_fnat = {
	.name = "fnat",
	.shift_tcp = true,
	.nat = true,
	.flow = true,
	.open = fnat_open,
	.run = translate,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fnat: both addresses and both ports are replaced. The server sees a local
 * address of ours as the client, so its answers come back here whatever its
 * routes are, and to the worker that has the connection, because that worker
 * has chosen the local port so. The next local address of the service is tried
 * when one has no free port towards the server.
 *
 * TCP sequence numbers and timestamps are shifted, so that those that a server
 * sees from one local port only grow; see proto/tcp.
 */
#include <netinet/in.h>

#include <rte_tcp.h>

#include "ipvs/ipvs.h"
#include "ipvs/lport.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/service.h"
#include "ipvs/track.h"
#include "ipvs/xmit/xmit.h"
#include "ipvs/xmit/xmit4.h"
#include "worker/worker.h"

extern const struct xmit xmit_fnat;

static bool fnat_open(struct worker *w, struct xmit_opening *opening, enum drop_reason *reason)
{
	struct service *svc = opening->service;
	const struct dest *dest = opening->dest;
	struct tuple *out = &opening->out;

	*out = (struct tuple){
		.src = dest->addr,
		.sport = dest->port,
		.proto = opening->in->proto,
		.family = (uint8_t)dest->family,
		.zone = opening->in->zone,
	};
	*reason = DROP_IPVS_NO_LADDR;
	for (uint32_t tried = 0; tried < svc->n_laddrs; tried++) {
		struct laddr *laddr = service_next_laddr(svc, dest->family);

		if (!laddr)
			break;
		out->dst = laddr->addr;
		if (lport_take(w->ipvs->lports, out) == 0) {
			opening->laddr = laddr->id;
			opening->flags |= CONN_LPORT;
			return true;
		}
		laddr->conflicts++;
		*reason = DROP_IPVS_NO_PORT;
	}
	return false;
}

static void fnat_close(struct worker *w, uint16_t conn_flags, const struct tuple *out)
{
	if (conn_flags & CONN_LPORT)
		lport_release(w->ipvs->lports, out);
}

/* Each direction's packets become what the other direction's answer, the other way round. */
static void fnat_run(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	const struct conn_table *conns = w->ipvs->conns;
	const struct pkt_meta *meta = pkt_meta(m);
	struct tuple other, to;
	struct nexthop nexthop;
	uint32_t delta;
	be32 vip;

	conn_tuple(conns, id, dir == CONN_IN ? CONN_OUT : CONN_IN, &other);
	to = tuple_reverse(&other);
	vip = dir == CONN_IN ? meta->tuple.dst.v4 : other.dst.v4;
	if (!xmit4_way(w, m, &to.dst, vip, &nexthop))
		return;
	track_packet(w, m, id, dir);
	delta = xmit4_rewrite_ip(m, &to);
	if (to.proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *th = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *,
								 meta->l4_off);

		delta += tcp_shift(conn_get(conns, id), dir, th, (th->data_off >> 4) * 4u);
	}
	xmit4_rewrite_l4(m, &to, delta);
	xmit4_send(w, m, &nexthop);
}

const struct xmit xmit_fnat = {
	.name = "fnat",
	.shift_tcp = true,
	.nat = true,
	.flow = true,
	.open = fnat_open,
	.close = fnat_close,
	.run = fnat_run,
};

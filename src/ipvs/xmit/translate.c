/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * translate: what FNAT and NAT do to a packet. A connection has two tuples, of
 * the client's packets and of the server's as they arrive here; a packet of one
 * becomes one that the other answers. Where local ports are used again, TCP's
 * numbers are shifted (proto/tcp); else tcp_shift() changes nothing.
 */
#include "ipvs/xmit/translate.h"

#include <netinet/in.h>

#include <rte_tcp.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/track.h"
#include "ipvs/xmit/across.h"
#include "ipvs/xmit/steps.h"
#include "packet/meta.h"
#include "worker/worker.h"

static void rewrite_l4(struct rte_mbuf *m, const struct conn *conn, enum conn_dir dir,
		       const struct tuple *to, uint32_t delta)
{
	struct rte_tcp_hdr *th = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *,
							 pkt_meta(m)->l4_off);

	if (to->proto == IPPROTO_TCP)
		delta += tcp_shift(conn, dir, th, (th->data_off >> 4) * 4u);
	xmit_rewrite_l4(m, to, delta);
}

/* other: the other direction's tuple; self: who says that the packet cannot go on, NULL: an address
 * of the port. */
static void rewrite(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
		    const struct tuple *other, const union ip_addr *self)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct tuple to = tuple_reverse(other);
	struct nexthop nexthop;
	uint32_t delta;

	if (unlikely(xmit_needs_whole(m, &to))) {
		drop(w, m, DROP_IPVS_SCTP_FRAGMENT);
		return;
	}
	if (!xmit_way(w, m, &to.dst, self, &nexthop))
		return;
	track_packet(w, m, id, dir);
	xmit_rename(w, m, &to, nexthop.mtu);
	delta = xmit_rewrite_ip(w, m, &to);
	if (likely(!(meta->flags & META_FRAGMENT_LATER)))
		rewrite_l4(m, conn_get(w->ipvs->conns, id), dir, &to, delta);
	xmit_send(w, m, &nexthop);
}

void translate(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	struct tuple other;

	conn_tuple(w->ipvs->conns, id, dir == CONN_IN ? CONN_OUT : CONN_IN, &other);
	if (unlikely(other.family != pkt_meta(m)->tuple.family))
		across(w, m, id, dir, &other);
	else
		rewrite(w, m, id, dir, &other,
			dir == CONN_IN ? &pkt_meta(m)->tuple.dst : &other.dst);
}

void translate_passing(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	struct tuple other;

	conn_tuple(w->ipvs->conns, id, dir == CONN_IN ? CONN_OUT : CONN_IN, &other);
	rewrite(w, m, id, dir, &other, dir == CONN_IN ? NULL : &pkt_meta(m)->tuple.dst);
}

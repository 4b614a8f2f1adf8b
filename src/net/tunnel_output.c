/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tunnel-output: what is routed to a tunnel. The way to the other end is
 * looked up first, since what does not fit into it is told to who sent the
 * packet while it is still his: too big, by what the headers leave of the
 * way's MTU; no way, as if a neighbour did not answer. What may be cut has been
 * cut to that before; what has not (packets of ours) goes on whole, and the outer
 * packet is cut. A tunnel may lead through another, to a
 * depth of three; one that leads into itself would grow packets for ever.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>

#include "net/ip.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "net/ip6_headers.h"
#include "net/net.h"
#include "net/path_mtu.h"
#include "net/tunnel_device_int.h"
#include "packet/meta.h"
#include "packet/unfinished.h"
#include "worker/worker.h"

static void tell_sender(struct worker *w, struct rte_mbuf *m, enum ip_error what, uint16_t mtu)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (!(meta->flags & META_LOCAL_OUT) && meta->in_port != PORT_NONE)
		ip_send_error(w, m, what, mtu, NULL);
}

/* The way of the outer packet; false: m was dropped. */
static bool tunnel_way_out(struct worker *w, struct rte_mbuf *m, uint16_t id,
			   struct nexthop *nexthop)
{
	const struct encap *out = &w->net->tunnels->of[id].config.out;
	uint16_t parent = w->link->ports[id].parent;
	struct route_flow flow = route_flow(pkt_meta(m));
	enum route_verdict verdict = route_way(w, out->family, &out->dst, &flow, nexthop);

	if (verdict == ROUTE_FORWARD && nexthop->port == id) {
		drop(w, m, DROP_TUNNEL_LOOP);
		return false;
	}
	if (verdict == ROUTE_FORWARD && (parent == PORT_NONE || nexthop->port == parent)) {
		nexthop->mtu = path_mtu_limit(w, out->family, &out->dst, nexthop->mtu);
		nexthop->mtu = way_mtu(w, nexthop->port, out->family, nexthop->mtu);
		return true;
	}
	tell_sender(w, m, IP_ERROR_HOST, 0);
	drop(w, m, route_drop_reason(verdict, DROP_TUNNEL_NO_ROUTE));
	return false;
}

static bool tunnel_fits(struct worker *w, struct rte_mbuf *m, uint16_t id,
			const struct nexthop *nexthop)
{
	unsigned int family = pkt_meta(m)->tuple.family;
	uint16_t more = w->net->tunnels->of[id].heads[0].len;

	if (likely(m->pkt_len + more <= nexthop->mtu) || ip_may_be_cut(m, family, true))
		return true;
	tell_sender(w, m, IP_ERROR_TOO_BIG, ip_inner_mtu(family, nexthop->mtu, more));
	drop(w, m, DROP_IP(family, MTU));
	return false;
}

static void tunnel_send_on(struct worker *w, struct rte_mbuf *m, const struct nexthop *nexthop)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->out_port = nexthop->port;
	meta->nexthop = nexthop->addr;
	meta->mtu = nexthop->mtu;
	meta->flags |= META_LOCAL_OUT;
	if (unlikely(m->pkt_len > nexthop->mtu) && meta->tuple.family == AF_INET6)
		ip6_fragment(w, m, nexthop->mtu);
	else
		stage_push(w, STAGE_IP_OUTPUT, m);
}

/*
 * Tunnels in tunnels need more room in front than drivers leave: the packet moves back in its
 * buffer, if that is its own and has some behind it. What more comes in front later: a fragment's
 * header, Ethernet's, two tags.
 */
static void tunnel_make_room(struct rte_mbuf *m, uint16_t len)
{
	uint16_t need = (uint16_t)(len + IP6_FRAGMENT_LEN + RTE_ETHER_HDR_LEN + 8u);
	uint16_t have = rte_pktmbuf_headroom(m);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	if (likely(have >= need) || rte_pktmbuf_tailroom(m) < need - have ||
	    rte_mbuf_refcnt_read(m) != 1 || !RTE_MBUF_DIRECT(m))
		return;
	memmove(data + (need - have), data, m->data_len);
	m->data_off = need;
}

static void tunnel_wrap(struct worker *w, struct rte_mbuf *m, uint16_t id,
			const struct nexthop *nexthop)
{
	const struct tunnel_device *device = &w->net->tunnels->of[id];
	bool inner6 = pkt_meta(m)->tuple.family == AF_INET6;
	struct encap_each each = { .id = ip4_next_id(w) };
	uint32_t len = m->pkt_len;

	if (unlikely(device->config.out.flags & ENCAP_SEQ))
		each.seq = tunnel_sequence_next(w, id);
	unfinished_finish(m);
	tunnel_make_room(m, device->heads[inner6].len);
	if (unlikely(!encap_push(m, &device->heads[inner6], each))) {
		drop(w, m, DROP_TUNNEL_ROOM);
		return;
	}
	w->link->counters[id].tx_packets++;
	w->link->counters[id].tx_bytes += len;
	pkt_meta(m)->flags += META_TUNNEL;
	tunnel_send_on(w, m, nexthop);
}

void tunnel_device_output(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	uint16_t id = meta->out_port;
	struct nexthop nexthop;

	if (unlikely(!(w->net->tunnels->of[id].config.inner &
		       tunnel_inner_bit(meta->tuple.family)))) {
		tell_sender(w, m, IP_ERROR_HOST, 0);
		drop(w, m, DROP_TUNNEL_FAMILY);
		w->link->counters[id].tx_errors++;
		return;
	}
	if (unlikely((meta->flags & META_TUNNELS) == META_TUNNELS)) {
		drop(w, m, DROP_TUNNEL_LOOP);
		return;
	}
	if (tunnel_way_out(w, m, id, &nexthop) && tunnel_fits(w, m, id, &nexthop))
		tunnel_wrap(w, m, id, &nexthop);
}

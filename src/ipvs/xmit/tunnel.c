/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tunnel: a packet goes to the server inside another, from an address of ours
 * to the server's, of either family whatever the client's. The server has the
 * virtual address, too, takes the outer headers off and answers the client by
 * itself: so, as in DR, answers are not seen here, ports stay what they are, and
 * the second tuple is the reverse of the first.
 *
 * The outer packet's source is the route's, or an address of the port that it
 * leaves by. What does not fit is told to the client, as far as it can be: the
 * way's MTU less the headers; else the outer packet is cut.
 */
#include "ipvs/xmit/tunnel.h"

#include "api/ipvs.h"
#include "ipvs/ipvs.h"
#include "ipvs/service.h"
#include "ipvs/track.h"
#include "ipvs/xmit/steps.h"
#include "ipvs/xmit/xmit.h"
#include "net/addr.h"
#include "net/ip4.h"
#include "packet/unfinished.h"
#include "worker/worker.h"

extern const struct xmit xmit_tunnel;

#define GUE_SPORT_FIRST 49152u /* of the dynamic ports, RFC 6335 6 */

struct encap tunnel_encap(const struct dest *dest)
{
	static const uint8_t kinds[] = {
		[API_TUNNEL_IPIP] = ENCAP_IPIP,
		[API_TUNNEL_GUE] = ENCAP_GUE,
		[API_TUNNEL_GRE] = ENCAP_GRE,
	};

	return (struct encap){
		.dst = dest->addr,
		.family = (uint8_t)dest->family,
		.port = dest->tun_port,
		.kind = kinds[dest->tun_type],
		/* a remote checksum is for packets whose own is unfinished, and none is here */
		.flags = dest->tun_flags ? ENCAP_CSUM : 0,
	};
}

be16 tunnel_sport(uint64_t tuple_hash)
{
	return rte_cpu_to_be_16((uint16_t)(GUE_SPORT_FIRST | (tuple_hash >> 32 & 0x3fff)));
}

bool tunnel_source(const struct worker *w, const struct nexthop *nexthop, struct encap *encap)
{
	encap->src = nexthop->src;
	if (ip_is_zero(&encap->src))
		encap->src = addr_select(w, encap->family, nexthop->port, &encap->dst);
	return !ip_is_zero(&encap->src);
}

bool tunnel_way(struct worker *w, struct rte_mbuf *m, const struct dest *dest,
		const union ip_addr *from, struct tunnel_way *way)
{
	struct encap *encap = &way->encap;

	*encap = tunnel_encap(dest);
	if (!xmit_way_inside(w, m, dest->family, &dest->addr, encap_len(encap), from,
			     &way->nexthop))
		return false;
	if (likely(tunnel_source(w, &way->nexthop, encap)))
		return true;
	drop(w, m, DROP_TUNNEL_SOURCE);
	return false;
}

void tunnel_send(struct worker *w, struct rte_mbuf *m, const struct tunnel_way *way)
{
	const struct tuple *tuple = &pkt_meta(m)->tuple;
	const struct encap_each each = {
		.id = ip4_next_id(w),
		.sport = tunnel_sport(tuple_hash(&w->flow_key, tuple)),
	};
	struct encap_head head;

	unfinished_pass_on(m);
	unfinished_finish(m);
	xmit_age(w, m);
	encap_head_init(&head, &way->encap, tuple->family);
	if (unlikely(!encap_push(m, &head, each))) {
		drop(w, m, DROP_TUNNEL_ROOM);
		return;
	}
	xmit_send(w, m, &way->nexthop);
}

static void tunnel_run(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	const struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct dest *dest = dest_get(w->ipvs->services, conn->dest);
	struct tunnel_way way;

	if (dir == CONN_OUT) {
		stage_push(w, STAGE_IP_ROUTE, m);
		return;
	}
	if (!tunnel_way(w, m, dest, &pkt_meta(m)->tuple.dst, &way))
		return;
	track_packet(w, m, id, dir);
	tunnel_send(w, m, &way);
}

const struct xmit xmit_tunnel = {
	.name = "tunnel",
	.open = xmit_open_as_is,
	.run = tunnel_run,
};

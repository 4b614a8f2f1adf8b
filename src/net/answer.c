/* SPDX-License-Identifier: BSD-3-Clause */
/* net/answer: see the header. An answer of IPv6 goes back where its cause came from, if that is a
 * neighbour on a link of its own addresses. */
#include "net/answer.h"

#include "net/addr.h"
#include "net/ip4_int.h"
#include "net/ip6.h"
#include "net/net.h"
#include "net/route.h"
#include "packet/meta.h"
#include "worker/worker.h"

#define L2_MAX 22 /* Ethernet with two VLAN tags */

static bool hosts4(const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);

	return !ip4_is_multicast(ip->dst_addr) && !ip4_is_limited_broadcast(ip->dst_addr) &&
	       !ip4_is_multicast(ip->src_addr) && !ip4_is_reserved(ip->src_addr) &&
	       !ip4_in_net0(ip->src_addr);
}

static bool hosts6(const struct tuple *tuple)
{
	return !ip6_is_multicast(&tuple->dst) && !ip6_is_multicast(&tuple->src) &&
	       !ip_is_zero(&tuple->src);
}

bool answer_allowed(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct tuple *tuple = &meta->tuple;

	if (meta->flags & (META_FRAGMENT | META_LINK_BROADCAST))
		return false;
	return (tuple->family == AF_INET ? hosts4(m) : hosts6(tuple)) &&
	       !addr_is_local(w, tuple->family, &tuple->src);
}

bool answer_in_rate(struct worker *w)
{
	return net_bucket_take(&w->net->reset_bucket, w->net->config.icmp_rate, w->now_ms);
}

struct rte_mbuf *answer_new(struct worker *w, uint16_t l4_len)
{
	struct rte_mbuf *made = worker_make_packet(w);

	if (!made)
		return NULL;
	if (!rte_pktmbuf_append(made, l4_len) ||
	    rte_pktmbuf_headroom(made) < sizeof(struct rte_ipv6_hdr) + L2_MAX) {
		drop(w, made, DROP_NO_MBUF);
		return NULL;
	}
	return made;
}

void answer_address(struct worker *w, struct rte_mbuf *made, struct rte_mbuf *about)
{
	const struct tuple *tuple = &pkt_meta(about)->tuple;
	uint16_t l4_len = (uint16_t)made->pkt_len;
	void *ip;

	if (tuple->family == AF_INET) {
		ip = rte_pktmbuf_prepend(made, sizeof(struct rte_ipv4_hdr));
		ip4_header_fill(w, ip, tuple->dst.v4, tuple->src.v4, tuple->proto,
				(uint16_t)made->pkt_len);
	} else {
		ip = rte_pktmbuf_prepend(made, sizeof(struct rte_ipv6_hdr));
		ip6_header_fill(ip, &tuple->dst, &tuple->src, tuple->proto, l4_len);
	}
}

void answer_send(struct worker *w, struct rte_mbuf *made, struct rte_mbuf *about)
{
	struct nexthop back;

	if (pkt_meta(about)->tuple.family == AF_INET) {
		ip4_send(w, made);
		return;
	}
	if (ip6_way_back(w, pkt_meta(about), &back)) {
		pkt_meta(made)->out_port = back.port;
		pkt_meta(made)->nexthop = back.addr;
		pkt_meta(made)->mtu = back.mtu;
	}
	ip6_send(w, made);
}

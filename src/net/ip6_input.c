/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip6-input: is this an IPv6 packet that may go on (RFC 8200, RFC 4291),
 * and what is in it? Behind this stage its length is the packet's, addresses
 * are such as may stand there, the first segment has all headers, extension
 * headers included, and the meta says the rest. What is wrong with extension
 * headers concerns whom the packet is for; who only passes it on looks at the
 * hop-by-hop options, at no other. Ports are read here, once.
 */
#include "net/ip6.h"

#include <netinet/in.h>

#include "link/port.h"
#include "net/addr.h"
#include "net/ip.h"
#include "net/ip6_headers.h"
#include "net/l4.h"
#include "net/net.h"
#include "net/segments.h"
#include "worker/worker.h"

#define ND_HOP_LIMIT 255

enum verdict { PASS = DROP__COUNT };

/* Afterwards the packet is as long as it says. */
static unsigned int check_header(const struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip;
	uint32_t total;

	if (unlikely(w->net->config.ip6_disable))
		return DROP_IP6_DISABLED;
	if (unlikely(!segments_pull(m, IP6_HEADER_LEN)))
		return DROP_IP6_SHORT;
	ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	if (unlikely((ip->vtc_flow & RTE_BE32(0xf0000000)) != RTE_BE32(0x60000000)))
		return DROP_IP6_VERSION;
	total = IP6_HEADER_LEN + rte_be_to_cpu_16(ip->payload_len);
	if (unlikely(total > m->pkt_len))
		return DROP_IP6_SHORT;
	if (m->pkt_len > total)
		segments_cut(m, total);
	return PASS;
}

/* Somebody else may speak from an address that we have, or want: that is how we learn of it. */
static bool is_discovery(const struct rte_ipv6_hdr *ip)
{
	return ip->proto == IPPROTO_ICMPV6 && ip->hop_limits == ND_HOP_LIMIT;
}

/* An address of no host. */
static bool never_source(const union ip_addr *src)
{
	return ip6_is_multicast(src) || ip6_is_loopback(src) || ip6_is_mapped(src);
}

static bool source_possible(const struct worker *w, const struct rte_ipv6_hdr *ip,
			    const union ip_addr *src, bool group)
{
	/* who has no address yet speaks to groups */
	if (unlikely(ip_is_zero(src)))
		return group;
	if (unlikely(never_source(src)))
		return false;
	return is_discovery(ip) || !addr_is_local(w, AF_INET6, src);
}

static bool never_destination(const union ip_addr *dst)
{
	return ip_is_zero(dst) || ip6_is_loopback(dst) || ip6_is_mapped(dst);
}

bool ip6_addresses_usual(const struct worker *w, const union ip_addr *src, const union ip_addr *dst)
{
	return !w->net->config.ip6_disable && !never_destination(dst) && !ip6_is_multicast(dst) &&
	       !ip_is_zero(src) && !never_source(src) && !addr_is_local(w, AF_INET6, src);
}

static unsigned int check_addresses(const struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	union ip_addr src = ip6_from(ip->src_addr), dst = ip6_from(ip->dst_addr);
	bool group = ip6_is_multicast(&dst);

	if (unlikely(never_destination(&dst) || (group && ip6_multicast_scope(&dst) <= 1)))
		return DROP_IP6_DESTINATION;
	if (unlikely(!source_possible(w, ip, &src, group)))
		return DROP_IP6_SOURCE;
	/* everybody has got it, and none is meant */
	if (unlikely(pkt_meta(m)->flags & META_LINK_BROADCAST) && !group)
		return DROP_IP6_BROADCAST;
	return PASS;
}

static void fill_fragment(const struct rte_mbuf *m, struct pkt_meta *meta, uint16_t off)
{
	const struct ip6_fragment_header *header =
		rte_pktmbuf_mtod_offset(m, const struct ip6_fragment_header *, off);

	meta->fragment_id = header->id;
	meta->fragment_offset = rte_be_to_cpu_16(header->offset & IP6_FRAGMENT_OFFSET);
	if (header->offset & IP6_FRAGMENT_MORE)
		meta->flags |= META_FRAGMENT_MORE;
	meta->fragment_at = off + IP6_FRAGMENT_LEN;
	meta->fragment_len = (uint16_t)(m->pkt_len - meta->fragment_at);
}

static void fill_meta(struct rte_mbuf *m, const struct ip6_chain *chain)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	struct pkt_meta *meta = pkt_meta(m);

	meta->tuple = (struct tuple){
		.src = ip6_from(ip->src_addr),
		.dst = ip6_from(ip->dst_addr),
		.proto = chain->proto,
		.family = AF_INET6,
	};
	meta->l3_len = chain->l4_off;
	meta->l4_off = chain->l4_off;
	meta->l4_len = (uint16_t)(m->pkt_len - chain->l4_off);
	meta->ttl = ip->hop_limits;
	meta->tos = (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> 20);
	meta->out_port = PORT_NONE;
	meta->mtu = 0;
	meta->nexthop = (union ip_addr){ .u64 = { 0, 0 } };
	meta->flags = (meta->flags & (META_LINK_BROADCAST | META_INNERS)) | META_PARSED;
	if (chain->fragment)
		meta->flags |= META_FRAGMENT;
	if (chain->later)
		meta->flags |= META_FRAGMENT_LATER;
	if (unlikely(chain->fragment))
		fill_fragment(m, meta, chain->fragment_off);
}

static bool is_for_us(const struct worker *w, const struct pkt_meta *meta)
{
	return ip6_is_multicast(&meta->tuple.dst) || addr_is_local(w, AF_INET6, &meta->tuple.dst);
}

static const struct {
	enum drop_reason reason;
	int error; /* enum ip_error; -1: nothing is said */
} problems[] = {
	[IP6_CHAIN] = { DROP_IP6_CHAIN, -1 },
	[IP6_NEXT_HEADER] = { DROP_IP6_NEXT_HEADER, IP_ERROR_PROTOCOL },
	[IP6_ROUTING] = { DROP_IP6_ROUTING, IP_ERROR_HEADER },
	[IP6_ROUTING_0] = { DROP_IP6_ROUTING, IP_ERROR_HEADER },
	[IP6_OPTION_SILENT] = { DROP_IP6_OPTION, -1 },
	[IP6_OPTION] = { DROP_IP6_OPTION, IP_ERROR_OPTION },
	[IP6_OPTION_UNICAST] = { DROP_IP6_OPTION, IP_ERROR_OPTION },
};

/*
 * true: it goes on all the same, the problem is not ours. A router says nothing about a routing
 * header of type 0, and lets none pass.
 */
static bool passes_problem(struct worker *w, struct rte_mbuf *m, const struct ip6_chain *chain)
{
	const struct pkt_meta *meta = pkt_meta(m);
	bool ours = is_for_us(w, meta);
	int error = problems[chain->problem].error;

	if (chain->problem == IP6_CHAIN && chain->fragment && ours)
		error = IP_ERROR_CHAIN;
	if (!ours && !chain->of_routers && chain->problem != IP6_CHAIN)
		return true;
	if ((chain->problem == IP6_OPTION_UNICAST && ip6_is_multicast(&meta->tuple.dst)) ||
	    (chain->problem == IP6_ROUTING_0 && !ours))
		error = -1;
	if (error >= 0)
		ip_send_error(w, m, (enum ip_error)error,
			      error == IP_ERROR_CHAIN ? 0 : chain->pointer, NULL);
	drop(w, m, problems[chain->problem].reason);
	return false;
}

static void ip6_input_one(struct worker *w, struct rte_mbuf *m)
{
	unsigned int verdict = check_header(w, m);
	struct ip6_chain chain;

	if (likely(verdict == PASS))
		verdict = check_addresses(w, m);
	if (unlikely(verdict != PASS)) {
		drop(w, m, (enum drop_reason)verdict);
		return;
	}
	ip6_walk(m, &chain);
	fill_meta(m, &chain);
	if (unlikely(chain.problem)) {
		if (passes_problem(w, m, &chain))
			stage_push(w, STAGE_IPVS_INPUT, m);
		return;
	}
	if (unlikely(l4_is_hidden(m))) {
		drop(w, m, DROP_FRAG_TINY);
		return;
	}
	if (unlikely(!l4_read(m))) {
		if (chain.fragment && is_for_us(w, pkt_meta(m)))
			ip_send_error(w, m, IP_ERROR_CHAIN, 0, NULL);
		drop(w, m, DROP_L4_SHORT);
		return;
	}
	stage_push(w, STAGE_IPVS_INPUT, m);
}

void ip6_input(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++)
		ip6_input_one(w, in->pkts[i]);
}

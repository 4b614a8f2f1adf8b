/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip4-input: is this an IPv4 packet that may go on (RFC 1812 5.2.2, 5.3.7,
 * RFC 1122 3.2.1), and what is in it? Behind this stage the header is right,
 * its length is the packet's, addresses are such as may stand there, the first
 * segment has all headers, and the meta says the rest. Ports are read here, once.
 */
#include "net/ip4_int.h"

#include "link/port.h"
#include "net/addr.h"
#include "net/ip.h"
#include "net/l4.h"
#include "net/net.h"
#include "net/segments.h"
#include "packet/csum.h"
#include "worker/worker.h"

#define OPTION_END          0
#define OPTION_NOP          1
#define OPTION_LOOSE_ROUTE  131
#define OPTION_STRICT_ROUTE 137

enum verdict { PASS = DROP__COUNT };

static unsigned int check_checksum(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip,
				   uint16_t l3_len)
{
	uint64_t by_port = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	if (likely(by_port == RTE_MBUF_F_RX_IP_CKSUM_GOOD))
		return PASS;
	if (by_port == RTE_MBUF_F_RX_IP_CKSUM_BAD || !csum_ip4_right((const uint8_t *)ip, l3_len))
		return DROP_IP4_CHECKSUM;
	return PASS;
}

enum option_fault {
	OPTIONS_RIGHT,
	OPTIONS_MALFORMED,
	OPTIONS_SOURCE_ROUTE, /* they let the sender choose the way (RFC 6274 4.13) */
};

/* Those that we do not know pass, timestamps and recorded routes too. */
static enum option_fault check_options(const struct rte_ipv4_hdr *ip, uint16_t l3_len,
				       uint32_t *pointer)
{
	const uint8_t *option = (const uint8_t *)(ip + 1);
	const uint8_t *end = (const uint8_t *)ip + l3_len;

	while (option < end && *option != OPTION_END) {
		*pointer = (uint32_t)(option - (const uint8_t *)ip);
		if (*option == OPTION_NOP) {
			option++;
			continue;
		}
		if (end - option < 2 || option[1] < 2 || option[1] > end - option)
			return OPTIONS_MALFORMED;
		if (*option == OPTION_LOOSE_ROUTE || *option == OPTION_STRICT_ROUTE)
			return OPTIONS_SOURCE_ROUTE;
		option += option[1];
	}
	return OPTIONS_RIGHT;
}

/* Behind fill_meta(), as the sender is told (RFC 1812 4.3.3.5, 5.2.4.1). true: dropped. */
static bool options_refused(struct worker *w, struct rte_mbuf *m, uint16_t l3_len)
{
	uint32_t pointer = 0;
	enum option_fault fault = check_options(rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *),
						l3_len, &pointer);

	if (fault == OPTIONS_RIGHT)
		return false;
	if (fault == OPTIONS_SOURCE_ROUTE)
		ip_send_error(w, m, IP_ERROR_SOURCE_ROUTE, 0, NULL);
	else
		ip_send_error(w, m, IP_ERROR_HEADER, pointer, NULL);
	drop(w, m, DROP_IP4_OPTIONS);
	return true;
}

/* An address that somebody else may have. */
static bool source_of_others(const struct worker *w, be32 src)
{
	union ip_addr addr = ip_from_v4(src);

	if (unlikely(ip4_is_multicast(src) || ip4_is_reserved(src) || ip4_is_loopback(src)))
		return false;
	return addr_is_others(w, AF_INET, &addr);
}

static bool source_possible(const struct worker *w, const struct rte_ipv4_hdr *ip, bool broadcast)
{
	/* who has no address yet (DHCP) speaks to everybody */
	if (unlikely(ip4_in_net0(ip->src_addr)))
		return ip->src_addr == 0 && broadcast;
	return source_of_others(w, ip->src_addr);
}

bool ip4_addresses_usual(const struct worker *w, be32 src, be32 dst)
{
	return !ip4_in_net0(dst) && !ip4_is_loopback(dst) && !ip4_is_reserved(dst) &&
	       !ip4_is_multicast(dst) && !ip4_in_net0(src) && source_of_others(w, src);
}

static unsigned int check_addresses(const struct worker *w, struct rte_mbuf *m,
				    const struct rte_ipv4_hdr *ip)
{
	be32 dst = ip->dst_addr;
	bool broadcast = ip4_is_limited_broadcast(dst) || ip4_is_multicast(dst);

	if (unlikely(ip4_in_net0(dst) || ip4_is_loopback(dst) ||
		     (ip4_is_reserved(dst) && !broadcast)))
		return DROP_IP4_DESTINATION;
	if (unlikely(!source_possible(w, ip, broadcast)))
		return DROP_IP4_SOURCE;
	/* a unicast packet in a broadcast frame: everybody has got it (RFC 1122 3.3.6) */
	if (unlikely(pkt_meta(m)->flags & META_LINK_BROADCAST) && !broadcast) {
		union ip_addr addr = ip_from_v4(dst);

		if (!addr_is_broadcast(w, AF_INET, &addr))
			return DROP_IP4_BROADCAST;
	}
	return PASS;
}

/* Of a fragment: would its datagram be longer than any may be? */
static bool ends_beyond(const struct rte_ipv4_hdr *ip, uint32_t payload)
{
	uint32_t offset = rte_be_to_cpu_16(ip->fragment_offset) & RTE_IPV4_HDR_OFFSET_MASK;

	return offset * RTE_IPV4_HDR_OFFSET_UNITS + payload > UINT16_MAX;
}

/* Header, length and padding. Afterwards the packet is as long as it says, the header in one
 * segment. */
static unsigned int check_header(struct rte_mbuf *m, uint16_t *l3_len)
{
	const struct rte_ipv4_hdr *ip;
	uint16_t total;
	unsigned int verdict;

	if (unlikely(!segments_pull(m, IP4_HEADER_MIN)))
		return DROP_IP4_SHORT;
	ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	*l3_len = (ip->version_ihl & 0x0f) * 4;
	if (unlikely(ip->version_ihl >> 4 != 4 || *l3_len < IP4_HEADER_MIN))
		return DROP_IP4_VERSION;
	total = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(total < *l3_len || total > m->pkt_len || !segments_pull(m, *l3_len)))
		return DROP_IP4_SHORT;
	verdict = check_checksum(m, ip, *l3_len);
	if (unlikely(verdict != PASS))
		return verdict;
	if (m->pkt_len > total)
		segments_cut(m, total);
	if (unlikely(ends_beyond(ip, total - *l3_len)))
		return DROP_IP4_FRAGMENT;
	return PASS;
}

static void fill_fragment(struct pkt_meta *meta, be16 id, uint16_t fragment)
{
	meta->fragment_id = id;
	meta->fragment_offset =
		(uint16_t)((fragment & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS);
	meta->fragment_at = meta->l3_len;
	meta->fragment_len = meta->l4_len;
	if (fragment & RTE_IPV4_HDR_MF_FLAG)
		meta->flags |= META_FRAGMENT_MORE;
}

static void fill_meta(struct rte_mbuf *m, uint16_t l3_len)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	struct pkt_meta *meta = pkt_meta(m);
	uint16_t fragment = rte_be_to_cpu_16(ip->fragment_offset);

	meta->tuple.src = ip_from_v4(ip->src_addr);
	meta->tuple.dst = ip_from_v4(ip->dst_addr);
	tuple_set_rest(&meta->tuple, 0, 0, ip->next_proto_id, AF_INET, 0);
	meta->l3_len = l3_len;
	meta->l4_off = l3_len;
	meta->l4_len = (uint16_t)(m->pkt_len - l3_len);
	meta->ttl = ip->time_to_live;
	meta->tos = ip->type_of_service;
	meta->out_port = PORT_NONE;
	meta->mtu = 0;
	meta->nexthop = (union ip_addr){ .u64 = { 0, 0 } };
	meta->flags = (meta->flags & (META_LINK_BROADCAST | META_INNERS)) | META_PARSED;
	if (fragment & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK))
		meta->flags |= META_FRAGMENT;
	if (fragment & RTE_IPV4_HDR_OFFSET_MASK)
		meta->flags |= META_FRAGMENT_LATER;
	if (unlikely(meta->flags & META_FRAGMENT))
		fill_fragment(meta, ip->packet_id, fragment);
}

static void ip4_input_one(struct worker *w, struct rte_mbuf *m)
{
	uint16_t l3_len = 0;
	unsigned int verdict = check_header(m, &l3_len);

	if (likely(verdict == PASS))
		verdict = check_addresses(w, m, rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *));
	if (unlikely(verdict != PASS)) {
		drop(w, m, (enum drop_reason)verdict);
		return;
	}
	fill_meta(m, l3_len);
	if (unlikely(l3_len > IP4_HEADER_MIN && options_refused(w, m, l3_len)))
		return;
	if (unlikely(l4_is_hidden(m))) {
		drop(w, m, DROP_FRAG_TINY);
		return;
	}
	if (unlikely(!l4_read(m))) {
		drop(w, m, DROP_L4_SHORT);
		return;
	}
	stage_push(w, STAGE_IPVS_INPUT, m);
}

void ip4_input(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++)
		ip4_input_one(w, in->pkts[i]);
}

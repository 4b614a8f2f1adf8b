/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/icmp4-error: ICMP errors that we send (RFC 1812 4.3.2, RFC 1122 3.2.2).
 * They quote as much of the packet as fits 576 bytes. About what nothing may
 * be sent, and how many a second, is decided here, so that callers just report
 * what happened.
 */
#include <string.h>

#include <rte_icmp.h>

#include "link/port.h"
#include "net/addr.h"
#include "net/icmp4.h"
#include "net/ip4_int.h"
#include "net/net.h"
#include "net/route.h"
#include "net/segments.h"
#include "packet/csum.h"
#include "worker/worker.h"

#define ICMP_ERROR_MAX 576 /* bytes of the whole message, IPv4 header included */

/* May anything be sent to ip at all? */
static bool answerable_source(const struct worker *w, be32 ip)
{
	union ip_addr addr = ip_from_v4(ip);

	return !ip4_in_net0(ip) && !ip4_is_loopback(ip) && !ip4_is_multicast(ip) &&
	       !ip4_is_reserved(ip) && addr_is_others(w, AF_INET, &addr);
}

static bool answerable(const struct worker *w, const struct rte_mbuf *m,
		       const struct pkt_meta *meta, const struct rte_ipv4_hdr *ip)
{
	union ip_addr dst = ip_from_v4(ip->dst_addr);

	if (meta->flags & (META_FRAGMENT_LATER | META_LINK_BROADCAST))
		return false;
	if (ip4_is_multicast(ip->dst_addr) || ip4_is_limited_broadcast(ip->dst_addr) ||
	    addr_is_broadcast(w, AF_INET, &dst))
		return false;
	if (ip->next_proto_id == IPPROTO_ICMP) {
		uint8_t type;

		/* behind a forwarding rewrite l4_off still holds */
		if (m->data_len <= meta->l4_off)
			return false;
		type = *rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);
		if (icmp4_is_error(type))
			return false;
	}
	return answerable_source(w, ip->src_addr);
}

static void icmp4_fill(struct rte_icmp_hdr *icmp, uint8_t type, uint8_t code, uint32_t value,
		       uint16_t len)
{
	icmp->icmp_type = type;
	icmp->icmp_code = code;
	icmp->icmp_ident = rte_cpu_to_be_16((uint16_t)(value >> 16));
	icmp->icmp_seq_nb = rte_cpu_to_be_16((uint16_t)value); /* RFC 1191: an MTU's place */
	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = csum_finish(csum_sum(icmp, len, 0));
}

void icmp4_send_error(struct worker *w, struct rte_mbuf *m, uint8_t type, uint8_t code,
		      uint32_t value, be32 src)
{
	const struct rte_ipv4_hdr *about = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	union ip_addr to = ip_from_v4(about->src_addr);
	struct rte_ipv4_hdr *ip;
	struct nexthop nexthop;
	struct rte_mbuf *made;
	uint16_t quoted, len;

	if (!answerable(w, m, pkt_meta(m), about) || !route_output(w, AF_INET, &to, &nexthop))
		return;
	if (!src)
		src = nexthop.src.v4 ? nexthop.src.v4
				     : addr_select(w, AF_INET, nexthop.port, &to).v4;
	if (!src || !net_bucket_take(&w->net->icmp_bucket, w->net->config.icmp_rate, w->now_ms))
		return;
	made = worker_make_packet(w);
	if (!made)
		return;
	quoted = (uint16_t)RTE_MIN(m->pkt_len,
				   RTE_MIN((uint32_t)ICMP_ERROR_MAX, nexthop.mtu) - 28u);
	len = (uint16_t)(sizeof(struct rte_icmp_hdr) + quoted);
	ip = (struct rte_ipv4_hdr *)rte_pktmbuf_append(made, (uint16_t)(sizeof(*ip) + len));
	if (!ip) {
		drop(w, made, DROP_NO_MBUF);
		return;
	}
	segments_copy(m, 0, quoted, (uint8_t *)(ip + 1) + sizeof(struct rte_icmp_hdr));
	icmp4_fill((struct rte_icmp_hdr *)(ip + 1), type, code, value, len);
	ip4_header_fill(w, ip, src, to.v4, IPPROTO_ICMP, (uint16_t)made->pkt_len);
	ip->type_of_service = (about->type_of_service & 0x1e) | IP4_TOS_INTERNET_CONTROL;
	ip4_checksum(ip);
	pkt_meta(made)->out_port = nexthop.port;
	pkt_meta(made)->nexthop = nexthop.addr;
	pkt_meta(made)->mtu = nexthop.mtu;
	ip4_send(w, made);
}

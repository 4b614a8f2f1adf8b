/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/icmp6-error: ICMPv6 errors that we send (RFC 4443 2.4). They quote as
 * much of the packet as fits the smallest MTU. About what nothing may be sent,
 * and how many a second, is decided here, so that callers just report what
 * happened. Unlike in IPv4, two of them are sent about packets to groups:
 * path MTU discovery and options that want it must work there.
 */
#include "net/icmp6.h"

#include <rte_icmp.h>

#include "net/addr.h"
#include "net/ip6.h"
#include "net/ip6_headers.h"
#include "net/net.h"
#include "net/route.h"
#include "net/segments.h"
#include "packet/csum.h"
#include "worker/worker.h"

#define ICMP6_ERROR_HEADERS (IP6_HEADER_LEN + 8)

static bool about_groups(uint8_t type, uint8_t code)
{
	return type == ICMP6_PACKET_TOO_BIG ||
	       (type == ICMP6_PARAMETER_PROBLEM && code == ICMP6_OPTION);
}

/* Of a later fragment nobody knows whether it is one. */
static bool is_error_or_redirect(struct rte_mbuf *m, const struct pkt_meta *meta)
{
	uint8_t type;

	if (meta->tuple.proto != IPPROTO_ICMPV6)
		return false;
	if ((meta->flags & META_FRAGMENT_LATER) || m->data_len <= meta->l4_off)
		return true;
	type = *rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);
	return icmp6_is_error(type) || type == ICMP6_REDIRECT;
}

static bool answerable(const struct worker *w, struct rte_mbuf *m, bool groups)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const union ip_addr *src = &meta->tuple.src;

	if (!groups && ((meta->flags & META_LINK_BROADCAST) || ip6_is_multicast(&meta->tuple.dst)))
		return false;
	if (ip_is_zero(src) || ip6_is_multicast(src) || ip6_is_loopback(src) ||
	    addr_is_local(w, AF_INET6, src))
		return false;
	return !is_error_or_redirect(m, meta);
}

static void error_fill(struct rte_mbuf *made, uint8_t type, uint8_t code, uint32_t value)
{
	struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(made, struct rte_icmp_hdr *,
							    IP6_HEADER_LEN);
	be32 word = rte_cpu_to_be_32(value);

	icmp->icmp_type = type;
	icmp->icmp_code = code;
	memcpy(&icmp->icmp_ident, &word, sizeof(word));
	icmp->icmp_cksum = csum_l4_ip6(made, IP6_HEADER_LEN, IPPROTO_ICMPV6);
}

void icmp6_send_error(struct worker *w, struct rte_mbuf *m, uint8_t type, uint8_t code,
		      uint32_t value, const union ip_addr *src)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct rte_ipv6_hdr *ip;
	struct nexthop nexthop;
	union ip_addr from;
	struct rte_mbuf *made;
	uint16_t quoted;

	if (!answerable(w, m, about_groups(type, code)) || !ip6_way_back(w, meta, &nexthop))
		return;
	from = src ? *src : ip6_answer_from(w, meta, &nexthop);
	if (ip_is_zero(&from) ||
	    !net_bucket_take(&w->net->icmp6_bucket, w->net->config.icmp_rate, w->now_ms))
		return;
	made = worker_make_packet(w);
	if (!made)
		return;
	quoted = (uint16_t)RTE_MIN(m->pkt_len, (uint32_t)IP6_MTU_MIN - ICMP6_ERROR_HEADERS);
	ip = (struct rte_ipv6_hdr *)rte_pktmbuf_append(made, ICMP6_ERROR_HEADERS + quoted);
	if (!ip) {
		drop(w, made, DROP_NO_MBUF);
		return;
	}
	segments_copy(m, 0, quoted, (uint8_t *)ip + ICMP6_ERROR_HEADERS);
	ip6_header_fill(ip, &from, &meta->tuple.src, IPPROTO_ICMPV6, 8 + quoted);
	error_fill(made, type, code, value);
	pkt_meta(made)->out_port = nexthop.port;
	pkt_meta(made)->nexthop = nexthop.addr;
	pkt_meta(made)->mtu = nexthop.mtu;
	ip6_send(w, made);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/icmp6: ICMPv6 messages to our own addresses and groups. An echo request
 * becomes its reply in place: addresses change sides, or an address of ours
 * takes a group's place, and extension headers are left out. Neighbour
 * Discovery goes to nd6, which looks at what no other type has. Everything else
 * is taken note of by its drop reason: errors about connections have been taken
 * by their owners before this.
 */
#include "net/icmp6.h"

#include <rte_icmp.h>

#include "net/ip6.h"
#include "net/ip6_headers.h"
#include "net/mld.h"
#include "net/nd6.h"
#include "net/route.h"
#include "net/tunnel_device.h"
#include "packet/csum.h"
#include "worker/worker.h"

static void icmp6_echo(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	union ip_addr asker = meta->tuple.src, ours;
	uint16_t l4_len = meta->l4_len;
	struct rte_icmp_hdr *icmp;
	struct rte_ipv6_hdr *ip;
	struct nexthop back;

	if (ip_is_zero(&asker) || !ip6_way_back(w, meta, &back)) {
		drop(w, m, DROP_IP6_NO_ROUTE);
		return;
	}
	ours = ip6_answer_from(w, meta, &back);
	if (ip_is_zero(&ours)) {
		drop(w, m, DROP_IP6_NO_ROUTE);
		return;
	}
	rte_pktmbuf_adj(m, meta->l4_off - IP6_HEADER_LEN);
	ip = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	ip6_header_fill(ip, &ours, &asker, IPPROTO_ICMPV6, l4_len);
	ip->vtc_flow |= rte_cpu_to_be_32((uint32_t)meta->tos << 20);
	icmp = (struct rte_icmp_hdr *)(ip + 1);
	icmp->icmp_type = ICMP6_ECHO_REPLY;
	icmp->icmp_cksum = csum_l4_ip6(m, IP6_HEADER_LEN, IPPROTO_ICMPV6);
	m->ol_flags = 0;
	meta->flags = META_LOCAL_OUT;
	meta->out_port = back.port;
	meta->nexthop = back.addr;
	meta->mtu = back.mtu;
	ip6_send(w, m);
}

void icmp6_local(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);

	if (nd6_is_type(icmp[0])) {
		nd6_input(w, m);
		return;
	}
	if (!csum_icmp6_right(m, meta->l4_off))
		drop(w, m, DROP_ICMP_CHECKSUM);
	else if (icmp[0] == ICMP6_ECHO && icmp[1] == 0)
		icmp6_echo(w, m);
	else if (mld_is_type(icmp[0]))
		mld_input(w, m);
	else if (!icmp6_is_error(icmp[0]))
		drop(w, m, DROP_ICMP_DONE);
	else if (!tunnel_device_error(w, m))
		drop(w, m, DROP_ICMP_UNRELATED);
}

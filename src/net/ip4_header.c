/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip4-header: headers of packets that we make, and their way to the
 * output stage. They carry DF, as they are small and never fragmented; the
 * identification counts up nevertheless, for those who look at it.
 */
#include "net/ip4_int.h"

#include <rte_icmp.h>

#include "link/port.h"
#include "net/net.h"
#include "packet/csum.h"
#include "worker/worker.h"

void ip4_checksum(struct rte_ipv4_hdr *ip)
{
	ip->hdr_checksum = 0;
	ip->hdr_checksum = csum_finish(csum_sum(ip, (ip->version_ihl & 0x0f) * 4, 0));
}

void ip4_header_fill(struct worker *w, struct rte_ipv4_hdr *ip, be32 src, be32 dst, uint8_t proto,
		     uint16_t total_len)
{
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->type_of_service = 0;
	ip->total_length = rte_cpu_to_be_16(total_len);
	ip->packet_id = ip4_next_id(w);
	ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = w->net->config.ip4_default_ttl;
	ip->next_proto_id = proto;
	ip->src_addr = src;
	ip->dst_addr = dst;
	ip4_checksum(ip);
}

void ip4_send(struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	struct pkt_meta *meta = pkt_meta(m);

	meta->tuple = (struct tuple){
		.src = ip_from_v4(ip->src_addr),
		.dst = ip_from_v4(ip->dst_addr),
		.proto = ip->next_proto_id,
		.family = AF_INET,
	};
	meta->l3_len = sizeof(*ip);
	meta->l4_off = sizeof(*ip);
	meta->l4_len = (uint16_t)(m->pkt_len - sizeof(*ip));
	meta->ttl = ip->time_to_live;
	meta->tos = ip->type_of_service;
	meta->in_port = PORT_NONE;
	meta->flags |= META_PARSED;
	stage_push(w, STAGE_IP_OUTPUT, m);
}

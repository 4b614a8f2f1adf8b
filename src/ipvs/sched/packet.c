/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/sched/packet: see the header. */
#include "ipvs/sched/packet.h"

#include <netinet/in.h>

#include <rte_udp.h>

#include "packet/meta.h"
#include "worker/worker.h"

struct sched_packet sched_packet_of(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint32_t at = meta->l4_off + (uint32_t)sizeof(struct rte_udp_hdr);
	struct sched_packet packet = { .tuple = &meta->tuple, .now_ms = w->now_ms };

	if (meta->tuple.proto == IPPROTO_UDP && at < m->data_len) {
		packet.payload = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);
		packet.payload_len = RTE_MIN(m->data_len - at,
					     meta->l4_len - (uint32_t)sizeof(struct rte_udp_hdr));
	}
	return packet;
}

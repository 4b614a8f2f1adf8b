/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/icmp4: ICMP messages to our own addresses. An echo request becomes its
 * reply in place: addresses change sides, the type changes, the ICMP checksum
 * by that difference. Options are left out of the answer. A redirect is no news
 * for a router (RFC 1812 5.2.7.2), but may be for the kernel's own. Everything else is taken note
 * of by its drop reason: errors about connections have been taken by their owners before this.
 */
#include "net/icmp4.h"

#include <string.h>

#include <rte_icmp.h>

#include "link/kni.h"
#include "net/ip4_int.h"
#include "net/net.h"
#include "net/tunnel_device.h"
#include "packet/csum.h"
#include "worker/worker.h"

static uint32_t sum_segments(const struct rte_mbuf *m, uint16_t offset)
{
	uint32_t sum = 0;
	bool odd = false;

	for (; m; m = m->next, offset = 0) {
		uint32_t len = m->data_len - offset;
		uint32_t part =
			csum_fold(csum_sum(rte_pktmbuf_mtod_offset(m, void *, offset), len, 0));

		sum += odd ? rte_bswap16((uint16_t)part) : part;
		odd ^= len & 1;
	}
	return sum;
}

static void icmp4_echo(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, meta->l4_off);
	struct rte_ipv4_hdr *ip;
	be32 asker = meta->tuple.src.v4, ours = meta->tuple.dst.v4;
	uint8_t tos = meta->tos;

	icmp->icmp_cksum = csum_apply(
		icmp->icmp_cksum,
		csum_delta16(RTE_BE16(ICMP4_ECHO << 8), RTE_BE16(ICMP4_ECHO_REPLY << 8)));
	if (unlikely(icmp->icmp_cksum == 0))
		icmp->icmp_cksum = 0xffff; /* the same number, and right for a message of zeros */
	icmp->icmp_type = ICMP4_ECHO_REPLY;
	rte_pktmbuf_adj(m, meta->l3_len - IP4_HEADER_MIN);
	ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	ip4_header_fill(w, ip, ours, asker, IPPROTO_ICMP, (uint16_t)m->pkt_len);
	ip->type_of_service = tos;
	ip->fragment_offset = 0; /* may be longer than the way back allows */
	ip4_checksum(ip);
	m->ol_flags = 0;
	meta->flags = META_LOCAL_OUT;
	ip4_send(w, m);
}

void icmp4_local(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(m, const struct rte_icmp_hdr *,
								  meta->l4_off);

	if (csum_finish(sum_segments(m, meta->l4_off)) != 0)
		drop(w, m, DROP_ICMP_CHECKSUM);
	else if (icmp->icmp_type == ICMP4_ECHO && icmp->icmp_code == 0)
		icmp4_echo(w, m);
	else if (icmp->icmp_type == ICMP4_REDIRECT)
		kni_or_drop(w, m, DROP_ICMP_REDIRECT);
	else if (!icmp4_is_error(icmp->icmp_type))
		kni_or_drop(w, m, DROP_ICMP_DONE);
	else if (!tunnel_device_error(w, m))
		kni_or_drop(w, m, DROP_ICMP_UNRELATED);
}

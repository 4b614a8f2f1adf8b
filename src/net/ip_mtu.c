/* SPDX-License-Identifier: BSD-3-Clause */
/* net/ip-mtu: how long a packet may be, and whether it may become several: what all ways out ask,
 * packets of our own too. */
#include <rte_ip.h>

#include "net/ip.h"
#include "net/ip6.h"

#define IP4_MTU_MIN 68 /* of any link, RFC 791 */

bool ip_may_be_cut(const struct rte_mbuf *m, unsigned int family, bool tunnel)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);

	if (family == AF_INET6)
		return tunnel && m->pkt_len <= IP6_MTU_MIN;
	return !(ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG));
}

uint16_t ip_inner_mtu(unsigned int family, uint16_t mtu, uint16_t more)
{
	uint16_t least = family == AF_INET ? IP4_MTU_MIN : IP6_MTU_MIN;

	if (more == 0)
		return mtu;
	return mtu > least + more ? mtu - more : least;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip-local: packets for our own addresses that no service took. ICMP is
 * ours, and what our tunnels' other ends send; nothing else has a listener
 * here. The kernel may have the address too, and a listener (BGP, ssh); else
 * who sent it is told so in the way of its protocol (RFC 1122 3.2.2.1, RFC 9293
 * 3.10.7.1).
 */
#include "net/ip.h"

#include <netinet/in.h>

#include "net/addr.h"
#include "net/icmp4.h"
#include "net/icmp6.h"
#include "net/ip6_headers.h"
#include "net/kernel_addr.h"
#include "net/reassembly.h"
#include "net/tunnel_device.h"
#include "worker/worker.h"

/* Where the IPv6 header or the last extension header names what follows. */
static uint32_t protocol_pointer(struct rte_mbuf *m)
{
	struct ip6_chain chain;

	if (pkt_meta(m)->tuple.family == AF_INET)
		return 0;
	ip6_walk(m, &chain);
	return chain.next_off;
}

static void local_refuse(struct worker *w, struct rte_mbuf *m)
{
	const struct tuple *tuple = &pkt_meta(m)->tuple;

	if (kernel_may_listen(w, pkt_meta(m))) {
		stage_push(w, STAGE_KERNEL_TX, m);
		return;
	}
	if (tuple->proto == IPPROTO_TCP)
		tcp_send_reset(w, m);
	else if (tuple->proto == IPPROTO_UDP)
		ip_send_error(w, m, IP_ERROR_PORT, 0, &tuple->dst);
	else if (tuple->family == AF_INET || tuple->proto != IPPROTO_NONE)
		ip_send_error(w, m, IP_ERROR_PROTOCOL, protocol_pointer(m), &tuple->dst);
	drop(w, m, DROP_IP(tuple->family, NO_LISTENER));
}

/* IPv6: behind headers that only the first fragment has in full may be what is ours. */
static bool begins_with_headers(struct rte_mbuf *m)
{
	uint8_t next;

	if (pkt_meta(m)->tuple.family == AF_INET)
		return false;
	next = ip6_fragment_next(m);
	return next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING;
}

/* ICMP and tunnels are ours; who else may have a listener reassembles for himself. */
static void local_fragment(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (!tuple_is_icmp(&meta->tuple) && !tunnel_device_meant(w, meta) &&
	    !begins_with_headers(m) && kernel_may_listen(w, meta))
		stage_push(w, STAGE_KERNEL_TX, m);
	else
		reassembly_take(w, m);
}

void ip_local(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++) {
		struct rte_mbuf *m = in->pkts[i];
		const struct pkt_meta *meta = pkt_meta(m);

		if (meta->tuple.family == AF_INET6 &&
		    unlikely(addr_is_tentative(w, AF_INET6, &meta->tuple.dst)))
			drop(w, m, DROP_IP6_TENTATIVE);
		else if (unlikely(meta->flags & META_FRAGMENT))
			local_fragment(w, m);
		else if (unlikely(tunnel_device_meant(w, meta)))
			tunnel_device_input(w, m);
		else if (!tuple_is_icmp(&meta->tuple))
			local_refuse(w, m);
		else if (meta->tuple.family == AF_INET)
			icmp4_local(w, m);
		else
			icmp6_local(w, m);
	}
}

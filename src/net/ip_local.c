/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip-local: packets for our own addresses that no service took. ICMP is
 * ours; nothing else has a listener here. If there is a kernel interface, the
 * kernel may have the address too, and a listener (BGP, ssh); else who sent it
 * is told so in the way of its protocol (RFC 1122 3.2.2.1, RFC 9293 3.10.7.1).
 */
#include "net/ip.h"

#include "link/kni.h"
#include "net/icmp4.h"
#include "net/ip4_int.h"
#include "worker/worker.h"

static void ip4_local_refuse(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint8_t code = ICMP4_PROTOCOL_UNREACHABLE;

	if (kni_ready(w, meta->in_port)) {
		stage_push(w, STAGE_KERNEL_TX, m);
		return;
	}
	if (meta->tuple.proto == IPPROTO_TCP) {
		tcp4_send_reset(w, m);
	} else {
		if (meta->tuple.proto == IPPROTO_UDP)
			code = ICMP4_PORT_UNREACHABLE;
		icmp4_send_error(w, m, ICMP4_UNREACHABLE, code, 0, meta->tuple.dst.v4);
	}
	drop(w, m, DROP_IP4_NO_LISTENER);
}

void ip_local(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++) {
		struct rte_mbuf *m = in->pkts[i];
		const struct pkt_meta *meta = pkt_meta(m);

		if (unlikely(meta->flags & META_FRAGMENT))
			drop(w, m, DROP_IP(meta->tuple.family, FRAGMENT));
		else if (meta->tuple.family == AF_INET6)
			kni_or_drop(w, m, DROP_IP6_NO_LISTENER);
		else if (meta->tuple.proto == IPPROTO_ICMP)
			icmp4_local(w, m);
		else
			ip4_local_refuse(w, m);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/arp: the Address Resolution Protocol (RFC 826) in both roles. Requests
 * for an address of the receiving port are answered in place, at once, by the
 * worker that got them. Who sends is learnt only from messages meant for us
 * and from gratuitous ones about neighbours that the table has (neigh_learn.c).
 * What the master wants to be sent comes as ops.
 */
#include "net/arp_int.h"

#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>

#include "link/kni.h"
#include "net/addr.h"
#include "net/l2.h"
#include "net/neigh_int.h"
#include "net/segments.h"
#include "worker/event.h"

static bool ip4_unicast(be32 ip)
{
	uint8_t first = (uint8_t)(rte_be_to_cpu_32(ip) >> 24);

	return first != 0 && first != 127 && first < 224;
}

static bool arp_valid(const struct rte_arp_hdr *arp)
{
	be32 sender = arp->arp_data.arp_sip;

	return arp->arp_hardware == RTE_BE16(RTE_ARP_HRD_ETHER) &&
	       arp->arp_protocol == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       arp->arp_hlen == RTE_ETHER_ADDR_LEN && arp->arp_plen == sizeof(be32) &&
	       (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) ||
		arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY)) &&
	       rte_is_valid_assigned_ether_addr(&arp->arp_data.arp_sha) &&
	       (sender == 0 || ip4_unicast(sender));
}

static struct neigh_heard arp_heard(const struct rte_arp_hdr *arp, uint16_t port)
{
	return (struct neigh_heard){
		.ip = ip_from_v4(arp->arp_data.arp_sip),
		.port = port,
		.family = AF_INET,
		.how = EVENT_HEARD,
		.mac = arp->arp_data.arp_sha,
	};
}

static void arp_learn(struct worker *w, const struct rte_arp_hdr *arp, uint16_t port,
		      bool known_only, bool answer)
{
	struct neigh_heard heard = arp_heard(arp, port);

	heard.known_only = known_only;
	heard.answer = answer;
	if (!ip_is_zero(&heard.ip))
		neigh_hear(w, &heard);
}

/* data at the ARP message, 28 bytes of it filled but for the hardware addresses of the frame */
static void arp_push(struct worker *w, struct rte_mbuf *m, uint16_t port,
		     const struct rte_ether_addr *to)
{
	m->ol_flags = 0;
	l2_push(w, m, port, to, RTE_BE16(RTE_ETHER_TYPE_ARP));
}

static void arp_answer(struct worker *w, struct rte_mbuf *m, uint16_t port)
{
	struct rte_arp_hdr *arp = rte_pktmbuf_mtod(m, struct rte_arp_hdr *);
	be32 ours = arp->arp_data.arp_tip;

	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = w->link->ports[port].mac;
	arp->arp_data.arp_sip = ours;
	segments_cut(m, sizeof(*arp)); /* their padding is not ours */
	arp_push(w, m, port, &arp->arp_data.arp_tha);
}

static void arp_input_one(struct worker *w, struct rte_mbuf *m)
{
	uint16_t port = pkt_meta(m)->in_port;
	const struct rte_arp_hdr *arp;
	union ip_addr sender, target;

	if (!segments_pull(m, sizeof(*arp)) ||
	    !arp_valid(rte_pktmbuf_mtod(m, const struct rte_arp_hdr *))) {
		drop(w, m, DROP_ARP_INVALID);
		return;
	}
	arp = rte_pktmbuf_mtod(m, const struct rte_arp_hdr *);
	sender = ip_from_v4(arp->arp_data.arp_sip);
	target = ip_from_v4(arp->arp_data.arp_tip);
	if (addr_on_port(w, AF_INET, &sender, port)) {
		struct neigh_heard heard = arp_heard(arp, port);

		if (!rte_is_same_ether_addr(&heard.mac, &w->link->ports[port].mac))
			neigh_tell_limited(w, EVENT_NEIGH_CONFLICT, &heard);
		kni_or_drop(w, m, DROP_ARP_DONE);
		return;
	}
	if (!addr_on_port(w, AF_INET, &target, port)) {
		if (ip_equal(&sender, &target)) /* gratuitous */
			arp_learn(w, arp, port, true, false);
		kni_or_drop(w, m, DROP_ARP_DONE);
		return;
	}
	if (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST)) {
		arp_learn(w, arp, port, false, false);
		arp_answer(w, m, port);
	} else {
		arp_learn(w, arp, port, false, true);
		kni_or_drop(w, m, DROP_ARP_DONE);
	}
}

void arp_input(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++)
		arp_input_one(w, in->pkts[i]);
}

static void arp_send_request(struct worker *w, uint16_t port, be32 from, be32 about,
			     const struct rte_ether_addr *to)
{
	struct rte_arp_hdr *arp;
	struct rte_mbuf *m;

	if (!w->link->ports[port].up)
		return;
	m = worker_make_packet(w);
	if (!m)
		return;
	arp = (struct rte_arp_hdr *)rte_pktmbuf_append(m, sizeof(*arp));
	if (!arp) {
		drop(w, m, DROP_NO_MBUF);
		return;
	}
	memset(arp, 0, sizeof(*arp));
	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = RTE_ETHER_ADDR_LEN;
	arp->arp_plen = sizeof(be32);
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST);
	arp->arp_data.arp_sha = w->link->ports[port].mac;
	arp->arp_data.arp_sip = from;
	arp->arp_data.arp_tip = about;
	arp_push(w, m, port, to);
}

/* What the ops below carry. */
struct arp_order {
	union ip_addr ip;
	uint16_t port;
	struct rte_ether_addr mac;
};

static const struct rte_ether_addr ether_broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

static void arp_apply_ask(struct worker *w, struct op *op)
{
	const struct arp_order *order = op_data(op);
	/* 0 when the port has no address: then it is a probe (RFC 5227), which is answered too */
	union ip_addr from = addr_select(w, AF_INET, order->port, &order->ip);

	arp_send_request(w, order->port, from.v4, order->ip.v4, &order->mac);
}

static void arp_apply_announce(struct worker *w, struct op *op)
{
	const struct arp_order *order = op_data(op);

	arp_send_request(w, order->port, order->ip.v4, order->ip.v4, &order->mac);
}

int arp_ask(struct worker *w, uint16_t port, const union ip_addr *ip,
	    const struct rte_ether_addr *mac)
{
	struct arp_order order = {
		.ip = *ip,
		.port = port,
		.mac = mac ? *mac : ether_broadcast,
	};

	return op_unicast(w, arp_apply_ask, NULL, &order, sizeof(order));
}

int arp_announce(struct worker *w, uint16_t port, const union ip_addr *ip)
{
	struct arp_order order = { .ip = *ip, .port = port, .mac = ether_broadcast };

	if (!w->link->ports[port].up)
		return 0;
	return op_unicast(w, arp_apply_announce, NULL, &order, sizeof(order));
}

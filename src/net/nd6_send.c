/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/nd6-send: the solicitations and advertisements that we send (RFC 4861
 * 4.3, 4.4, 7.2). They go straight to TX, whose MAC address is known: a group's,
 * or that of who asked; only an answer to somebody who has not said his MAC
 * address goes by the neighbour table.
 */
#include "net/nd6_int.h"

#include <string.h>

#include <rte_ip.h>

#include "link/port.h"
#include "net/addr.h"
#include "net/l2.h"
#include "net/maddr.h"
#include "net/net.h"
#include "packet/csum.h"
#include "worker/op.h"
#include "worker/worker.h"

struct nd6_out {
	uint16_t port;
	uint8_t type;
	uint8_t option; /* enum nd6_option */
	uint32_t flags;
	union ip_addr src, dst, target;
};

static const union ip_addr all_nodes = { .v6 = { 0xff, 2, [15] = 1 } };

struct nd6_frame {
	struct rte_ipv6_hdr ip;
	struct nd6_header nd;
	struct nd6_option_mac option;
} __rte_packed;

void nd6_nonce(const struct worker *w, uint16_t port, const union ip_addr *ip,
	       uint8_t nonce[ND6_NONCE_LEN])
{
	struct {
		union ip_addr ip;
		uint64_t port;
	} about = { *ip, port };
	uint64_t hash = siphash(&w->flow_key, &about, sizeof(about));

	memcpy(nonce, &hash, ND6_NONCE_LEN);
}

static void nd6_fill(const struct worker *w, struct nd6_frame *frame, const struct nd6_out *out)
{
	uint16_t len = sizeof(frame->nd) + sizeof(frame->option);

	memset(frame, 0, sizeof(*frame));
	frame->ip.vtc_flow = RTE_BE32(0x60000000);
	frame->ip.payload_len = rte_cpu_to_be_16(len);
	frame->ip.proto = IPPROTO_ICMPV6;
	frame->ip.hop_limits = ND6_HOP_LIMIT;
	memcpy(frame->ip.src_addr, out->src.v6, 16);
	memcpy(frame->ip.dst_addr, out->dst.v6, 16);
	frame->nd.type = out->type;
	frame->nd.flags = rte_cpu_to_be_32(out->flags);
	memcpy(frame->nd.target, out->target.v6, 16);
	frame->option.type = out->option;
	frame->option.units = 1;
	if (out->option == ND6_OPTION_NONCE)
		nd6_nonce(w, out->port, &out->target, frame->option.mac.addr_bytes);
	else
		frame->option.mac = w->link->ports[out->port].mac;
}

/* mac NULL: that of dst is asked of the neighbour table. */
static void nd6_send(struct worker *w, const struct nd6_out *out, const struct rte_ether_addr *mac)
{
	struct nd6_frame *frame;
	struct pkt_meta *meta;
	struct rte_mbuf *m;

	if (!w->link->ports[out->port].up || w->net->config.ip6_disable)
		return;
	m = worker_make_packet(w);
	if (!m)
		return;
	frame = (struct nd6_frame *)rte_pktmbuf_append(m, sizeof(*frame));
	if (!frame) {
		drop(w, m, DROP_NO_MBUF);
		return;
	}
	nd6_fill(w, frame, out);
	frame->nd.checksum = csum_l4_ip6(m, sizeof(frame->ip), IPPROTO_ICMPV6);
	if (mac) {
		l2_push(w, m, out->port, mac, RTE_BE16(RTE_ETHER_TYPE_IPV6));
		return;
	}
	meta = pkt_meta(m);
	meta->tuple.family = AF_INET6;
	meta->tuple.src = out->src;
	meta->tuple.dst = out->dst;
	meta->nexthop = out->dst;
	meta->out_port = out->port;
	meta->mtu = w->link->ports[out->port].mtu;
	stage_push(w, STAGE_NEIGH_OUTPUT, m);
}

static void nd6_advertise(struct worker *w, uint16_t port, const union ip_addr *ours,
			  const union ip_addr *to, const struct rte_ether_addr *mac)
{
	struct nd6_out out = {
		.port = port,
		.type = ND6_NEIGHBOUR_ADVERTISEMENT,
		.option = ND6_OPTION_TARGET,
		.flags = ND6_FLAG_OVERRIDE,
		.src = *ours,
		.dst = ip_is_zero(to) ? all_nodes : *to,
		.target = *ours,
	};
	struct rte_ether_addr to_all = maddr_mac(AF_INET6, &all_nodes);

	if (w->net->config.ip6_forwarding)
		out.flags |= ND6_FLAG_ROUTER;
	if (!ip_is_zero(to))
		out.flags |= ND6_FLAG_SOLICITED;
	nd6_send(w, &out, ip_is_zero(to) ? &to_all : mac);
}

void nd6_answer(struct worker *w, uint16_t port, const union ip_addr *ours, const union ip_addr *to,
		const struct rte_ether_addr *mac)
{
	nd6_advertise(w, port, ours, to, mac);
}

/* What the ops below carry. */
struct nd6_order {
	union ip_addr ip;
	uint16_t port;
	bool alone; /* mac counts */
	struct rte_ether_addr mac;
};

static void nd6_apply_ask(struct worker *w, struct op *op)
{
	const struct nd6_order *order = op_data(op);
	struct nd6_out out = {
		.port = order->port,
		.type = ND6_NEIGHBOUR_SOLICITATION,
		.option = ND6_OPTION_SOURCE,
		.src = addr_select(w, AF_INET6, order->port, &order->ip),
		.dst = order->alone ? order->ip : maddr_solicited_node(&order->ip),
		.target = order->ip,
	};
	struct rte_ether_addr group = maddr_mac(AF_INET6, &out.dst);

	/* from the unspecified address it would claim the other's (RFC 4862 5.4.3) */
	if (!ip_is_zero(&out.src))
		nd6_send(w, &out, order->alone ? &order->mac : &group);
}

static void nd6_apply_probe(struct worker *w, struct op *op)
{
	const struct nd6_order *order = op_data(op);
	struct nd6_out out = {
		.port = order->port,
		.type = ND6_NEIGHBOUR_SOLICITATION,
		.option = ND6_OPTION_NONCE,
		.dst = maddr_solicited_node(&order->ip),
		.target = order->ip,
	};
	struct rte_ether_addr group = maddr_mac(AF_INET6, &out.dst);

	nd6_send(w, &out, &group);
}

static void nd6_apply_announce(struct worker *w, struct op *op)
{
	static const union ip_addr everybody = { .u64 = { 0, 0 } };
	const struct nd6_order *order = op_data(op);

	nd6_advertise(w, order->port, &order->ip, &everybody, NULL);
}

int nd6_ask(struct worker *w, uint16_t port, const union ip_addr *ip,
	    const struct rte_ether_addr *mac)
{
	struct nd6_order order = { .ip = *ip, .port = port, .alone = mac != NULL };

	if (mac)
		order.mac = *mac;
	return op_unicast(w, nd6_apply_ask, NULL, &order, sizeof(order));
}

int nd6_probe(struct worker *w, uint16_t port, const union ip_addr *ip)
{
	struct nd6_order order = { .ip = *ip, .port = port };

	return op_unicast(w, nd6_apply_probe, NULL, &order, sizeof(order));
}

int nd6_announce(struct worker *w, uint16_t port, const union ip_addr *ip)
{
	struct nd6_order order = { .ip = *ip, .port = port };

	return op_unicast(w, nd6_apply_announce, NULL, &order, sizeof(order));
}

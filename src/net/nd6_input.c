/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/nd6-input: Neighbour Discovery that comes in. Every message is checked
 * whole first (RFC 4861 7.1), with a reason of its own for each thing that may
 * be wrong. Solicitations for our addresses are answered at once by the worker
 * that got them; what is learnt goes to the master (neigh_learn.c). A tentative
 * address neither answers nor learns: who speaks for it makes it a duplicate
 * (RFC 4862 5.4). Routers' messages and redirects are not for a router.
 */
#include "net/nd6_int.h"

#include <string.h>

#include <rte_ip.h>

#include "link/kni.h"
#include "net/addr_int.h"
#include "net/ip6.h"
#include "net/maddr.h"
#include "net/neigh_int.h"
#include "net/segments.h"
#include "packet/csum.h"
#include "worker/event.h"

struct nd6_in {
	uint16_t port;
	uint16_t len; /* of the ICMPv6 message */
	const struct nd6_header *nd;
	union ip_addr src, dst, target;
	const struct rte_ether_addr
		*mac;         /* source's or target's, as the type has it; NULL: not said */
	const uint8_t *nonce; /* NULL: none */
};

/* false: an option of no length, or one that ends behind the message. */
static bool read_options(struct nd6_in *in, uint8_t wanted)
{
	const uint8_t *at = (const uint8_t *)(in->nd + 1);
	const uint8_t *end = (const uint8_t *)in->nd + in->len;

	while (at < end) {
		const struct nd6_option_mac *option = (const void *)at;
		size_t len = end - at < 8 ? 0 : option->units * 8u;

		if (len == 0 || len > (size_t)(end - at))
			return false;
		if (option->type == wanted && option->units == 1)
			in->mac = &option->mac;
		if (option->type == ND6_OPTION_NONCE && option->units == 1)
			in->nonce = option->mac.addr_bytes;
		at += len;
	}
	return true;
}

/* What both kinds have in common; DROP__COUNT: nothing is wrong. */
static enum drop_reason read_message(struct rte_mbuf *m, struct nd6_in *in)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_ipv6_hdr *ip;

	if (meta->l4_len < sizeof(*in->nd) || !segments_pull(m, meta->l4_off + meta->l4_len))
		return DROP_ND6_SHORT;
	ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	in->port = meta->in_port;
	in->len = meta->l4_len;
	in->nd = rte_pktmbuf_mtod_offset(m, const struct nd6_header *, meta->l4_off);
	memcpy(in->src.v6, ip->src_addr, 16);
	memcpy(in->dst.v6, ip->dst_addr, 16);
	memcpy(in->target.v6, in->nd->target, 16);
	if (!csum_icmp6_right(m, meta->l4_off))
		return DROP_ICMP_CHECKSUM;
	if (in->nd->code != 0)
		return DROP_ND6_CODE;
	if (ip6_is_multicast(&in->target) || ip_is_zero(&in->target))
		return DROP_ND6_TARGET;
	if (!read_options(in, in->nd->type == ND6_NEIGHBOUR_SOLICITATION ? ND6_OPTION_SOURCE
									 : ND6_OPTION_TARGET))
		return DROP_ND6_OPTION;
	if (in->mac && !rte_is_valid_assigned_ether_addr(in->mac))
		return DROP_ND6_OPTION;
	return DROP__COUNT;
}

static void tell_claim(struct worker *w, const struct nd6_in *in, enum event_kind kind)
{
	struct neigh_heard heard = {
		.ip = in->target,
		.port = in->port,
		.family = AF_INET6,
	};

	if (in->mac)
		heard.mac = *in->mac;
	neigh_tell_limited(w, kind, &heard);
}

/* Has our own question about a tentative address come back (RFC 7527 4.2)? */
static bool is_echo(const struct worker *w, const struct nd6_in *in)
{
	uint8_t ours[ND6_NONCE_LEN];

	if (!in->nonce)
		return false;
	nd6_nonce(w, in->port, &in->target, ours);
	return memcmp(ours, in->nonce, sizeof(ours)) == 0;
}

static bool is_solicited_node(const union ip_addr *ip)
{
	static const union ip_addr any = { .u64 = { 0, 0 } };
	union ip_addr group = maddr_solicited_node(&any);

	return memcmp(group.v6, ip->v6, 13) == 0;
}

static enum drop_reason take_solicitation(struct worker *w, const struct nd6_in *in)
{
	bool claims = ip_is_zero(&in->src);
	const struct addr *addr;

	if ((claims && (in->mac || !is_solicited_node(&in->dst))) || ip6_is_multicast(&in->src))
		return DROP_ND6_SOURCE;
	addr = addr_find_ip(w, AF_INET6, &in->target, in->port);
	if (!addr)
		return DROP_ND6_DONE;
	if (addr->flags & API_ADDR_TENTATIVE) {
		if (claims && !is_echo(w, in))
			tell_claim(w, in, EVENT_ADDR_DUPLICATE);
		return DROP_ND6_DONE;
	}
	if (!claims && in->mac && !addr_on_port(w, AF_INET6, &in->src, in->port)) {
		struct neigh_heard heard = {
			.ip = in->src,
			.port = in->port,
			.family = AF_INET6,
			.how = EVENT_HEARD_UNASKED,
			.mac = *in->mac,
		};

		neigh_hear(w, &heard);
	}
	nd6_answer(w, in->port, &in->target, &in->src, in->mac);
	return DROP_ND6_DONE;
}

/* RFC 4861 7.2.5 */
static void hear_advertisement(struct worker *w, const struct nd6_in *in)
{
	const struct neigh *neigh = neigh_find(w, AF_INET6, &in->target, in->port);
	uint32_t flags = rte_be_to_cpu_32(in->nd->flags);
	struct neigh_heard heard = {
		.ip = in->target,
		.port = in->port,
		.family = AF_INET6,
		.how = flags & ND6_FLAG_SOLICITED ? EVENT_HEARD : EVENT_HEARD_UNASKED,
		.answer = true,
		.known_only = true,
	};

	if (!neigh || (!in->mac && !neigh_usable(neigh)))
		return;
	heard.mac = in->mac ? *in->mac : neigh->mac;
	if (neigh_usable(neigh) && !(flags & ND6_FLAG_OVERRIDE) &&
	    !rte_is_same_ether_addr(&heard.mac, &neigh->mac)) {
		heard.mac = neigh->mac;
		heard.how = EVENT_HEARD_DOUBT;
	}
	neigh_hear(w, &heard);
}

static enum drop_reason take_advertisement(struct worker *w, const struct nd6_in *in)
{
	const struct addr *addr;

	if (ip_is_zero(&in->src) || ip6_is_multicast(&in->src))
		return DROP_ND6_SOURCE;
	if (ip6_is_multicast(&in->dst) && (in->nd->flags & RTE_BE32(ND6_FLAG_SOLICITED)))
		return DROP_ND6_SOLICITED;
	addr = addr_find_ip(w, AF_INET6, &in->target, in->port);
	if (!addr)
		hear_advertisement(w, in);
	else if (addr->flags & API_ADDR_TENTATIVE)
		tell_claim(w, in, EVENT_ADDR_DUPLICATE);
	else if (!in->mac || !rte_is_same_ether_addr(in->mac, &w->link->ports[in->port].mac))
		tell_claim(w, in, EVENT_NEIGH_CONFLICT);
	return DROP_ND6_DONE;
}

static enum drop_reason take(struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	struct nd6_in in = { .mac = NULL };
	enum drop_reason wrong;
	uint8_t type;

	if (ip->hop_limits != ND6_HOP_LIMIT)
		return DROP_ND6_HOP_LIMIT;
	if (w->link->ports[pkt_meta(m)->in_port].kind == PORT_TUNNEL)
		return DROP_ND6_TUNNEL;
	if (m->data_len <= pkt_meta(m)->l4_off)
		return DROP_ND6_SHORT;
	type = *rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l4_off);
	if (type == ND6_REDIRECT)
		return DROP_ND6_REDIRECT;
	if (type != ND6_NEIGHBOUR_SOLICITATION && type != ND6_NEIGHBOUR_ADVERTISEMENT)
		return DROP_ND6_ROUTER;
	wrong = read_message(m, &in);
	if (wrong != DROP__COUNT)
		return wrong;
	return type == ND6_NEIGHBOUR_SOLICITATION ? take_solicitation(w, &in)
						  : take_advertisement(w, &in);
}

void nd6_input(struct worker *w, struct rte_mbuf *m)
{
	enum drop_reason reason = take(w, m);

	/* the kernel has neighbours and addresses of its own */
	if (reason == DROP_ND6_DONE || reason == DROP_ND6_ROUTER)
		kni_or_drop(w, m, reason);
	else
		drop(w, m, reason);
}

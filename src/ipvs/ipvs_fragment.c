/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs-fragment: fragments at the balancing stage. Only the first one of a
 * datagram has ports, and only they say whose packet it is. So all that may be
 * ours by their addresses first go to where their datagram meets
 * (net/frag_meet), and come back here with its ports; from then on each goes
 * the way of a whole packet: to the worker that owns the connection, if it is
 * ours at all, and through the forwarding mode, which finds no L4 header in the
 * later ones. What turns out to be none of ours is routed like any other.
 *
 * All fragments of a datagram must be judged alike, whatever they carry and
 * wherever they come in: what the others need not agree in is not asked.
 */
#include <netinet/in.h>

#include "ipvs/addr_count.h"
#include "ipvs/ipvs.h"
#include "ipvs/ipvs_int.h"
#include "ipvs/match.h"
#include "ipvs/proto/echo.h"
#include "ipvs/service.h"
#include "net/addr.h"
#include "net/frag_meet.h"
#include "net/ip6_headers.h"
#include "packet/meta.h"
#include "worker/worker.h"

/* What its own headers say that it carries. IPv6: the beginning of the datagram, which may be more
 * headers, and is named in all fragments; the tuple has what the first one ends with. */
static uint8_t carries(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (meta->tuple.family == AF_INET)
		return meta->tuple.proto;
	return ip6_fragment_next(m);
}

/* It comes from where its datagram meets, and its tuple has the first one's protocol. */
static bool has_met(struct rte_mbuf *m)
{
	return pkt_meta(m)->flags & META_FRAGMENT_MET;
}

static bool may_be_balanced(const struct worker *w, struct rte_mbuf *m)
{
	uint8_t proto = carries(m);

	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	    (proto_is_icmp(proto) && ipvs_balances_echoes(w)))
		return true;
	return pkt_meta(m)->tuple.family == AF_INET6 &&
	       (proto == IPPROTO_DSTOPTS || proto == IPPROTO_ROUTING);
}

/* As their first one has told all of them. */
static bool is_echo(struct rte_mbuf *m)
{
	const struct tuple *tuple = &pkt_meta(m)->tuple;
	uint8_t type = (uint8_t)pkt_meta(m)->fragment_says;

	return has_met(m) && tuple_is_icmp(tuple) &&
	       (echo_is_request(tuple->family, type) || echo_is_reply(tuple->family, type));
}

static bool may_be_ours(const struct worker *w, const struct tuple *tuple)
{
	const struct service_table *table = w->ipvs->services;
	const struct addr_counts *addrs = &table->addrs;

	return w->ipvs->marks || w->ipvs->former_marks ||
	       addr_is_local(w, tuple->family, &tuple->dst) ||
	       addr_may_be(addrs, &table->key, ADDR_DESTINATION, tuple->family, &tuple->dst) ||
	       (table->n_answering &&
		addr_may_be(addrs, &table->key, ADDR_SOURCE, tuple->family, &tuple->src)) ||
	       match_may_fragment(w, tuple);
}

/* Other ICMP in pieces must not leave with a client's own address. */
static bool may_leak(const struct worker *w, struct rte_mbuf *m)
{
	const struct tuple *tuple = &pkt_meta(m)->tuple;
	uint8_t proto = has_met(m) ? tuple->proto : carries(m);

	return proto_is_icmp(proto) && !addr_is_local(w, tuple->family, &tuple->dst) &&
	       match_may_ping(w, tuple);
}

static void echo(struct worker *w, struct rte_mbuf *m)
{
	if (!ipvs_echo(w, m))
		stage_push(w, STAGE_IP_ROUTE, m);
}

void ipvs_fragment(struct worker *w, struct rte_mbuf *m)
{
	/* once: behind the headers that all of them name may be what is not balanced */
	if (!has_met(m) && w->ipvs->services->used && may_be_balanced(w, m) &&
	    may_be_ours(w, &pkt_meta(m)->tuple))
		frag_meet(w, m);
	else if (is_echo(m))
		echo(w, m);
	else if (unlikely(w->ipvs->services->n_matches && may_leak(w, m)))
		drop(w, m, DROP_IPVS_FRAGMENT);
	else
		stage_push(w, STAGE_IP_ROUTE, m);
}

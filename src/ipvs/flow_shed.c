/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-shed: overload. A new connection costs as much as ten packets of
 * one that is there, so a flood of new ones could take the worker from these.
 * While a receive queue does not empty, new ones get the time that packets of
 * connections leave, once more as much spared for these, and an eighth of all
 * time at the least, which is all they get while such packets are many. What is beyond that is
 * dropped as early and as cheaply as it goes, before anything is looked up but the service.
 *
 * Whose connections are another worker's costs us its way there: SYNs give way here too; whether
 * datagrams are new only their owner knows, so they give way there, as everything does that comes
 * by ring, and all when the flow stage is off: in ipvs-input, before a connection is opened.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/flow_int.h"
#include "ipvs/ipvs.h"
#include "ipvs/ipvs_int.h"
#include "ipvs/ours.h"
#include "ipvs/owner.h"
#include "ipvs/proto/tcp.h"
#include "worker/worker.h"

/* Cycles, roughly: only their ratio matters, and that tokens for all time are enough for all. */
#define COST_HIT   128u
#define COST_LATE  384u /* ... on the slow path */
#define COST_NEW   1024u
#define TOKENS_MAX 64u
#define HITS_MANY  (BATCH_BURST / 2) /* of a turn: there may be more of them than are taken */

uint32_t flow_shed_begin(struct worker *w)
{
	uint64_t elapsed = w->now_tsc - w->ipvs->shed.tsc, busy, tokens;

	if (elapsed == 0)
		return w->ipvs->shed.tokens; /* another vector of the same turn */
	busy = 2 * (w->ipvs->shed.late ? COST_LATE : COST_HIT) * w->ipvs->shed.hits;
	tokens = elapsed > busy && w->ipvs->shed.hits < HITS_MANY ? elapsed - busy : 0;
	tokens = RTE_MAX(tokens, elapsed / 8) / COST_NEW + w->ipvs->shed.tokens;
	if (w->ipvs->shed.hits == 0)
		tokens = SHED_NOTHING; /* there is nobody to give way to */
	else if (tokens > TOKENS_MAX)
		tokens = TOKENS_MAX;
	w->ipvs->shed.tsc = w->now_tsc;
	w->ipvs->shed.hits = 0;
	w->ipvs->shed.tokens = (uint32_t)tokens;
	return w->ipvs->shed.tokens;
}

/* Addresses and protocol; returns where its L4 header is, 0: there are others between. */
static uint32_t ends4(const struct rte_mbuf *m, struct tuple *tuple)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);

	if (m->data_len < sizeof(*eth) + sizeof(*ip) || ip->version_ihl != 0x45 ||
	    (ip->fragment_offset & RTE_BE16(0x3fff)))
		return 0;
	*tuple = (struct tuple){ .src = ip_from_v4(ip->src_addr),
				 .dst = ip_from_v4(ip->dst_addr),
				 .proto = ip->next_proto_id,
				 .family = AF_INET };
	return sizeof(*eth) + sizeof(*ip);
}

static uint32_t ends6(const struct rte_mbuf *m, struct tuple *tuple)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(eth + 1);

	if (m->data_len < sizeof(*eth) + sizeof(*ip))
		return 0;
	*tuple = (struct tuple){ .proto = ip->proto, .family = AF_INET6 };
	memcpy(&tuple->src, ip->src_addr, sizeof(tuple->src));
	memcpy(&tuple->dst, ip->dst_addr, sizeof(tuple->dst));
	return sizeof(*eth) + sizeof(*ip);
}

static uint32_t ends(const struct rte_mbuf *m, struct tuple *tuple)
{
	if (m->data_len < sizeof(struct rte_ether_hdr))
		return 0;
	switch (rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type) {
	case RTE_BE16(RTE_ETHER_TYPE_IPV4):
		return ends4(m, tuple);
	case RTE_BE16(RTE_ETHER_TYPE_IPV6):
		return ends6(m, tuple);
	default:
		return 0;
	}
}

/* Does it look like the first packet of a connection? Its tuple. */
static bool looks_new(const struct rte_mbuf *m, struct tuple *tuple)
{
	uint32_t l4_off = ends(m, tuple);
	const struct rte_tcp_hdr *th = rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *,
							       l4_off); /* or UDP's ports */

	if (l4_off == 0 || m->data_len < l4_off + sizeof(struct rte_udp_hdr))
		return false;
	if (tuple->proto != IPPROTO_UDP &&
	    (tuple->proto != IPPROTO_TCP || m->data_len < l4_off + sizeof(*th) ||
	     (th->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) != RTE_TCP_SYN_FLAG))
		return false;
	tuple->sport = th->src_port;
	tuple->dport = th->dst_port;
	return true;
}

/*
 * Of a connection that is there after all: UDP in a state that the flow stage leaves alone; a SYN
 * sent again; or the first packet of one that was just made, and paid for, and has no way on here.
 */
static bool is_known(const struct flow_run *run, const struct tuple *tuple)
{
	enum conn_dir dir;
	uint32_t id = conn_lookup(run->conns, tuple, &dir);

	if (id == CONN_NONE)
		return false;
	return tuple->proto == IPPROTO_UDP || !tcp_state_reusable(conn_get(run->conns, id)->state);
}

bool flow_shed_new(struct worker *w, struct rte_mbuf *m, uint32_t *allowed)
{
	if (likely(*allowed == SHED_NOTHING))
		return false;
	if (*allowed) {
		(*allowed)--;
		return false;
	}
	drop(w, m, DROP_IPVS_CROWDED);
	w->rx_shed++;
	return true;
}

bool flow_shed(struct flow_run *run, struct rte_mbuf *m)
{
	struct worker *w = run->w;
	const struct service *svc;
	struct tuple tuple;

	svc = looks_new(m, &tuple) ? ours_service(w, &tuple, w->rx_port) : NULL;
	if (!svc)
		return false;
	if (owners_none_else(w, svc, &tuple) ? is_known(run, &tuple) : tuple.proto == IPPROTO_UDP)
		return false;
	return flow_shed_new(w, m, &run->new_allowed);
}

/* The flow stage has not counted it: it did not see it, or left it alone, as it does SCTP. */
static bool is_late(const struct worker *w, struct rte_mbuf *m)
{
	uint8_t proto = pkt_meta(m)->tuple.proto;

	return w->ipvs->shed.late || (pkt_meta(m)->flags & (META_HANDED_OVER | META_FRAGMENT)) ||
	       (proto != IPPROTO_TCP && proto != IPPROTO_UDP);
}

bool ipvs_shed(struct worker *w, struct rte_mbuf *m)
{
	uint32_t allowed;
	bool shed;

	if (likely(!w->rx_crowded) || !is_late(w, m))
		return false;
	allowed = flow_shed_begin(w);
	shed = flow_shed_new(w, m, &allowed);
	if (allowed != SHED_NOTHING)
		w->ipvs->shed.tokens = allowed;
	return shed;
}

void ipvs_shed_hit(struct worker *w, struct rte_mbuf *m)
{
	if (unlikely(w->rx_crowded) && is_late(w, m))
		w->ipvs->shed.hits++;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-new: new connections in the flow stage, in vectors. What is parsed,
 * of no connection and to a service is decided on as the slow path would
 * (ip4-input's or ip6-input's addresses, the owner, ipvs/session), in three
 * rounds: each gets its server and local port; then the memory of all entries,
 * timers and buckets is asked for; then each is made, and its packet goes on as
 * those behind it will.
 *
 * A server of the other family than its client makes an entry of IPv6.
 *
 * A service by match (SNAT) is asked for as ipvs-input does, where there is none
 * by address and the packet has a way on.
 *
 * All else is the slow path's: segments of TCP that open nothing; what nobody
 * serves; what is not ours to judge. A packet for which there is a connection
 * now but no way on takes the slow path as its second packet would.
 */
#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/flow_int.h"
#include "ipvs/ipvs.h"
#include "ipvs/match.h"
#include "ipvs/ours.h"
#include "ipvs/owner.h"
#include "ipvs/proto/tcp.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "net/route.h"
#include "worker/worker.h"

#define VIP_SIX (UINT64_C(1) << 63)

/* One by match, of a packet that passes through; asked only when there are such. */
static __rte_noinline struct service *passing_service(const struct flow_run *run,
						      const struct rte_mbuf *m,
						      const struct tuple *tuple)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_HDR_LEN);
	struct tuple same;
	struct route_flow flow = flow_of(ip, &same);

	if (!match_may_own(run->w, tuple))
		return NULL;
	return match_service_of(run->w, &flow, run->w->rx_port);
}

static __rte_always_inline struct service *service_of(struct flow_run *run,
						      const struct tuple *tuple, const bool six)
{
	uint64_t vip = (six ? VIP_SIX : tuple->dst.v4) | (uint64_t)tuple->dport << 32 |
		       (uint64_t)tuple->proto << 48;

	if (unlikely(run->w->ipvs->marks != NULL)) /* there the client counts, too */
		return ours_service(run->w, tuple, run->w->rx_port);
	if (likely(run->last_service && run->last_vip == vip) &&
	    (!six || likely(ip_equal(&run->last_dst, &tuple->dst))))
		return run->last_service;
	run->last_vip = vip;
	if (six)
		run->last_dst = tuple->dst;
	run->last_service = ours_service(run->w, tuple, run->w->rx_port);
	return run->last_service;
}

static inline uint16_t l4_at(const bool six)
{
	return RTE_ETHER_HDR_LEN +
	       (six ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr));
}

static inline const struct rte_tcp_hdr *tcp_header(const struct rte_mbuf *m, const bool six)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, l4_at(six));
}

/* Of a segment or datagram; there is nothing else. */
static inline bool may_open(const struct rte_mbuf *m, uint8_t proto, const bool six)
{
	return proto != IPPROTO_TCP || (tcp_header(m, six)->tcp_flags &
					(RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == RTE_TCP_SYN_FLAG;
}

/* ... and the client's reaches beyond its link. */
static __rte_always_inline bool addresses_usual(const struct worker *w, const struct tuple *tuple,
						const bool six)
{
	if (six)
		return ip6_addresses_usual(w, &tuple->src, &tuple->dst) &&
		       !ip6_is_link_local(&tuple->src);
	return ip4_addresses_usual(w, tuple->src.v4, tuple->dst.v4);
}

static __rte_always_inline struct service *owned_service(struct flow_run *run,
							 const struct rte_mbuf *m,
							 const union flow_tuple *from,
							 struct tuple *tuple, const bool six)
{
	struct service *svc;

	if (!may_open(m, six ? from->six.proto : (uint8_t)from->four.rest, six))
		return NULL;
	*tuple = six ? from->six : tuple4_to(&from->four);
	svc = service_of(run, tuple, six);
	if (!svc && unlikely(run->services->n_matches))
		svc = passing_service(run, m, tuple);
	if (!svc || (svc->flags & SERVICE_SLOW_OPEN) || tuple->sport == 0 || tuple->dport == 0 ||
	    !owners_none_else(run->w, svc, tuple))
		return NULL;
	return svc;
}

struct service *flow_new_service(struct flow_run *run, const struct rte_mbuf *m,
				 const union flow_tuple *from, struct tuple *tuple, bool six)
{
	struct service *svc = owned_service(run, m, from, tuple, six);

	return svc && addresses_usual(run->w, tuple, six) ? svc : NULL;
}

/* What a scheduler may look at: the first segment's. flow.c has parsed it: no IP options or
 * extension headers, the datagram is whole. */
static inline void packet_of(const struct flow_run *run, const struct rte_mbuf *m,
			     const struct tuple *tuple, const bool six, struct sched_packet *packet)
{
	const struct rte_udp_hdr *uh = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *,
							       l4_at(six));

	packet->tuple = tuple;
	packet->now_ms = run->now_ms;
	packet->payload = NULL;
	packet->payload_len = 0;
	if (tuple->proto != IPPROTO_UDP)
		return;
	packet->payload = (const uint8_t *)(uh + 1);
	packet->payload_len = RTE_MIN(rte_be_to_cpu_16(uh->dgram_len),
				      (uint32_t)m->data_len - l4_at(six)) -
			      (uint32_t)sizeof(*uh);
}

/* Is one side of its connection IPv6? `six`: its client is. */
static inline bool entry_is6(const struct flow_new_one *one, const bool six)
{
	return six || unlikely(one->opening.wants.out.family == AF_INET6);
}

/* Its tuples are known. */
static __rte_always_inline void entry_prepare(const struct flow_run *run, struct flow_new_one *one,
					      const union flow_tuple *in, const bool six)
{
	if (entry_is6(one, six)) {
		one->entry.six = (struct conn_new6){ .in = &one->tuple,
						     .out = &one->opening.wants.out };
		conn_new6_prepare(run->conns, &one->entry.six);
	} else {
		one->entry.four.in = in->four;
		one->entry.four.out = tuple4_from(&one->opening.wants.out);
		conn_new4_prepare(run->conns, &one->entry.four);
	}
}

void flow_new_ask(const struct flow_run *run, const struct flow_new *new, bool six)
{
	uint32_t n[CONN_CLASSES] = { 0 };

	for (const struct flow_new_one *one = new->ones; one < &new->ones[new->n]; one++) {
		if (entry_is6(one, six))
			conn_new6_ask(run->conns, &one->entry.six, n[CONN_IP6]++);
		else
			conn_new4_ask(run->conns, &one->entry.four, n[CONN_IP4]++);
	}
}

static __rte_always_inline bool take(struct flow_run *run, struct flow_new *new, struct rte_mbuf *m,
				     uint32_t at, const union flow_tuple *tuple, const bool six)
{
	struct flow_new_one *one = &new->ones[new->n];
	struct service *svc = owned_service(run, m, tuple, &one->tuple, six);
	struct sched_packet packet;
	enum drop_reason reason;

	if (!svc)
		return false;
	if (flow_shed_new(run->w, m, &run->new_allowed))
		return true;
	if (unlikely(!addresses_usual(run->w, &one->tuple, six)))
		return false;
	packet_of(run, m, &one->tuple, six, &packet);
	one->opening.wants.clash_later = true; /* the memory for it is asked for with all else */
	if (unlikely(!session_take(run->w, svc, &packet, &one->opening, &reason))) {
		/* whom somebody has to tell */
		if (reason == DROP_IPVS_NO_SERVER || svc->key.match)
			return false;
		drop(run->w, m, reason);
		return true;
	}
	if (one->tuple.proto == IPPROTO_TCP) /* as it will be: the next one's scheduler looks */
		dest_conn_move(&one->opening.wants.dest->inactive,
			       &one->opening.wants.dest->active);
	one->m = m;
	one->at = at;
	entry_prepare(run, one, tuple, six);
	new->n++;
	return true;
}

static __rte_noinline bool take6(struct flow_run *run, struct flow_new *new, struct rte_mbuf *m,
				 uint32_t at, const union flow_tuple *tuple)
{
	return take(run, new, m, at, tuple, true);
}

bool flow_new_take(struct flow_run *run, struct flow_new *new, struct rte_mbuf *m, uint32_t at,
		   const union flow_tuple *tuple, bool six)
{
	return six ? take6(run, new, m, at, tuple) : take(run, new, m, at, tuple, false);
}

/* There is no entry; or another connection has the same answers: by NAT; or by SNAT, where ranges
 * overlap, and another port will do. false: the packet was dropped. */
static bool make_none(struct flow_run *run, const struct flow_new_one *one)
{
	struct dest *dest = one->opening.wants.dest;
	enum conn_dir dir;
	bool clash;

	if (one->tuple.proto == IPPROTO_TCP)
		dest_conn_move(&dest->active, &dest->inactive);
	session_leave(run->w, &one->opening);
	clash = conn_lookup(run->conns, &one->opening.wants.out, &dir) != CONN_NONE;
	if (clash && one->opening.wants.service->key.match)
		return true;
	drop(run->w, one->m, clash ? DROP_IPVS_CLASH : DROP_IPVS_CONN_FULL);
	return false;
}

enum flow_made flow_new_make(struct flow_run *run, const struct flow_new_one *one, uint32_t *made,
			     bool six)
{
	struct dest *dest = one->opening.wants.dest;
	uint32_t id = entry_is6(one, six) ? conn_create6(run->conns, &one->entry.six)
					  : conn_create4(run->conns, &one->entry.four);

	if (unlikely(id == CONN_NONE))
		return make_none(run, one) ? FLOW_MADE_LEFT : FLOW_MADE_DROPPED;
	*made = id;
	session_enter(run->w, id, &one->opening);
	if (one->tuple.proto != IPPROTO_TCP)
		return FLOW_MADE;
	dest_conn_move(&dest->active, &dest->inactive);
	if (one->opening.xmit->shift_tcp) {
		const struct rte_tcp_hdr *th = tcp_header(one->m, six);

		tcp_choose_deltas(conn_get(run->conns, id), &run->w->ipvs->isn_key,
				  &one->opening.wants.out, th, (th->data_off >> 4) * 4u,
				  run->w->now_ns);
	}
	return FLOW_MADE;
}

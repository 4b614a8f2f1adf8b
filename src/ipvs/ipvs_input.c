/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs-input: the stage that balances. It sees every IP packet before routing
 * does. What belongs to a connection goes on by its forwarding mode; what may
 * open one does; what is to one of our services or local ports but belongs to
 * no connection is answered so that its sender gives up; all else is none of
 * our business and goes on to the routing stage untouched.
 *
 * The vector is looked up as a whole first, then acted on; a packet that makes
 * or ends a connection makes the later answers old, and they are asked again.
 *
 * Only the worker that would own a packet's connection judges that it belongs
 * to none: all others hand it over (owner.h). That holds for all that is to one
 * of our addresses, since connections outlive their service.
 */
#include <netinet/in.h>

#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/home.h"
#include "ipvs/ipvs.h"
#include "ipvs/ipvs_int.h"
#include "ipvs/ours.h"
#include "ipvs/owner.h"
#include "ipvs/proto/sctp.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "ipvs/service.h"
#include "ipvs/session.h"
#include "ipvs/track.h"
#include "ipvs/xmit/xmit.h"
#include "net/ip.h"
#include "packet/sctp.h"
#include "worker/worker.h"

static bool balanced(const struct pkt_meta *meta)
{
	return meta->tuple.proto == IPPROTO_TCP || meta->tuple.proto == IPPROTO_UDP ||
	       meta->tuple.proto == IPPROTO_SCTP;
}

static bool is_later(const struct pkt_meta *meta)
{
	return meta->flags & META_FRAGMENT_LATER;
}

/* ... and its ports are known: from its L4 header, or from that of its first fragment. (The walk
 * over IPv6 headers that are wrong ends before one.) */
static bool has_ports(const struct pkt_meta *meta)
{
	return balanced(meta) &&
	       (meta->flags & (META_FRAGMENT | META_FRAGMENT_MET)) != META_FRAGMENT;
}

static const struct rte_tcp_hdr *tcp_header(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, pkt_meta(m)->l4_off);
}

static bool opens_tcp(struct rte_mbuf *m)
{
	const uint8_t open_or_close = RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG |
				      RTE_TCP_FIN_FLAG;

	return (tcp_header(m)->tcp_flags & open_or_close) == RTE_TCP_SYN_FLAG;
}

/* May m be the first packet of a connection? */
static bool opens(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (is_later(meta))
		return false;
	if (meta->tuple.proto == IPPROTO_TCP)
		return opens_tcp(m);
	return meta->tuple.proto == IPPROTO_UDP || sctp_tells(m) == SCTP_CHUNK_INIT;
}

static bool tcp_sensible(struct rte_mbuf *m)
{
	const uint8_t open_and_close = RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG;

	return (tcp_header(m)->tcp_flags & open_and_close) != open_and_close;
}

static const struct rte_udp_hdr *udp_header(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, pkt_meta(m)->l4_off);
}

static bool udp_sensible(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_udp_hdr *uh = udp_header(m);
	uint16_t len = rte_be_to_cpu_16(uh->dgram_len);

	/* the rest of it may be in other fragments */
	return len >= sizeof(*uh) && (len <= meta->l4_len || (meta->flags & META_FRAGMENT));
}

/* IPv6's own header has none (RFC 8200 8.1). */
static bool lacks_checksum(struct rte_mbuf *m)
{
	const struct tuple *tuple = &pkt_meta(m)->tuple;

	return tuple->family == AF_INET6 && tuple->proto == IPPROTO_UDP &&
	       udp_header(m)->dgram_cksum == 0;
}

/*
 * Of a packet that is ours; that its header is there in full, options and all, the input stages
 * have seen to. false: dropped.
 */
static bool l4_check(struct worker *w, struct rte_mbuf *m)
{
	const struct tuple *tuple = &pkt_meta(m)->tuple;
	bool sensible;

	if (unlikely(is_later(pkt_meta(m))))
		return true;
	sensible = tuple->proto == IPPROTO_TCP   ? tcp_sensible(m)
		   : tuple->proto == IPPROTO_UDP ? udp_sensible(m)
						 : true;
	if (unlikely(!sensible || tuple->sport == 0 || tuple->dport == 0)) {
		drop(w, m, DROP_IPVS_INVALID);
		return false;
	}
	if (unlikely(lacks_checksum(m))) {
		drop(w, m, DROP_IPVS_UDP_CHECKSUM);
		return false;
	}
	return true;
}

/* Ours, of no connection, and opens none. */
static void refuse(struct worker *w, struct rte_mbuf *m)
{
	const struct tuple *tuple = &pkt_meta(m)->tuple;

	if (unlikely(is_later(pkt_meta(m))))
		; /* its first fragment was answered */
	else if (tuple->proto == IPPROTO_UDP)
		ip_send_error(w, m, IP_ERROR_PORT, 0, &tuple->dst);
	else if (!w->ipvs->config.no_conn_reset)
		; /* it is to find out by itself */
	else if (tuple->proto == IPPROTO_TCP)
		tcp_send_reset(w, m);
	else
		sctp_send_abort(w, m);
	drop(w, m, DROP_IPVS_NO_CONN);
}

/* Nothing looks it up again: w->ipvs->changes says so. If there are more fragments, they do, and
 * have a moment to come. */
static void end_one_packet(struct worker *w, uint32_t id, bool more)
{
	struct conn *conn = conn_get(w->ipvs->conns, id);

	if (likely(!more)) {
		session_close(w, id);
		return;
	}
	conn->state = UDP_LAST;
	conn->flags &= (uint16_t)~CONN_FLOW;
	conn_set_timeout(w->ipvs->conns, id, track_timeout_s(w, conn), w->now_ms);
}

static void input_miss(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	bool more = meta->flags & META_FRAGMENT_MORE, one;
	struct service *svc = ours_service_of(w, meta);
	bool ours = svc || ours_local_port(w, &meta->tuple);
	struct owners owners = owners_of(w, &meta->tuple, meta->in_port);
	struct conn_found found = { .dir = CONN_IN };

	if ((ours && !l4_check(w, m)) ||
	    (!home_has_answered(meta) && owners_ask_next(w, m, &owners)))
		return;
	if (!ours) {
		stage_push(w, STAGE_IP_ROUTE, m);
		return;
	}
	if (unlikely(is_later(meta)) && svc && home_follow(w, m, svc))
		return;
	if (!svc || !opens(m)) {
		refuse(w, m);
		return;
	}
	if (unlikely(!home_has_answered(meta) && ipvs_shed(w, m)) || ipvs_leaves_scope(w, m))
		return;
	found.id = session_open(w, m, svc);
	if (found.id == CONN_NONE)
		return;
	/* m is gone behind xmit_run() */
	one = (svc->flags & SERVICE_ONE_PACKET) && meta->tuple.proto == IPPROTO_UDP;
	xmit_run(w, m, found.id, CONN_IN);
	if (unlikely(one))
		end_one_packet(w, found.id, more);
}

/* A client that has finished with a connection may open the next one from the same port. */
static bool opens_anew(struct worker *w, struct rte_mbuf *m, const struct conn_found *found)
{
	const struct conn *conn = conn_get(w->ipvs->conns, found->id);

	if (found->dir != CONN_IN || is_later(pkt_meta(m)))
		return false;
	if (conn->proto == IPPROTO_TCP)
		return opens_tcp(m) && tcp_state_reusable(conn->state);
	if (unlikely(conn->proto == IPPROTO_SCTP))
		return sctp_state_reusable(conn->state) && opens(m);
	return unlikely(conn->state == UDP_LAST);
}

static void input_hit(struct worker *w, struct rte_mbuf *m, const struct conn_found *found)
{
	if (!l4_check(w, m))
		return;
	ipvs_shed_hit(w, m);
	if (unlikely(opens_anew(w, m, found))) {
		session_close(w, found->id);
		w->ipvs->changes++;
		input_miss(w, m);
		return;
	}
	xmit_run(w, m, found->id, found->dir);
}

/* One alone, or again. */
static void look_up_again(const struct worker *w, struct rte_mbuf *m, struct conn_found *found)
{
	found->id = CONN_NONE;
	if (has_ports(pkt_meta(m)))
		found->id = conn_lookup(w->ipvs->conns, &pkt_meta(m)->tuple, &found->dir);
}

/* All that have ports, each family in a vector of its own. */
static void look_up(const struct worker *w, struct rte_mbuf **pkts, uint32_t n,
		    struct conn_found *found)
{
	struct conn_found hits4[BATCH_BURST], hits6[BATCH_BURST];
	const struct tuple *tuples6[BATCH_BURST];
	struct tuple4 tuples4[BATCH_BURST];
	uint32_t four = 0, six = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct pkt_meta *meta = pkt_meta(pkts[i]);

		if (!has_ports(meta))
			continue;
		if (meta->tuple.family == AF_INET)
			tuples4[four++] = tuple4_from(&meta->tuple);
		else
			tuples6[six++] = &meta->tuple;
	}
	conn_lookup4(w->ipvs->conns, tuples4, four, hits4);
	conn_lookup6(w->ipvs->conns, tuples6, six, hits6);
	for (uint32_t i = 0, hit4 = 0, hit6 = 0; i < n; i++) {
		const struct pkt_meta *meta = pkt_meta(pkts[i]);

		if (!has_ports(meta))
			found[i].id = CONN_NONE;
		else
			found[i] = meta->tuple.family == AF_INET ? hits4[hit4++] : hits6[hit6++];
	}
}

static void act(struct worker *w, struct rte_mbuf *m, const struct conn_found *found)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (unlikely(home_is_asked(meta)))
		home_answer(w, m);
	else if (found->id != CONN_NONE)
		input_hit(w, m, found);
	else if (has_ports(meta))
		input_miss(w, m);
	else if (meta->flags & META_FRAGMENT)
		ipvs_fragment(w, m);
	else if (tuple_is_icmp(&meta->tuple))
		ipvs_icmp(w, m);
	else
		stage_push(w, STAGE_IP_ROUTE, m);
}

void ipvs_input(struct worker *w, struct batch *in)
{
	struct conn_found found[BATCH_BURST];

	for (uint32_t start = 0; start < in->count; start += BATCH_BURST) {
		struct rte_mbuf **pkts = in->pkts + start;
		uint32_t n = RTE_MIN(in->count - start, (uint32_t)BATCH_BURST);
		uint64_t changes = w->ipvs->changes;

		look_up(w, pkts, n, found);
		for (uint32_t i = 0; i < n; i++) {
			if (unlikely(w->ipvs->changes != changes))
				look_up_again(w, pkts[i], &found[i]);
			act(w, pkts[i], &found[i]);
		}
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs-icmp: ICMP errors about packets that we have sent on. Such an error
 * quotes the beginning of the packet as we sent it (ipvs/quote); the answer to
 * that packet is what names the connection, and its owner. The error goes on to
 * whoever had sent the packet, and must quote what he had sent. It comes from
 * the virtual address towards clients, and from the local address towards
 * servers, also when a router on the way sent it: neither side knows the
 * other's network.
 *
 * Where a mode leaves addresses as they are, so does it in errors: they only
 * find their way, to the client or the server; those about the outside of a
 * tunnel are xmit/tunnel_error's. SNAT's clients see the world as it is, and NAT's
 * servers the clients' side, so errors from there come from whoever sent them.
 *
 * Where client and server are of different families, so are the errors that they
 * get: xmit/across.
 *
 * Errors about no connection and all other ICMP are the routing stage's, but
 * for echoes through services (ipvs_echo.c).
 */
#include "api/ipvs.h"
#include "ipvs/ipvs.h"
#include "ipvs/ipvs_int.h"
#include "ipvs/owner.h"
#include "ipvs/quote.h"
#include "ipvs/service.h"
#include "ipvs/track.h"
#include "ipvs/xmit/across.h"
#include "ipvs/xmit/steps.h"
#include "ipvs/xmit/tunnel.h"
#include "link/port.h"
#include "worker/worker.h"

/* SNAT's clients see the world, NAT's servers the clients' side: who sends an error there is no
 * secret. */
static bool shows_sender(const struct conn *conn, enum conn_dir dir)
{
	return conn_forward(conn) == (dir == CONN_OUT ? API_FORWARD_SNAT : API_FORWARD_NAT);
}

/*
 * m came as packets of direction `dir` come (CONN_OUT: from the server's side), about a packet that
 * had gone the other way. It goes on the way of `dir`.
 */
static void icmp_translate(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
			   struct quote *quote)
{
	struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct pkt_meta *meta = pkt_meta(m);
	enum conn_dir sent = dir == CONN_IN ? CONN_OUT : CONN_IN;
	struct nexthop nexthop;
	struct tuple was, to;

	/* what was sent, as it had arrived here; the error goes back along it */
	conn_tuple(w->ipvs->conns, id, sent, &was);
	to = tuple_reverse(&was);
	if (shows_sender(conn, dir))
		to.src = meta->tuple.src;
	to.sport = meta->tuple.sport;
	to.dport = meta->tuple.dport;
	if (!xmit_way(w, m, &to.dst, &to.src, &nexthop))
		return;
	track_count(w, conn, (uint32_t)meta->l3_len + meta->l4_len, dir);
	quote_rewrite(conn, sent, quote, &was);
	xmit_rewrite_ip(w, m, &to);
	quote_checksum_set(m); /* behind the addresses: ICMPv6's is over them, too */
	xmit_send(w, m, &nexthop);
}

/* The same where packets keep their addresses: so does the error. */
static void icmp_pass(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct dest *dest = dest_get(w->ipvs->services, conn->dest);
	const struct pkt_meta *meta = pkt_meta(m);
	const union ip_addr *to = dir == CONN_IN ? &dest->addr : &meta->tuple.dst;
	struct nexthop nexthop;

	if (!xmit_way(w, m, to, &meta->tuple.dst, &nexthop))
		return;
	track_count(w, conn, (uint32_t)meta->l3_len + meta->l4_len, dir);
	xmit_age(w, m);
	xmit_send(w, m, &nexthop);
}

/* An error about an answer, whose server is at the other end of a tunnel. */
static void icmp_wrap(struct worker *w, struct rte_mbuf *m, uint32_t id)
{
	struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct pkt_meta *meta = pkt_meta(m);
	struct tunnel_way way;

	if (!tunnel_way(w, m, dest_get(w->ipvs->services, conn->dest), &meta->tuple.dst, &way))
		return;
	track_count(w, conn, (uint32_t)meta->l3_len + meta->l4_len, CONN_IN);
	tunnel_send(w, m, &way);
}

/* Is the other side of the other family? */
static bool crosses(const struct worker *w, uint32_t id, enum conn_dir dir,
		    const struct quote *quote)
{
	struct tuple other;

	conn_tuple(w->ipvs->conns, id, dir == CONN_IN ? CONN_OUT : CONN_IN, &other);
	return other.family != quote->answer.family;
}

static void icmp_related(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
			 struct quote *quote)
{
	if (!quote_checksum_right(m))
		drop(w, m, DROP_ICMP_CHECKSUM);
	else if (conn_get(w->ipvs->conns, id)->flags & CONN_NAT &&
		 unlikely(crosses(w, id, dir, quote)))
		across_error(w, m, id, dir, quote);
	else if (conn_get(w->ipvs->conns, id)->flags & CONN_NAT)
		icmp_translate(w, m, id, dir, quote);
	else if (dir == CONN_IN && conn_forward(conn_get(w->ipvs->conns, id)) == API_FORWARD_TUNNEL)
		icmp_wrap(w, m, id);
	else
		icmp_pass(w, m, id, dir);
}

/*
 * Who may have the connection, if there is one: the owners of the answer's tuple, or of the quoted
 * packet's own, which is as it had arrived here if nothing was rewritten.
 */
static struct owners icmp_owners(const struct worker *w, const struct tuple *answer)
{
	struct tuple quoted = tuple_reverse(answer);
	struct owners owners = owners_of(w, answer, PORT_NONE);

	return owners.n ? owners : owners_of(w, &quoted, PORT_NONE);
}

void ipvs_icmp(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct owners owners;
	struct quote quote;
	enum conn_dir dir;
	uint32_t id;

	if (ipvs_echo(w, m) || tunnel_error(w, m))
		return;
	/* an error is sent to the source of what it quotes */
	if (!quote_find(m, &quote) || !ip_equal(&quote.answer.dst, &meta->tuple.dst)) {
		stage_push(w, STAGE_IP_ROUTE, m);
		return;
	}
	id = conn_lookup(w->ipvs->conns, &quote.answer, &dir);
	if (id != CONN_NONE) {
		icmp_related(w, m, id, dir, &quote);
		return;
	}
	owners = icmp_owners(w, &quote.answer);
	if (!owners_ask_next(w, m, &owners))
		stage_push(w, STAGE_IP_ROUTE, m);
}

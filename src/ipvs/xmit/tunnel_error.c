/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tunnel-error: ICMP errors about packets that went to a server inside others.
 * If enough is quoted to tell whose the inner one was (net/tunnel_quote.h), and
 * that its connection goes to just that server, the client hears of it from the
 * virtual address. Who is not the owner of the inner packet's connection hands
 * it over.
 */
#include <netinet/in.h>

#include "api/ipvs.h"
#include "ipvs/ipvs.h"
#include "ipvs/owner.h"
#include "ipvs/quote.h"
#include "ipvs/service.h"
#include "ipvs/xmit/tunnel.h"
#include "link/port.h"
#include "net/tunnel_quote.h"
#include "worker/worker.h"

#define L4_QUOTED 4 /* bytes of the inner packet: its ports */

/* They stand where the inner packet's L4 begins. */
static bool read_ports(const struct rte_mbuf *m, struct tunnel_quote *quote)
{
	struct tuple *tuple = &quote->inner.tuple;
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *,
						    quote->inner_off + quote->inner.l4_off);

	if (quote->inner.l4_len < L4_QUOTED ||
	    (tuple->proto != IPPROTO_TCP && tuple->proto != IPPROTO_UDP &&
	     tuple->proto != IPPROTO_SCTP))
		return false;
	memcpy(&tuple->sport, l4, sizeof(be16));
	memcpy(&tuple->dport, l4 + sizeof(be16), sizeof(be16));
	return true;
}

/* Is it the server of that connection, by a tunnel? */
static bool goes_there(const struct worker *w, uint32_t id, const struct tunnel_quote *quote)
{
	const struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct dest *dest = dest_get(w->ipvs->services, conn->dest);

	return conn_forward(conn) == API_FORWARD_TUNNEL && dest->family == quote->outer.family &&
	       ip_equal(&dest->addr, &quote->outer.dst);
}

bool tunnel_error(struct worker *w, struct rte_mbuf *m)
{
	struct tunnel_quote quote;
	struct owners owners;
	enum conn_dir dir;
	uint32_t id;

	if (!tunnel_quote_read(m, &quote) || !tunnel_quote_read_inner(m, &quote) ||
	    !read_ports(m, &quote))
		return false;
	id = conn_lookup(w->ipvs->conns, &quote.inner.tuple, &dir);
	if (id == CONN_NONE) {
		owners = owners_of(w, &quote.inner.tuple, PORT_NONE);
		return owners_ask_next(w, m, &owners);
	}
	if (dir != CONN_IN || !goes_there(w, id, &quote))
		return false;
	if (!quote_checksum_right(m)) {
		drop(w, m, DROP_ICMP_CHECKSUM);
		return true;
	}
	tunnel_quote_learn(w, m, &quote);
	tunnel_quote_tell(w, m, &quote, &quote.inner.tuple.dst);
	return true;
}

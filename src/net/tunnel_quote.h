/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tunnel-quote: what an ICMP error quotes of a packet that was inside
 * another of ours, and how its sender hears of it.
 */
#ifndef NET_TUNNEL_QUOTE_H
#define NET_TUNNEL_QUOTE_H

#include "net/ip.h"
#include "packet/encap.h"
#include "packet/meta.h"

struct tunnel_quote {
	enum ip_error what;
	uint16_t mtu;       /* of the way, for IP_ERROR_TOO_BIG */
	uint16_t outer_len; /* bytes in front of the inner packet */
	uint16_t total;     /* bytes that the outer packet says it had */
	struct encap_found found;
	uint32_t inner_off;    /* of it, from the start of the ICMP packet */
	struct tuple outer;    /* as we sent it, without ports */
	struct pkt_meta inner; /* as errors need it; no ports either */
};

/* Of m, an ICMP packet to us. false: it is no error about a packet of ours with one inside. */
bool tunnel_quote_read(struct rte_mbuf *m, struct tunnel_quote *quote);

/* ... and the inner one. false: too little of it is quoted. */
bool tunnel_quote_read_inner(const struct rte_mbuf *m, struct tunnel_quote *quote);

/* A router tells of the path's MTU, and nothing speaks against it: it is taken note of. */
bool tunnel_quote_learn(struct worker *w, const struct rte_mbuf *m,
			const struct tunnel_quote *quote);

/* To the inner packet's sender, from this address, or if that is NULL the one that addr_select()
 * gives; m is gone. */
void tunnel_quote_tell(struct worker *w, struct rte_mbuf *m, const struct tunnel_quote *quote,
		       const union ip_addr *from);

#endif

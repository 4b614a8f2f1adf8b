/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/quote: what an ICMP error quotes, the beginning of a packet that we have
 * sent on, of either family. Whose connection it is of, and what it was before
 * we rewrote it.
 */
#ifndef IPVS_QUOTE_H
#define IPVS_QUOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "ipvs/conn.h"

struct rte_mbuf;

struct quote {
	uint8_t *ip;
	uint8_t *l4;
	uint32_t l4_len;     /* bytes of L4 that are quoted */
	struct tuple answer; /* of what would answer the quoted packet */
};

/* Of m, an ICMP packet. false: it is no error about TCP, UDP, SCTP or an echo, or quotes too
 * little to tell which. */
bool quote_find(struct rte_mbuf *m, struct quote *quote);

/* The quoted packet went in direction `sent`; it becomes what its sender had sent: `was`. The
 * error's own checksum is old then. */
void quote_rewrite(const struct conn *conn, enum conn_dir sent, struct quote *quote,
		   const struct tuple *was);

/* The same behind the quoted packet's IP header alone, which makes `delta` in checksums. */
void quote_rewrite_l4(const struct conn *conn, enum conn_dir sent, struct quote *quote,
		      const struct tuple *was, uint32_t delta);

/* Of m, a whole ICMP packet of either family. */
bool quote_checksum_right(const struct rte_mbuf *m);
void quote_checksum_set(struct rte_mbuf *m);

#endif

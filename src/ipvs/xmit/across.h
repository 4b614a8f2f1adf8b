/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/xmit/across: a connection whose client and server are of different
 * families (NAT64, NAT46). Each packet becomes one of the other family.
 */
#ifndef IPVS_XMIT_ACROSS_H
#define IPVS_XMIT_ACROSS_H

#include "ipvs/conn.h"

struct quote;
struct rte_mbuf;
struct worker;

/* A packet of the connection, for the `run` of modes; other: the other direction's tuple. Takes
 * over m. */
void across(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
	    const struct tuple *other);

/*
 * m is an ICMP error that came as packets of `dir` come, about a packet that had gone the other
 * way; its checksum is right. It goes on to who had sent that, in words of his family.
 */
void across_error(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir,
		  struct quote *quote);

#endif

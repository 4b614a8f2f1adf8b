/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/xmit: forwarding modes. A mode says what a new connection needs (FNAT: a
 * local address and port), gives that back at the end, and turns each packet
 * into the one that goes to the server or to the client. A mode is one file, and
 * one line in list.h, whose modes xmit_find() knows.
 *
 * Further down is what every mode over IPv4 needs, in the order in which it is
 * needed: the checks before a packet is touched, the rewrite, and the way out.
 */
#ifndef IPVS_XMIT_XMIT_H
#define IPVS_XMIT_XMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "ipvs/conn.h"
#include "net/route.h"
#include "packet/drop.h"

struct dest;
struct rte_mbuf;
struct service;
struct worker;

/* What a new connection is to be made of. */
struct xmit_opening {
	struct service *service;
	struct dest *dest;
	const struct tuple *in; /* of the client's packets */
	struct tuple out;       /* by open: of the server's packets as they arrive here */
	uint32_t laddr;         /* by open: into struct conn */
	uint16_t flags;         /* by open: into struct conn */
};

struct xmit {
	const char *name;
	bool shift_tcp; /* local ports are used again: a server must see TCP numbers that only grow
			 */
	/* false: the connection cannot be, for *reason; nothing is held then. */
	bool (*open)(struct worker *w, struct xmit_opening *opening, enum drop_reason *reason);
	/* What open took is given back, for a connection, or for an opening that came to nothing.
	 */
	void (*close)(struct worker *w, uint16_t conn_flags, const struct tuple *out);
	/* Takes over m, a packet of the connection as it arrived, meta set, its L4 header in the
	 * first segment. */
	void (*run)(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir);
};

/* By enum api_forward; NULL: there is no such mode here. */
const struct xmit *xmit_find(unsigned int forward);

/*
 * May m go to dst, on a way that takes its size, with TTL to spare? Finds the way. false: m was
 * dropped, and its sender told why by ICMP from `from` (the virtual address).
 */
bool xmit4_way(struct worker *w, struct rte_mbuf *m, const union ip_addr *dst, be32 from,
	       struct nexthop *nexthop);

/*
 * IPv4 header: source and destination of `to`, TTL less one, and its checksum by difference.
 * Returns the difference that the addresses and ports of `to` make in the L4 checksum.
 */
uint32_t xmit4_rewrite_ip(struct rte_mbuf *m, const struct tuple *to);

/* TCP or UDP: the ports of `to`, and the checksum by delta, or its computation left to the way out
 * if it arrived unfinished. */
void xmit4_rewrite_l4(struct rte_mbuf *m, const struct tuple *to, uint32_t delta);

/* On to the neighbour. */
void xmit4_send(struct worker *w, struct rte_mbuf *m, const struct nexthop *nexthop);

#endif

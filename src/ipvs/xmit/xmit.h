/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/xmit: forwarding modes. A mode says what a new connection needs (FNAT: a
 * local address and port, which ipvs/session gives back at the end), and turns
 * each packet into the one that goes to the server or to the client. A mode is
 * one file, and one line in list.h, whose modes xmit_find() knows.
 */
#ifndef IPVS_XMIT_XMIT_H
#define IPVS_XMIT_XMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "ipvs/conn.h"
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
	bool clash_later;       /* it need not be known yet whether `out` is another's already: who
				   makes the connection finds out, and opens again or drops */
	struct tuple out;       /* by open: of the server's packets as they arrive here */
	uint32_t laddr;         /* by open: into struct conn */
	uint16_t flags;         /* by open: into struct conn; CONN_LPORT: out.dport was taken */
};

struct xmit {
	const char *name;
	/* Local ports are used again: TCP numbers are shifted, so that a server sees them grow. */
	bool shift_tcp;
	/* Each direction's packets get the other's tuple, the other way round. */
	bool nat;
	/* The flow stage forwards its packets straight on: as nat says, and by the way to server or
	 * client. What else it can forward: flow_aside.c. */
	bool flow;
	/* false: the connection cannot be, for *reason; nothing is held then. */
	bool (*open)(struct worker *w, struct xmit_opening *opening, enum drop_reason *reason);
	/* Takes over m, a packet of the connection as it arrived, meta set. */
	void (*run)(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir);
};

/* By enum api_forward; NULL: there is no such mode here. */
const struct xmit *xmit_find(unsigned int forward);

/* Hands m over to its connection's mode. */
void xmit_run(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir);

#endif

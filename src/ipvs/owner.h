/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/owner: which workers may have the connection of a packet that this one
 * has none for. A connection lives where it was opened, and its packets must
 * find it from what they carry:
 *
 *	- FNAT, DR, SNAT: the owner of the tuple as it arrives (link/steer.h), which is
 *	  the worker that RSS delivers it to, where there is RSS. The local port of
 *	  FNAT and SNAT is chosen so that the answers have the same owner.
 *	- NAT: the owner of the client's address and port, which both directions
 *	  carry, since nothing about the answers can be chosen.
 *	- SNAT, since a public address has had a range of few ports (lport.h): the
 *	  owner of the remote host's address and port, which both directions carry,
 *	  too. So all connections with it are on one worker, which can use all ports
 *	  of a range. For good: nobody would find the others' connections when
 *	  ranges come and go.
 *
 * A service that has had servers of both kinds opens all connections at the
 * client's owner, and asks the other one first.
 */
#ifndef IPVS_OWNER_H
#define IPVS_OWNER_H

#include <stdbool.h>

#include "packet/tuple.h"

struct rte_mbuf;
struct service;
struct worker;

#define OWNERS_MAX 3

/* In the order in which they are asked. */
struct owners {
	unsigned int n; /* 0: no worker has it, since it is no business of balancing */
	unsigned int ids[OWNERS_MAX];
};

/* Of a packet with this tuple, as it arrives; in_port as for ours_service(). */
struct owners owners_of(const struct worker *w, const struct tuple *tuple, uint16_t in_port);

/* Is this worker the only one that may have the connection of a packet to that service? */
bool owners_none_else(const struct worker *w, const struct service *svc, const struct tuple *tuple);

/* Hands m over to the next that was not asked yet. false: this worker has been the last, and may
 * say that there is no connection. */
bool owners_ask_next(struct worker *w, struct rte_mbuf *m, const struct owners *owners);

#endif

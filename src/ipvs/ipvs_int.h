/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/ipvs_int: what the files that make up the balancing stage share. */
#ifndef IPVS_IPVS_INT_H
#define IPVS_IPVS_INT_H

#include <stdbool.h>

#include "packet/tuple.h"

struct rte_mbuf;
struct worker;

/* An ICMP packet at the balancing stage; takes it over. */
void ipvs_icmp(struct worker *w, struct rte_mbuf *m);

/* To a virtual service, or to an address and port from which we might talk to a server? As it
 * arrives here. */
bool ipvs_is_ours(const struct worker *w, const struct tuple *tuple);

/* Ends an established TCP connection that nobody has used for long: a reset to either side. */
void reset_both_sides(struct worker *w, uint32_t id);

#endif

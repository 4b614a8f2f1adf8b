/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/ours: is a packet of no connection any business of balancing? It is if
 * it is to a virtual service, or to an address and port from which we may have
 * spoken to a server. The tuples are those of packets as they arrive here.
 */
#ifndef IPVS_OURS_H
#define IPVS_OURS_H

#include <stdbool.h>

#include "packet/tuple.h"

struct pkt_meta;
struct service;
struct worker;

/* NULL: to no service. in_port: where it came in, PORT_NONE: that is not known. */
struct service *ours_service(const struct worker *w, const struct tuple *tuple, uint16_t in_port);

/* The same of one that has been removed and whose connections are still there. */
struct service *ours_removed_service(const struct worker *w, const struct tuple *tuple,
				     uint16_t in_port);

/* Where connections of services are whose marks packets like this had before rules changed: their
 * flags SERVICE_BY_FLOW and _BY_CLIENT. */
unsigned int ours_former_kinds(const struct worker *w, const struct tuple *tuple, uint16_t in_port);

/* The same of a packet, which may also be one that passes through, by match. */
struct service *ours_service_of(const struct worker *w, const struct pkt_meta *meta);

bool ours_local_port(const struct worker *w, const struct tuple *tuple);

/* From a server whose answers have the client's own address (NAT). */
bool ours_answer(const struct worker *w, const struct tuple *tuple);

/* To an address of ours: its owner may have a connection whose service has been removed. */
bool ours_formerly(const struct worker *w, const struct tuple *tuple);

static inline bool is_ours(const struct worker *w, const struct tuple *tuple, uint16_t in_port)
{
	return ours_service(w, tuple, in_port) || ours_local_port(w, tuple);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/match: services without an address of their own (`ipvsadm -H`): what
 * passes through this machine, by where it comes from and goes to. All of a
 * worker stand in one list, the last added first; the first that a packet
 * suits is its service.
 */
#ifndef IPVS_MATCH_H
#define IPVS_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "api/ipvs.h"
#include "base/hash.h"
#include "packet/tuple.h"

struct pkt_meta;
struct route_flow;
struct service;
struct service_key;
struct service_table;
struct worker;

/* Either may be NULL, which is equal to itself only. */
bool match_equal(const struct api_match *a, const struct api_match *b);
uint64_t match_hash(const struct hash_key *key, const struct api_match *match);

/* "TCP from 10.0.0.0-10.0.0.255, out dpdk1", in buf of MATCH_STR_LEN; returns buf. */
#define MATCH_STR_LEN 320
const char *match_str(const struct service_key *key, char *buf);

/*
 * The service of a packet that has ports, or an echo's identifier, and is of no connection and of
 * no other service, if it is on its way through this machine. NULL: it suits none.
 */
struct service *match_service(const struct worker *w, const struct pkt_meta *meta);

/* The same of one that has come to us alone, by that port. */
struct service *match_service_of(const struct worker *w, const struct route_flow *flow,
				 uint16_t in_port);

/* Might a connection with such packets be of one of them, even of one that has been removed? By
 * addresses and ports alone. */
bool match_may_own(const struct worker *w, const struct tuple *tuple);

/* The same of a fragment, by its addresses alone: they are all that its tuple has. */
bool match_may_fragment(const struct worker *w, const struct tuple *tuple);

/* May it be a piece of a ping that a match of ICMP carries? By its addresses, too. */
bool match_may_ping(const struct worker *w, const struct tuple *tuple);

/* Steps of an op: a new one, or one that comes back, becomes the first; one that is freed leaves.
 */
void match_list_first(struct service_table *table, const struct service *svc);
void match_list_remove(struct service_table *table, const struct service *svc);

#endif

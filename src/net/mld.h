/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/mld: Multicast Listener Discovery as hosts do it (RFC 3810, and RFC 2710
 * where a router or switch asks so): who forwards groups is told which of them
 * our ports are in, unasked and when asked.
 */
#ifndef NET_MLD_H
#define NET_MLD_H

#include <stdbool.h>
#include <stdint.h>

struct event;
struct mld;
struct rte_mbuf;
struct worker;

#define MLD_QUERY     130
#define MLD_REPORT    131 /* of version 1, as is the next */
#define MLD_DONE      132
#define MLD_REPORT_V2 143

static inline bool mld_is_type(uint8_t icmp_type)
{
	return (icmp_type >= MLD_QUERY && icmp_type <= MLD_DONE) || icmp_type == MLD_REPORT_V2;
}

/* An ICMPv6 message of one of these types, its checksum right, as nd6_input() takes them. Takes m
 * over. */
void mld_input(struct worker *w, struct rte_mbuf *m);

/* Master: EVENT_MLD_QUERY; reports that are due. */
void mld_query(struct worker *const *all, const struct event *event, uint64_t now_ms);
void mld_tick(struct worker *const *all, uint64_t now_ms);

void mld_destroy(struct mld *mld); /* NULL is fine */

#endif

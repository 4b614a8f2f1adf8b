/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/stamp: what is remembered of an address (its way out, that it is not one
 * of ours) goes out of date when a route or an address changes that covers it,
 * and seldom else. Addresses are told apart by the net that they are in: a /20
 * or a /36, which are longer than few routes and shorter than most. Nets are
 * folded into a thousand slots, so that those of a region have different slots,
 * and a row of them has a row of slots. (By leading bits alone, all clients of a
 * region went out of date with each of its routes; with smaller nets, a short
 * prefix moves nearly all slots; with more slots these take more of the cache
 * than they save.) Each slot has a stamp, which such a change moves on. Who
 * remembers something keeps the stamp with it, and asks again when it differs.
 * A stamp is never 0, so 0 may stand for "nothing is remembered".
 */
#ifndef NET_STAMP_H
#define NET_STAMP_H

#include <stdint.h>

#include <rte_byteorder.h>

#include "base/ip.h"

struct worker;

#define STAMP_BITS  10
#define STAMP_SLOTS (1u << STAMP_BITS) /* of a family */
#define STAMP4_PLEN 20                 /* of the nets */
#define STAMP6_PLEN 36

struct stamps {
	uint32_t at[2 * STAMP_SLOTS]; /* IPv4's, then IPv6's */
};

static inline uint16_t stamp4_slot(be32 addr)
{
	uint32_t net = rte_be_to_cpu_32(addr) >> (32 - STAMP4_PLEN);

	return (uint16_t)((net ^ net >> STAMP_BITS) & (STAMP_SLOTS - 1));
}

static inline uint16_t stamp6_slot(const union ip_addr *addr)
{
	uint64_t net = rte_be_to_cpu_64(addr->u64[0]) >> (64 - STAMP6_PLEN);

	net ^= net >> 2 * STAMP_BITS;
	return (uint16_t)(STAMP_SLOTS + ((net ^ net >> STAMP_BITS) & (STAMP_SLOTS - 1)));
}

static inline uint16_t stamp_slot(unsigned int family, const union ip_addr *addr)
{
	return family == AF_INET ? stamp4_slot(addr->v4) : stamp6_slot(addr);
}

void stamps_init(struct stamps *stamps);

/* A route of this prefix, or an address of ours (plen of the whole), has come, gone or changed. */
void stamps_touch(struct stamps *stamps, unsigned int family, const union ip_addr *prefix,
		  unsigned int plen);

/* Everything may have changed. */
void stamps_touch_all(struct stamps *stamps);

#endif

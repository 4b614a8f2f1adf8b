/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/stamp: what is remembered of an address (its way out, that it is not one
 * of ours) goes out of date when a route or an address changes that covers it,
 * and only then. Addresses are told apart by their leading bits, into a few
 * thousand slots; each slot has a stamp, which such a change moves on. Who
 * remembers something keeps the stamp with it, and asks again when it differs.
 * A stamp is never 0, so 0 may stand for "nothing is remembered".
 */
#ifndef NET_STAMP_H
#define NET_STAMP_H

#include <stdint.h>

#include <rte_byteorder.h>

#include "base/ip.h"

struct worker;

#define STAMP_BITS  12
#define STAMP_SLOTS (1u << STAMP_BITS) /* of a family */
#define STAMP6_SKIP 12                 /* leading bits of an IPv6 address that tell little apart */

struct stamps {
	uint32_t at[2 * STAMP_SLOTS]; /* IPv4's, then IPv6's */
};

static inline uint16_t stamp4_slot(be32 addr)
{
	return (uint16_t)(rte_be_to_cpu_32(addr) >> (32 - STAMP_BITS));
}

static inline uint16_t stamp6_slot(const union ip_addr *addr)
{
	uint32_t high = rte_be_to_cpu_32(addr->u32[0]);

	return (uint16_t)(STAMP_SLOTS +
			  (high >> (32 - STAMP6_SKIP - STAMP_BITS) & (STAMP_SLOTS - 1)));
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

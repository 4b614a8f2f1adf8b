/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/addr_count: may a packet of that source or destination be any business
 * of balancing? Fragments have no ports, so their addresses alone must say so.
 * Counted are virtual addresses, as destinations, and servers in NAT mode, as
 * sources, each in the place that its hash says: a place may be shared with
 * what we have nothing to do with, and such fragments take the longer way.
 */
#ifndef IPVS_ADDR_COUNT_H
#define IPVS_ADDR_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/socket.h>

#include "base/hash.h"
#include "base/ip.h"

#define ADDR_PLACES 8192u

enum addr_role {
	ADDR_SOURCE,
	ADDR_DESTINATION,
};

struct addr_counts {
	uint32_t n[ADDR_PLACES];
};

static inline uint32_t addr_place(const struct hash_key *key, enum addr_role role,
				  unsigned int family, const union ip_addr *addr)
{
	uint64_t rest = (uint64_t)family << 8 | role;
	uint64_t hash = hash_words(key, addr->u64[0], rest);

	if (family != AF_INET)
		hash = hash_more(key, hash, addr->u64[1], rest);
	return (uint32_t)(hash >> 32) % ADDR_PLACES;
}

/* change: 1 or -1 */
static inline void addr_count(struct addr_counts *counts, const struct hash_key *key,
			      enum addr_role role, unsigned int family, const union ip_addr *addr,
			      int change)
{
	counts->n[addr_place(key, role, family, addr)] += (uint32_t)change;
}

static inline bool addr_may_be(const struct addr_counts *counts, const struct hash_key *key,
			       enum addr_role role, unsigned int family, const union ip_addr *addr)
{
	return counts->n[addr_place(key, role, family, addr)] != 0;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/sched/hash256: what sh and dh share: a table of 256 slots, filled with
 * the servers from the front of the list, round and round, and a multiplicative
 * hash of an address and a port that finds a slot. The constant is the one of
 * the golden ratio in 32 bits (Knuth, The Art of Computer Programming, 6.4).
 * Slots and hash are the kernel's, so both send a client to the same server.
 */
#ifndef IPVS_SCHED_HASH256_H
#define IPVS_SCHED_HASH256_H

#include <rte_byteorder.h>

#include "ipvs/service.h"
#include "packet/tuple.h"

#define HASH256_BITS  8
#define HASH256_SLOTS (1u << HASH256_BITS)

struct hash256 {
	uint32_t filled; /* the slots are of the servers as they are now */
	struct dest *slots[HASH256_SLOTS];
};

/* An address as 32 bits in host order: an IPv6 address is its four words xored. */
static inline uint32_t hash256_fold(unsigned int family, const union ip_addr *addr)
{
	uint64_t both = addr->u64[0] ^ addr->u64[1];

	if (family == AF_INET)
		return rte_be_to_cpu_32(addr->v4);
	return rte_be_to_cpu_32((be32)(both ^ both >> 32));
}

static inline uint32_t hash256_of(uint32_t number)
{
	return number * 0x61c88647u >> (32 - HASH256_BITS);
}

/* scheduler.changed */
static inline void hash256_changed(struct service *svc, enum sched_change change, uint32_t index)
{
	((struct hash256 *)svc->sched_priv)->filled = 0;
}

/* Each server gets as many slots in a row as its weight says, one at least; or one each. */
static inline void hash256_fill(const struct service *svc, struct hash256 *table, bool weighted)
{
	uint32_t at = 0, run = 0;

	for (unsigned int slot = 0; slot < HASH256_SLOTS; slot++) {
		struct dest *dest = svc->n_dests ? svc->dests[at] : NULL;

		table->slots[slot] = dest;
		if (!dest || (weighted && ++run < dest->weight))
			continue;
		run = 0;
		at = at + 1 < svc->n_dests ? at + 1 : 0;
	}
	table->filled = 1;
}

#endif

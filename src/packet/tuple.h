/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/tuple: what names a flow, as the packet that arrives carries it. The
 * one family-blind form outside the connection table, which packs it.
 */
#ifndef PACKET_TUPLE_H
#define PACKET_TUPLE_H

#include "base/hash.h"
#include "base/ip.h"

struct tuple {
	union ip_addr src;
	union ip_addr dst;
	be16 sport;
	be16 dport;
	uint8_t proto;
	uint8_t family; /* AF_INET, AF_INET6 */
	uint16_t zone;  /* 0 today */
};

static inline struct tuple tuple_reverse(const struct tuple *t)
{
	struct tuple r = *t;

	r.src = t->dst;
	r.dst = t->src;
	r.sport = t->dport;
	r.dport = t->sport;
	return r;
}

static inline uint64_t tuple_hash(const struct hash_key *key, const struct tuple *t)
{
	uint64_t ports = (uint64_t)t->sport << 48 | (uint64_t)t->dport << 32 |
			 (uint64_t)t->proto << 16 | t->zone;

	if (t->family == AF_INET)
		return hash_words(key, (uint64_t)t->src.u32[0] << 32 | t->dst.u32[0], ports);
	return hash_more(key,
			 hash_more(key, hash_words(key, t->src.u64[0], t->src.u64[1]),
				   t->dst.u64[0], t->dst.u64[1]),
			 ports, AF_INET6);
}

#endif

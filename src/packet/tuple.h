/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/tuple: what names a flow, as the packet that arrives carries it. The
 * one family-blind form outside the connection table, which packs it.
 */
#ifndef PACKET_TUPLE_H
#define PACKET_TUPLE_H

#include <netinet/in.h>
#include <stddef.h>

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

/* ICMP of its own family; the other one's is nothing that anybody speaks. */
static inline bool tuple_is_icmp(const struct tuple *t)
{
	return t->proto == (t->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* All that is not an address, as one word. */
static inline uint64_t tuple_rest(const struct tuple *t)
{
	uint64_t rest;

	memcpy(&rest, &t->sport, sizeof(rest));
	return rest;
}

/* All that is not an address, in one store: who reads it as one word does not wait for the cache.
 */
static inline void tuple_set_rest(struct tuple *t, be16 sport, be16 dport, uint8_t proto,
				  uint8_t family, uint16_t zone)
{
	uint64_t rest = sport | (uint64_t)dport << 16 | (uint64_t)proto << 32 |
			(uint64_t)family << 40 | (uint64_t)zone << 48;

	memcpy(&t->sport, &rest, sizeof(rest));
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are put together so");
_Static_assert(sizeof(struct tuple) == 40 && offsetof(struct tuple, sport) == 32, "no gaps");

static inline struct tuple tuple_reverse(const struct tuple *t)
{
	struct tuple r;

	r.src = t->dst;
	r.dst = t->src;
	tuple_set_rest(&r, t->dport, t->sport, t->proto, t->family, t->zone);
	return r;
}

static inline bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return ((a->src.u64[0] ^ b->src.u64[0]) | (a->src.u64[1] ^ b->src.u64[1]) |
		(a->dst.u64[0] ^ b->dst.u64[0]) | (a->dst.u64[1] ^ b->dst.u64[1]) |
		(tuple_rest(a) ^ tuple_rest(b))) == 0;
}

/*
 * An IPv4 tuple as three words, in the order in which a packet has them (on little-endian machines
 * plain loads): source and destination; their ports; protocol and zone.
 */
struct tuple4 {
	uint64_t addrs;
	uint32_t ports;
	uint32_t rest;
};

static inline uint64_t tuple4_addrs(be32 src, be32 dst)
{
	return src | (uint64_t)dst << 32;
}

static inline uint32_t tuple4_ports(be16 sport, be16 dport)
{
	return sport | (uint32_t)dport << 16;
}

static inline uint32_t tuple4_rest(uint8_t proto, uint16_t zone)
{
	return proto | (uint32_t)zone << 16;
}

static inline bool tuple4_equal(const struct tuple4 *a, const struct tuple4 *b)
{
	return a->addrs == b->addrs && a->ports == b->ports && a->rest == b->rest;
}

static inline struct tuple4 tuple4_from(const struct tuple *t)
{
	return (struct tuple4){
		.addrs = tuple4_addrs(t->src.v4, t->dst.v4),
		.ports = tuple4_ports(t->sport, t->dport),
		.rest = tuple4_rest(t->proto, t->zone),
	};
}

static inline struct tuple tuple4_to(const struct tuple4 *t)
{
	struct tuple tuple;

	tuple.src = ip_from_v4((be32)t->addrs);
	tuple.dst = ip_from_v4((be32)(t->addrs >> 32));
	tuple_set_rest(&tuple, (be16)t->ports, (be16)(t->ports >> 16), (uint8_t)t->rest, AF_INET,
		       (uint16_t)(t->rest >> 16));
	return tuple;
}

static inline uint64_t tuple4_hash(const struct hash_key *key, const struct tuple4 *t)
{
	return hash_words(key, t->addrs, (uint64_t)t->ports << 32 | t->rest);
}

/* Of IPv6, as all of a connection that is not IPv4 on both sides. */
static inline uint64_t tuple6_hash(const struct hash_key *key, const struct tuple *t)
{
	uint64_t src = hash_fold(t->src.u64[0] ^ key->k[0], t->src.u64[1] ^ key->k[1]);
	uint64_t dst = hash_fold(t->dst.u64[0] ^ key->k[2], t->dst.u64[1] ^ key->k[3]);

	return hash_words(key, src + (dst << 1 | dst >> 63), tuple_rest(t));
}

static inline uint64_t tuple_hash(const struct hash_key *key, const struct tuple *t)
{
	struct tuple4 t4;

	if (t->family != AF_INET)
		return tuple6_hash(key, t);
	t4 = tuple4_from(t);
	return tuple4_hash(key, &t4);
}

#endif

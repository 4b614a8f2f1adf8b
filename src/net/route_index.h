/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-index: which value the longest prefix of an address has. For
 * routes the value is the number of a way (net/route_way.h); the record of
 * what routes there are is elsewhere (net/route.c). Each worker has its own,
 * changed by ops; its memory comes with the first touch.
 */
#ifndef NET_ROUTE_INDEX_H
#define NET_ROUTE_INDEX_H

#include <rte_byteorder.h>

#include "base/ip.h"
#include "base/region.h"
#include "net/route_line.h"
#include "net/route_trie.h"

#define INDEX_VALUE_BITS 27 /* values are below 1 << 27, and not 0 */
#define INDEX_VALUE      ((1u << INDEX_VALUE_BITS) - 1)
#define INDEX_CHILD      (1u << 31)
#define INDEX4_TOP_BITS  13
#define INDEX4_LINES     32u /* of a block: by the next 5 bits, and their 64 entries by 6 more */
#define INDEX6_ROOT_BITS 15
#define INDEX_BURST      32 /* of lookups that are made side by side */

/*
 * IPv6 by the leading bits of an address: the best of the prefixes up to them, and what is below.
 * Apart, since most lookups end below.
 */
struct index_roots {
	uint32_t *best;  /* prefix length << INDEX_VALUE_BITS | value, 0: none */
	uint32_t *below; /* block of a node, 0: none */
};

/*
 * IPv4 by 24 bits: blocks of 32 lines (net/route_line.h), whose entries are
 *	prefix length - 16 << INDEX_VALUE_BITS | value, or 0, or, with INDEX_CHILD,
 *	prefix length - 16 << INDEX_VALUE_BITS | block of a node of which that value ends at once,
 * and a trie below. Shorter prefixes by 16 bits, asked where there is nothing else. IPv6 by 15
 * bits, then a trie. Prefixes of length 0 stand apart.
 */
struct route_index {
	uint32_t *tops4;          /* [1 << INDEX4_TOP_BITS]: block of lines, 0: none */
	uint16_t *tops4_uses;     /* lines of it that are not empty */
	uint32_t *best4;          /* [1 << 16]: as that of index_roots */
	struct index_roots root6; /* [1 << INDEX6_ROOT_BITS] */
	struct units units;
	uint32_t none4, none6; /* where nothing else matches */
	size_t populated;      /* master: bytes of the region that all workers have memory for */
	struct region region;
};

/* 0 or -errno. socket: the worker's node. */
int route_index_create(struct route_index *index, int socket);
void route_index_destroy(struct route_index *index);

/* May a prefix be added? A prefix that goes may cut runs of its lines, so those must have room to
 * grow from class to class, all of them: 128 MB of the region are kept for that. */
static inline bool route_index_room(const struct route_index *index)
{
	const uint32_t lines = INDEX4_LINES << INDEX4_TOP_BITS;

	return units_room(&index->units, TRIE_ROOM + lines * 2 * LINE_ROOM);
}

/* A prefix gets this value. There is room. */
void route_index_set(struct route_index *index, unsigned int family, const union ip_addr *dst,
		     unsigned int plen, uint32_t value);

/*
 * It goes. `cover` is the longest prefix in the index that has it inside and is of more than
 * route_index_base() bits; its value is 0 if there is none.
 */
struct index_cover {
	unsigned int plen;
	uint32_t value;
};
void route_index_del(struct route_index *index, unsigned int family, const union ip_addr *dst,
		     unsigned int plen, struct index_cover cover);

/* Before it goes: what covers it, where entries beside its own tell; false: ask the record. */
bool route_index_cover(const struct route_index *index, unsigned int family,
		       const union ip_addr *dst, unsigned int plen, struct index_cover *cover);

/* What a change of this prefix will wait for: in a second step, deep, what the first led to. */
void route_index_prefetch(const struct route_index *index, unsigned int family,
			  const union ip_addr *dst, unsigned int plen, bool deep);

/* Prefixes up to this length have no part in what takes the place of one of length plen. */
static inline unsigned int route_index_base(unsigned int family, unsigned int plen)
{
	if (family == AF_INET)
		return plen <= 16 ? 0 : plen <= 24 ? 16 : plen - 1;
	return plen <= INDEX6_ROOT_BITS ? 0 : plen - 1;
}

/* Where in the region what is used ends. */
size_t route_index_end(const struct route_index *index);

/* Bytes that are backed by memory, up to where it ends. */
size_t route_index_resident(const struct route_index *index, size_t end);

static inline uint32_t index_trie_find(const struct units *units, struct trie_walk walk,
				       uint32_t best)
{
	while (walk.node)
		trie_walk_step(units, &walk);
	return walk.best ? trie_value(units, walk.best, walk.bit) : best;
}

/* Block 0 is none, and reads as lines in which nothing is. */
static inline const struct index_line *index4_line(const struct route_index *index, uint32_t addr)
{
	const struct index_line *lines = units_at(&index->units,
						  index->tops4[addr >> (32 - INDEX4_TOP_BITS)]);

	return &lines[addr >> 14 & (INDEX4_LINES - 1)];
}

static inline const uint32_t *index4_entry(const struct route_index *index, uint32_t addr)
{
	return line_entry(&index->units, index4_line(index, addr), addr >> 8 & (LINE_ENTRIES - 1));
}

/* What the entry says that address has. */
static inline uint32_t index4_take(const struct route_index *index, uint32_t entry, uint32_t addr)
{
	struct trie_walk walk = { .high = (uint64_t)addr << 56, .node = entry & INDEX_VALUE };
	uint32_t value = entry & INDEX_VALUE;

	if (__builtin_expect(entry & INDEX_CHILD, 0))
		value = index_trie_find(&index->units, walk, 0);
	if (!value)
		value = index->best4[addr >> 16] & INDEX_VALUE;
	return value ? value : index->none4;
}

/* The value of the longest prefix that matches; 0: none does. addr in the host's order. */
static inline uint32_t route_index_find4(const struct route_index *index, uint32_t addr)
{
	return index4_take(index, *index4_entry(index, addr), addr);
}

/* An address in two words of the host's order. */
struct index_addr6 {
	uint64_t high, low;
};

static inline struct index_addr6 index_addr6_from(const union ip_addr *ip)
{
	return (struct index_addr6){ .high = rte_be_to_cpu_64(ip->u64[0]),
				     .low = rte_be_to_cpu_64(ip->u64[1]) };
}

static inline struct trie_walk index6_walk(uint32_t node, const struct index_addr6 *addr)
{
	return (struct trie_walk){
		.high = addr->high << INDEX6_ROOT_BITS | addr->low >> (64 - INDEX6_ROOT_BITS),
		.low = addr->low << INDEX6_ROOT_BITS,
		.node = node,
	};
}

static inline uint32_t route_index_find6(const struct route_index *index, const union ip_addr *ip)
{
	struct index_addr6 addr = index_addr6_from(ip);
	uint32_t at = (uint32_t)(addr.high >> (64 - INDEX6_ROOT_BITS));
	uint32_t value = index_trie_find(&index->units, index6_walk(index->root6.below[at], &addr),
					 index->root6.best[at] & INDEX_VALUE);

	return value ? value : index->none6;
}

/* The same for many at once: what one waits for in memory, the others have meanwhile. */
void route_index_find4_many(const struct route_index *index, const uint32_t *addrs,
			    uint32_t *values, unsigned int n);
void route_index_find6_many(const struct route_index *index, const struct index_addr6 *addrs,
			    uint32_t *values, unsigned int n);

#endif

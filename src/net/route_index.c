/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-index: where the values stand. A table of leading bits and, for
 * IPv4, pages of 256 are written in full for each prefix: a lookup among the
 * usual lengths is two loads. What is longer than 24 bits, and all of IPv6,
 * lies in tries of small nodes, which cost memory by prefixes and not by the
 * space that they cover. A prefix is written over shorter ones only, within its
 * own level; a level below is not touched, because a lookup that finds nothing
 * there falls back to what it saw above. So the work for one prefix is at
 * most 256 entries, or 32,768 for a /1.
 *
 * The tables lie at the start of the region, which comes in small pages: a few
 * routes touch a few of them.
 */
#include "net/route_index.h"

#include <string.h>
#include <sys/socket.h>

#define ROOT4 (1u << 16)
#define ROOT6 (1u << INDEX6_ROOT_BITS)
#define TABLES_BYTES \
	(ROOT4 * (2 * sizeof(uint32_t) + sizeof(uint16_t)) + ROOT6 * 2 * sizeof(uint32_t))
#define UNITS_BYTES  ((size_t)2 << 30)
#define SMALL_BYTES  ((size_t)2 << 20) /* touched as needed: a page of the kernel's at a time */
#define PAGE_ENTRIES 256u
#define PAGE_CLASS   5 /* of 1 KB */

_Static_assert(PAGE_ENTRIES * sizeof(uint32_t) == UNIT_BYTES << PAGE_CLASS, "a page's block");
_Static_assert(UNITS_BYTES / UNIT_BYTES <= INDEX_VALUE, "blocks fit beside a flag");
_Static_assert(TABLES_BYTES % ((size_t)UNIT_BYTES << (UNIT_CLASSES - 1)) == 0, "blocks align");

static struct index_roots roots_at(uint8_t **at, size_t n)
{
	struct index_roots roots = { .best = (uint32_t *)*at };

	roots.below = roots.best + n;
	*at += 2 * n * sizeof(uint32_t);
	return roots;
}

int route_index_create(struct route_index *index, int socket)
{
	uint8_t *at;
	int r;

	*index = (struct route_index){ .populated = SMALL_BYTES };
	r = region_create(&index->region, TABLES_BYTES + UNITS_BYTES, socket);
	if (r < 0)
		return r;
	at = index->region.base;
	index->root4 = roots_at(&at, ROOT4);
	index->root6 = roots_at(&at, ROOT6);
	index->page_uses = (uint16_t *)at;
	units_init(&index->units, (uint8_t *)index->region.base + TABLES_BYTES, UNITS_BYTES);
	return 0;
}

void route_index_destroy(struct route_index *index)
{
	region_destroy(&index->region);
}

size_t route_index_end(const struct route_index *index)
{
	return TABLES_BYTES + (size_t)index->units.next * UNIT_BYTES;
}

size_t route_index_resident(const struct route_index *index, size_t end)
{
	return region_resident_to(&index->region, end);
}

static inline uint32_t entry_make(unsigned int plen, uint32_t value)
{
	return value ? plen << INDEX_VALUE_BITS | value : 0;
}

static inline unsigned int entry_plen(uint32_t entry)
{
	return (entry & ~INDEX_CHILD) >> INDEX_VALUE_BITS;
}

/* ---- the tables of leading bits ---- */

/* Those of `bits` bits that the prefix covers get the value, unless a longer one is there. */
static void roots_set(const struct index_roots *roots, unsigned int bits, uint32_t first,
		      unsigned int plen, uint32_t value)
{
	uint32_t n = 1u << (bits - plen), entry = entry_make(plen, value);

	for (uint32_t *best = &roots->best[first]; best < &roots->best[first + n]; best++)
		if (*best >> INDEX_VALUE_BITS <= plen)
			*best = entry;
}

static void roots_del(const struct index_roots *roots, unsigned int bits, uint32_t first,
		      unsigned int plen, struct index_cover cover)
{
	uint32_t n = 1u << (bits - plen), entry = entry_make(cover.plen, cover.value);

	for (uint32_t *best = &roots->best[first]; best < &roots->best[first + n]; best++)
		if (*best >> INDEX_VALUE_BITS == plen)
			*best = entry;
}

/* ---- pages: lengths 17 to 24 of IPv4, here as 1 to 8 ---- */

static uint32_t *page_of(struct route_index *index, uint32_t at)
{
	uint32_t *below = &index->root4.below[at], *page;

	if (*below)
		return units_at(&index->units, *below);
	*below = units_alloc(&index->units, PAGE_CLASS);
	page = units_at(&index->units, *below);
	memset(page, 0, PAGE_ENTRIES * sizeof(*page));
	return page;
}

static void page_release(struct route_index *index, uint32_t at)
{
	if (--index->page_uses[at] > 0)
		return;
	units_free(&index->units, index->root4.below[at], PAGE_CLASS);
	index->root4.below[at] = 0;
}

static const struct trie_key no_bits = { .len = 0 };

/* Of an entry that has a node, the value stands there. */
static void entry_put(struct route_index *index, uint32_t *entry, unsigned int len, uint32_t value)
{
	struct trie_node *node;

	if (!(*entry & INDEX_CHILD)) {
		*entry = entry_make(len, value);
		return;
	}
	node = units_at(&index->units, *entry & INDEX_VALUE);
	*entry = INDEX_CHILD | len << INDEX_VALUE_BITS | (*entry & INDEX_VALUE);
	if (value)
		trie_set(&index->units, node, no_bits, value);
	else
		trie_del(&index->units, node, no_bits);
}

static bool entry_is_set(const uint32_t *entry)
{
	return entry_plen(*entry) != 0;
}

static void page_set(struct route_index *index, uint32_t addr, unsigned int len, uint32_t value,
		     bool fresh)
{
	uint32_t *page = page_of(index, addr >> 16);
	uint32_t first = addr >> 8 & 0xff, n = PAGE_ENTRIES >> len;

	index->page_uses[addr >> 16] += fresh;
	for (uint32_t *entry = &page[first]; entry < &page[first + n]; entry++)
		if (entry_plen(*entry) <= len)
			entry_put(index, entry, len, value);
}

static void page_del(struct route_index *index, uint32_t addr, unsigned int len,
		     struct index_cover cover)
{
	uint32_t *page = page_of(index, addr >> 16);
	uint32_t first = addr >> 8 & 0xff, n = PAGE_ENTRIES >> len;
	unsigned int cover_len = cover.value ? cover.plen - 16 : 0;

	for (uint32_t *entry = &page[first]; entry < &page[first + n]; entry++)
		if (entry_plen(*entry) == len)
			entry_put(index, entry, cover_len, cover.value);
	page_release(index, addr >> 16);
}

/* ---- below a page's entry ---- */

static struct trie_key key4(uint32_t addr, unsigned int plen)
{
	return (struct trie_key){ .high = (uint64_t)addr << 56, .len = plen - 24 };
}

static void deep_set(struct route_index *index, uint32_t addr, unsigned int plen, uint32_t value)
{
	uint32_t *entry = &page_of(index, addr >> 16)[addr >> 8 & 0xff], block;
	struct trie_node *node;

	if (!(*entry & INDEX_CHILD)) {
		block = units_alloc(&index->units, 0);
		node = units_at(&index->units, block);
		memset(node, 0, sizeof(*node));
		if (entry_is_set(entry))
			trie_set(&index->units, node, no_bits, *entry & INDEX_VALUE);
		*entry = INDEX_CHILD | entry_plen(*entry) << INDEX_VALUE_BITS | block;
		index->page_uses[addr >> 16]++;
	}
	node = units_at(&index->units, *entry & INDEX_VALUE);
	trie_set(&index->units, node, key4(addr, plen), value);
}

static void deep_del(struct route_index *index, uint32_t addr, unsigned int plen)
{
	uint32_t *entry = &page_of(index, addr >> 16)[addr >> 8 & 0xff];
	uint32_t block = *entry & INDEX_VALUE, value = 0;
	struct trie_node *node = units_at(&index->units, block);

	trie_del(&index->units, node, key4(addr, plen));
	if (node->below || node->ends & ~UINT64_C(1))
		return;
	if (entry_is_set(entry))
		value = trie_value(&index->units, node, 0);
	*entry = entry_make(entry_plen(*entry), value);
	units_free(&index->units, block, 0);
	page_release(index, addr >> 16);
}

/* ---- IPv6 ---- */

static struct trie_key key6(const struct index_addr6 *addr, unsigned int plen)
{
	struct trie_walk walk = index6_walk(0, addr);

	return (struct trie_key){ .high = walk.high,
				  .low = walk.low,
				  .len = plen - INDEX6_ROOT_BITS };
}

/* Lengths up to INDEX6_ROOT_BITS stand in the table itself. */
static void index6_set(struct route_index *index, const union ip_addr *dst, unsigned int plen,
		       uint32_t value)
{
	struct index_addr6 addr = index_addr6_from(dst);
	uint32_t at = (uint32_t)(addr.high >> (64 - INDEX6_ROOT_BITS));
	uint32_t *below = &index->root6.below[at];
	struct trie_node *node;

	if (plen <= INDEX6_ROOT_BITS) {
		roots_set(&index->root6, INDEX6_ROOT_BITS, at, plen, value);
		return;
	}
	if (!*below) {
		*below = units_alloc(&index->units, 0);
		node = units_at(&index->units, *below);
		memset(node, 0, sizeof(*node));
	}
	trie_set(&index->units, units_at(&index->units, *below), key6(&addr, plen), value);
}

static void index6_del(struct route_index *index, const union ip_addr *dst, unsigned int plen,
		       struct index_cover cover)
{
	struct index_addr6 addr = index_addr6_from(dst);
	uint32_t at = (uint32_t)(addr.high >> (64 - INDEX6_ROOT_BITS));
	uint32_t *below = &index->root6.below[at];
	struct trie_node *node;

	if (plen <= INDEX6_ROOT_BITS) {
		roots_del(&index->root6, INDEX6_ROOT_BITS, at, plen, cover);
		return;
	}
	node = units_at(&index->units, *below);
	trie_del(&index->units, node, key6(&addr, plen));
	if (trie_is_empty(node)) {
		units_free(&index->units, *below, 0);
		*below = 0;
	}
}

/* ---- what covers a prefix ---- */

/* The entries of a level, each of a prefix of `bits` bits: of leading bits, or of a page. */
struct level {
	const struct index_roots *roots;
	const uint32_t *page;
	const struct units *units;
	unsigned int bits;
};

static unsigned int level_plen(const struct level *level, uint32_t at)
{
	return level->page ? entry_plen(level->page[at])
			   : level->roots->best[at] >> INDEX_VALUE_BITS;
}

static uint32_t level_value(const struct level *level, uint32_t at)
{
	uint32_t entry = level->page ? level->page[at] : level->roots->best[at];

	if (level->page && (entry & INDEX_CHILD)) /* it stands in the node, as what begins there */
		return trie_value(level->units, units_at(level->units, entry & INDEX_VALUE), 0);
	return entry & INDEX_VALUE;
}

enum told { TOLD_NONE, TOLD_THIS, TOLD_NOTHING };

/*
 * Is there a prefix of length len that has entry `at` inside? An entry of exactly that length is
 * of it, one of a shorter length says that there is none; those of longer ones say nothing.
 */
static enum told level_asks(const struct level *level, uint32_t at, unsigned int len,
			    uint32_t *value)
{
	uint32_t n = 1u << (level->bits - len), first = at & ~(n - 1);

	for (uint32_t i = first; i < first + n; i++) {
		unsigned int plen = level_plen(level, i);

		if (plen < len)
			return TOLD_NONE;
		if (plen == len) {
			*value = level_value(level, i);
			return TOLD_THIS;
		}
	}
	return TOLD_NOTHING;
}

/* The longest that has the prefix of length len at `at` inside; false: not told. */
static bool level_cover(const struct level *level, uint32_t at, unsigned int len,
			struct index_cover *cover)
{
	cover->value = 0;
	for (unsigned int shorter = len; shorter-- > 1;) {
		enum told told = level_asks(level, at, shorter, &cover->value);

		cover->plen = shorter;
		if (told != TOLD_NONE)
			return told == TOLD_THIS;
	}
	return true;
}

bool route_index_cover(const struct route_index *index, unsigned int family,
		       const union ip_addr *dst, unsigned int plen, struct index_cover *cover)
{
	bool ip4 = family == AF_INET;
	unsigned int root_bits = ip4 ? 16 : INDEX6_ROOT_BITS;
	uint32_t addr = rte_be_to_cpu_32(dst->v4), at = addr >> (32 - root_bits);
	struct level level = {
		.roots = ip4 ? &index->root4 : &index->root6,
		.units = &index->units,
		.bits = root_bits,
	};
	bool told;

	if (plen <= root_bits)
		return level_cover(&level, at, plen, cover);
	cover->value = 0;
	if (!ip4 || plen > 24)
		return true; /* tries find what is shorter by themselves */
	level.page = units_at(&index->units, level.roots->below[at]);
	level.bits = 8;
	told = level_cover(&level, addr >> 8 & 0xff, plen - 16, cover);
	cover->plen += 16;
	return told;
}

void route_index_prefetch(const struct route_index *index, unsigned int family,
			  const union ip_addr *dst, unsigned int plen, bool deep)
{
	uint32_t addr = rte_be_to_cpu_32(dst->v4);
	unsigned int bits = family == AF_INET ? 16 : INDEX6_ROOT_BITS;
	const struct index_roots *roots = family == AF_INET ? &index->root4 : &index->root6;
	const uint32_t *below = &roots->below[addr >> (32 - bits)];

	if (plen <= bits)
		__builtin_prefetch(&roots->best[addr >> (32 - bits)], 1);
	else if (!deep)
		__builtin_prefetch(below, 1);
	else if (*below && family != AF_INET)
		__builtin_prefetch(units_at(&index->units, *below), 1);
	else if (*below)
		__builtin_prefetch(
			(const uint32_t *)units_at(&index->units, *below) + (addr >> 8 & 0xff), 1);
}

/* ---- both ---- */

void route_index_set(struct route_index *index, unsigned int family, const union ip_addr *dst,
		     unsigned int plen, uint32_t value, bool fresh)
{
	uint32_t addr = rte_be_to_cpu_32(dst->v4);

	if (plen == 0)
		*(family == AF_INET ? &index->none4 : &index->none6) = value;
	else if (family != AF_INET)
		index6_set(index, dst, plen, value);
	else if (plen <= 16)
		roots_set(&index->root4, 16, addr >> 16, plen, value);
	else if (plen <= 24)
		page_set(index, addr, plen - 16, value, fresh);
	else
		deep_set(index, addr, plen, value);
}

void route_index_del(struct route_index *index, unsigned int family, const union ip_addr *dst,
		     unsigned int plen, struct index_cover cover)
{
	uint32_t addr = rte_be_to_cpu_32(dst->v4);

	if (plen == 0)
		*(family == AF_INET ? &index->none4 : &index->none6) = 0;
	else if (family != AF_INET)
		index6_del(index, dst, plen, cover);
	else if (plen <= 16)
		roots_del(&index->root4, 16, addr >> 16, plen, cover);
	else if (plen <= 24)
		page_del(index, addr, plen - 16, cover);
	else
		deep_del(index, addr, plen);
}

/* ---- many at once ---- */

static void find4_burst(const struct route_index *index, const uint32_t *addrs, uint32_t *values,
			unsigned int n)
{
	uint32_t below[INDEX_BURST];

	for (unsigned int i = 0; i < n; i++)
		__builtin_prefetch(&index->root4.below[addrs[i] >> 16]);
	for (unsigned int i = 0; i < n; i++) {
		below[i] = index->root4.below[addrs[i] >> 16];
		/* block 0 is none, and may be asked for */
		__builtin_prefetch((const uint32_t *)units_at(&index->units, below[i]) +
				   (addrs[i] >> 8 & 0xff));
	}
	for (unsigned int i = 0; i < n; i++)
		values[i] = index4_entry(index, below[i], addrs[i]);
}

void route_index_find4_many(const struct route_index *index, const uint32_t *addrs,
			    uint32_t *values, unsigned int n)
{
	for (unsigned int i = 0; i < n; i += INDEX_BURST)
		find4_burst(index, addrs + i, values + i,
			    n - i < INDEX_BURST ? n - i : INDEX_BURST);
}

/* One step of each walk that is not at its end; which is how many go on, named in `live`. */
static unsigned int walks_step(const struct units *units, struct trie_walk *walks, uint8_t *live,
			       unsigned int n)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct trie_walk *walk = &walks[live[i]];

		trie_walk_step(units, walk);
		if (!walk->node)
			continue;
		__builtin_prefetch(units_at(units, walk->node));
		live[left++] = live[i];
	}
	return left;
}

static void find6_burst(const struct route_index *index, const struct index_addr6 *addrs,
			uint32_t *values, unsigned int n)
{
	struct trie_walk walks[INDEX_BURST];
	uint8_t live[INDEX_BURST];
	unsigned int left = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint32_t at = (uint32_t)(addrs[i].high >> (64 - INDEX6_ROOT_BITS));

		__builtin_prefetch(&index->root6.below[at]);
		__builtin_prefetch(&index->root6.best[at]);
	}
	for (unsigned int i = 0; i < n; i++) {
		uint32_t at = (uint32_t)(addrs[i].high >> (64 - INDEX6_ROOT_BITS));
		uint32_t below = index->root6.below[at];

		values[i] = index->root6.best[at] & INDEX_VALUE;
		walks[i] = index6_walk(below, &addrs[i]);
		if (!below)
			continue;
		__builtin_prefetch(units_at(&index->units, below));
		live[left++] = (uint8_t)i;
	}
	while (left)
		left = walks_step(&index->units, walks, live, left);
	for (unsigned int i = 0; i < n; i++) {
		if (walks[i].best)
			values[i] = trie_value(&index->units, walks[i].best, walks[i].bit);
		if (!values[i])
			values[i] = index->none6;
	}
}

void route_index_find6_many(const struct route_index *index, const struct index_addr6 *addrs,
			    uint32_t *values, unsigned int n)
{
	for (unsigned int i = 0; i < n; i += INDEX_BURST)
		find6_burst(index, addrs + i, values + i,
			    n - i < INDEX_BURST ? n - i : INDEX_BURST);
}

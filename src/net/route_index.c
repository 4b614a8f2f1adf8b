/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-index: where the values stand. For IPv4, entries of 24 bits are
 * written for each prefix, 64 of them in a line (net/route_line.h): a lookup
 * among the usual lengths waits for one line. A full table of the Internet's
 * takes 17 MB of these, which stay in a cache where 256 entries for each 16
 * bits (60 MB) did not. What is longer than 24 bits, and all of IPv6, lies in
 * tries of small nodes, which cost memory by prefixes and not by the space that
 * they cover. A prefix is written over shorter ones only, within its own level;
 * a level below is not touched, because a lookup that finds nothing there falls
 * back to what it saw above. So the work for one prefix is at most 128
 * entries, or 32,768 for a /1.
 *
 * The tables lie at the start of the region, which comes in small pages: a few
 * routes touch a few of them.
 */
#include "net/route_index.h"

#include <string.h>
#include <sys/socket.h>

#define TOPS4 (1u << INDEX4_TOP_BITS)
#define BEST4 (1u << 16)
#define ROOT6 (1u << INDEX6_ROOT_BITS)
#define TABLES_BYTES \
	(TOPS4 * (sizeof(uint32_t) + sizeof(uint16_t)) + (BEST4 + 2 * ROOT6) * sizeof(uint32_t))
#define UNITS_BYTES ((size_t)2 << 30)
#define SMALL_BYTES ((size_t)2 << 20) /* touched as needed: a page of the kernel's at a time */
#define LINES_CLASS (UNIT_CLASSES - 1)
#define LINES_BYTES ((size_t)UNIT_BYTES << LINES_CLASS)

_Static_assert(INDEX4_LINES * sizeof(struct index_line) == LINES_BYTES, "a block of lines");
_Static_assert(UNITS_BYTES / UNIT_BYTES <= INDEX_VALUE, "blocks fit beside a flag");
_Static_assert(TABLES_BYTES % LINES_BYTES == 0, "blocks align");

int route_index_create(struct route_index *index, int socket)
{
	uint32_t *at;
	int r;

	*index = (struct route_index){ .populated = SMALL_BYTES };
	r = region_create(&index->region, TABLES_BYTES + UNITS_BYTES, socket);
	if (r < 0)
		return r;
	at = index->region.base;
	index->tops4 = at;
	index->best4 = index->tops4 + TOPS4;
	index->root6.best = index->best4 + BEST4;
	index->root6.below = index->root6.best + ROOT6;
	index->tops4_uses = (uint16_t *)(index->root6.below + ROOT6);
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
static void best_set(uint32_t *all, unsigned int bits, uint32_t first, unsigned int plen,
		     uint32_t value)
{
	uint32_t n = 1u << (bits - plen), entry = entry_make(plen, value);

	for (uint32_t *best = &all[first]; best < &all[first + n]; best++)
		if (*best >> INDEX_VALUE_BITS <= plen)
			*best = entry;
}

static void best_del(uint32_t *all, unsigned int bits, uint32_t first, unsigned int plen,
		     struct index_cover cover)
{
	uint32_t n = 1u << (bits - plen), entry = entry_make(cover.plen, cover.value);

	for (uint32_t *best = &all[first]; best < &all[first + n]; best++)
		if (*best >> INDEX_VALUE_BITS == plen)
			*best = entry;
}

/* ---- lines: lengths 17 to 24 of IPv4, here as 1 to 8 ---- */

/* The line of an address, of a block that is there. */
static struct index_line *line_at(const struct route_index *index, uint32_t addr)
{
	struct index_line *lines = units_at(&index->units,
					    index->tops4[addr >> (32 - INDEX4_TOP_BITS)]);

	return &lines[addr >> 14 & (INDEX4_LINES - 1)];
}

/* So many entries from that of addr on are taken out. */
static void entries_take(struct route_index *index, uint32_t addr, unsigned int n,
			 struct line_cut *cut)
{
	uint32_t *top = &index->tops4[addr >> (32 - INDEX4_TOP_BITS)];

	if (!*top) {
		*top = units_alloc(&index->units, LINES_CLASS);
		memset(units_at(&index->units, *top), 0, LINES_BYTES);
	}
	line_take(&index->units, line_at(index, addr), addr >> 8 & (LINE_ENTRIES - 1), n, cut);
}

static void entries_put(struct route_index *index, uint32_t addr, struct line_cut *cut)
{
	struct index_line *line = line_at(index, addr);
	uint32_t top = addr >> (32 - INDEX4_TOP_BITS);
	uint16_t *uses = &index->tops4_uses[top];
	bool was_empty = line_is_empty(line);

	line_put(&index->units, line, cut);
	*uses = (uint16_t)(*uses + was_empty - line_is_empty(line));
	if (*uses > 0)
		return;
	units_free(&index->units, index->tops4[top], LINES_CLASS);
	index->tops4[top] = 0;
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

/* Those of a prefix of length len that are of prefixes from `from` to len long get a value. */
static void lines_put(struct route_index *index, uint32_t addr, unsigned int len, unsigned int from,
		      struct index_cover put)
{
	unsigned int n = len > 2 ? 256u >> len : LINE_ENTRIES;
	struct line_cut cut;

	for (unsigned int left = 256u >> len; left > 0; left -= n, addr += n << 8) {
		entries_take(index, addr, n, &cut);
		for (uint32_t *run = &cut.runs[cut.from]; run < &cut.runs[cut.to]; run++)
			if (entry_plen(*run) >= from && entry_plen(*run) <= len)
				entry_put(index, run, put.plen, put.value);
		entries_put(index, addr, &cut);
	}
}

static void lines_set(struct route_index *index, uint32_t addr, unsigned int plen, uint32_t value)
{
	struct index_cover put = { .plen = plen - 16, .value = value };

	lines_put(index, addr, plen - 16, 0, put);
}

static void lines_del(struct route_index *index, uint32_t addr, unsigned int plen,
		      struct index_cover cover)
{
	struct index_cover put = { .plen = cover.value ? cover.plen - 16 : 0,
				   .value = cover.value };

	lines_put(index, addr, plen - 16, plen - 16, put);
}

/* ---- below an entry ---- */

static struct trie_key key4(uint32_t addr, unsigned int plen)
{
	return (struct trie_key){ .high = (uint64_t)addr << 56, .len = plen - 24 };
}

/* The entry gets a node. */
static void node_begin(struct route_index *index, uint32_t addr)
{
	uint32_t block = units_alloc(&index->units, 0), *entry;
	struct trie_node *node = units_at(&index->units, block);
	struct line_cut cut;

	memset(node, 0, sizeof(*node));
	entries_take(index, addr, 1, &cut);
	entry = &cut.runs[cut.from];
	if (entry_is_set(entry))
		trie_set(&index->units, node, no_bits, *entry & INDEX_VALUE);
	*entry = INDEX_CHILD | entry_plen(*entry) << INDEX_VALUE_BITS | block;
	entries_put(index, addr, &cut);
}

static void node_end(struct route_index *index, uint32_t addr, const struct trie_node *node)
{
	uint32_t *entry, value = 0, block;
	struct line_cut cut;

	entries_take(index, addr, 1, &cut);
	entry = &cut.runs[cut.from];
	block = *entry & INDEX_VALUE;
	if (entry_is_set(entry))
		value = trie_value(&index->units, node, 0);
	*entry = entry_make(entry_plen(*entry), value);
	entries_put(index, addr, &cut);
	units_free(&index->units, block, 0);
}

static struct trie_node *node_of(const struct route_index *index, uint32_t addr)
{
	return units_at(&index->units, *index4_entry(index, addr) & INDEX_VALUE);
}

static void deep_set(struct route_index *index, uint32_t addr, unsigned int plen, uint32_t value)
{
	if (!(*index4_entry(index, addr) & INDEX_CHILD))
		node_begin(index, addr);
	trie_set(&index->units, node_of(index, addr), key4(addr, plen), value);
}

static void deep_del(struct route_index *index, uint32_t addr, unsigned int plen)
{
	struct trie_node *node = node_of(index, addr);

	trie_del(&index->units, node, key4(addr, plen));
	if (!node->below && !(node->ends & ~UINT64_C(1)))
		node_end(index, addr, node);
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
		best_set(index->root6.best, INDEX6_ROOT_BITS, at, plen, value);
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
		best_del(index->root6.best, INDEX6_ROOT_BITS, at, plen, cover);
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

/* Entries, each of a prefix of `bits` bits: of the leading bits, or of a family's lines. */
struct level {
	const struct route_index *index;
	const uint32_t *best;
	uint32_t lines; /* which, when there is no `best`: the 16 leading bits of an address */
	unsigned int bits;
};

static uint32_t level_entry(const struct level *level, uint32_t at)
{
	return level->best ? level->best[at]
			   : *index4_entry(level->index, level->lines << 16 | at << 8);
}

/* Of one with a node it stands there, as what begins there. */
static uint32_t entry_value(const struct route_index *index, uint32_t entry, bool has_child)
{
	if (has_child)
		return trie_value(&index->units, units_at(&index->units, entry & INDEX_VALUE), 0);
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
		uint32_t entry = level_entry(level, i);
		bool has_child = !level->best && (entry & INDEX_CHILD);
		unsigned int plen = has_child ? entry_plen(entry) : entry >> INDEX_VALUE_BITS;

		if (plen < len)
			return TOLD_NONE;
		if (plen == len) {
			*value = entry_value(level->index, entry, has_child);
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
		.index = index,
		.best = ip4 ? index->best4 : index->root6.best,
		.bits = root_bits,
	};
	bool told;

	if (plen <= root_bits)
		return level_cover(&level, at, plen, cover);
	cover->value = 0;
	if (!ip4 || plen > 24)
		return true; /* tries find what is shorter by themselves */
	level = (struct level){ .index = index, .lines = at, .bits = 8 };
	told = level_cover(&level, addr >> 8 & 0xff, plen - 16, cover);
	cover->plen += 16;
	return told;
}

static void prefetch4(const struct route_index *index, uint32_t addr, unsigned int plen, bool deep)
{
	if (plen <= 16)
		__builtin_prefetch(&index->best4[addr >> 16], 1);
	else
		__builtin_prefetch(deep ? (const void *)index4_entry(index, addr)
					: index4_line(index, addr),
				   1);
}

static void prefetch6(const struct route_index *index, uint32_t at, unsigned int plen, bool deep)
{
	const uint32_t *below = &index->root6.below[at];

	if (plen <= INDEX6_ROOT_BITS)
		__builtin_prefetch(&index->root6.best[at], 1);
	else if (!deep)
		__builtin_prefetch(below, 1);
	else if (*below)
		__builtin_prefetch(units_at(&index->units, *below), 1);
}

void route_index_prefetch(const struct route_index *index, unsigned int family,
			  const union ip_addr *dst, unsigned int plen, bool deep)
{
	uint32_t addr = rte_be_to_cpu_32(dst->v4);

	if (family == AF_INET)
		prefetch4(index, addr, plen, deep);
	else
		prefetch6(index, addr >> (32 - INDEX6_ROOT_BITS), plen, deep);
}

/* ---- both ---- */

void route_index_set(struct route_index *index, unsigned int family, const union ip_addr *dst,
		     unsigned int plen, uint32_t value)
{
	uint32_t addr = rte_be_to_cpu_32(dst->v4);

	if (plen == 0)
		*(family == AF_INET ? &index->none4 : &index->none6) = value;
	else if (family != AF_INET)
		index6_set(index, dst, plen, value);
	else if (plen <= 16)
		best_set(index->best4, 16, addr >> 16, plen, value);
	else if (plen <= 24)
		lines_set(index, addr, plen, value);
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
		best_del(index->best4, 16, addr >> 16, plen, cover);
	else if (plen <= 24)
		lines_del(index, addr, plen, cover);
	else
		deep_del(index, addr, plen);
}

/* ---- many at once ---- */

static void find4_burst(const struct route_index *index, const uint32_t *addrs, uint32_t *values,
			unsigned int n)
{
	const struct index_line *lines[INDEX_BURST];

	for (unsigned int i = 0; i < n; i++) {
		lines[i] = index4_line(index, addrs[i]);
		__builtin_prefetch(lines[i]);
	}
	for (unsigned int i = 0; i < n; i++)
		values[i] = index4_take(
			index,
			*line_entry(&index->units, lines[i], addrs[i] >> 8 & (LINE_ENTRIES - 1)),
			addrs[i]);
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

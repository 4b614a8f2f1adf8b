/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn_index: a cuckoo hash of wide buckets. An entry goes into its first
 * bucket if that has a place, else into its second. If both are full, a
 * breadth-first search looks for the shortest chain of entries that can each
 * move to their other bucket; it looks at a bounded number of buckets and
 * moves nothing before a chain is found, so the worst insert has a price that
 * is known. The other bucket follows from bucket and tag alone: the search
 * reads no connection. A full table fills five ninths of the places (that is how
 * the index is sized): then one entry in eighty lies in its second bucket, one
 * in thirty when many have come and gone, and one insert in seven hundred moves
 * an entry. With two thirds a new connection in a full table cost a tenth more;
 * with half of them an established one's packets cost more again, since the
 * index is larger.
 */
#include "ipvs/conn_index.h"

#include <errno.h>

#include <rte_common.h>

#define BASE_GROWS   512 /* buckets of the smallest index that grows, at least */
#define GROW_AT      5   /* entries a bucket, half of its places; it shrinks where there is one */
#define SPLITS       2   /* an insert's: a doubling ends before there are 5.5 */
#define SEARCH_NODES 32  /* full buckets whose entries are tried */
#define NO_NODE      UINT8_MAX

/* A full bucket of the search: how it was reached. */
struct node {
	uint32_t bucket;
	uint8_t parent; /* node, NO_NODE for the two roots */
	uint8_t slot;   /* of the parent: its entry can move here */
};

_Static_assert(BASE_GROWS >= 2 * CONN_INDEX_WINDOW, "the windows of a home are of different homes");

static void set_half(struct conn_index *index, uint32_t half)
{
	index->half = half;
	index->mask = 2 * (half / index->base) - 1;
}

int conn_index_create(struct conn_index *index, uint32_t entries, int socket)
{
	uint64_t least = ((uint64_t)entries * 9 / 5 + CONN_BUCKET_SLOTS - 1) / CONN_BUCKET_SLOTS;
	unsigned int growth = 0;
	uint64_t base;
	int r;

	while (growth < CONN_INDEX_GROWTH && least >> growth >= 2 * BASE_GROWS)
		growth++;
	base = (least + (1u << growth) - 1) >> growth;
	base = (base + CONN_INDEX_WINDOW - 1) / CONN_INDEX_WINDOW * CONN_INDEX_WINDOW;
	r = region_create(&index->region, (base << growth) * sizeof(struct conn_bucket), socket);
	if (r < 0)
		return r;
	index->buckets = index->region.base;
	index->base = index->count = (uint32_t)base;
	index->max = (uint32_t)(base << growth);
	index->entries = 0;
	index->most_visits = 0;
	set_half(index, index->count);
	return 0;
}

void conn_index_destroy(struct conn_index *index)
{
	region_destroy(&index->region);
}

/* Slots whose ref is this one, a bit each. */
static inline unsigned int slots_with(const struct conn_bucket *bucket, uint32_t ref)
{
	unsigned int slots = 0;

#ifdef __SSE2__
	__m128i want = _mm_set1_epi32((int)ref);
	__m128i low = _mm_loadu_si128((const __m128i *)(const void *)&bucket->ref[0]);
	__m128i mid = _mm_loadu_si128((const __m128i *)(const void *)&bucket->ref[4]);
	__m128i last = _mm_loadl_epi64((const __m128i *)(const void *)&bucket->ref[8]);

	low = _mm_packs_epi32(_mm_cmpeq_epi32(low, want), _mm_cmpeq_epi32(mid, want));
	last = _mm_packs_epi32(_mm_cmpeq_epi32(last, want), _mm_setzero_si128());
	slots = (unsigned int)_mm_movemask_epi8(_mm_packs_epi16(low, last)) &
		((1u << CONN_BUCKET_SLOTS) - 1);
#else
	for (unsigned int slot = 0; slot < CONN_BUCKET_SLOTS; slot++)
		slots |= (unsigned int)(bucket->ref[slot] == ref) << slot;
#endif
	return slots;
}
_Static_assert(CONN_BUCKET_SLOTS == 10, "four, four and two");

/* The slot that holds ref (0: an empty one), or -1. */
static inline int slot_of(const struct conn_bucket *bucket, uint32_t ref)
{
	return __builtin_ffs((int)slots_with(bucket, ref)) - 1;
}

static unsigned int used_of(const struct conn_bucket *bucket)
{
	return CONN_BUCKET_SLOTS - (unsigned int)__builtin_popcount(slots_with(bucket, 0));
}

/* A slot's entry, if it has one, into an empty one of another bucket that is of the same turn, its
 * first or its second. */
static void relocate(struct conn_bucket *from, unsigned int from_slot, struct conn_bucket *to,
		     unsigned int to_slot)
{
	to->tag[to_slot] = from->tag[from_slot];
	to->ref[to_slot] = from->ref[from_slot];
	from->ref[from_slot] = 0;
	if (from->second & (1u << from_slot)) {
		from->second &= (uint16_t) ~(1u << from_slot);
		to->second |= (uint16_t)(1u << to_slot);
	}
}

/* Moves an entry into an empty slot of its other bucket. */
static void move(struct conn_index *index, uint32_t from, int from_slot, uint32_t to, int to_slot)
{
	struct conn_bucket *a = &index->buckets[from], *b = &index->buckets[to];

	b->tag[to_slot] = a->tag[from_slot];
	b->ref[to_slot] = a->ref[from_slot];
	a->ref[from_slot] = 0;
	if (a->second & (1u << from_slot)) {
		a->second &= (uint16_t) ~(1u << from_slot);
		b->overflow--;
	} else {
		b->second |= (uint16_t)(1u << to_slot);
		a->overflow++;
	}
}

/* Has the way to this node been in that bucket already? A chain must not use a bucket twice. */
static bool on_path(const struct node *nodes, uint8_t n, uint32_t bucket)
{
	for (; n != NO_NODE; n = nodes[n].parent) {
		if (nodes[n].bucket == bucket)
			return true;
	}
	return false;
}

/* Moves entries along a chain, its end first; returns the slot that became empty in its root. */
static int move_chain(struct conn_index *index, const struct node *nodes, uint8_t n, int slot,
		      uint32_t to, int to_slot, uint32_t *root)
{
	for (;;) {
		move(index, nodes[n].bucket, slot, to, to_slot);
		to = nodes[n].bucket;
		to_slot = slot;
		if (nodes[n].parent == NO_NODE)
			break;
		slot = nodes[n].slot;
		n = nodes[n].parent;
	}
	*root = to;
	return to_slot;
}

/* Empties a slot of one of two full buckets; returns it, and in *root the bucket, or -1. */
static int make_room(struct conn_index *index, uint32_t first, uint32_t second, uint32_t *root)
{
	struct node nodes[SEARCH_NODES] = { { first, NO_NODE, 0 }, { second, NO_NODE, 0 } };
	unsigned int count = 2, visits = 0;

	for (unsigned int n = 0; n < count; n++) {
		const struct conn_bucket *bucket = &index->buckets[nodes[n].bucket];

		for (int slot = 0; slot < CONN_BUCKET_SLOTS; slot++) {
			uint32_t to = conn_index_other(index, nodes[n].bucket, bucket->tag[slot]);
			int empty;

			if (on_path(nodes, (uint8_t)n, to))
				continue;
			if (visits == CONN_INDEX_VISITS)
				return -1;
			index->most_visits = RTE_MAX(index->most_visits, ++visits);
			empty = slot_of(&index->buckets[to], 0);
			if (empty >= 0)
				return move_chain(index, nodes, (uint8_t)n, slot, to, empty, root);
			if (count < SEARCH_NODES)
				nodes[count++] = (struct node){ to, (uint8_t)n, (uint8_t)slot };
		}
	}
	return -1;
}

/* Entries of a bucket that belong into one of this home first, and whose tag has that bit. */
static unsigned int seconds_of(const struct conn_index *index, uint32_t at, uint32_t home,
			       uint16_t bit)
{
	const struct conn_bucket *bucket = &index->buckets[at];
	uint32_t here = at % index->base;
	unsigned int n = 0;

	for (unsigned int left = bucket->second; left; left &= left - 1) {
		uint16_t tag = bucket->tag[__builtin_ctz(left)];

		n += (tag & bit) && conn_index_other_home(index, here, tag) == home;
	}
	return n;
}

/*
 * Of those that belong into this bucket first and lie in their second one, how many have that bit
 * of the tag. Their second homes are in one of the two windows of this one's.
 */
static unsigned int overflow_with(const struct conn_index *index, uint32_t bucket, uint16_t bit)
{
	uint32_t home = bucket % index->base, step = CONN_INDEX_WINDOW / 2;
	uint32_t from = (home & ~(step - 1)) + index->base - step;
	unsigned int n = 0;

	for (uint32_t i = 0; i < 3 * step; i++) {
		uint32_t at = (from + i) % index->base + (bucket - home);

		/* those with the bit have gone on where that has been split already */
		if (at + index->half < index->count)
			at += index->half;
		n += seconds_of(index, at, home, bit);
	}
	return n;
}

/* The next bucket that has not been split yet, into itself and one that is new. */
static void split(struct conn_index *index)
{
	struct conn_bucket *from = &index->buckets[index->count - index->half];
	struct conn_bucket *to = &index->buckets[index->count];
	uint16_t bit = (uint16_t)(index->half / index->base);

	if (from->overflow) {
		to->overflow = (uint16_t)overflow_with(index, index->count - index->half, bit);
		from->overflow -= to->overflow;
	}
	for (unsigned int slot = 0; slot < CONN_BUCKET_SLOTS; slot++)
		if (from->tag[slot] & bit)
			relocate(from, slot, to, slot);
	if (++index->count == 2 * index->half)
		set_half(index, index->count);
}

static void grow(struct conn_index *index)
{
	for (unsigned int i = 0; i < SPLITS && index->count < index->max; i++)
		split(index);
}

/* The last bucket into the one that it was split from, if there is room for all of it. */
static bool merge(struct conn_index *index)
{
	uint32_t half = index->count == index->half ? index->half / 2 : index->half;
	struct conn_bucket *from = &index->buckets[index->count - 1];
	struct conn_bucket *to = &index->buckets[index->count - 1 - half];

	if (used_of(from) + used_of(to) > CONN_BUCKET_SLOTS)
		return false;
	for (unsigned int slot = 0; slot < CONN_BUCKET_SLOTS; slot++)
		if (from->ref[slot])
			relocate(from, slot, to, (unsigned int)slot_of(to, 0));
	to->overflow += from->overflow;
	from->overflow = 0;
	index->count--;
	set_half(index, half);
	return true;
}

uint32_t conn_index_ahead(const struct conn_index *index, uint32_t more)
{
	uint64_t entries = (uint64_t)__atomic_load_n(&index->entries, __ATOMIC_RELAXED) + more;
	uint32_t buckets = index->base;

	while (buckets < index->max && entries > (uint64_t)buckets * GROW_AT)
		buckets *= 2;
	return buckets;
}

bool conn_index_insert(struct conn_index *index, uint64_t hash, uint32_t ref)
{
	uint16_t tag = conn_index_tag(hash);
	uint32_t first, place;
	int slot;

	if (index->entries > index->half * GROW_AT)
		grow(index);
	first = place = conn_index_first(index, hash);
	slot = slot_of(&index->buckets[first], 0);
	if (slot < 0) {
		uint32_t second = conn_index_other(index, first, tag);

		place = second;
		slot = slot_of(&index->buckets[second], 0);
		if (slot < 0)
			slot = make_room(index, first, second, &place);
		if (slot < 0)
			return false;
	}
	index->buckets[place].tag[slot] = tag;
	index->buckets[place].ref[slot] = ref;
	index->entries++;
	if (place != first) {
		index->buckets[place].second |= (uint16_t)(1u << slot);
		index->buckets[first].overflow++;
	}
	return true;
}

void conn_index_remove(struct conn_index *index, uint64_t hash, uint32_t ref)
{
	uint32_t place = conn_index_first(index, hash);
	struct conn_bucket *first = &index->buckets[place], *bucket = first;
	int slot = slot_of(bucket, ref);

	if (slot < 0) {
		bucket = &index->buckets[conn_index_other(index, place, conn_index_tag(hash))];
		slot = slot_of(bucket, ref);
		if (slot < 0)
			return;
	}
	bucket->ref[slot] = 0;
	if (bucket->second & (1u << slot)) {
		bucket->second &= (uint16_t) ~(1u << slot);
		first->overflow--;
	}
	index->entries--;
}

void conn_index_shrink(struct conn_index *index, uint32_t most)
{
	while (most-- && index->count > index->base &&
	       index->entries < (index->count == index->half ? index->half : 2 * index->half))
		if (!merge(index))
			return;
}

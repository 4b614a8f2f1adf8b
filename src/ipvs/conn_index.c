/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn_index: a cuckoo hash of wide buckets. An entry goes into its first
 * bucket if that has a place, else into its second. If both are full, a
 * breadth-first search looks for the shortest chain of entries that can each
 * move to their other bucket; it looks at a bounded number of buckets and
 * moves nothing before a chain is found, so the worst insert has a price that
 * is known. The other bucket follows from bucket and tag alone: the search
 * reads no connection. A full table fills two thirds of the places (that is how
 * the index is sized): then one entry in eighteen lies in its second bucket and
 * one insert in a hundred moves an entry; at four fifths it would be one in
 * fourteen.
 */
#include "ipvs/conn_index.h"

#include <errno.h>

#define BUCKETS_MIN   64
#define SEARCH_NODES  32  /* full buckets whose entries are tried */
#define SEARCH_VISITS 128 /* buckets looked at */
#define NO_NODE       UINT8_MAX

/* A full bucket of the search: how it was reached. */
struct node {
	uint32_t bucket;
	uint8_t parent; /* node, NO_NODE for the two roots */
	uint8_t slot;   /* of the parent: its entry can move here */
};

int conn_index_create(struct conn_index *index, uint32_t entries, int socket)
{
	uint64_t count = ((uint64_t)entries * 3 / 2 + CONN_BUCKET_SLOTS - 1) / CONN_BUCKET_SLOTS;
	int r;

	if (count < BUCKETS_MIN)
		count = BUCKETS_MIN;
	r = region_create(&index->region, count * sizeof(struct conn_bucket), socket);
	if (r < 0)
		return r;
	index->buckets = index->region.base;
	index->count = (uint32_t)count;
	return 0;
}

void conn_index_destroy(struct conn_index *index)
{
	region_destroy(&index->region);
}

/* The slot that holds ref (0: an empty one), or -1. */
static int slot_of(const struct conn_bucket *bucket, uint32_t ref)
{
	for (int slot = 0; slot < CONN_BUCKET_SLOTS; slot++) {
		if (bucket->ref[slot] == ref)
			return slot;
	}
	return -1;
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
			if (visits++ == SEARCH_VISITS)
				return -1;
			empty = slot_of(&index->buckets[to], 0);
			if (empty >= 0)
				return move_chain(index, nodes, (uint8_t)n, slot, to, empty, root);
			if (count < SEARCH_NODES)
				nodes[count++] = (struct node){ to, (uint8_t)n, (uint8_t)slot };
		}
	}
	return -1;
}

bool conn_index_insert(struct conn_index *index, uint64_t hash, uint32_t ref)
{
	uint16_t tag = conn_index_tag(hash);
	uint32_t first = conn_index_first(index, hash), place = first;
	int slot = slot_of(&index->buckets[first], 0);

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
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/lport: the local ports of one worker, by pair (local address; server,
 * its port and the protocol). A pair takes its ports from two places: first
 * from its rotation, which begins at a random port, runs once through all of
 * them and skips those that another worker owns; when that is through, from
 * the queue of ports given back. Nothing else ever goes into either, so the
 * port that comes first is the one unused longest. Take and release cost O(1)
 * but for the skipping, about n_workers hashes.
 *
 * Memory: the queue lies in chunks of one line. A pair owns as many chunks as
 * it needs if all the ports it has begun were given back; it gets them when it
 * begins a port, so a release can never fail. When no chunk is left, a pair
 * goes on with the ports it has already begun.
 *
 * A pair that has no port taken is idle; it keeps its history, because the
 * servers may remember its last connections (TIME_WAIT, 60 s). It is freed
 * when it has been idle for LPORT_HISTORY_S and another pair is made, or
 * earlier, the one idle longest first, when memory is short. A pair that comes
 * back after that begins a new rotation: to a server that has forgotten all,
 * all ports are equally old.
 *
 * A release must follow a take: debug builds know every port's state.
 */
#include "ipvs/lport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/debug.h"
#include "base/region.h"
#include "link/steer.h"

#define PORTS           (LPORT_LAST - LPORT_FIRST + 1)
#define CHUNK_PORTS     30
#define LPORT_HISTORY_S 120
#define BUCKETS_FIRST   16
#define NONE            0 /* entry 0 of each array is not used */

struct chunk {
	uint32_t next;
	uint16_t port[CHUNK_PORTS];
};
_Static_assert(sizeof(struct chunk) == 64, "a chunk is one line");

struct pair {
	struct tuple key;    /* of its replies, dport 0; family 0: a free entry */
	uint32_t next;       /* in its hash chain, or free */
	uint32_t head, tail; /* chunks of the queue */
	uint32_t spare;      /* chunks it owns and does not use now */
	uint32_t idle_prev, idle_next;
	uint32_t idle_since_s;
	uint16_t start;  /* of its rotation, from LPORT_FIRST */
	uint16_t tried;  /* ports of the rotation that were begun or skipped */
	uint16_t used;   /* taken now */
	uint16_t queued; /* given back */
	uint16_t chunks;
	uint8_t head_pos, tail_pos;
};

/* An array in a region: entries that were never used, and freed ones. */
struct pool_array {
	struct region region;
	uint32_t fresh, max;
	uint32_t free; /* the first freed one */
};

struct lport_pool {
	const struct worker *w;
	struct hash_key key;
	struct pair *pairs;
	struct chunk *chunks;
	uint32_t *heads; /* of hash chains; one more with each pair more (linear hashing) */
	uint32_t n_pairs, n_heads;
	uint64_t n_made;                /* pairs ever made: each has a rotation of its own */
	uint32_t idle_first, idle_last; /* the first is idle longest */
	struct pool_array pair_array, chunk_array;
	struct region heads_region;
	struct region taken_region; /* debug: a bit a port, 8 KB a pair */
};

#ifdef DPVS_DEBUG
#define TAKEN_BYTES 8192u

static uint8_t *taken_byte(const struct lport_pool *pool, const struct pair *pair, uint16_t port)
{
	size_t i = (size_t)(pair - pool->pairs);

	return (uint8_t *)pool->taken_region.base + i * TAKEN_BYTES + port / 8;
}

static int taken_create(struct lport_pool *pool)
{
	return region_create(&pool->taken_region, (size_t)pool->pair_array.max * TAKEN_BYTES, -1);
}

static void taken_clear(struct lport_pool *pool, const struct pair *pair)
{
	memset(taken_byte(pool, pair, 0), 0, TAKEN_BYTES);
}

static void taken_flip(struct lport_pool *pool, const struct pair *pair, uint16_t port, bool taken)
{
	uint8_t *byte = taken_byte(pool, pair, port), bit = (uint8_t)(1u << port % 8);

	debug_assert(!(*byte & bit) == taken);
	*byte ^= bit;
}
#else
static int taken_create(struct lport_pool *pool)
{
	return 0;
}

static void taken_clear(struct lport_pool *pool, const struct pair *pair)
{
}

static void taken_flip(struct lport_pool *pool, const struct pair *pair, uint16_t port, bool taken)
{
}
#endif

static int array_create(struct pool_array *array, uint64_t max, size_t size, int socket)
{
	array->max = max < UINT32_MAX ? (uint32_t)max : UINT32_MAX;
	array->fresh = NONE + 1;
	return region_create(&array->region, array->max * size, socket);
}

struct lport_pool *lport_pool_create(const struct worker *w, uint32_t max_conns)
{
	/* Each pair with a port taken has a connection; the others are history. */
	uint64_t max_pairs = (uint64_t)max_conns * 5 / 4 + 1024;
	uint64_t max_ports = (uint64_t)max_conns * 8 + 2 * PORTS;
	struct lport_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->w = w;
	pool->n_heads = BUCKETS_FIRST;
	if (hash_key_random(&pool->key) < 0 ||
	    array_create(&pool->pair_array, max_pairs, sizeof(struct pair), w->socket) < 0 ||
	    array_create(&pool->chunk_array, max_ports / CHUNK_PORTS + 2 * max_pairs,
			 sizeof(struct chunk), w->socket) < 0 ||
	    region_create(&pool->heads_region, (max_pairs + BUCKETS_FIRST) * sizeof(uint32_t),
			  w->socket) < 0 ||
	    taken_create(pool) < 0) {
		lport_pool_destroy(pool);
		return NULL;
	}
	pool->pairs = pool->pair_array.region.base;
	pool->chunks = pool->chunk_array.region.base;
	pool->heads = pool->heads_region.base;
	return pool;
}

void lport_pool_destroy(struct lport_pool *pool)
{
	if (!pool)
		return;
	region_destroy(&pool->pair_array.region);
	region_destroy(&pool->chunk_array.region);
	region_destroy(&pool->heads_region);
	region_destroy(&pool->taken_region);
	free(pool);
}

static inline uint32_t pair_index(const struct lport_pool *pool, const struct pair *pair)
{
	return (uint32_t)(pair - pool->pairs);
}

/* The chain of a hash while there are n chains, n ≥ 2. */
static inline uint32_t chain_of(uint64_t hash, uint32_t n)
{
	uint32_t mask = UINT32_MAX >> __builtin_clz(n - 1), chain = (uint32_t)hash & mask;

	return chain < n ? chain : chain & mask >> 1;
}

/* One chain more: it takes what belongs to it from the chain that held it so far. */
static void grow_heads(struct lport_pool *pool)
{
	uint32_t fresh = pool->n_heads++, old = fresh & (UINT32_MAX >> __builtin_clz(fresh)) >> 1;
	uint32_t *at = &pool->heads[old];

	while (*at != NONE) {
		struct pair *pair = &pool->pairs[*at];
		uint32_t i = *at;

		if (chain_of(tuple_hash(&pool->key, &pair->key), pool->n_heads) == old) {
			at = &pair->next;
			continue;
		}
		*at = pair->next;
		pair->next = pool->heads[fresh];
		pool->heads[fresh] = i;
	}
}

static struct tuple pair_key(const struct tuple *reply)
{
	struct tuple key = *reply;

	key.dport = 0;
	return key;
}

static struct pair *pair_find(const struct lport_pool *pool, const struct tuple *key)
{
	uint32_t i = pool->heads[chain_of(tuple_hash(&pool->key, key), pool->n_heads)];

	for (; i != NONE; i = pool->pairs[i].next) {
		if (memcmp(&pool->pairs[i].key, key, sizeof(*key)) == 0)
			return &pool->pairs[i];
	}
	return NULL;
}
_Static_assert(sizeof(struct tuple) == 40, "a tuple has no padding, it may be compared as bytes");

static void idle_add(struct lport_pool *pool, struct pair *pair)
{
	uint32_t i = pair_index(pool, pair);

	pair->idle_since_s = (uint32_t)(pool->w->now_ms / 1000);
	pair->idle_prev = pool->idle_last;
	pair->idle_next = NONE;
	if (pool->idle_last != NONE)
		pool->pairs[pool->idle_last].idle_next = i;
	else
		pool->idle_first = i;
	pool->idle_last = i;
}

static void idle_remove(struct lport_pool *pool, struct pair *pair)
{
	if (pair->idle_prev != NONE)
		pool->pairs[pair->idle_prev].idle_next = pair->idle_next;
	else
		pool->idle_first = pair->idle_next;
	if (pair->idle_next != NONE)
		pool->pairs[pair->idle_next].idle_prev = pair->idle_prev;
	else
		pool->idle_last = pair->idle_prev;
}

/* Gives back a list of chunks that ends with `last`. */
static void chunks_free(struct lport_pool *pool, uint32_t first, uint32_t last)
{
	pool->chunks[last].next = pool->chunk_array.free;
	pool->chunk_array.free = first;
}

/* Of a pair that has no port taken and is not in the idle list. */
static void pair_free(struct lport_pool *pool, struct pair *pair)
{
	uint32_t i = pair_index(pool, pair);
	uint32_t *at = &pool->heads[chain_of(tuple_hash(&pool->key, &pair->key), pool->n_heads)];

	if (pair->head != NONE)
		chunks_free(pool, pair->head, pair->tail);
	/* All its ports are in the queue: at most two chunks are spare. */
	while (pair->spare != NONE) {
		uint32_t chunk = pair->spare;

		pair->spare = pool->chunks[chunk].next;
		chunks_free(pool, chunk, chunk);
	}
	while (*at != i)
		at = &pool->pairs[*at].next;
	*at = pair->next;
	pair->key.family = 0;
	pair->next = pool->pair_array.free;
	pool->pair_array.free = i;
	pool->n_pairs--;
}

/* Frees the pair that has been idle longest, if it is so for min_s; false: there is none. */
static bool reclaim(struct lport_pool *pool, uint32_t min_s)
{
	struct pair *pair = &pool->pairs[pool->idle_first];

	if (pool->idle_first == NONE ||
	    (uint32_t)(pool->w->now_ms / 1000) - pair->idle_since_s < min_s)
		return false;
	idle_remove(pool, pair);
	pair_free(pool, pair);
	return true;
}

static struct pair *pair_make(struct lport_pool *pool, const struct tuple *key)
{
	struct pool_array *array = &pool->pair_array;
	uint32_t i, *head;
	struct pair *pair;

	/* Two go when one comes: what is stale cannot pile up. */
	if (reclaim(pool, LPORT_HISTORY_S))
		reclaim(pool, LPORT_HISTORY_S);
	if (array->free == NONE && array->fresh == array->max && !reclaim(pool, 0))
		return NULL;
	if (array->free != NONE) {
		i = array->free;
		array->free = pool->pairs[i].next;
	} else {
		i = array->fresh++;
	}
	pair = &pool->pairs[i];
	memset(pair, 0, sizeof(*pair));
	pair->key = *key;
	pair->start = (uint16_t)(hash_words(&pool->key, ++pool->n_made, i) % PORTS);
	taken_clear(pool, pair);
	if (++pool->n_pairs > pool->n_heads)
		grow_heads(pool);
	head = &pool->heads[chain_of(tuple_hash(&pool->key, key), pool->n_heads)];
	pair->next = *head;
	*head = i;
	return pair;
}

static uint32_t chunk_take(struct lport_pool *pool)
{
	struct pool_array *array = &pool->chunk_array;
	uint32_t i;

	while (array->free == NONE) {
		if (array->fresh < array->max)
			return array->fresh++;
		if (!reclaim(pool, 0))
			return NONE;
	}
	i = array->free;
	array->free = pool->chunks[i].next;
	return i;
}

/* Chunks for one port more than the pair has begun; false: no memory. */
static bool pair_reserve(struct lport_pool *pool, struct pair *pair)
{
	/* The queue may begin in the middle of a chunk. */
	unsigned int span = (unsigned int)pair->used + pair->queued + 1 + CHUNK_PORTS - 1;

	while (pair->chunks < (span + CHUNK_PORTS - 1) / CHUNK_PORTS) {
		uint32_t chunk = chunk_take(pool);

		if (chunk == NONE)
			return false;
		pool->chunks[chunk].next = pair->spare;
		pair->spare = chunk;
		pair->chunks++;
	}
	return true;
}

static void queue_push(struct lport_pool *pool, struct pair *pair, uint16_t port)
{
	if (pair->tail == NONE || pair->tail_pos == CHUNK_PORTS) {
		uint32_t chunk = pair->spare;

		debug_assert(chunk != NONE);
		pair->spare = pool->chunks[chunk].next;
		pool->chunks[chunk].next = NONE;
		if (pair->tail != NONE)
			pool->chunks[pair->tail].next = chunk;
		else
			pair->head = chunk;
		pair->tail = chunk;
		pair->tail_pos = 0;
	}
	pool->chunks[pair->tail].port[pair->tail_pos++] = port;
	pair->queued++;
}

/* There is one. */
static uint16_t queue_pop(struct lport_pool *pool, struct pair *pair)
{
	uint32_t head = pair->head;
	uint16_t port = pool->chunks[head].port[pair->head_pos++];

	pair->queued--;
	if (pair->queued == 0 || pair->head_pos == CHUNK_PORTS) {
		pair->head = pool->chunks[head].next;
		pair->head_pos = 0;
		if (pair->queued == 0)
			pair->tail = NONE;
		pool->chunks[head].next = pair->spare;
		pair->spare = head;
	}
	return port;
}

/* The next port of the rotation that is ours, 0: it is through. */
static uint16_t rotation_next(struct lport_pool *pool, struct pair *pair)
{
	struct tuple reply = pair->key;

	while (pair->tried < PORTS) {
		uint32_t port = LPORT_FIRST + ((uint32_t)pair->start + pair->tried++) % PORTS;

		reply.dport = htons((uint16_t)port);
		if (steer_owner(pool->w, &reply) == pool->w->id)
			return (uint16_t)port;
	}
	return 0;
}

int lport_take(struct lport_pool *pool, struct tuple *reply)
{
	struct tuple key = pair_key(reply);
	struct pair *pair;
	uint16_t port = 0;
	int r = -EADDRNOTAVAIL;

	if (pool->w->id == WORKER_MASTER)
		return -EADDRNOTAVAIL;
	pair = pair_find(pool, &key);
	if (pair && pair->used == 0)
		idle_remove(pool, pair); /* not to be reclaimed for its own sake */
	else if (!pair)
		pair = pair_make(pool, &key);
	if (!pair)
		return -ENOMEM;

	if (pair->tried < PORTS) {
		if (pair_reserve(pool, pair))
			port = rotation_next(pool, pair);
		else
			r = -ENOMEM;
	}
	if (port == 0 && pair->queued)
		port = queue_pop(pool, pair);
	if (port == 0) {
		if (pair->used == 0)
			pair_free(pool, pair);
		return r;
	}
	pair->used++;
	taken_flip(pool, pair, port, true);
	reply->dport = htons(port);
	return 0;
}

void lport_release(struct lport_pool *pool, const struct tuple *reply)
{
	struct tuple key = pair_key(reply);
	struct pair *pair = pair_find(pool, &key);
	uint16_t port = ntohs(reply->dport);

	debug_assert(pair && pair->used && port >= LPORT_FIRST);
	if (!pair || pair->used == 0 || port < LPORT_FIRST)
		return; /* never taken: the queue keeps its length */
	taken_flip(pool, pair, port, false);
	pair->used--;
	queue_push(pool, pair, port);
	if (pair->used == 0)
		idle_add(pool, pair);
}

void lport_usage(const struct lport_pool *pool, unsigned int family, const union ip_addr *laddr,
		 struct lport_usage *usage)
{
	memset(usage, 0, sizeof(*usage));
	for (uint32_t i = NONE + 1; i < pool->pair_array.fresh; i++) {
		const struct pair *pair = &pool->pairs[i];

		if (pair->key.family != family || !ip_equal(&pair->key.dst, laddr))
			continue;
		usage->pairs++;
		usage->used += pair->used;
		usage->free += pair->queued +
			       (unsigned int)(PORTS - pair->tried) / pool->w->n_workers;
	}
}

size_t lport_memory(const struct lport_pool *pool)
{
	return sizeof(*pool) + region_resident(&pool->pair_array.region) +
	       region_resident(&pool->chunk_array.region) + region_resident(&pool->heads_region);
}

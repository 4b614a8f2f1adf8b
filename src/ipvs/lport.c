/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/lport: the local ports of one worker, by pair (local address; server,
 * its port and the protocol). A pair takes its ports from two places: first
 * from its rotation, which begins at a random port, runs once through all of
 * them and skips those that another worker owns; when that is through, from
 * the ports given back, the one that came back first first (lport_back.c). Take
 * and release cost O(1) but for the skipping, about n_workers tries, a few
 * cycles each where RSS says who owns a port.
 *
 * When no memory is left, a pair goes on with the ports it has already begun.
 *
 * A pair that has no port taken is idle; it keeps its history for the same
 * reason. It is freed when it has been idle for LPORT_HISTORY_S and another
 * pair is made, or earlier, the one idle longest first, when memory is short. A
 * pair that comes back after that begins a new rotation: to a server that has
 * forgotten all, all ports are equally old.
 *
 * A release must follow a take: debug builds know every port's state.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "base/debug.h"
#include "base/lines.h"
#include "ipvs/lport_int.h"
#include "link/steer.h"

#define LPORT_HISTORY_S 120
#define BUCKETS_FIRST   16
#define BUDGET          940000 /* bytes of lines of all workers: with all else, a megabyte */

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

/* In lines; none, where a pair's bits would cost more than its ports in a queue. */
static uint32_t budget_of(const struct worker *w)
{
	unsigned int n = w->n_workers ? w->n_workers : 1;

	if (PORTS / n / QUEUE_PORTS <= LINES + PARTS)
		return UINT32_MAX;
	return BUDGET / sizeof(union line) / n;
}

struct lport_pool *lport_pool_create(const struct worker *w, uint32_t max_conns)
{
	/* Each pair with a port taken has a connection; the others are history. */
	uint64_t max_pairs = (uint64_t)max_conns * 5 / 4 + 1024;
	uint64_t max_lines = 2 * max_pairs + max_conns / 4 + 2 * (PORTS / QUEUE_PORTS + LINES);
	struct lport_pool *pool = lines_alloc(sizeof(*pool));

	if (!pool)
		return NULL;
	pool->w = w;
	pool->n_heads = BUCKETS_FIRST;
	pool->budget = budget_of(w);
	if (hash_key_random(&pool->key) < 0 ||
	    array_create(&pool->pair_array, max_pairs, sizeof(struct pair), w->socket) < 0 ||
	    array_create(&pool->line_array, max_lines, sizeof(union line), w->socket) < 0 ||
	    region_create(&pool->heads_region, (max_pairs + BUCKETS_FIRST) * sizeof(uint32_t),
			  w->socket) < 0 ||
	    taken_create(pool) < 0) {
		lport_pool_destroy(pool);
		return NULL;
	}
	pool->pairs = pool->pair_array.region.base;
	pool->lines = pool->line_array.region.base;
	pool->heads = pool->heads_region.base;
	return pool;
}

void lport_pool_destroy(struct lport_pool *pool)
{
	if (!pool)
		return;
	region_destroy(&pool->pair_array.region);
	region_destroy(&pool->line_array.region);
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

/* All of a reply but its port. */
static inline struct tuple pair_key(const struct tuple *reply, struct lport_range range)
{
	struct tuple key = *reply;

	key.dport = range.first;
	return key;
}

static inline uint64_t pair_hash(const struct lport_pool *pool, const struct tuple *reply,
				 struct lport_range range)
{
	struct tuple key;
	struct tuple4 key4;

	if (reply->family == AF_INET) { /* tuple_hash() of pair_key(), which need not be written */
		key4 = tuple4_from(reply);
		key4.ports = tuple4_ports(reply->sport, range.first);
		return tuple4_hash(&pool->key, &key4);
	}
	key = pair_key(reply, range);
	return tuple6_hash(&pool->key, &key);
}

static inline bool pair_is(const struct pair *pair, const struct tuple *reply,
			   struct lport_range range)
{
	const struct tuple *key = &pair->key;

	return ip_equal(&key->src, &reply->src) && ip_equal(&key->dst, &reply->dst) &&
	       key->sport == reply->sport && key->proto == reply->proto &&
	       key->family == reply->family && key->zone == reply->zone &&
	       pair->range.first == range.first && pair->range.count == range.count;
}

static struct pair *pair_find(const struct lport_pool *pool, const struct tuple *reply,
			      struct lport_range range)
{
	uint32_t i = pool->heads[chain_of(pair_hash(pool, reply, range), pool->n_heads)];

	for (; i != NONE; i = pool->pairs[i].next) {
		if (likely(pair_is(&pool->pairs[i], reply, range)))
			return &pool->pairs[i];
	}
	return NULL;
}

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

/* Of a pair that has no port taken and is not in the idle list. */
static void pair_free(struct lport_pool *pool, struct pair *pair)
{
	uint32_t i = pair_index(pool, pair);
	uint32_t *at = &pool->heads[chain_of(tuple_hash(&pool->key, &pair->key), pool->n_heads)];

	lport_back_free(pool, pair);
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

static struct pair *pair_make(struct lport_pool *pool, const struct tuple *reply,
			      struct lport_range range)
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
	pair->key = pair_key(reply, range);
	pair->range = range;
	pair->start = (uint16_t)(hash_words(&pool->key, ++pool->n_made, i) % range.count);
	taken_clear(pool, pair);
	if (++pool->n_pairs > pool->n_heads)
		grow_heads(pool);
	head = &pool->heads[chain_of(pair_hash(pool, reply, range), pool->n_heads)];
	pair->next = *head;
	*head = i;
	return pair;
}

/* The next port of the rotation that is ours, 0: it is through. */
static uint16_t rotation_next(struct lport_pool *pool, struct pair *pair, struct tuple *reply)
{
	uint32_t base = steer_base(pool->w, reply);
	uint32_t at = (uint32_t)pair->start + pair->tried, ports = pair->range.count;
	bool narrow = lport_is_narrow(pair->range, pool->w->n_workers);

	if (at >= ports)
		at -= ports;
	while (pair->tried < ports) {
		uint16_t port = (uint16_t)(pair->range.first + at);

		pair->tried++;
		if (++at == ports)
			at = 0;
		reply->dport = htons(port);
		if (unlikely(narrow) || steer_owner_of(pool->w, base, reply) == pool->w->id)
			return port;
	}
	return 0;
}

/* Sees to it that a port can be put back, if need be with the memory of idle pairs. */
static bool begin(struct lport_pool *pool, struct pair *pair, uint16_t port)
{
	while (unlikely(!lport_back_begin(pool, pair, port))) {
		if (!reclaim(pool, 0))
			return false;
	}
	return true;
}

/* Out of this pair; 0: there is none. */
static uint16_t port_next(struct lport_pool *pool, struct pair *pair, struct tuple *reply, int *r)
{
	uint16_t port = rotation_next(pool, pair, reply);

	*r = -EADDRNOTAVAIL;
	if (likely(port && begin(pool, pair, port)))
		return port;
	if (port) {
		pair->tried--; /* it stays the next one */
		*r = -ENOMEM;
	}
	return pair->in_bits || pair->in_queue ? lport_back_get(pool, pair) : 0;
}

int lport_take_in(struct lport_pool *pool, struct tuple *reply, struct lport_range range)
{
	struct pair *pair;
	uint16_t port;
	int r;

	if (pool->w->id == WORKER_MASTER)
		return -EADDRNOTAVAIL;
	pair = pair_find(pool, reply, range);
	if (pair && pair->used == 0)
		idle_remove(pool, pair); /* not to be reclaimed for its own sake */
	else if (!pair)
		pair = pair_make(pool, reply, range);
	if (!pair)
		return -ENOMEM;
	port = port_next(pool, pair, reply, &r);
	if (port == 0) {
		reply->dport = 0;
		if (pair->used == 0)
			pair_free(pool, pair);
		return r;
	}
	pair->used++;
	taken_flip(pool, pair, port, true);
	reply->dport = htons(port);
	return 0;
}

void lport_release_in(struct lport_pool *pool, const struct tuple *reply, struct lport_range range)
{
	struct pair *pair = pair_find(pool, reply, range);
	uint16_t port = ntohs(reply->dport);

	debug_assert(pair && pair->used && port >= LPORT_FIRST);
	if (!pair || pair->used == 0 || port < LPORT_FIRST)
		return; /* never taken */
	taken_flip(pool, pair, port, false);
	pair->used--;
	lport_back_put(pool, pair, port);
	if (pair->used == 0)
		idle_add(pool, pair);
}

int lport_take(struct lport_pool *pool, struct tuple *reply)
{
	return lport_take_in(pool, reply, LPORT_ALL);
}

void lport_release(struct lport_pool *pool, const struct tuple *reply)
{
	lport_release_in(pool, reply, LPORT_ALL);
}

void lport_usage(const struct lport_pool *pool, unsigned int family, const union ip_addr *laddr,
		 struct lport_usage *usage)
{
	memset(usage, 0, sizeof(*usage));
	for (uint32_t i = NONE + 1; i < pool->pair_array.fresh; i++) {
		const struct pair *pair = &pool->pairs[i];
		bool narrow = lport_is_narrow(pair->range, pool->w->n_workers);

		if (pair->key.family != family || !ip_equal(&pair->key.dst, laddr))
			continue;
		usage->pairs++;
		usage->used += pair->used;
		usage->free += pair->in_bits + pair->in_queue +
			       (unsigned int)(pair->range.count - pair->tried) /
				       (narrow ? 1 : pool->w->n_workers);
	}
}

size_t lport_memory(const struct lport_pool *pool)
{
	return sizeof(*pool) + region_resident(&pool->pair_array.region) +
	       region_resident(&pool->line_array.region) + region_resident(&pool->heads_region);
}

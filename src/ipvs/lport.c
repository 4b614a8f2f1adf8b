/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/lport: the local ports of one worker, by pair (local address; server,
 * its port and the protocol). A pair takes its ports from two places: first
 * from its rotation, which begins at a random port, runs once through all of
 * them and skips those that another worker owns; when that is through, from
 * the ports given back. Take and release cost O(1) but for the skipping, about
 * n_workers tries, a few cycles each where RSS says who owns a port.
 *
 * Ports given back are bits of lines, a line for each 512 ports, and a cursor
 * goes round and round over them. A port that comes back just in front of the
 * cursor must not be the next one that is taken: the servers may remember its
 * last connection (TIME_WAIT). So the cursor does not look at the lines but at
 * what they were when they came within WINDOW lines: between a port's return
 * and its next use at least WINDOW - 1 lines are passed, 11 % of all ports,
 * unless fewer are free.
 *
 * Memory: a line comes with the first port that is begun in it, so a release
 * can never fail, and a pair costs 10 KB however many connections it has seen
 * and a few lines while it has seen few. When no line is left, a pair goes on
 * with the ports it has already begun.
 *
 * A pair that has no port taken is idle; it keeps its history for the same
 * reason. It is freed when it has been idle for LPORT_HISTORY_S and another
 * pair is made, or earlier, the one idle longest first, when memory is short. A
 * pair that comes back after that begins a new rotation: to a server that has
 * forgotten all, all ports are equally old.
 *
 * A release must follow a take: debug builds know every port's state.
 */
#include "ipvs/lport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "base/debug.h"
#include "base/lines.h"
#include "base/region.h"
#include "link/steer.h"

#define PORTS           (LPORT_LAST - LPORT_FIRST + 1)
#define LINE_PORTS      512
#define LINE_FIRST      (LPORT_FIRST / LINE_PORTS)
#define LINE_LAST       (LPORT_LAST / LINE_PORTS)
#define LINES           (LINE_LAST - LINE_FIRST + 1)
#define WINDOW          15 /* lines of which the cursor sees what they were */
#define PARTS           ((LINE_LAST + WINDOW) / WINDOW)
#define PAIR_LINES      (LINES + WINDOW + PARTS + 1) /* that a pair can have */
#define LPORT_HISTORY_S 120
#define BUCKETS_FIRST   16
#define NONE            0 /* entry 0 of each array is not used */

/* A bit a port, or the numbers of 15 lines. */
union line {
	uint64_t bits[LINE_PORTS / 64];
	struct part {
		uint32_t line[WINDOW];
		uint32_t next; /* in the list of the freed */
	} part;
};
_Static_assert(sizeof(union line) == 64, "a line is a cache line");

struct pair {
	struct tuple key;     /* of its replies, dport 0; family 0: a free entry */
	uint32_t next;        /* in its hash chain, or free */
	uint32_t part[PARTS]; /* lines of free ports that were used before */
	uint32_t past;        /* a part: what the lines from the cursor's on were */
	uint32_t idle_prev, idle_next;
	uint32_t idle_since_s;
	uint16_t start;  /* of its rotation, from LPORT_FIRST */
	uint16_t tried;  /* ports of the rotation that were begun or skipped */
	uint16_t used;   /* taken now */
	uint16_t back;   /* given back and free */
	uint16_t cursor; /* the next port to look at; 0: it has not begun */
	uint8_t past_at; /* where in `past` the cursor's line is */
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
	union line *lines;
	uint32_t *heads; /* of hash chains; one more with each pair more (linear hashing) */
	uint32_t n_pairs, n_heads;
	uint64_t n_made;                /* pairs ever made: each has a rotation of its own */
	uint32_t idle_first, idle_last; /* the first is idle longest */
	struct pool_array pair_array;
	struct pool_array line_array; /* what is freed are parts, with the lines in them */
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
	uint64_t max_lines = 2 * max_pairs + max_conns / 4 + 2 * PAIR_LINES;
	struct lport_pool *pool = lines_alloc(sizeof(*pool));

	if (!pool)
		return NULL;
	pool->w = w;
	pool->n_heads = BUCKETS_FIRST;
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
static inline struct tuple pair_key(const struct tuple *reply)
{
	struct tuple key = *reply;

	key.dport = 0;
	return key;
}

static inline uint64_t pair_hash(const struct lport_pool *pool, const struct tuple *reply)
{
	struct tuple key = pair_key(reply);

	return tuple_hash(&pool->key, &key);
}

static inline bool pair_is(const struct pair *pair, const struct tuple *reply)
{
	const struct tuple *key = &pair->key;

	return ip_equal(&key->src, &reply->src) && ip_equal(&key->dst, &reply->dst) &&
	       key->sport == reply->sport && key->proto == reply->proto &&
	       key->family == reply->family && key->zone == reply->zone;
}

static struct pair *pair_find(const struct lport_pool *pool, const struct tuple *reply)
{
	uint32_t i = pool->heads[chain_of(pair_hash(pool, reply), pool->n_heads)];

	for (; i != NONE; i = pool->pairs[i].next) {
		if (likely(pair_is(&pool->pairs[i], reply)))
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

/* Gives back a part and the lines in it. */
static void part_free(struct lport_pool *pool, uint32_t part)
{
	if (part == NONE)
		return;
	pool->lines[part].part.next = pool->line_array.free;
	pool->line_array.free = part;
}

/* Of a pair that has no port taken and is not in the idle list. */
static void pair_free(struct lport_pool *pool, struct pair *pair)
{
	uint32_t i = pair_index(pool, pair);
	uint32_t *at = &pool->heads[chain_of(tuple_hash(&pool->key, &pair->key), pool->n_heads)];

	for (unsigned int p = 0; p < PARTS; p++)
		part_free(pool, pair->part[p]);
	part_free(pool, pair->past);
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

static struct pair *pair_make(struct lport_pool *pool, const struct tuple *reply)
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
	pair->key = pair_key(reply);
	pair->start = (uint16_t)(hash_words(&pool->key, ++pool->n_made, i) % PORTS);
	taken_clear(pool, pair);
	if (++pool->n_pairs > pool->n_heads)
		grow_heads(pool);
	head = &pool->heads[chain_of(pair_hash(pool, reply), pool->n_heads)];
	pair->next = *head;
	*head = i;
	return pair;
}

/* Out of the first freed part: a line in it, or at last the part itself. */
static uint32_t line_unfree(struct lport_pool *pool)
{
	uint32_t free = pool->line_array.free, line;
	struct part *part = &pool->lines[free].part;

	for (unsigned int i = 0; i < WINDOW; i++) {
		line = part->line[i];
		if (line == NONE)
			continue;
		part->line[i] = NONE;
		return line;
	}
	pool->line_array.free = part->next;
	return free;
}

/* A zeroed line; NONE: no memory. */
static uint32_t line_take(struct lport_pool *pool)
{
	struct pool_array *array = &pool->line_array;
	uint32_t i;

	while (array->free == NONE) {
		if (array->fresh < array->max)
			return array->fresh++;
		if (!reclaim(pool, 0))
			return NONE;
	}
	i = line_unfree(pool);
	memset(&pool->lines[i], 0, sizeof(pool->lines[i]));
	return i;
}

/* The line of a port, NULL: the pair has none. */
static uint64_t *line_find(const struct lport_pool *pool, const struct pair *pair, uint16_t port)
{
	unsigned int n = port / LINE_PORTS;
	uint32_t part = pair->part[n / WINDOW], line;

	if (part == NONE)
		return NULL;
	line = pool->lines[part].part.line[n % WINDOW];
	return line != NONE ? pool->lines[line].bits : NULL;
}

/* Sees to it that there is a line for a port's return; false: no memory. */
static bool line_make(struct lport_pool *pool, struct pair *pair, uint16_t port)
{
	unsigned int n = port / LINE_PORTS;
	uint32_t *part = &pair->part[n / WINDOW], *line;

	if (*part == NONE)
		*part = line_take(pool);
	if (*part == NONE)
		return false;
	line = &pool->lines[*part].part.line[n % WINDOW];
	if (*line == NONE)
		*line = line_take(pool);
	return *line != NONE;
}

/* The line `ahead` of the cursor's, round and round. */
static uint16_t cursor_ahead(const struct pair *pair, unsigned int ahead)
{
	unsigned int n = pair->cursor / LINE_PORTS - LINE_FIRST + ahead;

	return (uint16_t)((n % LINES + LINE_FIRST) * LINE_PORTS);
}

/* Remembers what the line `ahead` of the cursor's is now. */
static void past_copy(struct lport_pool *pool, struct pair *pair, unsigned int ahead)
{
	const uint64_t *line = line_find(pool, pair, cursor_ahead(pair, ahead));
	uint32_t past = pool->lines[pair->past].part.line[(pair->past_at + ahead) % WINDOW];

	if (line)
		memcpy(&pool->lines[past], line, sizeof(pool->lines[past]));
	else
		memset(&pool->lines[past], 0, sizeof(pool->lines[past]));
}

/* The cursor begins where the rotation did, at the port begun first. Without memory for the past it
 * sees the present: better young ports than none. */
static void cursor_begin(struct lport_pool *pool, struct pair *pair)
{
	struct part *past;

	pair->cursor = (uint16_t)(LPORT_FIRST + pair->start);
	pair->past = line_take(pool);
	if (pair->past == NONE)
		return;
	past = &pool->lines[pair->past].part;
	for (unsigned int i = 0; i < WINDOW; i++) {
		past->line[i] = line_take(pool);
		if (past->line[i] == NONE) {
			part_free(pool, pair->past);
			pair->past = NONE;
			return;
		}
	}
	for (unsigned int i = 0; i < WINDOW; i++)
		past_copy(pool, pair, i);
}

/* On to the next line; the one that comes into the window takes the place of this one. */
static void cursor_next_line(struct lport_pool *pool, struct pair *pair)
{
	if (pair->past != NONE) {
		past_copy(pool, pair, WINDOW);
		pair->past_at = (uint8_t)((pair->past_at + 1) % WINDOW);
	}
	pair->cursor = cursor_ahead(pair, 1);
}

/* The cursor's line as it looks to it. */
static const uint64_t *cursor_line(const struct lport_pool *pool, const struct pair *pair)
{
	if (pair->past == NONE)
		return line_find(pool, pair, pair->cursor);
	return pool->lines[pool->lines[pair->past].part.line[pair->past_at]].bits;
}

/* The first free port from the cursor to the end of its line, 0: there is none. */
static uint16_t cursor_find(const struct lport_pool *pool, const struct pair *pair)
{
	const uint64_t *line = cursor_line(pool, pair);
	unsigned int at = pair->cursor % LINE_PORTS;
	uint64_t mask = UINT64_MAX << at % 64;

	if (!line)
		return 0;
	for (unsigned int i = at / 64; i < LINE_PORTS / 64; i++, mask = UINT64_MAX) {
		if (line[i] & mask)
			return (uint16_t)((pair->cursor & -LINE_PORTS) + i * 64 +
					  (unsigned int)__builtin_ctzll(line[i] & mask));
	}
	return 0;
}

/* One that was given back; there is one. The cursor meets it within a round and a window. */
static uint16_t back_next(struct lport_pool *pool, struct pair *pair)
{
	uint16_t port;

	if (pair->cursor == 0)
		cursor_begin(pool, pair);
	while ((port = cursor_find(pool, pair)) == 0)
		cursor_next_line(pool, pair);
	line_find(pool, pair, port)[port % LINE_PORTS / 64] ^= UINT64_C(1) << port % 64;
	pair->back--;
	pair->cursor = port;
	if (port % LINE_PORTS == LINE_PORTS - 1)
		cursor_next_line(pool, pair);
	else
		pair->cursor++;
	return port;
}

/* The next port of the rotation that is ours, 0: it is through. */
static uint16_t rotation_next(struct lport_pool *pool, struct pair *pair, struct tuple *reply)
{
	uint32_t base = steer_base(pool->w, reply);
	uint32_t at = (uint32_t)pair->start + pair->tried;

	if (at >= PORTS)
		at -= PORTS;
	while (pair->tried < PORTS) {
		uint16_t port = (uint16_t)(LPORT_FIRST + at);

		pair->tried++;
		if (++at == PORTS)
			at = 0;
		reply->dport = htons(port);
		if (steer_owner_of(pool->w, base, reply) == pool->w->id)
			return port;
	}
	return 0;
}

/* Out of this pair; 0: there is none. */
static uint16_t port_next(struct lport_pool *pool, struct pair *pair, struct tuple *reply, int *r)
{
	uint16_t port = rotation_next(pool, pair, reply);

	*r = -EADDRNOTAVAIL;
	if (likely(port && line_make(pool, pair, port)))
		return port;
	if (port) {
		pair->tried--; /* it stays the next one */
		*r = -ENOMEM;
	}
	return pair->back ? back_next(pool, pair) : 0;
}

int lport_take(struct lport_pool *pool, struct tuple *reply)
{
	struct pair *pair;
	uint16_t port;
	int r;

	if (pool->w->id == WORKER_MASTER)
		return -EADDRNOTAVAIL;
	pair = pair_find(pool, reply);
	if (pair && pair->used == 0)
		idle_remove(pool, pair); /* not to be reclaimed for its own sake */
	else if (!pair)
		pair = pair_make(pool, reply);
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

void lport_release(struct lport_pool *pool, const struct tuple *reply)
{
	struct pair *pair = pair_find(pool, reply);
	uint16_t port = ntohs(reply->dport);
	uint64_t *line = pair ? line_find(pool, pair, port) : NULL;
	uint64_t bit = UINT64_C(1) << port % 64;

	debug_assert(line && pair->used && port >= LPORT_FIRST);
	if (!line || pair->used == 0 || port < LPORT_FIRST || (line[port % LINE_PORTS / 64] & bit))
		return; /* never taken: no port is there twice */
	taken_flip(pool, pair, port, false);
	line[port % LINE_PORTS / 64] |= bit;
	pair->used--;
	pair->back++;
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
		usage->free += pair->back +
			       (unsigned int)(PORTS - pair->tried) / pool->w->n_workers;
	}
}

size_t lport_memory(const struct lport_pool *pool)
{
	return sizeof(*pool) + region_resident(&pool->pair_array.region) +
	       region_resident(&pool->line_array.region) + region_resident(&pool->heads_region);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/lport: the ports of a pair that came back. They are used again in the
 * order in which they came, since the servers may remember the last connection
 * of a port (TIME_WAIT): a queue of lines, 30 ports each.
 *
 * A queue costs 2 bytes a port, 137 KB over all workers when all ports of a
 * pair have been used once. With one worker, a local address in front of a
 * hundred servers must not cost 14 MB, so a worker's lines have a budget: its
 * part of 940,000 bytes. Within it the order is exact: six pairs with all of
 * their ports, or 440,000 ports in full lines. Beyond it the queues that have
 * more than their share are trimmed: their oldest ports become bits, a bit for
 * each port. What is in bits is older than all in the queue and is taken before
 * it, round and round by number, which is about the order in which those ports
 * were taken before.
 *
 * A worker's ports are scattered over all numbers, so bits cost each worker up
 * to 8.6 KB a pair, however few of the ports are its own: a hundred pairs with
 * all their ports begun cost a megabyte for each worker. From 16 workers on a
 * queue of all of a worker's ports costs less than that, and nothing is trimmed.
 *
 * Putting a port back can never fail: with the first port that is begun of each
 * 512, the lines that its bit may need are reserved. A port goes to the queue
 * if there is a line, else the queue's oldest line makes room, else there is no
 * queue and its bit is set.
 */
#include <string.h>

#include <rte_branch_prediction.h>

#include "ipvs/lport_int.h"

#define LEAST_LINES 8               /* of a queue, whatever the budget says */
#define BITS_LINES  (LINES + PARTS) /* that a pair needs whose ports are in bits */

/* Out of the first freed part: a line in it, or at last the part itself. */
static uint32_t part_unfree(struct lport_pool *pool)
{
	uint32_t free = pool->line_array.free, line;
	struct part *part = &pool->lines[free].part;

	for (unsigned int i = 0; i < PART_LINES; i++) {
		line = part->line[i];
		if (line == NONE)
			continue;
		part->line[i] = NONE;
		return line;
	}
	pool->line_array.free = part->next;
	return free;
}

/* Whether n lines more can be had, beside those reserved. */
static bool room(const struct lport_pool *pool, uint32_t n)
{
	return pool->n_lines + pool->reserved + n < pool->line_array.max;
}

/* A zeroed line; there is room, or it was reserved. */
static uint32_t line_take(struct lport_pool *pool)
{
	struct pool_array *array = &pool->line_array;
	uint32_t i;

	pool->n_lines++;
	if (pool->free_queues != NONE) {
		i = pool->free_queues;
		pool->free_queues = pool->lines[i].queue.next;
	} else if (array->free != NONE) {
		i = part_unfree(pool);
	} else {
		return array->fresh++;
	}
	memset(&pool->lines[i], 0, sizeof(pool->lines[i]));
	return i;
}

static uint64_t *line_find(const struct lport_pool *pool, const struct pair *pair, uint16_t port)
{
	unsigned int n = port / LINE_PORTS;
	uint32_t part = pair->part[n / PART_LINES], line;

	if (part == NONE)
		return NULL;
	line = pool->lines[part].part.line[n % PART_LINES];
	return line != NONE ? pool->lines[line].bits : NULL;
}

/* Fills a place for a line's number with one that was reserved. */
static uint32_t line_at(struct lport_pool *pool, struct pair *pair, uint32_t *place)
{
	if (*place == NONE) {
		*place = line_take(pool);
		pool->reserved--;
		pair->reserved--;
	}
	return *place;
}

static void bit_set(struct lport_pool *pool, struct pair *pair, uint16_t port)
{
	unsigned int n = port / LINE_PORTS;
	uint32_t part = line_at(pool, pair, &pair->part[n / PART_LINES]);
	uint32_t line = line_at(pool, pair, &pool->lines[part].part.line[n % PART_LINES]);

	pool->lines[line].bits[port % LINE_PORTS / 64] |= UINT64_C(1) << port % 64;
	pair->in_bits++;
}

/* Moves the oldest line of a queue, there is one, to bits. */
static void spill(struct lport_pool *pool, struct pair *pair)
{
	uint32_t i = pair->oldest;
	struct queue *queue = &pool->lines[i].queue;
	unsigned int end = i == pair->youngest ? pair->put : QUEUE_PORTS;

	for (unsigned int at = pair->get; at < end; at++)
		bit_set(pool, pair, queue->port[at]);
	pair->in_queue = (uint16_t)(pair->in_queue - (end - pair->get));
	pair->oldest = i == pair->youngest ? NONE : queue->next;
	if (pair->oldest == NONE)
		pair->youngest = NONE;
	pair->get = 0;
	pair->n_queue--;
	queue->next = pool->free_queues;
	pool->free_queues = i;
	pool->n_lines--;
}

/* Lines that each queue may have while the budget is used up. */
static uint32_t allowance(const struct lport_pool *pool)
{
	uint32_t share = pool->budget / pool->n_pairs;

	return share > BITS_LINES + LEAST_LINES ? share - BITS_LINES : LEAST_LINES;
}

/* Shortens queues that have more than their share, a few lines at most. */
static void trim(struct lport_pool *pool)
{
	uint32_t most = allowance(pool);

	for (unsigned int steps = 0; steps < 8 && pool->n_lines >= pool->budget; steps++) {
		if (pool->hand < pool->pair_array.fresh && pool->pairs[pool->hand].n_queue > most)
			spill(pool, &pool->pairs[pool->hand]);
		else
			pool->hand = pool->hand < pool->pair_array.fresh ? pool->hand + 1
									 : NONE + 1;
	}
}

/* Of the 512 ports in this line one was begun. */
static bool is_begun(const struct pair *pair, unsigned int line)
{
	return pair->begun[line / 64] >> line % 64 & 1;
}

bool lport_back_begin(struct lport_pool *pool, struct pair *pair, uint16_t port)
{
	unsigned int n = port / LINE_PORTS, i = n / PART_LINES * PART_LINES;
	unsigned int end = i + PART_LINES;
	uint16_t lines = 2;

	if (likely(is_begun(pair, n)))
		return true;
	for (; i < end && i <= LINE_LAST; i++) {
		if (is_begun(pair, i))
			lines = 1; /* the part is there, or reserved */
	}
	if (!room(pool, lines))
		return false;
	pair->begun[n / 64] |= UINT64_C(1) << n % 64;
	pair->reserved = (uint16_t)(pair->reserved + lines);
	pool->reserved += lines;
	return true;
}

/* One line more for a queue; false: it has none at all. */
static bool queue_grow(struct lport_pool *pool, struct pair *pair)
{
	uint32_t i;

	if (pool->n_lines >= pool->budget)
		trim(pool);
	if (pool->n_lines >= pool->budget && pair->n_queue >= LEAST_LINES)
		spill(pool, pair);
	if (!room(pool, 1) && pair->n_queue)
		spill(pool, pair);
	if (!room(pool, 1))
		return false;
	i = line_take(pool);
	if (pair->n_queue)
		pool->lines[pair->youngest].queue.next = i;
	else
		pair->oldest = i;
	pair->youngest = i;
	pair->put = 0;
	pair->n_queue++;
	return true;
}

void lport_back_put(struct lport_pool *pool, struct pair *pair, uint16_t port)
{
	if (pair->n_queue == 0 || pair->put == QUEUE_PORTS) {
		if (!queue_grow(pool, pair)) {
			bit_set(pool, pair, port);
			return;
		}
	}
	pool->lines[pair->youngest].queue.port[pair->put++] = port;
	pair->in_queue++;
}

static uint16_t queue_get(struct lport_pool *pool, struct pair *pair)
{
	uint16_t port = pool->lines[pair->oldest].queue.port[pair->get++];

	if (--pair->in_queue == 0 || pair->get == QUEUE_PORTS)
		spill(pool, pair); /* nothing is left in this line */
	return port;
}

/* The first bit from the cursor to the end of its line, 0: there is none. */
static uint16_t cursor_find(const struct lport_pool *pool, const struct pair *pair)
{
	const uint64_t *line = line_find(pool, pair, pair->cursor);
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

static void cursor_next_line(struct pair *pair)
{
	unsigned int n = pair->cursor / LINE_PORTS;

	pair->cursor = (uint16_t)((n == LINE_LAST ? LINE_FIRST : n + 1) * LINE_PORTS);
}

/* The cursor begins where the rotation did, at the port begun first. */
static uint16_t bits_get(struct lport_pool *pool, struct pair *pair)
{
	uint16_t port;

	if (pair->cursor == 0)
		pair->cursor = (uint16_t)(pair->range.first + pair->start);
	while ((port = cursor_find(pool, pair)) == 0)
		cursor_next_line(pair);
	line_find(pool, pair, port)[port % LINE_PORTS / 64] ^= UINT64_C(1) << port % 64;
	pair->in_bits--;
	pair->cursor = port;
	if (port % LINE_PORTS == LINE_PORTS - 1)
		cursor_next_line(pair);
	else
		pair->cursor++;
	return port;
}

uint16_t lport_back_get(struct lport_pool *pool, struct pair *pair)
{
	return pair->in_bits ? bits_get(pool, pair) : queue_get(pool, pair);
}

void lport_back_free(struct lport_pool *pool, struct pair *pair)
{
	for (unsigned int p = 0; p < PARTS; p++) {
		struct part *part = &pool->lines[pair->part[p]].part;

		if (pair->part[p] == NONE)
			continue;
		for (unsigned int i = 0; i < PART_LINES; i++)
			pool->n_lines -= part->line[i] != NONE;
		pool->n_lines--;
		part->next = pool->line_array.free;
		pool->line_array.free = pair->part[p];
	}
	pool->reserved -= pair->reserved;
	if (pair->n_queue == 0)
		return;
	pool->lines[pair->youngest].queue.next = pool->free_queues;
	pool->free_queues = pair->oldest;
	pool->n_lines -= pair->n_queue;
	pair->n_queue = 0; /* nothing to trim */
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker/op: the replication of configuration. The master numbers changes; all
 * ops of one change carry the same number. A worker's ops_done is the number
 * of the last change it has applied; where it equals ops_published, nothing
 * is under way to that worker. The master keeps every published op in a queue
 * and frees from its head what all workers have done, so that memory which one
 * worker unlinked is not freed while another may still read it.
 *
 * A worker that rests is left alone by a few changes of tables (op_set_patient):
 * it owes them, and looks at no packet before. So they are in force, though not
 * acknowledged, and a tool that makes one change after the other costs idle
 * workers next to nothing.
 */
#include "worker/op.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_pause.h>
#include <rte_prefetch.h>
#include <rte_ring.h>

#include "base/lines.h"
#include "worker/replication.h"
#include "worker/worker.h"

#define OPS_AHEAD 8u         /* that are taken from the ring at once */
#define OPS_SPARE (2u << 20) /* bytes of blocks that are kept for others */
#define OPS_OWED  64u        /* at most: about as many as fit into a turn's budget */

#define OP_SLOTS (sizeof(((struct op *)0)->args) / sizeof(void *))

/* The ops of one change, each in cache lines of its own: they are different threads'. */
struct op_block {
	struct op_block *next;
	uint64_t seq;
	size_t bytes, stride;
	unsigned int count;
	uint64_t ops[] __attribute__((aligned(LINE_BYTES))); /* `stride` bytes each */
};

static struct op *block_op(struct op_block *block, unsigned int i)
{
	return (struct op *)(void *)((uint8_t *)block->ops + i * block->stride);
}

struct op *op_of(const struct op_set *set, unsigned int i)
{
	return block_op(set->block, i);
}

struct replication *replication_create(void)
{
	return calloc(1, sizeof(struct replication));
}

static void spare_drop(struct replication *replication)
{
	struct op_block *block = replication->spare;

	replication->spare = block->next;
	replication->spare_bytes -= block->bytes;
	free(block);
}

/* One of this size; of other sizes there are the fewer the more often these are not asked for. */
static struct op_block *spare_take(struct replication *replication, size_t bytes)
{
	struct op_block *block = replication->spare;

	if (!block || block->bytes != bytes) {
		if (block)
			spare_drop(replication);
		return aligned_alloc(LINE_BYTES, bytes);
	}
	replication->spare = block->next;
	replication->spare_bytes -= bytes;
	return block;
}

/* Where it says what is garbage. */
static void block_look_ahead(struct op_block *block)
{
	for (unsigned int i = 0; block && i < block->count; i++)
		rte_prefetch0(block_op(block, i));
}

static void block_free(struct replication *replication, struct op_block *block)
{
	for (unsigned int i = 0; i < block->count; i++) {
		struct op *op = block_op(block, i);

		for (unsigned int k = 0; k < op->n_garbage; k++)
			free(op->garbage[k]);
	}
	block->next = replication->spare;
	replication->spare = block;
	replication->spare_bytes += block->bytes;
	if (replication->spare_bytes > OPS_SPARE)
		spare_drop(replication);
}

void replication_destroy(struct replication *replication)
{
	while (replication && replication->head) {
		struct op_block *block = replication->head;

		replication->head = block->next;
		block_free(replication, block);
	}
	while (replication && replication->spare)
		spare_drop(replication);
	free(replication);
}

/* So many ops, all args NULL; NULL: no memory. */
static struct op_block *block_new(struct replication *replication, unsigned int count,
				  op_apply_fn *apply, const void *data, size_t size)
{
	size_t stride = RTE_ALIGN(offsetof(struct op, data) + size, LINE_BYTES);
	size_t bytes = sizeof(struct op_block) + count * stride;
	struct op_block *block = spare_take(replication, bytes);

	if (!block)
		return NULL;
	*block = (struct op_block){ .bytes = bytes, .stride = stride, .count = count };
	for (unsigned int i = 0; i < count; i++) {
		struct op *op = block_op(block, i);

		op->apply = apply;
		op->ahead = NULL;
		op->n_garbage = 0;
		memset(op->args, 0, sizeof(op->args));
		if (size)
			memcpy(op->data, data, size);
	}
	return block;
}

void op_garbage(struct op *op, void *memory)
{
	if (!memory)
		return;
	RTE_ASSERT(op->n_garbage < OP_GARBAGE);
	op->garbage[op->n_garbage++] = memory;
}

int op_set_init(struct op_set *set, struct worker *const *all, op_apply_fn *apply, const void *data,
		size_t size)
{
	unsigned int count = all[WORKER_MASTER]->n_workers + 1;

	*set = (struct op_set){ .block = block_new(all[WORKER_MASTER]->replication, count, apply,
						   data, size) };
	if (!set->block)
		return -ENOMEM;
	set->count = count;
	return 0;
}

static int op_set_alloc_by(struct op_set *set, unsigned int slot, size_t size,
			   void *(*alloc)(size_t size))
{
	RTE_ASSERT(slot < OP_SLOTS);
	for (unsigned int i = 0; i < set->count; i++) {
		struct op *op = op_of(set, i);

		op->args[slot] = alloc(size);
		if (!op->args[slot]) {
			op_set_free(set);
			return -ENOMEM;
		}
		set->owned |= 1u << slot;
	}
	return 0;
}

static void *plain_alloc(size_t size)
{
	return calloc(1, size);
}

int op_set_alloc(struct op_set *set, unsigned int slot, size_t size)
{
	return op_set_alloc_by(set, slot, size, plain_alloc);
}

int op_set_alloc_lines(struct op_set *set, unsigned int slot, size_t size)
{
	return op_set_alloc_by(set, slot, size, lines_alloc);
}

void op_set_free(struct op_set *set)
{
	for (unsigned int i = 0; i < set->count; i++)
		for (unsigned int slot = 0; slot < OP_SLOTS; slot++)
			if (set->owned & 1u << slot)
				free(op_of(set, i)->args[slot]);
	free(set->block);
	*set = (struct op_set){ .count = 0 };
}

/* Into the worker's ring; the master waits while that is full. */
static void op_send(struct worker *w, struct op *op, bool patient)
{
	unsigned int before = rte_ring_count(w->ops);
	/* nor is one owed behind one that is not: that would seem to be in force with it */
	bool owed = patient && before < OPS_OWED &&
		    (before == 0 || w->ops_owed == w->ops_published);

	__atomic_store_n(&w->ops_published, op->seq, __ATOMIC_RELEASE);
	if (owed)
		__atomic_store_n(&w->ops_owed, op->seq, __ATOMIC_RELEASE);
	while (rte_ring_sp_enqueue(w->ops, op) != 0)
		sched_yield();
	/* early enough for the next ones to be owed still while it wakes up */
	if (!patient || before >= OPS_OWED / 2)
		worker_ring_bell(w);
}

static void block_keep(struct replication *replication, struct op_block *block)
{
	block->next = NULL;
	if (replication->head)
		replication->tail->next = block;
	else
		replication->head = block;
	replication->tail = block;
}

void op_set_publish(struct op_set *set, struct worker *const *all)
{
	struct worker *master = all[WORKER_MASTER];
	struct replication *replication = master->replication;
	struct op_block *block = set->block;

	block->seq = ++replication->newest;
	for (unsigned int i = 0; i < set->count; i++)
		block_op(block, i)->seq = block->seq;
	block_op(block, 0)->apply(master, block_op(block, 0));
	if (replication->running && set->count > 1)
		block_keep(replication, block);
	for (unsigned int i = 1; i < set->count; i++) {
		struct op *op = block_op(block, i);

		if (replication->running)
			op_send(all[i], op, set->patient);
		else
			op->apply(all[i], op);
	}
	if (!replication->running || set->count == 1)
		block_free(replication, block);
	*set = (struct op_set){ .count = 0 };
}

int op_multicast(struct worker *const *all, op_apply_fn *apply, const void *data, size_t size)
{
	struct op_set set;
	int r = op_set_init(&set, all, apply, data, size);

	if (r < 0)
		return r;
	op_set_publish(&set, all);
	return 0;
}

int op_unicast(struct worker *w, op_apply_fn *apply, void *arg, const void *data, size_t size)
{
	struct replication *replication = w->all[WORKER_MASTER]->replication;
	struct op_block *block = block_new(replication, 1, apply, data, size);
	struct op *op;

	if (!block)
		return -ENOMEM;
	op = block_op(block, 0);
	op->args[0] = arg;
	op->seq = block->seq = ++replication->newest;
	if (!replication->running || w->id == WORKER_MASTER) {
		apply(w, op);
		block_free(replication, block);
		return 0;
	}
	block_keep(replication, block);
	op_send(w, op, false);
	return 0;
}

static void ops_look_ahead(const struct worker *w, struct op *const *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		rte_prefetch0(ops[i]);
		rte_prefetch0(ops[i]->data);
		rte_prefetch0((const uint8_t *)ops[i]->data + RTE_CACHE_LINE_SIZE);
	}
	for (unsigned int step = 0; step < OP_AHEAD_STEPS; step++)
		for (unsigned int i = 0; i < n; i++)
			if (ops[i]->ahead)
				ops[i]->ahead(w, ops[i], step);
}

static bool worker_rests(const struct worker *w)
{
	return __atomic_load_n(&w->rest, __ATOMIC_RELAXED) != WORKER_AWAKE;
}

/*
 * Was this worker one of the slowest, with `before`? Else the master has nothing to hear yet: of
 * those who do the same change at once, the last one to be done sees that all others are. Nobody
 * waits for one that rests; when it wakes up, it looks itself.
 */
static bool ops_moved(const struct worker *w, uint64_t before)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned int i = 1; i <= w->n_workers; i++) {
		const struct worker *other = w->all[i];
		uint64_t done = __atomic_load_n(&other->ops_done, __ATOMIC_ACQUIRE);

		if (other != w && done <= before && !worker_rests(other) &&
		    done != __atomic_load_n(&other->ops_published, __ATOMIC_ACQUIRE))
			return false;
	}
	return true;
}

unsigned int ops_run(struct worker *w, uint64_t budget_tsc)
{
	struct op *ops[OPS_AHEAD];
	unsigned int count = 0, n;
	uint64_t start, owed, before = w->ops_done;

	if (likely(!w->ops || rte_ring_empty(w->ops)))
		return 0;
	start = rte_rdtsc();
	owed = __atomic_load_n(&w->ops_owed, __ATOMIC_ACQUIRE);
	while ((n = rte_ring_sc_dequeue_burst(w->ops, (void **)ops, OPS_AHEAD, NULL)) > 0) {
		ops_look_ahead(w, ops, n);
		for (unsigned int i = 0; i < n; i++) {
			uint64_t seq = ops[i]->seq;

			ops[i]->apply(w, ops[i]);
			/* behind this store the master may free the op */
			__atomic_store_n(&w->ops_done, seq, __ATOMIC_RELEASE);
		}
		count += n;
		if (w->ops_done >= owed && rte_rdtsc() - start > budget_tsc)
			break;
	}
	w->counters.ops += count;
	if (ops_moved(w, before))
		worker_wake_master(w);
	return count;
}

uint64_t ops_acknowledged(struct worker *const *all)
{
	const struct worker *master = all[WORKER_MASTER];
	uint64_t least = master->replication->newest;

	for (unsigned int i = 1; i <= master->n_workers; i++) {
		uint64_t done = __atomic_load_n(&all[i]->ops_done, __ATOMIC_ACQUIRE);

		if (done != all[i]->ops_published && done < least)
			least = done;
	}
	return least;
}

bool ops_in_force(struct worker *const *all, uint64_t seq)
{
	/* a worker that is seen to rest sees what was put into its ring before */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		const struct worker *w = all[i];
		uint64_t done = __atomic_load_n(&w->ops_done, __ATOMIC_ACQUIRE);

		if (done < seq && done != w->ops_published &&
		    !(w->ops_owed == w->ops_published && worker_rests(w)))
			return false;
	}
	return true;
}

bool ops_awaited(struct worker *const *all, uint64_t seq)
{
	if (ops_acknowledged(all) >= seq)
		return true;
	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++)
		if (__atomic_load_n(&all[i]->ops_done, __ATOMIC_ACQUIRE) != all[i]->ops_published)
			worker_ring_bell(all[i]);
	return false;
}

uint64_t ops_newest(struct worker *const *all)
{
	return all[WORKER_MASTER]->replication->newest;
}

void ops_reap(struct worker *const *all)
{
	struct replication *replication = all[WORKER_MASTER]->replication;
	uint64_t done;

	if (!replication->head)
		return;
	done = ops_acknowledged(all);
	while (replication->head && replication->head->seq <= done) {
		struct op_block *block = replication->head;

		replication->head = block->next;
		block_look_ahead(block->next);
		block_free(replication, block);
	}
}

void ops_set_running(struct worker *const *all, bool running)
{
	all[WORKER_MASTER]->replication->running = running;
}

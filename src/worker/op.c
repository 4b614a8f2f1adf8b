/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker/op: the replication of configuration. The master numbers changes; all
 * ops of one change carry the same number. A worker's ops_done is the number
 * of the last change it has applied; where it equals ops_published, nothing
 * is under way to that worker. The master keeps every published op in a queue
 * and frees from its head what all workers have done, so that memory which one
 * worker unlinked is not freed while another may still read it.
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

#define OPS_AHEAD 8u /* that are taken from the ring at once */

#define OP_SLOTS (sizeof(((struct op *)0)->args) / sizeof(void *))

struct replication *replication_create(void)
{
	return calloc(1, sizeof(struct replication));
}

static void op_free(struct op *op)
{
	for (unsigned int i = 0; i < op->n_garbage; i++)
		free(op->garbage[i]);
	free(op);
}

void replication_destroy(struct replication *replication)
{
	while (replication && replication->head) {
		struct op *op = replication->head;

		replication->head = op->next;
		op_free(op);
	}
	free(replication);
}

static struct op *op_new(op_apply_fn *apply, const void *data, size_t size)
{
	struct op *op = calloc(1, sizeof(*op) + size);

	if (!op)
		return NULL;
	op->apply = apply;
	if (size)
		memcpy(op->data, data, size);
	return op;
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
	memset(set, 0, sizeof(*set));
	for (unsigned int i = 0; i <= all[WORKER_MASTER]->n_workers; i++) {
		set->ops[i] = op_new(apply, data, size);
		if (!set->ops[i]) {
			op_set_free(set);
			return -ENOMEM;
		}
		set->count++;
	}
	return 0;
}

static int op_set_alloc_by(struct op_set *set, unsigned int slot, size_t size,
			   void *(*alloc)(size_t size))
{
	RTE_ASSERT(slot < OP_SLOTS);
	for (unsigned int i = 0; i < set->count; i++) {
		set->ops[i]->args[slot] = alloc(size);
		if (!set->ops[i]->args[slot]) {
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
	for (unsigned int i = 0; i < set->count; i++) {
		for (unsigned int slot = 0; slot < OP_SLOTS; slot++)
			if (set->owned & 1u << slot)
				free(set->ops[i]->args[slot]);
		free(set->ops[i]);
	}
	memset(set, 0, sizeof(*set));
}

/* Into the worker's ring; the master waits while that is full. */
static void op_send(struct worker *w, struct op *op)
{
	__atomic_store_n(&w->ops_published, op->seq, __ATOMIC_RELEASE);
	while (rte_ring_sp_enqueue(w->ops, op) != 0)
		sched_yield();
	worker_ring_bell(w);
}

static void op_keep(struct replication *replication, struct op *op)
{
	op->next = NULL;
	if (replication->head)
		replication->tail->next = op;
	else
		replication->head = op;
	replication->tail = op;
}

void op_set_publish(struct op_set *set, struct worker *const *all)
{
	struct worker *master = all[WORKER_MASTER];
	struct replication *replication = master->replication;
	uint64_t seq = ++replication->newest;

	for (unsigned int i = 0; i < set->count; i++)
		set->ops[i]->seq = seq;
	set->ops[0]->apply(master, set->ops[0]);
	for (unsigned int i = 1; i < set->count; i++) {
		struct op *op = set->ops[i];

		if (replication->running) {
			op_keep(replication, op);
			op_send(all[i], op);
		} else {
			op->apply(all[i], op);
			op_free(op);
		}
	}
	if (replication->running && set->count > 1)
		op_keep(replication, set->ops[0]);
	else
		op_free(set->ops[0]);
	memset(set, 0, sizeof(*set));
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
	struct op *op = op_new(apply, data, size);

	if (!op)
		return -ENOMEM;
	op->args[0] = arg;
	op->seq = ++replication->newest;
	if (!replication->running || w->id == WORKER_MASTER) {
		apply(w, op);
		op_free(op);
		return 0;
	}
	op_keep(replication, op);
	op_send(w, op);
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

unsigned int ops_run(struct worker *w, uint64_t budget_tsc)
{
	struct op *ops[OPS_AHEAD];
	unsigned int count = 0, n;
	uint64_t start;

	if (likely(!w->ops || rte_ring_empty(w->ops)))
		return 0;
	start = rte_rdtsc();
	while ((n = rte_ring_sc_dequeue_burst(w->ops, (void **)ops, OPS_AHEAD, NULL)) > 0) {
		ops_look_ahead(w, ops, n);
		for (unsigned int i = 0; i < n; i++) {
			uint64_t seq = ops[i]->seq;

			ops[i]->apply(w, ops[i]);
			/* behind this store the master may free the op */
			__atomic_store_n(&w->ops_done, seq, __ATOMIC_RELEASE);
		}
		count += n;
		if (rte_rdtsc() - start > budget_tsc)
			break;
	}
	w->counters.ops += count;
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
		struct op *op = replication->head;

		replication->head = op->next;
		op_free(op);
	}
}

void ops_set_running(struct worker *const *all, bool running)
{
	all[WORKER_MASTER]->replication->running = running;
}

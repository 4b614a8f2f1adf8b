/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker/op: a change of replicated configuration on its way to a worker. The
 * master makes one op for each worker (itself, worker 0, included), gives it
 * all memory it needs, and publishes them together; each worker applies its
 * own between two bursts. An op cannot fail and must be deterministic: what
 * could fail, the master has checked against its own copy before.
 *
 * Ownership: the master allocates the ops of a change, as one block, and what
 * they point to (malloc). The worker takes over nodes that it links into its
 * tables, and hands back what it unlinked by op_garbage(). When all workers
 * have acknowledged, the master frees the garbage and the ops.
 */
#ifndef WORKER_OP_H
#define WORKER_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct worker;
struct op;

typedef void op_apply_fn(struct worker *w, struct op *op);

/*
 * What apply will wait for in memory may be asked for while ops before it run: in steps, 0 to
 * OP_AHEAD_STEPS - 1, each of which may read what the step before it has asked for. Nothing else,
 * since those ops may change it all.
 */
typedef void op_ahead_fn(const struct worker *w, const struct op *op, unsigned int step);

#define OP_AHEAD_STEPS 2

#define OP_GARBAGE 8

struct op {
	op_apply_fn *apply;
	op_ahead_fn *ahead; /* NULL: none */
	uint64_t seq;       /* set by op_publish */
	unsigned int n_garbage;
	void *args[6]; /* op-specific: nodes that the worker takes over, read by apply */
	void *garbage[OP_GARBAGE]; /* malloc'ed, freed with the op */
	uint64_t data[];           /* op-specific plain data */
};

static inline void *op_data(struct op *op)
{
	return op->data;
}

static inline const void *op_data_const(const struct op *op)
{
	return op->data;
}

/* By apply: freed (free()) when every worker is done with the change. */
void op_garbage(struct op *op, void *memory);

/*
 * The ops of one change, one a worker: n_workers + 1 of them, [0] the master's. `data` (size bytes)
 * is copied into each. 0 or -ENOMEM, then nothing was made. args[] are the caller's to fill.
 */
struct op_block;

struct op_set {
	struct op_block *block;
	unsigned int count;
	unsigned int owned; /* bit N: args[N] came from op_set_alloc() */
	bool patient;
};

/* That of worker i. */
struct op *op_of(const struct op_set *set, unsigned int i);

int op_set_init(struct op_set *set, struct worker *const *all, op_apply_fn *apply, const void *data,
		size_t size);

/* args[slot] of each op := a zeroed block of its own (calloc). 0 or -ENOMEM, then the set is freed,
 * blocks and all. */
int op_set_alloc(struct op_set *set, unsigned int slot, size_t size);
/* The same for what packets write: in cache lines that no other worker's block shares. */
int op_set_alloc_lines(struct op_set *set, unsigned int slot, size_t size);

/* Not published: frees ops and the blocks op_set_alloc() made. */
void op_set_free(struct op_set *set);

/*
 * Before it is published: the ops touch the worker's own tables and nothing else, so it is enough
 * if they are applied before its next packet. A worker that rests is not woken for a few of them.
 */
static inline void op_set_patient(struct op_set *set)
{
	set->patient = true;
}

/*
 * Master: applies [0] at once, puts the others into the workers' rings (waits while one is full),
 * and keeps them until acknowledged. Before the workers run, ops are applied to all of them at
 * once.
 */
void op_set_publish(struct op_set *set, struct worker *const *all);

/* The common case: validate first, then this. 0 or -ENOMEM (nothing happened). */
int op_multicast(struct worker *const *all, op_apply_fn *apply, const void *data, size_t size);

/* An op for one worker alone (queries, packets to send). 0 or -ENOMEM. */
int op_unicast(struct worker *w, op_apply_fn *apply, void *arg, const void *data, size_t size);

/* Worker: applies what is in its ring, for at most budget_tsc; returns how many. Acknowledges by
 * ops_done. */
unsigned int ops_run(struct worker *w, uint64_t budget_tsc);

/* Master: the sequence that every worker has reached at least, and the newest one published. */
uint64_t ops_acknowledged(struct worker *const *all);
uint64_t ops_newest(struct worker *const *all);

/*
 * Master: is that change in force? Each worker has applied it, or rests and will before it looks at
 * a packet. Nothing that an op was given or hands back may be touched before it is acknowledged.
 */
bool ops_in_force(struct worker *const *all, uint64_t seq);

/* Master: have all workers acknowledged that change? Somebody waits for it: those that rest are
 * woken. */
bool ops_awaited(struct worker *const *all, uint64_t seq);

/* Master: frees ops (and garbage) that all workers have acknowledged. */
void ops_reap(struct worker *const *all);

/* Have the workers been started? Set once by main before launch, cleared after they ended. */
void ops_set_running(struct worker *const *all, bool running);

#endif

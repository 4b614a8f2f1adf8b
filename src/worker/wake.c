/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker/wake: the bells between the master and workers, and among workers.
 * A worker tells the master's loop that there is something to look at; whoever
 * fills a ring of a worker's wakes it if it sleeps. Both are eventfds: a bell
 * that rings already need not be rung again.
 */
#include <unistd.h>

#include "worker/replication.h"
#include "worker/worker.h"

void worker_wake_master(struct worker *w)
{
	uint64_t one = 1;

	/* the counter of an eventfd cannot be full of ones: nothing to do about a failure */
	if (w->wake_fd >= 0 && write(w->wake_fd, &one, sizeof(one)) < 0)
		return;
}

void worker_ring_bell(struct worker *w)
{
	uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&w->rest, __ATOMIC_RELAXED) == WORKER_SLEEPS &&
	    write(w->bell_fd, &one, sizeof(one)) < 0)
		return; /* the bell is ringing already */
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* worker/replication: the master's record of ops under way; op.c and worker.c only. */
#ifndef WORKER_REPLICATION_H
#define WORKER_REPLICATION_H

#include "worker/op.h"

struct op_block;

struct replication {
	struct op_block *head, *tail; /* published, in order, not yet freed */
	struct op_block *spare;       /* freed, for the next ones of their size */
	size_t spare_bytes;
	uint64_t newest; /* sequence of the last change */
	bool running;    /* workers take ops from their rings */
};

struct replication *replication_create(void);
void replication_destroy(struct replication *replication);

/* Makes the master's loop look: acknowledgements, events. */
void worker_wake_master(struct worker *w);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control_rig: a whole control plane in a test process, without EAL: the
 * master's loop in a thread of its own, workers that do nothing but apply ops,
 * and a small table of requests. What is tested is the real control/ and
 * worker/op; only what the requests do is made up:
 *
 *	ADDR_ADD	one op to all workers, and listeners are told; plen RIG_PLEN_BAD fails
 *			with a sentence, RIG_PLEN_PATIENT makes a patient op
 *	ADDR_DEL	fails with -ENOENT and no sentence
 *	ADDR_LIST	filter.cpu items, all at once
 *	ROUTE_LIST	filter.cpu items, in pages
 *	NEIGH_LIST	asks each worker for the number of ops it has applied, one item each
 *	NEIGH_FLUSH	two ops, the second when the first is everywhere
 *	MONITOR		listens
 *
 * Items are struct api_addr, numbered from 0 in ports_used.
 */
#ifndef LIB_CONTROL_RIG_H
#define LIB_CONTROL_RIG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/control.h"

#define RIG_WORKERS      3
#define RIG_PLEN_BAD     99
#define RIG_PLEN_PATIENT 98

struct worker;

struct rig {
	char dir[32];
	char path[64];
	struct worker *all[RIG_WORKERS + 1];
	struct control *control;
	int wake_fd;
	pthread_t loop;
	pthread_t threads[RIG_WORKERS + 1];
	bool paused[RIG_WORKERS + 1]; /* atomic: takes no ops */
	bool stop;                    /* atomic */
	bool running;
};

struct rig_options {
	unsigned int max_clients;
	unsigned int client_timeout_ms;
};

extern const struct request_table rig_tables[];

/* Everything but the threads; then the threads. Asserts that it works. */
struct rig *rig_create(const struct rig_options *options);
void rig_start(struct rig *rig);
struct rig *rig_running(const struct rig_options *options); /* both */

/* The threads end. */
void rig_stop(struct rig *rig);

/* Stops and frees all; asserts that no file is left. */
void rig_destroy(struct rig *rig);

void rig_pause(struct rig *rig, unsigned int worker, bool paused);

/* Ops that the worker has applied, now. */
uint64_t rig_applied(const struct rig *rig, unsigned int worker);

/* Behind each page, ROUTE_LIST lets the workers rest so long; 0: not. */
void rig_rest(unsigned int ms);

/* Items that ROUTE_LIST has made since rig_create(), now. */
uint64_t rig_listed(void);

#endif

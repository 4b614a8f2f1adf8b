/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker/notify: what the master tells of its changes to those who listen. The
 * rooms put each change into one ring, as the item that a listing would have;
 * every reader has a place in it. The oldest give way to the newest, whoever
 * has read them: a reader that is too slow is told how many it has missed, of
 * what it asked for, and nobody waits for it. All on the master's thread.
 */
#ifndef WORKER_NOTIFY_H
#define WORKER_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/monitor.h"

#define NOTIFY_BYTES   (1u << 20) /* of the ring, which is there while anybody listens */
#define NOTIFY_READERS 64u
#define NOTIFY_CLASSES 18u /* object and family */

struct worker;
struct notify;

struct notify_reader {
	uint64_t at;                     /* its place, in bytes that were ever put */
	uint32_t classes;                /* that it wants, a bit each */
	uint64_t passed[NOTIFY_CLASSES]; /* changes up to its place */
	uint64_t missed;                 /* changes, not told yet */
	struct api_event lost;           /* what tells it */
};

/* news: called when something was put, by whoever put it. NULL: no memory. */
struct notify *notify_create(void (*news)(void *arg), void *arg);
void notify_destroy(struct notify *notify); /* NULL: nothing */

/* 0, -ENOMEM, or -EUSERS: NOTIFY_READERS listen already. From now on, not before. */
int notify_join(struct notify *notify, struct notify_reader *reader, uint32_t objects,
		unsigned int family);
void notify_leave(struct notify *notify, struct notify_reader *reader);

/* The next event that the reader wants, its object behind it, `*len` bytes together; valid until
 * something is put. NULL: there is none. */
const struct api_event *notify_next(struct notify *notify, struct notify_reader *reader,
				    size_t *len);
/* Would it return one? */
bool notify_ready(struct notify *notify, struct notify_reader *reader);

/* Does anybody want to know? Never of workers but the master. */
bool notify_wanted(const struct worker *w, enum api_kind kind, unsigned int family);

/* If so, tells it: object has len bytes. */
void notify_put(struct worker *w, enum api_event_what what, enum api_kind kind, unsigned int family,
		const void *object, size_t len);

/*
 * A room that finds its changes by comparing is asked to after each request that may have changed
 * something, while anybody listens.
 */
void notify_on_look(struct notify *notify, void (*look)(void *arg), void *arg);
void notify_look(struct worker *master);

#endif

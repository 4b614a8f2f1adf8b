/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/sched/sched: what a scheduler is. It chooses a server for each new
 * connection of one service on one worker, and keeps what it must remember in
 * the service's sched_priv, which nobody else reads. The servers stand in
 * svc->dests in the kernel's order: the last added comes first. A scheduler is
 * one file with one `const struct scheduler sched_NAME` and one line in list.h.
 * changed() must not depend on the number of servers: thousands of changes come
 * at once; what needs a look at all of them is left to the next pick(), or,
 * where it takes milliseconds, to build(): the master makes that table once for
 * all workers, which only read it (ipvs/tables.h).
 */
#ifndef IPVS_SCHED_SCHED_H
#define IPVS_SCHED_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct service;
struct dest;
struct tuple;
struct worker;

enum sched_change {
	SCHED_ADDED,   /* svc->dests[index] is new, the ones behind moved up */
	SCHED_REMOVED, /* what stood at index is gone, the ones behind moved down */
	SCHED_CHANGED, /* weight or thresholds of one of them; index is 0 */
};

/* What a scheduler may look at of the packet that opens a connection. */
struct sched_packet {
	const struct tuple *tuple;
	const uint8_t *payload; /* behind UDP's header; TCP has none yet */
	uint32_t payload_len;
	uint64_t now_ms;
};

struct scheduler {
	const char *name;
	size_t priv_size;                  /* of svc->sched_priv, zeroed before init */
	bool loads;                        /* it compares by load.h */
	uint32_t flags;                    /* enum api_service_flag that mean something to it */
	void (*init)(struct service *svc); /* all may be there already; may be NULL */
	void (*changed)(struct service *svc, enum sched_change change,
			uint32_t index); /* may be NULL */
	struct dest *(*pick)(struct service *svc,
			     const struct sched_packet *packet); /* NULL: none usable */
	/* Master: svc->sched_table for the servers as they are, malloc'ed; NULL: no memory. */
	void *(*build)(const struct worker *w, const struct service *svc);
};

#define SCHED(name) extern const struct scheduler sched_##name;
#include "ipvs/sched/list.h"
#undef SCHED

#define SCHED_DEFAULT "wlc"

/* By its name; NULL: there is none. */
const struct scheduler *sched_find(const char *name);

/* "rr, wrr, wlc", for error texts; in buf, cut to size. */
const char *sched_names(char *buf, size_t size);

/* The lowest of these flags (enum api_service_flag), and all of a scheduler, "none" if there is
 * none; for error texts likewise. */
const char *sched_flag_word(uint32_t flags);
const char *sched_flag_words(const struct scheduler *sched, char *buf, size_t size);

#endif

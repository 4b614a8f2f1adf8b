/* SPDX-License-Identifier: BSD-3-Clause */
/* net/shared-ctl: what this room's requests have in common. */
#ifndef NET_SHARED_CTL_H
#define NET_SHARED_CTL_H

#include "base/ip.h"
#include "control/control.h"
#include "worker/worker.h"

/* The port of that name; -ENODEV and a sentence that names those that there are. */
int ctl_port(struct request *req, const char *dev, uint16_t *port);

/* For a flush or listing: PORT_NONE when dev is empty. */
int ctl_filter_port(struct request *req, const struct api_filter *filter, uint16_t *port);

/* 0, or -EAFNOSUPPORT and a sentence. */
int ctl_family(struct request *req, unsigned int family, const char *what);

/* Can a host have this address? It is in no special range (RFC 1122 3.2.1.3). */
bool ctl_is_host(const union ip_addr *ip);

const char *ctl_port_name(const struct worker *w, uint16_t port);

/* The sentence for -ENOMEM, at `what`. */
int ctl_no_memory(struct request *req, const char *what);

/* Ends in NUL whatever the client sent. */
void ctl_name(char to[API_NAME_LEN], const char from[API_NAME_LEN]);

uint64_t ctl_now_ms(void);

/*
 * A table's listing, page by page: `fill` writes up to max items of worker w's own table behind
 * *cursor (0 at first, then its own), returns how many, and sets *cursor to LIST_END behind the
 * last. It runs on w, so it neither waits nor allocates. `finish`, if there is one, completes an
 * item on the master.
 */
#define LIST_END  UINT64_MAX
#define LIST_PAGE 128

struct list_query {
	uint16_t family; /* 0: any */
	uint16_t port;   /* PORT_NONE: any */
};

struct list_source {
	enum api_kind kind;
	size_t size;
	unsigned int (*fill)(struct worker *w, const struct list_query *query, uint64_t *cursor,
			     void *items, unsigned int max);
	void (*finish)(struct worker *const *all, void *item);
};

/* Runs a LIST request. */
int ctl_list(struct request *req, const struct api_filter *filter,
	     const struct list_source *source);

#endif

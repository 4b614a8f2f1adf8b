/* SPDX-License-Identifier: BSD-3-Clause */
/* net/shared-ctl: what this room's requests have in common. */
#ifndef NET_SHARED_CTL_H
#define NET_SHARED_CTL_H

#include "base/ip.h"
#include "base/order.h"
#include "control/control.h"
#include "worker/worker.h"

/* The port of that name; -ENODEV and a sentence that names those that there are. */
int ctl_port(struct request *req, const char *dev, uint16_t *port);

/* For a flush or listing: PORT_NONE when dev is empty. */
int ctl_filter_port(struct request *req, const struct api_filter *filter, uint16_t *port);

/* 0, or -EAFNOSUPPORT and a sentence. */
int ctl_family(struct request *req, unsigned int family, const char *what);

/* Can a host have this address? It is in no special range (RFC 1122 3.2.1.3, RFC 4291 2.4). */
bool ctl_is_host(unsigned int family, const union ip_addr *ip);

/* Of a request; IPv4 has zeros behind its four bytes whatever the client sent. */
union ip_addr ctl_ip(unsigned int family, const union api_ip *from);

const char *ctl_port_name(const struct worker *w, uint16_t port);

/* The sentence for -ENOMEM, at `what`. */
int ctl_no_memory(struct request *req, const char *what);

/* Ends in NUL whatever the client sent. */
void ctl_name(char to[API_NAME_LEN], const char from[API_NAME_LEN]);

uint64_t ctl_now_ms(void);

/*
 * A table's listing, in its order, page by page; between two pages the table may change, and what
 * stays is listed once. `fill` makes an item of a member of worker w's own table, or returns false
 * if the query does not mean it. It runs on w, so it neither waits nor allocates. `finish`, if
 * there is one, completes an item on the master.
 */
#define LIST_PAGE 128
#define LIST_LOOK 1024 /* members that are looked at for a page, at most */

struct list_query {
	uint16_t family; /* 0: any */
	uint16_t port;   /* PORT_NONE: any */
	uint16_t flags;  /* enum api_filter_flag */
	uint32_t cpu;    /* whose table */
};

struct list_source {
	enum api_kind kind;
	size_t size;
	const struct order *(*order)(const struct worker *w);
	bool (*fill)(const struct worker *w, const struct list_query *query,
		     const struct order_node *node, void *item);
	/* On the master: the items of one that was filled. NULL: it is the item itself. */
	int (*emit)(struct request *req, const void *filled);
	void (*finish)(struct worker *const *all, const struct list_query *query, void *item);
};

/* Runs a LIST request. */
int ctl_list(struct request *req, const struct api_filter *filter,
	     const struct list_source *source);

#endif

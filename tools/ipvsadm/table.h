/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: the services of a listing, in the order in which they are printed,
 * with their servers and local addresses.
 */
#ifndef IPVSADM_TABLE_H
#define IPVSADM_TABLE_H

#include <stdbool.h>

#include "api/ipvs.h"

struct items;
struct items_entry;

struct table_service {
	struct api_service service;
	const struct items_entry *entry;
	unsigned int n_dests; /* that follow in the listing */
	unsigned int order;
};

struct table_laddr {
	struct api_laddr laddr;
	unsigned int order;
};

struct table {
	struct table_service *services;
	unsigned int n;
	struct table_laddr *laddrs; /* by service, then in the listing's order */
	unsigned int n_laddrs;
};

/* Ascending by protocol, address and port, matches last in the daemon's order, unless nosort. 0 or
 * -ENOMEM. */
int table_collect(struct table *table, const struct items *items, bool nosort);
void table_free(struct table *table);

/* The next server of a service behind `entry`, or the first; NULL: no more. */
const struct items_entry *table_next_dest(const struct items *items,
					  const struct table_service *service,
					  const struct items_entry *entry, struct api_dest *dest);

/* The next local address of a service behind `laddr`, or the first; NULL: no more. */
const struct api_laddr *table_next_laddr(const struct table *table,
					 const struct api_service_key *key,
					 const struct api_laddr *laddr);

#endif

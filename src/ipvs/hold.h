/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/hold: local addresses, and the public ones that are SNAT's servers, are
 * addresses of ours (net/addr.h, addr_hold()) while somebody needs them. That
 * is as long as they are configured, and behind that as long as connections
 * have outlived them: their answers must find their way here. So a removed one
 * gives its address back at once if no worker has a connection of it, else at
 * the sweep that frees it. An address that is there anyway is whoever's it is: it
 * is given back at once. All of it is the master's.
 */
#ifndef IPVS_HOLD_H
#define IPVS_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

struct dest;
struct laddr;
struct service;
struct worker;

/* As addr_hold(): before the op that adds what needs it. A removed one on another device gives way.
 */
int hold_begin(struct worker *const *all, unsigned int family, const union ip_addr *ip,
	       const char *dev);

/* Behind that op: whose it is. */
void hold_dest(struct worker *const *all, struct dest *dest);
void hold_laddr(struct worker *const *all, struct laddr *laddr);

/* Behind the op that removes it, or its service, and at each sweep since: the address may have
 * become somebody's own meanwhile. True: it has neither connections, templates nor address. */
bool hold_leave_dest(struct worker *const *all, struct dest *dest);
bool hold_leave_laddr(struct worker *const *all, struct laddr *laddr);
void hold_leave_service(struct worker *const *all, const struct service *svc);

/* How many it has, of all workers; templates count as connections. */
uint64_t hold_dest_conns(struct worker *const *all, const struct dest *dest);
uint64_t hold_laddr_conns(struct worker *const *all, const struct laddr *laddr);

/* Now, of all that have their address on this port. */
void hold_end_port(struct worker *const *all, uint16_t port);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr: the daemon's own addresses. An address makes a local route and,
 * unless it is a /32 (/128), the route to its net; both go when no other
 * address needs them.
 */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include "api/addr.h"
#include "base/ip.h"

struct worker;

/* The broadcast address of one of our nets, or the one given with an address? */
bool addr_is_broadcast(const struct worker *w, unsigned int family, const union ip_addr *ip);

/* Is it one of ours (on any port)? */
bool addr_is_local(const struct worker *w, unsigned int family, const union ip_addr *ip);

/* Neither of both: somebody else may have it. */
bool addr_is_others(const struct worker *w, unsigned int family, const union ip_addr *ip);

/* Is it one of ours on this port? */
bool addr_on_port(const struct worker *w, unsigned int family, const union ip_addr *ip,
		  uint16_t port);

/* Is it to become one of ours, and not known to be nobody else's? Of IPv6, since nobody is asked
 * about others. */
bool addr_is_tentative(const struct worker *w, unsigned int family, const union ip_addr *ip);

/*
 * A source for packets that leave by port towards dst: an address of the port of dst's scope, not
 * deprecated, whose net has dst, if there is such, in this order; the first of those that suit
 * equally; 0: there is none. Never one that is tentative.
 */
union ip_addr addr_select(const struct worker *w, unsigned int family, uint16_t port,
			  const union ip_addr *dst);

/* The port that has it, PORT_NONE: it is none of ours. */
uint16_t addr_port(const struct worker *w, unsigned int family, const union ip_addr *ip);

/*
 * Master, for `ipvsadm -P` and `-Q`: the address becomes one of the port's if it is none yet, and
 * goes with the last hold if a hold made it. hold: 0, -ENODEV, -EADDRINUSE (it is on another port),
 * -ENOMEM; release: 0 or -ENOMEM.
 */
int addr_hold(struct worker *const *all, unsigned int family, const union ip_addr *ip,
	      const char *dev);
int addr_release(struct worker *const *all, unsigned int family, const union ip_addr *ip);

/* Master: it is there because it is held, and for no other reason. */
bool addr_is_made_by_hold(const struct worker *master, unsigned int family,
			  const union ip_addr *ip);

/* Master: removes addresses whose lifetime is over. net_start() calls it every second. */
void addr_expire(struct worker *const *all, uint64_t now_ms);

/*
 * Master: who knows the local ports of an address and fills ports_used and ports_miss of a listing;
 * without one they stay 0. Called for addresses that are held.
 */
typedef void addr_ports_fn(struct worker *const *all, const union ip_addr *ip,
			   struct api_addr *item);
void addr_ports_from(struct worker *master, addr_ports_fn *fn);

#endif

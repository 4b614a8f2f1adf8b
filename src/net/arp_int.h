/* SPDX-License-Identifier: BSD-3-Clause */
/* net/arp-int: what the master lets a worker send. */
#ifndef NET_ARP_INT_H
#define NET_ARP_INT_H

#include <rte_ether.h>

#include "base/ip.h"

struct worker;

/* Asks who has ip: everybody, or if mac is not NULL only him. 0 or -ENOMEM. */
int arp_ask(struct worker *w, uint16_t port, const union ip_addr *ip,
	    const struct rte_ether_addr *mac);

/* Tells everybody on the port that ip is ours (a gratuitous request), if the port is up. 0 or
 * -ENOMEM. */
int arp_announce(struct worker *w, uint16_t port, const union ip_addr *ip);

#endif

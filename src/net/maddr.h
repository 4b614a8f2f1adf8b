/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/maddr: the multicast groups that our ports are in: all nodes and, if we
 * forward, all routers; the solicited-node group of each IPv6 address; and
 * what others join. What comes to another group is not for us.
 */
#ifndef NET_MADDR_H
#define NET_MADDR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "base/ip.h"

struct change;
struct worker;

struct maddr_key {
	union ip_addr ip;
	uint16_t port;
	uint8_t family;
};

/* Path: is the port in this group? */
bool maddr_is_member(const struct worker *w, uint16_t port, unsigned int family,
		     const union ip_addr *ip);

static inline bool maddr_is_group(unsigned int family, const union ip_addr *ip)
{
	return family == AF_INET6 ? ip->v6[0] == 0xff : (ip->v6[0] & 0xf0) == 0xe0;
}

/* The MAC address that a group's frames go to (RFC 1112 6.4, RFC 2464 7). */
static inline struct rte_ether_addr maddr_mac(unsigned int family, const union ip_addr *ip)
{
	if (family == AF_INET6)
		return (struct rte_ether_addr){ { 0x33, 0x33, ip->v6[12], ip->v6[13], ip->v6[14],
						  ip->v6[15] } };
	return (struct rte_ether_addr){ { 0x01, 0x00, 0x5e, ip->v6[1] & 0x7f, ip->v6[2],
					  ip->v6[3] } };
}

/* The solicited-node group of an IPv6 address (RFC 4291 2.7.1). */
union ip_addr maddr_solicited_node(const union ip_addr *ip);

/*
 * Master: one more, one less user of a group; the port is in it while there is any. As ops of a
 * change, or at once. 0 or -ENOMEM.
 */
int maddr_op_join(struct change *change, const struct maddr_key *key);
int maddr_op_leave(struct change *change, const struct maddr_key *key);
int maddr_join(struct worker *const *all, const struct maddr_key *key);
int maddr_leave(struct worker *const *all, const struct maddr_key *key);

/* Master: before the port goes, it is in no group any more. 0 or -ENOMEM. */
int maddr_unplug(struct worker *const *all, uint16_t port);

/*
 * Master, behind changes and now and then: ports that are new join what every port is in, routers'
 * groups come and go with forwarding, and drivers whose groups have changed are told which frames
 * to let in.
 */
void maddr_tick(struct worker *const *all);

#endif

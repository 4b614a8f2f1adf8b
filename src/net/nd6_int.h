/* SPDX-License-Identifier: BSD-3-Clause */
/* net/nd6-int: Neighbour Discovery on the wire, for the files of this room. */
#ifndef NET_ND6_INT_H
#define NET_ND6_INT_H

#include <rte_ether.h>

#include "api/types.h"
#include "base/ip.h"
#include "net/nd6.h"

#define ND6_HOP_LIMIT 255
#define ND6_NONCE_LEN 6

enum nd6_option {
	ND6_OPTION_SOURCE = 1,
	ND6_OPTION_TARGET = 2,
	ND6_OPTION_NONCE = 14, /* RFC 3971 5.3.2, RFC 7527 */
};

/* A solicitation or an advertisement; options follow. */
struct nd6_header {
	uint8_t type, code;
	be16 checksum;
	be32 flags;
	uint8_t target[16];
} __rte_packed;

#define ND6_FLAG_ROUTER    0x80000000u
#define ND6_FLAG_SOLICITED 0x40000000u
#define ND6_FLAG_OVERRIDE  0x20000000u

/* An option of one unit of eight bytes, which is what Ethernet has. */
struct nd6_option_mac {
	uint8_t type, units;
	struct rte_ether_addr mac; /* or a nonce */
};

/* What our solicitation about a tentative address carries, so that we know it when it comes back.
 */
void nd6_nonce(const struct worker *w, uint16_t port, const union ip_addr *ip,
	       uint8_t nonce[ND6_NONCE_LEN]);

/* Path: answers who asked for ours; to `to`, or if that is the unspecified address to all nodes;
 * mac: his, NULL: he has not said it. */
void nd6_answer(struct worker *w, uint16_t port, const union ip_addr *ours, const union ip_addr *to,
		const struct rte_ether_addr *mac);

/*
 * Master: lets a worker ask who has ip, everybody or if mac is not NULL only him; ask whether
 * anybody has an address that is to become ours; tell all that ip is ours. 0 or -ENOMEM.
 */
int nd6_ask(struct worker *w, uint16_t port, const union ip_addr *ip,
	    const struct rte_ether_addr *mac);
int nd6_probe(struct worker *w, uint16_t port, const union ip_addr *ip);
int nd6_announce(struct worker *w, uint16_t port, const union ip_addr *ip);

#endif

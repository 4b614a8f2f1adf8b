/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/proto/echo: connections of ICMP echo, of either family: all requests of
 * one client with one identifier to one address. The identifier stands where
 * the client's port would: in a request's source port, in a reply's destination
 * port (net/l4); the other port is 0. The request is a first packet like any
 * other, and there is no state but whether it was answered.
 */
#ifndef IPVS_PROTO_ECHO_H
#define IPVS_PROTO_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

#include <rte_icmp.h>

#include "net/icmp4.h"
#include "net/icmp6.h"
#include "packet/csum.h"
#include "packet/tuple.h"

#define ECHO_TIMEOUT_S  300
#define ECHO_STATE_NAME "ICMP_NORMAL"

static inline bool proto_is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static inline bool echo_is_request(unsigned int family, uint8_t type)
{
	return type == (family == AF_INET ? ICMP4_ECHO : ICMP6_ECHO);
}

static inline bool echo_is_reply(unsigned int family, uint8_t type)
{
	return type == (family == AF_INET ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY);
}

/*
 * An echo gets the identifier of that tuple, whose other port is 0. delta: what else changes in its
 * checksum, and the identifier; it counts for ICMPv6 only, whose checksum is over the addresses,
 * too.
 */
static inline void echo_set_id(struct rte_icmp_hdr *icmp, const struct tuple *to, uint32_t delta)
{
	be16 id = to->sport | to->dport;

	if (to->proto == IPPROTO_ICMP)
		delta = csum_delta16(icmp->icmp_ident, id);
	icmp->icmp_ident = id;
	icmp->icmp_cksum = csum_apply(icmp->icmp_cksum, delta);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* net/ip6: kinds of IPv6 addresses (RFC 4291), and the IPv6 packets that the stack itself sends. */
#ifndef NET_IP6_H
#define NET_IP6_H

#include <arpa/inet.h>

#include "base/ip.h"

static inline bool ip6_is_multicast(const union ip_addr *ip)
{
	return ip->v6[0] == 0xff;
}

static inline bool ip6_is_link_local(const union ip_addr *ip)
{
	return ip->v6[0] == 0xfe && (ip->v6[1] & 0xc0) == 0x80;
}

static inline bool ip6_is_loopback(const union ip_addr *ip)
{
	return ip->u64[0] == 0 && ip->u32[2] == 0 && ip->u32[3] == htonl(1);
}

/* ::ffff:0:0/96: it stands for an IPv4 address inside hosts, never on a wire. */
static inline bool ip6_is_mapped(const union ip_addr *ip)
{
	return ip->u64[0] == 0 && ip->u32[2] == htonl(0xffff);
}

#endif

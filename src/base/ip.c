/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/ip: prefixes and the text of addresses. Called by everything that
 * compares, prints or reads an address outside the packet path. An IPv4
 * address occupies the first four bytes and the others are zero; all functions
 * here keep it so, whatever comes in.
 */
#include "base/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

/* The first n bits of a byte, 0 … 8. */
static uint8_t byte_mask(unsigned int n)
{
	return (uint8_t)(0xff00 >> n);
}

union ip_addr ip_network(unsigned int family, const union ip_addr *ip, unsigned int plen)
{
	union ip_addr net = { .u64 = { 0, 0 } };

	if (plen > ip_bits(family))
		plen = ip_bits(family);
	memcpy(net.v6, ip->v6, plen / 8);
	if (plen % 8)
		net.v6[plen / 8] = ip->v6[plen / 8] & byte_mask(plen % 8);
	return net;
}

bool ip_match(unsigned int family, const union ip_addr *a, const union ip_addr *b,
	      unsigned int plen)
{
	if (plen > ip_bits(family))
		plen = ip_bits(family);
	if (memcmp(a->v6, b->v6, plen / 8) != 0)
		return false;
	return plen % 8 == 0 || ((a->v6[plen / 8] ^ b->v6[plen / 8]) & byte_mask(plen % 8)) == 0;
}

const char *ip_str(unsigned int family, const union ip_addr *ip, char *buf)
{
	if (!inet_ntop(family == AF_INET6 ? AF_INET6 : AF_INET, ip, buf, IP_STR_LEN))
		buf[0] = '\0';
	return buf;
}

const char *ip_endpoint_str(unsigned int family, const union ip_addr *ip, be16 port, char *buf)
{
	char addr[IP_STR_LEN];

	snprintf(buf, IP_ENDPOINT_STR_LEN, family == AF_INET6 ? "[%s]:%u" : "%s:%u",
		 ip_str(family, ip, addr), ntohs(port));
	return buf;
}

int ip_parse(const char *text, unsigned int *family, union ip_addr *ip)
{
	union ip_addr parsed = { .u64 = { 0, 0 } };
	unsigned int af = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton((int)af, text, &parsed) != 1)
		return -EINVAL;
	*family = af;
	*ip = parsed;
	return 0;
}

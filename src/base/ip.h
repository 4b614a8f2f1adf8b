/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/ip: an address of either family in 16 bytes. IPv4 stands in the first
 * four bytes and the rest is zero, so that equality and hashing need not know
 * the family. The family travels beside it.
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "api/types.h"

/* The largest member is the first, see union api_ip. */
union ip_addr {
	uint8_t v6[16];
	uint64_t u64[2];
	uint32_t u32[4];
	be32 v4;
};

#define IP_STR_LEN          46 /* longest text of an address, NUL included */
#define IP_ENDPOINT_STR_LEN 56

static inline union ip_addr ip_from_v4(be32 v4)
{
	/* one store: a load that spans several of them waits until they are in the cache */
	typedef uint32_t words __attribute__((vector_size(sizeof(union ip_addr))));
	words all = { v4, 0, 0, 0 };
	union ip_addr ip;

	memcpy(&ip, &all, sizeof(ip));
	return ip;
}

static inline union ip_addr ip_from_api(const union api_ip *from)
{
	union ip_addr ip;

	memcpy(&ip, from, sizeof(ip));
	return ip;
}

static inline union api_ip ip_to_api(const union ip_addr *from)
{
	union api_ip ip;

	memcpy(&ip, from, sizeof(ip));
	return ip;
}

static inline bool ip_equal(const union ip_addr *a, const union ip_addr *b)
{
	return a->u64[0] == b->u64[0] && a->u64[1] == b->u64[1];
}

static inline bool ip_is_zero(const union ip_addr *a)
{
	return (a->u64[0] | a->u64[1]) == 0;
}

/* Longest prefix length of a family, bits. */
static inline unsigned int ip_bits(unsigned int family)
{
	return family == AF_INET6 ? 128 : 32;
}

/* The address with the bits behind plen cleared. */
union ip_addr ip_network(unsigned int family, const union ip_addr *ip, unsigned int plen);

/* Do the first plen bits agree? */
bool ip_match(unsigned int family, const union ip_addr *a, const union ip_addr *b,
	      unsigned int plen);

/* Text of an address, in buf of IP_STR_LEN; returns buf. */
const char *ip_str(unsigned int family, const union ip_addr *ip, char *buf);

/* "1.2.3.4:80" or "[::1]:80", in buf of IP_ENDPOINT_STR_LEN; returns buf. */
const char *ip_endpoint_str(unsigned int family, const union ip_addr *ip, be16 port, char *buf);

/* Either family by its text; -EINVAL. */
int ip_parse(const char *text, unsigned int *family, union ip_addr *ip);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/csum: Internet checksums by difference (RFC 1624, eqn. 3). A delta is
 * the one's complement sum of (new - old) 16-bit words in network order, kept
 * in 32 bits, of far fewer than 65,535 words, and folded late; adding it to a
 * checksum keeps a wrong one wrong.
 */
#ifndef PACKET_CSUM_H
#define PACKET_CSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "api/types.h"

/* The upper half of what comes is both halves' sum, and the carry of the same in the lower one. */
static inline uint16_t csum_fold(uint32_t sum)
{
	return (uint16_t)((sum + (sum << 16 | sum >> 16)) >> 16);
}

/* The one's complement sum of words of 64 bits. */
static inline uint64_t csum_add64(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* Of three; gcc does not see by itself that it can add with carry. */
static inline uint64_t csum_sum64(uint64_t a, uint64_t b, uint64_t c)
{
#ifdef __x86_64__
	__asm__("add %1, %0\n\tadc %2, %0\n\tadc $0, %0" : "+&r"(a) : "rm"(b), "rm"(c) : "cc");
	return a;
#else
	return csum_add64(csum_add64(a, b), c);
#endif
}

/* Is such a sum, not 0, what it is over something whose checksum is right? 2^16 is 1 modulo 0xffff.
 */
static inline bool csum_right64(uint64_t sum)
{
	return sum % 0xffff == 0;
}

/* Is that of an IPv4 header right, whose first byte is not 0? Of len bytes, 20 or more, in fours.
 */
static inline bool csum_ip4_right(const uint8_t *header, uint32_t len)
{
	uint64_t words[2], sum;
	uint32_t word;

	memcpy(words, header, sizeof(words));
	memcpy(&word, header + sizeof(words), sizeof(word));
	sum = csum_sum64(words[0], words[1], word);
	for (uint32_t at = sizeof(words) + sizeof(word); at < len; at += sizeof(word)) {
		memcpy(&word, header + at, sizeof(word));
		sum = csum_add64(sum, word);
	}
	return csum_right64(sum);
}

static inline uint32_t csum_delta16(be16 from, be16 to)
{
	return (uint32_t)(uint16_t)~from + to;
}

static inline uint32_t csum_delta32(be32 from, be32 to)
{
	from = ~from;
	return (from & 0xffff) + (from >> 16) + (to & 0xffff) + (to >> 16);
}

/* Of 16 bytes each, such as IPv6 addresses. */
static inline uint32_t csum_delta128(const void *from, const void *to)
{
	uint64_t a[2], b[2], sum = 0;

	memcpy(a, from, sizeof(a));
	memcpy(b, to, sizeof(b));
	for (unsigned int i = 0; i < 2; i++)
		sum += (~a[i] & 0xffffffff) + (~a[i] >> 32) + (b[i] & 0xffffffff) + (b[i] >> 32);
	return (uint32_t)((sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32));
}

/* The checksum after its packet changed by delta. */
static inline be16 csum_apply(be16 csum, uint32_t delta)
{
	return (be16)~csum_fold(0xffffu - csum + delta);
}

/* For UDP: 0 (none) stays 0, a computed 0 becomes 0xffff. */
static inline be16 csum_apply_udp(be16 csum, uint32_t delta)
{
	be16 result;

	if (csum == 0)
		return 0;
	result = csum_apply(csum, delta);
	return result ? result : 0xffff;
}

/* One's complement sum over len bytes, for csum_finish(); data of any alignment. */
uint32_t csum_sum(const void *data, size_t len, uint32_t sum);

static inline be16 csum_finish(uint32_t sum)
{
	return (be16)~csum_fold(sum);
}

struct rte_mbuf;

/* The same over bytes [off, off + len) of a packet in any number of segments. */
uint32_t csum_chain(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint32_t sum);

/*
 * The whole L4 checksum of a packet whose data starts at its IPv4 header (any number of segments),
 * as it belongs into the packet; the field itself is read as 0. UDP's 0 comes as 0xffff.
 */
be16 csum_l4_ip4(const struct rte_mbuf *m, uint16_t l3_len, uint8_t proto);

/* The same behind an IPv6 header and its extension headers; ICMPv6 too. */
be16 csum_l4_ip6(const struct rte_mbuf *m, uint16_t l4_off, uint8_t proto);

/* Is ICMPv6's as it should be? Where it comes to 0, both zeroes of the sum are right. */
bool csum_icmp6_right(const struct rte_mbuf *m, uint16_t l4_off);

/* Of either family. */
be16 csum_l4(const struct rte_mbuf *m, unsigned int family, uint16_t l4_off, uint8_t proto);

#endif

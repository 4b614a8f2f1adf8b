/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/csum: whole Internet checksums (RFC 1071), for packets that we make,
 * that arrive with an unfinished checksum, and for the few that are verified.
 * Forwarded packets change by difference, see csum.h. The sum is taken over
 * 64-bit words and folded: one's complement addition does not care how the
 * 16-bit words are grouped, nor about byte order as long as it is the same
 * throughout. A segment that starts at an odd offset contributes its sum with
 * the bytes swapped.
 */
#include "packet/csum.h"

#include <string.h>

#include <netinet/in.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "base/variants.h"

static inline uint64_t add_carry(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* Four 64-bit lanes; the compiler makes of it what the machine has. */
typedef uint64_t lanes __attribute__((vector_size(32)));

/* 64 bytes at a time, the halves of each word apart, so that no carry is lost below 2^32 rounds. */
/* Static: clang 14 gives the variants' common name to this file only. */
HOT_VARIANTS static uint32_t sum_words(const void *data, size_t len, uint32_t sum)
{
	const lanes low = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
	const unsigned char *p = data;
	lanes a = { 0 }, b = { 0 }, x, y;
	uint64_t total = sum, word;
	uint16_t last = 0;

	for (; len >= 2 * sizeof(x); len -= 2 * sizeof(x), p += 2 * sizeof(x)) {
		memcpy(&x, p, sizeof(x));
		memcpy(&y, p + sizeof(x), sizeof(y));
		a += x & low;
		b += x >> 32;
		a += y & low;
		b += y >> 32;
	}
	a += b;
	total = add_carry(add_carry(total, a[0]), a[1]);
	total = add_carry(add_carry(total, a[2]), a[3]);
	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		total = add_carry(total, word);
	}
	for (; len >= sizeof(last); len -= sizeof(last), p += sizeof(last)) {
		memcpy(&last, p, sizeof(last));
		total = add_carry(total, last);
	}
	if (len) {
		last = 0;
		memcpy(&last, p, 1);
		total = add_carry(total, last);
	}
	total = (total & UINT32_MAX) + (total >> 32);
	total = (total & UINT32_MAX) + (total >> 32);
	return csum_fold((uint32_t)total);
}

uint32_t csum_sum(const void *data, size_t len, uint32_t sum)
{
	return sum_words(data, len, sum);
}

/* The sum over bytes [off, off + len) of a chain; off need not be in the first segment. */
static uint32_t chain_sum(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint32_t sum)
{
	bool odd = false;

	for (; m && len > 0; m = m->next) {
		uint32_t here = rte_pktmbuf_data_len(m), part;

		if (off >= here) {
			off -= here;
			continue;
		}
		here = RTE_MIN(here - off, len);
		part = csum_sum(rte_pktmbuf_mtod_offset(m, const void *, off), here, 0);
		sum += odd ? __builtin_bswap16((uint16_t)part) : part;
		odd ^= here & 1;
		len -= here;
		off = 0;
	}
	return csum_fold(sum);
}

/* Source, destination, protocol and length, as TCP and UDP cover them. */
static uint32_t pseudo_sum(const struct rte_ipv4_hdr *ip, uint8_t proto, uint32_t len)
{
	uint32_t sum = csum_sum(&ip->src_addr, 8, 0);

	return sum + rte_cpu_to_be_16(proto) + rte_cpu_to_be_16((uint16_t)len);
}

be16 csum_l4_ip4(const struct rte_mbuf *m, uint16_t l3_len, uint8_t proto)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	uint32_t total = RTE_MIN(rte_be_to_cpu_16(ip->total_length), rte_pktmbuf_pkt_len(m));
	uint32_t len = total > l3_len ? total - l3_len : 0;
	uint32_t field = 2, sum = 0;
	be16 csum;

	if (proto == IPPROTO_UDP) {
		const struct rte_udp_hdr *uh =
			rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, l3_len);
		uint32_t udp_len = rte_be_to_cpu_16(uh->dgram_len);

		/* What lies behind the datagram's own length is not covered. */
		if (udp_len >= sizeof(*uh) && udp_len < len)
			len = udp_len;
		field = 6;
	} else if (proto == IPPROTO_TCP) {
		field = 16;
	}
	if (proto != IPPROTO_ICMP)
		sum = pseudo_sum(ip, proto, len);
	sum = chain_sum(m, l3_len, RTE_MIN(field, len), sum);
	if (len > field + 2)
		sum = chain_sum(m, l3_len + field + 2, len - field - 2, sum);
	csum = csum_finish(sum);
	return csum == 0 && proto == IPPROTO_UDP ? 0xffff : csum;
}

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
	total = csum_sum64(total, a[0], a[1]);
	total = csum_sum64(total, a[2], a[3]);
	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		total = csum_add64(total, word);
	}
	for (; len >= sizeof(last); len -= sizeof(last), p += sizeof(last)) {
		memcpy(&last, p, sizeof(last));
		total = csum_add64(total, last);
	}
	if (len) {
		last = 0;
		memcpy(&last, p, 1);
		total = csum_add64(total, last);
	}
	total = (total & UINT32_MAX) + (total >> 32);
	total = (total & UINT32_MAX) + (total >> 32);
	return csum_fold((uint32_t)total);
}

uint32_t csum_sum(const void *data, size_t len, uint32_t sum)
{
	return sum_words(data, len, sum);
}

/* off need not be in the first segment. */
uint32_t csum_chain(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint32_t sum)
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

/* What a UDP datagram does not count as its own is not covered. */
static uint32_t covered(const struct rte_mbuf *m, uint16_t l4_off, uint8_t proto, uint32_t len)
{
	const struct rte_udp_hdr *uh;
	uint32_t udp_len;

	if (proto != IPPROTO_UDP)
		return len;
	uh = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, l4_off);
	udp_len = rte_be_to_cpu_16(uh->dgram_len);
	return udp_len >= sizeof(*uh) && udp_len < len ? udp_len : len;
}

/* With `sum`, the pseudo-header's; len bytes from l4_off on, without the checksum field itself. */
static be16 csum_l4_finish(const struct rte_mbuf *m, uint16_t l4_off, uint8_t proto, uint32_t len,
			   uint32_t sum)
{
	uint32_t field = proto == IPPROTO_TCP ? 16 : proto == IPPROTO_UDP ? 6 : 2;
	be16 csum;

	sum = csum_chain(m, l4_off, RTE_MIN(field, len), sum);
	if (len > field + 2)
		sum = csum_chain(m, l4_off + field + 2, len - field - 2, sum);
	csum = csum_finish(sum);
	return csum == 0 && proto == IPPROTO_UDP ? 0xffff : csum;
}

be16 csum_l4_ip4(const struct rte_mbuf *m, uint16_t l3_len, uint8_t proto)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	uint32_t total = RTE_MIN(rte_be_to_cpu_16(ip->total_length), rte_pktmbuf_pkt_len(m));
	uint32_t len = covered(m, l3_len, proto, total > l3_len ? total - l3_len : 0);
	uint32_t sum = 0;

	/* source, destination, protocol and length */
	if (proto != IPPROTO_ICMP)
		sum = csum_sum(&ip->src_addr, 8, 0) + rte_cpu_to_be_16(proto) +
		      rte_cpu_to_be_16((uint16_t)len);
	return csum_l4_finish(m, l3_len, proto, len, sum);
}

be16 csum_l4_ip6(const struct rte_mbuf *m, uint16_t l4_off, uint8_t proto)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	uint32_t total = RTE_MIN(sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len),
				 (size_t)rte_pktmbuf_pkt_len(m));
	uint32_t len = covered(m, l4_off, proto, total > l4_off ? total - l4_off : 0);
	uint32_t sum = csum_sum(ip->src_addr, 32, 0) + rte_cpu_to_be_16(proto) +
		       rte_cpu_to_be_16((uint16_t)len);

	return csum_l4_finish(m, l4_off, proto, len, sum);
}

bool csum_icmp6_right(const struct rte_mbuf *m, uint16_t l4_off)
{
	be16 want = csum_l4_ip6(m, l4_off, IPPROTO_ICMPV6), is;

	memcpy(&is, rte_pktmbuf_mtod_offset(m, const uint8_t *, l4_off + 2), sizeof(is));
	return is == want || (want == 0 && is == 0xffff);
}

be16 csum_l4(const struct rte_mbuf *m, unsigned int family, uint16_t l4_off, uint8_t proto)
{
	return family == AF_INET ? csum_l4_ip4(m, l4_off, proto) : csum_l4_ip6(m, l4_off, proto);
}

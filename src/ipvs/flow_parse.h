/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow_parse: which packets the flow stage takes, as far as they tell it
 * themselves: to us, whole, of one segment, TCP or UDP in no way unusual, and
 * with TTL to spare; IPv4 without options and no fragment, IPv6 without
 * extension headers. All else is the slow path's. Nothing but the frame's first
 * line (TCP with timestamps: two) and the mbuf's is read.
 */
#ifndef IPVS_FLOW_PARSE_H
#define IPVS_FLOW_PARSE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "ipvs/flow_int.h"
#include "link/vlan.h"
#include "packet/csum.h"

#define ETH_LEN 14u
#define IP_LEN  20u
#define IP6_LEN 40u
#define TCP_LEN 20u
#define UDP_LEN 8u

/* Two NOPs and the timestamps: the only TCP options that this stage takes. */
#define TCP_TS_LEN 32u
#define TCP_TS_AT  24u /* TSval; TSecr behind it */

static inline uint16_t load16(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Of network order. rte_be_to_cpu_16() is assembly that the compiler cannot see through. */
static inline uint16_t load_be16(const void *at)
{
	return __builtin_bswap16(load16(at));
}

static inline uint32_t load32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* A MAC address, the upper two bytes 0. */
static inline uint64_t load48(const void *at)
{
	return load32(at) | (uint64_t)load16((const uint8_t *)at + sizeof(uint32_t)) << 32;
}

static inline uint64_t load64(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline void store32(void *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void store64(void *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* What the port says of the packet: nothing, or that checksums are good. */
static inline bool port_content(uint64_t ol_flags)
{
	const uint64_t bad = RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_IP_CKSUM_BAD;
	const uint64_t l4_none = RTE_MBUF_F_RX_L4_CKSUM_NONE, l4_bad = RTE_MBUF_F_RX_L4_CKSUM_BAD;

	if (likely(!(ol_flags & (bad | l4_bad)))) /* which is a part of l4_none */
		return true;
	return !(ol_flags & bad) && (ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != l4_none;
}

static inline bool ip_checksum_right(uint64_t ol_flags, const uint8_t *ip)
{
	if (ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return true;
	return csum_ip4_right(ip, IP_LEN);
}

/*
 * Data, acknowledgements and ends, without options or with timestamps as everybody sends them; and
 * SYNs, with any options.
 */
static inline bool tcp_usual(const uint8_t *th, int l4_len)
{
	uint8_t flags = th[13], len = th[12] >> 2 & 0x3c;

	if (unlikely(len > l4_len))
		return false;
	if (unlikely((flags & (RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG)) !=
		     RTE_TCP_ACK_FLAG))
		return (flags & RTE_TCP_SYN_FLAG) && len >= TCP_LEN &&
		       !(flags & (RTE_TCP_RST_FLAG | RTE_TCP_FIN_FLAG));
	if (len == TCP_LEN)
		return true;
	return len == TCP_TS_LEN && load32(th + TCP_LEN) == RTE_BE32(0x0101080a);
}

/* TCP or UDP, as this stage takes it, all of its l4_len bytes, if so many can be, in this segment.
 */
static inline bool l4_usual(uint8_t proto, const uint8_t *l4, int l4_len)
{
	uint16_t dgram_len;

	if (proto == IPPROTO_TCP)
		return likely(l4_len >= (int)TCP_LEN && tcp_usual(l4, l4_len));
	if (proto != IPPROTO_UDP)
		return false;
	dgram_len = load_be16(l4 + 4);
	return likely(dgram_len >= UDP_LEN && dgram_len <= l4_len);
}

/* Of the packet at its IP header, whose L4 header comes right behind it. */
static inline struct tuple4 flow_tuple4(const uint8_t *ip)
{
	return (struct tuple4){ .addrs = load64(ip + 12),
				.ports = load32(ip + IP_LEN),
				.rest = tuple4_rest(ip[9], 0) };
}

static inline void flow_tuple6(const uint8_t *ip, struct tuple *tuple)
{
	uint32_t ports = load32(ip + IP6_LEN);

	memcpy(&tuple->src, ip + 8, 2 * sizeof(tuple->src));
	tuple_set_rest(tuple, (be16)ports, (be16)(ports >> 16), ip[6], AF_INET6, 0);
}

/* May this stage take it, as far as the packet itself tells? Then its tuple. */
static inline bool flow_parse4(const struct flow_run *run, const struct rte_mbuf *m,
			       struct tuple4 *tuple)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + ETH_LEN;
	uint16_t there = m->data_len, total;
	uint64_t ol_flags = m->ol_flags;

	if (unlikely(there < ETH_LEN + IP_LEN + UDP_LEN || m->nb_segs != 1 ||
		     !port_content(ol_flags)))
		return false;
	/* to us; IPv4 without options; no fragment; TTL to spare; whole */
	total = load_be16(ip + 2);
	if (unlikely((load64(frame) & UINT64_C(0xffffffffffff)) != run->mac ||
		     (load32(frame + 12) & RTE_BE32(0xffffff00)) != RTE_BE32(0x08004500) ||
		     (load16(ip + 6) & RTE_BE16(0xbfff)) != 0 || ip[8] <= 1 ||
		     total + ETH_LEN > there || !ip_checksum_right(ol_flags, ip)))
		return false;
	if (unlikely(!l4_usual(ip[9], ip + IP_LEN, (int)total - (int)IP_LEN)))
		return false;
	*tuple = flow_tuple4(ip);
	return true;
}

/* What type a frame has, 0: it is too short for one. That of any frame may be asked. */
static inline be16 flow_ether_type(const struct rte_mbuf *m)
{
	return likely(m->data_len >= ETH_LEN)
		       ? load16(rte_pktmbuf_mtod_offset(m, const uint8_t *, 12))
		       : 0;
}

static inline bool flow_is_ip6(const struct rte_mbuf *m)
{
	return flow_ether_type(m) == RTE_BE16(RTE_ETHER_TYPE_IPV6);
}

/* Has it a VLAN's tag? */
static inline bool flow_is_tagged(const struct rte_mbuf *m)
{
	return vlan_tagged(m, flow_ether_type(m));
}

static inline bool flow_parse6(const struct flow_run *run, const struct rte_mbuf *m,
			       struct tuple *tuple)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + ETH_LEN;
	uint16_t there = m->data_len, l4_len;

	if (unlikely(there < ETH_LEN + IP6_LEN + UDP_LEN || m->nb_segs != 1 ||
		     !port_content(m->ol_flags)))
		return false;
	l4_len = load_be16(ip + 4);
	if (unlikely((load64(frame) & UINT64_C(0xffffffffffff)) != run->mac ||
		     (load32(frame + 12) & RTE_BE32(0xfffff000)) != RTE_BE32(0x86dd6000) ||
		     ip[7] <= 1 || l4_len + ETH_LEN + IP6_LEN > there))
		return false;
	if (unlikely(!l4_usual(ip[6], ip + IP6_LEN, l4_len)))
		return false;
	/* UDP's own checksum is all that protects the addresses */
	if (unlikely(ip[6] == IPPROTO_UDP && load16(ip + IP6_LEN + 6) == 0))
		return false;
	flow_tuple6(ip, tuple);
	return true;
}

#endif

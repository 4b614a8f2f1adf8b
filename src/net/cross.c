/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/cross: see the header; numbers are sections of RFC 7915. IPv4's options
 * and IPv6's extension headers stay behind (4.1, 5.1): who wanted anything of
 * them from hosts had it looked at by the input stages. An IPv6 packet with a
 * fragment header that is alone all the same becomes an IPv4 packet with that
 * identification (5.1.1); IPv4 packets that are whole get no such header.
 */
#include "net/cross.h"

#include <netinet/in.h>

#include <rte_ip.h>

#include "net/icmp4.h"
#include "net/icmp6.h"
#include "net/ip4.h"
#include "net/ip4_int.h"
#include "net/ip6.h"
#include "net/ip6_headers.h"

#define NONE 0xff /* no word */

static void read4(const uint8_t *at, uint32_t l4_off, struct cross *cross)
{
	const struct rte_ipv4_hdr *ip = (const void *)at;
	uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);

	*cross = (struct cross){
		.l4_len = (uint16_t)(rte_be_to_cpu_16(ip->total_length) - l4_off),
		.tos = ip->type_of_service,
		.ttl = ip->time_to_live,
		.proto = ip->next_proto_id,
		.whole_only = field & RTE_IPV4_HDR_DF_FLAG,
		.fragment = field & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK),
		.more = field & RTE_IPV4_HDR_MF_FLAG,
		.offset = (uint16_t)((field & RTE_IPV4_HDR_OFFSET_MASK) * 8),
		.id = rte_be_to_cpu_16(ip->packet_id),
	};
}

/* The chain has been walked before: it ends at l4_off. */
static void read6(const uint8_t *at, uint32_t l4_off, struct cross *cross)
{
	const struct rte_ipv6_hdr *ip = (const void *)at;
	uint32_t off = IP6_HEADER_LEN;

	*cross = (struct cross){
		.l4_len = (uint16_t)(rte_be_to_cpu_16(ip->payload_len) + off - l4_off),
		.tos = (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> 20),
		.ttl = ip->hop_limits,
		.proto = ip->proto,
	};
	while (off + IP6_FRAGMENT_LEN <= l4_off) {
		const struct ip6_fragment_header *header = (const void *)(at + off);
		uint16_t field = rte_be_to_cpu_16(header->offset);

		if (cross->proto == IPPROTO_FRAGMENT) {
			cross->fragment = true;
			cross->more = header->offset & IP6_FRAGMENT_MORE;
			cross->offset = field & 0xfff8;
			cross->id = rte_be_to_cpu_32(header->id);
			off += IP6_FRAGMENT_LEN;
		} else {
			off += (at[off + 1] + 1u) * 8;
		}
		cross->proto = header->next;
	}
}

void cross_read(unsigned int family, const uint8_t *ip, uint32_t l4_off, struct cross *cross)
{
	if (family == AF_INET)
		read4(ip, l4_off, cross);
	else
		read6(ip, l4_off, cross);
}

uint8_t cross_proto(uint8_t proto)
{
	if (proto == IPPROTO_ICMP)
		return IPPROTO_ICMPV6;
	return proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : proto;
}

uint16_t cross_header_len(unsigned int family, const struct cross *cross)
{
	if (family == AF_INET6)
		return sizeof(struct rte_ipv4_hdr);
	return cross->fragment ? IP6_HEADER_LEN + IP6_FRAGMENT_LEN : IP6_HEADER_LEN;
}

/* 5.1 and 5.1.1 */
static void put4(struct worker *w, uint8_t *out, const struct cross *cross, const struct tuple *to)
{
	be16 id, offset;

	if (cross->fragment) {
		id = rte_cpu_to_be_16((uint16_t)cross->id);
		offset = rte_cpu_to_be_16(
			(uint16_t)(cross->offset / 8 | (cross->more ? RTE_IPV4_HDR_MF_FLAG : 0)));
	} else {
		id = ip4_next_id(w);
		offset = cross_ip4_offset(cross);
	}
	cross_ip4_put(out, cross, cross_proto(cross->proto), id, offset, to->src.v4, to->dst.v4);
}

/* 4.1 */
static void put6(uint8_t *out, const struct cross *cross, const struct tuple *to)
{
	struct ip6_fragment_header *header = (void *)(out + IP6_HEADER_LEN);
	uint8_t proto = cross_proto(cross->proto);
	uint16_t more = cross->fragment ? IP6_FRAGMENT_LEN : 0;

	cross_ip6_put(out, cross, more ? IPPROTO_FRAGMENT : proto, (uint16_t)(cross->l4_len + more),
		      &to->src, &to->dst);
	if (more)
		*header = (struct ip6_fragment_header){
			.next = proto,
			.offset = rte_cpu_to_be_16((uint16_t)(cross->offset | cross->more)),
			.id = rte_cpu_to_be_32(cross->id),
		};
}

void cross_header_put(struct worker *w, uint8_t *out, const struct cross *cross,
		      const struct tuple *to)
{
	if (to->family == AF_INET)
		put4(w, out, cross, to);
	else
		put6(out, cross, to);
}

/* What a router of old should have told (RFC 1191 7): the next size below that people use. */
static uint32_t plateau(uint16_t told_len)
{
	static const uint16_t sizes[] = { 65535, 32000, 17914, 8166, 4352, 2002,
					  1492,  1006,  508,   296,  68 };

	for (unsigned int i = 0; i < RTE_DIM(sizes); i++)
		if (sizes[i] < told_len)
			return sizes[i];
	return sizes[RTE_DIM(sizes) - 1];
}

/* 4.2, of type 3 */
static bool unreachable4(struct cross_icmp *icmp, uint16_t told_len)
{
	static const uint8_t codes[] = {
		ICMP6_NO_ROUTE,
		ICMP6_NO_ROUTE,
		NONE,
		ICMP6_PORT_UNREACHABLE,
		NONE,
		ICMP6_NO_ROUTE,
		ICMP6_NO_ROUTE,
		ICMP6_NO_ROUTE,
		ICMP6_NO_ROUTE,
		ICMP6_PROHIBITED,
		ICMP6_PROHIBITED,
		ICMP6_NO_ROUTE,
		ICMP6_NO_ROUTE,
		ICMP6_PROHIBITED,
		NONE,
		ICMP6_PROHIBITED,
	};
	uint32_t mtu = icmp->value & 0xffff;

	if (icmp->code == ICMP4_PROTOCOL_UNREACHABLE) {
		*icmp = (struct cross_icmp){ ICMP6_PARAMETER_PROBLEM, ICMP6_NEXT_HEADER,
					     offsetof(struct rte_ipv6_hdr, proto) };
		return true;
	}
	if (icmp->code == ICMP4_FRAGMENTATION_NEEDED) {
		mtu = (mtu ? mtu : plateau(told_len)) + CROSS_MTU;
		*icmp = (struct cross_icmp){ ICMP6_PACKET_TOO_BIG, 0, RTE_MAX(mtu, IP6_MTU_MIN) };
		return true;
	}
	if (icmp->code >= RTE_DIM(codes) || codes[icmp->code] == NONE)
		return false;
	*icmp = (struct cross_icmp){ ICMP6_UNREACHABLE, codes[icmp->code], 0 };
	return true;
}

/* 4.2, figure 3: where a field of IPv4's header stands in IPv6's */
static bool problem4(struct cross_icmp *icmp)
{
	static const uint8_t places[] = { 0,    1,    4, 4, NONE, NONE, NONE, NONE, 7,  6,
					  NONE, NONE, 8, 8, 8,    8,    24,   24,   24, 24 };
	uint32_t pointer = icmp->value >> 24;

	if ((icmp->code != 0 && icmp->code != 2) || pointer >= RTE_DIM(places) ||
	    places[pointer] == NONE)
		return false;
	*icmp = (struct cross_icmp){ ICMP6_PARAMETER_PROBLEM, ICMP6_HEADER_FIELD, places[pointer] };
	return true;
}

static bool error4(struct cross_icmp *icmp, uint16_t told_len)
{
	switch (icmp->type) {
	case ICMP4_UNREACHABLE:
		return unreachable4(icmp, told_len);
	case ICMP4_TIME_EXCEEDED:
		*icmp = (struct cross_icmp){ ICMP6_TIME_EXCEEDED, icmp->code, 0 };
		return true;
	case ICMP4_PARAMETER_PROBLEM:
		return problem4(icmp);
	default:
		return false;
	}
}

/* 5.2, of type 1 */
static bool unreachable6(struct cross_icmp *icmp)
{
	static const uint8_t codes[] = {
		[ICMP6_NO_ROUTE] = ICMP4_HOST_UNREACHABLE,
		[ICMP6_PROHIBITED] = 10, /* the host is administratively prohibited */
		[ICMP6_BEYOND_SCOPE] = ICMP4_HOST_UNREACHABLE,
		[ICMP6_ADDRESS_UNREACHABLE] = ICMP4_HOST_UNREACHABLE,
		[ICMP6_PORT_UNREACHABLE] = ICMP4_PORT_UNREACHABLE,
	};

	if (icmp->code >= RTE_DIM(codes))
		return false;
	*icmp = (struct cross_icmp){ ICMP4_UNREACHABLE, codes[icmp->code], 0 };
	return true;
}

/* 5.2, figure 6 */
static bool problem6(struct cross_icmp *icmp)
{
	static const uint8_t places[] = { 0, 1, NONE, NONE, 2, 2, 9, 8 };
	uint8_t place;

	if (icmp->code == ICMP6_NEXT_HEADER) {
		*icmp = (struct cross_icmp){ ICMP4_UNREACHABLE, ICMP4_PROTOCOL_UNREACHABLE, 0 };
		return true;
	}
	if (icmp->code != ICMP6_HEADER_FIELD || icmp->value >= IP6_HEADER_LEN)
		return false;
	place = icmp->value < 8 ? places[icmp->value] : icmp->value < 24 ? 12 : 16;
	if (place == NONE)
		return false;
	*icmp = (struct cross_icmp){ ICMP4_PARAMETER_PROBLEM, 0, (uint32_t)place << 24 };
	return true;
}

static bool error6(struct cross_icmp *icmp)
{
	uint32_t mtu = icmp->value;

	switch (icmp->type) {
	case ICMP6_UNREACHABLE:
		return unreachable6(icmp);
	case ICMP6_PACKET_TOO_BIG:
		mtu = mtu > IP6_MTU_MIN ? RTE_MIN(mtu, (uint32_t)UINT16_MAX) : IP6_MTU_MIN;
		*icmp = (struct cross_icmp){ ICMP4_UNREACHABLE, ICMP4_FRAGMENTATION_NEEDED,
					     mtu - CROSS_MTU };
		return true;
	case ICMP6_TIME_EXCEEDED:
		*icmp = (struct cross_icmp){ ICMP4_TIME_EXCEEDED, icmp->code, 0 };
		return true;
	case ICMP6_PARAMETER_PROBLEM:
		return problem6(icmp);
	default:
		return false;
	}
}

/* In the words of `family`. */
static bool tells_size(unsigned int family, const struct cross_icmp *icmp)
{
	if (family == AF_INET6)
		return icmp->type == ICMP6_PACKET_TOO_BIG;
	return icmp->type == ICMP4_UNREACHABLE && icmp->code == ICMP4_FRAGMENTATION_NEEDED;
}

bool cross_icmp_error(unsigned int family, struct cross_icmp *icmp, uint16_t told_len,
		      uint16_t way_mtu)
{
	if (!(family == AF_INET ? error4(icmp, told_len) : error6(icmp)))
		return false;
	if (tells_size(family == AF_INET ? AF_INET6 : AF_INET, icmp))
		icmp->value = RTE_MIN(icmp->value, (uint32_t)way_mtu);
	return true;
}

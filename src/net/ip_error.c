/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip-error: the words of ICMP (RFC 792, RFC 1812 5.2.7) and ICMPv6
 * (RFC 4443) for what happened to a packet. Whether anything may be said about
 * it, and how often, is decided by the families' own files.
 */
#include "net/ip.h"

#include "net/icmp4.h"
#include "net/icmp6.h"
#include "net/ip4.h"

struct icmp_words {
	uint8_t type, code;
};

static const struct icmp_words words4[IP_ERROR__COUNT] = {
	[IP_ERROR_NO_ROUTE] = { ICMP4_UNREACHABLE, ICMP4_NET_UNREACHABLE },
	[IP_ERROR_PROHIBITED] = { ICMP4_UNREACHABLE, ICMP4_PROHIBITED },
	[IP_ERROR_HOST] = { ICMP4_UNREACHABLE, ICMP4_HOST_UNREACHABLE },
	[IP_ERROR_SCOPE] = { ICMP4_UNREACHABLE, ICMP4_HOST_UNREACHABLE },
	[IP_ERROR_PORT] = { ICMP4_UNREACHABLE, ICMP4_PORT_UNREACHABLE },
	[IP_ERROR_PROTOCOL] = { ICMP4_UNREACHABLE, ICMP4_PROTOCOL_UNREACHABLE },
	[IP_ERROR_HEADER] = { ICMP4_PARAMETER_PROBLEM, 0 },
	[IP_ERROR_OPTION] = { ICMP4_PARAMETER_PROBLEM, 0 },
	[IP_ERROR_CHAIN] = { ICMP4_PARAMETER_PROBLEM, 0 },
	[IP_ERROR_TOO_BIG] = { ICMP4_UNREACHABLE, ICMP4_FRAGMENTATION_NEEDED },
	[IP_ERROR_TTL] = { ICMP4_TIME_EXCEEDED, 0 },
	[IP_ERROR_REASSEMBLY] = { ICMP4_TIME_EXCEEDED, 1 },
	[IP_ERROR_SOURCE_ROUTE] = { ICMP4_UNREACHABLE, ICMP4_SOURCE_ROUTE_FAILED },
};

static const struct icmp_words words6[IP_ERROR__COUNT] = {
	[IP_ERROR_NO_ROUTE] = { ICMP6_UNREACHABLE, ICMP6_NO_ROUTE },
	[IP_ERROR_PROHIBITED] = { ICMP6_UNREACHABLE, ICMP6_PROHIBITED },
	[IP_ERROR_HOST] = { ICMP6_UNREACHABLE, ICMP6_ADDRESS_UNREACHABLE },
	[IP_ERROR_SCOPE] = { ICMP6_UNREACHABLE, ICMP6_BEYOND_SCOPE },
	[IP_ERROR_PORT] = { ICMP6_UNREACHABLE, ICMP6_PORT_UNREACHABLE },
	[IP_ERROR_PROTOCOL] = { ICMP6_PARAMETER_PROBLEM, ICMP6_NEXT_HEADER },
	[IP_ERROR_HEADER] = { ICMP6_PARAMETER_PROBLEM, ICMP6_HEADER_FIELD },
	[IP_ERROR_OPTION] = { ICMP6_PARAMETER_PROBLEM, ICMP6_OPTION },
	[IP_ERROR_CHAIN] = { ICMP6_PARAMETER_PROBLEM, ICMP6_CHAIN },
	[IP_ERROR_TOO_BIG] = { ICMP6_PACKET_TOO_BIG, 0 },
	[IP_ERROR_TTL] = { ICMP6_TIME_EXCEEDED, 0 },
	[IP_ERROR_REASSEMBLY] = { ICMP6_TIME_EXCEEDED, 1 },
	[IP_ERROR_SOURCE_ROUTE] = { ICMP6_PARAMETER_PROBLEM, ICMP6_HEADER_FIELD },
};

void ip_send_error(struct worker *w, struct rte_mbuf *m, enum ip_error what, uint32_t value,
		   const union ip_addr *src)
{
	const struct icmp_words *words;

	if (pkt_meta(m)->tuple.family == AF_INET6) {
		words = &words6[what];
		icmp6_send_error(w, m, words->type, words->code, value, src);
		return;
	}
	words = &words4[what];
	/* a pointer is one byte, the first of the second word */
	if (words->type == ICMP4_PARAMETER_PROBLEM)
		value <<= 24;
	icmp4_send_error(w, m, words->type, words->code, value, src ? src->v4 : 0);
}

void ip_send_no_way(struct worker *w, struct rte_mbuf *m, enum route_verdict verdict,
		    enum ip_error none, const union ip_addr *src)
{
	if (verdict == ROUTE_PROHIBIT)
		ip_send_error(w, m, IP_ERROR_PROHIBITED, 0, src);
	else if (verdict == ROUTE_UNREACHABLE)
		ip_send_error(w, m, IP_ERROR_HOST, 0, src);
	else if (verdict != ROUTE_BLACKHOLE)
		ip_send_error(w, m, none, 0, src);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/cross: a packet of one family becomes one of the other (RFC 7915): IP
 * headers, as they stand in packets and in what ICMP errors quote, and ICMP's
 * words. Addresses are the caller's, and so are L4 ports and checksums.
 */
#ifndef NET_CROSS_H
#define NET_CROSS_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/tuple.h"

struct worker;

/* How much longer IPv6's header is than IPv4's: by that MTUs differ. */
#define CROSS_MTU 20

/* Headers of the other family are no longer than this. */
#define CROSS_HEADER_MAX 48

/* Up to this length an IPv4 packet that was IPv6 may be cut on its way (RFC 7915 5.1). */
#define CROSS_MAY_BE_CUT 1260

/* What an IP header says, in the words of neither family. */
struct cross {
	uint16_t l4_len; /* bytes behind all headers of IP, as they say themselves */
	uint8_t tos;
	uint8_t ttl;
	uint8_t proto;   /* of that packet: ICMP or ICMPv6 too */
	bool whole_only; /* IPv4: DF */
	bool fragment;   /* has a fragment header (IPv6), or is a fragment (IPv4) */
	bool more;       /* not the last one */
	uint16_t offset; /* of its data, bytes */
	uint32_t id;     /* host order */
};

/* Of the header at `ip`, which has been checked, its L4 header (or a fragment's data) at l4_off. */
void cross_read(unsigned int family, const uint8_t *ip, uint32_t l4_off, struct cross *cross);

/* The protocol in the other family. */
uint8_t cross_proto(uint8_t proto);

/* The other family's header is so long. */
uint16_t cross_header_len(unsigned int family, const struct cross *cross);

/* ... and is this, with the addresses and the family of `to`. */
void cross_header_put(struct worker *w, uint8_t *out, const struct cross *cross,
		      const struct tuple *to);

/* ICMP's first four bytes and the word behind them. */
struct cross_icmp {
	uint8_t type, code;
	uint32_t value; /* host order: an MTU, a pointer (IPv4: in the highest byte) */
};

/*
 * An error of `family` in the other's words. told_len: what the quoted packet's header says of its
 * length, for IPv4 routers that tell no MTU. way_mtu: of the way to whom it is for, who is told no
 * more. false: the other family has no word for it.
 */
bool cross_icmp_error(unsigned int family, struct cross_icmp *icmp, uint16_t told_len,
		      uint16_t way_mtu);

#endif

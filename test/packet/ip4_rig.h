/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/ip4_rig: one worker between two nets, for the tests of IPv4, ICMP and
 * ARP. Packets are written as hex; checksum fields that are 0000 are filled by
 * a plain sum of its own, so that rows stay readable and what leaves can be
 * compared byte by byte.
 *
 *	10.0.0.2 (06:…:02) — dpdk0 10.0.0.1/24, dpdk1 192.168.0.1/24 — 192.168.0.2 (06:…:12)
 */
#ifndef PACKET_IP4_RIG_H
#define PACKET_IP4_RIG_H

#include "api/route.h"
#include "packet/harness.h"

#define PACKET_MAX 4096

/* Sender and receiver of frames on the two sides, seen from there; and of ours. */
#define TO_0   "02:00:00:00:00:00 06:00:00:00:00:02 0800"
#define TO_1   "02:00:00:00:00:01 06:00:00:00:00:12 0800"
#define FROM_0 "06:00:00:00:00:02 02:00:00:00:00:00 0800"
#define FROM_1 "06:00:00:00:00:12 02:00:00:00:00:01 0800"

/* The same for IPv6. */
#define TO6_0   "02:00:00:00:00:00 06:00:00:00:00:02 86dd"
#define TO6_1   "02:00:00:00:00:01 06:00:00:00:00:12 86dd"
#define FROM6_0 "06:00:00:00:00:02 02:00:00:00:00:00 86dd"
#define FROM6_1 "06:00:00:00:00:12 02:00:00:00:00:01 86dd"

struct bytes {
	size_t len;
	uint8_t at[PACKET_MAX];
};

/* A packet in on dpdk0, with `filler` bytes behind; what leaves by dpdk0, and the drop reason. */
struct ip_case {
	const char *name;
	const char *in;
	const char *out; /* NULL: nothing */
	size_t filler;
	size_t quotes;  /* bytes of what came in, behind `out` */
	int drop;       /* -1: none */
	const char *l2; /* NULL: `to` */
};

/* to, from: L2 of what comes in and of what leaves, hex. */
void ip_case_check(struct harness *h, const struct ip_case *one, const char *to, const char *from);

/* How many frames leave by the port. */
unsigned int ip4_count_frames(struct harness *h, unsigned int port);

struct harness *ip4_rig_new(const struct harness_options *options);

/* 2001:db8::2 and fe80::2 (06:…:02) — dpdk0 2001:db8::1/64, dpdk1 2001:db8:1::1/64 —
 * 2001:db8:1::2 (06:…:12) */
struct harness *ip6_rig_new(const struct harness_options *options);

/* These addresses and neighbours alone, on any harness. */
void ip6_rig_add(struct harness *h);

/* A route by 2001:db8:1::2, or of another enum api_route_type. */
void ip6_rig_route(struct harness *h, const char *prefix, unsigned int plen, unsigned int type,
		   uint32_t mtu);

/* L2 and IP of a frame, by hex; filler more bytes 00 01 02 … before checksums are filled. */
struct bytes ip4_frame(const char *l2, const char *ip, size_t filler);

/* Fills IPv4 and L4 checksums that are 0, ICMPv6 included; of fragments only the header's. */
void ip4_seal(struct bytes *frame);

void ip4_send_frame(struct harness *h, unsigned int port, const struct bytes *frame);

/* The next frame sent on the port is this one; it is the only one on any port. */
#define ip4_expect(h, port, want) ip4_expect_at(h, port, want, __FILE__, __LINE__)
void ip4_expect_at(struct harness *h, unsigned int port, const struct bytes *want, const char *file,
		   int line);

/* A frame for the answer to which there is no mbuf: it is dropped as usual, for that reason, and
 * the answer counted as missing. Of a rig with 63 mbufs. */
void ip4_no_mbuf(struct harness *h, const struct bytes *frame, enum drop_reason reason);

#define ip4_expect_nothing(h) ip4_expect_nothing_at(h, __FILE__, __LINE__)
void ip4_expect_nothing_at(struct harness *h, const char *file, int line);

#endif

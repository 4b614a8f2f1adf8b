/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/tunnel_device_rig: tests of tunnel devices: the modes with their
 * bytes, a harness with the tunnel t, and packets without Ethernet headers.
 *
 *	10.1.0.2, fd00:1::2 -- dpdk0 dpvs dpdk1 -- 10.2.0.1, fd00:2::1 the other end of t
 *	                                           behind it 10.9.0.0/16, fd09::/32
 */
#ifndef PACKET_TUNNEL_DEVICE_RIG_H
#define PACKET_TUNNEL_DEVICE_RIG_H

#include "packet/harness.h"

#define L3       14
#define NEAR_IN  "020000000000 060000000064 "
#define NEAR_OUT "060000000064 020000000000 "
#define FAR_IN   "020000000001 060000000101 "
#define FAR_OUT  "060000000101 020000000001 "

/* UDP, "abcd", with DF; on the way there and back, as it is sent and as it leaves */
#define TO4         "45000020000040004011 26bb 0a010002 0a090007 04d20007000c2224 61626364 "
#define TO4_AGED    "45000020000040003f11 27bb 0a010002 0a090007 04d20007000c2224 61626364 "
#define FROM4       "45000020000040004011 26bb 0a090007 0a010002 000704d2000c2224 61626364 "
#define FROM4_AGED  "45000020000040003f11 27bb 0a090007 0a010002 000704d2000c2224 61626364 "
#define NET6_NEAR   "fd000001000000000000000000000002 "
#define NET6_FAR    "fd090000000000000000000000000007 "
#define TO6         "60000000000c1140 " NET6_NEAR NET6_FAR "04d20007000c3c22 61626364 "
#define TO6_AGED    "60000000000c113f " NET6_NEAR NET6_FAR "04d20007000c3c22 61626364 "
#define FROM6       "60000000000c1140 " NET6_FAR NET6_NEAR "000704d2000c3c22 61626364 "
#define FROM6_AGED  "60000000000c113f " NET6_FAR NET6_NEAR "000704d2000c3c22 61626364 "
#define END6_OURS   "fd000002000000000000000000000254 "
#define END6_THEIRS "fd000002000000000000000000000001 "

struct mode_row {
	const char *options;
	int outer, inner;
	size_t more;    /* bytes in front */
	const char *to; /* its headers; IPv4's identification and checksum as if it were 0 */
	const char *from;
};

#define TUNNEL_MODES 10
extern const struct mode_row tunnel_modes[TUNNEL_MODES];

/* Those that most tests use. */
#define ipip   (&tunnel_modes[0])
#define ip6ip6 (&tunnel_modes[7])

/* All that can be in front. */
#define ip6gre_all (&tunnel_modes[9])

struct packet {
	uint8_t bytes[2048];
	size_t len;
};

static inline uint16_t get16(const struct packet *packet, size_t at)
{
	return (uint16_t)(packet->bytes[at] << 8 | packet->bytes[at + 1]);
}

static inline void put16(struct packet *packet, size_t at, unsigned int value)
{
	packet->bytes[at] = (uint8_t)(value >> 8);
	packet->bytes[at + 1] = (uint8_t)value;
}

/* The tunnel t of this mode, with addresses and routes; forwarding is on. */
struct harness *tunnel_rig_harness(unsigned int n_workers, const struct mode_row *mode);

/* Forgets what was sent. */
void tunnel_rig_clear(struct harness *h);

/* The bytes of both, one behind the other. */
struct packet tunnel_rig_hex(const char *a, const char *b);

/* IPv4: the header's checksum. */
void tunnel_rig_sum_ip4(struct packet *packet);

/* A UDP packet of `len` bytes from the near side to the far one. IPv4: with DF or without, and
 * without a checksum of UDP's. */
struct packet tunnel_rig_long(int family, size_t len, bool df);

void tunnel_rig_send(struct harness *h, unsigned int port, unsigned int queue,
		     const struct packet *packet);

/* The next frame on port, without its Ethernet header; len 0: there is none. */
struct packet tunnel_rig_take(struct harness *h, unsigned int port);

/* Whatever IPv4's identification is, if there is one. */
void tunnel_rig_assert_packet(struct packet got, const struct packet *want);

void tunnel_rig_expect_nothing(struct harness *h);

/* The next frame on port 0, and the last: an ICMP error of this family, with this MTU. */
void tunnel_rig_expect_too_big(struct harness *h, int family, unsigned int mtu);

/* Of t, by this worker. */
const struct port_counters *tunnel_rig_counted(const struct harness *h, unsigned int worker);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/ipvs6_rig: a service of IPv6 with one server, and packets to and from
 * it as bytes.
 *
 *	client 2001:db8::64 — dpdk0, virtual address 2001:db8::10
 *	server 2001:db8:1::b — dpdk1, local address 2001:db8:1::c8
 */
#ifndef PACKET_IPVS6_RIG_H
#define PACKET_IPVS6_RIG_H

#include "packet/fnat_rig.h"

#define CLIENT6 "2001:db8::64"
#define VIP6    "2001:db8::10"
#define SERVER6 "2001:db8:1::b"
#define LADDR6  "2001:db8:1::c8"

#define IP6  40
#define LIFE 64

struct packet6 {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t proto, hops, flags;
	bool options;      /* a hop-by-hop header in front */
	uint32_t seq, ack; /* TCP's; seq 0: 9 */
};

/* The checksum of ip, an IPv6 header and what is behind it to len, of its part from l4 on. */
uint16_t rig6_sum(const uint8_t *ip, size_t l4, size_t len, uint8_t proto);
/* As it is written: UDP has none that is 0. */
uint16_t rig6_checksum(const uint8_t *ip, size_t l4, size_t len, uint8_t proto);
void rig6_put16(uint8_t *at, uint16_t value);

/* The IPv6 header, and its length. */
size_t rig6_header(uint8_t *ip, const char *src, const char *dst, uint8_t next, uint8_t hops,
		   size_t payload);

/* All of a packet, and its length. */
size_t rig6_build(uint8_t *ip, const struct packet6 *p);

/* It comes in on that side, to our MAC address, and the workers turn. */
void rig6_send_bytes(struct harness *h, unsigned int side, unsigned int queue, const uint8_t *ip,
		     size_t len);
void rig6_send(struct harness *h, unsigned int side, unsigned int queue,
	       const struct packet6 *packet);

/* The same, into the queue that the port's RSS chooses. */
void rig6_receive(struct harness *h, unsigned int side, const struct packet6 *packet);

/* Exactly this leaves on that side, and nothing else anywhere. */
void rig6_expect(struct harness *h, unsigned int side, const struct packet6 *packet);

/* The service and all that it needs, on a harness that has two ports; mode is ipvsadm's letter,
 * `b`, `m` or `g`. */
void rig6_service(struct harness *h, uint8_t proto, char mode);

/* A new harness with that. */
struct harness *rig6_new(const struct harness_options *options, uint8_t proto, char mode);

/* What the client sends first, and what a packet of its becomes. */
struct packet6 rig6_from_client(uint8_t proto);
struct packet6 rig6_to_server(struct packet6 packet, char mode, uint16_t lport);

/* The local port that FNAT has chosen; 0: there is no connection. */
uint16_t rig6_lport(struct harness *h, uint8_t proto);

/* To the server; returns the local port. TCP through FNAT has its numbers shifted: no bytes. */
uint16_t rig6_pass_in(struct harness *h, unsigned int queue, const struct packet6 *packet,
		      char mode);

/* The server's answer to its first packet, to the client. */
void rig6_pass_out(struct harness *h, unsigned int queue, uint8_t proto, char mode, uint16_t lport);

#endif

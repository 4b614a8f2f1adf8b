/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/across_rig: FNAT between families. One client, one service and one
 * server of fnat_rig and ipvs6_rig each, client and server of different
 * families; packets of both are struct packet, whose addresses say their
 * family, and are built here as bytes.
 */
#ifndef PACKET_ACROSS_RIG_H
#define PACKET_ACROSS_RIG_H

#include "packet/ipvs6_rig.h"

#define CPORT   40000
#define TCP_ISN 5000u

struct across {
	struct harness *h;
	bool six; /* the client's family is IPv6, the server's IPv4; else the reverse */
	uint8_t proto;
	const char *client, *vip, *laddr, *server;
};

/* Addresses and neighbours of both families alone. */
struct harness *across_networks(const struct harness_options *options);

/* proto: TCP, UDP, SCTP; or ICMP for echoes, whose service is one of a mark. */
struct across across_new(const struct harness_options *options, bool six, uint8_t proto);
/* Until what new addresses make others hear is over. */
void across_settle(struct across *a);
void across_end(struct across *a);

/* The IP packet alone. Of IPv6 no more than the header that is needed, without a flow label. */
size_t across_build(uint8_t *ip, const struct packet *packet);

void across_send(struct across *a, unsigned int side, unsigned int queue,
		 const struct packet *packet);

/* The next frame sent there is exactly this one, and the only one; an IPv4 id of 0 may be any. */
#define across_expect(a, side, packet) across_expect_at(a, side, packet, __FILE__, __LINE__)
void across_expect_at(struct across *a, unsigned int side, const struct packet *packet,
		      const char *file, int line);

/* The client's connection; none: id CONN_NONE. */
struct rig_conn across_conn(struct across *a);
/* ... from that port of its. */
struct rig_conn across_conn_of(struct across *a, uint16_t sport);

/* Packets of it as they are sent, and what they are on the other side; TCP's options are the
 * caller's to shift. */
struct packet across_from_client(const struct across *a);
struct packet across_at_server(const struct across *a, const struct rig_conn *conn,
			       struct packet packet);
struct packet across_from_server(const struct across *a, const struct rig_conn *conn);
struct packet across_at_client(const struct across *a, const struct rig_conn *conn,
			       struct packet packet);

/* Its first packet goes to the server. */
struct rig_conn across_open(struct across *a, struct packet *sent, struct packet *went);

/* An ICMP echo, of the addresses' family. l4: where its message will lie. */
struct packet across_echo(uint8_t *l4, bool request, const char *from, const char *to, uint16_t id,
			  uint16_t seq);

/* An ICMP error of that type (upper byte), code and second word, which quotes a packet (`quoted`
 * bytes of it; 0: all). l4: where its message will lie. */
struct packet across_error_packet(const char *from, const char *to, uint16_t type_code,
				  uint32_t rest, const struct packet *about, size_t quoted,
				  uint8_t l4[FRAME_MAX]);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/fnat_tcp: one client's TCP connection through VIP:80 to the first
 * server, segment by segment. pass_in and pass_out send one and expect it on
 * the other side, byte by byte.
 */
#ifndef PACKET_FNAT_TCP_H
#define PACKET_FNAT_TCP_H

#include "ipvs/proto/tcp.h"
#include "packet/fnat_rig.h"

#define CPORT 40000
#define ISN   1000u  /* of the client */
#define SISN  50000u /* of the server */

struct packet tcp_from_client(uint8_t flags, uint32_t seq, uint32_t ack);
struct packet tcp_from_server(const struct rig_conn *conn, uint8_t flags, uint32_t seq,
			      uint32_t ack);
struct packet tcp_at_server(const struct rig_conn *conn, struct packet packet);
struct packet tcp_at_client(const struct rig_conn *conn, struct packet packet);
struct rig_conn tcp_conn(struct harness *h);
void tcp_pass_in(struct harness *h, uint8_t flags, uint32_t seq, uint32_t ack);
void tcp_pass_out(struct harness *h, uint8_t flags, uint32_t seq, uint32_t ack);
void tcp_assert_state(struct harness *h, enum tcp_state state, unsigned int active,
		      unsigned int inactive);
void tcp_establish(struct harness *h);
struct harness *tcp_rig_new(const struct harness_options *options);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/dr_rig: VIP:80 with servers that get packets directly, on the wires of
 * fnat_rig. No local address.
 */
#ifndef PACKET_DR_RIG_H
#define PACKET_DR_RIG_H

#include "packet/fnat_rig.h"

#define CPORT 40000
#define ISN   1000u /* of the client */
#define SISN  5000u /* of the server */

/* Wires and a service with the first n_servers. */
struct harness *dr_new(const struct harness_options *options, uint8_t proto,
		       unsigned int n_servers);

/* rr, without a server. */
void dr_service(struct harness *h, uint8_t proto);
void dr_server(struct harness *h, uint8_t proto, const char *server);

/* A client's packet to VIP:80. TCP: with these flags. */
struct packet dr_from_client(uint8_t proto, uint16_t sport, uint8_t flags);

/* The same as it goes on: one less of TTL. */
struct packet dr_on(struct packet packet);

/* Sends it, and expects it at the server. */
void dr_pass(struct harness *h, const struct packet *packet);

/* The address of the server that has the connection. */
const char *dr_server_of(const struct rig_conn *conn, char text[IP_STR_LEN]);

#endif

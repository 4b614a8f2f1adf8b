/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/flow_rig: one connection on which data flows, for the tests of the
 * flow stage: what a packet of it becomes, and which way it has gone there.
 * The same tests run with the stage on, off and checked (FLOW in the
 * environment): what leaves is the same, only with the stage off nothing goes
 * through it.
 */
#ifndef PACKET_FLOW_RIG_H
#define PACKET_FLOW_RIG_H

#include "packet/fnat_tcp.h"

#define CLIENT_MAC "06:00:00:00:00:64"
#define SERVER_MAC "06:00:00:00:01:0b"
#define OTHER_MAC  "06:00:00:00:09:09"

enum flow_way {
	SLOW_PATH,
	FLOW_STAGE,
};

struct flow {
	struct harness *h;
	uint8_t proto;
	const char *client;
	uint64_t taken; /* by the stage, as far as was looked at */
	struct rig_conn conn;
};

/* The rig, a service with one server, and a connection of CLIENT that both sides have used. */
struct flow flow_new(uint8_t proto, const struct harness_options *options);

/* The same in a harness that has the service, of any client. */
struct flow flow_open(struct harness *h, uint8_t proto, const char *client);

/* Data from that side; and what becomes of a packet from there. */
struct packet flow_packet(const struct flow *flow, unsigned int from);
struct packet flow_want(const struct flow *flow, unsigned int from, struct packet packet);

/* Since this was asked last, the stage has taken so many packets; none if it is off. */
#define flow_took(flow, n) flow_took_at(flow, n, __FILE__, __LINE__)
void flow_took_at(struct flow *flow, uint64_t n, const char *file, int line);

/* Sent from that side, it leaves on the other one, exact in every byte, and has gone this way. */
#define flow_pass(flow, from, packet, way) flow_pass_at(flow, from, packet, way, __FILE__, __LINE__)
void flow_pass_at(struct flow *flow, unsigned int from, const struct packet *packet,
		  enum flow_way way, const char *file, int line);

/* Usual data from that side, or one packet each from both. */
#define flow_pass_data(flow, from, way) flow_pass_data_at(flow, from, way, __FILE__, __LINE__)
void flow_pass_data_at(struct flow *flow, unsigned int from, enum flow_way way, const char *file,
		       int line);
#define flow_pass_both(flow, way) flow_pass_both_at(flow, way, __FILE__, __LINE__)
void flow_pass_both_at(struct flow *flow, enum flow_way way, const char *file, int line);

/* As flow_pass_data(), to and from these MAC addresses; NULL: the usual ones. */
#define flow_pass_macs(flow, from, to_mac, our_mac, way) \
	flow_pass_macs_at(flow, from, to_mac, our_mac, way, __FILE__, __LINE__)
void flow_pass_macs_at(struct flow *flow, unsigned int from, const char *to_mac,
		       const char *our_mac, enum flow_way way, const char *file, int line);

/* Exactly this frame and nothing else leaves on that side. */
#define flow_expect(flow, side, want) flow_expect_at(flow, side, want, __FILE__, __LINE__)
void flow_expect_at(struct flow *flow, unsigned int side, const struct frame *want,
		    const char *file, int line);

/* Usual data from that side is given up for this reason, on the slow path. */
#define flow_lost(flow, from, reason) flow_lost_at(flow, from, reason, __FILE__, __LINE__)
void flow_lost_at(struct flow *flow, unsigned int from, enum drop_reason reason, const char *file,
		  int line);

/* This frame from the client leaves as that one, by the stage. */
void flow_pass_frame(struct flow *flow, const struct frame *in, const struct frame *out);

/* The client's port gets another MAC address, by which alone it sends and is addressed; a frame
 * that passes then, and how it leaves. */
void flow_changes_mac(struct flow *flow, struct frame *in, struct frame *out);

/* The server's port takes less for a while, of which the client is told. */
void flow_changes_mtu(struct flow *flow);

#endif

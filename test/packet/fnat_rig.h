/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/fnat_rig: a client's network on dpdk0, servers on dpdk1, and packets
 * of both, for the tests of FNAT. Frames are put together here from what a
 * test says of them, with checksums computed plainly and by themselves, so that
 * what leaves can be compared byte by byte.
 *
 *	client 10.0.0.100 — dpdk0 10.0.0.1, virtual address 10.0.0.10
 *	servers 192.168.0.11, .12 — dpdk1 192.168.0.1, local address 192.168.0.200
 */
#ifndef PACKET_FNAT_RIG_H
#define PACKET_FNAT_RIG_H

#include "ipvs/conn.h"
#include "packet/harness.h"

#define CLIENT  "10.0.0.100"
#define VIP     "10.0.0.10"
#define LADDR   "192.168.0.200"
#define SERVER  "192.168.0.11"
#define SERVER2 "192.168.0.12"
#define FAR     "172.16.0.5" /* a server behind 192.168.0.254, by a route whose MTU is 600 */
#define LOST    "172.31.0.5" /* a server that no route leads to */

#define CLIENT_SIDE 0
#define SERVER_SIDE 1

#define FRAME_MAX 2048
#define L3        14 /* where IPv4 begins in a frame */
#define L4        34 /* and TCP, UDP or ICMP, without options */

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

/* What a packet is; zero means the usual. */
struct packet {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t proto; /* 0: TCP */
	uint8_t ttl;   /* 0: 64 */
	uint8_t tos;
	uint16_t id;
	uint16_t fragment; /* the field as it is, host order; DF is 0x4000 */
	uint32_t seq, ack;
	uint16_t window; /* 0: 1000 */
	uint8_t flags;
	/* SCTP: one chunk, whose type are the flags and whose body is the payload; seq is the tag
	 */
	const char *options; /* hex, multiples of 4 bytes */
	const char *payload; /* text */
	size_t filler;       /* bytes of payload behind it */
	uint16_t damage;     /* xored into the L4 checksum */
	bool no_checksum;    /* UDP's 0 */
	uint8_t *l4;         /* ICMP: what stands behind the IPv4 header, */
	size_t l4_len;       /* checksum computed unless damage */
};

struct frame {
	size_t len;
	uint8_t bytes[FRAME_MAX];
};

/* The IPv4 packet alone. */
size_t packet_build(uint8_t *out, const struct packet *packet);

/* As it comes from the wire of that side, and as we send it there. */
struct frame frame_in(unsigned int side, const struct packet *packet);
struct frame frame_out(unsigned int side, const struct packet *packet);

/* The sum over pseudo-header and L4 of an IPv4 packet in a frame: 0xffff if its checksum is right.
 */
uint16_t frame_l4_sum(const struct frame *frame);
uint32_t rig_crc32c(const uint8_t *data, size_t len);
uint16_t frame_ip_sum(const struct frame *frame);
uint16_t frame_u16(const struct frame *frame, size_t at);
uint32_t frame_u32(const struct frame *frame, size_t at);

/* Addresses and neighbours; no service. */
struct harness *rig_new(const struct harness_options *options);

/* The option that names a service of this protocol: -t, -u or --sctp-service. */
const char *rig_option(uint8_t proto);

/* `proto` t or u: service VIP:80, rr, local address, and as many of the servers, each at port 8080.
 */
void rig_service(struct harness *h, char proto, unsigned int n_servers);
/* One more server of VIP:80. */
void rig_server(struct harness *h, char proto, const char *server);

/* As ipvsadm -e, -d and -D do. */
void rig_weight(struct harness *h, char proto, const char *server, uint32_t weight);
void rig_remove_server(struct harness *h, char proto, const char *server);
void rig_remove_service(struct harness *h, char proto);

/* Waits until all connections are gone; nothing must be left of them in any table. */
void rig_end(struct harness *h);

/* Into queue 0 of that side, and turns. */
void rig_send(struct harness *h, unsigned int side, const struct packet *packet);
void rig_send_to(struct harness *h, unsigned int side, unsigned int queue,
		 const struct packet *packet);

/* The next frame sent there, len 0 if there is none. */
struct frame rig_take(struct harness *h, unsigned int side);

/* The next frame sent there is exactly this packet, and nothing is sent on the other side. */
#define rig_expect(h, side, packet) rig_expect_at(h, side, packet, __FILE__, __LINE__)
void rig_expect_at(struct harness *h, unsigned int side, const struct packet *packet,
		   const char *file, int line);
#define rig_expect_nothing(h) rig_expect_nothing_at(h, __FILE__, __LINE__)
void rig_expect_nothing_at(struct harness *h, const char *file, int line);

/* The next two frames sent there are the fragments of this one, cut for an MTU of 600. */
void rig_expect_cut(struct harness *h, unsigned int side, const struct frame *whole);

/* The next frame sent there is an ICMP error of ours from src, which quotes this packet as it came;
 * nothing else is sent. */
void rig_expect_icmp(struct harness *h, unsigned int side, uint8_t type, uint8_t code,
		     const char *src, uint32_t rest, const struct packet *about);

/* An ICMP message (header and body) for packet.l4: the rest of the header, and `quoted` behind it.
 * Returns its length. */
size_t icmp_build(uint8_t *out, uint8_t type, uint8_t code, uint32_t rest, const uint8_t *quoted,
		  size_t quoted_len);

/* The connection of client:port to VIP:80, wherever it is. */
struct rig_conn {
	struct worker *w;
	uint32_t id; /* CONN_NONE: there is none */
	struct conn *conn;
	uint16_t lport; /* host order */
	uint32_t seq_delta, ts_delta;
	char server_text[IP_STR_LEN];
};
struct rig_conn rig_conn(struct harness *h, uint8_t proto, const char *client, uint16_t port);
/* ... and that of this packet, of a client. */
struct rig_conn rig_conn_of(struct harness *h, const struct packet *packet);

/* The first packet of a connection to VIP:80; and a packet of one as FNAT sends it to the server.
 */
struct packet packet_first(const char *client, uint8_t proto, uint16_t sport);
struct packet packet_at_server(const struct packet *packet, const struct rig_conn *conn);

uint32_t rig_conns(const struct harness *h);

/* Sums over the workers, of the service's first server. */
struct rig_counts {
	uint64_t conns, inpkts, outpkts, inbytes, outbytes, active, inactive;
};
struct rig_counts rig_counts(const struct harness *h, uint8_t proto, unsigned int server);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/frag_rig: datagrams in fragments through a service in any mode, of
 * either family, on the wires of fnat_rig and ipvs6_rig. What a fragment becomes
 * is the same piece of what the whole packet would: so both are put together
 * and cut here.
 */
#ifndef PACKET_FRAG_RIG_H
#define PACKET_FRAG_RIG_H

#include "packet/ipvs6_rig.h"

#define WHOLE_MAX  8192
#define PIECES_MAX 8
#define PUBLIC     "192.168.0.201" /* SNAT's */
#define PUBLIC6    "2001:db8:1::201"

struct mode {
	const char *name;
	bool ip6;
	char letter; /* of ipvsadm: b m g i J */
};

/* Bytes of a tunnel's headers; GRE and GUE are modes that are called so, with a checksum if they
 * are called csum, too: then with this flag. 4in6 and 6in4 lead to a server of the other family. */
#define FRAG_SUMMED 0x8000u
size_t frag_outer(const struct mode *mode);

/* The service VIP:80 (SNAT: all from the client's net), one server, at :8080 where ports change. */
struct harness *frag_new(const struct harness_options *options, const struct mode *mode,
			 uint8_t proto);

/* A client's packet, `filler` bytes of data; its addresses are of the mode's family. */
struct packet frag_from_client(const struct mode *mode, uint8_t proto, uint16_t sport,
			       size_t filler);

/* The connection of a client's packet, and the tuple of its answers; NULL: there is none. */
struct conn *frag_conn(struct harness *h, const struct mode *mode, const struct packet *packet,
		       struct tuple *out);

/* As the server gets it; its answer; and that as the client gets it. The connection is there. */
struct packet frag_at_server(struct harness *h, const struct mode *mode,
			     const struct packet *packet);
struct packet frag_answer(struct harness *h, const struct mode *mode, const struct packet *packet);
struct packet frag_at_client(struct harness *h, const struct mode *mode,
			     const struct packet *packet, const struct packet *answer);

/* The IP packet alone, whatever its length. */
struct whole {
	size_t len;
	uint8_t bytes[WHOLE_MAX];
};
struct whole frag_whole(const struct packet *packet);

/* Bytes [at, at + len) of what it carries, as a fragment with that identification. */
struct whole frag_piece(const struct whole *whole, size_t at, size_t len, uint32_t id);

/* How many bytes it carries. */
size_t frag_data(const struct whole *whole);

/* Behind an Ethernet header, as it comes in on that side; returns the length. */
size_t frag_frame(uint8_t frame[L3 + WHOLE_MAX], unsigned int side, const struct whole *ip);

/* It comes in on that side; without a turn of the workers. */
void frag_inject(struct harness *h, unsigned int side, unsigned int queue, const struct whole *ip);
void frag_send(struct harness *h, unsigned int side, unsigned int queue, const struct whole *ip);

/* The next frame sent there is exactly this, behind `outer` bytes of tunnel. */
#define frag_expect(h, side, ip, outer) frag_expect_at(h, side, ip, outer, __FILE__, __LINE__)
void frag_expect_at(struct harness *h, unsigned int side, const struct whole *ip, size_t outer,
		    const char *file, int line);

/*
 * ... is that piece of `whole` with that identification. FRAG_ANY: any but `not`, and *id becomes
 * that.
 */
#define FRAG_ANY UINT32_MAX
#define frag_expect_piece(h, side, whole, at, len, id, not, outer) \
	frag_expect_piece_at(h, side, whole, at, len, id, not, outer, __FILE__, __LINE__)
void frag_expect_piece_at(struct harness *h, unsigned int side, const struct whole *whole,
			  size_t at, size_t len, uint32_t *id, uint32_t not, size_t outer,
			  const char *file, int line);

/* Does what leaves on that side come from an address that others share? */
bool frag_renamed(const struct mode *mode, unsigned int side);

/* What its connection says of the server's next sequence number. */
uint32_t frag_last_seq(struct harness *h, const struct mode *mode, const struct packet *packet);

/* Datagrams that made room for others, in all workers. */
uint64_t frag_forgotten(const struct harness *h);

/* Packets that wait in all workers. */
uint64_t frag_held(const struct harness *h);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/sctp: what we read of an SCTP packet (RFC 9260 3): its header, the
 * first chunk's header, and its checksum, which is over all of it and over
 * nothing of IP. All want the packet's meta set and both headers in the first
 * segment, as behind ip4-input and ip6-input.
 */
#ifndef PACKET_SCTP_H
#define PACKET_SCTP_H

#include <rte_sctp.h>

#include "packet/meta.h"

enum sctp_chunk {
	SCTP_CHUNK_DATA = 0,
	SCTP_CHUNK_INIT = 1,
	SCTP_CHUNK_INIT_ACK = 2,
	SCTP_CHUNK_ABORT = 6,
	SCTP_CHUNK_SHUTDOWN = 7,
	SCTP_CHUNK_SHUTDOWN_ACK = 8,
	SCTP_CHUNK_ERROR = 9,
	SCTP_CHUNK_COOKIE_ECHO = 10,
	SCTP_CHUNK_COOKIE_ACK = 11,
	SCTP_CHUNK_SHUTDOWN_COMPLETE = 14,
};

struct sctp_chunk_header {
	uint8_t type; /* enum sctp_chunk, or one that says nothing to us */
	uint8_t flags;
	be16 len; /* header included, padding not */
};

/* No packet is shorter. */
#define SCTP_MIN (sizeof(struct rte_sctp_hdr) + sizeof(struct sctp_chunk_header))

static inline struct rte_sctp_hdr *sctp_header(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_sctp_hdr *, pkt_meta(m)->l4_off);
}

/* The chunk that tells most: the first one, or an ABORT behind a cookie. */
uint8_t sctp_tells(struct rte_mbuf *m);

/* What belongs into the checksum field of a whole packet. */
uint32_t sctp_checksum(struct rte_mbuf *m);

/* It gets these ports, and its checksum follows: a wrong one stays wrong. m is not a fragment,
 * unless they are the ports it has. */
void sctp_set_ports(struct rte_mbuf *m, be16 sport, be16 dport);

/* The same for a packet of `len` bytes, of which only its header need be there. */
void sctp_header_set_ports(struct rte_sctp_hdr *sctp, be16 sport, be16 dport, uint16_t len);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/track: what a packet does to its connection: state, deadline, counters. */
#ifndef IPVS_TRACK_H
#define IPVS_TRACK_H

#include <rte_branch_prediction.h>

#include "ipvs/conn.h"

struct dest;
struct rte_mbuf;
struct worker;

/* m belongs to the connection and goes on; called while it is as it arrived, meta set. */
void track_packet(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir);

/* What a segment with these flags makes of its connection's state, and of its server's counts. */
void track_tcp_state(struct conn *conn, enum conn_dir dir, struct dest *dest, uint8_t tcp_flags);

/* Where the server stands behind a segment, for a reset when the connection expires; repeated ones
 * don't take it back. */
static inline void track_server_at(struct conn *conn, uint32_t next_seq, uint32_t ack)
{
	if (unlikely(!(conn->flags & CONN_RS_SEEN))) {
		conn->flags |= CONN_RS_SEEN;
		conn->last_seq = next_seq;
		conn->last_ack = ack;
		return;
	}
	if ((int32_t)(next_seq - conn->last_seq) > 0)
		conn->last_seq = next_seq;
	if ((int32_t)(ack - conn->last_ack) > 0)
		conn->last_ack = ack;
}

/* How long it lives after a packet in its present state. */
uint32_t track_timeout_s(const struct worker *w, const struct conn *conn);

/* An ICMP error that goes on counts as a packet of that direction, and changes nothing else. */
void track_count(struct worker *w, struct conn *conn, uint32_t bytes, enum conn_dir dir);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/proto/tcp: what a connection's TCP segments make of its state, and the
 * shift of sequence numbers and timestamps that lets a server in TIME_WAIT
 * accept the next connection from the same local port (RFC 9293 3.10.7.4,
 * RFC 6191): both are chosen to be later than any this port has sent before.
 */
#ifndef IPVS_PROTO_TCP_H
#define IPVS_PROTO_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_tcp.h>

#include "ipvs/conn.h"

enum tcp_state {
	TCP_NONE,
	TCP_ESTABLISHED,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_SYNACK,
	TCP__COUNT,
};

enum tcp_path {
	TCP_PATH_INPUT,      /* from the client, and the server's answers are seen too */
	TCP_PATH_OUTPUT,     /* from the server */
	TCP_PATH_INPUT_ONLY, /* DR, tunnel: answers are not seen */
};

/* As ipvsadm prints it. */
extern const char *const tcp_state_names[TCP__COUNT];
extern const uint32_t tcp_default_timeouts_s[TCP__COUNT];

/* The state after a segment with these flags (RTE_TCP_*_FLAG). */
enum tcp_state tcp_next_state(enum tcp_path path, enum tcp_state state, uint8_t tcp_flags);

/* Does it count as an active connection at its server (as in the kernel, from SYN to closing)? */
bool tcp_state_active(enum tcp_state state);

/* May a SYN open a new connection in place of one in this state? */
bool tcp_state_reusable(enum tcp_state state);

/*
 * Chooses seq_delta and ts_delta for a connection whose SYN is at `th` (th_len bytes of header are
 * there), going out as `out`'s reverse: an initial sequence number from a clock and a keyed hash of
 * that tuple (RFC 6528), and timestamps from a clock of ours. Sets CONN_SEQ, CONN_TS. now_ns is of
 * a clock that goes on while the daemon is restarted.
 */
void tcp_choose_deltas(struct conn *conn, const struct hash_key *key, const struct tuple *out,
		       const struct rte_tcp_hdr *th, unsigned int th_len, uint64_t now_ns);

/*
 * Shifts the numbers of a segment in place: CONN_IN adds the deltas to seq and TSval; CONN_OUT
 * takes them off ack, SACK blocks and TSecr. Returns the checksum delta. th_len bytes of header are
 * there and writable.
 */
uint32_t tcp_shift(const struct conn *conn, enum conn_dir dir, struct rte_tcp_hdr *th,
		   unsigned int th_len);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow_rewrite: what the flow stage changes in a packet, as the slow path
 * would (xmit/translate, proto/tcp, track), of headers whose places are known.
 * Checksums change by what the connection remembers of its addresses and ports,
 * and by its TCP numbers' shift. Without CONN_NAT only TTL or hop limit changes, if that.
 */
#ifndef IPVS_FLOW_REWRITE_H
#define IPVS_FLOW_REWRITE_H

#include <netinet/in.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/conn_int.h"
#include "ipvs/flow_int.h"
#include "ipvs/flow_parse.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/track.h"
#include "packet/csum.h"

/* As track.c does: where the server stands. */
static inline void track_server(struct conn *conn, const uint8_t *th, uint16_t l4_len,
				const bool plain)
{
	uint32_t seq = rte_be_to_cpu_32(load32(th + 4)) + l4_len - (th[12] >> 2 & 0x3c);
	uint32_t ack = rte_be_to_cpu_32(load32(th + 8));

	if (!plain && (th[13] & (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG)))
		seq++;
	track_server_at(conn, seq, ack);
}

/* Adds to a number in network order; returns what that makes in a checksum. */
static inline uint32_t shift(uint8_t *at, uint32_t add)
{
	uint32_t before = load32(at), after = rte_cpu_to_be_32(rte_be_to_cpu_32(before) + add);

	store32(at, after);
	return csum_delta32(before, after);
}

/* As tcp_shift() does, of segments that tcp_usual() lets through. */
static __rte_always_inline uint32_t tcp_numbers(const struct conn *conn, enum conn_dir dir,
						uint8_t *th, const bool plain)
{
	uint32_t delta;

	if (!(conn->flags & CONN_SEQ))
		return 0;
	if (!plain && (th[13] & RTE_TCP_SYN_FLAG))
		return tcp_shift(conn, dir, (struct rte_tcp_hdr *)(void *)th, th[12] >> 2 & 0x3c);
	delta = dir == CONN_IN ? shift(th + 4, conn->seq_delta) : shift(th + 8, -conn->seq_delta);
	if (!(conn->flags & CONN_TS) || (th[12] >> 2 & 0x3c) != TCP_TS_LEN)
		return delta;
	return delta + (dir == CONN_IN ? shift(th + TCP_TS_AT, conn->ts_delta)
				       : shift(th + TCP_TS_AT + 4, -conn->ts_delta));
}

/* The same of the opposite direction; 0 and 0xffff are one number, and 0 may stand for "nothing".
 */
static inline uint32_t opposite(uint16_t delta)
{
	uint16_t other = (uint16_t)~delta;

	return other ? other : 0xffff;
}

/* `tcp`: else it is UDP. */
static __rte_always_inline void rewrite_l4(const struct conn *conn, enum conn_dir dir, uint8_t *l4,
					   const bool tcp, const bool plain)
{
	uint32_t delta = dir == CONN_IN ? conn->l4_delta : opposite(conn->l4_delta);

	if (tcp) {
		struct rte_tcp_hdr *th = (struct rte_tcp_hdr *)(void *)l4;

		th->cksum = csum_apply(th->cksum, delta + tcp_numbers(conn, dir, l4, plain));
	} else {
		struct rte_udp_hdr *uh = (struct rte_udp_hdr *)(void *)l4;

		uh->dgram_cksum = csum_apply_udp(uh->dgram_cksum, delta);
	}
}

/* The packet at its IP header gets the other direction's tuple, the other way round; `nat`: it has
 * CONN_NAT. */
static __rte_always_inline void rewrite4(const struct flow_run *run, const struct conn_line4 *line,
					 enum conn_dir dir, uint8_t *ip, const bool tcp,
					 const bool plain, const bool nat)
{
	const struct conn_key4 *other = &line->key[!dir];
	struct rte_ipv4_hdr *header = (struct rte_ipv4_hdr *)(void *)ip;
	uint32_t delta = run->ttl_delta;
	uint64_t addrs;
	uint32_t ports;

	header->time_to_live -= (uint8_t)run->ttl_step;
	if (nat) {
		const struct conn *conn = &line->conn;

		delta += dir == CONN_IN ? conn->ip_delta : opposite(conn->ip_delta);
		addrs = load64(&other->src);
		ports = load32(&other->sport);
		store64(ip + 12, addrs << 32 | addrs >> 32);
		store32(ip + 20, ports << 16 | ports >> 16);
		rewrite_l4(conn, dir, ip + IP_LEN, tcp, plain);
	}
	header->hdr_checksum = csum_apply(header->hdr_checksum, delta);
}

static __rte_always_inline void rewrite6(const struct flow_run *run, const struct conn_line6 *line,
					 enum conn_dir dir, uint8_t *ip, const bool tcp,
					 const bool plain, const bool nat)
{
	const struct tuple *other = &line->key[!dir];
	uint32_t ports;

	((struct rte_ipv6_hdr *)(void *)ip)->hop_limits -= (uint8_t)run->ttl_step;
	if (!nat)
		return;
	ports = load32(&other->sport);
	memcpy(ip + 8, &other->dst, sizeof(other->dst));
	memcpy(ip + 24, &other->src, sizeof(other->src));
	store32(ip + IP6_LEN, ports << 16 | ports >> 16);
	rewrite_l4(&line->conn, dir, ip + IP6_LEN, tcp, plain);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow_pass: what a packet in the flow stage does to its connection on its
 * way, whatever the mode: the ways to both ends are fresh, or are looked up; its
 * state and deadline; the counters; its headers. What happens to each packet is
 * here, what is seldom is in flow_pass.c.
 */
#ifndef IPVS_FLOW_PASS_H
#define IPVS_FLOW_PASS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <rte_mbuf.h>

#include "ipvs/flow_int.h"
#include "ipvs/flow_parse.h"
#include "ipvs/flow_rewrite.h"
#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "net/adj.h"
#include "net/neigh_int.h"
#include "net/stamp.h"
#include "packet/batch.h"

/* One number is the state of data flowing, whatever the protocol. */
#define STATE_FLOWS 1
_Static_assert(TCP_ESTABLISHED == STATE_FLOWS && UDP_NORMAL == STATE_FLOWS && UDP_ONEWAY == 0, "");

/* The counts of a run so far go to their service. */
void flow_count_flush(struct flow_run *run);

/* The way to an address of others; false: it is one of ours, or everybody's. */
bool flow_way_find(struct worker *w, unsigned int family, const union ip_addr *ip, uint16_t *adj);

/* That of a server. */
bool flow_dest_way_find(struct flow_run *run, struct dest *dest);

/* That of the line's client, into its connection. */
bool flow_client_way_find(struct flow_run *run, union flow_line line, bool six);

/* Of CONN_FAR: that of the host that the client asks for, likewise. */
bool flow_far_way_find(struct flow_run *run, union flow_line line, bool six);

/*
 * Before a packet goes on: the state that it leads to, and the deadline then, of which the wheel is
 * told when it is a nearer one; but not of CONN_NONE. false: this stage cannot, nothing was
 * changed.
 */
bool flow_moves(struct flow_run *run, union flow_line line, uint32_t id, enum conn_dir dir,
		struct dest *dest, const uint8_t *l4, bool six);

static __rte_always_inline void count_packet(struct flow_run *run, struct dest *dest,
					     enum conn_dir dir, uint16_t bytes)
{
	if (unlikely(run->count.service != dest->service)) {
		flow_count_flush(run);
		run->count = (struct flow_count){ .service = dest->service };
	}
	run->count.sum[dir] += FLOW_COUNT_PACKET + bytes;
	if (dir == CONN_IN) {
		dest->counters.inpkts++;
		dest->counters.inbytes += bytes;
	} else {
		dest->counters.outpkts++;
		dest->counters.outbytes += bytes;
	}
}

static inline struct conn *line_conn(union flow_line line, const bool six)
{
	return six ? &line.six->conn : &line.four->conn;
}

/* Else it is UDP's: this stage has no others. */
static inline bool line_tcp(union flow_line line, const bool six)
{
	return line_conn(line, six)->proto == IPPROTO_TCP;
}

/* Is the way to the server up to date? Else it is looked up. */
static inline bool dest_way_fresh(struct flow_run *run, struct dest *dest)
{
	uint32_t stamp = run->stamps[dest->slot];

	if (unlikely(dest->stamp != stamp)) {
		if (!flow_dest_way_find(run, dest))
			return false;
		dest->stamp = stamp;
	}
	return true;
}

static __rte_always_inline bool client_way_fresh(struct flow_run *run, union flow_line line,
						 const bool six)
{
	uint16_t slot = six ? stamp6_slot(&line.six->key[CONN_IN].src)
			    : stamp4_slot(line.four->key[CONN_IN].src);
	uint32_t stamp = run->stamps[slot];

	if (unlikely(line_conn(line, six)->stamp != stamp)) {
		if (!flow_client_way_find(run, line, six))
			return false;
		line_conn(line, six)->stamp = stamp;
	}
	return true;
}

/* Where packets of a direction come from, as the client knows it: its address, or what it asks for.
 */
static inline union ip_addr line_end(union flow_line line, enum conn_dir from, const bool six)
{
	if (six)
		return from == CONN_IN ? line.six->key[CONN_IN].src : line.six->key[CONN_IN].dst;
	return ip_from_v4(from == CONN_IN ? line.four->key[CONN_IN].src
					  : line.four->key[CONN_IN].dst);
}

/* CONN_FAR: the connection's own way to the host of the world. */
static __rte_always_inline bool far_way_fresh(struct flow_run *run, union flow_line line,
					      const bool six)
{
	uint16_t slot = six ? stamp6_slot(&line.six->key[CONN_IN].dst)
			    : stamp4_slot(line.four->key[CONN_IN].dst);
	uint32_t stamp = run->stamps[slot];

	if (unlikely(line_conn(line, six)->far_stamp != stamp)) {
		if (!flow_far_way_find(run, line, six))
			return false;
		line_conn(line, six)->far_stamp = stamp;
	}
	return true;
}

/* Both ways. */
static __rte_always_inline bool ways_fresh(struct flow_run *run, union flow_line line,
					   struct dest *dest, const bool six)
{
	return dest_way_fresh(run, dest) && client_way_fresh(run, line, six);
}

/* Its deadline behind a packet that carries data in the state of data flowing. */
static __rte_always_inline uint32_t deadline_next(const struct flow_run *run,
						  const struct conn *conn, const struct dest *dest,
						  const bool tcp)
{
	if (unlikely(dest->conn_timeout_s))
		return conn_deadline(dest->conn_timeout_s, run->now_ms);
	return tcp ? run->tcp_deadline : run->udp_deadline[conn->state];
}

/* Data flows, in the state that conn is in and stays in. */
static __rte_always_inline bool state_flows(const struct conn *conn, enum conn_dir dir,
					    const uint8_t *l4, const bool tcp)
{
	if (tcp)
		return conn->state == STATE_FLOWS &&
		       !(l4[13] & (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG));
	return dir == CONN_IN || conn->state == STATE_FLOWS;
}

/* What flow_moves() does, whose call data that only flows is spared. */
static __rte_always_inline bool flow_goes_on(struct flow_run *run, union flow_line line,
					     uint32_t id, enum conn_dir dir, struct dest *dest,
					     const uint8_t *l4, const bool six)
{
	const bool tcp = line_tcp(line, six);
	struct conn *conn = line_conn(line, six);
	uint32_t deadline = deadline_next(run, conn, dest, tcp);

	if (unlikely(!state_flows(conn, dir, l4, tcp) || deadline < conn->deadline))
		return flow_moves(run, line, id, dir, dest, l4, six);
	conn->deadline = deadline;
	return true;
}

/* Once its state is what this packet makes of it. */
static inline uint32_t deadline_moved(const struct flow_run *run, const struct conn *conn,
				      const struct dest *dest)
{
	const bool tcp = conn->proto == IPPROTO_TCP;

	if (tcp && conn->state != STATE_FLOWS)
		return conn_deadline(run->w->ipvs->config.tcp_timeout_s[conn->state], run->now_ms);
	return deadline_next(run, conn, dest, tcp);
}

/* Both sides are of this family. */
static inline bool family_stays(union flow_line line, enum conn_dir dir, const bool six)
{
	return !six || line.six->key[!dir].family == AF_INET6;
}

static inline void adj_use(const struct flow_run *run, struct adj *adj)
{
	if (likely(adj->used_ms == run->now_ms))
		return;
	adj->used_ms = run->now_ms;
	__atomic_store_n(&adj->neigh->uses, adj->neigh->uses + 1, __ATOMIC_RELAXED);
}

/* Of the IP packet in the frame: header and payload. */
static inline uint16_t ip_total(const uint8_t *frame, const bool six)
{
	if (six)
		return (uint16_t)(load_be16(frame + ETH_LEN + 4) + IP6_LEN);
	return load_be16(frame + ETH_LEN + 2);
}

static __rte_always_inline void rewrite(const struct flow_run *run, union flow_line line,
					enum conn_dir dir, uint8_t *ip, const bool six,
					const bool tcp, const bool plain, const bool nat)
{
	if (six)
		rewrite6(run, line.six, dir, ip, tcp, plain, nat);
	else
		rewrite4(run, line.four, dir, ip, tcp, plain, nat);
}

static inline bool line_nat(union flow_line line, const bool six)
{
	return line_conn(line, six)->flags & CONN_NAT;
}

/* `total` is ip_total(); `tcp` is line_tcp(); `plain`: neither SYN nor FIN; `nat` is line_nat(). */
static __rte_always_inline void pass(struct flow_run *run, union flow_line line, enum conn_dir dir,
				     struct dest *dest, uint8_t *frame, uint16_t total,
				     struct adj *adj, const bool six, const bool tcp,
				     const bool plain, const bool nat)
{
	uint8_t *ip = frame + ETH_LEN;
	uint16_t ip_len = six ? IP6_LEN : IP_LEN;

	if (dir == CONN_OUT && tcp)
		track_server(line_conn(line, six), ip + ip_len, (uint16_t)(total - ip_len), plain);
	count_packet(run, dest, dir, total);
	adj_use(run, adj);
	rewrite(run, line, dir, ip, six, tcp, plain, nat);
	memcpy(frame, &adj->eth, sizeof(adj->eth));
}

/* `len` bytes: what the sender's hardware has added to a short packet does not go on. */
static inline void push_out(struct rte_mbuf *m, uint16_t len, const struct adj *adj)
{
	struct batch *out = adj->out;

	m->data_len = len;
	m->pkt_len = len;
	out->pkts[out->count++] = m;
}

static inline struct flow_frame frame_of(struct rte_mbuf *m)
{
	return (struct flow_frame){ .at = rte_pktmbuf_mtod(m, uint8_t *),
				    .room = rte_pktmbuf_headroom(m) };
}

/* What m has become, in a frame that may begin elsewhere. */
static inline void push_frame(struct rte_mbuf *m, const struct flow_frame *frame,
			      const struct adj *adj)
{
	m->data_off = (uint16_t)(frame->at - (uint8_t *)m->buf_addr);
	push_out(m, frame->len, adj);
}

#endif

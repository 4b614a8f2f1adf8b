/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-cross: FNAT between families in the flow stage, as xmit/across does
 * it: the IP header is made anew (net/cross), and TCP or UDP behind it changes
 * by the connection's differences, which are those of the pseudo-headers, too.
 * The packet's end stays where it is, so its beginning moves.
 *
 * What is beyond that takes the slow path: a UDP checksum that has to be
 * computed, what has no room on its way, and IPv4 packets without DF that are
 * longer than the smallest IPv6 MTU, which may have to be cut.
 */
#include <netinet/in.h>
#include <string.h>

#include "api/ipvs.h"
#include "ipvs/flow_pass.h"
#include "net/cross.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "worker/worker.h"

static inline bool cross_client_way_fresh(struct flow_run *run, struct conn_line6 *line)
{
	const struct tuple *in = &line->key[CONN_IN];
	uint16_t slot = in->family == AF_INET6 ? stamp6_slot(&in->src) : stamp4_slot(in->src.v4);
	uint32_t stamp = run->stamps[slot];

	if (likely(line->conn.stamp == stamp))
		return true;
	if (!flow_way_find(run->w, in->family, &in->src, &line->conn.adj))
		return false;
	line->conn.stamp = stamp;
	return true;
}

/* To the other family's `to`. */
static inline struct adj *cross_way(struct flow_run *run, struct conn_line6 *line,
				    enum conn_dir dir, struct dest *dest, const uint8_t *frame,
				    const union ip_addr *to, const bool six)
{
	uint16_t id;

	if (unlikely(!dest_way_fresh(run, dest) || !cross_client_way_fresh(run, line)))
		return &run->adjs[ADJ_NONE];
	id = dir == CONN_IN ? dest->adj : line->conn.adj;
	if (likely(id != ADJ_NONE))
		return &run->adjs[id];
	return flow_way(run, frame, six ? AF_INET : AF_INET6, to);
}

/* May it be sent as the other family's packet of `len` bytes? */
static inline bool cross_fits(const struct cross *cross, const uint8_t *l4, uint32_t len,
			      const struct adj *adj, const bool six)
{
	if (unlikely(len > adj->fits))
		return false;
	if (six)
		return true;
	if (unlikely(cross->proto == IPPROTO_UDP && load16(l4 + 6) == 0))
		return false;
	return likely(cross->whole_only || len <= IP6_MTU_MIN);
}

/* As cross_read() does, of a header that was parsed: whole, and nothing between it and L4. */
static inline struct cross cross_read_parsed(const uint8_t *ip, const bool six)
{
	if (six)
		return (struct cross){
			.l4_len = load_be16(ip + 4),
			.tos = (uint8_t)(load_be16(ip) >> 4),
			.ttl = ip[7],
			.proto = ip[6],
		};
	return (struct cross){
		.l4_len = (uint16_t)(load_be16(ip + 2) - IP_LEN),
		.tos = ip[1],
		.ttl = ip[8],
		.proto = ip[9],
		.whole_only = ip[6] & 0x40,
	};
}

/* As cross_header_put() does; `other` is the tuple that answers it. */
static inline void cross_put(struct flow_run *run, uint8_t *ip, const struct cross *cross,
			     const struct tuple *other, const bool six)
{
	if (six)
		cross_ip4_put(ip, cross, cross->proto, ip4_next_id(run->w), cross_ip4_offset(cross),
			      other->dst.v4, other->src.v4);
	else
		cross_ip6_put(ip, cross, cross->proto, cross->l4_len, &other->dst, &other->src);
}

static inline void cross_l4(const struct conn_line6 *line, enum conn_dir dir, uint8_t *l4)
{
	uint32_t ports = load32(&line->key[!dir].sport);

	store32(l4, ports << 16 | ports >> 16);
	rewrite_l4(&line->conn, dir, l4, line->conn.proto == IPPROTO_TCP, false);
}

/* One of an echo, or that another mode has left, does not. */
static inline bool cross_flows(const struct conn *conn)
{
	return likely((conn->flags & (CONN_FLOW | CONN_NAT)) == (CONN_FLOW | CONN_NAT));
}

/* May the packet be sent that way as what it becomes? */
static __rte_always_inline bool cross_can(const struct flow_frame *frame, const struct cross *cross,
					  const struct adj *adj, const bool six)
{
	const uint8_t *l4 = frame->at + ETH_LEN + (six ? IP6_LEN : IP_LEN);
	uint32_t len = cross->l4_len + (six ? IP_LEN : IP6_LEN);

	return likely(cross_fits(cross, l4, len, adj, six) &&
		      (six || frame->room >= IP6_LEN - IP_LEN));
}

/* It becomes that. */
static __rte_always_inline void cross_go(struct flow_run *run, struct conn_line6 *line,
					 enum conn_dir dir, struct dest *dest,
					 struct flow_frame *frame, struct cross *cross,
					 struct adj *adj, const bool six)
{
	uint16_t was_len = six ? IP6_LEN : IP_LEN, len = six ? IP_LEN : IP6_LEN;
	uint8_t *l4 = frame->at + ETH_LEN + was_len, *ip = l4 - len;

	count_packet(run, dest, dir, (uint16_t)(cross->l4_len + was_len));
	adj_use(run, adj);
	cross_l4(line, dir, l4);
	cross->ttl -= (uint8_t)run->ttl_step;
	cross_put(run, ip, cross, &line->key[!dir], six);
	frame->at = ip - ETH_LEN;
	frame->len = (uint16_t)(cross->l4_len + len + ETH_LEN);
	memcpy(frame->at, &adj->eth, sizeof(adj->eth));
}

static __rte_always_inline struct adj *cross(struct flow_run *run, struct conn_line6 *line,
					     uint32_t id, enum conn_dir dir, struct dest *dest,
					     struct flow_frame *frame, const bool six)
{
	const uint8_t *l4 = frame->at + ETH_LEN + (six ? IP6_LEN : IP_LEN);
	struct cross cross = cross_read_parsed(frame->at + ETH_LEN, six);
	struct adj *adj;

	if (!cross_flows(&line->conn))
		return NULL;
	adj = cross_way(run, line, dir, dest, frame->at, &line->key[!dir].src, six);
	if (unlikely(!cross_can(frame, &cross, adj, six) ||
		     !flow_goes_on(run, (union flow_line){ .six = line }, id, dir, dest, l4, true)))
		return NULL;
	if (dir == CONN_OUT && line->conn.proto == IPPROTO_TCP)
		track_server(&line->conn, l4, cross.l4_len, false);
	cross_go(run, line, dir, dest, frame, &cross, adj, six);
	return adj;
}

/* The first packet of a connection, from a client that was looked at before. */
static __rte_always_inline struct adj *cross_first(struct flow_run *run, struct conn_line6 *line,
						   struct dest *dest, struct flow_frame *frame,
						   const bool six)
{
	struct cross cross = cross_read_parsed(frame->at + ETH_LEN, six);
	struct adj *adj;

	if (!cross_flows(&line->conn) || unlikely(!dest_way_fresh(run, dest)))
		return NULL;
	adj = &run->adjs[dest->adj];
	if (unlikely(dest->adj == ADJ_NONE))
		adj = flow_way(run, frame->at, six ? AF_INET : AF_INET6, &dest->addr);
	if (unlikely(!cross_can(frame, &cross, adj, six)))
		return NULL;
	if (line->conn.proto == IPPROTO_TCP)
		track_tcp_state(&line->conn, CONN_IN, dest, RTE_TCP_SYN_FLAG);
	cross_go(run, line, CONN_IN, dest, frame, &cross, adj, six);
	return adj;
}

static __rte_always_inline bool cross_packet(struct flow_run *run, struct rte_mbuf *m,
					     struct conn_line6 *line, uint32_t id,
					     enum conn_dir dir, const bool six)
{
	struct flow_frame frame = frame_of(m);
	const struct adj *adj = cross(run, line, id, dir, &run->dests[line->conn.dest], &frame,
				      six);

	if (unlikely(!adj))
		return false;
	push_frame(m, &frame, adj);
	return true;
}

bool flow_cross4(struct flow_run *run, struct rte_mbuf *m, struct conn_line6 *line, uint32_t id,
		 enum conn_dir dir)
{
	return cross_packet(run, m, line, id, dir, false);
}

bool flow_cross6(struct flow_run *run, struct rte_mbuf *m, struct conn_line6 *line, uint32_t id,
		 enum conn_dir dir)
{
	return cross_packet(run, m, line, id, dir, true);
}

struct adj *flow_cross(struct flow_run *run, struct conn_line6 *line, enum conn_dir dir,
		       struct dest *dest, struct flow_frame *frame)
{
	return line->key[dir].family == AF_INET6
		       ? cross(run, line, CONN_NONE, dir, dest, frame, true)
		       : cross(run, line, CONN_NONE, dir, dest, frame, false);
}

struct adj *flow_cross_first(struct flow_run *run, struct conn_line6 *line, struct dest *dest,
			     struct flow_frame *frame)
{
	return line->key[CONN_IN].family == AF_INET6 ? cross_first(run, line, dest, frame, true)
						     : cross_first(run, line, dest, frame, false);
}

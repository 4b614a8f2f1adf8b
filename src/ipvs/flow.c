/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow: see the header. A vector goes through loops, each over all of it:
 * packets are parsed; their index buckets are asked for; these are read, and
 * connections asked for; then all hits are rewritten and handed to their ports.
 * The waits of a vector for memory overlap: conn_probe.h says why no other work
 * stands between them. A packet costs two lines of memory that are not in the
 * cache, its index bucket and its connection's (IPv6: three); servers,
 * adjacencies and stamps are few. The mbuf is not touched beyond its first line.
 *
 * The way out is remembered: the server's in struct dest, the client's in
 * struct conn, each an adjacency and the stamp of the address it leads to. When
 * the stamp has moved on, the route is looked up again, here. Each packet looks
 * at both, since an address of ours must not be anybody's source either.
 *
 * TCP goes this way but for resets: segments that open and close, and the
 * server's answer to a SYN whatever its options, move the state machine as
 * track.c does, apart from the straight line of what only carries data. A
 * deadline that comes nearer is told to the wheel.
 *
 * SNAT's connections have a way of their own to the host that they have asked
 * for. Tunnels and FNAT between families, which need more, go beside this line:
 * flow_aside.c, flow_cross.c. What is of no connection may open one, with others
 * in a vector: flow_new.c. What all packets do to their connections: flow_pass.h.
 */
#include "ipvs/flow.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>

#include "ipvs/conn_probe.h"
#include "ipvs/flow_int.h"
#include "ipvs/flow_left.h"
#include "ipvs/flow_parse.h"
#include "ipvs/flow_pass.h"
#include "ipvs/ipvs.h"
#include "link/port.h"
#include "link/vlan.h"
#include "net/adj.h"
#include "net/net.h"
#include "worker/worker.h"

void flow_begin(struct worker *w, struct flow_run *run)
{
	const struct ipvs_config *config = &w->ipvs->config;

	adj_begin(w);
	w->ipvs->shed.late = false;
	/* one by one: to zero all of it first takes longer than a packet */
	run->w = w;
	run->conns = w->ipvs->conns;
	run->services = w->ipvs->services;
	run->dests = w->ipvs->services->dests;
	run->adjs = adj_array(w);
	run->stamps = w->net->stamps.at;
	run->now_ms = w->now_ms;
	run->tcp_deadline = conn_deadline(config->tcp_timeout_s[STATE_FLOWS], w->now_ms);
	run->udp_deadline[0] = conn_deadline(config->udp_timeout_s[0], w->now_ms);
	run->udp_deadline[1] = conn_deadline(config->udp_timeout_s[1], w->now_ms);
	run->ttl_step = !config->keep_ttl;
	run->ttl_delta = csum_delta16(rte_cpu_to_be_16(!config->keep_ttl << 8), 0);
	run->new_allowed = unlikely(w->rx_crowded) ? flow_shed_begin(w) : SHED_NOTHING;
	run->count.service = SERVICE_NONE;
	run->tagged = NULL;
	run->last_service = NULL;
	run->mac = load48(&w->link->ports[w->rx_port].mac);
}

void flow_end(struct flow_run *run)
{
	flow_count_flush(run);
	if (unlikely(run->new_allowed != SHED_NOTHING))
		run->w->ipvs->shed.tokens = run->new_allowed;
}

unsigned int flow_parse(const struct flow_run *run, const struct rte_mbuf *m,
			union flow_tuple *tuple)
{
	if (flow_parse4(run, m, &tuple->four))
		return AF_INET;
	return flow_parse6(run, m, &tuple->six) ? AF_INET6 : 0;
}

/* The remembered way, which is fresh, or this packet's. */
static __rte_always_inline struct adj *way_of(struct flow_run *run, union flow_line line,
					      enum conn_dir dir, const struct dest *dest,
					      const uint8_t *frame, const bool six)
{
	uint16_t id = dir == CONN_IN ? dest->adj : line_conn(line, six)->adj;
	union ip_addr client;

	if (likely(id != ADJ_NONE))
		return &run->adjs[id];
	client = six ? line.six->key[CONN_IN].src : ip_from_v4(line.four->key[CONN_IN].src);
	return flow_way(run, frame, six ? AF_INET6 : AF_INET,
			dir == CONN_IN ? &dest->addr : &client);
}

/* Both addresses are rewritten, there and back. */
static inline bool mode_is_nat(const struct conn *conn)
{
	return (conn->flags & (CONN_FLOW | CONN_NAT | CONN_FAR)) == (CONN_FLOW | CONN_NAT);
}

/* Answers that are not rewritten are only passing through: no business of this stage. */
static inline bool mode_is_plain(const struct conn *conn, enum conn_dir dir)
{
	return dir == CONN_IN && (conn->flags & (CONN_FLOW | CONN_NAT | CONN_FAR)) == CONN_FLOW;
}

static inline bool mode_is_far(const struct conn *conn)
{
	return (conn->flags & (CONN_FLOW | CONN_FAR)) == (CONN_FLOW | CONN_FAR);
}

/* SNAT's: the "server" is an address of ours, and both ways are the connection's own. */
static __rte_always_inline struct adj *far_way(struct flow_run *run, union flow_line line,
					       enum conn_dir dir, const uint8_t *frame,
					       const bool six)
{
	const struct conn *conn = line_conn(line, six);
	union ip_addr to;
	uint16_t id;

	if (unlikely(!client_way_fresh(run, line, six) || !far_way_fresh(run, line, six)))
		return &run->adjs[ADJ_NONE];
	id = dir == CONN_IN ? conn->far_adj : conn->adj;
	if (likely(id != ADJ_NONE))
		return &run->adjs[id];
	to = line_end(line, !dir, six);
	return flow_way(run, frame, six ? AF_INET6 : AF_INET, &to);
}

/* The adjacency of a packet; NULL: this stage cannot. */
static __rte_always_inline struct adj *straight_way(struct flow_run *run, union flow_line line,
						    enum conn_dir dir, struct dest *dest,
						    const uint8_t *frame, uint16_t total,
						    const bool six)
{
	struct adj *adj;

	if (unlikely(!family_stays(line, dir, six) || !ways_fresh(run, line, dest, six)))
		return NULL;
	adj = way_of(run, line, dir, dest, frame, six);
	return likely(total <= adj->fits) ? adj : NULL;
}

/* A packet under way. */
struct flow_item {
	struct rte_mbuf *m;
	struct conn_probe probe;
};

/* What moves the state, or brings the deadline nearer. */
static __rte_noinline struct adj *forward_move(struct flow_run *run, union flow_line line,
					       const struct flow_item *item, enum conn_dir dir,
					       struct dest *dest, uint8_t *frame, struct adj *adj,
					       bool six)
{
	const uint8_t *l4 = frame + ETH_LEN + (six ? IP6_LEN : IP_LEN);
	uint32_t id = item ? conn_ref_id(item->probe.ref) : CONN_NONE;

	if (!flow_moves(run, line, id, dir, dest, l4, six))
		return NULL;
	pass(run, line, dir, dest, frame, ip_total(frame, six), adj, six, line_tcp(line, six),
	     false, line_nat(line, six));
	return adj;
}

static __rte_always_inline struct adj *forward_flowing(struct flow_run *run, union flow_line line,
						       const struct flow_item *item,
						       enum conn_dir dir, struct dest *dest,
						       uint8_t *frame, uint16_t total,
						       struct adj *adj, const bool six,
						       const bool tcp, const bool nat)
{
	const uint8_t *l4 = frame + ETH_LEN + (six ? IP6_LEN : IP_LEN);
	struct conn *conn = line_conn(line, six);
	uint32_t deadline = deadline_next(run, conn, dest, tcp);

	if (unlikely(!state_flows(conn, dir, l4, tcp) || deadline < conn->deadline))
		return forward_move(run, line, item, dir, dest, frame, adj, six);
	conn->deadline = deadline;
	pass(run, line, dir, dest, frame, total, adj, six, tcp, true, nat);
	return adj;
}

/* A packet that has a way. Each protocol has code of its own. */
static __rte_always_inline struct adj *forward_by(struct flow_run *run, union flow_line line,
						  const struct flow_item *item, enum conn_dir dir,
						  struct dest *dest, uint8_t *frame, uint16_t total,
						  struct adj *adj, const bool six, const bool nat)
{
	return line_tcp(line, six) ? forward_flowing(run, line, item, dir, dest, frame, total, adj,
						     six, true, nat)
				   : forward_flowing(run, line, item, dir, dest, frame, total, adj,
						     six, false, nat);
}

/* Of another mode than NAT's. */
static __rte_always_inline struct adj *forward_other(struct flow_run *run, union flow_line line,
						     const struct flow_item *item,
						     enum conn_dir dir, struct dest *dest,
						     uint8_t *frame, uint16_t total, const bool six)
{
	const struct conn *conn = line_conn(line, six);
	struct adj *adj;

	if (mode_is_plain(conn, dir)) {
		adj = straight_way(run, line, dir, dest, frame, total, six);
		if (unlikely(!adj))
			return NULL;
		return forward_by(run, line, item, dir, dest, frame, total, adj, six, false);
	}
	if (!mode_is_far(conn))
		return NULL;
	adj = far_way(run, line, dir, frame, six);
	if (unlikely(total > adj->fits))
		return NULL;
	return forward_by(run, line, item, dir, dest, frame, total, adj, six, line_nat(line, six));
}

static __rte_always_inline struct adj *forward_dir(struct flow_run *run, union flow_line line,
						   const struct flow_item *item,
						   const enum conn_dir dir, struct dest *dest,
						   uint8_t *frame, uint16_t total, const bool six)
{
	struct adj *adj;

	if (unlikely(!mode_is_nat(line_conn(line, six))))
		return forward_other(run, line, item, dir, dest, frame, total, six);
	adj = straight_way(run, line, dir, dest, frame, total, six);
	if (unlikely(!adj))
		return NULL;
	return forward_by(run, line, item, dir, dest, frame, total, adj, six, true);
}

/* `total` is ip_total(). `item` has found the connection; NULL: the wheel is not told of its
 * deadline. Each direction and mode has code of its own. */
static __rte_always_inline struct adj *forward(struct flow_run *run, union flow_line line,
					       const struct flow_item *item, enum conn_dir dir,
					       struct dest *dest, uint8_t *frame, uint16_t total,
					       const bool six)
{
	return dir == CONN_IN ? forward_dir(run, line, item, CONN_IN, dest, frame, total, six)
			      : forward_dir(run, line, item, CONN_OUT, dest, frame, total, six);
}

struct adj *flow_forward(struct flow_run *run, unsigned int family, union flow_line line,
			 enum conn_dir dir, struct dest *dest, struct flow_frame *frame)
{
	bool six = family == AF_INET6;
	uint16_t total = ip_total(frame->at, six);
	struct adj *adj = six ? forward(run, line, NULL, dir, dest, frame->at, total, true)
			      : forward(run, line, NULL, dir, dest, frame->at, total, false);

	if (!adj)
		return flow_aside(run, line, dir, dest, frame, six);
	frame->len = (uint16_t)(total + ETH_LEN);
	return adj;
}

/* The first packet of a connection, from a client that was looked at before. */
static __rte_always_inline struct adj *forward_first(struct flow_run *run, union flow_line line,
						     struct dest *dest, uint8_t *frame,
						     uint16_t total, const bool six)
{
	struct conn *conn = line_conn(line, six);
	struct adj *adj;

	if (likely(mode_is_nat(conn) || mode_is_plain(conn, CONN_IN))) {
		if (unlikely(!family_stays(line, CONN_IN, six) || !dest_way_fresh(run, dest)))
			return NULL;
		adj = way_of(run, line, CONN_IN, dest, frame, six);
	} else if (mode_is_far(conn)) {
		adj = far_way(run, line, CONN_IN, frame, six);
	} else {
		return NULL;
	}
	if (unlikely(total > adj->fits))
		return NULL;
	if (conn->proto == IPPROTO_TCP)
		track_tcp_state(conn, CONN_IN, dest, RTE_TCP_SYN_FLAG);
	pass(run, line, CONN_IN, dest, frame, total, adj, six, line_tcp(line, six), false,
	     line_nat(line, six));
	return adj;
}

struct adj *flow_forward_first(struct flow_run *run, unsigned int family, union flow_line line,
			       struct dest *dest, struct flow_frame *frame)
{
	bool six = family == AF_INET6;
	uint16_t total = ip_total(frame->at, six);
	struct adj *adj = six ? forward_first(run, line, dest, frame->at, total, true)
			      : forward_first(run, line, dest, frame->at, total, false);

	if (!adj)
		return flow_aside_first(run, line, dest, frame, six);
	frame->len = (uint16_t)(total + ETH_LEN);
	return adj;
}

uint32_t flow_deadline_first(const struct flow_run *run, const struct conn *conn,
			     const struct dest *dest)
{
	return deadline_moved(run, conn, dest);
}

/* Of a packet that was parsed and not rewritten. */
static inline void tuple_of(const struct rte_mbuf *m, union flow_tuple *tuple, const bool six)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, ETH_LEN);

	if (six)
		flow_tuple6(ip, &tuple->six);
	else
		tuple->four = flow_tuple4(ip);
}

static inline bool item_right(const struct flow_item *item, const bool six)
{
	union flow_tuple tuple;

	tuple_of(item->m, &tuple, six);
	return six ? conn_probe6_right(&tuple.six, &item->probe)
		   : conn_probe_right(&tuple.four, &item->probe);
}

static inline union flow_line line_of(const struct flow_run *run, uint32_t id, const bool six)
{
	if (six)
		return (union flow_line){ .six = conn_line6(run->conns, id) };
	return (union flow_line){ .four = conn_line4(run->conns, id) };
}

/* Of a mode that is not straight, or between families. */
static __rte_noinline bool found_aside(struct flow_run *run, const struct flow_item *item,
				       union flow_line line, struct dest *dest, bool six)
{
	uint32_t id = conn_ref_id(item->probe.ref);
	enum conn_dir dir = conn_ref_dir(item->probe.ref);

	return six ? flow_aside6(run, item->m, line, id, dir, dest)
		   : flow_aside4(run, item->m, line, id, dir, dest);
}

/* Does one of the same connection take the slow path? */
static inline bool item_left(struct flow_left *left, const struct flow_item *item, const bool six)
{
	union flow_tuple tuple;

	if (!left)
		return false;
	tuple_of(item->m, &tuple, six);
	return left_has(left, &tuple, six);
}

static inline void item_leave(struct flow_left *left, const struct flow_item *item, const bool six)
{
	union flow_tuple tuple;

	if (!left)
		return;
	tuple_of(item->m, &tuple, six);
	left_add(left, left_key_of(&tuple, six));
}

/* false: it takes the slow path. `left` is NULL as long as nobody before it has. */
static __rte_always_inline bool flow_found(struct flow_run *run, const struct flow_item *item,
					   union flow_line line, struct flow_left *left,
					   const bool six)
{
	struct rte_mbuf *m = item->m;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t total = ip_total(frame, six);
	struct dest *dest;
	struct adj *adj;

	if (item_left(left, item, six))
		return false;
	dest = &run->dests[line_conn(line, six)->dest];
	adj = forward(run, line, item, conn_ref_dir(item->probe.ref), dest, frame, total, six);
	if (unlikely(!adj)) {
		if (found_aside(run, item, line, dest, six))
			return true;
		item_leave(left, item, six);
		return false;
	}
	push_out(m, (uint16_t)(total + ETH_LEN), adj);
	return true;
}

/* The same of a packet of IPv4 whose connection is not of IPv4 alone. */
static bool found_cross(struct flow_run *run, const struct flow_item *item, struct flow_left *left)
{
	uint32_t id = conn_ref_id(item->probe.ref);

	if (item_left(left, item, false))
		return false;
	if (likely(flow_cross4(run, item->m, conn_line6(run->conns, id), id,
			       conn_ref_dir(item->probe.ref))))
		return true;
	item_leave(left, item, false);
	return false;
}

/* The guess was wrong: it is of a connection that crosses, or a tag has deceived the probe. */
static __rte_noinline bool one_again(struct flow_run *run, struct flow_item *item,
				     struct flow_left *left, bool six)
{
	union flow_tuple tuple;
	struct conn_found found;

	tuple_of(item->m, &tuple, six);
	if (!six && conn_probe_right_cross(run->conns, &tuple.four, &item->probe))
		return found_cross(run, item, left);
	if (six)
		found.id = conn_lookup(run->conns, &tuple.six, &found.dir);
	else
		conn_lookup4(run->conns, &tuple.four, 1, &found);
	if (found.id == CONN_NONE)
		return false;
	item->probe.ref = conn_ref(found.id, found.dir);
	item->probe.line = &conn_line_none; /* the guess was of another one */
	if (!six && conn_class_of(found.id) != CONN_IP4)
		return found_cross(run, item, left);
	return flow_found(run, item, line_of(run, found.id, six), left, six);
}

/* The same; it may also be of a connection that the probe has missed. */
static __rte_always_inline bool flow_one(struct flow_run *run, struct flow_item *item,
					 struct flow_left *left, const bool six)
{
	union flow_line line;

	if (unlikely(!item_right(item, six)))
		return item->probe.ref && one_again(run, item, left, six);
	line.four = (struct conn_line4 *)(uintptr_t)item->probe.line;
	return flow_found(run, item, line, left, six);
}

static __rte_noinline void tags_back(struct flow_run *run, struct rte_mbuf *m)
{
	run->tagged->left++;
	run->tagged->left_bytes += m->pkt_len;
	vlan_put_back(run->w->link, m, run->tagged->port);
}

/* As it came. */
static inline void leave(struct flow_run *run, struct rte_mbuf *m)
{
	if (unlikely(run->tagged != NULL))
		tags_back(run, m);
	stage_push(run->w, STAGE_ETH_INPUT, m);
}

static inline void to_slow_path(struct flow_run *run, struct rte_mbuf *m)
{
	if (unlikely(run->new_allowed != SHED_NOTHING) && flow_shed(run, m))
		return;
	leave(run, m);
}

/* What became of a vector when it was parsed. */
struct flow_parsed {
	uint32_t n;
	uint32_t left;   /* a bit each of all received: could not be parsed */
	uint32_t others; /* of these: of the other family, or tagged */
};

/* false: it cannot be parsed. */
static inline bool item_start(const struct flow_run *run, struct rte_mbuf *m,
			      struct flow_item *item, const bool six)
{
	union flow_tuple tuple;

	if (unlikely(six ? !flow_parse6(run, m, &tuple.six) : !flow_parse4(run, m, &tuple.four)))
		return false;
	if (six)
		conn_probe6_start(run->conns, &tuple.six, &item->probe);
	else
		conn_probe_start(run->conns, &tuple.four, &item->probe);
	item->m = m;
	return true;
}

static __rte_always_inline struct flow_parsed vector_parse(const struct flow_run *run,
							   struct rte_mbuf **pkts, uint32_t n,
							   struct flow_item *items, const bool six)
{
	struct flow_parsed parsed = { .n = 0 };
	struct flow_item *item = items;

	for (struct rte_mbuf **pkt = pkts; pkt < pkts + n; pkt++) {
		if (likely(item_start(run, *pkt, item, six)))
			item++;
		else
			parsed.left |= 1u << (pkt - pkts);
	}
	parsed.n = (uint32_t)(item - items);
	return parsed;
}

/* Of no connection that was found, and alone: its connection may be opened here. */
static bool mixed_new(struct flow_run *run, struct flow_new *new, uint32_t at, struct rte_mbuf *m,
		      struct flow_left *left, const bool six)
{
	union flow_tuple tuple;

	tuple_of(m, &tuple, six);
	/* flow_one() has added what has a connection, but is not for this stage */
	if (left_has(left, &tuple, six))
		return false;
	left_add(left, left_key_of(&tuple, six));
	return flow_new_take(run, new, m, at, &tuple, six);
}

/* Of a mode that is not straight. */
static __rte_noinline bool first_aside(struct flow_run *run, struct rte_mbuf *m,
				       union flow_line line, struct dest *dest, bool six)
{
	struct flow_frame frame = frame_of(m);
	const struct adj *adj = flow_aside_first(run, line, dest, &frame, six);

	if (adj)
		push_frame(m, &frame, adj);
	return adj != NULL;
}

/* Of an IPv4 client to an IPv6 server. */
static __rte_noinline bool first_cross(struct flow_run *run, struct rte_mbuf *m,
				       struct conn_line6 *line, struct dest *dest)
{
	struct flow_frame frame = frame_of(m);
	const struct adj *adj = flow_cross_first(run, line, dest, &frame);

	if (adj)
		push_frame(m, &frame, adj);
	return adj != NULL;
}

static __rte_always_inline bool first_goes_on(struct flow_run *run, struct rte_mbuf *m,
					      union flow_line line, struct dest *dest,
					      const bool six)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t total = ip_total(frame, six);
	const struct adj *adj = forward_first(run, line, dest, frame, total, six);

	if (unlikely(!adj))
		return first_aside(run, m, line, dest, six);
	push_out(m, (uint16_t)(total + ETH_LEN), adj);
	return true;
}

/* false: there is a connection now, but no way on for its first packet here; or it was not made. */
static __rte_always_inline bool new_goes_on(struct flow_run *run, const struct flow_new_one *one,
					    const bool six)
{
	uint32_t id;
	enum flow_made made = flow_new_make(run, one, &id, six);
	struct dest *dest = one->opening.wants.dest;
	struct worker *w = run->w;
	const struct conn *conn;
	bool gone;

	if (unlikely(made != FLOW_MADE))
		return made == FLOW_MADE_DROPPED;
	if (!six && unlikely(conn_class_of(id) != CONN_IP4)) {
		conn = &conn_line6(run->conns, id)->conn;
		gone = first_cross(run, one->m, conn_line6(run->conns, id), dest);
	} else {
		conn = line_conn(line_of(run, id, six), six);
		gone = first_goes_on(run, one->m, line_of(run, id, six), dest, six);
	}
	if (unlikely(!gone)) {
		conn_set_timeout(run->conns, id, w->ipvs->config.conn_init_timeout_s, w->now_ms);
		return false;
	}
	conn_arm(run->conns, id, flow_deadline_first(run, conn, dest));
	w->counters.flow++;
	return true;
}

/* Those that were taken; returns what is left of them for the slow path, a bit each. */
static __rte_always_inline uint32_t new_go_on(struct flow_run *run, const struct flow_new *new,
					      const bool six)
{
	uint32_t left = 0;

	flow_new_ask(run, new, six);
	for (uint32_t i = 0; i < new->n; i++)
		if (!new_goes_on(run, &new->ones[i], six))
			left |= 1u << new->ones[i].at;
	return left;
}

/* From the first on that does not go to a port, or could not be parsed. Returns how many more have
 * gone there, of connections that were there. */
static __rte_always_inline uint32_t mixed(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
					  struct flow_item *items, struct flow_parsed parsed,
					  uint32_t first, const bool six)
{
	uint32_t slow = parsed.left & ~parsed.others, opened, hits = 0;
	struct flow_left left;
	struct flow_new new;

	left.n = 0;
	left.any_port = false;
	memset(left.seen, 0, sizeof(left.seen));
	new.n = 0;
	for (uint32_t bits = slow; bits; bits &= bits - 1)
		left_add_frame(&left, pkts[__builtin_ctz(bits)], six);
	for (uint32_t at = 0, i = 0; at < n; at++) {
		if ((parsed.left >> at & 1) || i++ < first)
			continue;
		if (flow_one(run, &items[i - 1], &left, six))
			hits++;
		else if (!mixed_new(run, &new, at, pkts[at], &left, six))
			slow |= 1u << at;
	}
	opened = new_go_on(run, &new, six);
	for (uint32_t bits = slow | opened; bits; bits &= bits - 1) {
		uint32_t at = (uint32_t)__builtin_ctz(bits);

		if (unlikely(opened >> at & 1)) /* it has had its place */
			leave(run, pkts[at]);
		else
			to_slow_path(run, pkts[at]);
	}
	return hits;
}

static __rte_noinline uint32_t mixed4(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
				      struct flow_item *items, struct flow_parsed parsed,
				      uint32_t first)
{
	return mixed(run, pkts, n, items, parsed, first, false);
}

static __rte_noinline uint32_t mixed6(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
				      struct flow_item *items, struct flow_parsed parsed,
				      uint32_t first)
{
	return mixed(run, pkts, n, items, parsed, first, true);
}

/* What could not be parsed because it has tags or is of the other family goes into `others`; which
 * these are, a bit each. */
static __rte_noinline uint32_t others_take(struct rte_mbuf **pkts, uint32_t left,
					   struct flow_others *others, bool six)
{
	uint32_t taken = 0;

	others->n = 0;
	others->n_tagged = 0;
	for (uint32_t bits = left; bits; bits &= bits - 1) {
		uint32_t at = (uint32_t)__builtin_ctz(bits);

		if (unlikely(flow_is_tagged(pkts[at])))
			others->tagged[others->n_tagged++] = pkts[at];
		else if (flow_is_ip6(pkts[at]) == six)
			continue;
		else
			others->pkts[others->n++] = pkts[at];
		taken |= 1u << at;
	}
	return taken;
}

/* A vector, but for what is tagged or of the other family, which goes into `others` (NULL: there is
 * nothing such); false: nothing has. */
static __rte_always_inline bool burst(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
				      struct flow_others *others, const bool six)
{
	struct flow_item items[BATCH_BURST], *item = items;
	struct flow_parsed parsed = vector_parse(run, pkts, n, items, six);
	uint32_t hits;

	conn_probes_guess(run->conns, &items->probe, sizeof(*items), parsed.n, six);
	if (likely(!parsed.left))
		while (item < items + n && likely(flow_one(run, item, NULL, six)))
			item++;
	else if (others)
		parsed.others = others_take(pkts, parsed.left, others, six);
	hits = (uint32_t)(item - items);
	if (unlikely(hits < n))
		hits += six ? mixed6(run, pkts, n, items, parsed, hits)
			    : mixed4(run, pkts, n, items, parsed, hits);
	run->w->counters.flow += hits;
	run->w->ipvs->shed.hits += hits;
	return parsed.others != 0;
}

static bool burst4(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
		   struct flow_others *others)
{
	return burst(run, pkts, n, others, false);
}

static __rte_noinline bool burst6(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
				  struct flow_others *others)
{
	return burst(run, pkts, n, others, true);
}

/* The packets of one direction of a connection are of one family, so the two may overtake each
 * other. */
bool flow_burst(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
		struct flow_others *others)
{
	if (unlikely(flow_is_ip6(pkts[0]))) {
		if (likely(!burst6(run, pkts, n, others)))
			return false;
		if (others->n)
			burst4(run, others->pkts, others->n, NULL);
		return others->n_tagged;
	}
	if (likely(!burst4(run, pkts, n, others)))
		return false;
	if (others->n)
		burst6(run, others->pkts, others->n, NULL);
	return others->n_tagged;
}

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

/* What moves the state, or brings the deadline nearer. */
static __rte_noinline struct adj *forward_move(struct flow_run *run, union flow_line line,
					       uint32_t id, enum conn_dir dir, struct dest *dest,
					       uint8_t *frame, struct adj *adj, bool six)
{
	const uint8_t *l4 = frame + ETH_LEN + (six ? IP6_LEN : IP_LEN);

	if (!flow_moves(run, line, id, dir, dest, l4, six))
		return NULL;
	pass(run, line, dir, dest, frame, ip_total(frame, six), adj, six, false,
	     line_nat(line, six));
	return adj;
}

/* A packet that has a way. */
static __rte_always_inline struct adj *forward_by(struct flow_run *run, union flow_line line,
						  uint32_t id, enum conn_dir dir, struct dest *dest,
						  uint8_t *frame, uint16_t total, struct adj *adj,
						  const bool six, const bool nat)
{
	const uint8_t *l4 = frame + ETH_LEN + (six ? IP6_LEN : IP_LEN);
	struct conn *conn = line_conn(line, six);
	uint32_t deadline = deadline_next(run, conn, dest);

	if (unlikely(!state_flows(conn, dir, l4) || deadline < conn->deadline))
		return forward_move(run, line, id, dir, dest, frame, adj, six);
	conn->deadline = deadline;
	pass(run, line, dir, dest, frame, total, adj, six, true, nat);
	return adj;
}

/* Of another mode than NAT's. */
static __rte_always_inline struct adj *forward_other(struct flow_run *run, union flow_line line,
						     uint32_t id, enum conn_dir dir,
						     struct dest *dest, uint8_t *frame,
						     uint16_t total, const bool six)
{
	const struct conn *conn = line_conn(line, six);
	struct adj *adj;

	if (mode_is_plain(conn, dir)) {
		adj = straight_way(run, line, dir, dest, frame, total, six);
		if (unlikely(!adj))
			return NULL;
		return forward_by(run, line, id, dir, dest, frame, total, adj, six, false);
	}
	if (!mode_is_far(conn))
		return NULL;
	adj = far_way(run, line, dir, frame, six);
	if (unlikely(total > adj->fits))
		return NULL;
	return forward_by(run, line, id, dir, dest, frame, total, adj, six, line_nat(line, six));
}

static __rte_always_inline struct adj *forward_dir(struct flow_run *run, union flow_line line,
						   uint32_t id, const enum conn_dir dir,
						   struct dest *dest, uint8_t *frame,
						   uint16_t total, const bool six)
{
	struct adj *adj;

	if (unlikely(!mode_is_nat(line_conn(line, six))))
		return forward_other(run, line, id, dir, dest, frame, total, six);
	adj = straight_way(run, line, dir, dest, frame, total, six);
	if (unlikely(!adj))
		return NULL;
	return forward_by(run, line, id, dir, dest, frame, total, adj, six, true);
}

/* `total` is ip_total(). Each direction and mode has code of its own. */
static __rte_always_inline struct adj *forward(struct flow_run *run, union flow_line line,
					       uint32_t id, enum conn_dir dir, struct dest *dest,
					       uint8_t *frame, uint16_t total, const bool six)
{
	return dir == CONN_IN ? forward_dir(run, line, id, CONN_IN, dest, frame, total, six)
			      : forward_dir(run, line, id, CONN_OUT, dest, frame, total, six);
}

struct adj *flow_forward(struct flow_run *run, unsigned int family, union flow_line line,
			 enum conn_dir dir, struct dest *dest, struct flow_frame *frame)
{
	bool six = family == AF_INET6;
	uint16_t total = ip_total(frame->at, six);
	struct adj *adj = six ? forward(run, line, CONN_NONE, dir, dest, frame->at, total, true)
			      : forward(run, line, CONN_NONE, dir, dest, frame->at, total, false);

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
	pass(run, line, CONN_IN, dest, frame, total, adj, six, false, line_nat(line, six));
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

struct flow_item4 {
	struct tuple4 tuple;
	struct rte_mbuf *m;
	struct conn_probe probe;
};

struct flow_item6 {
	struct tuple tuple;
	struct rte_mbuf *m;
	struct conn_probe probe;
};

/* A vector under way: what could be parsed, in its order, of one family. */
union flow_vector {
	struct flow_item4 four[BATCH_BURST];
	struct flow_item6 six[BATCH_BURST];
};

static inline union flow_tuple *vector_tuple(union flow_vector *vector, uint32_t i, const bool six)
{
	return six ? (union flow_tuple *)(void *)&vector->six[i].tuple
		   : (union flow_tuple *)(void *)&vector->four[i].tuple;
}

static inline struct conn_probe *vector_probe(union flow_vector *vector, uint32_t i, const bool six)
{
	return six ? &vector->six[i].probe : &vector->four[i].probe;
}

static inline struct rte_mbuf *vector_pkt(const union flow_vector *vector, uint32_t i,
					  const bool six)
{
	return six ? vector->six[i].m : vector->four[i].m;
}

static inline bool vector_found(const union flow_vector *vector, uint32_t i,
				struct conn_found *found, const bool six)
{
	const struct flow_item4 *four = &vector->four[i];
	const struct flow_item6 *item = &vector->six[i];

	return six ? conn_probe6_end(&item->tuple, &item->probe, found)
		   : conn_probe_end(&four->tuple, &four->probe, found);
}

static inline union flow_line line_of(const struct flow_run *run, uint32_t id, const bool six)
{
	if (six)
		return (union flow_line){ .six = conn_line6(run->conns, id) };
	return (union flow_line){ .four = conn_line4(run->conns, id) };
}

/* Of a mode that is not straight, or between families. */
static inline bool found_aside(struct flow_run *run, struct rte_mbuf *m, union flow_line line,
			       const struct conn_found *found, struct dest *dest, const bool six)
{
	return six ? flow_aside6(run, m, line, found->id, found->dir, dest)
		   : flow_aside4(run, m, line, found->id, found->dir, dest);
}

/* false: it takes the slow path. `left` is NULL as long as nobody before it has. */
static __rte_always_inline bool flow_found(struct flow_run *run, union flow_vector *vector,
					   uint32_t i, union flow_line line,
					   const struct conn_found *found, struct flow_left *left,
					   const bool six)
{
	struct rte_mbuf *m = vector_pkt(vector, i, six);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t total = ip_total(frame, six);
	struct dest *dest;
	struct adj *adj;

	if (left && left_has(left, vector_tuple(vector, i, six), six))
		return false;
	dest = &run->dests[line_conn(line, six)->dest];
	adj = forward(run, line, found->id, found->dir, dest, frame, total, six);
	if (unlikely(!adj)) {
		if (found_aside(run, m, line, found, dest, six))
			return true;
		if (left)
			left_add(left, left_key_of(vector_tuple(vector, i, six), six));
		return false;
	}
	push_out(m, (uint16_t)(total + ETH_LEN), adj);
	return true;
}

/* The same of a packet of IPv4 whose connection is not of IPv4 alone. */
static bool found_cross(struct flow_run *run, union flow_vector *vector, uint32_t i,
			const struct conn_found *found, struct flow_left *left)
{
	const union flow_tuple *tuple = vector_tuple(vector, i, false);

	if (left && left_has(left, tuple, false))
		return false;
	if (likely(flow_cross4(run, vector->four[i].m, conn_line6(run->conns, found->id), found->id,
			       found->dir)))
		return true;
	if (left)
		left_add(left, left_key_of(tuple, false));
	return false;
}

/* The guess was wrong: it is of a connection that crosses, or a tag has deceived the probe. */
static __rte_noinline bool one_again(struct flow_run *run, union flow_vector *vector, uint32_t i,
				     struct flow_left *left, bool six)
{
	const struct flow_item4 *four = &vector->four[i];
	struct conn_found found;

	if (!six && conn_probe_end_cross(run->conns, &four->tuple, &four->probe, &found))
		return found_cross(run, vector, i, &found, left);
	if (six)
		found.id = conn_lookup(run->conns, &vector->six[i].tuple, &found.dir);
	else
		conn_lookup4(run->conns, &four->tuple, 1, &found);
	if (found.id == CONN_NONE)
		return false;
	if (!six && conn_class_of(found.id) != CONN_IP4)
		return found_cross(run, vector, i, &found, left);
	return flow_found(run, vector, i, line_of(run, found.id, six), &found, left, six);
}

/* The same; it may also be of a connection that the probe has missed. */
static __rte_always_inline bool flow_one(struct flow_run *run, union flow_vector *vector,
					 uint32_t i, struct flow_left *left, const bool six)
{
	struct conn_found found;
	union flow_line line;

	if (unlikely(!vector_found(vector, i, &found, six)))
		return vector_probe(vector, i, six)->ref && one_again(run, vector, i, left, six);
	line.four = (struct conn_line4 *)(uintptr_t)vector_probe(vector, i, six)->line;
	return flow_found(run, vector, i, line, &found, left, six);
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
static inline bool item4_start(const struct flow_run *run, struct rte_mbuf *m,
			       struct flow_item4 *item)
{
	struct tuple4 tuple; /* apart, so that it stays in registers */

	if (unlikely(!flow_parse4(run, m, &tuple)))
		return false;
	item->tuple = tuple;
	conn_probe_start(run->conns, &tuple, &item->probe);
	item->m = m;
	return true;
}

static inline bool item6_start(const struct flow_run *run, struct rte_mbuf *m,
			       struct flow_item6 *item)
{
	if (unlikely(!flow_parse6(run, m, &item->tuple)))
		return false;
	conn_probe6_start(run->conns, &item->tuple, &item->probe);
	item->m = m;
	return true;
}

static __rte_always_inline struct flow_parsed vector_parse(const struct flow_run *run,
							   struct rte_mbuf **pkts, uint32_t n,
							   union flow_vector *vector,
							   const bool six)
{
	struct flow_parsed parsed = { .n = 0 };
	struct flow_item4 *four = vector->four;
	struct flow_item6 *item = vector->six;

	for (uint32_t i = 0; i < n; i++) {
		if (likely(six ? item6_start(run, pkts[i], item) : item4_start(run, pkts[i], four)))
			four++, item++;
		else
			parsed.left |= 1u << i;
	}
	parsed.n = (uint32_t)(six ? item - vector->six : four - vector->four);
	return parsed;
}

/* Of what was parsed, all memory that is needed of the index and of connections. */
static __rte_always_inline void vector_ask(const struct flow_run *run, union flow_vector *vector,
					   uint32_t n, const bool six)
{
	uint32_t again = 0; /* a bit each: in its second bucket */

	for (uint32_t i = 0; i < n; i++)
		conn_probe_ask(vector_probe(vector, i, six));
	for (uint32_t i = 0; i < n; i++)
		again |= (uint32_t)!conn_probe_guess(run->conns, vector_probe(vector, i, six), six)
			 << i;
	for (; unlikely(again); again &= again - 1)
		conn_probe_guess(run->conns,
				 vector_probe(vector, (uint32_t)__builtin_ctz(again), six), six);
}

/* Of no connection that was found, and alone: its connection may be opened here. */
static bool mixed_new(struct flow_run *run, struct flow_new *new, uint32_t at,
		      union flow_vector *vector, uint32_t i, struct flow_left *left, const bool six)
{
	union flow_tuple *tuple = vector_tuple(vector, i, six);

	/* flow_one() has added what has a connection, but is not for this stage */
	if (left_has(left, tuple, six))
		return false;
	left_add(left, left_key_of(tuple, six));
	return flow_new_take(run, new, vector_pkt(vector, i, six), at, tuple, six);
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
					  union flow_vector *vector, struct flow_parsed parsed,
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
		if (flow_one(run, vector, i - 1, &left, six))
			hits++;
		else if (!mixed_new(run, &new, at, vector, i - 1, &left, six))
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
				      union flow_vector *vector, struct flow_parsed parsed,
				      uint32_t first)
{
	return mixed(run, pkts, n, vector, parsed, first, false);
}

static __rte_noinline uint32_t mixed6(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
				      union flow_vector *vector, struct flow_parsed parsed,
				      uint32_t first)
{
	return mixed(run, pkts, n, vector, parsed, first, true);
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
	union flow_vector vector;
	struct flow_parsed parsed = vector_parse(run, pkts, n, &vector, six);
	uint32_t hits = 0;

	vector_ask(run, &vector, parsed.n, six);
	if (likely(!parsed.left))
		while (hits < n && likely(flow_one(run, &vector, hits, NULL, six)))
			hits++;
	else if (others)
		parsed.others = others_take(pkts, parsed.left, others, six);
	if (unlikely(hits < n))
		hits += six ? mixed6(run, pkts, n, &vector, parsed, hits)
			    : mixed4(run, pkts, n, &vector, parsed, hits);
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

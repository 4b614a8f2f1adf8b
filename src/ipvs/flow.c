/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow: see the header. A vector goes through two loops: packets are
 * parsed and looked up, the index some packets behind the parser; then all hits
 * are rewritten and handed to their ports. So while one packet waits for
 * memory, others are worked on. A packet costs two
 * lines of memory that are not in the cache, its index bucket and its
 * connection's; servers, adjacencies and stamps are few. The mbuf is not
 * touched beyond its first line.
 *
 * The way out is remembered: the server's in struct dest, the client's in
 * struct conn, each an adjacency and the stamp of the address it leads to. When
 * the stamp has moved on, the route is looked up again, here. Each packet looks
 * at both, since an address of ours must not be anybody's source either.
 *
 * TCP goes this way in the established state only, and without SYN, FIN or RST;
 * so no packet here changes a state, and deadlines only move away from now.
 *
 * What is of no connection may open one, with others in a vector: flow_new.c.
 */
#include "ipvs/flow.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/conn_probe.h"
#include "ipvs/flow_int.h"
#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "ipvs/track.h"
#include "link/port.h"
#include "net/addr.h"
#include "net/adj.h"
#include "net/neigh_int.h"
#include "net/net.h"
#include "net/route.h"
#include "packet/csum.h"
#include "worker/worker.h"

#define ETH_LEN 14u
#define IP_LEN  20u
#define TCP_LEN 20u
#define UDP_LEN 8u

/* Two NOPs and the timestamps: the only TCP options that this stage takes. */
#define TCP_TS_LEN 32u
#define TCP_TS_AT  24u /* TSval; TSecr behind it */

/* So many packets are parsed between asking for a bucket and reading it. */
#define GUESS_BEHIND 16u
#define AGAIN_AHEAD  6u

/* One number is the state of data flowing, whatever the protocol. */
#define STATE_FLOWS 1
_Static_assert(TCP_ESTABLISHED == STATE_FLOWS && UDP_NORMAL == STATE_FLOWS && UDP_ONEWAY == 0, "");

static inline uint16_t load16(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t load32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t load64(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline void store32(void *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void store64(void *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

void flow_begin(struct worker *w, struct flow_run *run)
{
	const struct ipvs_config *config = &w->ipvs->config;

	adj_begin(w);
	w->ipvs->shed.late = false;
	*run = (struct flow_run){
		.w = w,
		.conns = w->ipvs->conns,
		.services = w->ipvs->services,
		.dests = w->ipvs->services->dests,
		.adjs = adj_array(w),
		.stamps = w->net->stamps.at,
		.now_ms = w->now_ms,
		.tcp_deadline = conn_deadline(config->tcp_timeout_s[STATE_FLOWS], w->now_ms),
		.udp_deadline = { conn_deadline(config->udp_timeout_s[0], w->now_ms),
				  conn_deadline(config->udp_timeout_s[1], w->now_ms) },
		.new_allowed = unlikely(w->rx_crowded) ? flow_shed_begin(w) : SHED_NOTHING,
		.count.service = SERVICE_NONE,
	};
	memcpy(&run->mac, &w->link->ports[w->rx_port].mac, RTE_ETHER_ADDR_LEN);
}

static void count_flush(struct flow_run *run)
{
	const struct flow_count *count = &run->count;
	struct service *svc = service_get(run->services, count->service);

	if (!svc)
		return;
	svc->counters.inpkts += count->pkts[CONN_IN];
	svc->counters.inbytes += count->bytes[CONN_IN];
	svc->counters.outpkts += count->pkts[CONN_OUT];
	svc->counters.outbytes += count->bytes[CONN_OUT];
}

void flow_end(struct flow_run *run)
{
	count_flush(run);
	if (unlikely(run->new_allowed != SHED_NOTHING))
		run->w->ipvs->shed.tokens = run->new_allowed;
}

static inline void count_packet(struct flow_run *run, struct dest *dest, enum conn_dir dir,
				uint16_t bytes)
{
	if (unlikely(run->count.service != dest->service)) {
		count_flush(run);
		run->count = (struct flow_count){ .service = dest->service };
	}
	run->count.pkts[dir]++;
	run->count.bytes[dir] += bytes;
	if (dir == CONN_IN) {
		dest->counters.inpkts++;
		dest->counters.inbytes += bytes;
	} else {
		dest->counters.outpkts++;
		dest->counters.outbytes += bytes;
	}
}

/* What the port says of the packet: nothing, or that checksums are good. */
static inline bool port_content(uint64_t ol_flags)
{
	const uint64_t bad = RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_IP_CKSUM_BAD;
	const uint64_t l4_none = RTE_MBUF_F_RX_L4_CKSUM_NONE;

	return !(ol_flags & bad) && (ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != l4_none;
}

static inline bool ip_checksum_right(uint64_t ol_flags, const uint8_t *ip)
{
	uint64_t a = load64(ip), b = load64(ip + 8), sum;

	if (ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return true;
	sum = (a & 0xffffffff) + (a >> 32) + (b & 0xffffffff) + (b >> 32) + load32(ip + 16);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return csum_fold((uint32_t)sum) == 0xffff;
}

/* A segment that changes no state, without options or with timestamps as everybody sends them. */
static inline bool tcp_usual(const uint8_t *th, uint16_t l4_len, uint16_t there)
{
	uint8_t flags = th[13], len = th[12] >> 2 & 0x3c;

	if ((flags & (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG)) !=
		    RTE_TCP_ACK_FLAG ||
	    len > l4_len || len > there)
		return false;
	if (len == TCP_LEN)
		return true;
	return len == TCP_TS_LEN && load32(th + TCP_LEN) == RTE_BE32(0x0101080a);
}

static inline bool parse(const struct flow_run *run, const struct rte_mbuf *m, struct tuple4 *tuple)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + ETH_LEN;
	uint16_t there = m->data_len, total, l4_len;
	uint64_t ol_flags = m->ol_flags;

	if (unlikely(there < ETH_LEN + IP_LEN + UDP_LEN || m->nb_segs != 1 ||
		     !port_content(ol_flags)))
		return false;
	/* to us; IPv4 without options; no fragment; TTL to spare; whole */
	total = rte_be_to_cpu_16(load16(ip + 2));
	if (unlikely((load64(frame) & UINT64_C(0xffffffffffff)) != run->mac ||
		     (load32(frame + 12) & RTE_BE32(0xffffff00)) != RTE_BE32(0x08004500) ||
		     (load16(ip + 6) & RTE_BE16(0xbfff)) != 0 || ip[8] <= 1 ||
		     total + ETH_LEN > there || total < IP_LEN + UDP_LEN ||
		     !ip_checksum_right(ol_flags, ip)))
		return false;
	l4_len = (uint16_t)(total - IP_LEN);
	if (ip[9] == IPPROTO_TCP) {
		if (unlikely(there < ETH_LEN + IP_LEN + TCP_LEN ||
			     !tcp_usual(ip + IP_LEN, l4_len, (uint16_t)(there - ETH_LEN - IP_LEN))))
			return false;
	} else if (ip[9] == IPPROTO_UDP) {
		uint16_t dgram_len = rte_be_to_cpu_16(load16(ip + IP_LEN + 4));

		if (unlikely(dgram_len < UDP_LEN || dgram_len > l4_len))
			return false;
	} else {
		return false;
	}
	tuple->addrs = load64(ip + 12);
	tuple->ports = load32(ip + 20);
	tuple->rest = tuple4_rest(ip[9], 0);
	return true;
}

bool flow_parse(const struct flow_run *run, const struct rte_mbuf *m, struct tuple4 *tuple)
{
	return parse(run, m, tuple);
}

/* The way to an address of others; false: it is one of ours, or everybody's. */
static bool way_find(struct worker *w, be32 addr, uint16_t *adj)
{
	union ip_addr ip = ip_from_v4(addr);
	struct nexthop nexthop;

	if (addr_is_local(w, AF_INET, &ip) || addr_is_broadcast(w, AF_INET, &ip))
		return false;
	*adj = ADJ_NONE;
	/* what depends on more than the address is looked up for each packet, behind this stage */
	if (route_output(w, AF_INET, &ip, &nexthop) && !nexthop.per_flow && !nexthop.per_tos)
		*adj = adj_get(w, AF_INET, &nexthop);
	return true;
}

/* Is the way to the server up to date? Else it is looked up. */
static inline bool dest_way_fresh(struct flow_run *run, struct dest *dest)
{
	uint32_t stamp = run->stamps[dest->slot];

	if (unlikely(dest->stamp != stamp)) {
		if (!way_find(run->w, dest->addr.v4, &dest->adj))
			return false;
		dest->stamp = stamp;
	}
	return true;
}

/* Both ways. */
static inline bool ways_fresh(struct flow_run *run, struct conn_line4 *line, struct dest *dest)
{
	be32 client = line->key[CONN_IN].src;
	uint32_t client_stamp = run->stamps[stamp4_slot(client)];

	if (!dest_way_fresh(run, dest))
		return false;
	if (unlikely(line->conn.stamp != client_stamp)) {
		if (!way_find(run->w, client, &line->conn.adj))
			return false;
		line->conn.stamp = client_stamp;
	}
	return true;
}

/* Its deadline behind this packet. */
static inline uint32_t deadline_next(const struct flow_run *run, const struct conn *conn,
				     const struct dest *dest)
{
	if (unlikely(dest->conn_timeout_s))
		return conn_deadline(dest->conn_timeout_s, run->now_ms);
	return conn->proto == IPPROTO_TCP ? run->tcp_deadline : run->udp_deadline[conn->state];
}

/* Data flows, in the state that conn is in and stays in. */
static inline bool state_flows(const struct conn *conn, enum conn_dir dir)
{
	return conn->state == STATE_FLOWS ||
	       (dir == CONN_IN && conn->state == UDP_ONEWAY && conn->proto == IPPROTO_UDP);
}

/* Answers that are not rewritten are only passing through: no business of this stage. */
static inline bool mode_flows(const struct conn *conn, enum conn_dir dir)
{
	uint16_t needed = dir == CONN_IN ? CONN_FLOW : CONN_FLOW | CONN_NAT;

	return (conn->flags & needed) == needed;
}

/* As track.c does: where the server stands. */
static inline void track_server(struct conn *conn, const uint8_t *th, uint16_t l4_len)
{
	uint32_t seq = rte_be_to_cpu_32(load32(th + 4)) + l4_len - (th[12] >> 2 & 0x3c);
	uint32_t ack = rte_be_to_cpu_32(load32(th + 8));

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
static inline uint32_t tcp_numbers(const struct conn *conn, enum conn_dir dir, uint8_t *th)
{
	bool stamps = (conn->flags & CONN_TS) && (th[12] >> 2 & 0x3c) == TCP_TS_LEN;
	uint32_t delta;

	if (!(conn->flags & CONN_SEQ))
		return 0;
	if (dir == CONN_IN) {
		delta = shift(th + 4, conn->seq_delta);
		return stamps ? delta + shift(th + TCP_TS_AT, conn->ts_delta) : delta;
	}
	delta = shift(th + 8, -conn->seq_delta);
	return stamps ? delta + shift(th + TCP_TS_AT + 4, -conn->ts_delta) : delta;
}

/* The same of the opposite direction; 0 and 0xffff are one number, and 0 may stand for "nothing".
 */
static inline uint32_t opposite(uint16_t delta)
{
	uint16_t other = (uint16_t)~delta;

	return other ? other : 0xffff;
}

static inline void rewrite_l4(const struct conn *conn, enum conn_dir dir, uint8_t *l4)
{
	uint32_t delta = dir == CONN_IN ? conn->l4_delta : opposite(conn->l4_delta);

	if (conn->proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *th = (struct rte_tcp_hdr *)(void *)l4;

		th->cksum = csum_apply(th->cksum, delta + tcp_numbers(conn, dir, l4));
	} else {
		struct rte_udp_hdr *uh = (struct rte_udp_hdr *)(void *)l4;

		uh->dgram_cksum = csum_apply_udp(uh->dgram_cksum, delta);
	}
}

/* The packet gets the other direction's tuple, the other way round. */
static inline void rewrite(const struct conn_line4 *line, enum conn_dir dir, uint8_t *ip)
{
	const struct conn_key4 *other = &line->key[!dir];
	struct rte_ipv4_hdr *header = (struct rte_ipv4_hdr *)(void *)ip;
	uint32_t delta = csum_delta16(RTE_BE16(0x0100), 0);
	uint64_t addrs;
	uint32_t ports;

	header->time_to_live--;
	if (likely(line->conn.flags & CONN_NAT)) {
		const struct conn *conn = &line->conn;

		delta += dir == CONN_IN ? conn->ip_delta : opposite(conn->ip_delta);
		addrs = load64(&other->src);
		ports = load32(&other->sport);
		store64(ip + 12, addrs << 32 | addrs >> 32);
		store32(ip + 20, ports << 16 | ports >> 16);
		rewrite_l4(conn, dir, ip + IP_LEN);
	}
	header->hdr_checksum = csum_apply(header->hdr_checksum, delta);
}

static inline void adj_use(const struct flow_run *run, struct adj *adj)
{
	if (likely(adj->used_ms == run->now_ms))
		return;
	adj->used_ms = run->now_ms;
	__atomic_store_n(&adj->neigh->uses, adj->neigh->uses + 1, __ATOMIC_RELAXED);
}

static __rte_always_inline struct adj *forward(struct flow_run *run, struct conn_line4 *line,
					       enum conn_dir dir, struct dest *dest, uint8_t *frame)
{
	uint8_t *ip = frame + ETH_LEN;
	uint16_t total = rte_be_to_cpu_16(load16(ip + 2));
	struct conn *conn = &line->conn;
	uint32_t deadline;
	struct adj *adj;

	if (unlikely(!mode_flows(conn, dir) || !state_flows(conn, dir) ||
		     !ways_fresh(run, line, dest)))
		return NULL;
	adj = &run->adjs[dir == CONN_IN ? dest->adj : conn->adj];
	deadline = deadline_next(run, conn, dest);
	/* a deadline that comes nearer is the wheel's business */
	if (unlikely(!adj->usable || total > adj->mtu || deadline < conn->deadline))
		return NULL;
	conn->deadline = deadline;
	if (dir == CONN_OUT && conn->proto == IPPROTO_TCP)
		track_server(conn, ip + IP_LEN, (uint16_t)(total - IP_LEN));
	count_packet(run, dest, dir, total);
	adj_use(run, adj);
	rewrite(line, dir, ip);
	memcpy(frame, &adj->eth, sizeof(adj->eth));
	return adj;
}

struct adj *flow_forward(struct flow_run *run, struct conn_line4 *line, enum conn_dir dir,
			 struct dest *dest, uint8_t *frame)
{
	return forward(run, line, dir, dest, frame);
}

struct adj *flow_forward_first(struct flow_run *run, struct conn_line4 *line, struct dest *dest,
			       uint8_t *frame)
{
	uint8_t *ip = frame + ETH_LEN;
	uint16_t total = rte_be_to_cpu_16(load16(ip + 2));
	struct adj *adj;

	if (unlikely(!mode_flows(&line->conn, CONN_IN) || !dest_way_fresh(run, dest)))
		return NULL;
	adj = &run->adjs[dest->adj];
	if (unlikely(!adj->usable || total > adj->mtu))
		return NULL;
	count_packet(run, dest, CONN_IN, total);
	adj_use(run, adj);
	rewrite(line, CONN_IN, ip);
	memcpy(frame, &adj->eth, sizeof(adj->eth));
	return adj;
}

uint32_t flow_deadline_first(const struct flow_run *run, const struct dest *dest)
{
	if (unlikely(dest->conn_timeout_s))
		return conn_deadline(dest->conn_timeout_s, run->now_ms);
	return run->udp_deadline[UDP_ONEWAY];
}

/* What the sender's hardware has added to a short packet does not go on. */
static inline void cut_padding(struct rte_mbuf *m, const uint8_t *frame)
{
	uint16_t len = (uint16_t)(rte_be_to_cpu_16(load16(frame + ETH_LEN + 2)) + ETH_LEN);

	m->data_len = len;
	m->pkt_len = len;
}

static inline void push_out(struct flow_run *run, struct rte_mbuf *m, const struct adj *adj)
{
	struct batch *out = &run->w->link->tx[adj->port];

	cut_padding(m, rte_pktmbuf_mtod(m, const uint8_t *));
	out->pkts[out->count++] = m;
}

/* Whose connections the packets are of that take the slow path: none behind may overtake them. */
struct flow_left {
	uint64_t keys[BATCH_BURST];
	uint64_t seen[4]; /* a bit each, by left_bit() */
	uint32_t n;
};

/* Two connections may have the same, which does no harm. */
static inline uint64_t left_key(uint64_t addrs, uint32_t ports)
{
	return addrs + ports * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint64_t *left_bit(struct flow_left *left, uint64_t key, uint64_t *bit)
{
	*bit = UINT64_C(1) << (key >> 58);
	return &left->seen[key >> 56 & 3];
}

static inline void left_add(struct flow_left *left, uint64_t key)
{
	uint64_t bit, *seen = left_bit(left, key, &bit);

	*seen |= bit;
	left->keys[left->n++] = key;
}

/* What could not be parsed may be of a connection all the same. */
static void left_add_frame(struct flow_left *left, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t l4 = ETH_LEN + IP_LEN;

	if (m->data_len >= l4)
		l4 = RTE_MAX(l4, ETH_LEN + (frame[ETH_LEN] & 15) * 4u);
	if (m->data_len >= l4 + sizeof(uint32_t))
		left_add(left, left_key(load64(frame + ETH_LEN + 12), load32(frame + l4)));
}

static inline bool left_has(struct flow_left *left, uint64_t key)
{
	uint64_t bit, *seen = left_bit(left, key, &bit);
	bool has = false;

	if (likely(!(*seen & bit)))
		return false;
	for (uint32_t i = 0; i < left->n; i++)
		has |= left->keys[i] == key;
	return has;
}

/* false: it takes the slow path. `left` is NULL as long as nobody before it has. */
static __rte_always_inline bool flow_one(struct flow_run *run, struct rte_mbuf *m,
					 const struct tuple4 *tuple, const struct conn_probe *probe,
					 struct flow_left *left)
{
	struct conn_found found;
	struct conn_line4 *line;
	struct adj *adj;

	if (unlikely(!conn_probe_end(run->conns, tuple, probe, &found)))
		return false;
	if (left && left_has(left, left_key(tuple->addrs, tuple->ports)))
		return false;
	line = conn_line4(run->conns, found.id);
	adj = forward(run, line, found.dir, &run->dests[line->conn.dest],
		      rte_pktmbuf_mtod(m, uint8_t *));
	if (unlikely(!adj)) {
		if (left)
			left_add(left, left_key(tuple->addrs, tuple->ports));
		return false;
	}
	push_out(run, m, adj);
	return true;
}

static inline void to_slow_path(struct flow_run *run, struct rte_mbuf *m)
{
	if (unlikely(run->new_allowed != SHED_NOTHING) && flow_shed(run, m))
		return;
	stage_push(run->w, STAGE_ETH_INPUT, m);
}

/* A vector under way: what could be parsed, in its order. */
struct flow_vector {
	struct rte_mbuf *pkts[BATCH_BURST];
	struct tuple4 tuples[BATCH_BURST];
	struct conn_probe probes[BATCH_BURST];
};

/* How far it is; apart, so that it stays in registers. */
struct flow_steps {
	uint32_t n;       /* parsed */
	uint32_t guessed; /* of these */
	uint32_t again;   /* a bit each: in its second bucket */
	uint32_t left;    /* a bit each of all received: for the slow path */
};

static inline void vector_guess(const struct flow_run *run, struct flow_vector *vector,
				struct flow_steps *steps)
{
	uint32_t i = steps->guessed++;

	steps->again |= (uint32_t)!conn_probe_guess(run->conns, &vector->probes[i]) << i;
}

static inline void vector_guess_again(const struct flow_run *run, struct flow_vector *vector,
				      struct flow_steps *steps, uint32_t i)
{
	if (unlikely(i < steps->n && steps->again >> i & 1)) {
		steps->again &= ~(1u << i);
		conn_probe_guess(run->conns, &vector->probes[i]);
	}
}

/* Parsed, and on their way to be found. */
static inline void vector_parse(const struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
				struct flow_vector *vector, struct flow_steps *steps)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = steps->n;

		if (unlikely(!parse(run, pkts[i], &vector->tuples[at]))) {
			steps->left |= 1u << i;
			continue;
		}
		conn_probe_start(run->conns, &vector->tuples[at], &vector->probes[at]);
		vector->pkts[at] = pkts[i];
		steps->n++;
		if (at >= GUESS_BEHIND)
			vector_guess(run, vector, steps);
	}
}

static __rte_always_inline bool vector_one(struct flow_run *run, struct flow_vector *vector,
					   struct flow_steps *steps, uint32_t i,
					   struct flow_left *left)
{
	if (steps->guessed < steps->n)
		vector_guess(run, vector, steps);
	vector_guess_again(run, vector, steps, i + AGAIN_AHEAD);
	vector_guess_again(run, vector, steps, i);
	return flow_one(run, vector->pkts[i], &vector->tuples[i], &vector->probes[i], left);
}

/* Of no connection, and alone: its connection may be opened here. */
static bool mixed_new(struct flow_run *run, struct flow_new *new, struct rte_mbuf *m, uint32_t at,
		      const struct tuple4 *tuple, const struct conn_probe *probe,
		      struct flow_left *left)
{
	uint64_t key = left_key(tuple->addrs, tuple->ports);
	struct conn_found found;

	if (left_has(left, key))
		return false;
	if (unlikely(probe->ref)) { /* of that connection, or the tag deceives */
		conn_lookup4(run->conns, tuple, 1, &found);
		if (found.id != CONN_NONE)
			return false;
	}
	left_add(left, key);
	return flow_new_take(run, new, m, at, tuple);
}

/* false: there is a connection now, but no way on for its first packet here. */
static bool new_goes_on(struct flow_run *run, const struct flow_new_one *one)
{
	uint32_t id = flow_new_make(run, one);
	struct dest *dest = one->opening.wants.dest;
	struct worker *w = run->w;
	struct adj *adj;

	if (unlikely(id == CONN_NONE))
		return true;
	adj = flow_forward_first(run, conn_line4(run->conns, id), dest,
				 rte_pktmbuf_mtod(one->m, uint8_t *));
	if (unlikely(!adj)) {
		conn_set_timeout(run->conns, id, w->ipvs->config.conn_init_timeout_s, w->now_ms);
		return false;
	}
	conn_arm(run->conns, id, flow_deadline_first(run, dest));
	push_out(run, one->m, adj);
	w->counters.flow++;
	return true;
}

/* Those that were taken; returns what is left of them for the slow path, a bit each. */
static uint32_t new_go_on(struct flow_run *run, const struct flow_new *new)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < new->n; i++)
		if (!new_goes_on(run, &new->ones[i]))
			left |= 1u << new->ones[i].at;
	return left;
}

/* From the first on that does not go to a port, or could not be parsed. Returns how many more have
 * gone there, of connections that were there. */
static __rte_noinline uint32_t flow_mixed(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n,
					  struct flow_vector *vector, struct flow_steps steps,
					  uint32_t first)
{
	uint32_t unparsed = steps.left, hits = 0;
	struct flow_left left;
	struct flow_new new;

	left.n = 0;
	memset(left.seen, 0, sizeof(left.seen));
	new.n = 0;
	for (uint32_t bits = unparsed; bits; bits &= bits - 1)
		left_add_frame(&left, pkts[__builtin_ctz(bits)]);
	for (uint32_t at = 0, i = 0; at < n; at++) {
		if ((unparsed >> at & 1) || i++ < first)
			continue;
		if (vector_one(run, vector, &steps, i - 1, &left))
			hits++;
		else if (!mixed_new(run, &new, pkts[at], at, &vector->tuples[i - 1],
				    &vector->probes[i - 1], &left))
			steps.left |= 1u << at;
	}
	steps.left |= new_go_on(run, &new);
	for (uint32_t bits = steps.left; bits; bits &= bits - 1)
		to_slow_path(run, pkts[__builtin_ctz(bits)]);
	return hits;
}

static void flow_burst(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n)
{
	struct flow_steps steps = { .n = 0 };
	struct flow_vector vector;
	uint32_t hits = 0;

	vector_parse(run, pkts, n, &vector, &steps);
	if (likely(!steps.left))
		while (hits < n && likely(vector_one(run, &vector, &steps, hits, NULL)))
			hits++;
	if (unlikely(hits < n))
		hits += flow_mixed(run, pkts, n, &vector, steps, hits);
	run->w->counters.flow += hits;
	run->w->ipvs->shed.hits += hits;
}

void flow_input(struct worker *w, struct batch *in)
{
	struct flow_run run;

	flow_begin(w, &run);
	for (uint32_t start = 0; start < in->count; start += BATCH_BURST)
		flow_burst(&run, in->pkts + start,
			   RTE_MIN(in->count - start, (uint32_t)BATCH_BURST));
	flow_end(&run);
	link_send_all(w);
}

void flow_off(struct worker *w, struct batch *in)
{
	w->ipvs->shed.late = true;
	for (uint32_t i = 0; i < in->count; i++)
		stage_push(w, STAGE_ETH_INPUT, in->pkts[i]);
}

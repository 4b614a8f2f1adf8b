/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-aside: the mode whose packets are not simply rewritten and sent to
 * server or client, beside the straight line of flow.c. So it costs that nothing.
 *
 * Tunnels: what comes in front of a packet is made once a server, and again when
 * the way to it, our addresses or its settings have changed. What needs a look
 * at all of the packet (checksums of GRE and GUE), or another way for each flow,
 * takes the slow path. Answers only pass through, as in DR.
 *
 * FNAT between families has a file of its own: flow_cross.c.
 */
#include <netinet/in.h>
#include <string.h>

#include "api/ipvs.h"
#include "ipvs/flow_pass.h"
#include "ipvs/xmit/tunnel.h"
#include "net/ip4.h"
#include "net/net.h"
#include "net/route.h"
#include "worker/worker.h"

/* false: there is no source for the outer packet. */
static __rte_noinline bool head_make(const struct flow_run *run, struct dest *dest,
				     struct encap_head *head, unsigned int inner)
{
	struct encap encap = tunnel_encap(dest);
	struct nexthop nexthop;

	if (!route_output(run->w, dest->family, &dest->addr, &nexthop) ||
	    !tunnel_source(run->w, &nexthop, &encap))
		return false;
	encap_head_init(head, &encap, inner);
	dest->head_stamp = dest->stamp;
	dest->head_addrs = run->w->net->addr_changes;
	return true;
}

/* The headers for packets to the server `id`, to which the way is fresh. NULL: the slow path's. */
static inline const struct encap_head *head_of(const struct flow_run *run, uint32_t id,
					       struct dest *dest, const bool six)
{
	struct encap_head *head = &run->services->tunnels[id].head;
	unsigned int inner = six ? AF_INET6 : AF_INET;

	if (unlikely(dest->head_stamp != dest->stamp ||
		     dest->head_addrs != run->w->net->addr_changes || head->inner != inner) &&
	    !head_make(run, dest, head, inner))
		return NULL;
	return head->how.flags & ENCAP_CSUM ? NULL : head;
}

static inline struct encap_each each_of(const struct flow_run *run, const struct encap_head *head,
					const uint8_t *ip)
{
	struct encap_each each = { .id = ip4_next_id(run->w) };
	struct tuple tuple;

	if (head->how.kind == ENCAP_GUE) {
		flow_of(ip, &tuple);
		each.sport = tunnel_sport(tuple_hash(&run->w->flow_key, &tuple));
	}
	return each;
}

/* The way of a packet of `total` bytes, which is fresh, and what comes in front of it; NULL: this
 * stage cannot. */
static __rte_always_inline struct adj *tunnel_way_of(const struct flow_run *run,
						     const union flow_line line, struct dest *dest,
						     const struct flow_frame *frame, uint16_t total,
						     const struct encap_head **head, const bool six)
{
	struct adj *adj = &run->adjs[dest->adj];

	*head = likely(adj->fits) ? head_of(run, line_conn(line, six)->dest, dest, six) : NULL;
	if (unlikely(!*head || total + (*head)->len > adj->fits || (*head)->len > frame->room))
		return NULL;
	return adj;
}

static __rte_always_inline void tunnel_put(struct flow_run *run, union flow_line line,
					   struct dest *dest, struct flow_frame *frame,
					   uint16_t total, struct adj *adj,
					   const struct encap_head *head, const bool six)
{
	uint8_t *ip = frame->at + ETH_LEN;

	count_packet(run, dest, CONN_IN, total);
	adj_use(run, adj);
	rewrite(run, line, CONN_IN, ip, six, line_tcp(line, six), false, line_nat(line, six));
	encap_head_put(head, ip, total, each_of(run, head, ip));
	frame->at -= head->len;
	frame->len = (uint16_t)(total + head->len + ETH_LEN);
	memcpy(frame->at, &adj->eth, sizeof(adj->eth));
}

static __rte_always_inline struct adj *tunnel(struct flow_run *run, union flow_line line,
					      uint32_t id, struct dest *dest,
					      struct flow_frame *frame, const bool six)
{
	const uint8_t *l4 = frame->at + ETH_LEN + (six ? IP6_LEN : IP_LEN);
	uint16_t total = ip_total(frame->at, six);
	const struct encap_head *head;
	struct adj *adj;

	if (!ways_fresh(run, line, dest, six))
		return NULL;
	adj = tunnel_way_of(run, line, dest, frame, total, &head, six);
	if (unlikely(!adj || !flow_goes_on(run, line, id, CONN_IN, dest, l4, six)))
		return NULL;
	tunnel_put(run, line, dest, frame, total, adj, head, six);
	return adj;
}

static __rte_always_inline struct adj *aside(struct flow_run *run, union flow_line line,
					     uint32_t id, enum conn_dir dir, struct dest *dest,
					     struct flow_frame *frame, const bool six)
{
	const struct conn *conn = line_conn(line, six);

	if (unlikely(conn_forward(conn) != API_FORWARD_TUNNEL || dir != CONN_IN))
		return NULL;
	/* a one-packet connection that has ended: only its datagram's other fragments are its own
	 */
	if (unlikely(conn->proto == IPPROTO_UDP && conn->state == UDP_LAST))
		return NULL;
	return tunnel(run, line, id, dest, frame, six);
}

static __rte_always_inline struct adj *aside_first(struct flow_run *run, union flow_line line,
						   struct dest *dest, struct flow_frame *frame,
						   const bool six)
{
	struct conn *conn = line_conn(line, six);
	uint16_t total = ip_total(frame->at, six);
	const struct encap_head *head;
	struct adj *adj;

	if (conn_forward(conn) != API_FORWARD_TUNNEL || !dest_way_fresh(run, dest))
		return NULL;
	adj = tunnel_way_of(run, line, dest, frame, total, &head, six);
	if (!adj)
		return NULL;
	if (conn->proto == IPPROTO_TCP)
		track_tcp_state(conn, CONN_IN, dest, RTE_TCP_SYN_FLAG);
	tunnel_put(run, line, dest, frame, total, adj, head, six);
	return adj;
}

struct adj *flow_aside_first(struct flow_run *run, union flow_line line, struct dest *dest,
			     struct flow_frame *frame, bool six)
{
	if (!six)
		return aside_first(run, line, dest, frame, false);
	if (flow_crosses(line.six))
		return flow_cross_first(run, line.six, dest, frame);
	return aside_first(run, line, dest, frame, true);
}

struct adj *flow_aside(struct flow_run *run, union flow_line line, enum conn_dir dir,
		       struct dest *dest, struct flow_frame *frame, bool six)
{
	if (!six)
		return aside(run, line, CONN_NONE, dir, dest, frame, false);
	if (flow_crosses(line.six))
		return flow_cross(run, line.six, dir, dest, frame);
	return aside(run, line, CONN_NONE, dir, dest, frame, true);
}

bool flow_aside4(struct flow_run *run, struct rte_mbuf *m, union flow_line line, uint32_t id,
		 enum conn_dir dir, struct dest *dest)
{
	struct flow_frame frame = frame_of(m);
	const struct adj *adj = aside(run, line, id, dir, dest, &frame, false);

	if (unlikely(!adj))
		return false;
	push_frame(m, &frame, adj);
	return true;
}

bool flow_aside6(struct flow_run *run, struct rte_mbuf *m, union flow_line line, uint32_t id,
		 enum conn_dir dir, struct dest *dest)
{
	struct flow_frame frame = frame_of(m);
	const struct adj *adj;

	if (flow_crosses(line.six))
		return flow_cross6(run, m, line.six, id, dir);
	adj = aside(run, line, id, dir, dest, &frame, true);
	if (unlikely(!adj))
		return false;
	push_frame(m, &frame, adj);
	return true;
}

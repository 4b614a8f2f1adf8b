/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-aside: the modes whose packets are not simply rewritten and sent to
 * server or client, beside the straight line of flow.c. So they cost it nothing.
 *
 * SNAT: a connection's "server" is an address of ours, and the way out leads to
 * the host that it has asked for. So both ways are the connection's own.
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

/* --- SNAT ---------------------------------------------------------------------- */

static inline union ip_addr end_of(union flow_line line, enum conn_dir dir, const bool six)
{
	if (six)
		return dir == CONN_IN ? line.six->key[CONN_IN].dst : line.six->key[CONN_IN].src;
	return ip_from_v4(dir == CONN_IN ? line.four->key[CONN_IN].dst
					 : line.four->key[CONN_IN].src);
}

/* Of the way to the world. */
static inline bool far_way_fresh(struct flow_run *run, union flow_line line, const bool six)
{
	struct conn *conn = line_conn(line, six);
	uint32_t stamp = run->stamps[six ? stamp6_slot(&line.six->key[CONN_IN].dst)
					 : stamp4_slot(line.four->key[CONN_IN].dst)];
	union ip_addr to;

	if (likely(conn->far_stamp == stamp))
		return true;
	to = end_of(line, CONN_IN, six);
	if (!flow_way_find(run->w, six ? AF_INET6 : AF_INET, &to, &conn->far_adj))
		return false;
	conn->far_stamp = stamp;
	return true;
}

static inline struct adj *snat_way(struct flow_run *run, union flow_line line, enum conn_dir dir,
				   const uint8_t *frame, const bool six)
{
	const struct conn *conn = line_conn(line, six);
	union ip_addr to;
	uint16_t id;

	if (!family_stays(line, dir, six) || !client_way_fresh(run, line, six) ||
	    !far_way_fresh(run, line, six))
		return &run->adjs[ADJ_NONE];
	id = dir == CONN_IN ? conn->far_adj : conn->adj;
	if (likely(id != ADJ_NONE))
		return &run->adjs[id];
	to = end_of(line, dir, six);
	return flow_way(run, frame, six ? AF_INET6 : AF_INET, &to);
}

static __rte_always_inline struct adj *snat(struct flow_run *run, union flow_line line, uint32_t id,
					    enum conn_dir dir, struct dest *dest,
					    struct flow_frame *frame, const bool six)
{
	const uint8_t *l4 = frame->at + ETH_LEN + (six ? IP6_LEN : IP_LEN);
	struct adj *adj = snat_way(run, line, dir, frame->at, six);
	uint16_t total = ip_total(frame->at, six);

	if (!adj->usable || total > adj->mtu || !flow_goes_on(run, line, id, dir, dest, l4, six))
		return NULL;
	frame->len = (uint16_t)(total + ETH_LEN);
	pass(run, line, dir, dest, frame->at, total, adj, six, false);
	return adj;
}

/* --- tunnels ------------------------------------------------------------------- */

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

static __rte_always_inline struct adj *tunnel(struct flow_run *run, union flow_line line,
					      uint32_t id, struct dest *dest,
					      struct flow_frame *frame, const bool six)
{
	uint8_t *ip = frame->at + ETH_LEN;
	uint16_t total = ip_total(frame->at, six);
	const struct encap_head *head;
	struct adj *adj;

	if (!ways_fresh(run, line, dest, six))
		return NULL;
	adj = &run->adjs[dest->adj];
	head = likely(adj->usable) ? head_of(run, line_conn(line, six)->dest, dest, six) : NULL;
	if (unlikely(!head || total + head->len > adj->mtu || head->len > frame->room ||
		     !flow_goes_on(run, line, id, CONN_IN, dest, ip + (six ? IP6_LEN : IP_LEN),
				   six)))
		return NULL;
	count_packet(run, dest, CONN_IN, total);
	adj_use(run, adj);
	rewrite(run, line, CONN_IN, ip, six, false);
	encap_head_put(head, ip, total, each_of(run, head, ip));
	frame->at -= head->len;
	frame->len = (uint16_t)(total + head->len + ETH_LEN);
	memcpy(frame->at, &adj->eth, sizeof(adj->eth));
	return adj;
}

static __rte_always_inline struct adj *aside(struct flow_run *run, union flow_line line,
					     uint32_t id, enum conn_dir dir, struct dest *dest,
					     struct flow_frame *frame, const bool six)
{
	const struct conn *conn = line_conn(line, six);

	/* a one-packet connection that has ended: only its datagram's other fragments are its own
	 */
	if (unlikely(conn->proto == IPPROTO_UDP && conn->state == UDP_LAST))
		return NULL;
	switch (conn_forward(conn)) {
	case API_FORWARD_FNAT:
		return six && flow_crosses(line.six)
			       ? flow_cross(run, line.six, id, dir, dest, frame)
			       : NULL;
	case API_FORWARD_SNAT:
		return snat(run, line, id, dir, dest, frame, six);
	case API_FORWARD_TUNNEL:
		return dir == CONN_IN ? tunnel(run, line, id, dest, frame, six) : NULL;
	default:
		return NULL;
	}
}

struct adj *flow_aside(struct flow_run *run, union flow_line line, uint32_t id, enum conn_dir dir,
		       struct dest *dest, struct flow_frame *frame, bool six)
{
	return six ? aside(run, line, id, dir, dest, frame, true)
		   : aside(run, line, id, dir, dest, frame, false);
}

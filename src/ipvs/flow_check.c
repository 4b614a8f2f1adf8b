/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-check: the flow stage against the slow path. Each packet comes
 * alone; what the flow stage would make of it is computed on copies of frame,
 * connection and server, then the packet takes the slow path, and what leaves
 * must be what was foreseen: the same bytes, by the same port, and the
 * connection and the counters as they should be. Of a packet that opens its
 * connection only that is foreseen: what the stage would have made of it is
 * computed when the connection is there. A packet that waits for a neighbour
 * leaves in a later turn, when time and connection have gone on: no more is said
 * of it than that it has opened one. For tests: the first difference ends the
 * program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>

#include "api/ipvs.h"
#include "base/lines.h"
#include "base/log.h"
#include "ipvs/flow.h"
#include "ipvs/flow_int.h"
#include "ipvs/flow_parse.h"
#include "ipvs/ipvs.h"
#include "link/eth.h"
#include "link/port.h"
#include "link/vlan.h"
#include "net/adj.h"
#include "net/net.h"
#include "worker/worker.h"

#define FRAME_SEEN 128u /* bytes of a frame that are compared: all headers */

struct flow_foreseen {
	const struct rte_mbuf *m; /* NULL: nothing is foreseen */
	uint64_t turn;            /* the worker's, in which it came */
	struct service *opens; /* its connection, of this service, or is refused; NULL: neither */
	uint64_t opened, refused; /* before it, in all */
	struct ipvs_counters service_before;
	unsigned int family;
	union flow_tuple tuple;
	uint32_t id;
	uint32_t dest;
	uint16_t port;
	uint16_t len;
	union {
		struct conn_line4 four;
		struct conn_line6 six;
	} line; /* as it should be */
	struct dest dest_after;
	uint16_t ip_id; /* of the next packet that this worker makes, before it came */
	uint16_t room;  /* in front of it */
	uint16_t at;    /* where the frame begins in bytes; headers may come in front of it */
	uint8_t bytes[ENCAP_HEAD_MAX + FRAME_SEEN];
};

static bool is_line6(const struct flow_foreseen *foreseen)
{
	return conn_class_of(foreseen->id) == CONN_IP6;
}

static union flow_line line_should(struct flow_foreseen *foreseen)
{
	if (is_line6(foreseen))
		return (union flow_line){ .six = &foreseen->line.six };
	return (union flow_line){ .four = &foreseen->line.four };
}

static struct conn *conn_should(struct flow_foreseen *foreseen)
{
	return is_line6(foreseen) ? &foreseen->line.six.conn : &foreseen->line.four.conn;
}

/* The connection as it is now, and its server. */
static void keep_conn(const struct flow_run *run, struct flow_foreseen *foreseen, uint32_t id)
{
	foreseen->id = id;
	if (is_line6(foreseen))
		foreseen->line.six = *conn_line6(run->conns, id);
	else
		foreseen->line.four = *conn_line4(run->conns, id);
	foreseen->dest = conn_should(foreseen)->dest;
	foreseen->dest_after = run->services->dests[foreseen->dest];
}

static void look_up(const struct flow_run *run, const struct flow_foreseen *foreseen,
		    struct conn_found *found)
{
	if (foreseen->family == AF_INET6)
		found->id = conn_lookup(run->conns, &foreseen->tuple.six, &found->dir);
	else
		conn_lookup4(run->conns, &foreseen->tuple.four, 1, found);
}

static void differs(const char *what, const struct flow_foreseen *foreseen)
{
	fprintf(stderr, "flow check: %s of connection %u is not what the flow stage foresees\n",
		what, foreseen->id);
	abort();
}

/* What the stage remembers of a way it remembers here too, so that it can go out of date. */
static void keep_ways(const struct flow_run *run, struct flow_foreseen *foreseen)
{
	struct conn *conn = conn_get(run->conns, foreseen->id);
	struct dest *dest = &run->services->dests[foreseen->dest];

	conn->adj = conn_should(foreseen)->adj;
	conn->stamp = conn_should(foreseen)->stamp;
	if (conn_forward(conn) == API_FORWARD_SNAT) {
		conn->far_adj = conn_should(foreseen)->far_adj;
		conn->far_stamp = conn_should(foreseen)->far_stamp;
	}
	dest->adj = foreseen->dest_after.adj;
	dest->stamp = foreseen->dest_after.stamp;
	dest->head_stamp = foreseen->dest_after.head_stamp;
	dest->head_addrs = foreseen->dest_after.head_addrs;
}

static void keep_frame(const struct flow_run *run, struct flow_foreseen *foreseen,
		       const struct rte_mbuf *m)
{
	foreseen->ip_id = run->w->net->ip_id;
	foreseen->room = RTE_MIN(rte_pktmbuf_headroom(m), ENCAP_HEAD_MAX);
	memset(foreseen->bytes, 0, sizeof(foreseen->bytes));
	foreseen->at = ENCAP_HEAD_MAX;
	memcpy(foreseen->bytes + foreseen->at, rte_pktmbuf_mtod(m, const uint8_t *),
	       RTE_MIN(m->data_len, FRAME_SEEN));
}

/* What the stage makes of the frame: of its connection's first packet, or another one. It takes no
 * number of a packet that is not its own. */
static const struct adj *forward(struct flow_run *run, struct flow_foreseen *foreseen,
				 enum conn_dir dir, bool first)
{
	struct flow_frame frame = { .at = foreseen->bytes + foreseen->at, .room = foreseen->room };
	uint16_t ip_id = run->w->net->ip_id;
	struct dest *dest = &foreseen->dest_after;
	union flow_line line = line_should(foreseen);
	const struct adj *adj;

	run->w->net->ip_id = foreseen->ip_id;
	if (is_line6(foreseen) && foreseen->family == AF_INET)
		adj = first ? flow_cross_first(run, line.six, dest, &frame)
			    : flow_cross(run, line.six, dir, dest, &frame);
	else
		adj = first ? flow_forward_first(run, foreseen->family, line, dest, &frame)
			    : flow_forward(run, foreseen->family, line, dir, dest, &frame);
	run->w->net->ip_id = ip_id;
	foreseen->at = (uint16_t)(frame.at - foreseen->bytes);
	foreseen->len = frame.len;
	return adj;
}

static uint64_t refused(const struct worker *w)
{
	return w->drops[DROP_IPVS_NO_SERVER] + w->drops[DROP_IPVS_NO_LADDR] +
	       w->drops[DROP_IPVS_NO_PORT] + w->drops[DROP_IPVS_CONN_FULL] +
	       w->drops[DROP_IPVS_CROWDED] + w->drops[DROP_IPVS_CLASH] +
	       w->drops[DROP_IPVS_TENTATIVE];
}

static void foresee_new(struct flow_run *run, const struct rte_mbuf *m,
			struct flow_foreseen *foreseen)
{
	struct tuple tuple;

	foreseen->opens = flow_new_service(run, m, &foreseen->tuple, &tuple,
					   foreseen->family == AF_INET6);
	if (!foreseen->opens)
		return;
	foreseen->m = m;
	foreseen->opened = run->w->ipvs->changes;
	foreseen->refused = refused(run->w);
	foreseen->service_before = foreseen->opens->counters;
	keep_frame(run, foreseen, m);
}

/* What the flow stage would do with what has no tags; m stays as it is. */
static void foresee(struct flow_run *run, struct rte_mbuf *m, struct flow_foreseen *foreseen)
{
	struct conn_found found;
	const struct adj *adj;

	foreseen->family = flow_parse(run, m, &foreseen->tuple);
	if (!foreseen->family)
		return;
	look_up(run, foreseen, &found);
	if (found.id == CONN_NONE)
		foresee_new(run, m, foreseen);
	if (found.id == CONN_NONE)
		return;
	keep_conn(run, foreseen, found.id);
	keep_frame(run, foreseen, m);
	adj = forward(run, foreseen, found.dir, false);
	keep_ways(run, foreseen);
	if (!adj)
		return;
	foreseen->m = m;
	foreseen->port = adj->port;
}

/* A tagged one has its tags again, where the driver may have taken them out. */
static void foresee_port(struct worker *w, struct rte_mbuf *m, struct flow_foreseen *foreseen)
{
	uint16_t device = w->rx_port;
	bool tagged = flow_is_tagged(m);
	uint16_t port = tagged ? vlan_strip(w->link, m, device) : device;
	struct flow_run run;

	foreseen->m = NULL;
	foreseen->turn = w->counters.turns;
	foreseen->opens = NULL;
	if (port == PORT_NONE)
		return;
	w->rx_port = port;
	flow_begin(w, &run);
	foresee(&run, m, foreseen);
	w->rx_port = device;
	if (tagged)
		vlan_put_back(w->link, m, port);
}

static void compare_frame(const struct flow_foreseen *foreseen, const struct rte_mbuf *m)
{
	if (pkt_meta((struct rte_mbuf *)(uintptr_t)m)->out_port != foreseen->port)
		differs("the port", foreseen);
	if (m->pkt_len != foreseen->len ||
	    memcmp(rte_pktmbuf_mtod(m, const uint8_t *), foreseen->bytes + foreseen->at,
		   RTE_MIN(RTE_MIN(foreseen->len, FRAME_SEEN),
			   sizeof(foreseen->bytes) - foreseen->at)) != 0)
		differs("a frame", foreseen);
}

/* It has opened a connection, and left. false: the stage would have left it to the slow path. */
static bool compare_first(struct worker *w, struct flow_foreseen *foreseen,
			  const struct rte_mbuf *m)
{
	const struct ipvs_counters *before = &foreseen->service_before;
	const struct ipvs_counters *now = &foreseen->opens->counters;
	struct conn_found found;
	const struct conn *is;
	const struct adj *adj;
	struct flow_run run;
	uint64_t bytes;

	flow_begin(w, &run);
	look_up(&run, foreseen, &found);
	if (found.id == CONN_NONE)
		differs("the absence", foreseen);
	is = conn_get(run.conns, found.id);
	keep_conn(&run, foreseen, found.id);
	bytes = foreseen->dest_after.counters.inbytes;
	adj = forward(&run, foreseen, CONN_IN, true);
	bytes = foreseen->dest_after.counters.inbytes - bytes;
	keep_ways(&run, foreseen);
	if (!adj)
		return false;
	foreseen->port = adj->port;
	compare_frame(foreseen, m);
	if (is->deadline != flow_deadline_first(&run, conn_should(foreseen), &foreseen->dest_after))
		differs("the deadline", foreseen);
	if (is->state != conn_should(foreseen)->state || is->flags != conn_should(foreseen)->flags)
		differs("the state", foreseen);
	if (now->conns != before->conns + 1 || now->inpkts != before->inpkts + 1 ||
	    now->inbytes != before->inbytes + bytes)
		differs("a counter", foreseen);
	return true;
}

/* It has left, so the slow path has counted it. */
static void compare(const struct worker *w, struct flow_foreseen *foreseen,
		    const struct rte_mbuf *m)
{
	const struct conn *is = conn_get(w->ipvs->conns, foreseen->id);
	const struct conn *should = conn_should(foreseen);
	const struct dest *dest = &w->ipvs->services->dests[foreseen->dest];

	compare_frame(foreseen, m);
	if (is->deadline != should->deadline)
		differs("the deadline", foreseen);
	if (is->state != should->state || is->flags != should->flags)
		differs("the state", foreseen);
	if (is->last_seq != should->last_seq || is->last_ack != should->last_ack)
		differs("the server's numbers", foreseen);
	if (memcmp(&dest->counters, &foreseen->dest_after.counters, sizeof(dest->counters)) != 0)
		differs("a counter", foreseen);
}

struct flow_foreseen *flow_foreseen_new(void)
{
	return lines_alloc(sizeof(struct flow_foreseen));
}

/* Of the packet before. */
static void check_fate(const struct worker *w, const struct flow_foreseen *foreseen)
{
	if (!foreseen->m)
		return;
	if (!foreseen->opens)
		differs("a packet that did not leave", foreseen);
	if (w->ipvs->changes == foreseen->opened && refused(w) == foreseen->refused)
		differs("a packet that opened none", foreseen);
}

void flow_check(struct worker *w, struct batch *in)
{
	struct flow_foreseen *foreseen = w->ipvs->foreseen;

	check_fate(w, foreseen);
	for (uint32_t i = 0; i < in->count; i++) {
		if (in->count == 1)
			foresee_port(w, in->pkts[i], foreseen);
		stage_push(w, STAGE_ETH_INPUT, in->pkts[i]);
	}
	w->ipvs->shed.late = true;
}

void flow_check_tx(struct worker *w, struct batch *in)
{
	struct flow_foreseen *foreseen = w->ipvs->foreseen;

	for (uint32_t i = 0; foreseen->m && i < in->count; i++) {
		if (in->pkts[i] != foreseen->m || foreseen->turn != w->counters.turns)
			continue;
		if (!foreseen->opens)
			compare(w, foreseen, in->pkts[i]);
		if (!foreseen->opens || compare_first(w, foreseen, in->pkts[i]))
			w->counters.flow++;
		foreseen->m = NULL;
	}
	link_tx(w, in);
}

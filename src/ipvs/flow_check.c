/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-check: the flow stage against the slow path. Each packet comes
 * alone; what the flow stage would make of it is computed on copies of frame,
 * connection and server, then the packet takes the slow path, and what leaves
 * must be what was foreseen: the same bytes, by the same port, and the
 * connection and the counters as they should be. Of a packet that opens its
 * connection only that is foreseen: what the stage would have made of it is
 * computed when the connection is there. For tests: the first difference ends
 * the program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/log.h"
#include "ipvs/flow.h"
#include "ipvs/flow_int.h"
#include "ipvs/ipvs.h"
#include "ipvs/proto/udp.h"
#include "link/eth.h"
#include "link/port.h"
#include "net/adj.h"
#include "worker/worker.h"

#define FRAME_SEEN 128u /* bytes of a frame that are compared: all headers */

struct flow_foreseen {
	const struct rte_mbuf *m; /* NULL: nothing is foreseen */
	struct service *opens; /* its connection, of this service, or is refused; NULL: neither */
	uint64_t opened, refused; /* before it, in all */
	struct ipvs_counters service_before;
	struct tuple4 tuple;
	uint32_t id;
	uint32_t dest;
	uint16_t port;
	uint16_t len;
	struct conn_line4 line;
	struct dest dest_after;
	uint8_t frame[FRAME_SEEN];
};

static void differs(const char *what, const struct flow_foreseen *foreseen)
{
	fprintf(stderr, "flow check: %s of connection %u is not what the flow stage foresees\n",
		what, foreseen->id);
	abort();
}

/* What the stage remembers of a way it remembers here too, so that it can go out of date. */
static void keep_ways(const struct flow_run *run, const struct flow_foreseen *foreseen)
{
	struct conn *conn = &conn_line4(run->conns, foreseen->id)->conn;
	struct dest *dest = &run->services->dests[foreseen->dest];

	conn->adj = foreseen->line.conn.adj;
	conn->stamp = foreseen->line.conn.stamp;
	dest->adj = foreseen->dest_after.adj;
	dest->stamp = foreseen->dest_after.stamp;
}

static void keep_frame(struct flow_foreseen *foreseen, const struct rte_mbuf *m)
{
	memset(foreseen->frame, 0, sizeof(foreseen->frame));
	memcpy(foreseen->frame, rte_pktmbuf_mtod(m, const uint8_t *),
	       RTE_MIN(m->data_len, FRAME_SEEN));
}

/* Of the frame as it was foreseen. */
static void foresee_length(struct flow_foreseen *foreseen, const struct adj *adj)
{
	foreseen->port = adj->port;
	foreseen->len = (uint16_t)(rte_be_to_cpu_16(*(const be16 *)(void *)&foreseen->frame[16]) +
				   sizeof(adj->eth));
}

static uint64_t refused(const struct worker *w)
{
	return w->drops[DROP_IPVS_NO_SERVER] + w->drops[DROP_IPVS_NO_LADDR] +
	       w->drops[DROP_IPVS_NO_PORT] + w->drops[DROP_IPVS_CONN_FULL] +
	       w->drops[DROP_IPVS_CROWDED] + w->drops[DROP_IPVS_CLASH];
}

static void foresee_new(struct flow_run *run, const struct rte_mbuf *m,
			struct flow_foreseen *foreseen)
{
	struct tuple tuple;

	foreseen->opens = flow_new_service(run, &foreseen->tuple, &tuple);
	if (!foreseen->opens)
		return;
	foreseen->m = m;
	foreseen->opened = run->w->ipvs->changes;
	foreseen->refused = refused(run->w);
	foreseen->service_before = foreseen->opens->counters;
	keep_frame(foreseen, m);
}

/* What the flow stage would do; m stays as it is. */
static void foresee(struct flow_run *run, struct rte_mbuf *m, struct flow_foreseen *foreseen)
{
	struct conn_found found;
	const struct adj *adj;

	foreseen->m = NULL;
	foreseen->opens = NULL;
	if (!flow_parse(run, m, &foreseen->tuple))
		return;
	conn_lookup4(run->conns, &foreseen->tuple, 1, &found);
	if (found.id == CONN_NONE)
		foresee_new(run, m, foreseen);
	if (found.id == CONN_NONE || conn_class_of(found.id) != CONN_IP4)
		return;
	foreseen->id = found.id;
	foreseen->line = *conn_line4(run->conns, found.id);
	foreseen->dest = foreseen->line.conn.dest;
	foreseen->dest_after = run->services->dests[foreseen->dest];
	keep_frame(foreseen, m);
	adj = flow_forward(run, &foreseen->line, found.dir, &foreseen->dest_after, foreseen->frame);
	keep_ways(run, foreseen);
	if (!adj)
		return;
	foreseen->m = m;
	foresee_length(foreseen, adj);
}

static void compare_frame(const struct flow_foreseen *foreseen, const struct rte_mbuf *m)
{
	if (pkt_meta((struct rte_mbuf *)(uintptr_t)m)->out_port != foreseen->port)
		differs("the port", foreseen);
	if (m->pkt_len != foreseen->len ||
	    memcmp(rte_pktmbuf_mtod(m, const uint8_t *), foreseen->frame,
		   RTE_MIN(foreseen->len, FRAME_SEEN)) != 0)
		differs("a frame", foreseen);
}

/* It has opened a connection, and left. */
static void compare_first(struct worker *w, struct flow_foreseen *foreseen,
			  const struct rte_mbuf *m)
{
	const struct ipvs_counters *before = &foreseen->service_before;
	const struct ipvs_counters *now = &foreseen->opens->counters;
	struct conn_found found;
	const struct adj *adj;
	struct flow_run run;

	conn_lookup4(w->ipvs->conns, &foreseen->tuple, 1, &found);
	if (found.id == CONN_NONE)
		differs("the absence", foreseen);
	flow_begin(w, &run);
	foreseen->id = found.id;
	foreseen->line = *conn_line4(run.conns, found.id);
	foreseen->dest = foreseen->line.conn.dest;
	foreseen->dest_after = run.services->dests[foreseen->dest];
	adj = flow_forward_first(&run, &foreseen->line, &foreseen->dest_after, foreseen->frame);
	keep_ways(&run, foreseen);
	if (!adj)
		return;
	foresee_length(foreseen, adj);
	compare_frame(foreseen, m);
	if (foreseen->line.conn.deadline != flow_deadline_first(&run, &foreseen->dest_after))
		differs("the deadline", foreseen);
	if (foreseen->line.conn.state != UDP_ONEWAY)
		differs("the state", foreseen);
	if (now->conns != before->conns + 1 || now->inpkts != before->inpkts + 1 ||
	    now->inbytes != before->inbytes + foreseen->len - sizeof(adj->eth))
		differs("a counter", foreseen);
}

/* It has left, so the slow path has counted it. */
static void compare(const struct worker *w, const struct flow_foreseen *foreseen,
		    const struct rte_mbuf *m)
{
	const struct conn *is = conn_get(w->ipvs->conns, foreseen->id);
	const struct conn *should = &foreseen->line.conn;
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
	struct flow_run run;

	check_fate(w, foreseen);
	for (uint32_t i = 0; i < in->count; i++) {
		if (in->count == 1) {
			flow_begin(w, &run);
			foresee(&run, in->pkts[i], foreseen);
		}
		stage_push(w, STAGE_ETH_INPUT, in->pkts[i]);
	}
	w->ipvs->shed.late = true;
}

void flow_check_tx(struct worker *w, struct batch *in)
{
	struct flow_foreseen *foreseen = w->ipvs->foreseen;

	for (uint32_t i = 0; foreseen->m && i < in->count; i++) {
		if (in->pkts[i] != foreseen->m)
			continue;
		if (foreseen->opens)
			compare_first(w, foreseen, in->pkts[i]);
		else
			compare(w, foreseen, in->pkts[i]);
		foreseen->m = NULL;
		w->counters.flow++;
	}
	link_tx(w, in);
}

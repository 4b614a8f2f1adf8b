/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-check: the flow stage against the slow path. Each packet comes
 * alone; what the flow stage would make of it is computed on copies of frame,
 * connection and server, then the packet takes the slow path, and what leaves
 * must be what was foreseen: the same bytes, by the same port, and the
 * connection and the counters as they should be. For tests: the first
 * difference ends the program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/log.h"
#include "ipvs/flow.h"
#include "ipvs/flow_int.h"
#include "ipvs/ipvs.h"
#include "link/eth.h"
#include "link/port.h"
#include "net/adj.h"
#include "worker/worker.h"

#define FRAME_SEEN 128u /* bytes of a frame that are compared: all headers */

struct flow_foreseen {
	const struct rte_mbuf *m; /* NULL: nothing is foreseen */
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

/* What the flow stage would do; m stays as it is. */
static void foresee(struct flow_run *run, struct rte_mbuf *m, struct flow_foreseen *foreseen)
{
	struct conn_found found;
	struct tuple4 tuple;
	const struct adj *adj;

	foreseen->m = NULL;
	if (!flow_parse(run, m, &tuple))
		return;
	conn_lookup4(run->conns, &tuple, 1, &found);
	if (found.id == CONN_NONE || conn_class_of(found.id) != CONN_IP4)
		return;
	foreseen->id = found.id;
	foreseen->line = *conn_line4(run->conns, found.id);
	foreseen->dest = foreseen->line.conn.dest;
	foreseen->dest_after = run->services->dests[foreseen->dest];
	memset(foreseen->frame, 0, sizeof(foreseen->frame));
	memcpy(foreseen->frame, rte_pktmbuf_mtod(m, const uint8_t *),
	       RTE_MIN(m->data_len, FRAME_SEEN));
	adj = flow_forward(run, &foreseen->line, found.dir, &foreseen->dest_after, foreseen->frame);
	keep_ways(run, foreseen);
	if (!adj)
		return;
	foreseen->m = m;
	foreseen->port = adj->port;
	foreseen->len = (uint16_t)(rte_be_to_cpu_16(*(const be16 *)(void *)&foreseen->frame[16]) +
				   sizeof(adj->eth));
}

/* It has left, so the slow path has counted it. */
static void compare(const struct worker *w, const struct flow_foreseen *foreseen,
		    const struct rte_mbuf *m)
{
	const struct conn *is = conn_get(w->ipvs->conns, foreseen->id);
	const struct conn *should = &foreseen->line.conn;
	const struct dest *dest = &w->ipvs->services->dests[foreseen->dest];

	if (pkt_meta((struct rte_mbuf *)(uintptr_t)m)->out_port != foreseen->port)
		differs("the port", foreseen);
	if (m->pkt_len != foreseen->len ||
	    memcmp(rte_pktmbuf_mtod(m, const uint8_t *), foreseen->frame,
		   RTE_MIN(foreseen->len, FRAME_SEEN)) != 0)
		differs("a frame", foreseen);
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

void flow_check(struct worker *w, struct batch *in)
{
	struct flow_foreseen *foreseen = w->ipvs->foreseen;
	struct flow_run run;

	if (foreseen->m)
		differs("a packet that did not leave", foreseen);
	for (uint32_t i = 0; i < in->count; i++) {
		if (in->count == 1) {
			flow_begin(w, &run);
			foresee(&run, in->pkts[i], foreseen);
		}
		stage_push(w, STAGE_ETH_INPUT, in->pkts[i]);
	}
}

void flow_check_tx(struct worker *w, struct batch *in)
{
	struct flow_foreseen *foreseen = w->ipvs->foreseen;

	for (uint32_t i = 0; foreseen->m && i < in->count; i++) {
		if (in->pkts[i] != foreseen->m)
			continue;
		compare(w, foreseen, in->pkts[i]);
		foreseen->m = NULL;
		w->counters.flow++;
	}
	link_tx(w, in);
}

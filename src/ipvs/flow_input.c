/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow-input: where the flow stage's vectors come from. Tags of VLANs are
 * taken out here, and the packets of each VLAN go on together, as packets of
 * that port, which must be for its MAC address. Those that the stage leaves get
 * their tags back, so that the stages behind it see, and count, what they
 * always do. Tags to be sent come in where vectors are handed to ports.
 */
#include <string.h>

#include <rte_ether.h>

#include "ipvs/flow.h"
#include "ipvs/flow_int.h"
#include "ipvs/flow_parse.h"
#include "ipvs/ipvs.h"
#include "link/port.h"
#include "link/vlan.h"
#include "worker/worker.h"

static void come_by(struct flow_run *run, uint16_t port)
{
	run->w->rx_port = port;
	run->last_service = NULL; /* it may depend on the port */
	run->mac = load48(&run->w->link->ports[port].mac);
}

/* All packets of a port, without tags. */
static void group_go(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n, uint16_t port)
{
	struct flow_tagged tagged = { .port = port };
	uint16_t device = run->w->rx_port;
	struct flow_others none;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++)
		bytes += pkts[i]->pkt_len;
	come_by(run, port);
	run->tagged = &tagged;
	flow_burst(run, pkts, n, &none);
	run->tagged = NULL;
	come_by(run, device);
	vlan_count_stripped(run->w->link, port, n - tagged.left, bytes - tagged.left_bytes);
}

/* Those of the first one's port; returns which are left then, a bit each. */
static uint32_t group_take(struct flow_run *run, struct rte_mbuf **pkts, const uint16_t *ports,
			   uint32_t todo)
{
	uint16_t port = ports[__builtin_ctz(todo)];
	struct rte_mbuf *group[BATCH_BURST];
	uint32_t n = 0, left = 0;

	for (uint32_t bits = todo; bits; bits &= bits - 1) {
		uint32_t at = (uint32_t)__builtin_ctz(bits);

		if (ports[at] == port)
			group[n++] = pkts[at];
		else
			left |= 1u << at;
	}
	group_go(run, group, n, port);
	return left;
}

static __rte_noinline void tagged_go(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n)
{
	uint16_t ports[BATCH_BURST];
	uint32_t todo = 0;

	for (uint32_t i = 0; i < n; i++) {
		ports[i] = vlan_strip(run->w->link, pkts[i], run->w->rx_port);
		if (likely(ports[i] != PORT_NONE))
			todo |= 1u << i;
		else
			stage_push(run->w, STAGE_ETH_INPUT, pkts[i]);
	}
	while (todo)
		todo = group_take(run, pkts, ports, todo);
}

/* The first packet is tagged, and most others will be. */
static __rte_noinline void vector_of_tagged(struct flow_run *run, struct rte_mbuf **pkts,
					    uint32_t n)
{
	struct flow_others all = { .n = 0, .n_tagged = 0 }, none;

	for (uint32_t i = 0; i < n; i++)
		if (flow_is_tagged(pkts[i]))
			all.tagged[all.n_tagged++] = pkts[i];
		else
			all.pkts[all.n++] = pkts[i];
	if (all.n)
		flow_burst(run, all.pkts, all.n, &none);
	tagged_go(run, all.tagged, all.n_tagged);
}

static inline void vector_go(struct flow_run *run, struct rte_mbuf **pkts, uint32_t n)
{
	struct flow_others others;

	if (unlikely(flow_is_tagged(pkts[0])))
		vector_of_tagged(run, pkts, n);
	else if (unlikely(flow_burst(run, pkts, n, &others)))
		tagged_go(run, others.tagged, others.n_tagged);
}

void flow_input(struct worker *w, struct batch *in)
{
	struct flow_run run;

	flow_begin(w, &run);
	for (uint32_t start = 0; start < in->count; start += BATCH_BURST)
		vector_go(&run, in->pkts + start,
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

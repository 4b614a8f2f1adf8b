/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/handover: packets that belong to another worker's connection go there
 * through that worker's ring, as they are: data at L3, meta filled. The ring
 * has many writers and one reader; on ports whose RSS brings every packet to
 * its owner it stays empty.
 */
#include "link/eth.h"
#include "link/port.h"
#include "link/steer.h"

#include <rte_ring.h>

void steer_hand_over(struct worker *w, struct rte_mbuf *m, unsigned int to)
{
	pkt_meta(m)->out_port = (uint16_t)to;
	stage_push(w, STAGE_HANDOVER, m);
}

void link_handover(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++) {
		struct rte_mbuf *m = in->pkts[i];
		struct worker *to = w->all[pkt_meta(m)->out_port];

		pkt_meta(m)->out_port = PORT_NONE;
		/* counted before the other side can see it, so that no sum is ever short */
		w->counters.handed_out++;
		if (unlikely(rte_ring_mp_enqueue(to->handover, m) != 0)) {
			w->counters.handed_out--;
			drop(w, m, DROP_RING_FULL);
		} else {
			worker_ring_bell(to);
		}
	}
}

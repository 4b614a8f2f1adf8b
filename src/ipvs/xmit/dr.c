/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dr: direct routing. A packet goes to the server's MAC address as it came, but
 * for its TTL. The server has the virtual address, too, where nobody hears of
 * it (on its loopback), and answers the client by itself. So no local address
 * or port is needed, and answers are not seen: TCP's state follows the client's
 * segments alone.
 *
 * The second tuple of such a connection is the reverse of the first, as in the
 * kernel: that of the answers. ICMP errors from the way to the server find
 * their connection by it. An answer itself comes here only where we are the
 * server's router, to any worker and to no state of ours: it is routed.
 */
#include "ipvs/ipvs.h"
#include "ipvs/service.h"
#include "ipvs/track.h"
#include "ipvs/xmit/xmit.h"
#include "ipvs/xmit/steps.h"
#include "packet/unfinished.h"
#include "worker/worker.h"

extern const struct xmit xmit_dr;

static void dr_run(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	const struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct dest *dest = dest_get(w->ipvs->services, conn->dest);
	struct nexthop nexthop;

	if (dir == CONN_OUT) {
		stage_push(w, STAGE_IP_ROUTE, m);
		return;
	}
	if (!xmit_way(w, m, &dest->addr, &pkt_meta(m)->tuple.dst, &nexthop))
		return;
	track_packet(w, m, id, dir);
	xmit_age(w, m);
	unfinished_pass_on(m);
	xmit_send(w, m, &nexthop);
}

const struct xmit xmit_dr = {
	.name = "dr",
	.flow = true,
	.open = xmit_open_as_is,
	.run = dr_run,
};

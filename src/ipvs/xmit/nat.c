/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat: the server gets the packet with its own address and port as
 * destination, and sees the client as it is. So its answers must come back
 * here by its routes, and the worker that has the connection must be found from
 * what both directions carry, the client's address and port: see owner.c.
 *
 * Two connections of a client, from one port, to two services that choose the
 * same server would have the same answers: the second is refused.
 */
#include "ipvs/ipvs.h"
#include "ipvs/service.h"
#include "ipvs/xmit/translate.h"
#include "ipvs/xmit/xmit.h"
#include "worker/worker.h"

extern const struct xmit xmit_nat;

static bool nat_open(struct worker *w, struct xmit_opening *opening, enum drop_reason *reason)
{
	const struct dest *dest = opening->dest;
	const struct tuple *in = opening->in;
	enum conn_dir dir;

	opening->out.src = dest->addr;
	opening->out.dst = in->src;
	tuple_set_rest(&opening->out, dest_port(opening->service, dest, in->dport), in->sport,
		       in->proto, (uint8_t)dest->family, in->zone);
	*reason = DROP_IPVS_CLASH;
	return opening->clash_later ||
	       conn_lookup(w->ipvs->conns, &opening->out, &dir) == CONN_NONE;
}

const struct xmit xmit_nat = {
	.name = "nat",
	.nat = true,
	.flow = true,
	.open = nat_open,
	.run = translate,
};

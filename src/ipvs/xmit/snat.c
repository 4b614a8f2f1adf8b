/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snat: clients inside reach the world by a public address of ours, which is
 * the connection's "server". The packet keeps its destination and gets the
 * public address and a port of it as its source; answers come to that port,
 * and to the worker that has the connection, because it has chosen the port so
 * (ipvs/lport); an echo's identifier is its port. So a connection's second
 * tuple is that of FNAT, with the remote host in the server's place.
 *
 * TCP's numbers are the client's own, as in other source NATs: remote hosts
 * are many, and ports rest before they come again. A public address may have a
 * range of its ports alone; then another range of it is another "server".
 */
#include "ipvs/ipvs.h"
#include "ipvs/lport.h"
#include "ipvs/service.h"
#include "ipvs/xmit/translate.h"
#include "ipvs/xmit/xmit.h"
#include "net/addr.h"
#include "worker/worker.h"

extern const struct xmit xmit_snat;

/* Of ports that overlapping ranges have given: all of few, which may all be wanted; of many, where
 * a packet that finds none must not take long, some. */
#define TRIES_FEW 1024
#define TRIES     128

/* The ranges of one address may overlap, those of servers that are removed too. Seldom enough for a
 * vector's openings to find out late, and to be opened again on the slow path. */
static bool has_answers_of_another(const struct worker *w, const struct tuple *out)
{
	enum conn_dir dir;

	return conn_lookup(w->ipvs->conns, out, &dir) != CONN_NONE;
}

static bool snat_open(struct worker *w, struct xmit_opening *opening, enum drop_reason *reason)
{
	const struct tuple *in = opening->in;
	const struct lport_range ports = dest_ports(opening->dest);
	const unsigned int most = lport_is_narrow(ports, w->n_workers) ? TRIES_FEW : TRIES;
	struct tuple *out = &opening->out;

	/* others have been passed over by ipvs/pool */
	*reason = DROP_IPVS_TENTATIVE;
	if (unlikely(opening->service->persist_s) &&
	    addr_is_tentative(w, in->family, &opening->dest->addr))
		return false;
	*out = tuple_reverse(in);
	out->dst = opening->dest->addr;
	*reason = DROP_IPVS_NO_PORT;
	for (unsigned int tries = 0; tries < most; tries++) {
		if (lport_take_in(w->ipvs->lports, out, ports) < 0)
			return false;
		if (likely(opening->clash_later || !has_answers_of_another(w, out))) {
			opening->flags |= CONN_LPORT | CONN_FAR;
			return true;
		}
		lport_release_in(w->ipvs->lports, out, ports);
	}
	return false;
}

const struct xmit xmit_snat = {
	.name = "snat",
	.nat = true,
	.flow = true,
	.open = snat_open,
	.run = translate_passing,
};

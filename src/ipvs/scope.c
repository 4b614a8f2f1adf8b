/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/scope: whoever opens a connection from a link-local address has none
 * beyond its link, and no server could answer it.
 */
#include <sys/socket.h>

#include "ipvs/ipvs_int.h"
#include "net/ip.h"
#include "net/ip6.h"
#include "worker/worker.h"

bool ipvs_leaves_scope(struct worker *w, struct rte_mbuf *m)
{
	const struct tuple *tuple = &pkt_meta(m)->tuple;

	if (likely(tuple->family == AF_INET || !ip6_is_link_local(&tuple->src)))
		return false;
	ip_send_error(w, m, IP_ERROR_SCOPE, 0, &tuple->dst);
	drop(w, m, DROP_IP6_SCOPE);
	return true;
}

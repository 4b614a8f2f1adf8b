/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/nd6.h"

#include "worker/worker.h"

void nd6_input(struct worker *w, struct rte_mbuf *m)
{
	drop(w, m, DROP_ICMP_DONE);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tunnel-sequence: the numbers of GRE's packets. Whoever receives a tunnel's
 * packets sees one sender, so its workers have one count, which lies at the
 * master: a line that they all write. Only tunnels with seq or oseq pay for it.
 */
#include "net/net.h"
#include "net/tunnel_device_int.h"
#include "worker/worker.h"

uint32_t tunnel_sequence_next(const struct worker *w, uint16_t id)
{
	struct tunnel_table *table = w->all[WORKER_MASTER]->net->tunnels;

	return __atomic_fetch_add(&table->sequences[id].next, 1, __ATOMIC_RELAXED);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/ending: see the header. What is marked while a walk is under way may
 * have been passed already, so another walk follows it; when a server comes back
 * before the walk is over, what it still has stays.
 */
#include "ipvs/ending.h"

#include <netinet/in.h>

#include "api/ipvs.h"
#include "ipvs/ipvs.h"
#include "ipvs/ipvs_int.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/service.h"
#include "ipvs/session.h"
#include "worker/worker.h"

#define ENDING_SCAN 256u /* entries looked at a turn; each may send two resets */

static void end_conn(struct worker *w, uint32_t id)
{
	const struct conn *conn = conn_get(w->ipvs->conns, id);
	const struct dest *dest = dest_get(w->ipvs->services, conn->dest);

	if (!(dest->flags & DEST_REMOVED) || dest->on_remove == API_ON_REMOVE_KEEP)
		return;
	if (dest->on_remove == API_ON_REMOVE_RESET && conn->proto == IPPROTO_TCP &&
	    conn->state == TCP_ESTABLISHED && (conn->flags & CONN_RS_SEEN))
		reset_both_sides(w, id);
	session_close(w, id);
	w->ipvs->changes++;
}

void ending_tick(struct worker *w)
{
	struct service_table *table = w->ipvs->services;
	uint32_t end, id;

	if (likely(table->ending_walks == 0))
		return;
	end = table->ending_at + ENDING_SCAN;
	while (table->ending_at < end) {
		if (!conn_next(w->ipvs->conns, table->ending_at, end - table->ending_at, &id)) {
			table->ending_at = id;
			break;
		}
		table->ending_at = id + 1;
		end_conn(w, id);
	}
	if (table->ending_at != CONN_NONE)
		return;
	table->ending_at = 0;
	table->ending_walks--;
}

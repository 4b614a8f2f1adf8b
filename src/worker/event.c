/* SPDX-License-Identifier: BSD-3-Clause */
/* worker/event: values in a ring of each worker's own; the master is woken by an eventfd. */
#include "worker/event.h"

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "worker/replication.h"
#include "worker/worker.h"

void event_send(struct worker *w, const struct event *event)
{
	if (!w->events ||
	    rte_ring_sp_enqueue_elem(w->events, (void *)(uintptr_t)event, sizeof(*event)) != 0) {
		w->counters.events_lost++;
		return;
	}
	worker_wake_master(w);
}

bool event_receive(struct worker *w, struct event *event)
{
	return w->events && rte_ring_sc_dequeue_elem(w->events, event, sizeof(*event)) == 0;
}

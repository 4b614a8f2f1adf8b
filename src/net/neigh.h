/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/neigh: who has which MAC address on a port. The state machine is the
 * master's; workers hold copies, keep the packets that wait, mark what they
 * use and report what they learn.
 */
#ifndef NET_NEIGH_H
#define NET_NEIGH_H

#include "api/neigh.h"
#include "base/ip.h"
#include "worker/stage.h"

/* STAGE_NEIGH_OUTPUT: meta->nexthop and out_port are set, data is at L3; adds the L2 header and
 * pushes to TX, or keeps the packet. */
stage_fn neigh_output;

/* STAGE_ARP_INPUT */
stage_fn arp_input;

struct event;

/*
 * Master: the state machine. What workers report (events EVENT_NEIGH_*) goes in by the first; the
 * second is called every NEIGH_TICK_MS or so, with the time of the monotonic clock. net_start()
 * binds both to the control loop; a test calls them itself.
 */
#define NEIGH_TICK_MS 250

void neigh_event(struct worker *const *all, struct worker *from, const struct event *event,
		 uint64_t now_ms);
void neigh_tick(struct worker *const *all, uint64_t now_ms);

#endif

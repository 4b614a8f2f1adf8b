/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/net-ctl: binds the room's master side to the control loop: the
 * neighbours' state machine to its events and timer, lifetimes and
 * announcements of addresses to theirs.
 */
#include "net/net_ctl.h"

#include "net/addr_int.h"
#include "net/shared_ctl.h"
#include "net/neigh.h"
#include "net/net.h"

#define ADDR_TICK_MS 1000

static void net_on_event(struct control *control, struct worker *from, const struct event *event)
{
	net_event(control_workers(control), from, event, ctl_now_ms());
}

static void net_on_neigh_tick(struct control *control, void *arg)
{
	net_master_tick(control_workers(control), ctl_now_ms());
}

static void net_on_addr_tick(struct control *control, void *arg)
{
	addr_expire(control_workers(control), ctl_now_ms());
}

int net_start(struct control *control)
{
	static const enum event_kind kinds[] = {
		EVENT_NEIGH_WANTED,   EVENT_NEIGH_LEARNT, EVENT_NEIGH_CONFLICT,
		EVENT_ADDR_DUPLICATE, EVENT_MLD_QUERY,    EVENT_PATH_MTU,
	};
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < RTE_DIM(kinds); i++)
		r = control_on_event(control, kinds[i], net_on_event);
	if (r == 0)
		r = control_timer(control, NEIGH_TICK_MS, net_on_neigh_tick, NULL);
	if (r == 0)
		r = control_timer(control, ADDR_TICK_MS, net_on_addr_tick, NULL);
	return r;
}

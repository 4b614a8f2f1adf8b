/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/link-tell-ctl: MONITOR, and the links of what it tells. Much of a link
 * changes without a request: its carrier, its speed, what its driver makes of a
 * setting, what a VLAN has of the port below. So while anybody listens, all
 * links are compared with what they were when last looked at: after each
 * request that moved a fact of some port, and LOOK_MS after the last look.
 * Counters are no change. Other objects tell theirs by their ops (net/tell.h).
 */
#include "link/link_tell_ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_common.h>

#include "api/monitor.h"
#include "link/link_ctl.h"
#include "link/port.h"
#include "worker/notify.h"

#define LOOK_MS 200

struct link_told {
	uint32_t generation;
	struct api_link links[PORT_MAX]; /* by id; no name: there was none */
};

static void take_counters_out(struct api_link *item)
{
	item->rx_packets = item->tx_packets = 0;
	item->rx_bytes = item->tx_bytes = 0;
	item->rx_errors = item->tx_errors = 0;
	item->rx_missed = item->rx_nombuf = item->tx_dropped = 0;
	item->mbuf_avail = item->mbuf_inuse = 0;
}

static void tell_link(struct worker *master, enum api_event_what what, const struct api_link *item)
{
	notify_put(master, what, API_KIND_LINK, 0, item, sizeof(*item));
}

static void look_at(struct worker *const *all, uint16_t id, struct api_link *was)
{
	struct worker *master = all[WORKER_MASTER];
	struct api_link is;

	memset(&is, 0, sizeof(is));
	if (port_exists(master->link, id)) {
		link_item_fill(all, id, &is);
		take_counters_out(&is);
	}
	if (memcmp(&is, was, sizeof(is)) == 0)
		return;
	if (was->name[0] && strncmp(is.name, was->name, sizeof(is.name)) == 0) {
		tell_link(master, API_EVENT_CHANGE, &is);
	} else {
		if (was->name[0])
			tell_link(master, API_EVENT_DEL, was);
		if (is.name[0])
			tell_link(master, API_EVENT_ADD, &is);
	}
	*was = is;
}

static void look_at_all(struct worker *const *all)
{
	struct link *link = all[WORKER_MASTER]->link;

	link->told->generation = link->generation;
	for (uint16_t id = 0; id < PORT_MAX; id++)
		look_at(all, id, &link->told->links[id]);
}

static bool anybody_listens(const struct worker *master)
{
	return notify_wanted(master, API_KIND_LINK, 0);
}

/* After a request. */
static void look_after(void *control)
{
	struct worker *const *all = control_workers(control);
	const struct link *link = all[WORKER_MASTER]->link;

	if (anybody_listens(all[WORKER_MASTER]) && link->told->generation != link->generation)
		look_at_all(all);
}

static void look_again(struct control *control, void *arg)
{
	struct worker *const *all = control_workers(control);

	if (anybody_listens(all[WORKER_MASTER]))
		look_at_all(all);
}

/* What there is before the first change that somebody hears of. */
static int look_first(struct worker *const *all)
{
	struct link *link = all[WORKER_MASTER]->link;

	if (!link->told)
		link->told = calloc(1, sizeof(*link->told));
	if (!link->told)
		return -ENOMEM;
	if (!anybody_listens(all[WORKER_MASTER]))
		look_at_all(all);
	return 0;
}

static int monitor_run(struct request *req, const void *body)
{
	const struct api_monitor *monitor = body;

	if (!monitor->objects || (monitor->objects & ~(uint32_t)API_MONITOR_ALL))
		return request_fail(req, -EINVAL, "monitor: objects 0x%x are not known, 1 to 0x%x",
				    monitor->objects, API_MONITOR_ALL);
	if (monitor->family && monitor->family != AF_INET && monitor->family != AF_INET6)
		return request_fail(req, -EAFNOSUPPORT, "monitor: address family %u is unknown",
				    monitor->family);
	if ((monitor->objects & API_MONITOR_LINK) && look_first(request_workers(req)) < 0)
		return request_fail(req, -ENOMEM, "monitor: no memory");
	return request_listen(req, monitor->objects, monitor->family);
}

int link_tell_start(struct control *control)
{
	struct worker *master = control_workers(control)[WORKER_MASTER];

	notify_on_look(master->notify, look_after, control);
	return control_timer(control, LOOK_MS, look_again, NULL);
}

static const struct request_handler handlers[] = {
	REQUEST_HANDLER(MONITOR, GET, struct api_monitor, monitor_run),
};

const struct request_table monitor_requests = { handlers, RTE_DIM(handlers) };

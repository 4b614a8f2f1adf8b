/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/link-ctl: `dpip link show`: the ports, of the driver and of the workers
 * what each of them knows.
 */
#include "link/link_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/stats.h"
#include "link/link_wish_ctl.h"
#include "link/port.h"
#include "link/vlan.h"

int link_unknown(struct request *req, const char *what, const char *name)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	char known[384] = "";
	size_t len = 0;

	for (uint16_t i = 0; i < link->n_ports && len < sizeof(known); i++)
		if (port_exists(link, i))
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
						len ? ", " : "", link->ports[i].name);
	return request_fail(req, -ENODEV, "%s%sno such device \"%.*s\"; there %s%s", what,
			    what[0] ? ": " : "", API_NAME_LEN - 1, name, len ? "are: " : "is none",
			    known);
}

static bool port_wanted_up(const struct port *port)
{
	return port->kind == PORT_DEVICE ? port->up : !port->set_down;
}

/* The carrier of what it stands on. */
static void link_fill_below(const struct link *link, const struct port *port, struct api_link *item)
{
	const struct port *below = &link->ports[port->parent];
	struct api_link device = { 0 };

	memcpy(item->link, below->name, sizeof(item->link));
	if (below->kind == PORT_VLAN)
		below = &link->ports[below->root];
	below->ops->show(below->handle, &device);
	item->flags |= device.flags & (API_LINK_FULL_DUPLEX | API_LINK_AUTONEG);
	if (link->ports[port->parent].up)
		item->flags |= device.flags & API_LINK_CARRIER;
	item->speed_mbps = device.speed_mbps;
}

/* A port that is no device: counted by the workers, with the carrier of what it stands on. */
static void link_fill_upper(struct worker *const *all, unsigned int id, struct api_link *item)
{
	const struct link *link = all[WORKER_MASTER]->link;
	const struct port *port = &link->ports[id];

	if (port->parent == PORT_NONE)
		item->flags |= API_LINK_CARRIER | API_LINK_FULL_DUPLEX;
	else
		link_fill_below(link, port, item);
	if (port->kind == PORT_VLAN) {
		item->vlan_proto = vlan_proto(port);
		item->vlan_id = vlan_id(port);
	}
	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		const struct port_counters *counters = &all[i]->link->counters[id];

		item->rx_packets += counters->rx_packets;
		item->rx_bytes += counters->rx_bytes;
		item->tx_packets += counters->tx_packets;
		item->tx_bytes += counters->tx_bytes;
		item->rx_errors += counters->rx_errors;
		item->tx_errors += counters->tx_errors;
	}
}

void link_item_fill(struct worker *const *all, unsigned int id, struct api_link *item)
{
	const struct port *port = &all[WORKER_MASTER]->link->ports[id];

	memcpy(item->name, port->name, sizeof(item->name));
	snprintf(item->driver, sizeof(item->driver), "%s", port->ops->driver);
	snprintf(item->steering, sizeof(item->steering), "%s",
		 all[WORKER_MASTER]->n_workers == 1 ? "one worker"
		 : port->rss                        ? "rss"
						    : "software");
	item->index = id + 1;
	item->socket = port->socket < 0 ? 0 : (uint32_t)port->socket;
	item->mtu = port->mtu;
	item->flags = (port_wanted_up(port) ? API_LINK_ADMIN_UP : 0) |
		      (port->added ? API_LINK_ADDED : 0) |
		      (port->forward2kni ? API_LINK_FORWARD2KNI : 0) |
		      (port->kind == PORT_TUNNEL ? API_LINK_TUNNEL : 0);
	item->rx_queues = port->n_rx_queues;
	item->tx_queues = port->n_tx_queues;
	memcpy(item->mac, &port->mac, sizeof(item->mac));
	port->ops->show(port->handle, item);
	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++)
		item->tx_dropped += all[i]->link->tx_dropped[id];
	if (port->kind != PORT_DEVICE)
		link_fill_upper(all, id, item);
}

static int link_list_xstats(struct request *req, unsigned int id)
{
	const struct port *port = &request_workers(req)[WORKER_MASTER]->link->ports[id];
	char name[64];
	uint64_t value;

	for (unsigned int n = 0; port->ops->xstat(port->handle, n, name, &value) == 0; n++) {
		struct api_stat *item = request_item(req, API_KIND_XSTAT, sizeof(*item));

		if (!item)
			return -ENOMEM;
		item->value = value;
		memcpy(item->name, name, sizeof(item->name));
	}
	return 0;
}

/* What adds again those that were added; their MTU as it is now. */
static int link_list_added(struct request *req)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;

	for (uint16_t i = 0; i < link->n_ports; i++) {
		struct api_link_add *item;

		if (!link->made_of[i])
			continue;
		item = request_item(req, API_KIND_LINK_ADD, sizeof(*item));
		if (!item)
			return -ENOMEM;
		*item = *link->made_of[i];
		item->mtu = link->ports[i].mtu;
	}
	return 0;
}

static int link_list(struct request *req, const void *body)
{
	const struct api_filter *filter = body;
	struct worker *const *all = request_workers(req);
	const struct link *link = all[WORKER_MASTER]->link;

	if (filter->dev[0] && port_find(link, filter->dev) == PORT_NONE)
		return link_unknown(req, "", filter->dev);
	if (filter->flags & API_FILTER_ADDED)
		return link_list_added(req) < 0 ? -ENOMEM : link_wish_list(req);
	for (uint16_t i = 0; i < link->n_ports; i++) {
		struct api_link *item;

		if (!port_exists(link, i))
			continue;
		if (filter->dev[0] && strncmp(filter->dev, link->ports[i].name, API_NAME_LEN) != 0)
			continue;
		item = request_item(req, API_KIND_LINK, sizeof(*item));
		if (!item)
			return -ENOMEM;
		link_item_fill(all, i, item);
		if ((filter->flags & API_FILTER_XSTATS) && link_list_xstats(req, i) < 0)
			return -ENOMEM;
	}
	return 0;
}

static const struct request_handler link_handlers[] = {
	REQUEST_HANDLER(LINK_LIST, GET, struct api_filter, link_list),
};

const struct request_table link_requests = { link_handlers, RTE_DIM(link_handlers) };

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/link-ctl: `dpip link show` and `dpip link set`. A change is first asked
 * of the driver, which may refuse; only then do all workers get the port's new
 * facts by op, and with it what stands on the port.
 */
#include "link/link_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/stats.h"
#include "link/port.h"
#include "link/upper.h"
#include "link/vlan.h"
#include "worker/op.h"

#define LINK_MTU_MIN 68
#define LINK_MTU_MAX 9216

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

	link_fill_below(link, port, item);
	item->vlan_proto = vlan_proto(port);
	item->vlan_id = vlan_id(port);
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
		      (port->added ? API_LINK_ADDED : 0);
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
		return link_list_added(req);
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

struct port_facts {
	uint16_t port;
	uint16_t mtu;
	bool up;
	bool set_down;
	bool own_mac;
	struct rte_ether_addr mac;
};

static void port_facts_apply(struct worker *w, struct op *op)
{
	const struct port_facts *facts = op_data(op);
	struct port *port = &w->link->ports[facts->port];
	bool was_up = port->up;

	port->mtu = facts->mtu;
	port->up = facts->up;
	port->set_down = facts->set_down;
	port->own_mac = facts->own_mac;
	port->mac = facts->mac;
	upper_follow(w->link, facts->port);
	w->link->generation++;
	if (port->up != was_up)
		link_watch_again(w);
}

static const char *const link_set_names[] = {
	[API_LINK_SET_UP] = "up or down",
	[API_LINK_SET_PROMISC] = "promisc",
	[API_LINK_SET_ALLMULTICAST] = "allmulticast",
	[API_LINK_SET_MTU] = "mtu",
	[API_LINK_SET_MAC] = "addr",
};

static int port_refused(struct request *req, const struct port *port,
			const struct api_link_set *set, int r)
{
	if (r < 0)
		return request_fail(req, r, "%s: the driver does not take %s: %s", port->name,
				    link_set_names[set->what], strerror(-r));
	return 0;
}

/* Of a device: the driver is asked first. */
static int port_change(struct request *req, const struct port *port, const struct api_link_set *set,
		       struct port_facts *facts)
{
	int r = 0;

	switch (set->what) {
	case API_LINK_SET_UP:
		facts->up = set->value != 0;
		r = port->ops->set_up(port->handle, set->value != 0);
		break;
	case API_LINK_SET_PROMISC:
		r = port->ops->set_promisc(port->handle, set->value != 0);
		break;
	case API_LINK_SET_ALLMULTICAST:
		r = port->ops->set_allmulticast(port->handle, set->value != 0);
		break;
	case API_LINK_SET_MTU:
		r = port->ops->set_mtu(port->handle, facts->mtu);
		break;
	case API_LINK_SET_MAC:
		r = port->ops->set_mac(port->handle, &facts->mac);
		break;
	}
	return port_refused(req, port, set, r);
}

/* Of a port that is no device; parent: NULL if it has none. */
static int upper_change(struct request *req, const struct port *port, const struct port *parent,
			const struct api_link_set *set, struct port_facts *facts)
{
	switch (set->what) {
	case API_LINK_SET_UP:
		facts->set_down = set->value == 0;
		facts->up = set->value != 0 && parent->up;
		return 0;
	case API_LINK_SET_MTU:
		return 0;
	case API_LINK_SET_MAC:
		facts->own_mac = memcmp(&facts->mac, &parent->mac, sizeof(facts->mac)) != 0;
		return 0;
	}
	return request_fail(req, -EOPNOTSUPP, "%s: it has no %s of its own: set that of %s",
			    port->name, link_set_names[set->what], parent->name);
}

static uint16_t port_mtu_max(const struct link *link, const struct port *port)
{
	if (port->kind != PORT_DEVICE)
		return link->ports[port->parent].mtu;
	return port->ops->mtu_max ? RTE_MIN(LINK_MTU_MAX, port->ops->mtu_max(port->handle))
				  : LINK_MTU_MAX;
}

static int link_mtu_refused(struct request *req, const struct link *link, const struct port *port,
			    uint32_t mtu, uint16_t max)
{
	const char *why = "", *of = "";

	if (port->kind != PORT_DEVICE) {
		why = ", as is the mtu of ";
		of = link->ports[port->parent].name;
	} else if (max < LINK_MTU_MAX) {
		why = " with its driver and packet buffers";
	}
	return request_fail(req, -ERANGE, "%s: mtu %u: %u to %u is possible%s%s", port->name, mtu,
			    LINK_MTU_MIN, max, why, of);
}

/* What is no such value on any port. */
static int link_set_check(struct request *req, const struct link *link, const struct port *port,
			  const struct api_link_set *set, struct port_facts *facts)
{
	uint16_t max;

	switch (set->what) {
	case API_LINK_SET_MTU:
		max = port_mtu_max(link, port);
		if (set->value < LINK_MTU_MIN || set->value > max)
			return link_mtu_refused(req, link, port, set->value, max);
		facts->mtu = (uint16_t)set->value;
		return 0;
	case API_LINK_SET_MAC:
		memcpy(&facts->mac, set->mac, sizeof(facts->mac));
		if (!rte_is_valid_assigned_ether_addr(&facts->mac))
			return request_fail(req, -ERANGE,
					    "%s: addr must be the MAC address of one host",
					    port->name);
		return 0;
	default:
		return 0;
	}
}

static int link_set(struct request *req, const void *body)
{
	const struct api_link_set *set = body;
	struct worker *const *all = request_workers(req);
	struct link *link = all[WORKER_MASTER]->link;
	uint16_t id = port_find(link, set->dev);
	const struct port *port = &link->ports[id == PORT_NONE ? 0 : id];
	struct port_facts facts;
	int r;

	if (id == PORT_NONE)
		return link_unknown(req, "", set->dev);
	if (set->what == 0 || set->what >= RTE_DIM(link_set_names))
		return request_fail(req, -EINVAL, "link set %u is not known", set->what);
	facts = (struct port_facts){
		.port = id,
		.mtu = port->mtu,
		.up = port->up,
		.set_down = port->set_down,
		.own_mac = port->own_mac,
		.mac = port->mac,
	};
	r = link_set_check(req, link, port, set, &facts);
	if (r == 0 && port->kind == PORT_DEVICE)
		r = port_change(req, port, set, &facts);
	else if (r == 0)
		r = upper_change(req, port, &link->ports[port->parent], set, &facts);
	if (r < 0)
		return r;
	r = op_multicast(all, port_facts_apply, &facts, sizeof(facts));
	return r < 0 ? request_fail(req, r, "no memory") : 0;
}

static const struct request_handler link_handlers[] = {
	REQUEST_HANDLER(LINK_SET, SET, struct api_link_set, link_set),
	REQUEST_HANDLER(LINK_LIST, GET, struct api_filter, link_list),
};

const struct request_table link_requests = { link_handlers, RTE_DIM(link_handlers) };

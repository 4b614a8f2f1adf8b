/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/link-ctl: `dpip link show` and `dpip link set`. A change is first asked
 * of the driver, which may refuse; only then do all workers get the port's new
 * facts by op.
 */
#include "link/link_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/stats.h"
#include "link/port.h"

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

static void link_fill(struct worker *const *all, unsigned int id, struct api_link *item)
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
	item->flags = (port->up ? API_LINK_ADMIN_UP : 0) | (port->added ? API_LINK_ADDED : 0);
	item->rx_queues = port->n_rx_queues;
	item->tx_queues = port->n_tx_queues;
	memcpy(item->mac, &port->mac, sizeof(item->mac));
	port->ops->show(port->handle, item);
	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++)
		item->tx_dropped += all[i]->link->tx_dropped[id];
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

static int link_list(struct request *req, const void *body)
{
	const struct api_filter *filter = body;
	struct worker *const *all = request_workers(req);
	const struct link *link = all[WORKER_MASTER]->link;

	if (filter->dev[0] && port_find(link, filter->dev) == PORT_NONE)
		return link_unknown(req, "", filter->dev);
	for (uint16_t i = 0; i < link->n_ports; i++) {
		struct api_link *item;

		if (!port_exists(link, i))
			continue;
		if (filter->dev[0] && strncmp(filter->dev, link->ports[i].name, API_NAME_LEN) != 0)
			continue;
		item = request_item(req, API_KIND_LINK, sizeof(*item));
		if (!item)
			return -ENOMEM;
		link_fill(all, i, item);
		if ((filter->flags & API_FILTER_XSTATS) && link_list_xstats(req, i) < 0)
			return -ENOMEM;
	}
	return 0;
}

struct port_facts {
	uint16_t port;
	uint16_t mtu;
	bool up;
	struct rte_ether_addr mac;
};

static void port_facts_apply(struct worker *w, struct op *op)
{
	const struct port_facts *facts = op_data(op);
	struct port *port = &w->link->ports[facts->port];
	bool was_up = port->up;

	port->mtu = facts->mtu;
	port->up = facts->up;
	port->mac = facts->mac;
	w->link->generation++;
	if (port->up != was_up)
		link_watch_again(w);
}

static int port_change(const struct port *port, const struct api_link_set *set,
		       struct port_facts *facts)
{
	switch (set->what) {
	case API_LINK_SET_UP:
		facts->up = set->value != 0;
		return port->ops->set_up(port->handle, set->value != 0);
	case API_LINK_SET_PROMISC:
		return port->ops->set_promisc(port->handle, set->value != 0);
	case API_LINK_SET_ALLMULTICAST:
		return port->ops->set_allmulticast(port->handle, set->value != 0);
	case API_LINK_SET_MTU:
		if (set->value < 68 || set->value > 9000)
			return -ERANGE;
		facts->mtu = (uint16_t)set->value;
		return port->ops->set_mtu(port->handle, facts->mtu);
	case API_LINK_SET_MAC:
		memcpy(&facts->mac, set->mac, sizeof(facts->mac));
		if (!rte_is_unicast_ether_addr(&facts->mac) || rte_is_zero_ether_addr(&facts->mac))
			return -ERANGE;
		return port->ops->set_mac(port->handle, &facts->mac);
	default:
		return -EOPNOTSUPP;
	}
}

static const char *const link_set_names[] = {
	[API_LINK_SET_UP] = "up or down",
	[API_LINK_SET_PROMISC] = "promisc",
	[API_LINK_SET_ALLMULTICAST] = "allmulticast",
	[API_LINK_SET_MTU] = "mtu (68 to 9000)",
	[API_LINK_SET_MAC] = "addr (a unicast MAC address)",
};

static int link_set(struct request *req, const void *body)
{
	const struct api_link_set *set = body;
	struct worker *const *all = request_workers(req);
	struct link *link = all[WORKER_MASTER]->link;
	uint16_t id = port_find(link, set->dev);
	struct port_facts facts;
	int r;

	if (id == PORT_NONE)
		return link_unknown(req, "", set->dev);
	if (set->what == 0 || set->what >= RTE_DIM(link_set_names))
		return request_fail(req, -EINVAL, "link set %u is not known", set->what);
	facts.port = id;
	facts.mtu = link->ports[id].mtu;
	facts.up = link->ports[id].up;
	facts.mac = link->ports[id].mac;
	r = port_change(&link->ports[id], set, &facts);
	if (r < 0)
		return request_fail(req, r, "%s: the driver does not take %s: %s",
				    link->ports[id].name, link_set_names[set->what], strerror(-r));
	r = op_multicast(all, port_facts_apply, &facts, sizeof(facts));
	return r < 0 ? request_fail(req, r, "no memory") : 0;
}

static const struct request_handler link_handlers[] = {
	REQUEST_HANDLER(LINK_SET, SET, struct api_link_set, link_set),
	REQUEST_HANDLER(LINK_LIST, GET, struct api_filter, link_list),
};

const struct request_table link_requests = { link_handlers, RTE_DIM(link_handlers) };

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/link-wish-ctl: what `link set` has changed of a port, and how it was
 * before the first time, so that the change can be told again by another start
 * of the daemon, and be taken back. The master's, since nobody else asks.
 */
#include "link/link_wish_ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "link/link_ctl.h"

/* In which order a port takes them again: down comes last. */
static const uint8_t in_order[] = {
	API_LINK_SET_MAC,          API_LINK_SET_MTU,         API_LINK_SET_PROMISC,
	API_LINK_SET_ALLMULTICAST, API_LINK_SET_FORWARD2KNI, API_LINK_SET_UP,
};

static uint32_t setting_value(const struct port *port, const struct api_link *item, uint32_t what)
{
	switch (what) {
	case API_LINK_SET_UP:
		return port->kind == PORT_DEVICE ? port->up : !port->set_down;
	case API_LINK_SET_PROMISC:
		return (item->flags & API_LINK_PROMISC) != 0;
	case API_LINK_SET_ALLMULTICAST:
		return (item->flags & API_LINK_ALLMULTICAST) != 0;
	case API_LINK_SET_MTU:
		return port->mtu;
	case API_LINK_SET_FORWARD2KNI:
		return port->forward2kni;
	}
	return 0;
}

void link_setting(const struct link *link, uint16_t id, uint32_t what, struct api_link_set *set)
{
	const struct port *port = &link->ports[id];
	struct api_link item = { .flags = 0 };

	port->ops->show(port->handle, &item);
	memset(set, 0, sizeof(*set));
	memcpy(set->dev, port->name, sizeof(set->dev));
	set->what = what;
	set->value = setting_value(port, &item, what);
	if (what == API_LINK_SET_MAC)
		memcpy(set->mac, &port->mac, sizeof(set->mac));
}

int link_wish_prepare(struct link *link, uint16_t id)
{
	if (!link->wishes[id])
		link->wishes[id] = calloc(1, sizeof(*link->wishes[id]));
	return link->wishes[id] ? 0 : -ENOMEM;
}

void link_wish_note(struct link *link, uint16_t id, const struct api_link_set *was)
{
	struct link_wish *wish = link->wishes[id];

	if (wish->set & (1u << was->what))
		return;
	wish->set |= 1u << was->what;
	wish->was[was->what] = *was;
}

const struct api_link_set *link_wish_was(const struct link *link, uint16_t id, uint32_t what)
{
	const struct link_wish *wish = link->wishes[id];

	return wish && (wish->set & (1u << what)) ? &wish->was[what] : NULL;
}

void link_wish_forget(struct link *link, uint16_t id, uint32_t what)
{
	link->wishes[id]->set &= ~(1u << what);
}

/* The MTU of one that was added stands in the line that adds it. */
static bool is_listed(const struct link *link, uint16_t id, uint32_t what)
{
	return link_wish_was(link, id, what) && !(what == API_LINK_SET_MTU && link->made_of[id]);
}

static int list_port(struct request *req, const struct link *link, uint16_t id)
{
	for (unsigned int i = 0; i < RTE_DIM(in_order); i++) {
		struct api_link_set *item;

		if (!is_listed(link, id, in_order[i]))
			continue;
		item = request_item(req, API_KIND_LINK_SET, sizeof(*item));
		if (!item)
			return -ENOMEM;
		link_setting(link, id, in_order[i], item);
	}
	return 0;
}

int link_wish_list(struct request *req)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	int r = 0;

	/* devices first, then what stands on them: an MTU is never above the one below */
	for (unsigned int tags = 0; tags <= PORT_TAGS; tags++)
		for (uint16_t id = 0; id < link->n_ports && r == 0; id++)
			if (port_exists(link, id) && link->ports[id].n_tags == tags)
				r = list_port(req, link, id);
	return r;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/link-set-ctl: `dpip link set`. A change is first asked of the driver,
 * which may refuse; only then do all workers get the port's new facts by op,
 * and with it what stands on the port. What was changed is remembered
 * (link_wish_ctl.h), so that it outlives the daemon and can be taken back.
 */
#include "link/link_set_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "link/link_ctl.h"
#include "link/link_wish_ctl.h"
#include "link/port.h"
#include "link/upper.h"
#include "worker/op.h"

#define LINK_MTU_MAX 9216

static const struct port *port_parent(const struct link *link, const struct port *port)
{
	return port->parent == PORT_NONE ? NULL : &link->ports[port->parent];
}

struct port_facts {
	uint16_t port;
	uint16_t mtu;
	bool up;
	bool set_down;
	bool own_mac;
	bool forward2kni;
	struct rte_ether_addr mac;
};

static void port_facts_apply(struct worker *w, struct op *op)
{
	const struct port_facts *facts = op_data(op);
	struct port *port = &w->link->ports[facts->port];
	bool was_up = port->up;
	uint16_t was_mtu = port->mtu;

	port->mtu = facts->mtu;
	port->up = facts->up;
	port->set_down = facts->set_down;
	port->own_mac = facts->own_mac;
	port->forward2kni = facts->forward2kni;
	port->mac = facts->mac;
	upper_follow(w->link, facts->port);
	w->link->generation++;
	/* some drivers start anew for another MTU, with other descriptors */
	if (port->up != was_up || port->mtu != was_mtu)
		link_watch_again(w);
}

static const char *const link_set_names[] = {
	[API_LINK_SET_UP] = "up or down",
	[API_LINK_SET_PROMISC] = "promisc",
	[API_LINK_SET_ALLMULTICAST] = "allmulticast",
	[API_LINK_SET_MTU] = "mtu",
	[API_LINK_SET_MAC] = "addr",
	[API_LINK_SET_FORWARD2KNI] = "forward2kni",
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
	case API_LINK_SET_FORWARD2KNI:
		facts->forward2kni = set->value != 0;
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
		facts->up = set->value != 0 && (!parent || parent->up);
		return 0;
	case API_LINK_SET_MTU:
		return 0;
	}
	if (port->kind == PORT_TUNNEL)
		return request_fail(req, -EOPNOTSUPP, "%s: a tunnel has no %s", port->name,
				    link_set_names[set->what]);
	switch (set->what) {
	case API_LINK_SET_MAC:
		facts->own_mac = memcmp(&facts->mac, &parent->mac, sizeof(facts->mac)) != 0;
		return 0;
	}
	return request_fail(req, -EOPNOTSUPP, "%s: it has no %s of its own: set that of %s",
			    port->name, link_set_names[set->what], parent->name);
}

static int link_mtu_check(struct request *req, const struct link *link, const struct port *port,
			  uint32_t mtu)
{
	uint16_t max = LINK_MTU_MAX;
	char why[160] = "";

	if (port->kind == PORT_TUNNEL) {
		const struct port *parent = port_parent(link, port);

		max = upper_mtu(parent ? parent->mtu : LINK_MTU_MAX, port->overhead);
		snprintf(why, sizeof(why), ", with its headers");
	} else if (port->kind == PORT_VLAN) {
		const struct port *parent = &link->ports[port->parent];

		max = parent->mtu;
		snprintf(why, sizeof(why), ", as is the mtu of %s", parent->name);
	} else if (port->ops->mtu_max) {
		char of[150] = "";

		max = port->ops->mtu_max(port->handle, of, sizeof(of));
		if (max < LINK_MTU_MAX)
			snprintf(why, sizeof(why), "; %s", of);
		max = RTE_MIN(max, LINK_MTU_MAX);
	}
	if (mtu >= LINK_MTU_MIN && mtu <= max)
		return 0;
	return request_fail(req, -ERANGE, "%s: mtu %u: %u to %u is possible%s", port->name, mtu,
			    LINK_MTU_MIN, max, why);
}

/* What is no such value on any port. */
static int link_set_check(struct request *req, const struct link *link, const struct port *port,
			  const struct api_link_set *set, struct port_facts *facts)
{
	int r;

	switch (set->what) {
	case API_LINK_SET_MTU:
		r = link_mtu_check(req, link, port, set->value);
		facts->mtu = (uint16_t)set->value;
		return r;
	case API_LINK_SET_MAC:
		memcpy(&facts->mac, set->mac, sizeof(facts->mac));
		if (!rte_is_valid_assigned_ether_addr(&facts->mac))
			return request_fail(req, -ERANGE,
					    "%s: addr must be the MAC address of one host",
					    port->name);
		return 0;
	case API_LINK_SET_FORWARD2KNI:
		if (set->value && !link->kernel)
			return request_fail(req, -EOPNOTSUPP,
					    "%s: there are no kernel interfaces to forward to: "
					    "global_defs { kni on }",
					    port->name);
		return 0;
	default:
		return 0;
	}
}

static int link_set_port(struct request *req, uint16_t id, const struct api_link_set *set)
{
	struct worker *const *all = request_workers(req);
	const struct link *link = all[WORKER_MASTER]->link;
	const struct port *port = &link->ports[id];
	struct port_facts facts = {
		.port = id,
		.mtu = port->mtu,
		.up = port->up,
		.set_down = port->set_down,
		.own_mac = port->own_mac,
		.forward2kni = port->forward2kni,
		.mac = port->mac,
	};
	int r = link_set_check(req, link, port, set, &facts);

	if (r == 0 && port->kind == PORT_DEVICE)
		r = port_change(req, port, set, &facts);
	else if (r == 0)
		r = upper_change(req, port, port_parent(link, port), set, &facts);
	if (r < 0)
		return r;
	r = op_multicast(all, port_facts_apply, &facts, sizeof(facts));
	if (r == 0 && set->what == API_LINK_SET_MAC)
		upper_tell_macs(link, port_device(link, id));
	return r < 0 ? request_fail(req, r, "no memory") : 0;
}

/* The port that a request names, or -errno. */
static int link_set_find(struct request *req, const struct api_link_set *set)
{
	uint16_t id = port_find(request_workers(req)[WORKER_MASTER]->link, set->dev);

	if (id == PORT_NONE)
		return link_unknown(req, "", set->dev);
	if (set->what == 0 || set->what >= RTE_DIM(link_set_names))
		return request_fail(req, -EINVAL, "link set %u is not known", set->what);
	return id;
}

static int link_set(struct request *req, const void *body)
{
	const struct api_link_set *set = body;
	struct link *link = request_workers(req)[WORKER_MASTER]->link;
	int id = link_set_find(req, set), r;
	struct api_link_set was;

	if (id < 0)
		return id;
	if (link_wish_prepare(link, (uint16_t)id) < 0)
		return request_fail(req, -ENOMEM, "no memory");
	link_setting(link, (uint16_t)id, set->what, &was);
	r = link_set_port(req, (uint16_t)id, set);
	if (r == 0)
		link_wish_note(link, (uint16_t)id, &was);
	return r;
}

static int link_reset(struct request *req, const void *body)
{
	const struct api_link_set *set = body;
	struct link *link = request_workers(req)[WORKER_MASTER]->link;
	int id = link_set_find(req, set), r;
	const struct api_link_set *was;
	struct api_link_set back;

	if (id < 0)
		return id;
	was = link_wish_was(link, (uint16_t)id, set->what);
	if (!was)
		return request_fail(req, -ENOENT, "%s: %s was not changed", link->ports[id].name,
				    link_set_names[set->what]);
	back = *was;
	if (link->ports[id].kind != PORT_DEVICE && set->what == API_LINK_SET_MAC)
		memcpy(back.mac, &link->ports[link->ports[id].parent].mac, sizeof(back.mac));
	r = link_set_port(req, (uint16_t)id, &back);
	if (r == 0)
		link_wish_forget(link, (uint16_t)id, set->what);
	return r;
}

static const struct request_handler handlers[] = {
	REQUEST_HANDLER(LINK_SET, SET, struct api_link_set, link_set),
	REQUEST_HANDLER(LINK_RESET, SET, struct api_link_set, link_reset),
};

const struct request_table link_set_requests = { handlers, RTE_DIM(handlers) };

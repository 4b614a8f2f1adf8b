/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/unplug: what goes with a port. First every worker stops sending by it
 * and gives up what waits to, so that nothing new comes to hang on it; then
 * its addresses go as if deleted one by one, since routes made by hand may
 * prefer them on other ports too, and at last the other routes and the
 * neighbours. Each is an op of its own: packets flow on in between.
 */
#include "net/net.h"

#include "net/addr_int.h"
#include "net/maddr.h"
#include "net/neigh_int.h"
#include "net/route_int.h"
#include "net/tunnel_device.h"

static void unplug_apply_down(struct worker *w, struct op *op)
{
	uint16_t port = *(const uint16_t *)op_data(op);

	w->link->ports[port].up = false;
	tunnel_device_forget(w, port);
	w->link->generation++;
	neigh_wait_fail_port(w, port);
}

static int unplug_addrs(struct worker *const *all, uint16_t port)
{
	struct addr_table *table = all[WORKER_MASTER]->net->addrs;
	int r = 0;

	list_for_each_safe (it, &table->ports[port]) {
		struct change change;

		change_init(&change, all);
		r = change_end(&change,
			       addr_change_del(&change, container_of(it, struct addr, port_node)));
		if (r < 0)
			break;
	}
	table->auto_made[port] = 0;
	table->announced &= ~(UINT64_C(1) << port);
	table->members[port] = 0;
	return r;
}

/* Of several gateways those go that the port led to; else the route goes. */
static int unplug_route(struct worker *const *all, const struct route_node *node, uint16_t port)
{
	struct route key, left;
	struct route_paths paths;
	struct change change;

	route_describe(all[WORKER_MASTER], node, &key);
	if (!route_uses_port(&key, port))
		return 0;
	change_init(&change, all);
	if (route_without_port(&key, port, &left, &paths))
		return change_end(&change, route_change_set(&change, &key, &left));
	return change_end(&change, route_change_del(&change, &key));
}

static int unplug_routes(struct worker *const *all, uint16_t port)
{
	int r = 0;

	order_for_each_safe (it, &all[WORKER_MASTER]->net->routes->order) {
		r = unplug_route(all, container_of(it, struct route_node, order), port);
		if (r < 0)
			break;
	}
	return r;
}

static int unplug_neighs(struct worker *const *all, uint16_t port)
{
	int r = 0;

	order_for_each_safe (it, &all[WORKER_MASTER]->net->neighs->order) {
		struct neigh *neigh = container_of(it, struct neigh, order);

		if (neigh->port != port)
			continue;
		r = neigh_remove(all, neigh);
		if (r < 0)
			break;
	}
	return r;
}

int net_unplug(struct worker *const *all, uint16_t port)
{
	int r = op_multicast(all, unplug_apply_down, &port, sizeof(port));

	if (r == 0)
		r = unplug_addrs(all, port);
	if (r == 0)
		r = maddr_unplug(all, port);
	if (r == 0)
		r = unplug_routes(all, port);
	return r == 0 ? unplug_neighs(all, port) : r;
}

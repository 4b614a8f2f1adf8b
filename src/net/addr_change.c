/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr-change: what an address brings along and takes away. It makes the
 * local route to itself and, unless its net is itself alone, the route to its
 * net. Two addresses of a net share that route: it names the first as the
 * source, and passes to the other when the first goes. Only routes that came
 * with addresses (proto auto) go with them; a route configured by hand stays,
 * without its preferred source if that was the address.
 */
#include "net/addr_int.h"

#include "net/net.h"
#include "net/route_int.h"
#include "worker/worker.h"

static struct route addr_local_route(const struct addr *addr)
{
	return (struct route){
		.dst = addr->ip,
		.family = addr->family,
		.plen = (uint8_t)ip_bits(addr->family),
		.type = API_ROUTE_LOCAL,
		.scope = API_SCOPE_HOST,
		.proto = API_PROTO_AUTO,
		.port = addr->port,
	};
}

static struct route addr_net_route(const struct addr *addr)
{
	return (struct route){
		.dst = ip_network(addr->family, &addr->ip, addr->plen),
		.src = addr->ip,
		.family = addr->family,
		.plen = addr->plen,
		.type = API_ROUTE_UNICAST,
		.scope = API_SCOPE_LINK,
		.proto = API_PROTO_AUTO,
		.port = addr->port,
	};
}

static bool addr_has_net(const struct addr *addr)
{
	return addr->plen != ip_bits(addr->family);
}

int addr_change_add(struct change *change, const struct addr *addr)
{
	const struct worker *master = change->all[WORKER_MASTER];
	struct route local = addr_local_route(addr);
	struct route net = addr_net_route(addr);
	int r = 0;

	if (!route_find(master, &local))
		r = route_change_add(change, &local);
	if (r == 0 && addr_has_net(addr) && !route_find(master, &net))
		r = route_change_add(change, &net);
	if (r == 0)
		r = change_add(change, addr_apply_add, addr, sizeof(*addr), sizeof(*addr));
	return r;
}

int addr_change_set(struct change *change, const struct addr *addr)
{
	return change_add(change, addr_apply_set, addr, sizeof(*addr), 0);
}

/* Another address of the port with the same ip (same_net false), or on the same net. */
static const struct addr *addr_other(const struct worker *master, const struct addr *addr,
				     bool same_net)
{
	list_for_each (it, &master->net->addrs->ports[addr->port]) {
		const struct addr *other = container_of(it, struct addr, port_node);

		if (other == addr || other->family != addr->family)
			continue;
		if (same_net ? other->plen == addr->plen &&
				       ip_match(addr->family, &other->ip, &addr->ip, addr->plen)
			     : ip_equal(&other->ip, &addr->ip))
			return other;
	}
	return NULL;
}

static int addr_change_net_route(struct change *change, const struct addr *addr)
{
	const struct worker *master = change->all[WORKER_MASTER];
	const struct addr *heir = addr_other(master, addr, true);
	struct route key = addr_net_route(addr);
	const struct route *route = route_find(master, &key);
	struct route to;

	if (!route || route->proto != API_PROTO_AUTO)
		return 0;
	if (!heir)
		return route_change_del(change, &key);
	if (!ip_equal(&route->src, &addr->ip))
		return 0;
	to = *route;
	to.src = heir->ip;
	return route_change_set(change, &key, &to);
}

/* Routes made by hand that prefer the address as source, once it is on no port any more. */
static int addr_change_sources(struct change *change, const struct addr *addr)
{
	const struct worker *master = change->all[WORKER_MASTER];
	int r = 0;

	list_for_each (it, &master->net->routes->nets[route_family(addr->family)]) {
		const struct route *route = container_of(it, struct route, node);
		struct route to = *route;

		if (route->proto == API_PROTO_AUTO || !ip_equal(&route->src, &addr->ip))
			continue;
		to.src = (union ip_addr){ .u64 = { 0, 0 } };
		r = route_change_set(change, route, &to);
		if (r < 0)
			break;
	}
	return r;
}

static bool addr_is_last(const struct worker *master, const struct addr *addr)
{
	for (uint16_t port = 0; port < PORT_MAX; port++) {
		const struct addr *other;

		other = addr_find_ip(master, addr->family, &addr->ip, port);
		if (other && other != addr)
			return false;
	}
	return !addr_other(master, addr, false);
}

int addr_change_del(struct change *change, const struct addr *key)
{
	const struct worker *master = change->all[WORKER_MASTER];
	const struct addr *addr = addr_find(master, key);
	struct route local = addr_local_route(addr);
	const struct route *route = route_find(master, &local);
	int r = 0;

	if (route && route->proto == API_PROTO_AUTO && !addr_other(master, addr, false))
		r = route_change_del(change, &local);
	if (r == 0 && addr_has_net(addr))
		r = addr_change_net_route(change, addr);
	if (r == 0 && addr_is_last(master, addr))
		r = addr_change_sources(change, addr);
	if (r == 0)
		r = change_add(change, addr_apply_del, addr, sizeof(*addr), 0);
	return r;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/addr-change: what an address brings along and takes away. It makes the
 * local route to itself and, unless its net is itself alone, the route to its
 * net. Two addresses of a net share that route: it names the first as the
 * source, and passes to the other when the first goes. Only routes that came
 * with addresses (proto kernel) go with them; a route configured by hand stays,
 * without its preferred source if that was the address.
 */
#include "net/addr_int.h"

#include "net/maddr.h"
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
		.proto = API_PROTO_KERNEL,
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
		.proto = API_PROTO_KERNEL,
		.port = addr->port,
	};
}

static bool addr_has_net(const struct addr *addr)
{
	return addr->plen != ip_bits(addr->family);
}

static struct maddr_key addr_group(const struct addr *addr)
{
	return (struct maddr_key){
		.ip = maddr_solicited_node(&addr->ip),
		.port = addr->port,
		.family = AF_INET6,
	};
}

int addr_change_add(struct change *change, const struct addr *addr)
{
	const struct worker *master = change->all[WORKER_MASTER];
	struct route local = addr_local_route(addr);
	struct route net = addr_net_route(addr);
	int r = 0;

	if (!route_find_node(master, &local))
		r = route_change_add(change, &local);
	if (r == 0 && addr_has_net(addr) && !route_find_node(master, &net))
		r = route_change_add(change, &net);
	if (r == 0 && addr->family == AF_INET6) {
		struct maddr_key group = addr_group(addr);

		r = maddr_op_join(change, &group);
	}
	if (r == 0)
		r = addr_op_add(change, addr);
	return r;
}

void addr_dad_begin(const struct worker *master, struct addr *addr)
{
	const struct addr *twin = addr_find_ip(master, addr->family, &addr->ip, addr->port);

	addr->flags &= ~(uint32_t)(API_ADDR_TENTATIVE | API_ADDR_DADFAILED);
	if (addr->family != AF_INET6 || (addr->flags & API_ADDR_NODAD) ||
	    master->link->ports[addr->port].kind == PORT_TUNNEL ||
	    master->net->config.dad_transmits == 0 || (twin && !(twin->flags & API_ADDR_TENTATIVE)))
		return;
	addr->flags |= API_ADDR_TENTATIVE;
	addr->dad_left = master->net->config.dad_transmits;
}

int addr_change_set(struct change *change, const struct addr *addr)
{
	return addr_op_set(change, addr);
}

/* Another address with the same ip on this port, or if that is PORT_NONE on any. */
static bool addr_has_twin(const struct worker *master, const struct addr *addr, uint16_t port)
{
	addr_for_each_ip (it, master, &addr->ip) {
		const struct addr *other = addr_of_chain(it);

		if (other != addr && other->family == addr->family &&
		    ip_equal(&other->ip, &addr->ip) && (port == PORT_NONE || other->port == port))
			return true;
	}
	return false;
}

/* The first that came of the other addresses of the port on its net; NULL: there is none. */
static const struct addr *addr_heir(const struct worker *master, const struct addr *addr)
{
	const struct addr *first = addr_find_net(master, addr);

	if (first == addr)
		first = container_of(addr->net_group.peers.next, struct addr, net_group.peers);
	return first == addr ? NULL : first;
}

static int addr_change_net_route(struct change *change, const struct addr *addr)
{
	const struct worker *master = change->all[WORKER_MASTER];
	const struct addr *heir = addr_heir(master, addr);
	struct route key = addr_net_route(addr);
	struct route to;

	if (!route_find(master, &key, &to) || to.proto != API_PROTO_KERNEL)
		return 0;
	if (!heir)
		return route_change_del(change, &key);
	if (!ip_equal(&to.src, &addr->ip))
		return 0;
	to.src = heir->ip;
	return route_change_set(change, &key, &to);
}

int addr_change_del(struct change *change, const struct addr *key)
{
	const struct worker *master = change->all[WORKER_MASTER];
	const struct addr *addr = addr_find(master, key);
	struct route local = addr_local_route(addr);
	const struct route_node *route = route_find_node(master, &local);
	int r = 0;

	if (route && route->proto == API_PROTO_KERNEL && !addr_has_twin(master, addr, addr->port))
		r = route_change_del(change, &local);
	if (r == 0 && addr_has_net(addr))
		r = addr_change_net_route(change, addr);
	/* routes made by hand may prefer it as long as it is on any port */
	if (r == 0 && !addr_has_twin(master, addr, PORT_NONE))
		r = route_change_forget_source(change, addr->family, &addr->ip);
	if (r == 0 && addr->family == AF_INET6) {
		struct maddr_key group = addr_group(addr);

		r = maddr_op_leave(change, &group);
	}
	if (r == 0)
		r = addr_op_del(change, addr);
	return r;
}

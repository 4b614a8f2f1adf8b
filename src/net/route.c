/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route: one worker's routes, and the ops that change them. What is ours
 * or the kernel's lies in a hash, keyed so that nobody chooses collisions; nets
 * in one list a family, in the order in which they are to match, so that the
 * first match is the best. The list is the record of what was configured and
 * of its order. Master and workers run the same functions, so their tables
 * stay the same; the master alone checks (route_ctl.c) that a route may be
 * added, and that one to be changed exists.
 */
#include "net/route_int.h"

#include <errno.h>
#include <stdlib.h>

#include "link/port.h"
#include "net/net.h"
#include "worker/worker.h"

struct route_table *route_table_create(void)
{
	struct route_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	for (unsigned int i = 0; i < ROUTE_BUCKETS; i++)
		list_init(&table->local[i]);
	list_init(&table->locals);
	for (unsigned int i = 0; i < ROUTE_FAMILIES; i++)
		list_init(&table->nets[i]);
	return table;
}

static void route_free_list(struct list *head)
{
	list_for_each_safe (it, head)
		free(container_of(it, struct route, node));
}

void route_table_destroy(struct route_table *table)
{
	if (!table)
		return;
	for (unsigned int i = 0; i < ROUTE_BUCKETS; i++)
		route_free_list(&table->local[i]);
	for (unsigned int i = 0; i < ROUTE_FAMILIES; i++)
		route_free_list(&table->nets[i]);
	free(table);
}

static struct list *route_bucket(const struct worker *w, const union ip_addr *dst)
{
	uint64_t hash = hash_words(&w->flow_key, dst->u64[0], dst->u64[1]);

	return &w->net->routes->local[hash % ROUTE_BUCKETS];
}

static const struct route *route_lookup_local(const struct worker *w, unsigned int family,
					      const union ip_addr *dst)
{
	list_for_each (it, route_bucket(w, dst)) {
		const struct route *route = container_of(it, struct route, node);

		if (ip_equal(&route->dst, dst) && route->family == family)
			return route;
	}
	return NULL;
}

static const struct route *route_lookup_net(const struct worker *w, unsigned int family,
					    const union ip_addr *dst)
{
	list_for_each (it, &w->net->routes->nets[route_family(family)]) {
		const struct route *route = container_of(it, struct route, node);

		if (ip_match(family, &route->dst, dst, route->plen))
			return route;
	}
	return NULL;
}

const struct route *route_lookup(const struct worker *w, unsigned int family,
				 const union ip_addr *dst)
{
	const struct route *route = route_lookup_local(w, family, dst);

	return route ? route : route_lookup_net(w, family, dst);
}

void route_nexthop(const struct worker *w, const struct route *route, const union ip_addr *dst,
		   struct nexthop *nexthop)
{
	uint32_t mtu = w->link->ports[route->port].mtu;

	nexthop->addr = ip_is_zero(&route->via) ? *dst : route->via;
	nexthop->src = route->src;
	nexthop->port = route->port;
	nexthop->mtu = (uint16_t)(route->mtu && route->mtu < mtu ? route->mtu : mtu);
}

bool route_output(const struct worker *w, unsigned int family, const union ip_addr *dst,
		  struct nexthop *nexthop)
{
	const struct route *route = route_lookup_net(w, family, dst);

	if (!route)
		return false;
	route_nexthop(w, route, dst, nexthop);
	return true;
}

static bool route_same_net(const struct route *a, const struct route *b)
{
	return a->plen == b->plen && a->metric == b->metric && a->port == b->port &&
	       ip_equal(&a->dst, &b->dst);
}

struct route *route_find(const struct worker *w, const struct route *key)
{
	if (key->type != API_ROUTE_UNICAST) {
		list_for_each (it, route_bucket(w, &key->dst)) {
			struct route *route = container_of(it, struct route, node);

			if (ip_equal(&route->dst, &key->dst) && route->family == key->family &&
			    route->port == key->port)
				return route;
		}
		return NULL;
	}
	list_for_each (it, &w->net->routes->nets[route_family(key->family)]) {
		struct route *route = container_of(it, struct route, node);

		if (route_same_net(route, key))
			return route;
		if (route->plen < key->plen)
			break;
	}
	return NULL;
}

/* Behind all that match before it, and behind its equals, which came earlier. */
static void route_insert_net(struct list *head, struct route *route)
{
	struct list *at = head->prev;

	while (at != head) {
		const struct route *before = container_of(at, struct route, node);

		if (before->plen > route->plen ||
		    (before->plen == route->plen && before->metric <= route->metric))
			break;
		at = at->prev;
	}
	list_insert_after(at, &route->node);
}

static void route_apply_add(struct worker *w, struct op *op)
{
	struct route_table *table = w->net->routes;
	struct route *route = op->args[0];

	*route = *(const struct route *)op_data(op);
	list_init(&route->order);
	if (route->type != API_ROUTE_UNICAST) {
		list_add_tail(route_bucket(w, &route->dst), &route->node);
		list_add_tail(&table->locals, &route->order);
		table->n_local++;
	} else {
		route_insert_net(&table->nets[route_family(route->family)], route);
		table->n_nets++;
	}
}

static void route_apply_del(struct worker *w, struct op *op)
{
	struct route *route = route_find(w, op_data(op));

	if (!route)
		return;
	list_del(&route->node);
	list_del(&route->order);
	if (route->type != API_ROUTE_UNICAST)
		w->net->routes->n_local--;
	else
		w->net->routes->n_nets--;
	op_garbage(op, route);
}

/* data: the key, then what it becomes. Its place in the list stays. */
static void route_apply_set(struct worker *w, struct op *op)
{
	const struct route *data = op_data(op);
	struct route *route = route_find(w, &data[0]);
	struct list node, order;

	if (!route)
		return;
	node = route->node;
	order = route->order;
	*route = data[1];
	route->node = node;
	route->order = order;
}

int route_change_add(struct change *change, const struct route *route)
{
	return change_add(change, route_apply_add, route, sizeof(*route), sizeof(*route));
}

int route_change_del(struct change *change, const struct route *key)
{
	return change_add(change, route_apply_del, key, sizeof(*key), 0);
}

int route_change_set(struct change *change, const struct route *key, const struct route *to)
{
	struct route data[2] = { *key, *to };

	return change_add(change, route_apply_set, data, sizeof(data), 0);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-change: the ops that change routes. Master and workers run the
 * same functions, so their tables stay the same; the master alone checks
 * (route_ctl.c) that a route may be added, and that one to be changed exists.
 * Each op brings what its hashes may need to grow, see base/chains.h.
 */
#include "net/route_int.h"

#include "net/net.h"
#include "worker/worker.h"

/* args[] of the ops */
enum {
	ARG_NODE, /* of add only */
	ARG_PREFIXES,
	ARG_SOURCES,
};

static struct route_nets *nets_of(struct worker *w, const struct route *route)
{
	return &w->net->routes->nets[route->family == AF_INET6];
}

static bool is_net(const struct route *route)
{
	return route->type == API_ROUTE_UNICAST;
}

/* What came with an address goes with it: its source needs no care. */
static bool has_source(const struct route *route)
{
	return route->proto != API_PROTO_KERNEL && !ip_is_zero(&route->src);
}

static void link_source(struct worker *w, struct op *op, struct route_node *node)
{
	struct route_node *first;
	void *segment = op->args[ARG_SOURCES];

	if (has_source(&node->route)) {
		const union ip_addr *src = &node->route.src;

		first = route_source_find(w, node->route.family, src);
		if (first)
			group_join(&first->source, &node->source);
		else
			segment = group_found(&w->net->routes->sources, &node->source,
					      route_hash(w, src, 0), segment);
	}
	op_garbage(op, segment);
}

static void unlink_source(struct worker *w, struct op *op, struct route_node *node)
{
	if (has_source(&node->route))
		op_garbage(op, group_leave(&w->net->routes->sources, &node->source));
}

/* It becomes the best of its prefix. */
static void lead_prefix(struct route_node *was, struct route_node *node)
{
	node->same = was->same;
	was->same.root = NULL;
	chain_replace(&was->chain, &node->chain);
}

static void join_prefix(struct route_node *first, struct route_node *node)
{
	order_add(&first->same, &node->in_same);
	if (node->route.metric < first->route.metric)
		lead_prefix(first, node);
}

static void *leave_prefix(struct route_nets *nets, struct route_node *first,
			  struct route_node *node)
{
	struct order_node *next = order_next(&node->in_same);

	order_del(&first->same, &node->in_same);
	if (node != first)
		return NULL;
	if (!next)
		return chains_del(&nets->prefixes, &node->chain);
	lead_prefix(node, container_of(next, struct route_node, in_same));
	return NULL;
}

static void link_prefix(struct worker *w, struct op *op, struct route_node *node)
{
	struct route *route = &node->route;
	struct route_nets *nets = nets_of(w, route);
	void *segment = op->args[ARG_PREFIXES];
	struct route_node *first;

	if (!is_net(route)) {
		op_garbage(op, chains_add(&w->net->routes->locals, &node->chain,
					  route_hash(w, &route->dst, 0), segment));
		return;
	}
	first = route_prefix_find(w, route->family, &route->dst, route->plen);
	node->in_same.major = route->metric;
	node->in_same.minor = node->order.minor;
	if (first) {
		join_prefix(first, node);
	} else {
		order_add(&node->same, &node->in_same);
		segment = chains_add(&nets->prefixes, &node->chain,
				     route_hash(w, &route->dst, route->plen), segment);
	}
	op_garbage(op, segment);
	nets->counts[route->plen]++;
	nets->used[route->plen / 64] |= UINT64_C(1) << route->plen % 64;
}

static void unlink_prefix(struct worker *w, struct op *op, struct route_node *node)
{
	const struct route *route = &node->route;
	struct route_nets *nets = nets_of(w, route);
	struct route_node *first;

	if (!is_net(route)) {
		op_garbage(op, chains_del(&w->net->routes->locals, &node->chain));
		return;
	}
	first = route_prefix_find(w, route->family, &route->dst, route->plen);
	op_garbage(op, leave_prefix(nets, first, node));
	if (--nets->counts[route->plen] == 0)
		nets->used[route->plen / 64] &= ~(UINT64_C(1) << route->plen % 64);
}

/* Its place in listings. */
static uint64_t order_major(const struct route *route)
{
	uint64_t part = route->family == AF_INET6 ? 2 : 1;

	if (!is_net(route))
		return 0;
	return part << 40 | (uint64_t)(ROUTE_PLEN_ENDS - route->plen) << 32 | route->metric;
}

static void touch(struct worker *w, const struct route *route)
{
	stamps_touch(&w->net->stamps, route->family, &route->dst, route->plen);
}

static void apply_add(struct worker *w, struct op *op)
{
	struct route_table *table = w->net->routes;
	struct route_node *node = op->args[ARG_NODE];

	node->route = *(const struct route *)op_data(op);
	touch(w, &node->route);
	node->order.major = order_major(&node->route);
	node->order.minor = ++table->serial;
	order_add(&table->order, &node->order);
	link_prefix(w, op, node);
	link_source(w, op, node);
}

static void apply_del(struct worker *w, struct op *op)
{
	struct route_node *node = route_find_node(w, op_data(op));

	if (!node)
		return;
	touch(w, &node->route);
	unlink_source(w, op, node);
	unlink_prefix(w, op, node);
	order_del(&w->net->routes->order, &node->order);
	op_garbage(op, node);
}

/* data: the key, then what it becomes. Its place stays. */
static void apply_set(struct worker *w, struct op *op)
{
	const struct route *data = op_data(op);
	struct route_node *node = route_find_node(w, &data[0]);

	if (!node) {
		op_garbage(op, op->args[ARG_SOURCES]);
		return;
	}
	touch(w, &node->route);
	unlink_source(w, op, node);
	node->route = data[1];
	link_source(w, op, node);
}

static int bring_for_source(struct change *change, const struct route *route)
{
	const struct route_table *table = change->all[WORKER_MASTER]->net->routes;

	return has_source(route) ? change_bring(change, ARG_SOURCES, chains_need(&table->sources))
				 : 0;
}

int route_change_add(struct change *change, const struct route *route)
{
	struct worker *master = change->all[WORKER_MASTER];
	const struct chains *chains = is_net(route) ? &nets_of(master, route)->prefixes
						    : &master->net->routes->locals;
	int r = change_add(change, apply_add, route, sizeof(*route), sizeof(struct route_node));

	if (r == 0)
		r = change_bring(change, ARG_PREFIXES, chains_need(chains));
	return r == 0 ? bring_for_source(change, route) : r;
}

int route_change_del(struct change *change, const struct route *key)
{
	return change_add(change, apply_del, key, sizeof(*key), 0);
}

int route_change_set(struct change *change, const struct route *key, const struct route *to)
{
	struct route data[2] = { *key, *to };
	int r = change_add(change, apply_set, data, sizeof(data), 0);

	return r == 0 ? bring_for_source(change, to) : r;
}

int route_change_forget_source(struct change *change, unsigned int family, const union ip_addr *src)
{
	const struct route_node *first = route_source_find(change->all[WORKER_MASTER], family, src);
	const struct route_node *node = first;
	int r = 0;

	while (r == 0 && node) {
		struct route to = node->route;

		to.src = (union ip_addr){ .u64 = { 0, 0 } };
		r = route_change_set(change, &node->route, &to);
		node = container_of(node->source.peers.next, struct route_node, source.peers);
		if (node == first)
			node = NULL;
	}
	return r;
}

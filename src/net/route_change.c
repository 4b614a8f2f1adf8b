/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-change: the ops that change routes. Master and workers run the
 * same functions, so their tables stay the same; the master alone checks
 * (route_ctl.c) that a route may be added, and that one to be changed exists.
 * Each op brings what its hashes may need to grow, see base/chains.h. Routes,
 * index and ways grow by touching memory that the master has touched before, so
 * that no worker waits for the kernel to clear it.
 */
#include "net/route_int.h"

#include <errno.h>

#include "link/port.h"
#include "net/net.h"
#include "net/tell.h"
#include "worker/notify.h"
#include "worker/worker.h"

#define AHEAD_BYTES ((size_t)1 << 20) /* as much as is needed at once, many times */
#define STEP_BYTES  ((size_t)4 << 20)

/* args[] of the ops */
enum {
	ARG_PREFIXES,
	ARG_SOURCES,
	ARG_WAYS,
	ARG_PATHS,
};

static struct route_nets *nets_of(struct worker *w, unsigned int family)
{
	return &w->net->routes->nets[family == AF_INET6];
}

/* ---- prefixes ---- */

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
	if (node->in_same.major < first->in_same.major)
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

static uint32_t value_of(const struct route_node *first)
{
	return first->tos ? WAY_BY_TOS : first->way;
}

/* Only what becomes the best of its prefix changes what the index says. */
static void link_net(struct worker *w, struct op *op, struct route_node *node)
{
	struct route_nets *nets = nets_of(w, node->family);
	void *segment = op->args[ARG_PREFIXES];
	struct route_node *first;

	first = route_prefix_find(w, node->family, &node->dst, node->plen);
	node->in_same.major = route_rank(node->tos, node->metric);
	node->in_same.minor = node->order.minor;
	if (first) {
		join_prefix(first, node);
	} else {
		order_add(&node->same, &node->in_same);
		segment = chains_add(&nets->prefixes, &node->chain,
				     route_hash(w, &node->dst, node->plen), segment);
	}
	op_garbage(op, segment);
	nets->counts[node->plen]++;
	nets->used[node->plen / 64] |= UINT64_C(1) << node->plen % 64;
	if (node->chain.link)
		route_index_set(&w->net->routes->index, node->family, &node->dst, node->plen,
				value_of(node));
}

static void unlink_net(struct worker *w, struct op *op, struct route_node *node)
{
	struct route_nets *nets = nets_of(w, node->family);
	struct route_node *first;

	first = route_prefix_find(w, node->family, &node->dst, node->plen);
	op_garbage(op, leave_prefix(nets, first, node));
	if (--nets->counts[node->plen] == 0)
		nets->used[node->plen / 64] &= ~(UINT64_C(1) << node->plen % 64);
}

/* ---- the index ---- */

/* What takes the place of a prefix in its level of the index. */
static struct index_cover cover_of(struct worker *w, unsigned int family, const union ip_addr *dst,
				   unsigned int plen)
{
	const struct route_nets *nets = nets_of(w, family);
	int base = (int)route_index_base(family, plen), p = route_plen_below(nets, plen);
	struct index_cover cover;

	if (route_index_cover(&w->net->routes->index, family, dst, plen, &cover))
		return cover;
	for (; p > base; p = route_plen_below(nets, (unsigned int)p)) {
		union ip_addr net = ip_network(family, dst, (unsigned int)p);
		const struct route_node *first;

		first = route_prefix_find(w, family, &net, (unsigned int)p);
		if (first)
			return (struct index_cover){ .plen = (unsigned int)p,
						     .value = value_of(first) };
	}
	return (struct index_cover){ .value = 0 };
}

/* After a route of the prefix has changed or gone. */
static void index_update(struct worker *w, unsigned int family, const union ip_addr *dst,
			 unsigned int plen)
{
	struct route_index *index = &w->net->routes->index;
	const struct route_node *first = route_prefix_find(w, family, dst, plen);

	if (first)
		route_index_set(index, family, dst, plen, value_of(first));
	else
		route_index_del(index, family, dst, plen, cover_of(w, family, dst, plen));
}

/* ---- ops ---- */

/* Its place in listings. */
static uint64_t order_major(const struct route_node *node)
{
	uint64_t part = node->family == AF_INET6 ? 2 : 1;

	if (!route_type_is_net(node->type))
		return 0;
	return part << 40 | (uint64_t)(ROUTE_PLEN_ENDS - node->plen) << 32 | node->metric;
}

static void touch(struct worker *w, const struct route_node *node)
{
	stamps_touch(&w->net->stamps, node->family, &node->dst, node->plen);
}

static uint32_t hold_way(struct worker *w, struct op *op, const struct route *route)
{
	struct way_memory memory = {
		.chains = op->args[ARG_WAYS],
		.sources = op->args[ARG_SOURCES],
		.paths = op->args[ARG_PATHS],
	};
	struct route known = *route;

	known.paths = memory.paths; /* the request's own are gone */
	return way_hold(w, op, &known, memory);
}

static void apply_add(struct worker *w, struct op *op)
{
	struct route_table *table = w->net->routes;
	const struct route *route = op_data(op);
	struct route_node *node = route_node_take(&table->nodes);

	node->dst = route->dst;
	node->metric = route->metric;
	node->family = route->family;
	node->plen = route->plen;
	node->type = route->type;
	node->scope = route->scope;
	node->proto = route->proto;
	node->onlink = route->onlink;
	node->tos = route->tos;
	node->way = hold_way(w, op, route);
	touch(w, node);
	node->order.major = order_major(node);
	node->order.minor = ++table->serial;
	order_add(&table->order, &node->order);
	table->count++;
	if (!route_type_is_net(node->type)) {
		op_garbage(op, chains_add(&table->locals, &node->chain,
					  route_hash(w, &node->dst, 0), op->args[ARG_PREFIXES]));
	} else {
		link_net(w, op, node);
	}
	tell_route(w, API_EVENT_ADD, node);
}

static void apply_del(struct worker *w, struct op *op)
{
	struct route_table *table = w->net->routes;
	struct route_node *node = route_find_node(w, op_data(op));

	if (!node)
		return;
	tell_route(w, API_EVENT_DEL, node);
	touch(w, node);
	if (route_type_is_net(node->type)) {
		unlink_net(w, op, node);
		index_update(w, node->family, &node->dst, node->plen);
	} else {
		op_garbage(op, chains_del(&table->locals, &node->chain));
	}
	way_release(w, op, node->way);
	order_del(&table->order, &node->order);
	table->count--;
	route_node_give(&table->nodes, node);
}

static void give_back(struct op *op)
{
	op_garbage(op, op->args[ARG_WAYS]);
	op_garbage(op, op->args[ARG_SOURCES]);
	op_garbage(op, op->args[ARG_PATHS]);
}

/* data: the key, then what it becomes. Its place stays. */
static void apply_set(struct worker *w, struct op *op)
{
	const struct route *data = op_data(op), *to = &data[1];
	struct route_node *node = route_find_node(w, &data[0]);
	uint32_t was;

	if (!node) {
		give_back(op);
		return;
	}
	was = node->way;
	touch(w, node);
	node->type = to->type;
	node->scope = to->scope;
	node->proto = to->proto;
	node->onlink = to->onlink;
	node->way = hold_way(w, op, to);
	if (route_type_is_net(node->type))
		index_update(w, node->family, &node->dst, node->plen);
	way_release(w, op, was);
	tell_route(w, API_EVENT_CHANGE, node);
}

/* Routes do not hang on their way: all are looked at, where somebody wants to know. */
static void tell_way(struct worker *w, unsigned int family, uint32_t way)
{
	if (likely(!notify_wanted(w, API_KIND_ROUTE, family)))
		return;
	order_for_each_safe (it, &w->net->routes->order) {
		const struct route_node *node = container_of(it, struct route_node, order);

		if (node->way == way)
			tell_route(w, API_EVENT_CHANGE, node);
	}
}

/* data: the family, then the address. One way of those that prefer it. */
static void apply_forget_source(struct worker *w, struct op *op)
{
	const struct route *key = op_data(op);
	uint32_t way = way_forget_source(w, op, key->family, &key->src);

	if (way != WAY_NONE)
		tell_way(w, key->family, way);
	stamps_touch_all(&w->net->stamps);
}

/* Of all three: their data begin with the key. */
static void look_ahead(const struct worker *w, const struct op *op, unsigned int step)
{
	const struct route *key = op_data_const(op);

	if (route_type_is_net(key->type))
		route_look_ahead(w, key->family, &key->dst, key->plen, step);
}

/* ---- what ops bring ---- */

/* Workers touch what the master has touched for them, a little ahead of `end`. */
static void populate(struct worker *const *all, size_t end, size_t *populated,
		     const struct region *(*region_of)(const struct route_table *table))
{
	if (end + AHEAD_BYTES <= *populated)
		return;
	for (unsigned int i = 0; i <= all[WORKER_MASTER]->n_workers; i++)
		region_populate(region_of(all[i]->net->routes), *populated, STEP_BYTES);
	*populated += STEP_BYTES;
}

static const struct region *index_region(const struct route_table *table)
{
	return &table->index.region;
}

static const struct region *nodes_region(const struct route_table *table)
{
	return &table->nodes.region;
}

static void populate_ahead(struct worker *const *all)
{
	struct route_table *master = all[WORKER_MASTER]->net->routes;

	populate(all, route_index_end(&master->index), &master->index.populated, index_region);
	populate(all, route_nodes_end(&master->nodes), &master->nodes.populated, nodes_region);
}

static int bring_paths(struct change *change, const struct route_paths *paths)
{
	const struct op_set *set;
	int r = change_bring(change, ARG_PATHS, paths ? sizeof(*paths) : 0);

	if (r < 0 || !paths)
		return r;
	set = &change->sets[change->n - 1];
	for (unsigned int i = 0; i < set->count; i++)
		*(struct route_paths *)op_of(set, i)->args[ARG_PATHS] = *paths;
	return 0;
}

static int bring_for_way(struct change *change, const struct route *route)
{
	const struct ways *ways = &change->all[WORKER_MASTER]->net->routes->ways;
	int r = change_bring(change, ARG_WAYS, chains_need(&ways->all));

	if (r == 0 && !ip_is_zero(&route->src))
		r = change_bring(change, ARG_SOURCES, chains_need(&ways->sources));
	return r == 0 ? bring_paths(change, route->paths) : r;
}

static bool has_room(const struct change *change)
{
	const struct route_table *table = change->all[WORKER_MASTER]->net->routes;

	return ways_room(&table->ways) && route_index_room(&table->index) &&
	       route_table_room(table);
}

static int add_op(struct change *change, op_apply_fn *apply, const struct route *data, size_t size)
{
	int r = change_add(change, apply, data, size, 0);

	if (r == 0)
		change_ahead(change, look_ahead);
	return r;
}

int route_change_add(struct change *change, const struct route *route)
{
	struct worker *master = change->all[WORKER_MASTER];
	const struct chains *chains = route_type_is_net(route->type)
					      ? &nets_of(master, route->family)->prefixes
					      : &master->net->routes->locals;
	int r;

	if (!has_room(change))
		return -ENOSPC;
	populate_ahead(change->all);
	r = add_op(change, apply_add, route, sizeof(*route));
	if (r == 0)
		r = change_bring(change, ARG_PREFIXES, chains_need(chains));
	return r == 0 ? bring_for_way(change, route) : r;
}

int route_change_del(struct change *change, const struct route *key)
{
	return add_op(change, apply_del, key, sizeof(*key));
}

int route_change_set(struct change *change, const struct route *key, const struct route *to)
{
	struct route data[2] = { *key, *to };
	int r;

	if (!has_room(change))
		return -ENOSPC;
	r = add_op(change, apply_set, data, sizeof(data));
	return r == 0 ? bring_for_way(change, to) : r;
}

int route_change_forget_source(struct change *change, unsigned int family, const union ip_addr *src)
{
	const struct route key = { .src = *src, .family = (uint8_t)family };
	unsigned int n = ways_of_source(change->all[WORKER_MASTER], family, src);
	int r = 0;

	while (r == 0 && n-- > 0)
		r = change_add(change, apply_forget_source, &key, sizeof(key), 0);
	return r;
}

bool route_without_port(const struct route *route, uint16_t port, struct route *left,
			struct route_paths *paths)
{
	*left = *route;
	*paths = (struct route_paths){ .n = 0 };
	for (unsigned int i = 0; route->paths && i < route->paths->n; i++)
		if (route->paths->hops[i].port != port)
			paths->hops[paths->n++] = route->paths->hops[i];
	if (paths->n == 1) {
		left->via = paths->hops[0].via;
		left->port = paths->hops[0].port;
		left->onlink = paths->hops[0].onlink;
		left->paths = NULL;
	} else if (paths->n > 1) {
		route_paths_spread(paths);
		left->paths = paths;
	}
	return paths->n > 0;
}

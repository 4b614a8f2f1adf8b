/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-ctl: ROUTE_ADD, _SET, _REPLACE, _MULTI, _DEL and _FLUSH. A route is
 * named by its prefix, kind, device and, for nets, tos and metric; a request
 * may leave out the device, which then follows from the gateway, or for
 * deletion from the only or best match. Flush, as that of ip, leaves what came
 * with addresses. What may be said of a route is in route_read_ctl.c, listings in
 * route_show_ctl.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "link/port.h"
#include "net/addr.h"
#include "net/net.h"
#include "net/net_ctl.h"
#include "net/route_read_ctl.h"
#include "net/route_show_ctl.h"
#include "net/shared_ctl.h"

#define FLUSH_SHARE 2048 /* routes that go between two looks at other clients */

static int route_key_check(struct request *req, const void *body)
{
	struct route route;

	return route_read_key(req, body, &route);
}

static int route_commit(struct request *req, struct change *change, const struct route *route,
			int r)
{
	char text[ROUTE_STR_LEN];

	r = change_end(change, r);
	if (r == -ENOSPC)
		return request_fail(req, r,
				    "route %s: the table is full: %u routes, %u different ways, or "
				    "2 GB of index",
				    route_str(route, text), ROUTES_MAX, WAYS_MAX);
	return r < 0 ? ctl_no_memory(req, route_str(route, text)) : 0;
}

/* What is checked has come in as it should. */
static int add_checked(struct request *req, const struct route *route)
{
	struct worker *const *all = request_workers(req);
	const struct worker *master = all[WORKER_MASTER];
	const struct route_node *there = route_clash(master, route);
	char text[ROUTE_STR_LEN];
	struct change change;
	struct route other;

	if (there) {
		route_describe(master, there, &other);
		if (other.port == PORT_NONE)
			return request_fail(req, -EEXIST, "route %s %s metric %u is already there",
					    route_str(route, text),
					    other.paths ? "of several gateways"
							: route_type_str(other.type),
					    other.metric);
		return request_fail(req, -EEXIST, "route %s dev %s metric %u is already there",
				    route_str(route, text), ctl_port_name(master, other.port),
				    other.metric);
	}
	change_init(&change, all);
	return route_commit(req, &change, route, route_change_add(&change, route));
}

static int route_add_run(struct request *req, const void *body)
{
	struct route route;
	int r = route_read_key(req, body, &route);

	if (r == 0)
		r = route_read_port(req, body, &route);
	if (r == 0)
		r = route_check(req, &route);
	return r < 0 ? r : add_checked(req, &route);
}

static int route_no_such(struct request *req, const struct api_route *body,
			 const struct route *route)
{
	char text[ROUTE_STR_LEN], via[IP_STR_LEN], dev[API_NAME_LEN];

	ctl_name(dev, body->dev);
	return request_fail(req, -ENOENT, "no such route %s%s%s%s%s", route_str(route, text),
			    ip_is_zero(&route->via) ? "" : " via ",
			    ip_is_zero(&route->via) ? "" : ip_str(route->family, &route->via, via),
			    dev[0] ? " dev " : "", dev);
}

/* Whatever gateway and device it has. */
static struct route any_way(const struct route *route)
{
	struct route want = *route;

	want.via = (union ip_addr){ .u64 = { 0, 0 } };
	want.port = PORT_NONE;
	if (route_type_is_net(want.type))
		want.type = API_ROUTE_UNICAST;
	return want;
}

/* Of this prefix, kind, tos and metric, on the new device if there is one, else on another. */
static const struct route_node *route_to_change(const struct worker *master,
						const struct route *route)
{
	const struct route_node *present = route_find_node(master, route);
	const struct route want = any_way(route);
	const struct route_node *other;

	if (present)
		return present;
	other = route_meant(master, &want);
	return other && other->metric == route->metric ? other : NULL;
}

/* orphan: what to do where there is no such route. */
static int set_checked(struct request *req, const struct api_route *body, struct route *route,
		       int (*orphan)(struct request *req, const struct route *route))
{
	struct worker *const *all = request_workers(req);
	const struct worker *master = all[WORKER_MASTER];
	struct route key, want = any_way(route);
	const struct route_node *present;
	struct change change;
	int r;

	if (!orphan && !route_meant(master, &want))
		return route_no_such(req, body, route);
	r = route_check(req, route);
	if (r < 0)
		return r;
	present = route_to_change(master, route);
	if (!present)
		return orphan ? orphan(req, route) : route_no_such(req, body, route);
	route_describe(master, present, &key);
	change_init(&change, all);
	return route_commit(req, &change, route, route_change_set(&change, &key, route));
}

static int set_or(struct request *req, const void *body,
		  int (*orphan)(struct request *req, const struct route *route))
{
	struct route route;
	int r = route_read_key(req, body, &route);

	if (r == 0)
		r = route_read_port(req, body, &route);
	return r < 0 ? r : set_checked(req, body, &route, orphan);
}

static int route_set_run(struct request *req, const void *body)
{
	return set_or(req, body, NULL);
}

static int route_replace_run(struct request *req, const void *body)
{
	return set_or(req, body, add_checked);
}

static int route_multi_run(struct request *req, const void *body)
{
	const struct api_route_multi *multi = body;
	struct route_paths paths;
	struct route route;
	int r = route_read_hops(req, multi, &route, &paths);

	if (r < 0)
		return r;
	if (multi->verb != API_ROUTE_VERB_ADD)
		return set_checked(req, &multi->route, &route,
				   multi->verb == API_ROUTE_VERB_REPLACE ? add_checked : NULL);
	r = route_check(req, &route);
	return r < 0 ? r : add_checked(req, &route);
}

static int route_del_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	const struct worker *master = all[WORKER_MASTER];
	const struct route_node *present;
	char text[ROUTE_STR_LEN];
	struct route route, key;
	struct change change;
	int r = route_read_key(req, body, &route);

	if (r == 0)
		r = route_read_port(req, body, &route);
	if (r < 0)
		return r;
	present = route_meant(master, &route);
	if (!present)
		return route_no_such(req, body, &route);
	route_describe(master, present, &key);
	if (key.type == API_ROUTE_LOCAL && key.proto == API_PROTO_KERNEL &&
	    addr_on_port(master, key.family, &key.dst, key.port))
		return request_fail(req, -EBUSY, "route %s is that of an address of %s: addr del",
				    route_str(&key, text), ctl_port_name(master, key.port));
	change_init(&change, all);
	return route_commit(req, &change, &key, route_change_del(&change, &key));
}

/* ---- flush ---- */

struct flush {
	uint64_t major, minor; /* where it goes on */
	uint16_t family, port;
};

static bool flush_means(const struct flush *flush, const struct route *route)
{
	return route->proto != API_PROTO_KERNEL &&
	       (flush->port == PORT_NONE || route_uses_port(route, flush->port)) &&
	       (!flush->family || route->family == flush->family);
}

/* A share of the routes, and then the rest: the master serves others in between. */
static int flush_go_on(struct request *req, void *state)
{
	struct worker *const *all = request_workers(req);
	struct flush *flush = state;
	struct order_node *it = order_from(&all[WORKER_MASTER]->net->routes->order, flush->major,
					   flush->minor);

	for (unsigned int looked = 0; it; looked++) {
		struct order_node *next = order_next(it);
		struct change change;
		struct route key;
		int r;

		if (looked == FLUSH_SHARE) {
			flush->major = it->major;
			flush->minor = it->minor;
			request_continue(req, flush_go_on, flush);
			return 0;
		}
		route_describe(all[WORKER_MASTER], container_of(it, struct route_node, order),
			       &key);
		it = next;
		if (!flush_means(flush, &key))
			continue;
		change_init(&change, all);
		r = route_commit(req, &change, &key, route_change_del(&change, &key));
		if (r < 0)
			return r;
	}
	return 0;
}

static int route_flush_run(struct request *req, const void *body)
{
	const struct api_filter *filter = body;
	struct flush *flush;
	uint16_t port;
	int r = ctl_filter_port(req, filter, &port);

	if (r < 0)
		return r;
	flush = calloc(1, sizeof(*flush));
	if (!flush)
		return ctl_no_memory(req, "flush");
	flush->port = port;
	flush->family = filter->family;
	request_continue(req, flush_go_on, flush);
	return 0;
}

static void route_ahead(const struct worker *master, const void *body, unsigned int step)
{
	const struct api_route *route = body;
	const union ip_addr dst = route->family == AF_INET ? ip_from_v4(route->dst.v4)
							   : ip_from_api(&route->dst);

	route_look_ahead(master, route->family, &dst, route->plen, step);
}

static const struct request_handler route_handlers[] = {
	REQUEST_AHEAD(ROUTE_ADD, SET, struct api_route, route_add_run, route_key_check,
		      route_ahead),
	REQUEST_AHEAD(ROUTE_SET, SET, struct api_route, route_set_run, route_key_check,
		      route_ahead),
	REQUEST_AHEAD(ROUTE_REPLACE, SET, struct api_route, route_replace_run, route_key_check,
		      route_ahead),
	REQUEST_CHECKED(ROUTE_MULTI, SET, struct api_route_multi, route_multi_run,
			route_hops_check),
	REQUEST_AHEAD(ROUTE_DEL, SET, struct api_route, route_del_run, route_key_check,
		      route_ahead),
	REQUEST_HANDLER(ROUTE_FLUSH, SET, struct api_filter, route_flush_run),
	REQUEST_HANDLER(ROUTE_LIST, GET, struct api_filter, route_list_run),
	REQUEST_HANDLER(ROUTE_GET, GET, struct api_route_get, route_get_run),
};

const struct request_table route_requests = { route_handlers, RTE_DIM(route_handlers) };

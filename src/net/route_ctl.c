/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-ctl: ROUTE_ADD, _SET, _DEL, _FLUSH and _LIST. A route is named by
 * its prefix, kind, device and, for nets, metric; a request may leave out the
 * device, which then follows from the gateway, or for deletion from the only
 * or best match. Flush, as that of ip, leaves what came with addresses.
 */
#include <errno.h>
#include <stdio.h>

#include "link/port.h"
#include "net/addr.h"
#include "net/shared_ctl.h"
#include "net/net.h"
#include "net/net_ctl.h"
#include "net/route_int.h"

#define MTU_MIN 68 /* RFC 791 */

#define ROUTE_STR_LEN (IP_STR_LEN + 4)

static const char *route_str(const struct route *route, char *buf)
{
	char ip[IP_STR_LEN];

	snprintf(buf, ROUTE_STR_LEN, "%s/%u", ip_str(route->family, &route->dst, ip), route->plen);
	return buf;
}

/* Prefix and kind. */
static int route_read_key(struct request *req, const struct api_route *body, struct route *route)
{
	char text[ROUTE_STR_LEN], net_text[IP_STR_LEN];
	union ip_addr net;
	int r = ctl_family(req, body->family, "route");

	if (r < 0)
		return r;
	*route = (struct route){
		.dst = ip_from_v4(body->dst.v4),
		.via = ip_from_v4(body->via.v4),
		.src = ip_from_v4(body->src.v4),
		.family = (uint8_t)body->family,
		.plen = body->plen,
		.type = body->type,
		.scope = body->scope,
		.proto = body->proto,
		.onlink = body->onlink != 0,
		.port = PORT_NONE,
		.metric = body->metric,
		.mtu = body->mtu,
	};
	if (route->type == API_ROUTE_UNICAST && route->scope == API_SCOPE_HOST)
		route->type = API_ROUTE_LOCAL;
	if (route->type == API_ROUTE_UNICAST && route->scope == API_SCOPE_KNI_HOST)
		route->type = API_ROUTE_KERNEL;
	if (route->type > API_ROUTE_KERNEL)
		return request_fail(req, -EINVAL,
				    "route %s: type %u is unknown: unicast 0, local 1, kernel 2",
				    route_str(route, text), route->type);
	if (body->plen > ip_bits(body->family))
		return request_fail(req, -EINVAL, "route %s: the prefix length is 0 to %u",
				    route_str(route, text), ip_bits(body->family));
	net = ip_network(route->family, &route->dst, route->plen);
	if (!ip_equal(&net, &route->dst))
		return request_fail(req, -EINVAL, "route %s has host bits set: the net is %s/%u",
				    route_str(route, text), ip_str(route->family, &net, net_text),
				    route->plen);
	return 0;
}

static int route_key_check(struct request *req, const void *body)
{
	struct route route;

	return route_read_key(req, body, &route);
}

/* dev, if it was given. */
static int route_read_port(struct request *req, const struct api_route *body, struct route *route)
{
	return body->dev[0] ? ctl_port(req, body->dev, &route->port) : 0;
}

static int route_check_local(struct request *req, struct route *route)
{
	char text[ROUTE_STR_LEN];
	const char *what = route->type == API_ROUTE_LOCAL ? "host" : "kni_host";

	if (route->plen != ip_bits(route->family) || !ctl_is_host(&route->dst))
		return request_fail(req, -EINVAL,
				    "route %s: scope %s is for one address of a host, with /%u",
				    route_str(route, text), what, ip_bits(route->family));
	if (!ip_is_zero(&route->via))
		return request_fail(req, -EINVAL, "route %s: scope %s has no gateway",
				    route_str(route, text), what);
	if (route->port == PORT_NONE)
		return request_fail(req, -EINVAL, "route %s: scope %s needs dev NAME",
				    route_str(route, text), what);
	route->scope = route->type == API_ROUTE_LOCAL ? API_SCOPE_HOST : API_SCOPE_KNI_HOST;
	route->metric = 0;
	return 0;
}

static int route_check_gateway(struct request *req, struct route *route)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	char text[ROUTE_STR_LEN], via[IP_STR_LEN];
	const struct route *net;

	route_str(route, text);
	ip_str(route->family, &route->via, via);
	if (!ctl_is_host(&route->via))
		return request_fail(req, -EINVAL, "route %s: %s cannot be a gateway", text, via);
	if (addr_is_local(master, route->family, &route->via))
		return request_fail(req, -EINVAL, "route %s: the gateway %s is our own address",
				    text, via);
	if (route->onlink) {
		if (route->port == PORT_NONE)
			return request_fail(req, -EINVAL, "route %s: onlink needs dev NAME", text);
		return 0;
	}
	net = route_on_link(master, route->family, &route->via, route->port);
	if (!net && route->port != PORT_NONE)
		return request_fail(req, -ENETUNREACH,
				    "route %s: the gateway %s is on no net of %s (or say onlink)",
				    text, via, ctl_port_name(master, route->port));
	if (!net)
		return request_fail(req, -ENETUNREACH,
				    "route %s: the gateway %s is on no net of any device", text,
				    via);
	route->port = net->port;
	return 0;
}

static int route_check_net(struct request *req, struct route *route)
{
	char text[ROUTE_STR_LEN];
	int r;

	route_str(route, text);
	if (route->dst.v6[0] >= 224)
		return request_fail(req, -EINVAL, "route %s: multicast and above is not routed",
				    text);
	if (ip_is_zero(&route->via)) {
		if (route->port == PORT_NONE)
			return request_fail(req, -EINVAL, "route %s needs via ADDR or dev NAME",
					    text);
		if (route->scope == API_SCOPE_UNSET)
			route->scope = API_SCOPE_LINK;
		return 0;
	}
	r = route_check_gateway(req, route);
	if (r < 0)
		return r;
	if (route->scope == API_SCOPE_LINK)
		return request_fail(req, -EINVAL, "route %s: scope link has no gateway", text);
	if (route->scope == API_SCOPE_UNSET)
		route->scope = API_SCOPE_GLOBAL;
	return 0;
}

static int route_check(struct request *req, const struct api_route *body, struct route *route)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	char text[ROUTE_STR_LEN], src[IP_STR_LEN];
	int r;

	route_str(route, text);
	if (route->scope != API_SCOPE_UNSET && route->scope > API_SCOPE_KNI_HOST)
		return request_fail(req, -EINVAL, "route %s: scope %u is unknown", text,
				    route->scope);
	if (route->proto == API_PROTO_KERNEL)
		return request_fail(req, -EINVAL,
				    "route %s: proto %u is for what addresses bring along", text,
				    route->proto);
	if (body->tos)
		return request_fail(req, -EINVAL, "route %s: tos is not looked at, 0 only", text);
	if (route->mtu && (route->mtu < MTU_MIN || route->mtu > UINT16_MAX))
		return request_fail(req, -EINVAL, "route %s: mtu %u, but it is %u to %u", text,
				    route->mtu, MTU_MIN, UINT16_MAX);
	r = route->type == API_ROUTE_UNICAST ? route_check_net(req, route)
					     : route_check_local(req, route);
	if (r < 0)
		return r;
	if (!ip_is_zero(&route->src) && !addr_is_local(master, route->family, &route->src))
		return request_fail(req, -EADDRNOTAVAIL, "route %s: src %s is no address of ours",
				    text, ip_str(route->family, &route->src, src));
	return 0;
}

static int route_commit(struct request *req, struct change *change, const struct route *route,
			int r)
{
	char text[ROUTE_STR_LEN];

	if (change_end(change, r) < 0)
		return ctl_no_memory(req, route_str(route, text));
	return 0;
}

static int route_add_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	char text[ROUTE_STR_LEN];
	struct change change;
	struct route route;
	int r = route_read_key(req, body, &route);

	if (r == 0)
		r = route_read_port(req, body, &route);
	if (r == 0)
		r = route_check(req, body, &route);
	if (r < 0)
		return r;
	if (route_find(all[WORKER_MASTER], &route))
		return request_fail(req, -EEXIST, "route %s dev %s metric %u is already there",
				    route_str(&route, text),
				    ctl_port_name(all[WORKER_MASTER], route.port), route.metric);
	change_init(&change, all);
	return route_commit(req, &change, &route, route_change_add(&change, &route));
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

/* Of this prefix, kind and metric, on the new device if there is one, else on another. */
static const struct route *route_to_change(const struct worker *master, const struct route *route)
{
	const struct route *present = route_find(master, route);
	struct route want = *route;
	const struct route *other;

	if (present)
		return present;
	want.port = PORT_NONE;
	want.via = (union ip_addr){ .u64 = { 0, 0 } };
	other = route_meant(master, &want);
	return other && other->metric == route->metric ? other : NULL;
}

static int route_set_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	const struct route *present;
	struct route route, key;
	struct change change;
	int r = route_read_key(req, body, &route);

	if (r == 0)
		r = route_read_port(req, body, &route);
	if (r < 0)
		return r;
	key = route;
	key.via = (union ip_addr){ .u64 = { 0, 0 } };
	key.port = PORT_NONE;
	if (!route_meant(all[WORKER_MASTER], &key))
		return route_no_such(req, body, &route);
	r = route_check(req, body, &route);
	if (r < 0)
		return r;
	present = route_to_change(all[WORKER_MASTER], &route);
	if (!present)
		return route_no_such(req, body, &route);
	key = *present;
	change_init(&change, all);
	return route_commit(req, &change, &route, route_change_set(&change, &key, &route));
}

static int route_del_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	char text[ROUTE_STR_LEN];
	const struct route *present;
	struct route route, key;
	struct change change;
	int r = route_read_key(req, body, &route);

	if (r == 0)
		r = route_read_port(req, body, &route);
	if (r < 0)
		return r;
	present = route_meant(all[WORKER_MASTER], &route);
	if (!present)
		return route_no_such(req, body, &route);
	if (present->type == API_ROUTE_LOCAL && present->proto == API_PROTO_KERNEL &&
	    addr_on_port(all[WORKER_MASTER], present->family, &present->dst, present->port))
		return request_fail(req, -EBUSY, "route %s is that of an address of %s: addr del",
				    route_str(present, text),
				    ctl_port_name(all[WORKER_MASTER], present->port));
	key = *present;
	change_init(&change, all);
	return route_commit(req, &change, &key, route_change_del(&change, &key));
}

static int route_flush_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	const struct api_filter *filter = body;
	uint16_t port;
	int r = ctl_filter_port(req, filter, &port);

	if (r < 0)
		return r;
	order_for_each_safe (it, &all[WORKER_MASTER]->net->routes->order) {
		struct route key = container_of(it, struct route_node, order)->route;
		struct change change;

		if (key.proto == API_PROTO_KERNEL || (port != PORT_NONE && key.port != port) ||
		    (filter->family && key.family != filter->family))
			continue;
		change_init(&change, all);
		r = route_commit(req, &change, &key, route_change_del(&change, &key));
		if (r < 0)
			break;
	}
	return r;
}

static void route_fill_item(const struct worker *w, const struct route *route,
			    struct api_route *item)
{
	*item = (struct api_route){
		.dst = ip_to_api(&route->dst),
		.via = ip_to_api(&route->via),
		.src = ip_to_api(&route->src),
		.family = route->family,
		.plen = route->plen,
		.type = route->type,
		.scope = route->scope,
		.proto = route->proto,
		.onlink = route->onlink,
		.metric = route->metric,
		.mtu = route->mtu ? route->mtu : w->link->ports[route->port].mtu,
	};
	ctl_name(item->dev, w->link->ports[route->port].name);
}

static bool route_fill(const struct worker *w, const struct list_query *query,
		       const struct order_node *node, void *item)
{
	const struct route *route = &container_of(node, struct route_node, order)->route;

	if ((query->family && query->family != route->family) ||
	    (query->port != PORT_NONE && query->port != route->port))
		return false;
	route_fill_item(w, route, item);
	return true;
}

static const struct order *route_order(const struct worker *w)
{
	return &w->net->routes->order;
}

static const struct list_source route_source = {
	.kind = API_KIND_ROUTE,
	.size = sizeof(struct api_route),
	.order = route_order,
	.fill = route_fill,
};

static int route_list_run(struct request *req, const void *body)
{
	return ctl_list(req, body, &route_source);
}

static const struct request_handler route_handlers[] = {
	REQUEST_CHECKED(ROUTE_ADD, SET, struct api_route, route_add_run, route_key_check),
	REQUEST_CHECKED(ROUTE_SET, SET, struct api_route, route_set_run, route_key_check),
	REQUEST_CHECKED(ROUTE_DEL, SET, struct api_route, route_del_run, route_key_check),
	REQUEST_HANDLER(ROUTE_FLUSH, SET, struct api_filter, route_flush_run),
	REQUEST_HANDLER(ROUTE_LIST, GET, struct api_filter, route_list_run),
};

const struct request_table route_requests = { route_handlers, RTE_DIM(route_handlers) };

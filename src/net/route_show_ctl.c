/* SPDX-License-Identifier: BSD-3-Clause */
/* net/route-show-ctl: routes as items of a listing. Filled on the worker whose they are. */
#include "net/route_show_ctl.h"

#include <errno.h>
#include <string.h>

#include "link/port.h"
#include "net/net.h"
#include "net/route_read_ctl.h"
#include "net/shared_ctl.h"

/* An item on its way from a worker's table. */
struct listed {
	struct api_route route;
	struct api_hop hops[API_ROUTE_HOPS];
};

static void fill_hops(const struct worker *w, const struct route_paths *paths, struct api_hop *hops)
{
	for (unsigned int i = 0; i < paths->n; i++) {
		const struct route_hop *hop = &paths->hops[i];

		hops[i] = (struct api_hop){
			.via = ip_to_api(&hop->via),
			.weight = hop->weight,
			.onlink = hop->onlink,
		};
		ctl_name(hops[i].dev, w->link->ports[hop->port].name);
	}
}

void route_fill_item(const struct worker *w, const struct route *route, struct api_route *item)
{
	uint32_t mtu = route->port == PORT_NONE ? 0 : w->link->ports[route->port].mtu;

	*item = (struct api_route){
		.dst = ip_to_api(&route->dst),
		.via = ip_to_api(&route->via),
		.src = ip_to_api(&route->src),
		.family = route->family,
		.plen = route->plen,
		.type = route->type,
		.scope = route->scope,
		.tos = route->tos,
		.proto = route->proto,
		.onlink = route->onlink,
		.metric = route->metric,
		.mtu = route->mtu ? route->mtu : mtu,
		.n_hops = route->paths ? route->paths->n : 0,
	};
	if (route->port != PORT_NONE)
		ctl_name(item->dev, w->link->ports[route->port].name);
}

static bool list_fill(const struct worker *w, const struct list_query *query,
		      const struct order_node *node, void *item)
{
	const struct route_node *of = container_of(node, struct route_node, order);
	struct listed *listed = item;
	struct route route;

	if (query->family && query->family != of->family)
		return false;
	route_describe(w, of, &route);
	if (query->port != PORT_NONE && !route_uses_port(&route, query->port))
		return false;
	route_fill_item(w, &route, &listed->route);
	if (route.paths)
		fill_hops(w, route.paths, listed->hops);
	return true;
}

static int emit(struct request *req, const void *from)
{
	const struct listed *listed = from;
	size_t size = sizeof(listed->route) + listed->route.n_hops * sizeof(listed->hops[0]);
	void *item = request_item(req, API_KIND_ROUTE, size);

	if (!item)
		return -ENOMEM;
	memcpy(item, listed, size);
	return 0;
}

static const struct order *list_order(const struct worker *w)
{
	return &w->net->routes->order;
}

static const struct list_source source = {
	.kind = API_KIND_ROUTE,
	.size = sizeof(struct listed),
	.order = list_order,
	.fill = list_fill,
	.emit = emit,
};

int route_list_run(struct request *req, const void *body)
{
	return ctl_list(req, body, &source);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* net/route-show-ctl: routes as items of a listing. Filled on the worker whose they are. */
#include "net/route_show_ctl.h"

#include <errno.h>
#include <string.h>

#include "link/port.h"
#include "net/net.h"
#include "net/route_read_ctl.h"
#include "net/shared_ctl.h"
#include "net/tell.h"

static bool list_fill(const struct worker *w, const struct list_query *query,
		      const struct order_node *node, void *item)
{
	const struct route_node *of = container_of(node, struct route_node, order);
	struct route route;

	if (query->family && query->family != of->family)
		return false;
	route_describe(w, of, &route);
	if (query->port != PORT_NONE && !route_uses_port(&route, query->port))
		return false;
	route_item_fill(w, &route, item);
	return true;
}

static int emit(struct request *req, const void *from)
{
	size_t size = route_item_size(from);
	void *item = request_item(req, API_KIND_ROUTE, size);

	if (!item)
		return -ENOMEM;
	memcpy(item, from, size);
	return 0;
}

static const struct order *list_order(const struct worker *w)
{
	return &w->net->routes->order;
}

static const struct list_source source = {
	.kind = API_KIND_ROUTE,
	.size = sizeof(struct route_item),
	.order = list_order,
	.fill = list_fill,
	.emit = emit,
};

int route_list_run(struct request *req, const void *body)
{
	return ctl_list(req, body, &source);
}

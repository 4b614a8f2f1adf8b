/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-get-ctl: the route of an address, and sentences that say why it is that
 * one. It asks the master's record; that packets find the same by the index is
 * what tests are for. A packet is imagined that has no ports and comes in by
 * iif or from ourselves.
 */
#include "net/route_show_ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "link/port.h"
#include "net/addr.h"
#include "net/net.h"
#include "net/path_mtu.h"
#include "net/route_read_ctl.h"
#include "net/shared_ctl.h"
#include "net/tell.h"
#include "net/tunnel_device.h"

struct asked {
	struct tuple tuple;
	uint8_t tos;
	uint16_t port; /* where it comes in; PORT_NONE: it is ours */
};

__attribute__((format(printf, 2, 3))) static void reason(struct request *req, const char *format,
							 ...)
{
	struct api_reason *item = request_item(req, API_KIND_REASON, sizeof(*item));
	va_list args;

	if (!item)
		return; /* the request has failed */
	va_start(args, format);
	vsnprintf(item->text, sizeof(item->text), format, args);
	va_end(args);
}

static int get_read(struct request *req, const struct api_route_get *get, struct asked *asked)
{
	bool is4 = get->family == AF_INET;

	if (!is4 && get->family != AF_INET6)
		return request_fail(req, -EAFNOSUPPORT,
				    "route get: address family %u is unknown, IPv4 is %u, IPv6 %u",
				    get->family, AF_INET, AF_INET6);
	*asked = (struct asked){
		.tuple.family = (uint8_t)get->family,
		.tuple.dst = is4 ? ip_from_v4(get->dst.v4) : ip_from_api(&get->dst),
		.tuple.src = is4 ? ip_from_v4(get->from.v4) : ip_from_api(&get->from),
		.tos = get->tos,
		.port = PORT_NONE,
	};
	return get->iif[0] ? ctl_port(req, get->iif, &asked->port) : 0;
}

/* How many prefixes in use have the address in them. */
static unsigned int count_covers(const struct worker *w, const struct tuple *tuple)
{
	unsigned int n = 0;

	for (unsigned int plen = 0; plen <= ip_bits(tuple->family); plen++) {
		union ip_addr net = ip_network(tuple->family, &tuple->dst, plen);

		n += route_prefix_find(w, tuple->family, &net, plen) != NULL;
	}
	return n;
}

static unsigned int count_same(const struct worker *w, const struct route *route)
{
	struct route_node *it = route_prefix_find(w, route->family, &route->dst, route->plen);
	unsigned int n = 0;

	for (; it; it = route_next_same(it))
		n++;
	return n;
}

static void reasons_of_net(struct request *req, const struct worker *w, const struct asked *asked,
			   const struct route *route)
{
	unsigned int covers = count_covers(w, &asked->tuple), same = count_same(w, route);
	char text[ROUTE_STR_LEN], ip[IP_STR_LEN];

	route_str(route, text);
	ip_str(route->family, &asked->tuple.dst, ip);
	if (covers > 1)
		reason(req, "%s is the longest of %u prefixes that cover %s", text, covers, ip);
	else
		reason(req, "%s is the only prefix that covers %s", text, ip);
	if (route->tos)
		reason(req, "it is for packets of tos %u, as asked for", route->tos);
	if (same > 1)
		reason(req, "of %u routes to %s it has the least metric, %u, or came first", same,
		       text, route->metric);
}

static void reasons_of_kind(struct request *req, const struct worker *w, const struct asked *asked,
			    const struct route *route)
{
	char ip[IP_STR_LEN];

	ip_str(route->family, &asked->tuple.dst, ip);
	if (route->type == API_ROUTE_LOCAL)
		reason(req, "%s is an address of ours", ip);
	else if (route->type == API_ROUTE_KERNEL)
		reason(req, "%s is an address of the kernel's", ip);
	else if (route->type == API_ROUTE_BLACKHOLE)
		reason(req, "packets are dropped, and nobody is told");
	else if (route->type == API_ROUTE_UNREACHABLE)
		reason(req, "packets are dropped, and their sender is told: host unreachable");
	else if (route->type == API_ROUTE_PROHIBIT)
		reason(req, "packets are dropped, and their sender is told: prohibited");
	else if (ip_is_zero(&route->via))
		reason(req, "%s is on the link of %s itself", ip, ctl_port_name(w, route->port));
}

static void reasons_of_way(struct request *req, const struct worker *w, const struct asked *asked,
			   const struct route *route)
{
	unsigned int family = route->family;
	const union ip_addr *from = &asked->tuple.src;
	union ip_addr src = route->src;
	char ip[IP_STR_LEN];

	if (!w->link->ports[route->port].up)
		reason(req, "%s is down: nothing is sent by it", ctl_port_name(w, route->port));
	if (asked->port != PORT_NONE && !net_forwards(w->net, family))
		reason(req, "forwarding of %s is off: what comes in by %s is dropped",
		       family == AF_INET ? "IPv4" : "IPv6", ctl_port_name(w, asked->port));
	if (asked->port != PORT_NONE)
		return;
	if (ip_is_zero(&src))
		src = addr_select(w, family, route->port, &asked->tuple.dst);
	if (!ip_is_zero(from) && !addr_is_local(w, family, from))
		reason(req, "%s is no address of ours: say iif for packets from others",
		       ip_str(family, from, ip));
	else if (ip_is_zero(from) && !ip_is_zero(&src))
		reason(req, "our own packets have the source %s", ip_str(family, &src, ip));
}

static void reasons_of_mtu(struct request *req, const struct worker *w, const struct asked *asked,
			   const struct route *route)
{
	const union ip_addr *dst = &asked->tuple.dst;
	const struct path_mtu *known = path_mtu_find(w, route->family, dst);
	uint16_t mtu = w->link->ports[route->port].mtu,
		 inside = way_mtu(w, route->port, route->family, mtu);
	uint64_t now_ms = ctl_now_ms();

	if (inside < mtu)
		reason(req, "the way to the other end of %s leaves room for %u bytes",
		       ctl_port_name(w, route->port), inside);
	if (known)
		reason(req,
		       "a router has told that the path takes %u bytes: tunnels to there keep to "
		       "it for %" PRIu64 " s more",
		       known->mtu,
		       known->until_ms > now_ms ? (known->until_ms - now_ms) / 1000 : 0);
}

/* Of several gateways the one that the packet would take. */
static void take_path(const struct worker *w, const struct asked *asked, struct route *route)
{
	const struct route_paths *paths = route->paths;
	unsigned int at = paths->places[tuple_hash(&w->flow_key, &asked->tuple) % WAY_PLACES];
	const struct route_hop *hop = &paths->hops[at];

	route->via = hop->via;
	route->port = hop->port;
	route->onlink = hop->onlink;
	route->paths = NULL;
}

int route_get_run(struct request *req, const void *body)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	const struct route_paths *paths;
	struct route_item filled;
	struct api_route *item;
	struct asked asked;
	struct route route;
	char ip[IP_STR_LEN];
	int r = get_read(req, body, &asked);

	if (r < 0)
		return r;
	if (!route_lookup(master, asked.tuple.family, &asked.tuple.dst, asked.tos, &route))
		return request_fail(req, -ENETUNREACH, "no route to %s",
				    ip_str(asked.tuple.family, &asked.tuple.dst, ip));
	paths = route.paths;
	if (paths)
		take_path(master, &asked, &route);
	item = request_item(req, API_KIND_ROUTE, sizeof(*item));
	if (!item)
		return -ENOMEM;
	route_item_fill(master, &route, &filled);
	*item = filled.route;
	if (route_type_is_net(route.type))
		reasons_of_net(req, master, &asked, &route);
	reasons_of_kind(req, master, &asked, &route);
	if (paths)
		reason(req, "one of %u gateways, by the hash of the addresses; ports choose too",
		       paths->n);
	if (route.type == API_ROUTE_UNICAST) {
		reasons_of_way(req, master, &asked, &route);
		reasons_of_mtu(req, master, &asked, &route);
	}
	return 0;
}

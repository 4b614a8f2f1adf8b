/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-read-ctl: see the header. A gateway must be on a net that lies on a
 * link, which then tells the device if none was given; an IPv6 gateway that is
 * link-local is on every link, so its device must be named.
 */
#include "net/route_read_ctl.h"

#include <errno.h>
#include <stdio.h>

#include "link/port.h"
#include "net/addr.h"
#include "net/net.h"
#include "net/net_ctl.h"
#include "net/shared_ctl.h"

#define MTU4_MIN 68   /* RFC 791 */
#define MTU6_MIN 1280 /* RFC 8200 5 */

const char *route_str(const struct route *route, char *buf)
{
	char ip[IP_STR_LEN];

	snprintf(buf, ROUTE_STR_LEN, "%s/%u", ip_str(route->family, &route->dst, ip), route->plen);
	return buf;
}

const char *route_type_str(unsigned int type)
{
	static const char *const names[API_ROUTE__COUNT] = {
		[API_ROUTE_UNICAST] = "unicast",         [API_ROUTE_LOCAL] = "host",
		[API_ROUTE_KERNEL] = "kni_host",         [API_ROUTE_BLACKHOLE] = "blackhole",
		[API_ROUTE_UNREACHABLE] = "unreachable", [API_ROUTE_PROHIBIT] = "prohibit",
	};

	return type < API_ROUTE__COUNT ? names[type] : "?";
}

/* ---- what needs no tables ---- */

static int read_prefix(struct request *req, const struct api_route *body, struct route *route)
{
	char text[ROUTE_STR_LEN], net_text[IP_STR_LEN];
	union ip_addr net;

	if (body->plen > ip_bits(route->family))
		return request_fail(req, -EINVAL, "route %s: the prefix length is 0 to %u",
				    route_str(route, text), ip_bits(route->family));
	net = ip_network(route->family, &route->dst, route->plen);
	if (!ip_equal(&net, &route->dst))
		return request_fail(req, -EINVAL, "route %s has host bits set: the net is %s/%u",
				    route_str(route, text), ip_str(route->family, &net, net_text),
				    route->plen);
	return 0;
}

/* IPv4 stands in the first four bytes; what a client left in the others is nobody's. */
static union ip_addr read_ip(unsigned int family, const union api_ip *from)
{
	return family == AF_INET ? ip_from_v4(from->v4) : ip_from_api(from);
}

static int read_numbers(struct request *req, const struct route *route)
{
	unsigned int mtu_min = route->family == AF_INET ? MTU4_MIN : MTU6_MIN;
	char text[ROUTE_STR_LEN];

	if (route->scope != API_SCOPE_UNSET && route->scope > API_SCOPE_KNI_HOST)
		return request_fail(req, -EINVAL, "route %s: scope %u is unknown",
				    route_str(route, text), route->scope);
	if (route->proto == API_PROTO_KERNEL)
		return request_fail(req, -EINVAL,
				    "route %s: proto %u is for what addresses bring along",
				    route_str(route, text), route->proto);
	if (route->tos & 3)
		return request_fail(
			req, -EINVAL,
			"route %s: tos %u, but its two lowest bits are ECN's and must be 0",
			route_str(route, text), route->tos);
	if (route->mtu && (route->mtu < mtu_min || route->mtu > UINT16_MAX))
		return request_fail(req, -EINVAL, "route %s: mtu %u, but it is %u to %u",
				    route_str(route, text), route->mtu, mtu_min, UINT16_MAX);
	return 0;
}

int route_read_key(struct request *req, const struct api_route *body, struct route *route)
{
	char text[ROUTE_STR_LEN];

	if (body->family != AF_INET && body->family != AF_INET6)
		return request_fail(req, -EAFNOSUPPORT,
				    "route: address family %u is unknown, IPv4 is %u, IPv6 %u",
				    body->family, AF_INET, AF_INET6);
	*route = (struct route){
		.dst = read_ip(body->family, &body->dst),
		.via = read_ip(body->family, &body->via),
		.src = read_ip(body->family, &body->src),
		.family = (uint8_t)body->family,
		.plen = body->plen,
		.type = body->type,
		.scope = body->scope,
		.proto = body->proto,
		.onlink = body->onlink != 0,
		.tos = body->tos,
		.port = PORT_NONE,
		.metric = body->metric,
		.mtu = body->mtu,
	};
	if (route->type == API_ROUTE_UNICAST && route->scope == API_SCOPE_HOST)
		route->type = API_ROUTE_LOCAL;
	if (route->type == API_ROUTE_UNICAST && route->scope == API_SCOPE_KNI_HOST)
		route->type = API_ROUTE_KERNEL;
	if (route->type >= API_ROUTE__COUNT)
		return request_fail(req, -EINVAL,
				    "route %s: type %u is unknown: unicast 0, local 1, kernel 2, "
				    "blackhole 3, unreachable 4, prohibit 5",
				    route_str(route, text), route->type);
	return read_prefix(req, body, route);
}

int route_read_port(struct request *req, const struct api_route *body, struct route *route)
{
	return body->dev[0] ? ctl_port(req, body->dev, &route->port) : 0;
}

static int read_multi(struct request *req, const struct api_route_multi *body, struct route *route)
{
	char text[ROUTE_STR_LEN];
	int r = route_read_key(req, &body->route, route);

	if (r < 0)
		return r;
	if (body->verb < API_ROUTE_VERB_ADD || body->verb > API_ROUTE_VERB_REPLACE)
		return request_fail(req, -EINVAL,
				    "route %s: verb %u is unknown: add 1, set 2, "
				    "replace 3",
				    route_str(route, text), body->verb);
	if (body->n < 2 || body->n > API_ROUTE_HOPS)
		return request_fail(req, -EINVAL, "route %s: %u gateways, but it is 2 to %u",
				    route_str(route, text), body->n, API_ROUTE_HOPS);
	if (route->type != API_ROUTE_UNICAST)
		return request_fail(req, -EINVAL, "route %s: only a unicast route has gateways",
				    route_str(route, text));
	if (body->route.dev[0] || !ip_is_zero(&route->via))
		return request_fail(req, -EINVAL,
				    "route %s: with several gateways each has its own via and dev",
				    route_str(route, text));
	for (unsigned int i = 0; i < body->n; i++)
		if (body->hops[i].weight < 1 || body->hops[i].weight > API_ROUTE_WEIGHT_MAX)
			return request_fail(req, -EINVAL, "route %s: weight %u, but it is 1 to %u",
					    route_str(route, text), body->hops[i].weight,
					    API_ROUTE_WEIGHT_MAX);
	return 0;
}

int route_hops_check(struct request *req, const void *body)
{
	struct route route;

	return read_multi(req, body, &route);
}

int route_read_hops(struct request *req, const struct api_route_multi *body, struct route *route,
		    struct route_paths *paths)
{
	int r = read_multi(req, body, route);

	*paths = (struct route_paths){ .n = 0 };
	for (unsigned int i = 0; r == 0 && i < body->n; i++) {
		const struct api_hop *from = &body->hops[i];
		struct route_hop *hop = &paths->hops[paths->n++];

		*hop = (struct route_hop){
			.via = read_ip(route->family, &from->via),
			.port = PORT_NONE,
			.weight = from->weight,
			.onlink = from->onlink != 0,
		};
		if (from->dev[0])
			r = ctl_port(req, from->dev, &hop->port);
	}
	route->paths = paths;
	return r;
}

/* ---- against the tables ---- */

/* Is it in no special range? RFC 1122 3.2.1.3, RFC 4291 2.4. */
static bool is_host(unsigned int family, const union ip_addr *ip)
{
	static const union ip_addr loopback6 = { .v6 = { [15] = 1 } };

	if (family == AF_INET)
		return ctl_is_host(AF_INET, ip);
	return !ip_is_zero(ip) && ip->v6[0] != 0xff && !ip_equal(ip, &loopback6);
}

static bool is_link_local(unsigned int family, const union ip_addr *ip)
{
	return family == AF_INET6 && ip->v6[0] == 0xfe && (ip->v6[1] & 0xc0) == 0x80;
}

static int check_local(struct request *req, struct route *route)
{
	const char *what = route_type_str(route->type);
	char text[ROUTE_STR_LEN];

	if (route->plen != ip_bits(route->family) || !is_host(route->family, &route->dst))
		return request_fail(req, -EINVAL,
				    "route %s: scope %s is for one address of a host, with /%u",
				    route_str(route, text), what, ip_bits(route->family));
	if (!ip_is_zero(&route->via))
		return request_fail(req, -EINVAL, "route %s: scope %s has no gateway",
				    route_str(route, text), what);
	if (route->port == PORT_NONE)
		return request_fail(req, -EINVAL, "route %s: scope %s needs dev NAME",
				    route_str(route, text), what);
	if (route->tos)
		return request_fail(req, -EINVAL, "route %s: scope %s has no tos",
				    route_str(route, text), what);
	route->scope = route->type == API_ROUTE_LOCAL ? API_SCOPE_HOST : API_SCOPE_KNI_HOST;
	route->metric = 0;
	return 0;
}

static int check_reached(struct request *req, const struct route *route, const union ip_addr *via,
			 uint16_t *port)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	char text[ROUTE_STR_LEN], ip[IP_STR_LEN];
	uint16_t found = route_on_link(master, route->family, via, *port);

	if (found == PORT_NONE && *port != PORT_NONE)
		return request_fail(req, -ENETUNREACH,
				    "route %s: the gateway %s is on no net of %s (or say onlink)",
				    route_str(route, text), ip_str(route->family, via, ip),
				    ctl_port_name(master, *port));
	if (found == PORT_NONE)
		return request_fail(req, -ENETUNREACH,
				    "route %s: the gateway %s is on no net of any device",
				    route_str(route, text), ip_str(route->family, via, ip));
	*port = found;
	return 0;
}

/* The gateway of the route, or one of several; its port becomes known. */
static int check_gateway(struct request *req, const struct route *route, const union ip_addr *via,
			 uint16_t *port, bool onlink)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	char text[ROUTE_STR_LEN], ip[IP_STR_LEN];

	if (!is_host(route->family, via))
		return request_fail(req, -EINVAL, "route %s: %s cannot be a gateway",
				    route_str(route, text), ip_str(route->family, via, ip));
	if (addr_is_local(master, route->family, via))
		return request_fail(req, -EINVAL, "route %s: the gateway %s is our own address",
				    route_str(route, text), ip_str(route->family, via, ip));
	if (!onlink && !is_link_local(route->family, via))
		return check_reached(req, route, via, port);
	if (*port == PORT_NONE)
		return request_fail(req, -EINVAL, "route %s: %s needs dev NAME",
				    route_str(route, text),
				    onlink ? "onlink" : "a link-local gateway");
	return 0;
}

/* Blackhole and its like. */
static int check_nowhere(struct request *req, struct route *route)
{
	char text[ROUTE_STR_LEN];

	if (!ip_is_zero(&route->via) || route->port != PORT_NONE || route->onlink || route->mtu ||
	    !ip_is_zero(&route->src))
		return request_fail(req, -EINVAL,
				    "route %s: %s leads nowhere: it has no via, dev, src, mtu or "
				    "onlink",
				    route_str(route, text), route_type_str(route->type));
	if (route->scope == API_SCOPE_UNSET)
		route->scope = API_SCOPE_GLOBAL;
	return 0;
}

static int check_one_way(struct request *req, struct route *route)
{
	char text[ROUTE_STR_LEN];
	int r;

	if (ip_is_zero(&route->via)) {
		if (route->port == PORT_NONE)
			return request_fail(req, -EINVAL, "route %s needs via ADDR or dev NAME",
					    route_str(route, text));
		if (route->scope == API_SCOPE_UNSET)
			route->scope = API_SCOPE_LINK;
		return 0;
	}
	r = check_gateway(req, route, &route->via, &route->port, route->onlink);
	if (r < 0)
		return r;
	if (route->scope == API_SCOPE_LINK)
		return request_fail(req, -EINVAL, "route %s: scope link has no gateway",
				    route_str(route, text));
	if (route->scope == API_SCOPE_UNSET)
		route->scope = API_SCOPE_GLOBAL;
	return 0;
}

static bool hop_is_twice(const struct route_paths *paths, unsigned int at)
{
	for (unsigned int i = 0; i < at; i++)
		if (paths->hops[i].port == paths->hops[at].port &&
		    ip_equal(&paths->hops[i].via, &paths->hops[at].via))
			return true;
	return false;
}

static int check_paths(struct request *req, struct route *route)
{
	struct route_paths *paths = (struct route_paths *)(uintptr_t)route->paths;
	char text[ROUTE_STR_LEN], ip[IP_STR_LEN];
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < paths->n; i++) {
		struct route_hop *hop = &paths->hops[i];

		if (!ip_is_zero(&hop->via))
			r = check_gateway(req, route, &hop->via, &hop->port, hop->onlink);
		else if (hop->port == PORT_NONE)
			r = request_fail(req, -EINVAL,
					 "route %s: nexthop %u needs via ADDR or dev NAME",
					 route_str(route, text), i + 1);
		if (r == 0 && hop_is_twice(paths, i))
			r = request_fail(
				req, -EINVAL, "route %s: nexthop %s dev %s is there twice",
				route_str(route, text), ip_str(route->family, &hop->via, ip),
				ctl_port_name(request_workers(req)[WORKER_MASTER], hop->port));
	}
	if (r == 0)
		route_paths_spread(paths);
	if (route->scope == API_SCOPE_UNSET)
		route->scope = API_SCOPE_GLOBAL;
	return r;
}

static int check_net(struct request *req, struct route *route)
{
	bool multicast = route->family == AF_INET ? route->dst.v6[0] >= 224
						  : route->dst.v6[0] == 0xff;
	char text[ROUTE_STR_LEN];

	if (multicast)
		return request_fail(req, -EINVAL, "route %s: multicast and above is not routed",
				    route_str(route, text));
	if (route->type != API_ROUTE_UNICAST)
		return check_nowhere(req, route);
	return route->paths ? check_paths(req, route) : check_one_way(req, route);
}

int route_check(struct request *req, struct route *route)
{
	const struct worker *master = request_workers(req)[WORKER_MASTER];
	char text[ROUTE_STR_LEN], src[IP_STR_LEN];
	int r = read_numbers(req, route);

	if (r == 0)
		r = route_type_is_net(route->type) ? check_net(req, route)
						   : check_local(req, route);
	if (r < 0)
		return r;
	if (!ip_is_zero(&route->src) && !addr_is_local(master, route->family, &route->src))
		return request_fail(req, -EADDRNOTAVAIL, "route %s: src %s is no address of ours",
				    route_str(route, text),
				    ip_str(route->family, &route->src, src));
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip route show: IPv4 and IPv6 differ in their lines only, which scripts parse
 * and which therefore stay as they are; what they have no column for stands
 * at the end.
 */
#include "dpip/route.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "dpip/scope.h"
#include "lib/client.h"
#include "lib/items.h"
#include "lib/text.h"

/* As /etc/iproute2/rt_protos has them; others are numbers. */
const struct args_choice route_protocols[] = {
	{ "auto", API_PROTO_AUTO },
	{ "redirect", 1 },
	{ "kernel", API_PROTO_KERNEL },
	{ "boot", API_PROTO_BOOT },
	{ "static", API_PROTO_STATIC },
	{ "gated", 8 },
	{ "ra", 9 },
	{ "mrt", 10 },
	{ "zebra", 11 },
	{ "bird", 12 },
	{ "dnrouted", 13 },
	{ "xorp", 14 },
	{ "ntk", 15 },
	{ "dhcp", 16 },
	{ "keepalived", 18 },
	{ "babel", 42 },
	{ "bgp", 186 },
	{ "isis", 187 },
	{ "ospf", 188 },
	{ "rip", 189 },
	{ "eigrp", 192 },
	{ NULL, 0 },
};

const struct args_choice route_types[] = {
	{ "unicast", API_ROUTE_UNICAST },
	{ "blackhole", API_ROUTE_BLACKHOLE },
	{ "unreachable", API_ROUTE_UNREACHABLE },
	{ "prohibit", API_ROUTE_PROHIBIT },
	{ NULL, 0 },
};

static const char *type_word(const struct api_route *route)
{
	static const char *const words[API_ROUTE__COUNT] = {
		[API_ROUTE_LOCAL] = "local",         [API_ROUTE_KERNEL] = "kernel",
		[API_ROUTE_BLACKHOLE] = "blackhole", [API_ROUTE_UNREACHABLE] = "unreachable",
		[API_ROUTE_PROHIBIT] = "prohibit",
	};

	return route->type < API_ROUTE__COUNT ? words[route->type] : NULL;
}

/* The i-th of several gateways, which stand behind the route; false: there is none. */
static bool route_hop(const struct api_route *route, const struct client_item *item, uint32_t i,
		      struct api_hop *hop)
{
	size_t at = sizeof(*route) + i * sizeof(*hop);

	if (i >= route->n_hops || item->len < at + sizeof(*hop))
		return false;
	memcpy(hop, (const char *)item->object + at, sizeof(*hop));
	return true;
}

static const char *scope_of(const struct api_route *route, char *buf, size_t size)
{
	if (route->type == API_ROUTE_LOCAL)
		return "host";
	if (route->type == API_ROUTE_KERNEL)
		return "kni_host";
	if (route->scope == API_SCOPE_UNSET)
		return text_ip_is_zero(&route->via) ? "link" : "global";
	return scope_text(route->scope, buf, size);
}

/* Text says `auto` of what came with an address, too, as scripts expect. */
static const char *protocol_of(const struct api_route *route, const char *kernel, char *buf,
			       size_t size)
{
	if (route->proto == API_PROTO_KERNEL)
		return kernel;
	for (const struct args_choice *choice = route_protocols; choice->word; choice++) {
		if (choice->value == route->proto)
			return choice->word;
	}
	snprintf(buf, size, "%u", route->proto);
	return buf;
}

/* What the columns have no place for. */
static void print_end(FILE *out, const struct api_route *route, const struct client_item *item)
{
	char text[TEXT_IP_LEN];
	struct api_hop hop;

	if (route->onlink)
		fputs(" onlink", out);
	if (route->type > API_ROUTE_KERNEL && type_word(route))
		fprintf(out, " %s", type_word(route));
	for (uint32_t i = 0; route_hop(route, item, i, &hop); i++) {
		fputs(" nexthop", out);
		if (!text_ip_is_zero(&hop.via))
			fprintf(out, " via %s", text_of_ip(route->family, &hop.via, text));
		fprintf(out, " dev %.*s weight %u%s", API_NAME_LEN, hop.dev, hop.weight,
			hop.onlink ? " onlink" : "");
	}
}

static void print_ip4(FILE *out, const struct api_route *route)
{
	char dst[TEXT_IP_LEN], via[TEXT_IP_LEN], src[TEXT_IP_LEN], scope[8], protocol[8];

	fprintf(out,
		"inet %s/%u via %s src %s dev %.*s mtu %" PRIu32 " tos %u scope %s metric %" PRIu32
		" proto %s",
		text_of_ip(AF_INET, &route->dst, dst), route->plen,
		text_of_ip(AF_INET, &route->via, via), text_of_ip(AF_INET, &route->src, src),
		API_NAME_LEN, route->dev[0] ? route->dev : "-", route->mtu, route->tos,
		scope_of(route, scope, sizeof(scope)), route->metric,
		protocol_of(route, "auto", protocol, sizeof(protocol)));
}

static void print_ip6(FILE *out, const struct api_route *route)
{
	char text[TEXT_IP_LEN], scope[8], protocol[8];

	if (route->plen)
		fprintf(out, "inet6 %s/%u", text_of_ip(AF_INET6, &route->dst, text), route->plen);
	else
		fputs("inet6 default", out);
	if (!text_ip_is_zero(&route->via))
		fprintf(out, " via %s", text_of_ip(AF_INET6, &route->via, text));
	if (!text_ip_is_zero(&route->src))
		fprintf(out, " src %s", text_of_ip(AF_INET6, &route->src, text));
	if (route->dev[0])
		fprintf(out, " dev %.*s", API_NAME_LEN, route->dev);
	if (route->mtu)
		fprintf(out, " mtu %" PRIu32, route->mtu);
	fprintf(out, " scope %s", scope_of(route, scope, sizeof(scope)));
	if (route->metric)
		fprintf(out, " metric %" PRIu32, route->metric);
	if (route->tos)
		fprintf(out, " tos %u", route->tos);
	if (route->proto != API_PROTO_AUTO && route->proto != API_PROTO_KERNEL)
		fprintf(out, " proto %s", protocol_of(route, "auto", protocol, sizeof(protocol)));
}

void route_print(FILE *out, const struct client_item *item)
{
	struct api_route route;

	client_object(item, &route, sizeof(route));
	if (route.family == AF_INET6)
		print_ip6(out, &route);
	else
		print_ip4(out, &route);
	print_end(out, &route, item);
}

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	route_print(out, item);
	fputc('\n', out);
}

static void json_destination(json_t *object, const struct api_route *route)
{
	char text[TEXT_PREFIX_LEN + 8], ip[TEXT_IP_LEN];

	text_of_ip(route->family, &route->dst, ip);
	if (!route->plen)
		snprintf(text, sizeof(text), "default");
	else if (route->plen == text_ip_bits(route->family))
		snprintf(text, sizeof(text), "%s", ip);
	else
		snprintf(text, sizeof(text), "%s/%u", ip, route->plen);
	dpip_json_text(object, "dst", text);
}

/* As ip: a list of one object. */
static void json_metrics(json_t *object, const struct api_route *route)
{
	json_t *metrics = json_array(), *one = json_object();

	dpip_json_number(one, "mtu", route->mtu);
	json_array_append_new(metrics, one);
	json_object_set_new(object, "metrics", metrics);
}

static void json_hops(json_t *object, const struct api_route *route, const struct client_item *item)
{
	char text[TEXT_IP_LEN], name[API_NAME_LEN + 1];
	json_t *hops = json_array();
	struct api_hop hop;

	for (uint32_t i = 0; route_hop(route, item, i, &hop); i++) {
		json_t *one = json_object(), *flags = json_array();

		if (!text_ip_is_zero(&hop.via))
			dpip_json_text(one, "gateway", text_of_ip(route->family, &hop.via, text));
		snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, hop.dev);
		dpip_json_text(one, "dev", name);
		dpip_json_number(one, "weight", hop.weight);
		if (hop.onlink)
			json_array_append_new(flags, json_string("onlink"));
		json_object_set_new(one, "flags", flags);
		json_array_append_new(hops, one);
	}
	json_object_set_new(object, "nexthops", hops);
}

json_t *route_json(const struct client_item *item)
{
	json_t *object = json_object(), *flags = json_array();
	char text[TEXT_IP_LEN], name[API_NAME_LEN + 1];
	struct api_route route;

	client_object(item, &route, sizeof(route));
	if (type_word(&route))
		dpip_json_text(object, "type", type_word(&route));
	dpip_json_text(object, "family", route.family == AF_INET6 ? "inet6" : "inet");
	json_destination(object, &route);
	if (!text_ip_is_zero(&route.via))
		dpip_json_text(object, "gateway", text_of_ip(route.family, &route.via, text));
	snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, route.dev);
	if (name[0])
		dpip_json_text(object, "dev", name);
	if (route.tos)
		dpip_json_number(object, "tos", route.tos);
	dpip_json_text(object, "protocol", protocol_of(&route, "kernel", text, sizeof(text)));
	dpip_json_text(object, "scope", scope_of(&route, text, sizeof(text)));
	if (!text_ip_is_zero(&route.src))
		dpip_json_text(object, "prefsrc", text_of_ip(route.family, &route.src, text));
	if (route.metric)
		dpip_json_number(object, "metric", route.metric);
	if (route.onlink)
		json_array_append_new(flags, json_string("onlink"));
	json_object_set_new(object, "flags", flags);
	if (route.mtu)
		json_metrics(object, &route);
	if (route.n_hops)
		json_hops(object, &route, item);
	return object;
}

static json_t *json_of_row(const struct command *command, const struct client_item *item)
{
	return route_json(item);
}

const struct view route_view = { .kind = API_KIND_ROUTE,
				 .row = print_row,
				 .json_row = json_of_row };

/* What the daemon would answer if it took every word as it is: it may know more, such as the
 * device.
 */
void route_echo(FILE *out, const struct command *command)
{
	const struct command_request *request = &command->requests[0];
	struct {
		struct api_route route;
		struct api_hop hops[API_ROUTE_HOPS];
	} listed = { .route = request->body.route };
	struct client_item item = { .kind = API_KIND_ROUTE,
				    .len = sizeof(listed),
				    .object = &listed };

	if (request->id == API_ROUTE_MULTI) {
		listed.route.n_hops = request->body.route_multi.n;
		memcpy(listed.hops, request->body.route_multi.hops, sizeof(listed.hops));
	}
	if (command->options.json) {
		json_t *list = json_array();

		json_array_append_new(list, route_json(&item));
		json_dumpf(list, out, JSON_COMPACT);
		json_decref(list);
	} else {
		route_print(out, &item);
	}
	fputc('\n', out);
}

/* ---- get: a route, and why ---- */

static struct client_item item_of(const struct items_entry *entry)
{
	return (struct client_item){ .kind = entry->kind,
				     .len = entry->len,
				     .object = entry->object };
}

static int get_all(FILE *out, const struct command *command, const struct items *items,
		   const struct items *before, char *error, size_t size)
{
	const struct items_entry *it = NULL;
	struct api_reason reason;

	while ((it = items_next(items, it)) != NULL) {
		struct client_item item = item_of(it);

		if (it->kind == API_KIND_ROUTE) {
			print_row(out, command, &item);
		} else if (it->kind == API_KIND_REASON) {
			items_object(it, &reason, sizeof(reason));
			fprintf(out, "    %.*s\n", (int)sizeof(reason.text), reason.text);
		}
	}
	return 0;
}

static json_t *get_json(const struct command *command, const struct items *items, char *error,
			size_t size)
{
	json_t *list = json_array(), *reasons = json_array(), *route = NULL;
	const struct items_entry *it = NULL;
	struct api_reason reason;

	while ((it = items_next(items, it)) != NULL) {
		struct client_item item = item_of(it);

		if (it->kind == API_KIND_ROUTE && !route) {
			route = route_json(&item);
		} else if (it->kind == API_KIND_REASON) {
			items_object(it, &reason, sizeof(reason));
			reason.text[sizeof(reason.text) - 1] = '\0';
			json_array_append_new(reasons, json_string(reason.text));
		}
	}
	if (route) {
		json_object_set(route, "reasons", reasons);
		json_array_append_new(list, route);
	}
	json_decref(reasons);
	return list;
}

const struct view route_get_view = { .all = get_all, .json_all = get_json };

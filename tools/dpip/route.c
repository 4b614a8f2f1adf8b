/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip route: routes of the daemon. `scope host` and `local` make a local
 * route, `scope kni_host` one for addresses of the kernel's, anything else a
 * net route, of either family. How they are shown is in route_show.c.
 */
#include "dpip/route.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "dpip/scope.h"
#include "lib/text.h"

enum {
	WORD_VIA,
	WORD_DEV,
	WORD_SRC,
	WORD_SCOPE,
	WORD_PROTO,
	WORD_MTU,
	WORD_METRIC,
	WORD_TOS,
	WORD_ONLINK,
	WORD_LOCAL,
	WORD_NEXTHOP,
	WORD_WEIGHT,
	WORD_FROM,
	WORD_IIF,
};

static const struct args_word route_words[] = {
	{ "via", "A", "the gateway", WORD_VIA },
	{ "dev", "D", "the device; from the gateway if it is left out", WORD_DEV },
	{ "scope", "SCOPE", "host and kni_host: an address of ours, or the kernel's", WORD_SCOPE },
	{ "mtu", "N", "of the way, if less than the device's", WORD_MTU },
	{ "src", "A", "the source of our own packets", WORD_SRC },
	{ "metric", "N", "of several routes to a prefix the least counts", WORD_METRIC },
	{ "tos", "N", "only packets of this type of service, a multiple of 4", WORD_TOS },
	{ "proto", "PROTO", "who made the route", WORD_PROTO },
	{ "onlink", NULL, "the gateway is on the link, whatever the nets say", WORD_ONLINK },
	{ "local", NULL, "as scope host", WORD_LOCAL },
	{ "nexthop", "HOP", "one of several gateways, another for each", WORD_NEXTHOP },
	{ NULL, NULL, NULL, 0 },
};

static const struct args_word hop_words[] = {
	{ "via", "A", "the gateway", WORD_VIA },
	{ "dev", "D", "the device", WORD_DEV },
	{ "weight", "N", "its share of the flows", WORD_WEIGHT },
	{ "onlink", NULL, "the gateway is on the link", WORD_ONLINK },
	{ NULL, NULL, NULL, 0 },
};

static const struct args_word get_words[] = {
	{ "from", "A", "the packet's source", WORD_FROM },
	{ "iif", "D", "where it comes in; else it is one of ours", WORD_IIF },
	{ "tos", "N", "its type of service", WORD_TOS },
	{ NULL, NULL, NULL, 0 },
};

static int take_prefix(struct args *args, struct api_route *route, uint16_t family)
{
	const char *what = family == AF_INET    ? "an IPv4 prefix A/P, A or default"
			   : family == AF_INET6 ? "an IPv6 prefix A/P, A or default"
						: "a prefix A/P, A or default";
	const char *word = args_take(args);

	if (!word)
		return args_fail(args, "%s is expected", what);
	if (strcmp(word, "default") == 0) {
		route->family = family; /* or the gateway's, see below */
		return 0;
	}
	if (text_prefix(word, &route->family, &route->dst, &route->plen) < 0 ||
	    (family && family != route->family))
		return args_fail(args, "\"%s\": %s is expected", word, what);
	if (text_ip_has_host_bits(&route->dst, route->family, route->plen))
		return args_fail(args, "\"%s\": bits are set behind the first %u", word,
				 route->plen);
	return 0;
}

static int take_scope(struct args *args, struct api_route *route)
{
	uint32_t scope;
	int r;

	r = scope_take(args, true, &scope);
	if (r < 0)
		return r;
	route->scope = scope;
	if (scope == API_SCOPE_HOST)
		route->type = API_ROUTE_LOCAL;
	else if (scope == API_SCOPE_KNI_HOST)
		route->type = API_ROUTE_KERNEL;
	return 0;
}

static int take_protocol(struct args *args, struct api_route *route)
{
	uint32_t protocol;
	uint64_t number;
	int r;

	if (args->next < args->n && text_number(args->words[args->next], 0, 255, &number) == 0) {
		args->next++;
		route->proto = number;
		return 0;
	}
	r = args_choice(args, "proto", route_protocols,
			"auto, boot, static, bird, zebra, bgp, ospf and so on, or 0 to 255",
			&protocol);
	if (r == 0)
		route->proto = protocol;
	return r;
}

static int take_tos(struct args *args, uint8_t *tos)
{
	uint32_t number;
	int r = args_number(args, "tos", 0, 255, &number);

	if (r == 0)
		*tos = number;
	return r;
}

/* nexthop is not among these. */
static int take_keyword(struct args *args, struct api_route *route, uint32_t id)
{
	switch (id) {
	case WORD_VIA:
		return args_ip(args, "via", &route->family, &route->via);
	case WORD_SRC:
		return args_ip(args, "src", &route->family, &route->src);
	case WORD_DEV:
		return args_name(args, "dev", route->dev);
	case WORD_SCOPE:
		return take_scope(args, route);
	case WORD_PROTO:
		return take_protocol(args, route);
	case WORD_MTU:
		return args_number(args, "mtu", 0, UINT16_MAX, &route->mtu);
	case WORD_METRIC:
		return args_number(args, "metric", 0, UINT32_MAX, &route->metric);
	case WORD_TOS:
		return take_tos(args, &route->tos);
	case WORD_ONLINK:
		route->onlink = 1;
		return 0;
	default:
		route->type = API_ROUTE_LOCAL;
		route->scope = API_SCOPE_HOST;
		return 0;
	}
}

static int take_hop_word(struct args *args, struct api_hop *hop, uint16_t *family, uint32_t id)
{
	uint32_t weight;
	int r;

	switch (id) {
	case WORD_VIA:
		return args_ip(args, "via", family, &hop->via);
	case WORD_DEV:
		return args_name(args, "dev", hop->dev);
	case WORD_WEIGHT:
		r = args_number(args, "weight", 1, API_ROUTE_WEIGHT_MAX, &weight);
		if (r == 0)
			hop->weight = weight;
		return r;
	default:
		hop->onlink = 1;
		return 0;
	}
}

/* What stands behind `nexthop`, to the next or to the end. */
static int take_hop(struct args *args, struct api_route_multi *multi)
{
	const struct args_word *row;
	struct api_hop *hop;
	int r = 0;

	if (multi->n == API_ROUTE_HOPS)
		return args_fail(args, "there are more than %u nexthops", API_ROUTE_HOPS);
	hop = &multi->hops[multi->n++];
	hop->weight = 1;
	args->keywords = 0; /* each has its own */
	while (r == 0 && args->next < args->n && strcmp(args->words[args->next], "nexthop") != 0) {
		r = args_word(args, hop_words, &row);
		if (r == 0)
			r = take_hop_word(args, hop, &multi->route.family, row->id);
	}
	if (r == 0 && !hop->dev[0] && text_ip_is_zero(&hop->via))
		return args_fail(args, "nexthop %u: \"via\" or \"dev\" is expected", multi->n);
	return r;
}

static int take_hops(struct args *args, struct api_route_multi *multi)
{
	int r = take_hop(args, multi);

	while (r == 0 && args->next < args->n) {
		args->next++; /* nexthop */
		r = take_hop(args, multi);
	}
	return r;
}

static int take_words(struct args *args, struct api_route_multi *multi)
{
	const struct args_word *row;
	int r = 0;

	while (r == 0 && args->next < args->n) {
		r = args_word(args, route_words, &row);
		if (r < 0)
			return r;
		if (row->id == WORD_NEXTHOP)
			return take_hops(args, multi);
		r = take_keyword(args, &multi->route, row->id);
	}
	return r;
}

/* blackhole and so on, if one stands in front. */
static void take_type(struct args *args, struct api_route *route)
{
	for (const struct args_choice *type = route_types; type->word; type++) {
		if (args_take_if(args, type->word)) {
			route->type = type->value;
			return;
		}
	}
}

/* One gateway that was written as a nexthop is one like any other. */
static void join_single(struct api_route_multi *multi)
{
	if (multi->n != 1 || multi->route.dev[0] || !text_ip_is_zero(&multi->route.via))
		return;
	multi->route.via = multi->hops[0].via;
	multi->route.onlink |= multi->hops[0].onlink;
	memcpy(multi->route.dev, multi->hops[0].dev, sizeof(multi->route.dev));
	multi->n = 0;
}

static int change_check(struct args *args, const struct dpip_command *row,
			const struct api_route_multi *multi)
{
	const struct api_route *route = &multi->route;
	bool leads = route->type <= API_ROUTE_KERNEL;

	if (multi->n && (route->dev[0] || !text_ip_is_zero(&route->via)))
		return args_fail(args, "with nexthops, via and dev belong to each of them");
	if (leads && !multi->n && !route->dev[0] && text_ip_is_zero(&route->via) &&
	    row->id != API_ROUTE_DEL)
		return args_fail(args, "\"dev\" or \"via\" is expected");
	return 0;
}

static uint32_t verb_of(uint16_t id)
{
	return id == API_ROUTE_ADD   ? API_ROUTE_VERB_ADD
	       : id == API_ROUTE_SET ? API_ROUTE_VERB_SET
				     : API_ROUTE_VERB_REPLACE;
}

static int change_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct api_route_multi multi;
	struct api_route *route = &multi.route;
	union command_body *body;
	int r;

	memset(&multi, 0, sizeof(multi));
	route->scope = API_SCOPE_UNSET;
	route->proto = API_PROTO_AUTO;
	take_type(args, route);
	r = take_prefix(args, route, command->options.family);
	if (r == 0)
		r = take_words(args, &multi);
	if (r < 0)
		return r;
	if (!route->family)
		route->family = AF_INET;
	join_single(&multi);
	r = change_check(args, row, &multi);
	if (r < 0)
		return r;
	if (command->options.details)
		command->echo = route_echo;
	if (multi.n && row->id != API_ROUTE_DEL) {
		multi.verb = verb_of(row->id);
		body = command_request(command, API_ROUTE_MULTI, sizeof(multi));
		body->route_multi = multi;
		return 0;
	}
	body = command_request(command, row->id, sizeof(*route));
	body->route = *route;
	return 0;
}

static int get_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct api_route_get get = { .family = command->options.family };
	const char *word = args_take(args);
	const struct args_word *keyword;
	uint16_t family = 0;
	int r = 0;

	if (!word || text_ip(word, &family, &get.dst) < 0 || (get.family && get.family != family))
		return args_fail(args, "\"%s\": an address is expected", word ? word : "");
	get.family = family;
	while (r == 0 && args->next < args->n) {
		r = args_word(args, get_words, &keyword);
		if (r < 0)
			return r;
		if (keyword->id == WORD_FROM)
			r = args_ip(args, "from", &get.family, &get.from);
		else if (keyword->id == WORD_IIF)
			r = args_name(args, "iif", get.iif);
		else
			r = take_tos(args, &get.tos);
	}
	if (r < 0)
		return r;
	command->view = &route_get_view;
	command_request(command, row->id, sizeof(get))->route_get = get;
	return 0;
}

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	command->view = &route_view;
	return dpip_filter_parse(args, command, row->id, false);
}

static int flush_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	return dpip_filter_parse(args, command, row->id, false);
}

static const struct dpip_command commands[] = {
	{ "show", API_ROUTE_LIST, true, show_parse },
	{ "set", API_ROUTE_SET, false, change_parse },
	{ "add", API_ROUTE_ADD, false, change_parse },
	{ "delete", API_ROUTE_DEL, false, change_parse },
	{ "replace", API_ROUTE_REPLACE, false, change_parse },
	{ "flush", API_ROUTE_FLUSH, false, flush_parse },
	{ "list", API_ROUTE_LIST, true, show_parse },
	{ "get", API_ROUTE_GET, true, get_parse },
	{ "change", API_ROUTE_SET, false, change_parse },
	{ NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "show", .words = dpip_dev_words },
	{ .commands = "{ add | set | change | replace | del }",
	  .operands = "[TYPE] PREFIX",
	  .words = route_words },
	{ .commands = "get", .operands = "ADDR", .words = get_words },
	{ .commands = "flush", .words = dpip_dev_words },
	{ .commands = NULL },
};

static const char help[] =
	"  with -v add, set, replace and del say the route that they understood\n"
	"  TYPE := unicast | blackhole | unreachable | prohibit\n"
	"  PREFIX := A/P | A | default\n"
	"  HOP := via A [dev D] [weight N] [onlink]\n"
	"  SCOPE := host | kni_host | link | global | site | 0 ... 4\n"
	"  PROTO := auto | boot | static | bird | zebra | bgp | ospf ... | 0 ... 255\n";

const struct dpip_object dpip_route = {
	.name = "route",
	.about = "routes",
	.grammar = grammar,
	.help = help,
	.words = "show, list, add, set, change, replace, del, get, flush or help",
	.commands = commands,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip route: routes of the daemon. `scope host` and `local` make a local
 * route, `scope kni_host` one for addresses of the kernel's, anything else a
 * net route; IPv4 and IPv6 differ in their show lines only, which scripts
 * parse and which therefore stay as they are.
 */
#include "dpip/dpip.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "dpip/scope.h"
#include "lib/client.h"
#include "lib/text.h"

static const struct args_choice protocols[] = {
	{ "auto", API_PROTO_AUTO },
	{ "boot", API_PROTO_BOOT },
	{ "static", API_PROTO_STATIC },
	{ NULL, 0 },
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
	r = args_choice(args, "proto", protocols, "auto, boot, static or 0 to 255", &protocol);
	if (r == 0)
		route->proto = protocol;
	return r;
}

static int take_keyword(struct args *args, struct api_route *route)
{
	const char *word;
	uint32_t number;
	int r = args_keyword(args, &word);

	if (r < 0)
		return r;
	if (strcmp(word, "via") == 0)
		return args_ip(args, word, &route->family, &route->via);
	if (strcmp(word, "src") == 0)
		return args_ip(args, word, &route->family, &route->src);
	if (strcmp(word, "dev") == 0)
		return args_name(args, word, route->dev);
	if (strcmp(word, "scope") == 0)
		return take_scope(args, route);
	if (strcmp(word, "proto") == 0)
		return take_protocol(args, route);
	if (strcmp(word, "mtu") == 0)
		return args_number(args, word, 0, UINT16_MAX, &route->mtu);
	if (strcmp(word, "metric") == 0)
		return args_number(args, word, 0, UINT32_MAX, &route->metric);
	if (strcmp(word, "tos") == 0) {
		r = args_number(args, word, 0, 255, &number);
		if (r == 0)
			route->tos = number;
		return r;
	}
	if (strcmp(word, "onlink") == 0) {
		route->onlink = 1;
		return 0;
	}
	if (strcmp(word, "local") == 0) {
		route->type = API_ROUTE_LOCAL;
		route->scope = API_SCOPE_HOST;
		return 0;
	}
	return args_fail(args,
			 "\"%s\": via, dev, scope, mtu, src, metric, tos, proto, onlink or local "
			 "is expected",
			 word);
}

static int change_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	union command_body *body;
	struct api_route route;
	int r;

	memset(&route, 0, sizeof(route));
	route.scope = API_SCOPE_UNSET;
	route.proto = API_PROTO_AUTO;
	r = take_prefix(args, &route, command->options.family);
	while (r == 0 && args->next < args->n)
		r = take_keyword(args, &route);
	if (r < 0)
		return r;
	if (!route.family)
		route.family = AF_INET;
	if (!route.dev[0] && text_ip_is_zero(&route.via) && row->id != API_ROUTE_DEL)
		return args_fail(args, "\"dev\" or \"via\" is expected");

	body = command_request(command, row->id, sizeof(route));
	body->route = route;
	return 0;
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
	for (const struct args_choice *choice = protocols; choice->word; choice++) {
		if (choice->value == route->proto)
			return choice->word;
	}
	snprintf(buf, size, "%u", route->proto);
	return buf;
}

static void print_ip4(FILE *out, const struct api_route *route)
{
	char dst[TEXT_IP_LEN], via[TEXT_IP_LEN], src[TEXT_IP_LEN], scope[8], protocol[8];

	fprintf(out,
		"inet %s/%u via %s src %s dev %.*s mtu %" PRIu32 " tos %u scope %s metric %" PRIu32
		" proto %s%s\n",
		text_of_ip(AF_INET, &route->dst, dst), route->plen,
		text_of_ip(AF_INET, &route->via, via), text_of_ip(AF_INET, &route->src, src),
		API_NAME_LEN, route->dev, route->mtu, route->tos,
		scope_of(route, scope, sizeof(scope)), route->metric,
		protocol_of(route, "auto", protocol, sizeof(protocol)),
		route->onlink ? " onlink" : "");
}

static void print_ip6(FILE *out, const struct api_route *route)
{
	char text[TEXT_IP_LEN], scope[8];

	if (route->plen)
		fprintf(out, "inet6 %s/%u", text_of_ip(AF_INET6, &route->dst, text), route->plen);
	else
		fputs("inet6 default", out);
	if (!text_ip_is_zero(&route->via))
		fprintf(out, " via %s", text_of_ip(AF_INET6, &route->via, text));
	if (!text_ip_is_zero(&route->src))
		fprintf(out, " src %s", text_of_ip(AF_INET6, &route->src, text));
	fprintf(out, " dev %.*s", API_NAME_LEN, route->dev);
	if (route->mtu)
		fprintf(out, " mtu %" PRIu32, route->mtu);
	fprintf(out, " scope %s\n", scope_of(route, scope, sizeof(scope)));
}

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	struct api_route route;

	client_object(item, &route, sizeof(route));
	if (route.family == AF_INET6)
		print_ip6(out, &route);
	else
		print_ip4(out, &route);
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

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	json_t *object = json_object(), *flags = json_array();
	char text[TEXT_IP_LEN], name[API_NAME_LEN + 1];
	struct api_route route;

	client_object(item, &route, sizeof(route));
	if (route.type != API_ROUTE_UNICAST)
		dpip_json_text(object, "type", route.type == API_ROUTE_LOCAL ? "local" : "kernel");
	dpip_json_text(object, "family", route.family == AF_INET6 ? "inet6" : "inet");
	json_destination(object, &route);
	if (!text_ip_is_zero(&route.via))
		dpip_json_text(object, "gateway", text_of_ip(route.family, &route.via, text));
	snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, route.dev);
	dpip_json_text(object, "dev", name);
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
	return object;
}

static const struct view view = { .kind = API_KIND_ROUTE, .row = print_row, .json_row = json_row };

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	command->view = &view;
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
	{ "flush", API_ROUTE_FLUSH, false, flush_parse },
	{ "list", API_ROUTE_LIST, true, show_parse },
	{ NULL, 0, false, NULL },
};

static const char help[] =
	"dpip route show [dev D]\n"
	"dpip route { add | set | del } PREFIX [via A] [dev D] [scope SCOPE] [mtu N] [src A]\n"
	"           [metric N] [tos N] [proto PROTO] [onlink] [local]\n"
	"dpip route flush [dev D]\n"
	"  PREFIX := A/P | A | default\n"
	"  SCOPE := host | kni_host | link | global | site | 0 ... 4\n"
	"  PROTO := auto | boot | static | 0 ... 255\n";

const struct dpip_object dpip_route = {
	.name = "route",
	.about = "routes",
	.help = help,
	.words = "show, list, add, set, del, flush or help",
	.commands = commands,
};

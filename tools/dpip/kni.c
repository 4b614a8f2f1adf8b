/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip kni: kernel interfaces, and the addresses that belong to the kernel,
 * which are routes of the scope kni_host: `kni add A dev D` is short for
 * `route add A scope kni_host dev D`.
 */
#include "dpip/dpip.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/client.h"
#include "lib/items.h"
#include "lib/text.h"

/* `dpip flow` names the kind of flow in front; there is one. */
static int take_kind(struct args *args)
{
	const char *word;
	int r;

	if (!args_take_if(args, "type"))
		return 0;
	r = args_value(args, "type", "kni", &word);
	if (r == 0 && strcmp(word, "kni") != 0)
		r = args_fail(args, "type \"%s\": kni is expected", word);
	return r;
}

static int change_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	union command_body *body;
	struct api_route route;
	const char *word;
	int r = take_kind(args);

	if (r < 0)
		return r;
	memset(&route, 0, sizeof(route));
	word = args_take(args);
	if (!word || text_ip(word, &route.family, &route.dst) < 0 ||
	    (command->options.family && command->options.family != route.family))
		return args_fail(
			args, word ? "\"%s\": an address is expected" : "an address is expected%s",
			word ? word : "");
	if (!args_take_if(args, "dev"))
		return args_fail(args, "\"dev\" and a device name are expected");
	r = args_name(args, "dev", route.dev);
	if (r == 0)
		r = args_end(args);
	if (r < 0)
		return r;
	route.plen = (uint8_t)text_ip_bits(route.family);
	route.type = API_ROUTE_KERNEL;
	route.scope = API_SCOPE_KNI_HOST;
	body = command_request(command, row->id, sizeof(route));
	body->route = route;
	return 0;
}

/* ---- show ---- */

static void print_stats(FILE *out, const struct api_kni *kni)
{
	fprintf(out,
		"    to kernel:   packets %" PRIu64 " bytes %" PRIu64 " dropped %" PRIu64 "\n"
		"    from kernel: packets %" PRIu64 " bytes %" PRIu64 " dropped %" PRIu64 "\n",
		kni->to_packets, kni->to_bytes, kni->to_dropped, kni->from_packets, kni->from_bytes,
		kni->from_dropped);
}

/* The next kernel route of a device behind `entry`; all: of any device. */
static const struct items_entry *next_address(const struct items *items,
					      const struct items_entry *entry, const char *dev,
					      struct api_route *route)
{
	while ((entry = items_next_of(items, entry, API_KIND_ROUTE))) {
		items_object(entry, route, sizeof(*route));
		if (route->type == API_ROUTE_KERNEL &&
		    strncmp(route->dev, dev, sizeof(route->dev)) == 0)
			return entry;
	}
	return NULL;
}

static void print_kni(FILE *out, const struct command *command, const struct items *items,
		      const struct api_kni *kni)
{
	const struct items_entry *entry = NULL;
	char mac[TEXT_MAC_LEN], ip[TEXT_IP_LEN];
	struct api_route route;

	fprintf(out, "%s: dev %s %s%s%s mtu %" PRIu32 " addr %s owner %s\n", kni->name, kni->dev,
		kni->flags & API_KNI_MISSING ? "MISSING"
		: kni->flags & API_KNI_UP    ? "UP"
					     : "DOWN",
		kni->flags & API_KNI_CARRIER ? "" : " no-carrier",
		kni->flags & API_KNI_ELSEWHERE ? " elsewhere" : "", kni->mtu,
		text_of_mac(kni->mac, true, mac), kni->owner);
	while ((entry = next_address(items, entry, kni->dev, &route)))
		fprintf(out, "    %s %s\n", route.family == AF_INET6 ? "inet6" : "inet",
			text_of_ip(route.family, &route.dst, ip));
	if (command->options.stats)
		print_stats(out, kni);
}

static int print_all(FILE *out, const struct command *command, const struct items *items,
		     const struct items *before, char *error, size_t size)
{
	const struct items_entry *entry = NULL;

	while ((entry = items_next_of(items, entry, API_KIND_KNI))) {
		struct api_kni kni;

		items_object(entry, &kni, sizeof(kni));
		print_kni(out, command, items, &kni);
	}
	return 0;
}

static json_t *json_stats(const struct api_kni *kni)
{
	json_t *to = json_object(), *from = json_object(), *both = json_object();

	dpip_json_number(to, "packets", kni->to_packets);
	dpip_json_number(to, "bytes", kni->to_bytes);
	dpip_json_number(to, "dropped", kni->to_dropped);
	dpip_json_number(from, "packets", kni->from_packets);
	dpip_json_number(from, "bytes", kni->from_bytes);
	dpip_json_number(from, "dropped", kni->from_dropped);
	json_object_set_new(both, "to_kernel", to);
	json_object_set_new(both, "from_kernel", from);
	return both;
}

static json_t *json_kni(const struct items *items, const struct api_kni *kni)
{
	json_t *object = json_object(), *addresses = json_array();
	const struct items_entry *entry = NULL;
	char text[TEXT_MAC_LEN + TEXT_IP_LEN];
	struct api_route route;

	dpip_json_text(object, "ifname", kni->name);
	dpip_json_text(object, "dev", kni->dev);
	dpip_json_text(object, "address", text_of_mac(kni->mac, false, text));
	dpip_json_number(object, "mtu", kni->mtu);
	dpip_json_number(object, "ifindex", kni->index);
	json_object_set_new(object, "missing", json_boolean(kni->flags & API_KNI_MISSING));
	json_object_set_new(object, "up", json_boolean(kni->flags & API_KNI_UP));
	json_object_set_new(object, "carrier", json_boolean(kni->flags & API_KNI_CARRIER));
	json_object_set_new(object, "elsewhere", json_boolean(kni->flags & API_KNI_ELSEWHERE));
	dpip_json_text(object, "owner", kni->owner);
	dpip_json_number(object, "worker", kni->worker);
	while ((entry = next_address(items, entry, kni->dev, &route)))
		json_array_append_new(addresses,
				      json_string(text_of_ip(route.family, &route.dst, text)));
	json_object_set_new(object, "addresses", addresses);
	json_object_set_new(object, "stats", json_stats(kni));
	return object;
}

static json_t *json_all(const struct command *command, const struct items *items, char *error,
			size_t size)
{
	const struct items_entry *entry = NULL;
	json_t *array = json_array();

	while ((entry = items_next_of(items, entry, API_KIND_KNI))) {
		struct api_kni kni;

		items_object(entry, &kni, sizeof(kni));
		json_array_append_new(array, json_kni(items, &kni));
	}
	return array;
}

static const struct view view = { .all = print_all, .json_all = json_all };

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	union command_body *routes;
	struct api_filter filter;
	int r = take_kind(args);

	if (r == 0)
		r = dpip_filter_parse(args, command, row->id, false);
	if (r < 0)
		return r;
	command->view = &view;
	filter = command->requests[0].body.filter;
	routes = command_request(command, API_ROUTE_LIST, sizeof(routes->filter));
	routes->filter = filter;
	return 0;
}

static int flush_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	int r = take_kind(args);

	return r < 0 ? r : dpip_filter_parse(args, command, row->id, false);
}

static const struct dpip_command commands[] = {
	{ "show", API_KNI_LIST, true, show_parse },
	{ "add", API_ROUTE_ADD, false, change_parse },
	{ "delete", API_ROUTE_DEL, false, change_parse },
	{ "flush", API_KNI_FLUSH, false, flush_parse },
	{ "list", API_KNI_LIST, true, show_parse },
	{ NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "show", .words = dpip_dev_words },
	{ .commands = "{ add | del }", .operands = "A", .words = dpip_dev_words, .needed = 1 },
	{ .commands = "flush", .words = dpip_dev_words },
	{ .commands = NULL },
};

static const char help[] =
	"  show   interfaces of devices in the kernel, and the addresses that are the kernel's;\n"
	"         with -s packets to and from it\n"
	"  add    packets for A that come in by D are the kernel's: a route of the scope kni_host\n"
	"  flush  takes all such addresses from it\n"
	"  dpip flow is the same, with \"type kni\" in front of A and dev\n";

const struct dpip_object dpip_kni = {
	.name = "kni",
	.alias = "flow",
	.about = "kernel interfaces, and addresses that belong to the kernel",
	.grammar = grammar,
	.help = help,
	.words = "show, list, add, del, flush or help",
	.commands = commands,
};

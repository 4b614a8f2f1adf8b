/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip addr: the daemon's own addresses. JSON is grouped by device, as ip(8)
 * has it, so its request asks for the links too and finds index and MTU there;
 * the text has one entry an address and needs no links.
 */
#include "dpip/dpip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dpip/scope.h"
#include "lib/client.h"
#include "lib/items.h"
#include "lib/text.h"

#define IP_FOREVER UINT32_MAX /* how ip(8) prints it in JSON */

/* Its local ports are shown with -s. How many are free has no one answer: every server has all. */
#define SHOWS_PORTS (API_ADDR_SAPOOL | API_ADDR_LADDR | API_ADDR_HELD)

static int lifetime(struct args *args, const char *keyword, uint32_t *seconds)
{
	const char *what = "\"forever\" or a number of seconds from 1 to 4294967294";
	const char *word;
	uint64_t number;
	int r;

	r = args_value(args, keyword, what, &word);
	if (r < 0)
		return r;
	if (strcmp(word, "forever") == 0)
		number = API_LIFE_FOREVER;
	else if (text_number(word, 1, UINT32_MAX - 1, &number) < 0)
		return args_fail(args, "%s \"%s\": %s is expected", keyword, word, what);
	*seconds = number;
	return 0;
}

static int take_address(struct args *args, struct api_addr *addr, uint16_t family)
{
	const char *word = args_take(args);

	if (!word)
		return args_fail(args, "an address A/P is expected");
	if (text_prefix(word, &addr->family, &addr->addr, &addr->plen) < 0 ||
	    (family && family != addr->family))
		return args_fail(args, "\"%s\": %s A or A/P is expected", word,
				 family == AF_INET    ? "an IPv4 address"
				 : family == AF_INET6 ? "an IPv6 address"
						      : "an address");
	return 0;
}

/* What of the two lifetimes was given. */
struct lifetimes {
	bool valid;
	bool preferred;
};

enum {
	WORD_DEV,
	WORD_BROADCAST,
	WORD_SCOPE,
	WORD_VALID,
	WORD_PREFERRED,
	WORD_SAPOOL,
	WORD_NODAD,
};

static const struct args_word words[] = {
	{ "dev", "D", "the device that it is on", WORD_DEV },
	{ "broadcast", "B", "the broadcast address of its net, IPv4 only", WORD_BROADCAST },
	{ "brd", "B", NULL, WORD_BROADCAST },
	{ "scope", "SCOPE", "where it is known", WORD_SCOPE },
	{ "valid_lft", "LFT", "how long it stays", WORD_VALID },
	{ "preferred_lft", "LFT", "how long new traffic of our own uses it", WORD_PREFERRED },
	{ "prefered_lft", "LFT", NULL, WORD_PREFERRED },
	{ "sapool", NULL, "services may use it as a local address", WORD_SAPOOL },
	{ "nodad", NULL, "IPv6 only: it is ours at once, no other host is asked", WORD_NODAD },
	{ NULL, NULL, NULL, 0 },
};

static int take_broadcast(struct args *args, const char *word, struct api_addr *addr)
{
	uint16_t family = AF_INET;

	if (addr->family != AF_INET)
		return args_fail(args, "%s: IPv6 has no broadcast address", word);
	return args_ip(args, word, &family, &addr->broadcast);
}

static int take_keyword(struct args *args, struct api_addr *addr, struct lifetimes *given)
{
	const struct args_word *word;
	uint32_t scope;
	int r = args_word(args, words, &word);

	if (r < 0)
		return r;
	switch (word->id) {
	case WORD_DEV:
		return args_name(args, word->word, addr->dev);
	case WORD_BROADCAST:
		return take_broadcast(args, word->word, addr);
	case WORD_SCOPE:
		r = scope_take(args, false, &scope);
		if (r == 0)
			addr->scope = scope;
		return r;
	case WORD_VALID:
		given->valid = true;
		return lifetime(args, word->word, &addr->valid_lft_s);
	case WORD_PREFERRED:
		given->preferred = true;
		return lifetime(args, word->word, &addr->preferred_lft_s);
	case WORD_SAPOOL:
		addr->flags |= API_ADDR_SAPOOL;
		return 0;
	default:
		if (addr->family != AF_INET6)
			return args_fail(args, "nodad: only IPv6 asks for duplicates");
		addr->flags |= API_ADDR_NODAD;
		return 0;
	}
}

static int change_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct lifetimes given = { 0 };
	union command_body *body;
	struct api_addr addr;
	int r;

	memset(&addr, 0, sizeof(addr));
	addr.scope = API_SCOPE_UNSET;
	r = take_address(args, &addr, command->options.family);
	while (r == 0 && args->next < args->n)
		r = take_keyword(args, &addr, &given);
	if (r < 0)
		return r;
	if (!addr.dev[0])
		return args_fail(args, "\"dev\" and a device name are expected");

	if (given.valid || given.preferred)
		addr.flags |= API_ADDR_LIFETIME;
	if (given.valid && !given.preferred)
		addr.preferred_lft_s = addr.valid_lft_s;
	if (addr.valid_lft_s && (!addr.preferred_lft_s || addr.preferred_lft_s > addr.valid_lft_s))
		return args_fail(args, "preferred_lft must not be longer than valid_lft");

	body = command_request(command, row->id, sizeof(addr));
	body->addr = addr;
	return 0;
}

/* In the order of ip(8). */
static const struct {
	uint32_t flag;
	const char *word;
} flags[] = {
	{ API_ADDR_DADFAILED, "dadfailed" },
	{ API_ADDR_DEPRECATED, "deprecated" },
	{ API_ADDR_TENTATIVE, "tentative" },
};

static const char *lifetime_text(uint32_t seconds, char *buf, size_t size)
{
	if (seconds == API_LIFE_FOREVER)
		return "forever";
	snprintf(buf, size, "%" PRIu32 "sec", seconds);
	return buf;
}

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	char ip[TEXT_IP_LEN], broadcast[TEXT_IP_LEN], valid[24], preferred[24], scope[8];
	struct api_addr addr;

	if (item->kind != API_KIND_ADDR)
		return;
	client_object(item, &addr, sizeof(addr));

	if (command->options.details)
		fprintf(out, "[%" PRIu32 "] ", addr.cpu);
	fprintf(out, "%s %s/%u", addr.family == AF_INET6 ? "inet6" : "inet",
		text_of_ip(addr.family, &addr.addr, ip), addr.plen);
	if (!text_ip_is_zero(&addr.broadcast))
		fprintf(out, " broadcast %s", text_of_ip(addr.family, &addr.broadcast, broadcast));
	fprintf(out, " scope %s", scope_text(addr.scope, scope, sizeof(scope)));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (addr.flags & flags[i].flag)
			fprintf(out, " %s", flags[i].word);
	fprintf(out, " %.*s%s", API_NAME_LEN, addr.dev, command->options.oneline ? "\\" : "\n");
	fprintf(out, "     valid_lft %s preferred_lft %s",
		lifetime_text(addr.valid_lft_s, valid, sizeof(valid)),
		lifetime_text(addr.preferred_lft_s, preferred, sizeof(preferred)));
	if (command->options.stats && (addr.flags & SHOWS_PORTS))
		fprintf(out, " sa_used %" PRIu64 " sa_miss %" PRIu64, addr.ports_used,
			addr.ports_miss);
	fputc('\n', out);
}

static json_t *json_addr(const struct command *command, const struct api_addr *addr)
{
	char text[TEXT_IP_LEN], scope[8];
	json_t *object = json_object();

	dpip_json_text(object, "family", addr->family == AF_INET6 ? "inet6" : "inet");
	dpip_json_text(object, "local", text_of_ip(addr->family, &addr->addr, text));
	dpip_json_number(object, "prefixlen", addr->plen);
	if (!text_ip_is_zero(&addr->broadcast))
		dpip_json_text(object, "broadcast",
			       text_of_ip(addr->family, &addr->broadcast, text));
	dpip_json_text(object, "scope", scope_text(addr->scope, scope, sizeof(scope)));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (addr->flags & flags[i].flag)
			json_object_set_new(object, flags[i].word, json_true());
	dpip_json_number(object, "valid_life_time",
			 addr->valid_lft_s ? addr->valid_lft_s : IP_FOREVER);
	dpip_json_number(object, "preferred_life_time",
			 addr->preferred_lft_s ? addr->preferred_lft_s : IP_FOREVER);
	if (command->options.details)
		dpip_json_number(object, "cpu", addr->cpu);
	if (command->options.stats && (addr->flags & SHOWS_PORTS)) {
		dpip_json_number(object, "sa_used", addr->ports_used);
		dpip_json_number(object, "sa_miss", addr->ports_miss);
	}
	return object;
}

/* One by itself says whose it is. */
static json_t *json_row(const struct command *command, const struct client_item *item)
{
	char name[API_NAME_LEN + 1];
	struct api_addr addr;
	json_t *object;

	client_object(item, &addr, sizeof(addr));
	object = json_addr(command, &addr);
	snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, addr.dev);
	dpip_json_text(object, "ifname", name);
	return object;
}

const struct view dpip_addr_view = {
	.kind = API_KIND_ADDR,
	.row = print_row,
	.json_row = json_row,
};

static json_t *json_device(json_t *devices, const char *name)
{
	json_t *device = json_object();

	dpip_json_text(device, "ifname", name);
	json_object_set_new(device, "addr_info", json_array());
	json_array_append_new(devices, device);
	return device;
}

static json_t *json_link(json_t *devices, const struct api_link *link)
{
	json_t *device = json_object();
	char name[API_NAME_LEN + 1];

	snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, link->name);
	dpip_json_number(device, "ifindex", link->index);
	dpip_json_text(device, "ifname", name);
	dpip_json_number(device, "mtu", link->mtu);
	json_object_set_new(device, "addr_info", json_array());
	json_array_append_new(devices, device);
	return device;
}

static json_t *json_device_find(json_t *devices, const char *name)
{
	json_t *device;
	size_t i;

	json_array_foreach(devices, i, device)
	{
		const char *ifname = json_string_value(json_object_get(device, "ifname"));

		if (ifname && strcmp(ifname, name) == 0)
			return device;
	}
	return NULL;
}

/* Devices without an address are left out. */
static void drop_empty(json_t *devices)
{
	for (size_t i = json_array_size(devices); i-- > 0;) {
		json_t *info = json_object_get(json_array_get(devices, i), "addr_info");

		if (json_array_size(info) == 0)
			json_array_remove(devices, i);
	}
}

static json_t *json_all(const struct command *command, const struct items *items, char *error,
			size_t size)
{
	const struct items_entry *entry = NULL;
	json_t *devices = json_array();
	struct api_link link;
	struct api_addr addr;

	while ((entry = items_next_of(items, entry, API_KIND_LINK))) {
		items_object(entry, &link, sizeof(link));
		json_link(devices, &link);
	}
	while ((entry = items_next_of(items, entry, API_KIND_ADDR))) {
		char name[API_NAME_LEN + 1];
		json_t *device;

		items_object(entry, &addr, sizeof(addr));
		snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, addr.dev);
		device = json_device_find(devices, name);
		if (!device)
			device = json_device(devices, name);
		json_array_append_new(json_object_get(device, "addr_info"),
				      json_addr(command, &addr));
	}
	drop_empty(devices);
	return devices;
}

static const struct view view = { .row = print_row, .json_all = json_all };

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	union command_body *links = NULL, *addrs;
	int r;

	command->view = &view;
	if (command->options.json)
		links = command_request(command, API_LINK_LIST, sizeof(links->filter));
	r = dpip_filter_parse(args, command, row->id, false);
	if (r < 0)
		return r;
	addrs = &command->requests[command->n_requests - 1].body;
	if (command->options.stats)
		addrs->filter.flags |= API_FILTER_STATS;
	if (command->options.details && !command->options.cpu)
		addrs->filter.flags |= API_FILTER_WORKERS;
	if (links)
		memcpy(links->filter.dev, addrs->filter.dev, API_NAME_LEN);
	return 0;
}

static int flush_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	return dpip_filter_parse(args, command, row->id, true);
}

static const struct dpip_command commands[] = {
	{ "show", API_ADDR_LIST, true, show_parse },
	{ "set", API_ADDR_SET, false, change_parse },
	{ "add", API_ADDR_ADD, false, change_parse },
	{ "delete", API_ADDR_DEL, false, change_parse },
	{ "flush", API_ADDR_FLUSH, false, flush_parse },
	{ "list", API_ADDR_LIST, true, show_parse },
	{ "change", API_ADDR_SET, false, change_parse },
	{ NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "show", .words = dpip_dev_words },
	{ .commands = "{ add | set | change | del }",
	  .operands = "A[/P]",
	  .words = words,
	  .needed = 1 },
	{ .commands = "flush", .words = dpip_dev_words, .needed = 1 },
	{ .commands = NULL },
};

static const char help[] = "  SCOPE := global | site | link | host | 0 ... 3\n"
			   "  LFT := forever | SECONDS\n"
			   "  -s shows the local ports of local addresses: used, missed\n"
			   "  -v shows the master's, [0], and each worker's own, [N]\n";

const struct dpip_object dpip_addr = {
	.name = "addr",
	.alias = "address",
	.about = "addresses of the balancer",
	.grammar = grammar,
	.help = help,
	.words = "show, list, add, set, change, del, flush or help",
	.commands = commands,
};

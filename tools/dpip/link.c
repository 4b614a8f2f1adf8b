/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip link: ports. A link's own counters keep apart what is often mixed up:
 * bad frames (ierrors), the device's own memory full (overruns), no descriptor
 * free (imissed), no mbuf free (rx_nombuf), our own full transmit queue
 * (odropped). With an interval, -s shows what came and went per second instead
 * of totals.
 */
#include "dpip/dpip.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/client.h"
#include "lib/items.h"
#include "lib/text.h"

static const struct args_choice on_off[] = {
	{ "on", 1 },
	{ "off", 0 },
	{ NULL, 0 },
};

static struct api_link_set *add_set(struct command *command, uint16_t id, const char *dev,
				    uint32_t what)
{
	union command_body *body = command_request(command, id, sizeof(body->link_set));

	if (!body)
		return NULL;
	text_copy(body->link_set.dev, sizeof(body->link_set.dev), dev);
	body->link_set.what = what;
	return &body->link_set;
}

enum {
	WORD_UP = 1,
	WORD_DOWN,
	WORD_PROMISC,
	WORD_ALLMULTICAST,
	WORD_MTU,
	WORD_MAC,
	WORD_FORWARD2KNI,
	WORD_RX_DESCRIPTORS,
	WORD_TX_DESCRIPTORS,
};

static const struct args_word set_words[] = {
	{ "up", NULL, "packets come in and go out", WORD_UP },
	{ "down", NULL, "no packets", WORD_DOWN },
	{ "promisc", "on|off", "frames to any MAC address are let in", WORD_PROMISC },
	{ "allmulticast", "on|off", "frames to any group are let in", WORD_ALLMULTICAST },
	{ "mtu", "N", "the longest packet", WORD_MTU },
	{ "addr", "MAC", "its MAC address", WORD_MAC },
	{ "address", "MAC", NULL, WORD_MAC },
	{ "forward2kni", "on|off",
	  "a copy of each frame that comes in goes to the kernel interface", WORD_FORWARD2KNI },
	{ NULL, NULL, NULL, 0 },
};

static const uint32_t set_whats[] = {
	[WORD_UP] = API_LINK_SET_UP,
	[WORD_DOWN] = API_LINK_SET_UP,
	[WORD_PROMISC] = API_LINK_SET_PROMISC,
	[WORD_ALLMULTICAST] = API_LINK_SET_ALLMULTICAST,
	[WORD_MTU] = API_LINK_SET_MTU,
	[WORD_MAC] = API_LINK_SET_MAC,
	[WORD_FORWARD2KNI] = API_LINK_SET_FORWARD2KNI,
};

/* Fills set by what stands behind the keyword. */
static int take_value(struct args *args, const struct args_word *word, struct api_link_set *set)
{
	switch (word->id) {
	case WORD_UP:
	case WORD_DOWN:
		set->value = word->id == WORD_UP;
		return 0;
	case WORD_MTU:
		return args_number(args, word->word, 68, 65535, &set->value);
	case WORD_MAC:
		return args_mac(args, word->word, set->mac);
	default:
		return args_choice(args, word->word, on_off, "on or off", &set->value);
	}
}

static int set_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	const struct args_word *word;
	char dev[API_NAME_LEN];
	int r;

	args_take_if(args, "dev");
	r = args_name(args, "set", dev);
	if (r == 0 && args->next == args->n)
		r = args_choose(args, dev, set_words, &word); /* says what is expected */
	while (r == 0 && args->next < args->n) {
		struct api_link_set *set;

		r = args_word(args, set_words, &word);
		if (r < 0)
			return r;
		set = add_set(command, row->id, dev, set_whats[word->id]);
		if (!set)
			return args_fail(args, "\"%s\": at most %d settings at once", word->word,
					 COMMAND_REQUESTS);
		r = take_value(args, word, set);
	}
	return r;
}

static const struct args_word add_kinds[] = {
	{ "vdev", "DEVICE[,ARG=VALUE,...]", "a device as DPDK names it", API_LINK_VDEV },
	{ "pci", "ADDRESS", "a device of the PCI bus", API_LINK_PCI },
	{ NULL, NULL, NULL, 0 },
};

static const struct args_word add_words[] = {
	{ "mtu", "N", "the longest packet", WORD_MTU },
	{ "rx-descriptors", "N", "of each receive queue", WORD_RX_DESCRIPTORS },
	{ "tx-descriptors", "N", "of each transmit queue", WORD_TX_DESCRIPTORS },
	{ NULL, NULL, NULL, 0 },
};

static int add_option(struct args *args, struct api_link_add *add)
{
	const struct args_word *word;
	int r = args_word(args, add_words, &word);

	if (r < 0)
		return r;
	switch (word->id) {
	case WORD_MTU:
		return args_number(args, word->word, 68, 9216, &add->mtu);
	case WORD_RX_DESCRIPTORS:
		return args_number(args, word->word, 16, 8192, &add->rx_descriptors);
	default:
		return args_number(args, word->word, 16, 8192, &add->tx_descriptors);
	}
}

static int add_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	union command_body *body = command_request(command, row->id, sizeof(body->link_add));
	struct api_link_add *add = &body->link_add;
	const struct args_word *kind;
	const char *device;
	int r;

	args_take_if(args, "dev");
	r = args_name(args, "add", add->name);
	if (r == 0)
		r = args_choose(args, add->name, add_kinds, &kind);
	if (r == 0)
		r = args_value(args, kind->word, "a device", &device);
	if (r < 0)
		return r;
	add->kind = kind->id;
	if (text_copy(add->device, sizeof(add->device), device) < 0)
		return args_fail(args, "\"%s\": a device has 1 to %d characters", device,
				 (int)sizeof(add->device) - 1);
	while (r == 0 && args->next < args->n)
		r = add_option(args, add);
	return r;
}

static int del_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	union command_body *body = command_request(command, row->id, sizeof(body->link_del));
	int r;

	args_take_if(args, "dev");
	r = args_name(args, "del", body->link_del.dev);
	return r == 0 ? args_end(args) : r;
}

static int flush_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	union command_body *body;

	command_request(command, row->id, sizeof(body->empty));
	return args_end(args);
}

struct flag_word {
	uint32_t flag;
	const char *text;
};

static void print_flags(FILE *out, uint32_t flags, const struct flag_word *words)
{
	for (; words->text; words++) {
		if (flags & words->flag)
			fprintf(out, " %s", words->text);
	}
}

static bool is_up(const struct api_link *link)
{
	return (link->flags & API_LINK_ADMIN_UP) && (link->flags & API_LINK_CARRIER);
}

static const struct flag_word offloads[] = {
	{ API_LINK_RX_IP_CSUM, "OF_RX_IP_CSUM" },     { API_LINK_TX_IP_CSUM, "OF_TX_IP_CSUM" },
	{ API_LINK_TX_TCP_CSUM, "OF_TX_TCP_CSUM" },   { API_LINK_TX_UDP_CSUM, "OF_TX_UDP_CSUM" },
	{ API_LINK_TX_FAST_FREE, "OF_TX_FAST_FREE" }, { 0, NULL },
};

static void print_link(FILE *out, const struct api_link *link, const char *end)
{
	static const struct flag_word modes[] = {
		{ API_LINK_PROMISC, "promisc" },
		{ API_LINK_ALLMULTICAST, "allmulticast" },
		{ API_LINK_FORWARD2KNI, "foward2kni" }, /* so spelt where scripts look for it */
		{ 0, NULL },
	};
	char mac[TEXT_MAC_LEN];

	fprintf(out,
		"%" PRIu32 ": %.*s: socket %" PRIu32 " mtu %" PRIu32 " rx-queue %u tx-queue %u%s",
		link->index, API_NAME_LEN, link->name, link->socket, link->mtu, link->rx_queues,
		link->tx_queues, end);
	fprintf(out, "    %s %" PRIu32 " Mbps %s %s", is_up(link) ? "UP" : "DOWN", link->speed_mbps,
		link->flags & API_LINK_FULL_DUPLEX ? "full-duplex" : "half-duplex",
		link->flags & API_LINK_AUTONEG ? "auto-nego" : "fixed-nego");
	print_flags(out, link->flags, modes);
	fprintf(out, "%s    addr %s", end, text_of_mac(link->mac, true, mac));
	print_flags(out, link->flags, offloads);
}

static const char *const bond_modes[] = { "balance-rr", "active-backup", "balance-xor", "broadcast",
					  "802.3ad",    "balance-tlb",   "balance-alb" };

static const char *bond_mode(const struct api_link *link)
{
	return link->bond_mode < sizeof(bond_modes) / sizeof(bond_modes[0])
		       ? bond_modes[link->bond_mode]
		       : "unknown";
}

static uint16_t n_members(const struct api_link *link)
{
	return link->n_members < API_LINK_MEMBERS ? link->n_members : API_LINK_MEMBERS;
}

static void print_bond(FILE *out, const struct api_link *link, const char *end)
{
	static const struct flag_word words[] = {
		{ API_MEMBER_ACTIVE, "active" },
		{ API_MEMBER_PRIMARY, "primary" },
		{ 0, NULL },
	};

	fprintf(out, "%s    bond mode %s", end, bond_mode(link));
	for (unsigned int i = 0; i < n_members(link); i++) {
		const struct api_link_member *member = &link->members[i];

		fprintf(out, "%s    slave %.*s %s %" PRIu32 " Mbps", end, API_NAME_LEN,
			member->name, member->flags & API_MEMBER_CARRIER ? "UP" : "DOWN",
			member->speed_mbps);
		print_flags(out, member->flags, words);
	}
}

static void print_details(FILE *out, const struct api_link *link, const char *end)
{
	fprintf(out, "%s    driver %.*s device %.*s steering %.*s%s", end, API_NAME_LEN,
		link->driver, (int)sizeof(link->device), link->device[0] ? link->device : "-",
		API_NAME_LEN, link->steering, link->flags & API_LINK_RSS ? " rx-rss" : "");
	fprintf(out, "%s    rx-descriptors %u tx-descriptors %u%s%s%s", end, link->rx_descriptors,
		link->tx_descriptors, link->flags & API_LINK_ADMIN_UP ? " admin-up" : " admin-down",
		link->flags & API_LINK_CARRIER ? " carrier" : " no-carrier",
		link->flags & API_LINK_ADDED ? " added" : "");
	if (link->flags & API_LINK_TUNNEL)
		fprintf(out, "%s    tunnel mode %.*s", end, API_NAME_LEN, link->driver);
	if (link->vlan_id)
		fprintf(out, "%s    vlan link %.*s proto %s id %u", end, API_NAME_LEN, link->link,
			dpip_vlan_proto(link->vlan_proto), link->vlan_id);
}

static void print_stats(FILE *out, const struct api_link *link, const char *end)
{
	fprintf(out, "%s    %-20s%-20s%-20s%-20s", end, "ipackets", "opackets", "ibytes", "obytes");
	fprintf(out, "%s    %-20" PRIu64 "%-20" PRIu64 "%-20" PRIu64 "%-20" PRIu64, end,
		link->rx_packets, link->tx_packets, link->rx_bytes, link->tx_bytes);
	fprintf(out, "%s    %-20s%-20s%-20s%-20s", end, "ierrors", "oerrors", "imissed",
		"rx_nombuf");
	fprintf(out, "%s    %-20" PRIu64 "%-20" PRIu64 "%-20" PRIu64 "%-20" PRIu64, end,
		link->rx_errors, link->tx_errors, link->rx_missed, link->rx_nombuf);
	fprintf(out, "%s    %-20s%-20s%-20s%-20s", end, "mbuf-avail", "mbuf-inuse", "odropped",
		"overruns");
	fprintf(out, "%s    %-20" PRIu64 "%-20" PRIu64 "%-20" PRIu64 "%-20" PRIu64, end,
		link->mbuf_avail, link->mbuf_inuse, link->tx_dropped, link->rx_overruns);
}

static uint64_t rate(uint64_t now, uint64_t before, uint32_t seconds)
{
	return now > before ? (now - before) / seconds : 0;
}

static void print_rates(FILE *out, const struct api_link *link, const struct api_link *before,
			uint32_t seconds, const char *end)
{
	fprintf(out, "%s    %-20s%-20s%-20s%-20s", end, "ipackets/pps", "opackets/pps",
		"ibytes/Bps", "obytes/Bps");
	fprintf(out, "%s    %-20" PRIu64 "%-20" PRIu64 "%-20" PRIu64 "%-20" PRIu64, end,
		rate(link->rx_packets, before->rx_packets, seconds),
		rate(link->tx_packets, before->tx_packets, seconds),
		rate(link->rx_bytes, before->rx_bytes, seconds),
		rate(link->tx_bytes, before->tx_bytes, seconds));
}

static bool find_link(const struct items *items, uint32_t index, struct api_link *link)
{
	const struct items_entry *entry = NULL;

	while (items && (entry = items_next_of(items, entry, API_KIND_LINK))) {
		items_object(entry, link, sizeof(*link));
		if (link->index == index)
			return true;
	}
	return false;
}

static int print_all(FILE *out, const struct command *command, const struct items *items,
		     const struct items *before, char *error, size_t size)
{
	const struct command_options *options = &command->options;
	const char *end = options->oneline ? "\\" : "\n";
	const struct items_entry *entry = NULL;
	struct api_link link, earlier;
	struct api_stat stat;
	bool any = false;

	while ((entry = items_next(items, entry))) {
		if (entry->kind == API_KIND_XSTAT) {
			items_object(entry, &stat, sizeof(stat));
			fprintf(out, "%s    %.*s: %" PRIu64, end, (int)sizeof(stat.name), stat.name,
				stat.value);
		}
		if (entry->kind != API_KIND_LINK)
			continue;
		items_object(entry, &link, sizeof(link));
		if (any)
			fputc('\n', out);
		any = true;
		print_link(out, &link, end);
		if (link.flags & API_LINK_BOND)
			print_bond(out, &link, end);
		if (options->details)
			print_details(out, &link, end);
		if (options->stats && find_link(before, link.index, &earlier))
			print_rates(out, &link, &earlier, options->interval_s, end);
		else if (options->stats)
			print_stats(out, &link, end);
	}
	if (any)
		fputc('\n', out);
	return 0;
}

static json_t *json_flags(const struct api_link *link)
{
	static const struct flag_word words[] = {
		{ API_LINK_PROMISC, "PROMISC" },         { API_LINK_ALLMULTICAST, "ALLMULTI" },
		{ API_LINK_FORWARD2KNI, "FORWARD2KNI" }, { API_LINK_ADMIN_UP, "UP" },
		{ API_LINK_CARRIER, "LOWER_UP" },        { 0, NULL },
	};
	json_t *flags = json_array();

	if ((link->flags & API_LINK_ADMIN_UP) && !(link->flags & API_LINK_CARRIER))
		json_array_append_new(flags, json_string("NO-CARRIER"));
	for (const struct flag_word *word = words; word->text; word++) {
		if (link->flags & word->flag)
			json_array_append_new(flags, json_string(word->text));
	}
	return flags;
}

static json_t *json_stats(const struct api_link *link)
{
	json_t *stats = json_object(), *rx = json_object(), *tx = json_object();

	dpip_json_number(rx, "bytes", link->rx_bytes);
	dpip_json_number(rx, "packets", link->rx_packets);
	dpip_json_number(rx, "errors", link->rx_errors);
	dpip_json_number(rx, "dropped", link->rx_nombuf);
	dpip_json_number(rx, "over_errors", link->rx_overruns);
	dpip_json_number(rx, "missed_errors", link->rx_missed);
	dpip_json_number(tx, "bytes", link->tx_bytes);
	dpip_json_number(tx, "packets", link->tx_packets);
	dpip_json_number(tx, "errors", link->tx_errors);
	dpip_json_number(tx, "dropped", link->tx_dropped);
	json_object_set_new(stats, "rx", rx);
	json_object_set_new(stats, "tx", tx);
	return stats;
}

static void json_text_of(json_t *object, const char *key, const char *name, int size)
{
	char text[65];

	snprintf(text, sizeof(text), "%.*s", size, name);
	dpip_json_text(object, key, text);
}

static void json_details(json_t *object, const struct api_link *link)
{
	json_t *has = json_array();

	json_text_of(object, "driver", link->driver, sizeof(link->driver));
	json_text_of(object, "device", link->device, sizeof(link->device));
	json_text_of(object, "steering", link->steering, sizeof(link->steering));
	for (const struct flag_word *word = offloads; word->text; word++)
		if (link->flags & word->flag)
			json_array_append_new(has, json_string(word->text));
	json_object_set_new(object, "offloads", has);
	json_object_set_new(object, "rss", json_boolean(link->flags & API_LINK_RSS));
	json_object_set_new(object, "full_duplex",
			    json_boolean(link->flags & API_LINK_FULL_DUPLEX));
	json_object_set_new(object, "autoneg", json_boolean(link->flags & API_LINK_AUTONEG));
	dpip_json_number(object, "socket", link->socket);
	dpip_json_number(object, "num_rx_descriptors", link->rx_descriptors);
	dpip_json_number(object, "num_tx_descriptors", link->tx_descriptors);
	json_object_set_new(object, "added", json_boolean(link->flags & API_LINK_ADDED));
}

static json_t *json_bond(const struct api_link *link)
{
	json_t *info = json_object(), *data = json_object(), *members = json_array();

	for (unsigned int i = 0; i < n_members(link); i++) {
		const struct api_link_member *member = &link->members[i];
		bool carrier = member->flags & API_MEMBER_CARRIER;
		json_t *object = json_object();

		json_text_of(object, "ifname", member->name, sizeof(member->name));
		dpip_json_text(object, "operstate", carrier ? "UP" : "DOWN");
		dpip_json_number(object, "speed_mbps", member->speed_mbps);
		json_object_set_new(object, "active",
				    json_boolean(member->flags & API_MEMBER_ACTIVE));
		json_object_set_new(object, "primary",
				    json_boolean(member->flags & API_MEMBER_PRIMARY));
		json_array_append_new(members, object);
	}
	dpip_json_text(data, "mode", bond_mode(link));
	json_object_set_new(data, "slaves", members);
	dpip_json_text(info, "info_kind", "bond");
	json_object_set_new(info, "info_data", data);
	return info;
}

/* As ip(8) has it. */
static void json_kind(json_t *object, const struct api_link *link)
{
	json_t *info, *data;

	json_text_of(object, "link", link->link, sizeof(link->link));
	if (link->flags & API_LINK_BOND)
		json_object_set_new(object, "linkinfo", json_bond(link));
	if (!link->vlan_id && !(link->flags & API_LINK_TUNNEL))
		return;
	info = json_object();
	if (link->flags & API_LINK_TUNNEL) {
		json_text_of(info, "info_kind", link->driver, sizeof(link->driver));
		json_object_set_new(object, "linkinfo", info);
		return;
	}
	data = json_object();
	dpip_json_text(data, "protocol", dpip_vlan_proto(link->vlan_proto));
	dpip_json_number(data, "id", link->vlan_id);
	dpip_json_text(info, "info_kind", "vlan");
	json_object_set_new(info, "info_data", data);
	json_object_set_new(object, "linkinfo", info);
}

static json_t *json_link(const struct command *command, const struct api_link *link)
{
	json_t *object = json_object();
	char mac[TEXT_MAC_LEN];

	dpip_json_number(object, "ifindex", link->index);
	json_text_of(object, "ifname", link->name, sizeof(link->name));
	json_object_set_new(object, "flags", json_flags(link));
	dpip_json_number(object, "mtu", link->mtu);
	dpip_json_text(object, "operstate", is_up(link) ? "UP" : "DOWN");
	dpip_json_text(object, "address", text_of_mac(link->mac, false, mac));
	dpip_json_number(object, "speed_mbps", link->speed_mbps);
	dpip_json_number(object, "num_rx_queues", link->rx_queues);
	dpip_json_number(object, "num_tx_queues", link->tx_queues);
	json_kind(object, link);
	if (command->options.details)
		json_details(object, link);
	if (command->options.stats) {
		json_object_set_new(object, "stats64", json_stats(link));
		dpip_json_number(object, "mbuf_avail", link->mbuf_avail);
		dpip_json_number(object, "mbuf_inuse", link->mbuf_inuse);
	}
	return object;
}

static void json_xstat(json_t *link, const struct api_stat *stat)
{
	json_t *xstats = json_object_get(link, "xstats");
	char name[sizeof(stat->name) + 1];

	if (!xstats) {
		xstats = json_object();
		json_object_set_new(link, "xstats", xstats);
	}
	snprintf(name, sizeof(name), "%.*s", (int)sizeof(stat->name), stat->name);
	dpip_json_number(xstats, name, stat->value);
}

static json_t *json_all(const struct command *command, const struct items *items, char *error,
			size_t size)
{
	json_t *links = json_array(), *object = NULL;
	const struct items_entry *entry = NULL;
	struct api_link link;
	struct api_stat stat;

	while ((entry = items_next(items, entry))) {
		if (entry->kind == API_KIND_LINK) {
			items_object(entry, &link, sizeof(link));
			object = json_link(command, &link);
			json_array_append_new(links, object);
		} else if (entry->kind == API_KIND_XSTAT && object) {
			items_object(entry, &stat, sizeof(stat));
			json_xstat(object, &stat);
		}
	}
	return links;
}

static const struct view view = { .all = print_all, .json_all = json_all };

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	const char *end = command->options.oneline ? "\\" : "\n";
	struct api_link link;

	client_object(item, &link, sizeof(link));
	print_link(out, &link, end);
	if (command->options.details)
		print_details(out, &link, end);
	fputc('\n', out);
}

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	struct api_link link;

	client_object(item, &link, sizeof(link));
	return json_link(command, &link);
}

const struct view dpip_link_view = {
	.kind = API_KIND_LINK,
	.row = print_row,
	.json_row = json_row,
};

static const struct args_word show_words[] = {
	{ "dev", "D", "only this port", 0 },
	{ "status", NULL, "of a bonding: what its line says anyway", 0 },
	{ NULL, NULL, NULL, 0 },
};

static const struct args_word cpu_words[] = {
	{ "cpu", NULL,
	  "no port, but the counters of the workers, as stats worker; cpuN: worker N's", 0 },
	{ NULL, NULL, NULL, 0 },
};

/* "cpu", all workers, or "cpuN": their counters, as `dpip stats worker` has them. False: it is
 * neither, and may be a port's name. */
static bool is_cpu(const char *word, uint32_t *cpu)
{
	uint64_t number = *cpu;

	if (strncmp(word, "cpu", 3) != 0 ||
	    (word[3] && text_number(word + 3, 1, UINT32_MAX, &number) < 0))
		return false;
	*cpu = (uint32_t)number;
	return true;
}

static int show_cpu(struct args *args, struct command *command)
{
	int r = args_end(args);

	if (r == 0)
		dpip_stats_request(command, API_STATS_WORKER);
	return r;
}

/* `show D status` is `show D`. */
static void drop_status(struct args *args)
{
	unsigned int left = args->n - args->next;

	if (left > 1 && strcmp(args->words[args->n - 1], "status") == 0 &&
	    (left > 2 || strcmp(args->words[args->next], "dev") != 0))
		args->n--;
}

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	int r;

	if (args->next < args->n && is_cpu(args->words[args->next], &command->options.cpu)) {
		args->next++;
		return show_cpu(args, command);
	}
	drop_status(args);
	r = dpip_filter_parse(args, command, row->id, false);
	if (r < 0)
		return r;
	command->view = &view;
	if (command->options.stats && command->options.details)
		command->requests[0].body.filter.flags |= API_FILTER_XSTATS;
	return 0;
}

static const struct dpip_command commands[] = {
	{ "show", API_LINK_LIST, true, show_parse },
	{ "set", API_LINK_SET, false, set_parse },
	{ "list", API_LINK_LIST, true, show_parse },
	{ "add", API_LINK_ADD, false, add_parse },
	{ "del", API_LINK_DEL, false, del_parse },
	{ "delete", API_LINK_DEL, false, del_parse },
	{ "flush", API_LINK_FLUSH, false, flush_parse },
	{ "change", API_LINK_SET, false, set_parse },
	{ NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "show", .words = show_words },
	{ .commands = "show", .choice = cpu_words },
	{ .commands = "{ set | change }", .operands = "D", .words = set_words },
	{ .commands = "add", .operands = "D", .choice = add_kinds, .words = add_words },
	{ .commands = "del", .operands = "D" },
	{ .commands = "flush" },
	{ .commands = NULL },
};

static const char help[] =
	"  set: one or several of these\n"
	"  add: DEVICE as DPDK names it, such as net_tap2,iface=x; a queue for each worker\n"
	"  del: the port, and what is on it: addresses, routes, neighbours, local addresses of\n"
	"       services; one of the conf file too, until the next start\n"
	"  flush deletes all that were added, none of the conf file\n"
	"  -s counters, -v details, -s -v the driver's own counters, too\n"
	"       text        JSON (stats64)    frames that\n"
	"       ierrors     rx errors         came damaged (DPDK: ierrors)\n"
	"       overruns    rx over_errors    the NIC lost, its own memory full: the sum of its\n"
	"                                     driver's counters of overruns; 0 if it has none\n"
	"       imissed     rx missed_errors  found no free descriptor: workers are too slow\n"
	"       rx_nombuf   rx dropped        found no free packet buffer: pktpool_size is too "
	"small\n"
	"       oerrors     tx errors         the driver did not send (DPDK: oerrors)\n"
	"       odropped    tx dropped        the driver did not take: its queue was full\n"
	"  -s -i SEC [-c N]: rates from the second time on\n";

const struct dpip_object dpip_link = {
	.name = "link",
	.about = "ports",
	.grammar = grammar,
	.help = help,
	.words = "show, list, set, change, add, del, flush or help",
	.commands = commands,
};

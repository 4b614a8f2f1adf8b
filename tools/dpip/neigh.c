/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip neigh: neighbours. What is added here is static and never expires; what
 * is learnt comes and goes by itself, and may differ between workers for a
 * moment, so each row says whose table it is from.
 */
#include "dpip/dpip.h"

#include <inttypes.h>
#include <string.h>

#include "lib/client.h"
#include "lib/text.h"

static const char *const states[] = {
	[API_NEIGH_NONE] = "NONE",           [API_NEIGH_SEND] = "SEND",
	[API_NEIGH_REACHABLE] = "REACHABLE", [API_NEIGH_PROBE] = "PROBE",
	[API_NEIGH_DELAY] = "DELAY",         [API_NEIGH_FAILED] = "FAILED",
};

static const char *state_text(unsigned int state)
{
	return state < sizeof(states) / sizeof(states[0]) ? states[state] : "UNKNOWN";
}

/* What is added lives for ever, and that is what there is to be said. */
static int take_nud(struct args *args, const char *keyword)
{
	const char *word;
	int r = args_value(args, keyword, "\"permanent\"", &word);

	if (r == 0 && strcmp(word, "permanent") != 0)
		r = args_fail(args, "%s \"%s\": permanent is expected, others are learnt", keyword,
			      word);
	return r;
}

enum {
	WORD_LLADDR,
	WORD_DEV,
	WORD_NUD,
};

static const struct args_word words[] = {
	{ "lladdr", "MAC", "its MAC address", WORD_LLADDR },
	{ "dev", "D", "the device that it is on", WORD_DEV },
	{ "nud", "permanent", "it never expires, as all that are added", WORD_NUD },
	{ NULL, NULL, NULL, 0 },
};

static int take_keyword(struct args *args, struct api_neigh *neigh, bool *mac)
{
	const struct args_word *word;
	int r = args_word(args, words, &word);

	if (r < 0)
		return r;
	switch (word->id) {
	case WORD_DEV:
		return args_name(args, word->word, neigh->dev);
	case WORD_LLADDR:
		*mac = true;
		return args_mac(args, word->word, neigh->mac);
	default:
		return take_nud(args, word->word);
	}
}

static int change_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	union command_body *body;
	struct api_neigh neigh;
	const char *word = args_take(args);
	bool mac = false;
	int r = 0;

	memset(&neigh, 0, sizeof(neigh));
	if (!word)
		return args_fail(args, "an address is expected");
	if (text_ip(word, &neigh.family, &neigh.addr) < 0 ||
	    (command->options.family && command->options.family != neigh.family))
		return args_fail(args, "\"%s\": an address is expected", word);
	while (r == 0 && args->next < args->n)
		r = take_keyword(args, &neigh, &mac);
	if (r < 0)
		return r;
	if (!mac && row->id != API_NEIGH_DEL)
		return args_fail(args, "\"lladdr\" and a MAC address are expected");
	if (!neigh.dev[0])
		return args_fail(args, "\"dev\" and a device name are expected");
	neigh.is_static = row->id != API_NEIGH_DEL;

	body = command_request(command, row->id, sizeof(neigh));
	body->neigh = neigh;
	return 0;
}

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	char ip[TEXT_IP_LEN], mac[TEXT_MAC_LEN];
	struct api_neigh neigh;

	client_object(item, &neigh, sizeof(neigh));
	fprintf(out, "ip: %-48s mac: %s state: %-12sdev: %.*s  core: %" PRIu32 "%s",
		text_of_ip(neigh.family, &neigh.addr, ip), text_of_mac(neigh.mac, false, mac),
		state_text(neigh.state), API_NAME_LEN, neigh.dev, neigh.cpu,
		neigh.is_static ? "  static" : "");
	if (command->options.stats)
		fprintf(out, "  used: %" PRIu32 "  held: %u", neigh.uses, neigh.held);
	fputc('\n', out);
}

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	static const uint8_t unknown[6];
	char ip[TEXT_IP_LEN], mac[TEXT_MAC_LEN], name[API_NAME_LEN + 1];
	json_t *object = json_object(), *state = json_array();
	struct api_neigh neigh;

	client_object(item, &neigh, sizeof(neigh));
	snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, neigh.dev);
	dpip_json_text(object, "dst", text_of_ip(neigh.family, &neigh.addr, ip));
	dpip_json_text(object, "dev", name);
	if (memcmp(neigh.mac, unknown, sizeof(unknown)) != 0)
		dpip_json_text(object, "lladdr", text_of_mac(neigh.mac, false, mac));
	json_array_append_new(state,
			      json_string(neigh.is_static ? "PERMANENT" : state_text(neigh.state)));
	json_object_set_new(object, "state", state);
	dpip_json_number(object, "cpu", neigh.cpu);
	if (command->options.stats) {
		dpip_json_number(object, "used", neigh.uses);
		dpip_json_number(object, "held", neigh.held);
	}
	return object;
}

const struct view dpip_neigh_view = {
	.kind = API_KIND_NEIGH,
	.row = print_row,
	.json_row = json_row,
};

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	command->view = &dpip_neigh_view;
	return dpip_filter_parse(args, command, row->id, false);
}

static int flush_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	return dpip_filter_parse(args, command, row->id, true);
}

static const struct dpip_command commands[] = {
	{ "show", API_NEIGH_LIST, true, show_parse },
	{ "set", API_NEIGH_SET, false, change_parse },
	{ "add", API_NEIGH_ADD, false, change_parse },
	{ "delete", API_NEIGH_DEL, false, change_parse },
	{ "flush", API_NEIGH_FLUSH, false, flush_parse },
	{ "list", API_NEIGH_LIST, true, show_parse },
	{ "change", API_NEIGH_SET, false, change_parse },
	{ NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "show", .words = dpip_dev_words },
	{ .commands = "{ add | set | change }", .operands = "A", .words = words, .needed = 2 },
	{ .commands = "del", .operands = "A", .words = dpip_dev_words, .needed = 1 },
	{ .commands = "flush", .words = dpip_dev_words, .needed = 1 },
	{ .commands = NULL },
};

static const char help[] = "  -s shows packets sent to it, and packets that wait for its answer\n";

const struct dpip_object dpip_neigh = {
	.name = "neigh",
	.alias = "neighbour",
	.about = "neighbours: who has which MAC address",
	.grammar = grammar,
	.help = help,
	.words = "show, list, add, set, change, del, flush or help",
	.commands = commands,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip vlan: links that are one tag more than another link. What may be said
 * to filter a listing names a VLAN to be deleted, too.
 */
#include "dpip/dpip.h"

#include <inttypes.h>
#include <string.h>

#include "lib/client.h"
#include "lib/text.h"

static const struct args_choice protos[] = {
	{ "802.1q", API_VLAN_8021Q },
	{ "802.1Q", API_VLAN_8021Q },
	{ "vlan", API_VLAN_8021Q },
	{ "VLAN", API_VLAN_8021Q },
	{ "802.1ad", API_VLAN_8021AD },
	{ "802.1AD", API_VLAN_8021AD },
	{ "QinQ", API_VLAN_8021AD },
	{ "qinq", API_VLAN_8021AD },
	{ NULL, 0 },
};

const char *dpip_vlan_proto(uint16_t proto)
{
	return proto == API_VLAN_8021AD ? "802.1ad" : "802.1q";
}

enum vlan_word { WORD_LINK, WORD_PROTO, WORD_ID };

static const struct args_word words[] = {
	{ "link", "D", "the port that it is on, a VLAN for a second tag", WORD_LINK },
	{ "proto", "802.1q|802.1ad|vlan|QinQ", "of its tag, 802.1q unless given", WORD_PROTO },
	{ "id", "N", "of its tag, 1 to 4094", WORD_ID },
	{ NULL, NULL, NULL, 0 },
};

static int take_keyword(struct args *args, struct api_vlan *vlan)
{
	const struct args_word *word;
	uint32_t number = 0;
	int r = args_word(args, words, &word);

	if (r < 0)
		return r;
	switch (word->id) {
	case WORD_LINK:
		return args_name(args, word->word, vlan->link);
	case WORD_PROTO:
		r = args_choice(args, word->word, protos, "802.1q, 802.1ad, vlan or QinQ", &number);
		vlan->proto = (uint16_t)number;
		return r;
	default:
		r = args_number(args, word->word, 1, 4094, &number);
		vlan->id = (uint16_t)number;
		return r;
	}
}

static bool is_keyword(const char *text)
{
	for (const struct args_word *word = words; word->word; word++)
		if (strcmp(text, word->word) == 0)
			return true;
	return false;
}

/* [NAME] and keywords, in any order behind the name. */
static int take_vlan(struct args *args, const char *where, struct api_vlan *vlan)
{
	int r = 0;

	memset(vlan, 0, sizeof(*vlan));
	args_take_if(args, "dev");
	if (args->next < args->n && !is_keyword(args->words[args->next]))
		r = args_name(args, where, vlan->name);
	while (r == 0 && args->next < args->n)
		r = take_keyword(args, vlan);
	return r;
}

static int add_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct api_vlan vlan;
	int r = take_vlan(args, row->word, &vlan);

	if (r < 0)
		return r;
	if (!vlan.link[0])
		return args_fail(args, "\"link\" and a device name are expected");
	if (!vlan.id)
		return args_fail(args, "\"id\" and a number from 1 to 4094 are expected");
	command_request(command, row->id, sizeof(vlan))->vlan = vlan;
	return 0;
}

static int del_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct api_vlan vlan;
	int r = take_vlan(args, row->word, &vlan);

	if (r < 0)
		return r;
	if (!vlan.name[0] && (!vlan.link[0] || !vlan.id))
		return args_fail(args, "a name, or \"link\" with a device name and \"id\" with a "
				       "number, are expected");
	command_request(command, row->id, sizeof(vlan))->vlan = vlan;
	return 0;
}

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	struct api_vlan vlan;

	client_object(item, &vlan, sizeof(vlan));
	fprintf(out, "%.*s: link %.*s proto %s id %u\n", API_NAME_LEN, vlan.name, API_NAME_LEN,
		vlan.link, dpip_vlan_proto(vlan.proto), vlan.id);
}

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	json_t *object = json_object();
	char name[API_NAME_LEN + 1];
	struct api_vlan vlan;

	client_object(item, &vlan, sizeof(vlan));
	dpip_json_number(object, "ifindex", vlan.index);
	snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, vlan.name);
	dpip_json_text(object, "ifname", name);
	snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, vlan.link);
	dpip_json_text(object, "link", name);
	dpip_json_text(object, "protocol", dpip_vlan_proto(vlan.proto));
	dpip_json_number(object, "id", vlan.id);
	return object;
}

static const struct view view = { .kind = API_KIND_VLAN, .row = print_row, .json_row = json_row };

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct api_vlan vlan;
	int r = take_vlan(args, row->word, &vlan);

	if (r < 0)
		return r;
	command->view = &view;
	command_request(command, row->id, sizeof(vlan))->vlan = vlan;
	return 0;
}

static const struct dpip_command commands[] = {
	{ "show", API_VLAN_LIST, true, show_parse },  { "list", API_VLAN_LIST, true, show_parse },
	{ "add", API_VLAN_ADD, false, add_parse },    { "del", API_VLAN_DEL, false, del_parse },
	{ "delete", API_VLAN_DEL, false, del_parse }, { NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "show", .operands = "[NAME]", .words = words },
	{ .commands = "add", .operands = "[NAME]", .words = words },
	{ .commands = "del", .operands = "{ NAME | link D id N [proto P] }" },
	{ .commands = NULL },
};

static const char help[] =
	"  add: link and id must be there; NAME is LINK.ID unless it is given. A VLAN is a link:\n"
	"  addr, route, neigh and link set take its name; what is on it goes with it\n"
	"  its mtu shrinks with that of its link, which it is never above, and stays small when "
	"that\n"
	"  grows again, until link set NAME mtu N\n";

const struct dpip_object dpip_vlan = {
	.name = "vlan",
	.about = "VLANs: links that are a tag more than another link",
	.grammar = grammar,
	.help = help,
	.words = "show, list, add, del or help",
	.commands = commands,
};

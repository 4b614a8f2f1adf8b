/* SPDX-License-Identifier: BSD-3-Clause */
/* dpip maddr: the multicast groups that ports are in, and the MAC addresses that stand for them. */
#include "dpip/dpip.h"

#include <inttypes.h>
#include <sys/socket.h>

#include "lib/client.h"
#include "lib/text.h"

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	char ip[TEXT_IP_LEN], mac[TEXT_MAC_LEN];
	struct api_maddr maddr;

	client_object(item, &maddr, sizeof(maddr));
	fprintf(out, "%s %s link %s users %" PRIu32 " dev %.*s\n",
		maddr.family == AF_INET6 ? "inet6" : "inet",
		text_of_ip(maddr.family, &maddr.addr, ip), text_of_mac(maddr.mac, false, mac),
		maddr.users, API_NAME_LEN, maddr.dev);
}

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	char ip[TEXT_IP_LEN], mac[TEXT_MAC_LEN], name[API_NAME_LEN + 1];
	json_t *object = json_object();
	struct api_maddr maddr;

	client_object(item, &maddr, sizeof(maddr));
	snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, maddr.dev);
	dpip_json_text(object, "ifname", name);
	dpip_json_text(object, "family", maddr.family == AF_INET6 ? "inet6" : "inet");
	dpip_json_text(object, "address", text_of_ip(maddr.family, &maddr.addr, ip));
	dpip_json_text(object, "link", text_of_mac(maddr.mac, false, mac));
	dpip_json_number(object, "users", maddr.users);
	dpip_json_number(object, "cpu", maddr.cpu);
	return object;
}

static const struct view view = { .kind = API_KIND_MADDR, .row = print_row, .json_row = json_row };

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	command->view = &view;
	return dpip_filter_parse(args, command, row->id, false);
}

static const struct dpip_command commands[] = {
	{ "show", API_MADDR_LIST, true, show_parse },
	{ "list", API_MADDR_LIST, true, show_parse },
	{ NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "show", .words = dpip_dev_words },
	{ .commands = NULL },
};

const struct dpip_object dpip_maddr = {
	.name = "maddr",
	.alias = "maddress",
	.about = "the multicast groups that ports are in",
	.grammar = grammar,
	.help = "",
	.words = "show, list or help",
	.commands = commands,
};

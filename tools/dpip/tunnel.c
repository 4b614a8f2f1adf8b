/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip tunnel: links whose packets travel inside others, in the words of
 * `ip tunnel`. Of GRE, key, csum and seq are said of both directions, or with i
 * or o in front of one.
 */
#include "dpip/dpip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/client.h"
#include "lib/text.h"

enum { WORD_MODE, WORD_REMOTE, WORD_LOCAL, WORD_TTL, WORD_TOS, WORD_DEV, WORD_FLAG };

#define IN                    1
#define OUT                   2
#define FLAG_WORD(flag, ways) (WORD_FLAG + 4 * (flag) + (ways))

#define WORDS_OF_ENDS                                                                            \
	{ "mode", "ipip|gre|sit|ipip6|ip6ip6|ip6gre", "what is inside and outside", WORD_MODE }, \
		{ "remote", "A", "the other end", WORD_REMOTE },                                 \
		{ "local", "A", "our end, an address of ours", WORD_LOCAL },                     \
	{                                                                                        \
		"dev", "D", "the port that it leaves by, or it is dropped", WORD_DEV             \
	}

/* What tells tunnels apart. */
static const struct args_word which_words[] = {
	WORDS_OF_ENDS,
	{ NULL, NULL, NULL, 0 },
};

static const struct args_word words[] = {
	WORDS_OF_ENDS,
	{ "ttl", "N|inherit", "of the outer packet; unless given, the inner one's", WORD_TTL },
	{ "hoplimit", "N|inherit", NULL, WORD_TTL },
	{ "tos", "N|inherit", "of the outer packet, a multiple of 4; unless given 0", WORD_TOS },
	{ "tclass", "N|inherit", NULL, WORD_TOS },
	{ "key", "K", "GRE: with this key, a number or four, A.B.C.D",
	  FLAG_WORD(API_TUNNEL_GRE_KEY, IN | OUT) },
	{ "ikey", "K", "of what arrives", FLAG_WORD(API_TUNNEL_GRE_KEY, IN) },
	{ "okey", "K", "of what leaves", FLAG_WORD(API_TUNNEL_GRE_KEY, OUT) },
	{ "csum", NULL, "GRE: with checksums", FLAG_WORD(API_TUNNEL_GRE_CSUM, IN | OUT) },
	{ "icsum", NULL, "of what arrives", FLAG_WORD(API_TUNNEL_GRE_CSUM, IN) },
	{ "ocsum", NULL, "of what leaves", FLAG_WORD(API_TUNNEL_GRE_CSUM, OUT) },
	{ "seq", NULL,
	  "GRE: with numbers, what was overtaken is dropped; all workers share a count",
	  FLAG_WORD(API_TUNNEL_GRE_SEQ, IN | OUT) },
	{ "iseq", NULL, "of what arrives", FLAG_WORD(API_TUNNEL_GRE_SEQ, IN) },
	{ "oseq", NULL, "of what leaves", FLAG_WORD(API_TUNNEL_GRE_SEQ, OUT) },
	{ NULL, NULL, NULL, 0 },
};

static const struct args_choice modes[] = {
	{ "ipip", API_TUNNEL_MODE_IPIP },
	{ "gre", API_TUNNEL_MODE_GRE },
	{ "sit", API_TUNNEL_MODE_SIT },
	{ "ipip6", API_TUNNEL_MODE_IPIP6 },
	{ "ip6ip6", API_TUNNEL_MODE_IP6IP6 },
	{ "ip6gre", API_TUNNEL_MODE_IP6GRE },
	{ NULL, 0 },
};

static const char *mode_text(uint8_t mode)
{
	for (const struct args_choice *choice = modes; choice->word; choice++)
		if (choice->value == mode)
			return choice->word;
	return "?";
}

static uint16_t mode_family(uint8_t mode)
{
	return mode >= API_TUNNEL_MODE_IPIP6 ? AF_INET6 : AF_INET;
}

static int take_key(struct args *args, const char *keyword, uint32_t *key)
{
	uint16_t family;
	const char *word;
	union api_ip ip;
	uint64_t number;
	int r = args_value(args, keyword, "a key", &word);

	if (r < 0)
		return r;
	if (text_number(word, 0, UINT32_MAX, &number) == 0) {
		*key = (uint32_t)number;
		return 0;
	}
	if (text_ip(word, &family, &ip) < 0 || family != AF_INET)
		return args_fail(args, "%s \"%s\": a number, or four as in 1.2.3.4, is expected",
				 keyword, word);
	*key = (uint32_t)ip.v6[0] << 24 | (uint32_t)ip.v6[1] << 16 | (uint32_t)ip.v6[2] << 8 |
	       ip.v6[3];
	return 0;
}

static int take_inherited(struct args *args, const char *keyword, uint64_t min, uint8_t inherit,
			  uint8_t *value)
{
	const char *word;
	uint64_t number;
	char *end;
	int r = args_value(args, keyword, "a number or inherit", &word);

	if (r < 0)
		return r;
	*value = inherit;
	if (strcmp(word, "inherit") == 0)
		return 0;
	number = strtoul(word, &end, 0);
	if (*end || end == word || word[0] == '-' || number < min || number > UINT8_MAX)
		return args_fail(args,
				 "%s \"%s\": a number from %u to 255, or inherit, is expected",
				 keyword, word, (unsigned int)min);
	*value = (uint8_t)number;
	return 0;
}

/* What is given with a flag, in and out. */
static uint32_t given_of(uint8_t flag, uint8_t ways)
{
	switch (flag) {
	case API_TUNNEL_GRE_KEY:
		return (ways & IN ? API_TUNNEL_IKEY : 0) | (ways & OUT ? API_TUNNEL_OKEY : 0);
	case API_TUNNEL_GRE_SEQ:
		return (ways & IN ? API_TUNNEL_ISEQ : 0) | (ways & OUT ? API_TUNNEL_OSEQ : 0);
	default:
		return (ways & IN ? API_TUNNEL_IFLAGS : 0) | (ways & OUT ? API_TUNNEL_OFLAGS : 0);
	}
}

static int take_flag(struct args *args, const struct args_word *word,
		     struct api_tunnel_device *tunnel)
{
	uint8_t flag = (uint8_t)((word->id - WORD_FLAG) / 4), ways = (word->id - WORD_FLAG) % 4;
	bool is_key = flag == API_TUNNEL_GRE_KEY;
	uint32_t key = 0;
	int r = is_key ? take_key(args, word->word, &key) : 0;

	if (r < 0)
		return r;
	tunnel->given |= given_of(flag, ways);
	if (ways & IN) {
		tunnel->iflags |= flag;
		tunnel->ikey = is_key ? key : tunnel->ikey;
	}
	if (ways & OUT) {
		tunnel->oflags |= flag;
		tunnel->okey = is_key ? key : tunnel->okey;
	}
	return 0;
}

static int take_word(struct args *args, const struct args_word *known, uint16_t *family,
		     struct api_tunnel_device *tunnel)
{
	const struct args_word *word;
	uint32_t number = 0;
	int r;

	r = args_word(args, known, &word);
	if (r < 0)
		return r;
	switch (word->id) {
	case WORD_MODE:
		r = args_choice(args, word->word, modes, "ipip, gre, sit, ipip6, ip6ip6 or ip6gre",
				&number);
		tunnel->mode = (uint8_t)number;
		tunnel->given |= API_TUNNEL_MODE;
		return r;
	case WORD_REMOTE:
		tunnel->given |= API_TUNNEL_REMOTE;
		return args_ip(args, word->word, family, &tunnel->remote);
	case WORD_LOCAL:
		tunnel->given |= API_TUNNEL_LOCAL;
		return args_ip(args, word->word, family, &tunnel->local);
	case WORD_TTL:
		tunnel->given |= API_TUNNEL_TTL;
		return take_inherited(args, word->word, 1, 0, &tunnel->ttl);
	case WORD_TOS:
		tunnel->given |= API_TUNNEL_TOS;
		return take_inherited(args, word->word, 0, API_TUNNEL_TOS_INHERIT, &tunnel->tos);
	case WORD_DEV:
		tunnel->given |= API_TUNNEL_LINK;
		return args_name(args, word->word, tunnel->link);
	default:
		return take_flag(args, word, tunnel);
	}
}

static bool is_keyword(const struct args_word *known, const char *text)
{
	for (const struct args_word *word = known; word->word; word++)
		if (strcmp(text, word->word) == 0)
			return true;
	return false;
}

/* [NAME] and keywords, the name before or, as older scripts have it, among them. */
static int take_tunnel(struct args *args, const char *where, const struct args_word *known,
		       struct api_tunnel_device *tunnel)
{
	uint16_t family = 0;
	int r = 0;

	memset(tunnel, 0, sizeof(*tunnel));
	while (r == 0 && args->next < args->n) {
		if (!tunnel->name[0] && !is_keyword(known, args->words[args->next]))
			r = args_name(args, where, tunnel->name);
		else
			r = take_word(args, known, &family, tunnel);
	}
	if (r == 0 && family && tunnel->mode && family != mode_family(tunnel->mode))
		return args_fail(args, "mode %s is between %s addresses", mode_text(tunnel->mode),
				 mode_family(tunnel->mode) == AF_INET ? "IPv4" : "IPv6");
	return r;
}

static int change_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	bool makes = row->id == API_TUNNEL_ADD || row->id == API_TUNNEL_REPLACE;
	struct api_tunnel_device tunnel;
	int r = take_tunnel(args, row->word, row->id == API_TUNNEL_DEL ? which_words : words,
			    &tunnel);

	if (r < 0)
		return r;
	if (!tunnel.name[0])
		return args_fail(args, "the name of a tunnel is expected");
	if (makes && !tunnel.mode)
		return args_fail(args, "\"mode\" and ipip, gre, sit, ipip6, ip6ip6 or ip6gre are "
				       "expected");
	if (makes && (~tunnel.given & (API_TUNNEL_REMOTE | API_TUNNEL_LOCAL)) != 0)
		return args_fail(args,
				 "\"remote\" and \"local\", each with an address, are expected");
	command_request(command, row->id, sizeof(tunnel))->tunnel = tunnel;
	return 0;
}

static void print_flags(FILE *out, const struct api_tunnel_device *tunnel, uint8_t flag,
			const char *word)
{
	uint8_t in = tunnel->iflags & flag, both = in & tunnel->oflags;

	if (both)
		fprintf(out, " %s", word);
	else if (in)
		fprintf(out, " i%s", word);
	else if (tunnel->oflags & flag)
		fprintf(out, " o%s", word);
}

static void print_keys(FILE *out, const struct api_tunnel_device *tunnel)
{
	bool in = tunnel->iflags & API_TUNNEL_GRE_KEY, to = tunnel->oflags & API_TUNNEL_GRE_KEY;

	if (in && to && tunnel->ikey == tunnel->okey) {
		fprintf(out, " key %" PRIu32, tunnel->ikey);
		return;
	}
	if (in)
		fprintf(out, " ikey %" PRIu32, tunnel->ikey);
	if (to)
		fprintf(out, " okey %" PRIu32, tunnel->okey);
}

/* Behind the mode. */
static void print_rest(FILE *out, const struct api_tunnel_device *tunnel)
{
	uint16_t family = mode_family(tunnel->mode);
	char ip[TEXT_IP_LEN];

	fprintf(out, " remote %s", text_of_ip(family, &tunnel->remote, ip));
	fprintf(out, " local %s", text_of_ip(family, &tunnel->local, ip));
	if (tunnel->link[0])
		fprintf(out, " dev %.*s", API_NAME_LEN, tunnel->link);
	if (tunnel->ttl)
		fprintf(out, " ttl %u", tunnel->ttl);
	else
		fputs(" ttl inherit", out);
	if (tunnel->tos == API_TUNNEL_TOS_INHERIT)
		fputs(" tos inherit", out);
	else if (tunnel->tos)
		fprintf(out, " tos %#x", tunnel->tos);
	print_keys(out, tunnel);
	print_flags(out, tunnel, API_TUNNEL_GRE_CSUM, "csum");
	print_flags(out, tunnel, API_TUNNEL_GRE_SEQ, "seq");
}

void dpip_tunnel_print(FILE *out, const struct api_tunnel_device *tunnel)
{
	fprintf(out, "mode %s", mode_text(tunnel->mode));
	print_rest(out, tunnel);
}

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	struct api_tunnel_device tunnel;

	client_object(item, &tunnel, sizeof(tunnel));
	fprintf(out, "%.*s:  %s", API_NAME_LEN, tunnel.name, mode_text(tunnel.mode));
	print_rest(out, &tunnel);
	fputc('\n', out);
}

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	json_t *object = json_object();
	struct api_tunnel_device tunnel;
	char text[TEXT_IP_LEN];

	client_object(item, &tunnel, sizeof(tunnel));
	dpip_json_number(object, "ifindex", tunnel.index);
	snprintf(text, sizeof(text), "%.*s", API_NAME_LEN, tunnel.name);
	dpip_json_text(object, "ifname", text);
	dpip_json_text(object, "mode", mode_text(tunnel.mode));
	dpip_json_text(object, "remote",
		       text_of_ip(mode_family(tunnel.mode), &tunnel.remote, text));
	dpip_json_text(object, "local", text_of_ip(mode_family(tunnel.mode), &tunnel.local, text));
	snprintf(text, sizeof(text), "%.*s", API_NAME_LEN, tunnel.link);
	dpip_json_text(object, "link", text);
	dpip_json_number(object, "ttl", tunnel.ttl);
	if (tunnel.tos == API_TUNNEL_TOS_INHERIT)
		dpip_json_text(object, "tos", "inherit");
	else
		dpip_json_number(object, "tos", tunnel.tos);
	if (tunnel.iflags & API_TUNNEL_GRE_KEY)
		dpip_json_number(object, "ikey", tunnel.ikey);
	if (tunnel.oflags & API_TUNNEL_GRE_KEY)
		dpip_json_number(object, "okey", tunnel.okey);
	json_object_set_new(object, "icsum", json_boolean(tunnel.iflags & API_TUNNEL_GRE_CSUM));
	json_object_set_new(object, "ocsum", json_boolean(tunnel.oflags & API_TUNNEL_GRE_CSUM));
	json_object_set_new(object, "iseq", json_boolean(tunnel.iflags & API_TUNNEL_GRE_SEQ));
	json_object_set_new(object, "oseq", json_boolean(tunnel.oflags & API_TUNNEL_GRE_SEQ));
	return object;
}

const struct view dpip_tunnel_view = { .kind = API_KIND_TUNNEL,
				       .row = print_row,
				       .json_row = json_row };

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct api_tunnel_device tunnel;
	int r = take_tunnel(args, row->word, which_words, &tunnel);

	if (r < 0)
		return r;
	command->view = &dpip_tunnel_view;
	command_request(command, row->id, sizeof(tunnel))->tunnel = tunnel;
	return 0;
}

static const struct dpip_command commands[] = {
	{ "show", API_TUNNEL_LIST, true, show_parse },
	{ "list", API_TUNNEL_LIST, true, show_parse },
	{ "add", API_TUNNEL_ADD, false, change_parse },
	{ "change", API_TUNNEL_SET, false, change_parse },
	{ "set", API_TUNNEL_SET, false, change_parse },
	{ "replace", API_TUNNEL_REPLACE, false, change_parse },
	{ "del", API_TUNNEL_DEL, false, change_parse },
	{ "delete", API_TUNNEL_DEL, false, change_parse },
	{ NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "show", .operands = "[NAME]", .words = which_words },
	{ .commands = "{ add | change | replace }", .operands = "NAME", .words = words },
	{ .commands = "del", .operands = "NAME", .words = which_words },
	{ .commands = NULL },
};

static const char help[] =
	"  add, replace: mode, remote and local must be there. A tunnel is a link: addr, route and "
	"link\n"
	"  set take its name; what is on it goes with it. change: what is not said stays;\n"
	"  replace: it is as with add, new or not\n";

const struct dpip_object dpip_tunnel = {
	.name = "tunnel",
	.about = "tunnels: links whose packets travel inside others",
	.grammar = grammar,
	.help = help,
	.words = "show, list, add, change, set, replace, del or help",
	.commands = commands,
};

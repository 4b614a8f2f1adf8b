/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip mark: rules that give packets a firewall mark, for services of marks
 * (`ipvsadm -f`). The same words tell what a new rule is, and which rules are
 * shown, deleted or flushed.
 */
#include "dpip/dpip.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/client.h"
#include "lib/text.h"

enum mark_word {
	WORD_PREF,
	WORD_FROM,
	WORD_TO,
	WORD_PROTO,
	WORD_SPORT,
	WORD_DPORT,
	WORD_IIF,
	WORD_MARK,
};

static const struct args_word words[] = {
	{ "pref", "N", "the lowest is asked first; add: unless given, behind all others",
	  WORD_PREF },
	{ "from", "P", "the source is in this prefix", WORD_FROM },
	{ "to", "P", "the destination is in this prefix", WORD_TO },
	{ "proto", "tcp|udp|sctp|icmp", "of this protocol; icmp is ICMPv6, too", WORD_PROTO },
	{ "sport", "A[-B]", "a source port, or a range; of TCP, UDP or SCTP", WORD_SPORT },
	{ "dport", "A[-B]", "a destination port, or a range", WORD_DPORT },
	{ "iif", "D", "received from this device", WORD_IIF },
	{ "mark", "N", "what such packets get; 0: none, whatever rules behind say", WORD_MARK },
	{ NULL, NULL, NULL, 0 },
};

static const struct args_choice protos[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP },
	{ "icmp", IPPROTO_ICMP },
	{ NULL, 0 },
};

static const char *proto_text(uint16_t proto)
{
	for (const struct args_choice *choice = protos; choice->word; choice++)
		if (choice->value == proto)
			return choice->word;
	return "?";
}

static int take_prefix(struct args *args, const char *keyword, uint16_t *family, union api_ip *ip,
		       uint8_t *plen)
{
	const char *what = *family == AF_INET    ? "an IPv4 prefix"
			   : *family == AF_INET6 ? "an IPv6 prefix"
						 : "an IPv4 or IPv6 prefix";
	uint16_t found;
	const char *word;
	int r = args_value(args, keyword, what, &word);

	if (r < 0)
		return r;
	if (text_prefix(word, &found, ip, plen) < 0 || (*family && *family != found))
		return args_fail(args, "%s \"%s\": %s is expected", keyword, word, what);
	if (text_ip_has_host_bits(ip, found, *plen))
		return args_fail(args, "%s \"%s\": bits behind the prefix are set", keyword, word);
	*family = found;
	return 0;
}

/* A or A-B */
static int take_ports(struct args *args, const char *keyword, uint16_t *first, uint16_t *last)
{
	const char *what = "a port from 0 to 65535, or a range like 8000-8099,";
	char text[16];
	const char *word;
	uint64_t a, b;
	char *dash;
	int r = args_value(args, keyword, what, &word);

	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%s", word);
	dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	if (strlen(word) >= sizeof(text) || text_number(text, 0, UINT16_MAX, &a) < 0 ||
	    text_number(dash ? dash + 1 : text, a, UINT16_MAX, &b) < 0)
		return args_fail(args, "%s \"%s\": %s is expected", keyword, word, what);
	*first = (uint16_t)a;
	*last = (uint16_t)b;
	return 0;
}

static int take_word(struct args *args, struct api_mark *mark)
{
	static const uint16_t given[] = {
		[WORD_PREF] = API_MARK_PREF,   [WORD_FROM] = API_MARK_FROM,
		[WORD_TO] = API_MARK_TO,       [WORD_PROTO] = API_MARK_PROTO,
		[WORD_SPORT] = API_MARK_SPORT, [WORD_DPORT] = API_MARK_DPORT,
		[WORD_IIF] = API_MARK_IIF,     [WORD_MARK] = API_MARK_MARK,
	};
	const struct args_word *word;
	uint32_t number = 0;
	int r = args_word(args, words, &word);

	if (r < 0)
		return r;
	mark->given |= given[word->id];
	switch ((enum mark_word)word->id) {
	case WORD_PREF:
		return args_number(args, word->word, 1, UINT32_MAX, &mark->pref);
	case WORD_FROM:
		return take_prefix(args, word->word, &mark->family, &mark->from, &mark->from_plen);
	case WORD_TO:
		return take_prefix(args, word->word, &mark->family, &mark->to, &mark->to_plen);
	case WORD_PROTO:
		r = args_choice(args, word->word, protos, "tcp, udp, sctp or icmp", &number);
		mark->proto = (uint16_t)number;
		return r;
	case WORD_SPORT:
		return take_ports(args, word->word, &mark->sport, &mark->sport_last);
	case WORD_DPORT:
		return take_ports(args, word->word, &mark->dport, &mark->dport_last);
	case WORD_IIF:
		return args_name(args, word->word, mark->iif);
	default:
		return args_number(args, word->word, 0, UINT32_MAX, &mark->mark);
	}
}

static int take_rule(struct args *args, struct command *command, struct api_mark *mark)
{
	int r = 0;

	memset(mark, 0, sizeof(*mark));
	mark->family = command->options.family;
	while (r == 0 && args->next < args->n)
		r = take_word(args, mark);
	if (r == 0 && mark->proto == IPPROTO_ICMP &&
	    (mark->given & (API_MARK_SPORT | API_MARK_DPORT)))
		r = args_fail(args, "sport and dport go with proto tcp, udp or sctp: ICMP has no "
				    "ports");
	return r;
}

static int add_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct api_mark mark;
	int r = take_rule(args, command, &mark);

	if (r < 0)
		return r;
	if (!(mark.given & API_MARK_MARK))
		return args_fail(args, "\"mark\" and a number are expected");
	command_request(command, row->id, sizeof(mark))->mark = mark;
	return 0;
}

static int del_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct api_mark mark;
	int r = take_rule(args, command, &mark);

	if (r < 0)
		return r;
	if (!mark.given)
		return args_fail(args, "\"pref\" and a number, or other words of the rule, are "
				       "expected");
	command_request(command, row->id, sizeof(mark))->mark = mark;
	return 0;
}

static int flush_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	struct api_mark mark;
	int r = take_rule(args, command, &mark);

	if (r == 0)
		command_request(command, row->id, sizeof(mark))->mark = mark;
	return r;
}

static const char *ports_text(uint16_t first, uint16_t last, char buf[16])
{
	snprintf(buf, 16, first == last ? "%u" : "%u-%u", first, last);
	return buf;
}

static const char *prefix_text(uint16_t family, const union api_ip *ip, uint8_t plen,
			       char buf[TEXT_PREFIX_LEN])
{
	char text[TEXT_IP_LEN];

	snprintf(buf, TEXT_PREFIX_LEN, "%s/%u", text_of_ip(family, ip, text), plen);
	return buf;
}

/* All behind pref. */
static void print_rule(FILE *out, const struct api_mark *mark)
{
	char prefix[TEXT_PREFIX_LEN], ports[16];

	if (mark->given & API_MARK_FROM)
		fprintf(out, "from %s ",
			prefix_text(mark->family, &mark->from, mark->from_plen, prefix));
	if (mark->given & API_MARK_TO)
		fprintf(out, "to %s ", prefix_text(mark->family, &mark->to, mark->to_plen, prefix));
	if (mark->given & API_MARK_PROTO)
		fprintf(out, "proto %s ", proto_text(mark->proto));
	if (mark->given & API_MARK_SPORT)
		fprintf(out, "sport %s ", ports_text(mark->sport, mark->sport_last, ports));
	if (mark->given & API_MARK_DPORT)
		fprintf(out, "dport %s ", ports_text(mark->dport, mark->dport_last, ports));
	if (mark->given & API_MARK_IIF)
		fprintf(out, "iif %.*s ", API_NAME_LEN, mark->iif);
	fprintf(out, "mark %" PRIu32, mark->mark);
}

void dpip_mark_print(FILE *out, const struct api_mark *mark)
{
	if (mark->given & API_MARK_PREF)
		fprintf(out, "pref %" PRIu32 " ", mark->pref);
	print_rule(out, mark);
}

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	struct api_mark mark;

	client_object(item, &mark, sizeof(mark));
	fprintf(out, "%" PRIu32 ": ", mark.pref);
	print_rule(out, &mark);
	fputc('\n', out);
}

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	char text[TEXT_PREFIX_LEN], name[API_NAME_LEN + 1], ports[16];
	json_t *object = json_object();
	struct api_mark mark;

	client_object(item, &mark, sizeof(mark));
	dpip_json_number(object, "pref", mark.pref);
	if (mark.given & API_MARK_FROM)
		dpip_json_text(object, "from",
			       prefix_text(mark.family, &mark.from, mark.from_plen, text));
	if (mark.given & API_MARK_TO)
		dpip_json_text(object, "to",
			       prefix_text(mark.family, &mark.to, mark.to_plen, text));
	if (mark.given & API_MARK_PROTO)
		dpip_json_text(object, "proto", proto_text(mark.proto));
	if (mark.given & API_MARK_SPORT)
		dpip_json_text(object, "sport", ports_text(mark.sport, mark.sport_last, ports));
	if (mark.given & API_MARK_DPORT)
		dpip_json_text(object, "dport", ports_text(mark.dport, mark.dport_last, ports));
	snprintf(name, sizeof(name), "%.*s", API_NAME_LEN, mark.iif);
	dpip_json_text(object, "iif", name);
	dpip_json_number(object, "mark", mark.mark);
	return object;
}

const struct view dpip_mark_view = { .kind = API_KIND_MARK,
				     .row = print_row,
				     .json_row = json_row };

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	command->view = &dpip_mark_view;
	return flush_parse(args, row, command);
}

static const struct dpip_command commands[] = {
	{ "show", API_MARK_LIST, true, show_parse },
	{ "list", API_MARK_LIST, true, show_parse },
	{ "add", API_MARK_ADD, false, add_parse },
	{ "del", API_MARK_DEL, false, del_parse },
	{ "delete", API_MARK_DEL, false, del_parse },
	{ "flush", API_MARK_FLUSH, false, flush_parse },
	{ NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "{ show | add | del | flush }", .words = words },
	{ .commands = NULL },
};

static const char help[] =
	"  the first rule that a packet fits says its mark: the service of that mark takes it\n"
	"  (ipvsadm -A -f N), before any of its address and port\n"
	"  add: mark must be there; del: the one rule with all that is said; show, flush: all "
	"such\n"
	"  without from and to: of both families, or with -4 or -6 of one\n";

const struct dpip_object dpip_mark = {
	.name = "mark",
	.about = "rules that give packets the mark of a service (ipvsadm -f)",
	.grammar = grammar,
	.help = help,
	.words = "show, list, add, del, flush or help",
	.commands = commands,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip: options first, wherever they stand, then OBJECT COMMAND and the
 * object's own grammar. Words may be abbreviated as with ip(8): the first in
 * the object's table that fits is meant. Nothing is static but const tables,
 * since the daemon parses its startup block with this too.
 */
#include "dpip/dpip.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <popt.h>

#include "lib/text.h"

enum option {
	OPTION_CPU = 256,
};

static const struct poptOption options[] = {
	{ NULL, '4', POPT_ARG_NONE, NULL, '4', NULL, NULL },
	{ NULL, '6', POPT_ARG_NONE, NULL, '6', NULL, NULL },
	{ "family", 'f', POPT_ARG_STRING, NULL, 'f', NULL, NULL },
	{ "stats", 's', POPT_ARG_NONE, NULL, 's', NULL, NULL },
	{ "statistics", '\0', POPT_ARG_NONE, NULL, 's', NULL, NULL },
	{ "verbose", 'v', POPT_ARG_NONE, NULL, 'v', NULL, NULL },
	{ "version", 'V', POPT_ARG_NONE, NULL, 'V', NULL, NULL },
	{ "help", 'h', POPT_ARG_NONE, NULL, 'h', NULL, NULL },
	{ "json", 'j', POPT_ARG_NONE, NULL, 'j', NULL, NULL },
	{ "batch", 'b', POPT_ARG_STRING, NULL, 'b', NULL, NULL },
	{ "force", 'F', POPT_ARG_NONE, NULL, 'F', NULL, NULL },
	{ "oneline", 'o', POPT_ARG_NONE, NULL, 'o', NULL, NULL },
	{ "interval", 'i', POPT_ARG_STRING, NULL, 'i', NULL, NULL },
	{ "count", 'c', POPT_ARG_STRING, NULL, 'c', NULL, NULL },
	{ "color", 'C', POPT_ARG_NONE, NULL, 'C', NULL, NULL },
	{ "cpu", '\0', POPT_ARG_STRING, NULL, OPTION_CPU, NULL, NULL },
	POPT_TABLEEND,
};

static const struct dpip_object *const objects[] = {
	&dpip_addr, &dpip_route, &dpip_neigh, &dpip_link, &dpip_stats,
};

static const char help[] =
	"dpip [OPTIONS] OBJECT COMMAND ...\n"
	"dpip [OPTIONS] -b FILE\n"
	"  OBJECT := addr | route | neigh | link | stats; all may be abbreviated\n"
	"  COMMAND := show | list | add | del | set | flush | help, as the object has them\n"
	"  dpip OBJECT help    the object's commands\n"
	"Options, before or behind the words:\n"
	"  -4, -6, -f inet|inet6   only this family\n"
	"  -s, --stats         counters too\n"
	"  -v, --verbose       details too (link)\n"
	"  -j, --json          one JSON array\n"
	"  -o, --oneline       each entry on one line (addr, link)\n"
	"  --cpu N             worker N's own tables or counters\n"
	"  -i, --interval SEC  show again every SEC seconds; link -s shows rates then\n"
	"  -c, --count N       N times, with -i\n"
	"  -b, --batch FILE    the lines of FILE, - standard input; stops at the first error\n"
	"  -F, --force         with -b: goes on behind an error\n"
	"  -V, --version  -h, --help\n"
	"The daemon's socket: $DPVS_IPC_FILE, or " API_SOCKET_PATH "\n"
	"Exit: 0 done, 1 refused or no daemon, 2 wrong command line\n";

static int option_number(const char *name, const char *text, uint32_t min, uint32_t *value,
			 char *error, size_t size)
{
	uint64_t number;

	if (text_number(text, min, UINT32_MAX, &number) < 0)
		return command_fail(error, size, -EINVAL, "%s \"%s\": a number from %u is expected",
				    name, text, min);
	*value = number;
	return 0;
}

static int option_family(const char *text, struct command *command, char *error, size_t size)
{
	if (strcmp(text, "inet") == 0)
		command->options.family = AF_INET;
	else if (strcmp(text, "inet6") == 0)
		command->options.family = AF_INET6;
	else
		return command_fail(error, size, -EINVAL, "-f \"%s\": inet or inet6 is expected",
				    text);
	return 0;
}

static int option_script(const char *text, struct command *command, char *error, size_t size)
{
	command->kind = COMMAND_SCRIPT;
	if (text_copy(command->file, sizeof(command->file), text) < 0)
		return command_fail(error, size, -EINVAL, "-b: the name of a file is expected");
	return 0;
}

/* value: the option's, or "". */
static int take_option(int option, const char *value, struct command *command, char *error,
		       size_t size)
{
	struct command_options *to = &command->options;

	switch (option) {
	case '4':
		to->family = AF_INET;
		return 0;
	case '6':
		to->family = AF_INET6;
		return 0;
	case 'f':
		return option_family(value, command, error, size);
	case 's':
		to->stats = true;
		return 0;
	case 'v':
		to->details = true;
		return 0;
	case 'V':
		command->kind = COMMAND_HELP;
		command->help = "dpip " DPVS_VERSION "\n";
		return 0;
	case 'h':
		command->kind = COMMAND_HELP;
		command->help = help;
		return 0;
	case 'j':
		to->json = true;
		return 0;
	case 'b':
		return option_script(value, command, error, size);
	case 'F':
		to->keep_going = true;
		return 0;
	case 'o':
		to->oneline = true;
		return 0;
	case 'i':
		return option_number("-i", value, 1, &to->interval_s, error, size);
	case 'c':
		return option_number("-c", value, 1, &to->count, error, size);
	case OPTION_CPU:
		return option_number("--cpu", value, 0, &to->cpu, error, size);
	}
	return 0; /* -C: there are no colours to switch */
}

static int take_options(poptContext context, struct command *command, char *error, size_t size)
{
	int option, r;

	while ((option = poptGetNextOpt(context)) >= 0) {
		char *value = poptGetOptArg(context);

		r = take_option(option, value ? value : "", command, error, size);
		free(value);
		if (r < 0)
			return r;
	}
	if (option < -1)
		return command_fail(error, size, -EINVAL, "%s: %s",
				    poptBadOption(context, POPT_BADOPTION_NOALIAS),
				    poptStrerror(option));
	return 0;
}

static const struct dpip_object *object_find(const char *word)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (args_abbreviates(word, objects[i]->name) ||
		    (objects[i]->alias && args_abbreviates(word, objects[i]->alias)))
			return objects[i];
	}
	return NULL;
}

static const struct dpip_command *command_find(const struct dpip_object *object, const char *word)
{
	for (const struct dpip_command *row = object->commands; row->word; row++) {
		if (args_abbreviates(word, row->word))
			return row;
	}
	return NULL;
}

/* The row for the words behind the object; NULL with the sentence said, or for help. */
static const struct dpip_command *choose(const struct dpip_object *object, struct args *args,
					 struct command *command)
{
	const char *word = args->next < args->n ? args->words[args->next] : NULL;
	const struct dpip_command *row = word ? command_find(object, word) : object->commands;

	if (row) {
		args->next += word != NULL;
		return row;
	}
	if (args_abbreviates(word, "help")) {
		command->kind = COMMAND_HELP;
		command->help = object->help;
		return NULL;
	}
	if (object->show_implied)
		return object->commands;
	args_fail(args, "\"%s\": %s is expected", word, object->words);
	return NULL;
}

/* Options that say how to list make no sense elsewhere. */
static int check_options(const struct command *command, const struct command_options *defaults,
			 char *error, size_t size)
{
	const struct command_options *given = &command->options;
	const char *wrong = NULL;

	if (command->kind == COMMAND_CHANGES && !defaults) {
		wrong = given->cpu          ? "--cpu"
			: given->interval_s ? "-i"
			: given->count      ? "-c"
					    : NULL;
		if (wrong)
			return command_fail(error, size, -EINVAL, "%s goes with show only", wrong);
	}
	if (given->count && !given->interval_s)
		return command_fail(error, size, -EINVAL, "-c goes with -i only");
	return 0;
}

static int parse_object(struct args *args, struct command *command)
{
	const char *word = args_take(args);
	const struct dpip_object *object;
	const struct dpip_command *row;
	char where[64];

	if (!word)
		return command_fail(
			args->error, args->size, -EINVAL,
			"an object is expected: addr, route, neigh, link, stats or help");
	if (args_abbreviates(word, "help")) {
		command->kind = COMMAND_HELP;
		command->help = help;
		return 0;
	}
	object = object_find(word);
	if (!object)
		return command_fail(
			args->error, args->size, -EINVAL,
			"object \"%s\": addr, route, neigh, link, stats or help is expected", word);

	args->where = object->name;
	row = choose(object, args, command);
	if (!row)
		return command->kind == COMMAND_HELP && command->help ? 0 : -EINVAL;

	snprintf(where, sizeof(where), "%s %s", object->name, row->word);
	args->where = where;
	command->kind = row->lists ? COMMAND_LISTS : COMMAND_CHANGES;
	return row->parse(args, row, command);
}

static int parse_words(poptContext context, struct command *command, char *error, size_t size)
{
	struct args args = { .error = error, .size = size, .where = "dpip" };
	const char **words = poptGetArgs(context);

	args.words = words;
	while (words && words[args.n])
		args.n++;

	if (command->kind == COMMAND_SCRIPT)
		return args.n ? command_fail(error, size, -EINVAL,
					     "unexpected \"%s\": -b takes the commands of the file",
					     words[0])
			      : 0;
	if (command->kind == COMMAND_HELP && command->help && !args.n)
		return 0;
	if (command->kind == COMMAND_HELP && command->help == help) {
		const struct dpip_object *object = object_find(words[0]);

		if (object)
			command->help = object->help;
		return 0;
	}
	return parse_object(&args, command);
}

static int parse(const struct command_options *defaults, int argc, char **argv, struct command *out,
		 char *error, size_t size)
{
	poptContext context;
	int r;

	command_init(out, defaults);
	context = poptGetContext(NULL, argc, (const char **)argv, options, 0);
	if (!context)
		return command_fail(error, size, -EINVAL, "no words, or no memory for them");

	r = take_options(context, out, error, size);
	if (r == 0)
		r = parse_words(context, out, error, size);
	if (r == 0)
		r = check_options(out, defaults, error, size);
	poptFreeContext(context);
	return r;
}

int dpip_parse(int argc, char **argv, struct command *out, char *error, size_t size)
{
	return parse(NULL, argc, argv, out, error, size);
}

int dpip_filter_parse(struct args *args, struct command *command, uint16_t id, bool needed)
{
	struct api_filter filter;
	union command_body *body;
	int r = 0;

	memset(&filter, 0, sizeof(filter));
	filter.cpu = command->options.cpu;
	filter.family = command->options.family;
	if (args_take_if(args, "dev") || args->next < args->n)
		r = args_name(args, "dev", filter.dev);
	else if (needed)
		r = args_fail(args, "\"dev\" and a device name are expected");
	if (r == 0)
		r = args_end(args);
	if (r < 0)
		return r;

	body = command_request(command, id, sizeof(body->filter));
	body->filter = filter;
	return 0;
}

void dpip_json_text(json_t *object, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(object, key, json_string(text));
}

void dpip_json_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

const struct program dpip_program = { .name = "dpip", .parse = parse };

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

#include "lib/text.h"

enum option {
	OPTION_CPU = 256,
};

#define ROW(name, letter, argument, value, about, metavariable)          \
	{                                                                \
		name, letter, argument, NULL, value, about, metavariable \
	}

/* Rows without a sentence are other names, or have no effect. */
const struct poptOption dpip_options[] = {
	ROW(NULL, '4', POPT_ARG_NONE, '4', "only IPv4", NULL),
	ROW(NULL, '6', POPT_ARG_NONE, '6', "only IPv6", NULL),
	ROW("family", 'f', POPT_ARG_STRING, 'f', "only this family", "inet|inet6"),
	ROW("stats", 's', POPT_ARG_NONE, 's', "counters too", NULL),
	ROW("statistics", '\0', POPT_ARG_NONE, 's', NULL, NULL),
	ROW("verbose", 'v', POPT_ARG_NONE, 'v',
	    "details too (link); the tables of all workers (addr); the route that was understood",
	    NULL),
	ROW("json", 'j', POPT_ARG_NONE, 'j', "one JSON array", NULL),
	ROW("oneline", 'o', POPT_ARG_NONE, 'o', "each entry on one line (addr, link)", NULL),
	ROW("timestamp", 't', POPT_ARG_NONE, 't', "the time of each change (monitor)", NULL),
	ROW("cpu", '\0', POPT_ARG_STRING, OPTION_CPU, "worker N's own tables or counters", "N"),
	ROW("interval", 'i', POPT_ARG_STRING, 'i',
	    "show again every SEC seconds; link -s shows rates then", "SEC"),
	ROW("count", 'c', POPT_ARG_STRING, 'c', "N times, with -i", "N"),
	ROW("batch", 'b', POPT_ARG_STRING, 'b',
	    "the lines of FILE, - standard input; stops at the first error", "FILE"),
	ROW("force", 'F', POPT_ARG_NONE, 'F', "with -b: goes on behind an error", NULL),
	ROW("color", 'C', POPT_ARG_NONE, 'C', NULL, NULL),
	ROW("version", 'V', POPT_ARG_NONE, 'V', "the version", NULL),
	ROW("help", 'h', POPT_ARG_NONE, 'h', "this text", NULL),
	POPT_TABLEEND,
};

const struct dpip_object *const dpip_objects[] = {
	&dpip_addr,  &dpip_route, &dpip_neigh, &dpip_link,   &dpip_vlan,    &dpip_tunnel, &dpip_kni,
	&dpip_maddr, &dpip_mark,  &dpip_stats, &dpip_config, &dpip_monitor, NULL,
};

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
		command->print_help = dpip_help;
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
	case 't':
		to->timestamp = true;
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
	for (const struct dpip_object *const *object = dpip_objects; *object; object++) {
		if (args_abbreviates(word, (*object)->name) ||
		    ((*object)->alias && args_abbreviates(word, (*object)->alias)))
			return *object;
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

static void help_of(struct command *command, const struct dpip_object *object)
{
	command->kind = COMMAND_HELP;
	command->print_help = dpip_help;
	command->help_of = object;
}

/* `dpip help`, and what may stand behind it: an object, or a document that is made of the tables.
 */
static int parse_help(struct args *args, struct command *command)
{
	const char *word = args_take(args);

	args->where = "help";
	help_of(command, word ? object_find(word) : NULL);
	if (word && !command->help_of) {
		if (strcmp(word, "man") == 0)
			command->print_help = dpip_manual;
		else if (strcmp(word, "completion") == 0)
			command->print_help = dpip_completion;
		else
			return args_fail(args, "\"%s\": an object, man or completion is expected",
					 word);
	}
	return args_end(args);
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
		help_of(command, object);
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
	char where[64], known[256];

	if (!word)
		return command_fail(args->error, args->size, -EINVAL, "an object is expected: %s",
				    dpip_objects_text(known, sizeof(known)));
	object = object_find(word);
	if (!object && args_abbreviates(word, "help"))
		return parse_help(args, command);
	if (!object)
		return command_fail(args->error, args->size, -EINVAL,
				    "object \"%s\": %s is expected", word,
				    dpip_objects_text(known, sizeof(known)));

	args->where = object->name;
	row = choose(object, args, command);
	if (!row)
		return command->kind == COMMAND_HELP && command->print_help ? 0 : -EINVAL;

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
	if (command->print_help || command->help) { /* -h, -V */
		if (args.n && command->print_help)
			command->help_of = object_find(words[0]);
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
	context = poptGetContext(NULL, argc, (const char **)argv, dpip_options, 0);
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

const struct args_word dpip_dev_words[] = {
	{ "dev", "D", "only what is of this device", 0 },
	{ NULL, NULL, NULL, 0 },
};

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

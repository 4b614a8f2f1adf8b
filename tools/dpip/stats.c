/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip stats: counters by name. Text adds up the workers, since that is what
 * someone at a terminal wants to know; JSON has every worker's own, since a
 * program can add up by itself.
 */
#include "dpip/dpip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/client.h"
#include "lib/items.h"

static const struct args_word kinds[] = {
	{ "drop", NULL, "packets dropped, by reason", API_STATS_DROP },
	{ "worker", NULL, "packets received, made, sent, dropped, held", API_STATS_WORKER },
	{ "memory", NULL, "bytes and entries of pools and tables", API_STATS_MEMORY },
	{ NULL, NULL, NULL, 0 },
};

/* Adds a row to the sums, which keep the order of first appearance. */
static unsigned int add_up(struct api_stat *sums, unsigned int n, const struct api_stat *stat)
{
	for (unsigned int i = 0; i < n; i++) {
		if (strncmp(sums[i].name, stat->name, sizeof(stat->name)) == 0) {
			sums[i].value += stat->value;
			return n;
		}
	}
	sums[n] = *stat;
	return n + 1;
}

static int print_all(FILE *out, const struct command *command, const struct items *items,
		     const struct items *before, char *error, size_t size)
{
	const struct items_entry *entry = NULL;
	struct api_stat *sums, stat;
	unsigned int n = 0;

	sums = calloc(items->count + 1, sizeof(*sums));
	if (!sums)
		return command_fail(error, size, -ENOMEM, "out of memory");

	while ((entry = items_next_of(items, entry, API_KIND_STAT))) {
		items_object(entry, &stat, sizeof(stat));
		n = add_up(sums, n, &stat);
	}
	for (unsigned int i = 0; i < n; i++)
		fprintf(out, "%.*s %" PRIu64 "\n", (int)sizeof(sums[i].name), sums[i].name,
			sums[i].value);
	free(sums);
	return 0;
}

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	json_t *object = json_object();
	char name[sizeof(((struct api_stat *)0)->name) + 1];
	struct api_stat stat;

	client_object(item, &stat, sizeof(stat));
	snprintf(name, sizeof(name), "%.*s", (int)sizeof(stat.name), stat.name);
	dpip_json_number(object, "worker", stat.worker);
	dpip_json_text(object, "name", name);
	dpip_json_number(object, "value", stat.value);
	return object;
}

static const struct view view = { .kind = API_KIND_STAT, .all = print_all, .json_row = json_row };

void dpip_stats_request(struct command *command, uint32_t what)
{
	union command_body *body = command_request(command, API_STATS_LIST,
						   sizeof(body->stats_filter));

	command->view = &view;
	body->stats_filter.what = what;
	body->stats_filter.cpu = command->options.cpu;
}

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	const char *word = args_take(args);
	int r;

	for (const struct args_word *kind = kinds; word && kind->word; kind++) {
		if (!args_abbreviates(word, kind->word))
			continue;
		r = args_end(args);
		if (r < 0)
			return r;
		dpip_stats_request(command, kind->id);
		return 0;
	}
	if (!word)
		return args_fail(args, "drop, worker or memory is expected");
	return args_fail(args, "\"%s\": drop, worker or memory is expected", word);
}

static const struct dpip_command commands[] = {
	{ "show", API_STATS_LIST, true, show_parse },
	{ "list", API_STATS_LIST, true, show_parse },
	{ NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "[show]", .choice = kinds },
	{ .commands = NULL },
};

static const char help[] =
	"  drop    packets dropped, by reason\n"
	"  worker  packets received, made, sent, dropped, held\n"
	"  memory  bytes and entries of pools and tables\n"
	"  lines NAME VALUE, the sum of all workers or, with --cpu N, worker N's\n";

const struct dpip_object dpip_stats = {
	.name = "stats",
	.about = "counters by name",
	.grammar = grammar,
	.help = help,
	.words = "show, drop, worker, memory or help",
	.show_implied = true,
	.commands = commands,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip config: the running state as a file of command lines, and back. A file
 * is loaded by what differs (plan.h). All lines are read before the first
 * request, and it is the whole file or nothing.
 */
#include "dpip/dpip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dpip/plan.h"
#include "dpip/state.h"
#include "ipvsadm/ipvsadm.h"
#include "lib/client.h"
#include "lib/runner.h"
#include "lib/text.h"

/* ---- what differs ---- */

struct sorted {
	const struct state_entry **entries; /* by text */
	unsigned int n;
};

static int by_text(const void *a, const void *b)
{
	const struct state_entry *const *one = a, *const *other = b;

	return strcmp((*one)->text, (*other)->text);
}

static int sorted_make(struct sorted *sorted, const struct state *state)
{
	sorted->n = state->n;
	sorted->entries = malloc((state->n + 1) * sizeof(*sorted->entries));
	if (!sorted->entries)
		return -ENOMEM;
	for (unsigned int i = 0; i < state->n; i++)
		sorted->entries[i] = &state->entries[i];
	qsort(sorted->entries, sorted->n, sizeof(*sorted->entries), by_text);
	return 0;
}

static bool sorted_has(const struct sorted *sorted, const struct state_entry *entry)
{
	return bsearch(&entry, sorted->entries, sorted->n, sizeof(*sorted->entries), by_text);
}

static const struct state_entry **only_in(const struct state *state, const struct sorted *other)
{
	const struct state_entry **list = calloc(state->n + 1, sizeof(*list));
	unsigned int n = 0;

	for (unsigned int i = 0; list && i < state->n; i++)
		if (!sorted_has(other, &state->entries[i]))
			list[n++] = &state->entries[i];
	return list;
}

/* The place of the running namesake in `gone`, n: it has none. Both lists are in much the same
 * order: where the one before was found is where to look first. */
static unsigned int find_namesake(const struct difference *difference,
				  const struct state_entry *come, unsigned int from, unsigned int n)
{
	for (unsigned int i = 0; come->object->set && i < n; i++) {
		unsigned int k = (from + i) % n;

		if (difference->gone[k]->object == come->object &&
		    come->object->same(difference->gone[k]->body, come->body))
			return k;
	}
	return n;
}

static int pair_up(struct difference *difference)
{
	unsigned int n = plan_count(difference->come), n_gone = plan_count(difference->gone);
	unsigned int from = 0, k;

	difference->changed = calloc(n + 1, sizeof(*difference->changed));
	difference->stays = calloc(n_gone + 1, sizeof(*difference->stays));
	if (!difference->changed || !difference->stays)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		k = find_namesake(difference, difference->come[i], from, n_gone);
		if (k == n_gone)
			continue;
		difference->changed[i] = difference->gone[k];
		difference->stays[k] = true;
		from = k + 1;
	}
	return 0;
}

static int differ(struct difference *difference)
{
	struct sorted running = { .n = 0 }, wanted = { .n = 0 };
	int r = sorted_make(&running, &difference->running);

	if (r == 0)
		r = sorted_make(&wanted, &difference->wanted);
	if (r == 0) {
		difference->gone = only_in(&difference->running, &wanted);
		difference->come = only_in(&difference->wanted, &running);
		r = difference->gone && difference->come ? pair_up(difference) : -ENOMEM;
	}
	free(running.entries);
	free(wanted.entries);
	return r;
}

static void difference_free(struct difference *difference)
{
	state_free(&difference->running);
	state_free(&difference->wanted);
	free(difference->gone);
	free(difference->come);
	free(difference->changed);
	free(difference->stays);
}

/* ---- the daemon and the file ---- */

static int read_file(struct runner *runner, const struct command *command, struct state *state)
{
	const struct program *const programs[2] = { runner->program, &ipvsadm_program };
	char error[COMMAND_ERROR_LEN + 64];

	if (state_read(state, command->file, programs, error, sizeof(error)) < 0)
		return runner_complain(runner, "%s", error);
	return RUNNER_DONE;
}

static int read_running(struct runner *runner, struct state *state)
{
	char error[COMMAND_ERROR_LEN];
	int r = runner_connect(runner);

	if (r == RUNNER_DONE && state_collect(state, runner->client, error, sizeof(error)) < 0)
		return runner_complain(runner, "%s", error);
	return r;
}

static int read_both(struct runner *runner, const struct command *command,
		     struct difference *difference)
{
	int r = read_file(runner, command, &difference->wanted);

	if (r == RUNNER_DONE)
		r = read_running(runner, &difference->running);
	if (r == RUNNER_DONE && differ(difference) < 0)
		return runner_complain(runner, "out of memory");
	return r;
}

static int run_show(struct runner *runner, const struct command *command)
{
	struct state state = { .n = 0 };
	int r = read_running(runner, &state);

	if (r == RUNNER_DONE)
		state_write(&state, runner->out, "");
	state_free(&state);
	return r;
}

static int run_save(struct runner *runner, const struct command *command)
{
	struct state state = { .n = 0 };
	int r = read_running(runner, &state), err;

	if (r == RUNNER_DONE) {
		err = state_save(&state, command->file, "");
		if (err < 0)
			r = runner_complain(runner, "%s: %s", command->file, strerror(-err));
	}
	state_free(&state);
	return r;
}

static int run_check(struct runner *runner, const struct command *command)
{
	struct state state = { .n = 0 };
	int r = read_file(runner, command, &state);

	state_free(&state);
	return r;
}

static int run_diff(struct runner *runner, const struct command *command)
{
	struct difference difference = { .gone = NULL };
	int r = read_both(runner, command, &difference);

	for (unsigned int i = 0; r == RUNNER_DONE && difference.gone[i]; i++)
		fprintf(runner->out, "- %s\n", difference.gone[i]->text);
	for (unsigned int i = 0; r == RUNNER_DONE && difference.come[i]; i++)
		fprintf(runner->out, "+ %s\n", difference.come[i]->text);
	if (r == RUNNER_DONE && (difference.gone[0] || difference.come[0]))
		r = RUNNER_REFUSED;
	difference_free(&difference);
	return r;
}

static int run_load(struct runner *runner, const struct command *command)
{
	struct difference difference = { .gone = NULL };
	int r = read_both(runner, command, &difference);

	if (r == RUNNER_DONE)
		r = plan_run(runner, command, &difference);
	difference_free(&difference);
	return r;
}

/* ---- words ---- */

static int show_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	command->kind = COMMAND_RUNS;
	command->run = run_show;
	return args_end(args);
}

static int file_parse(struct args *args, struct command *command,
		      int (*run)(struct runner *runner, const struct command *command))
{
	const char *word = args_take(args);

	command->kind = COMMAND_RUNS;
	command->run = run;
	if (!word || text_copy(command->file, sizeof(command->file), word) < 0)
		return args_fail(args, "the name of a file is expected");
	return args_end(args);
}

static int save_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	return file_parse(args, command, run_save);
}

static int load_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	return file_parse(args, command, run_load);
}

static int diff_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	return file_parse(args, command, run_diff);
}

static int check_parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	return file_parse(args, command, run_check);
}

static const struct dpip_command commands[] = {
	{ "show", 0, true, show_parse },   { "save", 0, true, save_parse },
	{ "load", 0, false, load_parse },  { "diff", 0, true, diff_parse },
	{ "check", 0, true, check_parse }, { NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "show" },
	{ .commands = "save", .operands = "FILE" },
	{ .commands = "{ load | diff | check }", .operands = "FILE" },
	{ .commands = NULL },
};

static const char help[] =
	"  show and save: the running state as lines of the conf file's startup block\n"
	"  load makes the running state that of the file, whole or not at all\n"
	"  diff: - what only the daemon has, + what only the file has; exit code 1 if any\n"
	"  check: whether the file's lines are right; no daemon is asked\n"
	"  load, diff and check read standard input for -\n";

const struct dpip_object dpip_config = {
	.name = "config",
	.about = "the running state as a file, and back",
	.grammar = grammar,
	.help = help,
	.words = "show, save, load, diff, check or help",
	.commands = commands,
};

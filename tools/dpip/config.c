/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip config: the running state as a file of command lines, and back. A file
 * is loaded by what differs: what the daemon has and the file has not is taken
 * away, what differs in its settings is changed in place, what is missing is
 * added. All lines are read before the first request, and when the daemon
 * refuses one, what was done before is undone: so it is the whole file or
 * nothing.
 */
#include "dpip/dpip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/*
 * Two states side by side: what stands in one only. A pair that names the same object is a change.
 */
struct difference {
	struct state running, wanted;
	const struct state_entry **gone, **come; /* ends with NULL */
	const struct state_entry **changed;      /* of each `come`, the running one, or NULL */
	bool *stays;                             /* of each `gone`: it is one of these */
};

static const struct state_entry **only_in(const struct state *state, const struct sorted *other)
{
	const struct state_entry **list = calloc(state->n + 1, sizeof(*list));
	unsigned int n = 0;

	for (unsigned int i = 0; list && i < state->n; i++)
		if (!sorted_has(other, &state->entries[i]))
			list[n++] = &state->entries[i];
	return list;
}

static unsigned int list_len(const struct state_entry *const *list)
{
	unsigned int n = 0;

	while (list && list[n])
		n++;
	return n;
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
	unsigned int n = list_len(difference->come), n_gone = list_len(difference->gone);
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

/* ---- loading ---- */

struct step {
	const struct state_entry *entry;
	const struct state_entry *before; /* of a change: what it was */
	bool removes;
};

struct plan {
	struct step *steps;
	unsigned int n;
};

/* Names of services that come, go or change, in order. */
struct service_names {
	const struct api_service_key **names;
	unsigned int n;
};

static int by_name(const void *a, const void *b)
{
	return memcmp(*(const struct api_service_key *const *)a,
		      *(const struct api_service_key *const *)b, sizeof(struct api_service_key));
}

static void names_add(struct service_names *names, const struct state_entry *const *list)
{
	for (unsigned int i = 0; list[i]; i++)
		if (list[i]->object->kind == API_KIND_SERVICE)
			names->names[names->n++] = &list[i]->body->service.key;
}

/*
 * A server that goes from a service which stays as it is: nothing that comes needs that it has gone
 * before. It could not be put back as it was: its connections may have ended, and it would stand in
 * front of others. A public address has a device, with which it may go.
 */
static bool goes_last(const struct service_names *names, const struct state_entry *entry)
{
	const struct api_service_key *name = &entry->body->dest.service;

	return entry->object->kind == API_KIND_DEST &&
	       entry->body->dest.forward != API_FORWARD_SNAT &&
	       (!names->n ||
		!bsearch(&name, names->names, names->n, sizeof(*names->names), by_name));
}

/* The last added first. */
static void plan_removals(struct plan *plan, const struct difference *difference,
			  const struct service_names *names, bool last)
{
	unsigned int n = list_len(difference->gone);

	while (n-- > 0)
		if (!difference->stays[n] && goes_last(names, difference->gone[n]) == last)
			plan->steps[plan->n++] = (struct step){
				.entry = difference->gone[n],
				.removes = true,
			};
}

/* First what goes; then what comes, in the order of kinds; then what may go last, which is never
 * refused. */
static int plan_make(struct plan *plan, const struct difference *difference)
{
	unsigned int n_come = list_len(difference->come);
	unsigned int n = list_len(difference->gone) + n_come + 1;
	struct service_names names = { .names = calloc(n, sizeof(*names.names)) };

	plan->n = 0;
	plan->steps = calloc(n, sizeof(*plan->steps));
	if (!plan->steps || !names.names) {
		free(names.names);
		return -ENOMEM;
	}
	names_add(&names, difference->gone);
	names_add(&names, difference->come);
	qsort(names.names, names.n, sizeof(*names.names), by_name);
	plan_removals(plan, difference, &names, false);
	for (unsigned int i = 0; i < n_come; i++)
		plan->steps[plan->n++] = (struct step){
			.entry = difference->come[i],
			.before = difference->changed[i],
		};
	plan_removals(plan, difference, &names, true);
	free(names.names);
	return 0;
}

static int step_add(struct client *client, const struct step *step)
{
	const struct state_object *object = step->entry->object;

	if (step->removes)
		return client_add(client, object->del, step->entry->body, object->del_size);
	return client_add(client, step->before ? object->set : object->add, step->entry->body,
			  object->size);
}

static int step_undo(struct client *client, const struct step *step)
{
	const struct state_object *object = step->entry->object;

	if (step->removes)
		return client_add(client, object->add, step->entry->body, object->size);
	if (step->before)
		return client_add(client, object->set, step->before->body, object->size);
	return client_add(client, object->del, step->entry->body, object->del_size);
}

struct outcome {
	unsigned int failed; /* which step */
	char text[COMMAND_ERROR_LEN];
};

static int take_outcome(void *arg, const struct client_reply *reply)
{
	struct outcome *outcome = arg;

	if (reply->status < 0) {
		outcome->failed = reply->index;
		snprintf(outcome->text, sizeof(outcome->text), "%s",
			 *reply->text ? reply->text : strerror(-reply->status));
	}
	return 0;
}

static int plan_undo(struct runner *runner, const struct plan *plan, unsigned int done)
{
	int r = 0;

	while (done-- > 0 && r == 0)
		r = step_undo(runner->client, &plan->steps[done]);
	if (r == 0)
		r = client_run(runner->client, true, NULL);
	if (r < 0)
		return runner_complain(runner, "undoing what was done failed: %s",
				       client_error(runner->client));
	return RUNNER_DONE;
}

static int plan_run(struct runner *runner, const struct command *command, const struct plan *plan)
{
	struct outcome outcome = { .failed = plan->n };
	const struct client_receiver to = { .reply = take_outcome, .arg = &outcome };
	int r = 0;

	for (unsigned int i = 0; i < plan->n && r == 0; i++)
		r = step_add(runner->client, &plan->steps[i]);
	if (r == 0)
		r = client_run(runner->client, false, &to);
	if (r == 0)
		return RUNNER_DONE;
	if (outcome.failed == plan->n)
		return runner_complain(runner, "%s: %s", command->file,
				       *client_error(runner->client) ? client_error(runner->client)
								     : strerror(-r));
	plan_undo(runner, plan, outcome.failed);
	if (plan->steps[outcome.failed].removes)
		return runner_complain(
			runner, "%s: \"%s\" cannot be taken away, nothing was changed: %s",
			command->file, plan->steps[outcome.failed].entry->text, outcome.text);
	return runner_complain(runner, "%s:%u: nothing was changed: %s", command->file,
			       plan->steps[outcome.failed].entry->line, outcome.text);
}

static int run_load(struct runner *runner, const struct command *command)
{
	struct difference difference = { .gone = NULL };
	struct plan plan = { .n = 0 };
	int r = read_both(runner, command, &difference);

	if (r == RUNNER_DONE && plan_make(&plan, &difference) < 0)
		r = runner_complain(runner, "out of memory");
	if (r == RUNNER_DONE && plan.n)
		r = plan_run(runner, command, &plan);
	free(plan.steps);
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

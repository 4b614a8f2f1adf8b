/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/runner: from a parsed command to an exit code. Listings are printed as
 * they arrive where the view allows it; the head, or the bracket that opens
 * the JSON array, waits for the first row, so that a refused listing prints
 * nothing on standard output.
 */
#include "lib/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/client.h"
#include "lib/items.h"
#include "lib/script.h"

struct listing {
	FILE *out;
	const struct command *command;
	struct items items;
	bool opened;
	bool rows;
};

int runner_complain(struct runner *runner, const char *format, ...)
{
	va_list args;

	fprintf(runner->err, "%s: ", runner->program->name);
	va_start(args, format);
	vfprintf(runner->err, format, args);
	va_end(args);
	fputc('\n', runner->err);
	return RUNNER_REFUSED;
}

int runner_connect(struct runner *runner)
{
	char error[COMMAND_ERROR_LEN];

	if (runner->client)
		return RUNNER_DONE;
	if (client_connect(&runner->client, NULL, error, sizeof(error)) < 0) {
		runner->client = NULL;
		return runner_complain(runner, "%s", error);
	}
	return RUNNER_DONE;
}

static void listing_open(struct listing *listing)
{
	if (listing->opened)
		return;
	listing->opened = true;
	if (listing->command->options.json)
		fputc('[', listing->out);
	else if (listing->command->view->head)
		listing->command->view->head(listing->out, listing->command);
}

static int listing_json_row(struct listing *listing, json_t *row)
{
	if (!row)
		return -ENOMEM;
	if (listing->rows)
		fputc(',', listing->out);
	listing->rows = true;
	json_dumpf(row, listing->out, JSON_COMPACT);
	json_decref(row);
	return 0;
}

static int listing_item(void *arg, const struct client_item *item)
{
	struct listing *listing = arg;
	const struct view *view = listing->command->view;

	if (view->kind && item->kind != view->kind)
		return 0;
	if (listing->command->options.json && view->json_row) {
		listing_open(listing);
		return listing_json_row(listing, view->json_row(listing->command, item));
	}
	if (!listing->command->options.json && view->row) {
		listing_open(listing);
		view->row(listing->out, listing->command, item);
		return ferror(listing->out) ? -EPIPE : 0;
	}
	return items_add(&listing->items, item->kind, item->object, item->len);
}

/* All has arrived: what was not printed row by row is now. */
static int listing_close(struct listing *listing, const struct items *before, char *error,
			 size_t size)
{
	const struct command *command = listing->command;
	const struct view *view = command->view;
	json_t *json;

	if (command->options.json && view->json_all) {
		json = view->json_all(command, &listing->items, error, size);
		if (!json)
			return -ENOENT;
		json_dumpf(json, listing->out, JSON_COMPACT);
		fputc('\n', listing->out);
		json_decref(json);
		return 0;
	}
	if (!command->options.json && view->all)
		return view->all(listing->out, command, &listing->items, before, error, size);

	listing_open(listing);
	if (command->options.json)
		fputs("]\n", listing->out);
	return 0;
}

static int add_requests(struct client *client, const struct command *command)
{
	for (unsigned int i = 0; i < command->n_requests; i++) {
		const struct command_request *request = &command->requests[i];
		int r = client_add(client, request->id, &request->body, request->len);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Sends a command's requests. */
static int ask(struct runner *runner, const struct command *command,
	       const struct client_receiver *to, const char *where)
{
	int r;

	if (runner_connect(runner) != RUNNER_DONE)
		return RUNNER_REFUSED;
	r = add_requests(runner->client, command);
	if (r < 0)
		return runner_complain(runner, "%s%s", where, strerror(-r));
	r = client_run(runner->client, false, to);
	if (r == 0)
		return RUNNER_DONE;
	if (ferror(runner->out))
		return RUNNER_REFUSED; /* said when the output is flushed */
	return runner_complain(runner, "%s%s", where,
			       *client_error(runner->client) ? client_error(runner->client)
							     : strerror(-r));
}

static int list_once(struct runner *runner, const struct command *command, struct listing *listing,
		     const struct items *before, const char *where)
{
	const struct client_receiver to = { .item = listing_item, .arg = listing };
	char error[COMMAND_ERROR_LEN] = "out of memory";
	int r;

	r = ask(runner, command, &to, where);
	if (r != RUNNER_DONE)
		return r;
	if (listing_close(listing, before, error, sizeof(error)) < 0)
		return runner_complain(runner, "%s%s", where, error);
	return RUNNER_DONE;
}

/* A listing, again and again when an interval was given. */
static int list(struct runner *runner, const struct command *command, const char *where)
{
	const struct timespec pause = { .tv_sec = command->options.interval_s };
	struct items before = { 0 };
	uint32_t turn = 0;
	int r;

	for (;;) {
		struct listing listing = { .out = runner->out, .command = command };

		r = list_once(runner, command, &listing, turn ? &before : NULL, where);
		items_free(&before);
		before = listing.items;
		if (r != RUNNER_DONE || !command->options.interval_s)
			break;
		if (fflush(runner->out) != 0 || ++turn == command->options.count)
			break;
		nanosleep(&pause, NULL);
	}
	items_free(&before);
	return r;
}

int runner_run(struct runner *runner, const struct command *command, const char *where)
{
	switch (command->kind) {
	case COMMAND_HELP:
		if (command->print_help)
			command->print_help(runner->out, command->help_of);
		else
			fputs(command->help, runner->out);
		return RUNNER_DONE;
	case COMMAND_LISTS:
		return list(runner, command, where);
	case COMMAND_CHANGES:
		if (command->echo)
			command->echo(runner->out, command);
		return ask(runner, command, NULL, where);
	case COMMAND_SCRIPT:
		return script_run(runner, command);
	case COMMAND_RUNS:
		return command->run(runner, command);
	}
	return RUNNER_REFUSED;
}

/*
 * A descriptor that the caller closed must not become the socket: it is taken by something that can
 * be neither read (0) nor written (1, 2).
 */
static void hold_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			return;
	}
}

/*
 * The end of the output. A reader that had enough, as head(1), is an error like any other, but a
 * silent one, as of any tool in a pipe.
 */
static int finish_output(struct runner *runner, int code)
{
	struct pollfd out = { .fd = fileno(runner->out) };
	int err;

	errno = 0;
	if (fflush(runner->out) == 0 && !ferror(runner->out))
		return code;
	err = errno;
	if (err == EPIPE || (poll(&out, 1, 0) == 1 && (out.revents & POLLERR)))
		return RUNNER_REFUSED;
	return runner_complain(runner, "cannot write to standard output%s%s", err ? ": " : "",
			       err ? strerror(err) : "");
}

int runner_main(const struct program *program, int argc, char **argv)
{
	struct runner runner = { .program = program, .out = stdout, .err = stderr };
	char error[COMMAND_ERROR_LEN];
	struct command command;
	int r;

	signal(SIGPIPE, SIG_IGN);
	hold_standard_descriptors();

	if (program->parse(NULL, argc, argv, &command, error, sizeof(error)) < 0) {
		runner_complain(&runner, "%s", error);
		return RUNNER_USAGE;
	}
	r = runner_run(&runner, &command, "");
	r = finish_output(&runner, r);
	if (runner.client)
		client_close(runner.client);
	return r;
}

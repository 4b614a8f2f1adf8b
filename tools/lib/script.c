/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/script: a file's lines as commands, without the program's name (with it
 * is fine too), many requests to a frame. What changes is collected and sent
 * when there is much of it, when a line must see its effect (a listing), at
 * the end, or when the writer of a pipe pauses: someone may wait for the
 * effect. The daemon stops at the first request that fails, and what comes
 * behind a frame is sent when that frame's answer is here, so no later line was
 * applied, whatever frame it stood in. Lines are read while the daemon works.
 */
#include "lib/script.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/client.h"
#include "lib/command.h"
#include "lib/runner.h"
#include "lib/splitline.h"

#define SCRIPT_PENDING  32768 /* requests are sent at this many */
#define SCRIPT_READ     65536
#define SCRIPT_LINE_MAX (1u << 20)

/* Where each of some requests stood. */
struct lines {
	unsigned int *at;
	unsigned int n, room;
};

struct script {
	struct runner *runner;
	const struct command *command;
	const char *name;
	int fd;
	bool failed;
	bool stop;
	bool broken; /* the daemon is gone: going on makes no sense */

	unsigned int line;   /* where the one that runs begins */
	unsigned int joined; /* lines that it goes on in */
	char *text;          /* read, not yet used, at `start` to `end` */
	size_t start, end, room;
	bool ended;

	struct lines pending, sent; /* sent: those whose answer is not here yet */
	struct client_receiver to;
	unsigned int n_replies;
	bool refused; /* one of those sent was */
};

static void complain(struct script *script, unsigned int line, const char *text)
{
	runner_complain(script->runner, "%s:%u: %s", script->name, line, text);
	script->failed = true;
	if (!script->command->options.keep_going)
		script->stop = true;
}

static void fail(struct script *script, const char *what, int err)
{
	runner_complain(script->runner, "%s: %s: %s", script->name, what, strerror(err));
	script->failed = script->stop = true;
}

static int take_reply(void *arg, const struct client_reply *reply)
{
	struct script *script = arg;

	script->n_replies++;
	script->refused |= reply->status < 0;
	if (reply->status < 0 && reply->index < script->sent.n)
		complain(script, script->sent.at[reply->index],
			 *reply->text ? reply->text : strerror(-reply->status));
	return 0;
}

/* Waits for the answer to what was sent. */
static void settle(struct script *script)
{
	int r;

	if (!script->sent.n)
		return;
	r = client_finish(script->runner->client);
	/* no request was refused, or not all were answered: the connection broke */
	if (r < 0 && (!script->refused || (script->command->options.keep_going &&
					   script->n_replies < script->sent.n))) {
		runner_complain(script->runner, "%s: %s", script->name,
				client_error(script->runner->client));
		script->failed = script->stop = script->broken = true;
	}
	script->sent.n = 0;
}

/* Sends what is pending, unless something before it has failed; the answer is waited for later. */
static void send_pending(struct script *script)
{
	struct lines sent = script->sent;

	settle(script);
	sent.n = 0;
	if (script->stop || !script->pending.n) {
		script->pending.n = 0;
		return;
	}
	script->sent = script->pending;
	script->pending = sent;
	script->n_replies = 0;
	script->refused = false;
	script->to = (struct client_receiver){ .reply = take_reply, .arg = script };
	client_start(script->runner->client, script->command->options.keep_going, &script->to);
}

static void flush(struct script *script)
{
	send_pending(script);
	settle(script);
}

static int remember_line(struct script *script)
{
	struct lines *pending = &script->pending;

	if (pending->n == pending->room) {
		unsigned int room = pending->room ? pending->room * 2 : 256;
		unsigned int *at = realloc(pending->at, room * sizeof(*at));

		if (!at)
			return -ENOMEM;
		pending->at = at;
		pending->room = room;
	}
	pending->at[pending->n++] = script->line;
	return 0;
}

static void collect(struct script *script, const struct command *command)
{
	if (runner_connect(script->runner) != RUNNER_DONE) {
		script->failed = script->stop = script->broken = true;
		return;
	}
	if (command->echo)
		command->echo(script->runner->out, command);
	for (unsigned int i = 0; i < command->n_requests; i++) {
		const struct command_request *request = &command->requests[i];
		int r = client_add(script->runner->client, request->id, &request->body,
				   request->len);

		if (r == 0)
			r = remember_line(script);
		if (r < 0) {
			fail(script, "out of memory", -r);
			return;
		}
	}
	if (script->pending.n >= SCRIPT_PENDING)
		send_pending(script);
}

/* A line that is not just collected: it must see what stands before it. */
static void run_now(struct script *script, const struct command *command)
{
	char where[COMMAND_FILE_LEN + 16];

	flush(script);
	if (script->stop)
		return;
	snprintf(where, sizeof(where), "%s:%u: ", script->name, script->line);
	if (runner_run(script->runner, command, where) == RUNNER_DONE)
		return;
	script->failed = true;
	if (!script->command->options.keep_going || ferror(script->runner->out) ||
	    !script->runner->client)
		script->stop = true;
}

static void refuse_line(struct script *script, const char *text)
{
	unsigned int line = script->line;

	flush(script);
	if (!script->stop)
		complain(script, line, text);
}

/* One line's words, words[0] left for the program's name; 0: nothing to run. */
static int split(struct script *script, char *line, size_t len, char **words)
{
	int n;

	if (strlen(line) != len) {
		refuse_line(script, "a NUL character in the line");
		return 0;
	}
	n = splitline(line, words + 1, SPLITLINE_WORDS - 1);
	if (n < 0)
		refuse_line(script, n == -E2BIG ? "too many words in the line"
						: "a quote or a backslash has no end");
	return n < 0 ? 0 : n;
}

static void run_line(struct script *script, char *line, size_t len)
{
	const struct program *program = script->runner->program;
	char name[32], *words[SPLITLINE_WORDS + 1], **argv = words;
	char error[COMMAND_ERROR_LEN];
	struct command command;
	int n;

	n = split(script, line, len, words);
	if (n == 0)
		return;

	snprintf(name, sizeof(name), "%s", program->name);
	words[0] = name;
	words[n + 1] = NULL;
	if (strcmp(words[1], program->name) == 0) {
		argv++;
		n--;
	}
	if (program->parse(&script->command->options, n + 1, argv, &command, error, sizeof(error)) <
	    0)
		refuse_line(script, error);
	else if (command.kind == COMMAND_CHANGES)
		collect(script, &command);
	else if (command.kind == COMMAND_SCRIPT)
		refuse_line(script, "a script cannot run another one");
	else
		run_now(script, &command);
}

/* Makes room for, and reads, what comes next. */
static int read_more(struct script *script)
{
	struct pollfd ready = { .fd = script->fd, .events = POLLIN };
	ssize_t n;

	if (script->start) {
		memmove(script->text, script->text + script->start, script->end - script->start);
		script->end -= script->start;
		script->start = 0;
	}
	if (script->end > SCRIPT_LINE_MAX)
		return -E2BIG;
	if (script->room - script->end <= SCRIPT_READ) {
		size_t room = script->end + 2 * SCRIPT_READ;
		char *text = realloc(script->text, room);

		if (!text)
			return -ENOMEM;
		script->text = text;
		script->room = room;
	}
	if (poll(&ready, 1, 0) == 0) {
		flush(script);
		fflush(script->runner->out);
	}
	if (script->stop)
		return 0;
	do
		n = read(script->fd, script->text + script->end, SCRIPT_READ);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	script->end += n;
	script->ended = n == 0;
	return 0;
}

/* Takes the line's end and the backslash before it out, so that the next line belongs to it; they
 * may be its first characters. */
static bool join(struct script *script, char *line, char *newline)
{
	size_t len = newline - line;
	size_t cut;

	if (!splitline_continues(line, len))
		return false;
	cut = newline[-1] == '\r' ? 3 : 2;
	memmove(line + cut, line, len + 1 - cut);
	script->start += cut;
	script->joined++;
	return true;
}

/* The next line, NUL-terminated and without its end; NULL: none, or stop. */
static char *next_line(struct script *script, size_t *line_len)
{
	size_t scanned = 0;

	script->line += script->joined + 1;
	script->joined = 0;
	while (!script->stop) {
		char *from = script->text + script->start;
		size_t len = script->end - script->start;
		char *newline = len > scanned ? memchr(from + scanned, '\n', len - scanned) : NULL;
		int r;

		if (newline && join(script, from, newline)) {
			scanned = newline + 1 - (script->text + script->start);
			continue;
		}
		if (newline || (script->ended && len)) {
			if (!newline)
				newline = from + len;
			script->start = newline - script->text + (newline < from + len);
			*line_len = newline - from;
			*newline = '\0';
			return from;
		}
		if (script->ended)
			return NULL;
		scanned = len;
		r = read_more(script);
		if (r < 0)
			fail(script, r == -E2BIG ? "a line is too long" : "cannot be read", -r);
	}
	return NULL;
}

static int script_open(struct script *script)
{
	if (strcmp(script->command->file, "-") == 0) {
		script->name = "stdin";
		script->fd = STDIN_FILENO;
		return 0;
	}
	script->name = script->command->file;
	script->fd = open(script->name, O_RDONLY | O_CLOEXEC);
	return script->fd < 0 ? -errno : 0;
}

int script_run(struct runner *runner, const struct command *command)
{
	struct script script = { .runner = runner, .command = command };
	size_t len;
	char *line;
	int r;

	r = script_open(&script);
	if (r < 0)
		return runner_complain(runner, "%s: %s", command->file, strerror(-r));
	script.room = 2 * SCRIPT_READ;
	script.text = malloc(script.room);
	if (!script.text)
		fail(&script, "cannot be read", ENOMEM);

	while ((line = next_line(&script, &len)) != NULL)
		run_line(&script, line, len);
	if (!script.broken)
		flush(&script);

	if (script.fd != STDIN_FILENO)
		close(script.fd);
	free(script.pending.at);
	free(script.sent.at);
	free(script.text);
	return script.failed ? RUNNER_REFUSED : RUNNER_DONE;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/command: the few things that every parser does with a struct command,
 * and the door for the daemon's startup block, which lets only those commands
 * through that change something.
 */
#include "lib/command.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void command_init(struct command *command, const struct command_options *defaults)
{
	memset(command, 0, sizeof(*command));
	if (defaults)
		command->options = *defaults;
}

union command_body *command_request(struct command *command, uint16_t id, size_t size)
{
	struct command_request *request;

	if (command->n_requests == COMMAND_REQUESTS)
		return NULL;

	request = &command->requests[command->n_requests++];
	memset(request, 0, sizeof(*request));
	request->id = id;
	request->len = size;
	return &request->body;
}

int command_fail(char *error, size_t size, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return err;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct program *program_find(const struct program *const *programs,
					  unsigned int n_programs, const char *name)
{
	for (unsigned int i = 0; i < n_programs; i++) {
		if (strcmp(programs[i]->name, base_name(name)) == 0)
			return programs[i];
	}
	return NULL;
}

int command_startup(const struct program *const *programs, unsigned int n_programs, int argc,
		    char **argv, struct command *out, char *error, size_t size)
{
	const struct program *program;
	int r;

	if (argc < 1)
		return command_fail(error, size, -EINVAL, "a command is expected: dpip or ipvsadm");

	program = program_find(programs, n_programs, argv[0]);
	if (!program)
		return command_fail(error, size, -EINVAL,
				    "\"%s\" is not a command of startup: dpip or ipvsadm", argv[0]);

	r = program->parse(NULL, argc, argv, out, error, size);
	if (r < 0)
		return r;

	if (out->kind != COMMAND_CHANGES)
		return command_fail(
			error, size, -EINVAL,
			"%s: only commands that change something are allowed in startup",
			program->name);
	return 0;
}

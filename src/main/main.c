/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpvs: the daemon. This file reads the command line and nothing else; see
 * daemon.c for what happens then. Exit codes: 0 was asked to stop, 1 cannot
 * run, 2 wrong command line or conf file.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <popt.h>

#include "api/frame.h"
#include "main/daemon.h"

struct command_line {
	char *conf, *pid, *ipc, *state;
	int check, version, fresh;
};

static char *absolute(const char *path)
{
	char cwd[PATH_MAX];
	char *result = NULL;

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return strdup(path);
	return asprintf(&result, "%s/%s", cwd, path) < 0 ? NULL : result;
}

/* 0, 2 wrong, -1 only help was asked for. Words behind `--` are not looked at. */
static int parse(int argc, const char **argv, struct command_line *line)
{
	const struct poptOption options[] = {
		{ "conf", 'c', POPT_ARG_STRING, &line->conf, 0, "conf file (/etc/dpvs.conf)",
		  "FILE" },
		{ "pid-file", 'p', POPT_ARG_STRING, &line->pid, 0, "pid file (/var/run/dpvs.pid)",
		  "FILE" },
		{ "ipc-file", 'x', POPT_ARG_STRING, &line->ipc, 0,
		  "socket for the tools (" API_SOCKET_PATH ")", "FILE" },
		{ "state-file", 0, POPT_ARG_STRING, &line->state, 0,
		  "state_file, where the conf file does not set it", "FILE" },
		{ "fresh", 0, POPT_ARG_NONE, &line->fresh, 0,
		  "do not load what state_file has kept", NULL },
		{ "check", 'n', POPT_ARG_NONE, &line->check, 0, "only check the conf file", NULL },
		{ "version", 'v', POPT_ARG_NONE, &line->version, 0, "print the version", NULL },
		{ "help", 'h', POPT_ARG_NONE, NULL, 'h', "this text", NULL },
		POPT_TABLEEND,
	};
	poptContext context = poptGetContext("dpvs", argc, argv, options, 0);
	int r, code = 0;

	poptSetOtherOptionHelp(context, "[OPTION...] [-- EAL options]");
	while ((r = poptGetNextOpt(context)) == 'h') {
		poptPrintHelp(context, stdout, 0);
		code = -1;
	}
	if (r < -1) {
		fprintf(stderr, "dpvs: %s: %s; see dpvs --help\n", poptBadOption(context, 0),
			poptStrerror(r));
		code = 2;
	} else if (poptPeekArg(context)) {
		fprintf(stderr,
			"dpvs: what is \"%s\"? EAL options stand behind \"--\"; see dpvs "
			"--help\n",
			poptPeekArg(context));
		code = 2;
	}
	poptFreeContext(context);
	return code;
}

static int run(const struct command_line *line, int n_eal, char **eal)
{
	struct daemon_options options = {
		.conf_path = line->conf ? line->conf : "/etc/dpvs.conf",
		.pid_path = line->pid ? line->pid : "/var/run/dpvs.pid",
		.fresh = line->fresh,
		.state_path = line->state,
		.ipc_path = absolute(line->ipc ? line->ipc : API_SOCKET_PATH),
		.n_eal = n_eal,
		.eal = eal,
	};
	int code;

	if (!options.ipc_path)
		return 1;
	code = line->check ? daemon_check(&options) : daemon_run(&options);
	free(options.ipc_path);
	return code;
}

int main(int argc, char **argv)
{
	struct command_line line = { 0 };
	int n = 1, code;

	while (n < argc && strcmp(argv[n], "--") != 0)
		n++;
	code = parse(n, (const char **)argv, &line);
	if (code == 0 && line.version)
		printf("dpvs %s\n", DPVS_VERSION);
	else if (code == 0)
		code = run(&line, n < argc ? argc - n - 1 : 0, argv + n + 1);
	free(line.conf);
	free(line.pid);
	free(line.ipc);
	free(line.state);
	return code < 0 ? 0 : code;
}

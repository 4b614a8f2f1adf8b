/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/daemon: one run of the daemon, from checked settings to clean exit.
 * Steps are taken in the order of daemon_start() and undone in the reverse.
 */
#ifndef MAIN_DAEMON_H
#define MAIN_DAEMON_H

#include "ipvs/genl.h"
#include "main/modules.h"
#include "main/ports.h"
#include "main/settings.h"

struct daemon_options {
	const char *conf_path;
	const char *pid_path;
	char *ipc_path;         /* absolute */
	const char *state_path; /* where the conf file says none, or NULL */
	bool fresh;             /* the state file is not loaded */
	int n_eal;              /* words behind `--` */
	char **eal;
};

struct daemon {
	const struct daemon_options *options;
	struct settings *settings;
	struct lcore_plan plan;
	struct eal_words words; /* DPDK keeps pointers to them */
	char **eal_argv;        /* the same, for DPDK to permute */
	struct ports ports;
	struct worker *all[WORKER_MAX + 1];
	struct request_table tables[MODULE_TABLES];
	struct control *control;
	struct genl_config genl;
	struct saver *saver; /* NULL: nothing is saved */
	int wake_fd;
	int pid_fd;
	bool eal_up;
	bool launched;
};

/* 0: has run and was asked to stop. Else the exit code: 1 cannot run, 2 the conf file is wrong; the
 * reason was logged. */
int daemon_run(const struct daemon_options *options);

/* `dpvs --check`: the exit code, faults on stderr. */
int daemon_check(const struct daemon_options *options);

/* What the rooms need of the settings. */
void modules_config_from(const struct settings *settings, struct modules_config *config);

/* What stock tools mean, of the settings. */
void genl_config_from(const struct settings *settings, struct genl_config *config);

/* The command line's state file, if the conf file has none. 0 or -ENOMEM. */
int state_file_default(struct settings *settings, const struct daemon_options *options);

/* SIGHUP: reads the conf file again, takes over what is reloadable, opens log_file again. */
void daemon_reload(struct daemon *daemon);

/* -errno, and nothing changed: another instance has the file (-EAGAIN), it is none (-EEXIST), or it
 * cannot be made. Else its descriptor. */
int pid_file_take(const char *path);
void pid_file_release(const char *path, int fd);

#endif

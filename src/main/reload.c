/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/reload: SIGHUP. The file is read and checked whole; one fault, and the
 * running settings stay. Keys that only a start can change are named in one
 * line. The startup block is not run again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "base/log.h"
#include "main/daemon.h"

/* The checker writes to a stream; the log takes lines. */
static struct settings *load_logged(const char *path)
{
	char *text = NULL, *rest, *line;
	size_t size = 0;
	FILE *faults = open_memstream(&text, &size);
	struct settings *settings;

	if (!faults)
		return NULL;
	settings = settings_load(path, faults);
	fclose(faults);
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_warning("%s", line);
	free(text);
	return settings;
}

static void reload_log(const struct settings *settings)
{
	int r = log_open(settings->log_file);

	if (r < 0)
		log_error("log_file %s: %s; the old one stays", settings->log_file, strerror(-r));
	rte_openlog_stream(log_stream()); /* it was stderr, if there was no log_file */
	log_set_level(settings->log_level);
	log_set_timestamp(settings->log_timestamp);
}

static void warn_restart(const struct settings *running, const struct settings *wanted)
{
	char *names = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&names, &size);

	if (!stream)
		return;
	if (settings_restart_needed(running, wanted, stream)) {
		fflush(stream);
		log_warning("%s: needs a restart to take effect: %s", wanted->path, names);
	}
	fclose(stream);
	free(names);
}

void daemon_reload(struct daemon *d)
{
	struct settings *settings = load_logged(d->options->conf_path);
	struct modules_config config;

	if (!settings) {
		log_open(d->settings->log_file);
		log_error("%s: nothing was reloaded", d->options->conf_path);
		return;
	}
	state_file_default(settings, d->options);
	reload_log(settings);
	modules_config_from(settings, &config);
	if (modules_configure(d->all, &config) < 0) {
		log_error("%s: no memory, nothing was reloaded", d->options->conf_path);
		settings_free(settings);
		return;
	}
	genl_config_from(settings, &d->genl);
	warn_restart(d->settings, settings);
	log_notice("%s: reloaded", d->options->conf_path);
	settings_free(d->settings);
	d->settings = settings;
}

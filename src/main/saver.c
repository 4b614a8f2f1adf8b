/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state file: what commands have changed, as the lines of a startup block.
 * Its first line has a hash of the startup block that counted when it was
 * written, so that an edited block is noticed. The file is replaced in one step,
 * after it is on the disk: at whatever moment the daemon is killed, the file is
 * the old one or the new one, whole.
 *
 * The master looks every few milliseconds whether a request has changed
 * something, and wakes the thread, which lists all objects by the tools' own
 * library over the tools' own socket, in pages between which others are served.
 * While changes go on, as long as a save took passes until the next begins.
 */
#include "main/saver.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "control/control.h"
#include "dpip/state.h"
#include "lib/client.h"
#include "lib/splitline.h"

#define LOOK_MS  20
#define REST_MS  30 /* from one save to the next, at least */
#define SENTENCE 600
#define STAMP    32

struct saver {
	struct control *control;
	char *path, *ipc_path;
	char stamp[STAMP];
	struct client *client; /* the thread's */
	bool failing;          /* the thread's: said already */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	uint64_t changes; /* that the master has seen; by lock, as all below */
	uint64_t saved;   /* changes when the last save began */
	bool finish, end;
};

/* Of the block's words: how they are spaced makes no difference. */
static void startup_stamp(const struct settings *settings, char stamp[STAMP])
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (unsigned int i = 0; i < settings->n_startup; i++) {
		for (int k = 0; k < settings->startup[i].argc; k++)
			for (const char *at = settings->startup[i].argv[k];; at++) {
				hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
				if (!*at)
					break;
			}
		hash = (hash ^ '\n') * 0x100000001b3u;
	}
	snprintf(stamp, STAMP, "startup %016llx", (unsigned long long)hash);
}

/* ---- loading ---- */

struct saved {
	char **lines;
	unsigned int n;
};

static void saved_free(struct saved *saved)
{
	for (unsigned int i = 0; i < saved->n; i++)
		free(saved->lines[i]);
	free(saved->lines);
}

/* 0 or -errno. */
static int saved_read(struct saved *saved, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int r = 0;

	if (!in)
		return -errno;
	while (r == 0 && (n = getline(&line, &room, in)) > 0) {
		char **lines = (saved->n & (saved->n - 1))
				       ? saved->lines
				       : realloc(saved->lines,
						 (saved->n ? 2 * saved->n : 1) * sizeof(*lines));

		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (lines)
			saved->lines = lines;
		if (!lines || !(saved->lines[saved->n] = strdup(line)))
			r = -ENOMEM;
		else
			saved->n++;
	}
	if (r == 0 && ferror(in))
		r = -EIO;
	free(line);
	fclose(in);
	return r;
}

/* NULL: its lines count. Else why not. */
static const char *saved_wrong(const struct saved *saved, const char *stamp)
{
	char head[64];

	snprintf(head, sizeof(head), STATE_HEAD "%d ", STATE_VERSION);
	if (saved->n < 2 || strcmp(saved->lines[saved->n - 1], STATE_END) != 0)
		return "it is not whole";
	if (strncmp(saved->lines[0], head, strlen(head)) != 0)
		return "it is of another version";
	if (strcmp(saved->lines[0] + strlen(head), stamp) != 0)
		return "the startup block has changed since";
	return NULL;
}

static void saved_run(const struct saved *saved, const char *path, saved_line_fn *run, void *arg)
{
	char *words[SPLITLINE_WORDS + 1], error[SENTENCE];

	for (unsigned int i = 1; i + 1 < saved->n; i++) {
		int n = splitline(saved->lines[i], words, SPLITLINE_WORDS);
		int r = -EINVAL;

		snprintf(error, sizeof(error), "the line cannot be split into words");
		if (n == 0)
			continue;
		if (n > 0) {
			words[n] = NULL;
			r = run(arg, n, words, error, sizeof(error));
		}
		if (r < 0 && r != -EEXIST)
			log_warning("%s:%u: left out: %s", path, i + 1, error);
	}
}

static void saved_keep_old(const char *path, const char *why)
{
	char *old;

	if (asprintf(&old, "%s.old", path) < 0)
		return;
	if (rename(path, old) == 0)
		log_warning("state file %s: %s; the startup block counts, the old state is kept as "
			    "%s",
			    path, why, old);
	else
		log_error("state file %s: %s; the startup block counts: cannot be kept as %s: %s",
			  path, why, old, strerror(errno));
	free(old);
}

bool saved_load(const struct settings *settings, saved_line_fn *run, void *arg)
{
	const char *path = settings->state_file, *wrong;
	struct saved saved = { .n = 0 };
	char stamp[STAMP];
	int r = saved_read(&saved, path);

	if (r == 0) {
		startup_stamp(settings, stamp);
		wrong = saved_wrong(&saved, stamp);
		if (wrong)
			saved_keep_old(path, wrong);
		else
			saved_run(&saved, path, run, arg);
		r = wrong ? -ESTALE : 0;
	} else if (r != -ENOENT) {
		log_error("state file %s: %s; the startup block counts", path, strerror(-r));
	}
	saved_free(&saved);
	return r == 0;
}

/* ---- saving ---- */

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int save_try(struct saver *saver, char *error, size_t size)
{
	struct state state = { .n = 0 };
	int r = 0;

	if (!saver->client)
		r = client_connect(&saver->client, saver->ipc_path, error, size);
	if (r < 0)
		return r;
	r = state_collect(&state, saver->client, error, size);
	if (r < 0) {
		client_close(saver->client);
		saver->client = NULL;
	} else {
		r = state_save(&state, saver->path, saver->stamp);
		if (r < 0)
			snprintf(error, size, "%s", strerror(-r));
	}
	state_free(&state);
	return r;
}

static void save_once(struct saver *saver)
{
	char error[SENTENCE] = "";
	int r = save_try(saver, error, sizeof(error));

	if (r < 0 && !saver->failing)
		log_error("state file %s: %s; what changes is not kept", saver->path, error);
	else if (r == 0 && saver->failing)
		log_notice("state file %s: is written again", saver->path);
	saver->failing = r < 0;
}

/* Not before `until_ms`, unless it is to finish. True: there is something to save. */
static bool saver_wait(struct saver *saver, uint64_t until_ms)
{
	struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
				  .tv_nsec = (long)(until_ms % 1000) * 1000000 };
	int r = 0;

	while (!saver->finish && !saver->end && r == 0)
		r = pthread_cond_timedwait(&saver->wake, &saver->lock, &until);
	while (!saver->finish && !saver->end && saver->changes == saver->saved)
		pthread_cond_wait(&saver->wake, &saver->lock);
	return saver->changes != saver->saved;
}

static void *saver_main(void *arg)
{
	struct saver *saver = arg;
	uint64_t start, until = 0;
	bool dirty, finish;

	do {
		pthread_mutex_lock(&saver->lock);
		dirty = saver_wait(saver, until) && !saver->end;
		saver->saved = saver->changes;
		finish = saver->finish || saver->end;
		pthread_mutex_unlock(&saver->lock);
		start = clock_ms();
		if (dirty)
			save_once(saver);
		until = clock_ms();
		until += until - start > REST_MS ? until - start : REST_MS;
	} while (!finish);
	control_stop(saver->control);
	return NULL;
}

static void saver_look(struct control *control, void *arg)
{
	struct saver *saver = arg;
	uint64_t changes = 1 + control_changes(control);

	if (changes == saver->changes)
		return;
	pthread_mutex_lock(&saver->lock);
	saver->changes = changes;
	pthread_cond_signal(&saver->wake);
	pthread_mutex_unlock(&saver->lock);
}

void saver_finish(struct saver *saver)
{
	saver_look(saver->control, saver);
	pthread_mutex_lock(&saver->lock);
	saver->finish = true;
	pthread_cond_signal(&saver->wake);
	pthread_mutex_unlock(&saver->lock);
}

static void saver_free(struct saver *saver)
{
	if (saver->client)
		client_close(saver->client);
	pthread_cond_destroy(&saver->wake);
	pthread_mutex_destroy(&saver->lock);
	free(saver->path);
	free(saver->ipc_path);
	free(saver);
}

static int saver_thread(struct saver *saver)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_create(&saver->thread, NULL, saver_main, saver);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

struct saver *saver_start(struct control *control, const struct settings *settings,
			  const char *ipc_path)
{
	struct saver *saver = calloc(1, sizeof(*saver));
	pthread_condattr_t attr;
	int r = -ENOMEM;

	if (!saver)
		return NULL;
	saver->control = control;
	startup_stamp(settings, saver->stamp);
	saver->path = strdup(settings->state_file);
	saver->ipc_path = strdup(ipc_path);
	pthread_mutex_init(&saver->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&saver->wake, &attr);
	pthread_condattr_destroy(&attr);
	saver->changes = 1; /* the first save is of what was started with */
	if (saver->path && saver->ipc_path)
		r = control_timer(control, LOOK_MS, saver_look, saver);
	if (r == 0)
		r = saver_thread(saver);
	if (r == 0)
		return saver;
	log_error("state file %s: %s", settings->state_file, strerror(-r));
	saver_free(saver);
	return NULL;
}

void saver_end(struct saver *saver)
{
	if (!saver)
		return;
	pthread_mutex_lock(&saver->lock);
	saver->end = true;
	pthread_cond_signal(&saver->wake);
	pthread_mutex_unlock(&saver->lock);
	pthread_join(saver->thread, NULL);
	saver_free(saver);
}

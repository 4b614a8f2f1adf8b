/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings: see the header. This file makes and frees settings and
 * compares two of them; reading, checking and the table itself are its
 * siblings'.
 */
#include "main/settings.h"

#include <stdlib.h>
#include <string.h>

#include "control/conf.h"
#include "main/settings_int.h"

static struct settings *settings_new(const char *path)
{
	struct settings *settings = calloc(1, sizeof(*settings));

	if (!settings)
		return NULL;
	owner_set_defaults(OWNER_SETTINGS, settings);
	if (path) {
		settings->path = strdup(path);
		if (!settings->path) {
			free(settings);
			return NULL;
		}
	}
	return settings;
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	owner_free(OWNER_SETTINGS, settings);
	for (unsigned int i = 0; i < settings->n_devices; i++)
		owner_free(OWNER_DEVICE, &settings->devices[i]);
	for (unsigned int i = 0; i < settings->n_bondings; i++)
		owner_free(OWNER_BONDING, &settings->bondings[i]);
	for (unsigned int i = 0; i < settings->n_startup; i++) {
		for (int k = 0; k < settings->startup[i].argc; k++)
			free(settings->startup[i].argv[k]);
		free(settings->startup[i].argv);
	}
	free(settings->startup);
	free(settings->workers);
	free(settings->path);
	free(settings);
}

/* Takes the conf over. */
static struct settings *settings_make(const char *path, struct conf *conf,
				      settings_startup_fn *check, FILE *errors)
{
	struct settings *settings = conf ? settings_new(path) : NULL;

	if (!settings) {
		fprintf(errors, "%s:1: out of memory\n", path);
		conf_free(conf);
		return NULL;
	}
	settings_read(settings, conf, path, check, errors);
	if (conf_faults(conf) > 0) {
		conf_print_faults(conf, path, errors);
		settings_free(settings);
		settings = NULL;
	}
	conf_free(conf);
	return settings;
}

struct settings *settings_parse(const char *path, const char *text, size_t len, FILE *errors)
{
	return settings_make(path, conf_parse_buffer(text, len), NULL, errors);
}

struct settings *settings_load(const char *path, FILE *errors)
{
	return settings_load_checked(path, NULL, errors);
}

struct settings *settings_load_checked(const char *path, settings_startup_fn *check, FILE *errors)
{
	struct settings *settings;

	if (path)
		return settings_make(path, conf_parse_file(path), check, errors);
	settings = settings_new(NULL);
	if (!settings)
		fprintf(errors, "out of memory\n");
	return settings;
}

/* ---- what a SIGHUP cannot change ---- */

struct differences {
	FILE *names; /* NULL: only counted */
	unsigned int n;
};

static void differ(struct differences *differences, const char *what, const char *name)
{
	if (differences->names)
		fprintf(differences->names, "%s%s %s", differences->n ? ", " : "", what, name);
	differences->n++;
}

static bool text_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static unsigned int list_count(const struct key_row *row, const void *base)
{
	unsigned int count;

	memcpy(&count, (const char *)base + row->count_offset, sizeof(count));
	return count;
}

static bool value_equal(const struct key_row *row, const void *a, const void *b)
{
	const char *at_a = (const char *)a + row->offset, *at_b = (const char *)b + row->offset;
	size_t item = row->type == KEY_NAMES      ? API_NAME_LEN
		      : row->type == KEY_DEVADDRS ? sizeof(struct devaddr_settings)
						  : sizeof(uint16_t);

	switch (row->type) {
	case KEY_TEXT:
		return text_equal(*(char *const *)at_a, *(char *const *)at_b);
	case KEY_WORDS:
		return strcmp(at_a, at_b) == 0;
	case KEY_NUMBERS:
	case KEY_NAMES:
	case KEY_DEVADDRS:
		return list_count(row, a) == list_count(row, b) &&
		       memcmp(at_a, at_b, list_count(row, a) * item) == 0;
	default:
		return memcmp(at_a, at_b, row->size) == 0;
	}
}

/* Names the keys of an owner that differ and need a restart. name NULL: the block's path says
 * enough. */
static void owner_compare(struct differences *differences, enum settings_owner owner,
			  const char *name, const void *a, const void *b)
{
	for (unsigned int i = 0; i < settings_n_blocks; i++) {
		const struct block_row *block = &settings_blocks[i];

		if (block->owner != owner || block->flags & KEY_LATER)
			continue;
		for (unsigned int k = 0; k < block->n_keys; k++)
			if (!(block->keys[k].flags & (KEY_RELOAD | KEY_LATER)) &&
			    !value_equal(&block->keys[k], a, b))
				differ(differences, name ? name : block->path, block->keys[k].name);
	}
}

/* In order: it decides which port of DPDK's a device is. */
static void devices_compare(struct differences *differences, const struct settings *a,
			    const struct settings *b)
{
	char name[64];

	for (unsigned int i = 0; i < a->n_devices || i < b->n_devices; i++) {
		const struct device_settings *old = &a->devices[i], *new = &b->devices[i];

		if (i >= a->n_devices || i >= b->n_devices || strcmp(old->name, new->name) != 0) {
			differ(differences, "device", i < b->n_devices ? new->name : old->name);
			continue;
		}
		snprintf(name, sizeof(name), "device %s", old->name);
		owner_compare(differences, OWNER_DEVICE, name, old, new);
	}
}

static bool ports_equal(const struct worker_settings *a, const struct worker_settings *b)
{
	struct differences differences = { .names = NULL };

	if (a->n_ports != b->n_ports)
		return false;
	for (unsigned int i = 0; i < a->n_ports; i++) {
		if (strcmp(a->ports[i].dev, b->ports[i].dev) != 0)
			return false;
		owner_compare(&differences, OWNER_PORT, NULL, &a->ports[i], &b->ports[i]);
	}
	return differences.n == 0;
}

static void workers_compare(struct differences *differences, const struct settings *a,
			    const struct settings *b)
{
	struct differences inside;

	for (unsigned int i = 0; i < a->n_workers || i < b->n_workers; i++) {
		if (i >= a->n_workers) {
			differ(differences, "worker", b->workers[i].name);
			continue;
		}
		inside = (struct differences){ .names = NULL };
		if (i < b->n_workers && strcmp(a->workers[i].name, b->workers[i].name) == 0 &&
		    ports_equal(&a->workers[i], &b->workers[i]))
			owner_compare(&inside, OWNER_WORKER, NULL, &a->workers[i], &b->workers[i]);
		else
			inside.n = 1;
		if (inside.n > 0)
			differ(differences, "worker", a->workers[i].name);
	}
}

unsigned int settings_restart_needed(const struct settings *running, const struct settings *wanted,
				     FILE *names)
{
	struct differences differences = { .names = names };

	owner_compare(&differences, OWNER_SETTINGS, NULL, running, wanted);
	devices_compare(&differences, running, wanted);
	workers_compare(&differences, running, wanted);
	return differences.n;
}

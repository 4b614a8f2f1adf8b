/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings_int: the rows that settings are made of, for the files of
 * settings only. A block is a path of names ("netif_defs device rx") and the
 * keys that may stand in it; every key says where its value lives. Values of a
 * block that repeats live in one instance of its owner's struct each.
 */
#ifndef MAIN_SETTINGS_INT_H
#define MAIN_SETTINGS_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/conf.h"
#include "main/settings.h"

/* The struct that holds a block's values. */
enum settings_owner {
	OWNER_SETTINGS,
	OWNER_DEVICE,
	OWNER_BONDING,
	OWNER_WORKER,
	OWNER_PORT,    /* of a worker */
	OWNER_STARTUP, /* lines, no keys */
	OWNER__COUNT,
};

enum key_type {
	KEY_NUMBER,   /* unsigned int, min to max */
	KEY_FLAG,     /* bool: alone, or with on, off, … */
	KEY_CHOICE,   /* an enum or a bool: one of the choices */
	KEY_TEXT,     /* char *, NULL when not set */
	KEY_NUMBERS,  /* uint16_t[SETTINGS_QUEUES], min to max, and their count */
	KEY_NAMES,    /* char[SETTINGS_SLAVES][API_NAME_LEN], and their count; the key may repeat */
	KEY_WORDS,    /* char[64]: some of the choices, joined by | */
	KEY_DEVADDRS, /* struct devaddr_settings[SETTINGS_LADDRS], and their count; the key may
			 repeat */
};

enum key_flag {
	KEY_RELOAD = 1,   /* SIGHUP changes it; the others need a restart */
	KEY_LATER = 2,    /* parsed and checked, but has no effect yet */
	KEY_BARE = 4,     /* may stand without its value, which is then the default */
	KEY_REQUIRED = 8, /* in every instance of the block */
	KEY_POWER2 = 16,
};

struct key_choice {
	const char *word; /* the table ends with NULL */
	unsigned int value;
};

struct key_row {
	const char *name;
	enum key_type type;
	unsigned int flags; /* enum key_flag */
	uint32_t min, max, def;
	const char *unit;
	const struct key_choice *choices;
	key_check_fn *check;  /* KEY_TEXT */
	const char *def_text; /* KEY_TEXT, KEY_WORDS: how the default is described */
	const char *example;  /* KEY_TEXT, KEY_NUMBERS, KEY_NAMES: for the sample */
	size_t offset, size;  /* of the value in the owner's struct */
	size_t count_offset;  /* of the unsigned int that counts a list's values */
	const char *help;     /* one sentence */
};

struct block_row {
	const char *path;
	const char *arg; /* what its name is called, NULL: it has none */
	enum settings_owner owner;
	unsigned int flags; /* KEY_LATER */
	const struct key_row *keys;
	unsigned int n_keys;
	const char *help;
};

/* What a worker has until its key is read, and checks leave alone; settings_load() returns no such.
 */
#define WORKER_ROLE_UNKNOWN 99
#define WORKER_CPU_UNKNOWN  UINT32_MAX

extern const struct block_row settings_blocks[];
extern const unsigned int settings_n_blocks;

/* The last name of a block's path. */
const char *block_name(const struct block_row *block);

/* The block of that name within `in` (NULL: the top level), or NULL. */
const struct block_row *block_find(const struct block_row *in, const char *name);
const struct key_row *settings_key_find(const struct block_row *block, const char *name);

/* Every key of an owner at its default; texts are not freed. */
void owner_set_defaults(enum settings_owner owner, void *base);
void owner_free(enum settings_owner owner, void *base);

/* "1023 to 134217727", "on, off, …": as messages and the reference say it. */
const char *value_allowed(const struct key_row *row, char *buf, size_t size);

/* Checks the words behind a key and stores them; faults go to conf. */
void value_store(struct conf *conf, const struct key_row *row, unsigned int line,
		 const struct conf_word *words, unsigned int n_words, void *base);

/* The name of a device, bonding, worker or port; NULL or what is wrong. */
key_check_fn check_ifname;
key_check_fn check_bond_options;
key_check_fn check_path;
key_check_fn check_secret;
key_check_fn check_text;

/* One value of KEY_DEVADDRS: NULL, or what is allowed. */
const char *devaddr_read(const struct conf_word *words, unsigned int n_words,
			 struct devaddr_settings *to);

/* What no single key shows. */
void settings_check(struct conf *conf, const struct settings *settings);

/* The file's meaning: fills settings (defaults are set already), faults go to conf, the warning to
 * `warnings`. */
void settings_read(struct settings *settings, struct conf *conf, const char *path,
		   settings_startup_fn *check, FILE *warnings);

#endif

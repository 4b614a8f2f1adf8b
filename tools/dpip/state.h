/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip/state: what the daemon was told, as the command lines that tell it again:
 * `dpip config`, and the daemon's own state file. Each kind of object is one row
 * of a table; what rows have in common is here: asking for all of it, printing,
 * reading a file back.
 */
#ifndef DPIP_STATE_H
#define DPIP_STATE_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/command.h"

struct client;
struct client_item;

#define STATE_VERSION 1
#define STATE_HEAD    "# dpvs state "
#define STATE_END     "# end" /* last line: the file is whole */

/* A kind of object. All bodies of its requests begin as the object in the listing does. */
struct state_object {
	uint16_t kind; /* enum api_kind of the listing's items */
	uint16_t list; /* what lists it; 0: comes with the row before */
	uint16_t add, del;
	uint16_t set; /* changes one in place; 0: removed and added anew */
	uint32_t size;
	uint32_t del_size; /* the body of del: the first bytes of the object */
	uint32_t told;     /* bytes in front that are no counters and the like */
	bool backwards;    /* the listing's last is the first to be added */
	/* An item of the listing as the body of add; NULL: it begins as that does. */
	void (*read)(union command_body *body, const struct client_item *item);
	/* Makes the listing's object what a request has; false: it is nobody's wish, not saved. */
	bool (*take)(union command_body *body);
	/* Do these name the same one? NULL: set is not used. */
	bool (*same)(const union command_body *a, const union command_body *b);
	void (*print)(FILE *out, const union command_body *body); /* a line without its end */
};

extern const struct state_object state_objects[]; /* in the order in which they can be added */
extern const unsigned int state_n_objects;

struct state_entry {
	const struct state_object *object;
	union command_body *body;
	char *text;
	unsigned int line; /* of the file it was read from */
};

/* Zeroed: empty. */
struct state {
	struct state_entry *entries;
	unsigned int n, room;
};

/* All that the daemon has; 0 or -errno with a sentence. */
int state_collect(struct state *state, struct client *client, char *error, size_t size);

/*
 * The lines of a file, "-" standard input; 0 or -errno with the first fault as "FILE:LINE:
 * sentence". The programs are dpip's and ipvsadm's.
 */
int state_read(struct state *state, const char *path, const struct program *const programs[2],
	       char *error, size_t size);

/* As a file, stamp: what stands behind the version in its first line, or "". False: not all could
 * be written. */
bool state_write(const struct state *state, FILE *out, const char *stamp);

/* The same to path, in one step: the old file is there, or the new one, whole. 0 or -errno. */
int state_save(const struct state *state, const char *path, const char *stamp);

void state_free(struct state *state);

#endif

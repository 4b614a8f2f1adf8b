/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip: addresses, routes, neighbours, links and counters of the daemon. One
 * file an object, each ending in its struct dpip_object; dpip.c knows the
 * options and finds the object.
 */
#ifndef DPIP_DPIP_H
#define DPIP_DPIP_H

#include <popt.h>

#include "lib/args.h"
#include "lib/command.h"

struct dpip_command {
	const char *word;
	uint16_t id; /* enum api_id */
	bool lists;
	int (*parse)(struct args *args, const struct dpip_command *row, struct command *command);
};

/* How commands are written: `dpip OBJECT COMMANDS OPERANDS [WORDS]`. */
struct dpip_grammar {
	const char *commands;           /* "show", "{ add | set | del }" */
	const char *operands;           /* what must be there, "PREFIX"; NULL: nothing */
	const struct args_word *choice; /* one of which must follow; NULL: nothing */
	const struct args_word *words;  /* what may stand behind, in any order; NULL: nothing */
	unsigned int needed;            /* of words: so many of the first must be there */
};

struct dpip_object {
	const char *name;
	const char *alias; /* another name, or NULL */
	const char *about; /* for the manual page, a phrase */
	/* Ends with a row without commands. */
	const struct dpip_grammar *grammar;
	const char *help;  /* lines that `dpip OBJECT help` shows below the grammar */
	const char *words; /* its commands, for sentences */
	bool show_implied; /* words that are no command belong to show */
	/* An abbreviation means the first that fits. Ends with a NULL word. */
	const struct dpip_command *commands;
};

extern const struct dpip_object dpip_addr;
extern const struct dpip_object dpip_route;
extern const struct dpip_object dpip_neigh;
extern const struct dpip_object dpip_link;
extern const struct dpip_object dpip_maddr;
extern const struct dpip_object dpip_kni;
extern const struct dpip_object dpip_vlan;
extern const struct dpip_object dpip_tunnel;
extern const struct dpip_object dpip_mark;
extern const struct dpip_object dpip_stats;
extern const struct dpip_object dpip_config;
extern const struct dpip_object dpip_monitor;

/* Single addresses, neighbours and links, row by row. */
extern const struct view dpip_addr_view, dpip_neigh_view, dpip_link_view, dpip_tunnel_view,
	dpip_mark_view;

extern const struct dpip_object *const dpip_objects[]; /* ends with NULL */
extern const struct args_word dpip_dev_words[];        /* what dpip_filter_parse() takes */
extern const struct poptOption dpip_options[];

/* `dpip help` (of: NULL) and `dpip OBJECT help` (of: the object); the manual page, roff; a script
 * for bash's completion. */
void dpip_help(FILE *out, const void *of);
void dpip_manual(FILE *out, const void *of);
void dpip_completion(FILE *out, const void *of);

/* "addr, route or link" of all objects. */
const char *dpip_objects_text(char *buf, size_t size);

extern const struct program dpip_program;

/* `dpip …`, argv[0] being the name: what the daemon's startup block and the tests call. */
int dpip_parse(int argc, char **argv, struct command *out, char *error, size_t size);

/* [dev] D, for show and flush; needed: it must be there. */
int dpip_filter_parse(struct args *args, struct command *command, uint16_t id, bool needed);

/* Counters by name, enum api_stats of the workers or, with --cpu N, of one. */
void dpip_stats_request(struct command *command, uint32_t what);

/* A rule of marks as words: "pref 10 to 1.2.3.4/32 mark 1". */
void dpip_mark_print(FILE *out, const struct api_mark *mark);

/* A VLAN's protocol, as it is written. */
const char *dpip_vlan_proto(uint16_t proto);

/* A tunnel as words, behind its name: "mode gre remote A local B". */
void dpip_tunnel_print(FILE *out, const struct api_tunnel_device *tunnel);

/* Adds `"key": "text"` if text is not empty, and so on: one place for running out of memory is
 * enough. */
void dpip_json_text(json_t *object, const char *key, const char *text);
void dpip_json_number(json_t *object, const char *key, uint64_t value);

#endif

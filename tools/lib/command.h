/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/command: what one command line means. A program's parse function turns
 * words into a struct command: requests for the daemon, and how to print what
 * comes back. Nothing here talks to anyone, exits, or keeps state, so that the
 * same parsers serve the programs, their batch files, and the daemon's startup
 * block. A command owns no memory: it may be copied, and needs no clean-up.
 */
#ifndef LIB_COMMAND_H
#define LIB_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "api/addr.h"
#include "api/ipvs.h"
#include "api/kni.h"
#include "api/link.h"
#include "api/maddr.h"
#include "api/mark.h"
#include "api/monitor.h"
#include "api/neigh.h"
#include "api/route.h"
#include "api/stats.h"
#include "api/tunnel.h"
#include "api/vlan.h"

#define COMMAND_REQUESTS  8
#define COMMAND_ERROR_LEN 512
#define COMMAND_FILE_LEN  1024

struct command;
struct runner;
struct items;
struct client_item;

enum command_kind {
	COMMAND_HELP,    /* prints `help`; nothing is asked */
	COMMAND_LISTS,   /* requests that read, printed by `view` */
	COMMAND_CHANGES, /* requests that change */
	COMMAND_SCRIPT,  /* the lines of `file` */
	COMMAND_RUNS,    /* whatever `run` does */
};

union command_body {
	struct api_empty empty;
	struct api_hello hello;
	struct api_filter filter;
	struct api_addr addr;
	struct api_route route;
	struct api_route_multi route_multi;
	struct api_route_get route_get;
	struct api_neigh neigh;
	struct api_link_set link_set;
	struct api_link_add link_add;
	struct api_link_del link_del;
	struct api_vlan vlan;
	struct api_tunnel_device tunnel;
	struct api_stats_filter stats_filter;
	struct api_service_key service_key;
	struct api_service_filter service_filter;
	struct api_service service;
	struct api_dest dest;
	struct api_laddr laddr;
	struct api_conn_filter conn_filter;
	struct api_timeouts timeouts;
	struct api_monitor monitor;
	struct api_mark mark;
};

struct command_request {
	uint16_t id; /* enum api_id */
	uint32_t len;
	union command_body body;
};

struct command_options {
	uint16_t family; /* -4, -6; 0: any */
	bool stats;      /* -s, --stats */
	bool details;    /* -v */
	bool json;
	bool oneline;
	bool timestamp;
	bool keep_going; /* scripts go on behind an error */
	bool numeric;    /* no names for addresses and ports */
	bool exact;      /* numbers are not rounded */
	bool rate;
	bool thresholds;
	bool persistent;
	bool tun_info;
	bool nosort;
	uint32_t cpu;        /* 0: the master's, or sums */
	uint32_t interval_s; /* a listing comes again and again */
	uint32_t count;      /* this often; 0: for ever */
};

/*
 * How a listing is printed: row by row as it arrives, or all together. One of
 * row and all is there, and one of json_row and json_all. `before` is what the
 * turn before brought, when a listing is repeated, else NULL. all() and
 * json_all() may refuse by -errno with a text in error.
 */
struct view {
	uint16_t kind; /* enum api_kind: what row and json_row get */
	void (*head)(FILE *out, const struct command *command);
	void (*row)(FILE *out, const struct command *command, const struct client_item *item);
	int (*all)(FILE *out, const struct command *command, const struct items *items,
		   const struct items *before, char *error, size_t size);
	json_t *(*json_row)(const struct command *command, const struct client_item *item);
	json_t *(*json_all)(const struct command *command, const struct items *items, char *error,
			    size_t size);
};

struct command {
	enum command_kind kind;
	struct command_options options;
	unsigned int n_requests;
	struct command_request requests[COMMAND_REQUESTS];
	const struct view *view; /* COMMAND_LISTS */
	const char *help;        /* COMMAND_HELP: a text, or what prints it */
	void (*print_help)(FILE *out, const void *of);
	const void *help_of;
	char file[COMMAND_FILE_LEN]; /* COMMAND_SCRIPT; "-" is standard input */
	int (*run)(struct runner *runner, const struct command *command); /* an exit code */
	/* COMMAND_CHANGES: prints what was understood, before it is asked for; NULL: nothing */
	void (*echo)(FILE *out, const struct command *command);
};

/*
 * argv[0] is the program's name. 0 and *out, or -EINVAL with the sentence in error (size bytes,
 * NUL-terminated). defaults: what the program was told before its script began, or NULL.
 */
typedef int command_parse_fn(const struct command_options *defaults, int argc, char **argv,
			     struct command *out, char *error, size_t size);

struct program {
	const char *name;
	command_parse_fn *parse;
};

void command_init(struct command *command, const struct command_options *defaults);

/* Appends a request with an empty body of size bytes; NULL: there are COMMAND_REQUESTS already. */
union command_body *command_request(struct command *command, uint16_t id, size_t size);

/* Writes the sentence to error and returns err. */
__attribute__((format(printf, 4, 5))) int command_fail(char *error, size_t size, int err,
						       const char *format, ...);

/*
 * A line of the daemon's startup block: finds the program by argv[0] and parses. Only commands that
 * change something are let through; whatever else is -EINVAL with the sentence in error.
 */
int command_startup(const struct program *const *programs, unsigned int n_programs, int argc,
		    char **argv, struct command *out, char *error, size_t size);

#endif

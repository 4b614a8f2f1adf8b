/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test/lib/tool_rig: the commands without a daemon. A command line becomes
 * text that shows its requests field by field; a canned answer becomes what
 * the command prints.
 */
#ifndef LIB_TOOL_RIG_H
#define LIB_TOOL_RIG_H

#include <stddef.h>
#include <stdint.h>

#include "lib/command.h"

/* One item that the daemon would send in answer to request `id`. */
struct tool_item {
	uint16_t id;
	uint16_t kind;
	uint32_t len;
	const void *object;
};

struct tool_answer {
	const struct tool_item *items;
	unsigned int n;
	uint16_t refused;     /* this request fails ... */
	unsigned int nth;     /* ... when it comes for the nth time, from 1 */
	unsigned int *counts; /* how many requests ran; may be NULL */
};

/* "ADDR_ADD 10.0.0.1/24 dev d" or "EXIT 2: sentence"; free() it. */
char *tool_requests(const struct program *program, const char *line);

struct tool_row {
	const char *line; /* without the program's name */
	const char *want; /* as tool_requests() says it */
};

void tool_check_rows(const struct program *program, const struct tool_row *rows, unsigned int n);

/* What the command prints on standard output; errors (may be NULL) gets standard error. free()
 * both. */
char *tool_prints(const struct program *program, const char *line, const struct tool_answer *answer,
		  char **errors, int *code);

/* The text of a request. */
void tool_request_text(FILE *out, uint16_t id, const void *body);

/*
 * Parses 50,000 lines of up to nine of the words, at random: some must be accepted, others end in a
 * sentence of one line, none in a crash.
 */
void tool_word_soup(const struct program *program, const char *words, uint64_t seed);

/* An address of a literal. */
union api_ip tool_ip(const char *text);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/conf: the grammar of the conf file, and nothing of its meaning. The
 * file is a stream of words. Braces are words of their own and make a tree;
 * the end of a line only ends a list of values. Quotes and backslash are the
 * shell's, without expansion. A word that begins with # or ! begins a comment,
 * and <words> like this one are ignored.
 *
 * One object owns the tree and the faults, those of the grammar and those that
 * the reader of the tree finds, so that they can be told all at once and in
 * the order of the file's lines.
 */
#ifndef CONTROL_CONF_H
#define CONTROL_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CONF_WORD_MAX   4095       /* bytes of a word */
#define CONF_DEPTH_MAX  16         /* blocks inside one another */
#define CONF_FILE_MAX   (64 << 20) /* bytes of a file */
#define CONF_FAULTS_MAX 1000       /* kept; more are only counted */

struct conf_word {
	const char *text;
	unsigned int line; /* on which it begins, from 1 */
};

/* A line of words, or a block with the words in front of it. */
struct conf_node {
	struct conf_node *next;     /* behind it in the same block */
	struct conf_node *children; /* first one of its block */
	const struct conf_word *words;
	unsigned int n_words; /* at least 1 */
	unsigned int line;    /* of the first word */
	bool has_block;
};

struct conf_fault {
	unsigned int line;
	const char *text;
};

struct conf;

/* Never fails for what the text says: look at conf_faults(). NULL: no memory. */
struct conf *conf_parse_buffer(const char *text, size_t len);
struct conf *conf_parse_file(const char *path);
void conf_free(struct conf *conf);

const struct conf_node *conf_first(const struct conf *conf);

/* The grammar itself was broken: what follows the fault may stand in the wrong block, or is not
 * there. */
bool conf_broken(const struct conf *conf);

/* Keeps a fault with the conf. */
__attribute__((format(printf, 3, 4))) void conf_fault(struct conf *conf, unsigned int line,
						      const char *format, ...);

/* How many, kept or not; and the n-th kept one, by line. */
unsigned int conf_faults(const struct conf *conf);
const struct conf_fault *conf_fault_at(struct conf *conf, unsigned int n);

/* "path:line: text", a line each. */
void conf_print_faults(struct conf *conf, const char *path, FILE *to);

/* A word fit for a message: cut at 64 bytes, control characters as \xNN. Owned by the conf. */
const char *conf_show(struct conf *conf, const char *text);

#endif

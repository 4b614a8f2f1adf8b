/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/args: the words of a command, taken one after the other. Each taker
 * says by itself what was wrong, with the word and what is allowed, and
 * returns -EINVAL, so that a grammar reads as a list of what it takes.
 */
#ifndef LIB_ARGS_H
#define LIB_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/types.h"

struct args {
	const char *const *words;
	unsigned int n;
	unsigned int next;
	const char *where; /* "route add", leads every sentence */
	uint64_t keywords; /* bit N: word N was taken as a keyword */
	char *error;
	size_t size;
};

/* A word and what it stands for; a table ends with a NULL word. */
struct args_choice {
	const char *word;
	uint32_t value;
};

/*
 * A keyword of a grammar. One table is what a parser takes and what help, manual page and
 * completion show; it ends with a NULL word.
 */
struct args_word {
	const char *word;
	const char
		*value; /* what stands behind it, as help names it: "A", "on|off"; NULL: nothing */
	const char *about; /* for the manual page, a phrase; NULL: another name, shown nowhere */
	uint32_t id;       /* the parser's own */
};

/* The next word, taken; NULL: there is none. */
const char *args_take(struct args *args);
/* The next word if it is this one, taken. */
bool args_take_if(struct args *args, const char *word);

/* The next word, there must be one, taken as a keyword; each may be there once. */
int args_keyword(struct args *args, const char **word);

/* As args_keyword(), of a table; the sentence for another word names all that are in it. */
int args_word(struct args *args, const struct args_word *table, const struct args_word **row);

/* The word behind `keyword`, one of the table. */
int args_choose(struct args *args, const char *keyword, const struct args_word *table,
		const struct args_word **row);

/* "WHERE: sentence"; -EINVAL. */
__attribute__((format(printf, 2, 3))) int args_fail(struct args *args, const char *format, ...);

/* The word behind `keyword`; what: what is expected there. */
int args_value(struct args *args, const char *keyword, const char *what, const char **value);
int args_number(struct args *args, const char *keyword, uint64_t min, uint64_t max,
		uint32_t *value);
/* *family: must agree, or is set when it was 0. */
int args_ip(struct args *args, const char *keyword, uint16_t *family, union api_ip *ip);
int args_name(struct args *args, const char *keyword, char name[API_NAME_LEN]);
int args_mac(struct args *args, const char *keyword, uint8_t mac[6]);
/* One of the words; what names them for the sentence. */
int args_choice(struct args *args, const char *keyword, const struct args_choice *choices,
		const char *what, uint32_t *value);

/* 0, or the sentence that names the word too many. */
int args_end(struct args *args);

/* Does `word` abbreviate `full`? */
bool args_abbreviates(const char *word, const char *full);

#endif

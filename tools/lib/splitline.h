/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/splitline: a line of a script into words, as a shell would, without any
 * expansion: blanks separate, 'single' and "double" quotes and backslash
 * protect, # at the start of a word begins a comment.
 */
#ifndef LIB_SPLITLINE_H
#define LIB_SPLITLINE_H

#include <stdbool.h>
#include <stddef.h>

#define SPLITLINE_WORDS 128 /* most words of a line, the program's name and the NULL included */

/*
 * Splits `line` in place; words[] gets pointers into it. Returns their number, or -EINVAL (a quote
 * or backslash that does not end), -E2BIG (more than `max` words).
 */
int splitline(char *line, char **words, int max);

/* Does the line go on in the next one: is its end behind a backslash, outside 'single' quotes and
 * comments? A carriage return there is part of the end. */
bool splitline_continues(const char *line, size_t len);

#endif

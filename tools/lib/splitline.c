/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/splitline: one pass over the line with two pointers, where words are read
 * and where they are written; quotes only ever make them shorter.
 */
#include "lib/splitline.h"

#include <errno.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Unquotes one word from *read to *write. -EINVAL: it does not end. */
static int take_word(char **read, char **write)
{
	char *from = *read, *to = *write;
	char quote = 0;

	for (; *from && (quote || !is_blank(*from)); from++) {
		if (quote && *from == quote) {
			quote = 0;
		} else if (!quote && (*from == '\'' || *from == '"')) {
			quote = *from;
		} else if (*from == '\\' && quote != '\'') {
			if (!*++from)
				return -EINVAL;
			*to++ = *from;
		} else {
			*to++ = *from;
		}
	}
	if (quote)
		return -EINVAL;

	*read = *from ? from + 1 : from;
	*to++ = '\0';
	*write = to;
	return 0;
}

int splitline(char *line, char **words, int max)
{
	char *read = line, *write = line;
	int n = 0;

	for (;;) {
		while (is_blank(*read))
			read++;
		if (!*read || *read == '#')
			return n;
		if (n == max)
			return -E2BIG;
		words[n++] = write;
		if (take_word(&read, &write) < 0)
			return -EINVAL;
	}
}

bool splitline_continues(const char *line, size_t len)
{
	const char *end = line + len - (len && line[len - 1] == '\r');
	bool inside = false; /* a word, where # is a character like others */
	char quote = 0;

	for (; line < end; line++) {
		if (*line == '#' && !inside)
			return false;
		if (*line == '\\' && quote != '\'') {
			if (++line == end)
				return true;
		} else if (quote && *line == quote) {
			quote = 0;
		} else if (!quote && (*line == '\'' || *line == '"')) {
			quote = *line;
		}
		inside = quote || !is_blank(*line);
	}
	return false;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/args: taking words, and the sentences when they are not what the grammar
 * wants. Every sentence has the same shape: where, what was found, what is
 * expected there.
 */
#include "lib/args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/text.h"

const char *args_take(struct args *args)
{
	return args->next < args->n ? args->words[args->next++] : NULL;
}

bool args_take_if(struct args *args, const char *word)
{
	if (args->next == args->n || strcmp(args->words[args->next], word) != 0)
		return false;
	args->next++;
	return true;
}

int args_fail(struct args *args, const char *format, ...)
{
	va_list list;
	int n = snprintf(args->error, args->size, "%s: ", args->where);

	if (n < 0 || (size_t)n >= args->size)
		return -EINVAL;
	va_start(list, format);
	vsnprintf(args->error + n, args->size - n, format, list);
	va_end(list);
	return -EINVAL;
}

int args_keyword(struct args *args, const char **word)
{
	unsigned int at = args->next++;

	*word = args->words[at];
	for (unsigned int i = 0; i < at && i < 64; i++)
		if ((args->keywords & UINT64_C(1) << i) && strcmp(args->words[i], *word) == 0)
			return args_fail(args, "\"%s\" is there twice", *word);
	if (at < 64)
		args->keywords |= UINT64_C(1) << at;
	return 0;
}

/* "via, dev or local" */
static const char *words_text(const struct args_word *table, char *text, size_t size)
{
	unsigned int left = 0;
	size_t n = 0;

	for (const struct args_word *row = table; row->word; row++)
		left += row->about != NULL;
	text[0] = '\0';
	for (; table->word && n < size; table++)
		if (table->about) {
			left--;
			n += (size_t)snprintf(text + n, size - n, "%s%s", table->word,
					      !left       ? ""
					      : left == 1 ? " or "
							  : ", ");
		}
	return text;
}

static const struct args_word *words_find(const struct args_word *table, const char *word)
{
	while (table->word && strcmp(table->word, word) != 0)
		table++;
	return table->word ? table : NULL;
}

int args_word(struct args *args, const struct args_word *table, const struct args_word **row)
{
	const char *word;
	char known[256];
	int r = args_keyword(args, &word);

	if (r < 0)
		return r;
	*row = words_find(table, word);
	if (*row)
		return 0;
	return args_fail(args, "\"%s\": %s is expected", word,
			 words_text(table, known, sizeof(known)));
}

int args_choose(struct args *args, const char *keyword, const struct args_word *table,
		const struct args_word **row)
{
	const char *word;
	char known[256];
	int r;

	words_text(table, known, sizeof(known));
	r = args_value(args, keyword, known, &word);
	if (r < 0)
		return r;
	*row = words_find(table, word);
	if (*row)
		return 0;
	return args_fail(args, "%s \"%s\": %s is expected", keyword, word, known);
}

int args_value(struct args *args, const char *keyword, const char *what, const char **value)
{
	*value = args_take(args);
	if (!*value || !**value)
		return args_fail(args, "%s is expected behind \"%s\"", what, keyword);
	return 0;
}

int args_number(struct args *args, const char *keyword, uint64_t min, uint64_t max, uint32_t *value)
{
	const char *word;
	char what[64];
	uint64_t number;
	int r;

	snprintf(what, sizeof(what), "a number from %llu to %llu", (unsigned long long)min,
		 (unsigned long long)max);
	r = args_value(args, keyword, what, &word);
	if (r < 0)
		return r;
	if (text_number(word, min, max, &number) < 0)
		return args_fail(args, "%s \"%s\": %s is expected", keyword, word, what);
	*value = number;
	return 0;
}

int args_ip(struct args *args, const char *keyword, uint16_t *family, union api_ip *ip)
{
	const char *what = *family == AF_INET    ? "an IPv4 address"
			   : *family == AF_INET6 ? "an IPv6 address"
						 : "an IPv4 or IPv6 address";
	uint16_t found;
	const char *word;
	int r;

	r = args_value(args, keyword, what, &word);
	if (r < 0)
		return r;
	if (text_ip(word, &found, ip) < 0 || (*family && *family != found))
		return args_fail(args, "%s \"%s\": %s is expected", keyword, word, what);
	*family = found;
	return 0;
}

int args_name(struct args *args, const char *keyword, char name[API_NAME_LEN])
{
	const char *word;
	int r;

	r = args_value(args, keyword, "a device name", &word);
	if (r < 0)
		return r;
	if (text_copy(name, API_NAME_LEN, word) < 0)
		return args_fail(args, "%s \"%s\": a device name has 1 to %d characters", keyword,
				 word, API_NAME_LEN - 1);
	return 0;
}

int args_mac(struct args *args, const char *keyword, uint8_t mac[6])
{
	const char *what = "a MAC address like 02:00:00:00:00:01";
	const char *word;
	int r;

	r = args_value(args, keyword, what, &word);
	if (r < 0)
		return r;
	if (text_mac(word, mac) < 0)
		return args_fail(args, "%s \"%s\": %s is expected", keyword, word, what);
	return 0;
}

int args_choice(struct args *args, const char *keyword, const struct args_choice *choices,
		const char *what, uint32_t *value)
{
	const char *word;
	int r;

	r = args_value(args, keyword, what, &word);
	if (r < 0)
		return r;
	for (const struct args_choice *choice = choices; choice->word; choice++) {
		if (strcmp(choice->word, word) == 0) {
			*value = choice->value;
			return 0;
		}
	}
	return args_fail(args, "%s \"%s\": %s is expected", keyword, word, what);
}

int args_end(struct args *args)
{
	if (args->next == args->n)
		return 0;
	return args_fail(args, "unexpected \"%s\"", args->words[args->next]);
}

bool args_abbreviates(const char *word, const char *full)
{
	return *word && strncmp(word, full, strlen(word)) == 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings_value: one key's values, from words to the field of a struct,
 * by the type in the key's row. Every refusal says what is wrong and what is
 * allowed, in the words that the reference page uses too.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ip.h"
#include "main/settings_int.h"

static const struct key_choice flag_words[] = {
	{ "on", true },   { "off", false },   { "enable", true }, { "disable", false },
	{ "true", true }, { "false", false }, { "yes", true },    { "no", false },
	{ "1", true },    { "0", false },     { NULL, 0 },
};

static const struct key_choice *choice_find(const struct key_choice *choices, const char *word)
{
	for (; choices->word; choices++)
		if (strcasecmp(choices->word, word) == 0)
			return choices;
	return NULL;
}

const char *value_allowed(const struct key_row *row, char *buf, size_t size)
{
	size_t used = 0;

	switch (row->type) {
	case KEY_NUMBER:
	case KEY_NUMBERS:
		snprintf(buf, size, "%u to %u%s", row->min, row->max,
			 row->flags & KEY_POWER2 ? ", powers of two" : "");
		break;
	case KEY_CHOICE:
	case KEY_FLAG:
	case KEY_WORDS:
		buf[0] = '\0';
		for (const struct key_choice *c = row->choices ? row->choices : flag_words;
		     c->word && used < size; c++)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
						 c->word);
		break;
	case KEY_TEXT:
		snprintf(buf, size, "%s", row->check(NULL));
		break;
	case KEY_NAMES:
		snprintf(buf, size, "up to %d names", SETTINGS_SLAVES);
		break;
	case KEY_DEVADDRS:
		snprintf(buf, size, "%s", devaddr_read(NULL, 0, NULL));
		break;
	}
	return buf;
}

static void refuse(struct conf *conf, const struct key_row *row, const struct conf_word *word,
		   const char *why)
{
	char allowed[256];

	conf_fault(conf, word->line, "%s %s: %s, allowed are %s", row->name,
		   word->text[0] ? conf_show(conf, word->text) : "\"\"", why,
		   value_allowed(row, allowed, sizeof(allowed)));
}

/* Decimal digits only: no sign, no blank, no unit. */
static bool number_parse(struct conf *conf, const struct key_row *row, const struct conf_word *word,
			 uint32_t *number)
{
	uint64_t value = 0;

	if (word->text[0] == '\0' || word->text[strspn(word->text, "0123456789")] != '\0') {
		refuse(conf, row, word, "not a number");
		return false;
	}
	for (const char *c = word->text; *c && value <= UINT32_MAX; c++)
		value = value * 10 + (uint64_t)(*c - '0');
	if (value < row->min || value > row->max) {
		refuse(conf, row, word, "out of range");
		return false;
	}
	if (row->flags & KEY_POWER2 && value & (value - 1)) {
		refuse(conf, row, word, "not a power of two");
		return false;
	}
	*number = (uint32_t)value;
	return true;
}

static void store_number(struct conf *conf, const struct key_row *row, const struct conf_word *word,
			 void *field)
{
	uint32_t number;

	if (number_parse(conf, row, word, &number))
		*(unsigned int *)field = number;
}

/* Enums are unsigned int here, flags bool. */
static void store_choice(struct conf *conf, const struct key_row *row, const struct conf_word *word,
			 void *field)
{
	const struct key_choice *choice;

	choice = choice_find(row->choices ? row->choices : flag_words, word->text);
	if (!choice)
		refuse(conf, row, word, "not known");
	else if (row->size == sizeof(bool))
		*(bool *)field = choice->value;
	else
		*(unsigned int *)field = choice->value;
}

static void store_text(struct conf *conf, const struct key_row *row, const struct conf_word *word,
		       void *field)
{
	const char *wrong = row->check(word->text);
	char **text = field;

	if (wrong) {
		conf_fault(conf, word->line, "%s \"%s\": must be %s", row->name,
			   conf_show(conf, word->text), wrong);
		return;
	}
	free(*text);
	*text = strdup(word->text);
	if (!*text)
		conf_fault(conf, word->line, "out of memory");
}

static void store_numbers(struct conf *conf, const struct key_row *row,
			  const struct conf_word *words, unsigned int n_words, void *base)
{
	unsigned int *count = (unsigned int *)((char *)base + row->count_offset);
	uint16_t *numbers = (uint16_t *)((char *)base + row->offset);
	uint32_t number;

	if (n_words > SETTINGS_QUEUES) {
		conf_fault(conf, words[0].line, "%s: %u values, allowed are %d at most", row->name,
			   n_words, SETTINGS_QUEUES);
		return;
	}
	for (unsigned int i = 0; i < n_words; i++) {
		bool twice = false;

		if (!number_parse(conf, row, &words[i], &number))
			continue;
		for (unsigned int k = 0; k < *count; k++)
			twice = twice || numbers[k] == number;
		if (twice)
			conf_fault(conf, words[i].line, "%s %u: stands twice in the list",
				   row->name, number);
		else
			numbers[(*count)++] = (uint16_t)number;
	}
}

static void store_names(struct conf *conf, const struct key_row *row, const struct conf_word *words,
			unsigned int n_words, void *base)
{
	unsigned int *count = (unsigned int *)((char *)base + row->count_offset);
	char(*names)[API_NAME_LEN] = (void *)((char *)base + row->offset);

	for (unsigned int i = 0; i < n_words; i++) {
		const char *wrong = check_name(words[i].text);

		if (wrong) {
			conf_fault(conf, words[i].line, "%s \"%s\": must be %s", row->name,
				   conf_show(conf, words[i].text), wrong);
		} else if (*count == SETTINGS_SLAVES) {
			conf_fault(conf, words[i].line, "%s: allowed are %d at most", row->name,
				   SETTINGS_SLAVES);
			return;
		} else {
			strcpy(names[(*count)++], words[i].text);
		}
	}
}

static void store_devaddr(struct conf *conf, const struct key_row *row, unsigned int line,
			  const struct conf_word *words, unsigned int n_words, void *base)
{
	unsigned int *count = (unsigned int *)((char *)base + row->count_offset);
	struct devaddr_settings *list = (void *)((char *)base + row->offset), value;
	const char *wrong = devaddr_read(words, n_words, &value);

	if (wrong)
		conf_fault(conf, line, "%s: must be %s", row->name, wrong);
	else if (*count == SETTINGS_LADDRS)
		conf_fault(conf, line, "%s: allowed are %d at most", row->name, SETTINGS_LADDRS);
	else
		list[(*count)++] = value;
}

static void words_join(struct conf *conf, const struct key_row *row, const struct conf_word *word,
		       const char *piece, char *joined)
{
	const struct key_choice *choice = choice_find(row->choices, piece);
	size_t len = strlen(joined);

	if (!choice) {
		struct conf_word wrong = { .text = piece, .line = word->line };

		refuse(conf, row, &wrong, "not known");
		return;
	}
	for (const char *at = joined; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
		size_t n = strcspn(at, "|");

		if (n == strlen(choice->word) && strncmp(at, choice->word, n) == 0)
			return; /* stands there already */
	}
	snprintf(joined + len, row->size - len, "%s%s", len ? "|" : "", choice->word);
}

/* `rss tcp udp` is the same as `rss tcp|udp`. */
static void store_words(struct conf *conf, const struct key_row *row, const struct conf_word *words,
			unsigned int n_words, void *field)
{
	char joined[64] = "";
	char piece[CONF_WORD_MAX + 1];

	for (unsigned int i = 0; i < n_words; i++) {
		for (const char *at = words[i].text;; at++) {
			size_t len = strcspn(at, "|");

			memcpy(piece, at, len);
			piece[len] = '\0';
			words_join(conf, row, &words[i], piece, joined);
			at += len;
			if (*at == '\0')
				break;
		}
	}
	snprintf(field, row->size, "%s", joined);
}

static bool takes_many(const struct key_row *row)
{
	return row->type == KEY_NUMBERS || row->type == KEY_NAMES || row->type == KEY_WORDS ||
	       row->type == KEY_DEVADDRS;
}

void value_store(struct conf *conf, const struct key_row *row, unsigned int line,
		 const struct conf_word *words, unsigned int n_words, void *base)
{
	char *field = (char *)base + row->offset;
	char allowed[256];

	if (n_words > 1 && !takes_many(row)) {
		conf_fault(conf, words[1].line,
			   "%s takes one value, \"%s\" is one too many; the next key stands on a "
			   "line of its own",
			   row->name, conf_show(conf, words[1].text));
		return;
	}
	if (n_words == 0 && row->type == KEY_FLAG) {
		*(bool *)field = true;
		return;
	}
	if (n_words == 0) {
		if (!(row->flags & KEY_BARE))
			conf_fault(conf, line, "%s: a value is missing, allowed are %s", row->name,
				   value_allowed(row, allowed, sizeof(allowed)));
		return;
	}
	switch (row->type) {
	case KEY_NUMBER:
		return store_number(conf, row, words, field);
	case KEY_FLAG:
	case KEY_CHOICE:
		return store_choice(conf, row, words, field);
	case KEY_TEXT:
		return store_text(conf, row, words, field);
	case KEY_NUMBERS:
		return store_numbers(conf, row, words, n_words, base);
	case KEY_NAMES:
		return store_names(conf, row, words, n_words, base);
	case KEY_DEVADDRS:
		return store_devaddr(conf, row, line, words, n_words, base);
	case KEY_WORDS:
		return store_words(conf, row, words, n_words, field);
	}
}

/* ---- texts: NULL, or what is allowed; that is also the answer to NULL ---- */

static bool all_of(const char *text, const char *more)
{
	if (*text == '\0')
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(more, *text))
			return false;
	return true;
}

static bool has_blank_or_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return true;
	return false;
}

const char *check_name(const char *text)
{
	if (text && strlen(text) < API_NAME_LEN && all_of(text, "._-:@"))
		return NULL;
	return "a name of 1 to 31 letters, digits, \".\", \"_\", \"-\", \":\" and \"@\"";
}

const char *check_bond_options(const char *text)
{
	if (text &&
	    (strcmp(text, "dedicated_queues=on") == 0 || strcmp(text, "dedicated_queues=off") == 0))
		return NULL;
	return "\"dedicated_queues=on\" or \"dedicated_queues=off\"";
}

const char *check_ifname(const char *text)
{
	if (text && strlen(text) <= 15 && all_of(text, "._-@") && strcmp(text, ".") != 0 &&
	    strcmp(text, "..") != 0)
		return NULL;
	return "an interface name of 1 to 15 letters, digits, \".\", \"_\", \"-\" and \"@\"";
}

const char *devaddr_read(const struct conf_word *words, unsigned int n_words,
			 struct devaddr_settings *to)
{
	unsigned int family;
	union ip_addr ip;

	if (n_words != 3 || strcmp(words[1].text, "dev") != 0 || check_name(words[2].text) ||
	    ip_parse(words[0].text, &family, &ip) < 0)
		return "an address, \"dev\" and the name of a device";
	memset(to, 0, sizeof(*to));
	to->addr = ip_to_api(&ip);
	to->family = (uint16_t)family;
	strcpy(to->dev, words[2].text);
	return NULL;
}

const char *check_path(const char *text)
{
	if (text && text[0] != '\0')
		return NULL;
	return "the path of a file";
}

const char *check_text(const char *text)
{
	return text ? NULL : "a text, in quotes if it has blanks";
}

const char *check_vdev(const char *text)
{
	size_t len = text ? strcspn(text, ",") : 0;

	if (len > 0 && len < 64 && !has_blank_or_control(text) && strcspn(text, "=") >= len &&
	    isalpha((unsigned char)text[0]))
		return NULL;
	return "a DPDK device name and its arguments without blanks, such as net_tap0,iface=x";
}

/* domain:bus:device.function, as DPDK names its PCI ports */
const char *check_pci(const char *text)
{
	static const char wrong[] = "a PCI address as lspci -D shows it, such as 0000:06:00.0";
	static const char hex[] = "0123456789abcdef";
	size_t domain = text ? strspn(text, hex) : 0;

	if (domain < 4 || domain > 8 || text[domain] != ':')
		return wrong;
	text += domain + 1;
	if (strspn(text, hex) != 2 || text[2] != ':' || strspn(text + 3, hex) != 2 ||
	    strtoul(text + 3, NULL, 16) > 31)
		return wrong;
	if (text[5] != '.' || text[6] < '0' || text[6] > '7' || text[7] != '\0')
		return wrong;
	return NULL;
}

const char *check_secret(const char *text)
{
	size_t len = text ? strspn(text, "0123456789abcdefABCDEF") : 1;

	if ((len == 32 || len == 0) && text[len] == '\0')
		return NULL;
	return "32 hexadecimal digits, or empty for none";
}

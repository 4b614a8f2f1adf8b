/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings_doc: what the table says about itself: the reference of all
 * keys as a page in Markdown, and a conf file in which every key stands with
 * its default. Both are written from the rows, so that neither can be out of
 * date.
 */
#include <string.h>

#include "main/settings_int.h"

static unsigned int block_depth(const struct block_row *block)
{
	unsigned int depth = 1;

	for (const char *c = block->path; *c; c++)
		depth += *c == ' ';
	return depth;
}

static const char *value_default(const struct key_row *row, char *buf, size_t size)
{
	buf[0] = '\0';
	switch (row->type) {
	case KEY_NUMBER:
		snprintf(buf, size, "%u", row->def);
		break;
	case KEY_FLAG:
		snprintf(buf, size, "%s", row->def ? "on" : "off");
		break;
	case KEY_CHOICE:
		for (const struct key_choice *c = row->choices; c->word; c++)
			if (c->value == row->def && !buf[0])
				snprintf(buf, size, "%s", c->word);
		break;
	case KEY_TEXT:
	case KEY_WORDS:
		snprintf(buf, size, "%s", row->def_text);
		break;
	case KEY_NUMBERS:
	case KEY_NAMES:
	case KEY_DEVADDRS:
		snprintf(buf, size, "none");
		break;
	}
	return row->flags & KEY_REQUIRED ? "must be given" : buf;
}

/* A | would end a table's cell. */
static void print_cell(FILE *to, const char *text)
{
	fputs("| ", to);
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', to);
		fputc(*text, to);
	}
	fputc(' ', to);
}

static void print_key(FILE *to, const struct block_row *block, const struct key_row *row)
{
	char buf[256];
	bool later = (row->flags | block->flags) & KEY_LATER;

	fprintf(to, "| `%s` ", row->name);
	print_cell(to, row->type == KEY_FLAG ? "on, off" : value_allowed(row, buf, sizeof(buf)));
	print_cell(to, value_default(row, buf, sizeof(buf)));
	print_cell(to, row->unit ? row->unit : "");
	print_cell(to, row->flags & KEY_RELOAD ? "reload" : "start");
	fputs("| ", to);
	if (later)
		fputs("*No effect yet.* ", to);
	for (const char *c = row->help; *c; c++)
		fprintf(to, *c == '|' ? "\\%c" : "%c", *c);
	fputs(" |\n", to);
}

void settings_print_reference(FILE *to)
{
	fputs("# dpvs.conf: all keys\n\n"
	      "This page is made from the table that the daemon checks a conf file by.\n\n"
	      "The file is a stream of words. `{` and `}` are words of their own and enclose a "
	      "block. A key's values end with\n"
	      "the line. A word that begins with `#` or `!` begins a comment. Quotes and "
	      "backslash are the shell's, without\n"
	      "expansion. `<init>` before a word is ignored.\n\n"
	      "*When*: `reload`: SIGHUP changes it in the running daemon; `start`: it needs a "
	      "restart. Switches stand alone or\n"
	      "with on, off, enable, disable, true, false, yes, no, 1, 0.\n",
	      to);
	for (unsigned int i = 0; i < settings_n_blocks; i++) {
		const struct block_row *block = &settings_blocks[i];

		fprintf(to, "\n%s `%s%s%s`\n\n", block_depth(block) == 1 ? "##" : "###",
			block->path, block->arg ? " " : "", block->arg ? block->arg : "");
		fprintf(to, "%s%s\n", block->flags & KEY_LATER ? "*No effect yet.* " : "",
			block->help);
		if (block->n_keys == 0)
			continue;
		fputs("\n| key | values | default | unit | when | |\n|---|---|---|---|---|---|\n",
		      to);
		for (unsigned int k = 0; k < block->n_keys; k++)
			print_key(to, block, &block->keys[k]);
	}
}

static void print_indent(FILE *to, unsigned int depth)
{
	for (unsigned int i = 0; i < depth; i++)
		fputc('\t', to);
}

/* Keys without a default to write down, and those of blocks without a name to give, stand in
 * comments. */
static void print_sample_key(FILE *to, const struct block_row *block, const struct key_row *row,
			     unsigned int depth)
{
	char buf[256];
	bool comment = row->example || row->flags & (KEY_LATER | KEY_REQUIRED) ||
		       block->owner != OWNER_SETTINGS;
	const char *value = row->example;

	if (!value)
		value = row->flags & KEY_REQUIRED ? value_allowed(row, buf, sizeof(buf))
						  : value_default(row, buf, sizeof(buf));
	print_indent(to, depth);
	fprintf(to, "# %s\n", row->help);
	print_indent(to, depth);
	fprintf(to, strchr(value, ' ') ? "%s%s \"%s\"\n" : "%s%s %s\n", comment ? "# " : "",
		row->name, value);
}

static void print_sample_block(FILE *to, const struct block_row *block)
{
	unsigned int depth = block_depth(block);
	const char *mark = block->arg || block->owner != OWNER_SETTINGS ? "# " : "";

	print_indent(to, depth - 1);
	fprintf(to, "# %s\n", block->help);
	print_indent(to, depth - 1);
	fprintf(to, "%s%s%s%s {\n", mark, block_name(block), block->arg ? " " : "",
		block->arg ? block->arg : "");
	for (unsigned int k = 0; k < block->n_keys; k++)
		print_sample_key(to, block, &block->keys[k], depth);
	for (unsigned int i = 0; i < settings_n_blocks; i++)
		if (block_find(block, block_name(&settings_blocks[i])) == &settings_blocks[i])
			print_sample_block(to, &settings_blocks[i]);
	print_indent(to, depth - 1);
	fprintf(to, "%s}\n", mark);
}

void settings_print_sample(FILE *to)
{
	for (unsigned int i = 0; i < settings_n_blocks; i++)
		if (block_depth(&settings_blocks[i]) == 1)
			print_sample_block(to, &settings_blocks[i]);
}

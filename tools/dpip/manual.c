/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip: what there is, told in three ways from the tables that the parsers
 * read: help, a manual page (roff, section 8), and a script for bash's
 * completion. So a command, an option or a keyword that exists is in all of
 * them, and nothing else is.
 */
#include "dpip/dpip.h"

#include <stdlib.h>
#include <string.h>

#include "api/frame.h"

#define LINE_MAX_LEN 96
#define INDENT       11

const char *dpip_objects_text(char *buf, size_t size)
{
	size_t n = 0;

	for (const struct dpip_object *const *object = dpip_objects; *object && n < size; object++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", (*object)->name,
				      object[1] ? ", " : " or help");
	return buf;
}

/* Words of a grammar with line breaks where they are needed. */
struct line {
	FILE *out;
	size_t len;
};

static void line_word(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (line->len + 1 + len > LINE_MAX_LEN) {
		fprintf(line->out, "\n%*s", INDENT, "");
		line->len = INDENT;
	}
	fprintf(line->out, "%s%s", line->len ? " " : "", text);
	line->len += 1 + len;
}

/* "{ vdev DEVICE | pci ADDRESS }" */
static void choice_text(struct line *line, const struct args_word *choice)
{
	char word[96];

	for (const struct args_word *w = choice; w && w->word; w++)
		if (w->about) {
			snprintf(word, sizeof(word), "%s%s%s%s", w == choice ? "{ " : "| ", w->word,
				 w->value ? " " : "", w->value ? w->value : "");
			line_word(line, word);
		}
	if (choice)
		line_word(line, "}");
}

static void grammar_text(FILE *out, const struct dpip_object *object,
			 const struct dpip_grammar *row)
{
	struct line line = { .out = out };
	char word[96];

	snprintf(word, sizeof(word), "dpip %s", object->name);
	line_word(&line, word);
	if (*row->commands)
		line_word(&line, row->commands);
	if (row->operands)
		line_word(&line, row->operands);
	choice_text(&line, row->choice);
	for (const struct args_word *w = row->words; w && w->word; w++)
		if (w->about) {
			bool needed = w < row->words + row->needed;

			snprintf(word, sizeof(word), "%s%s%s%s%s", needed ? "" : "[", w->word,
				 w->value ? " " : "", w->value ? w->value : "", needed ? "" : "]");
			line_word(&line, word);
		}
	fputc('\n', out);
}

static void object_text(FILE *out, const struct dpip_object *object)
{
	for (const struct dpip_grammar *row = object->grammar; row->commands; row++)
		grammar_text(out, object, row);
	fputs(object->help, out);
}

/* "-s, --stats", "--cpu N" */
static const char *option_text(const struct poptOption *option, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s%s%s%s%s%s", option->shortName ? 2 : 0,
		 (const char[]){ '-', option->shortName, '\0' },
		 option->shortName && option->longName ? ", " : "", option->longName ? "--" : "",
		 option->longName ? option->longName : "", option->argDescrip ? " " : "",
		 option->argDescrip ? option->argDescrip : "");
	return buf;
}

static bool option_ends(const struct poptOption *option)
{
	return !option->longName && !option->shortName;
}

void dpip_help(FILE *out, const void *of)
{
	char text[64];

	if (of) {
		object_text(out, of);
		return;
	}
	fputs("dpip [OPTIONS] OBJECT COMMAND ...\n"
	      "dpip [OPTIONS] -b FILE\n"
	      "Objects and commands may be abbreviated; `dpip OBJECT help` shows the commands:\n",
	      out);
	for (const struct dpip_object *const *object = dpip_objects; *object; object++)
		fprintf(out, "  %-22s %s\n", (*object)->name, (*object)->about);
	fprintf(out, "  %-22s %s\n", "help man", "a manual page");
	fprintf(out, "  %-22s %s\n", "help completion", "a script for bash");
	fputs("Options, before or behind the words:\n", out);
	for (const struct poptOption *option = dpip_options; !option_ends(option); option++)
		if (option->descrip)
			fprintf(out, "  %-22s %s\n", option_text(option, text, sizeof(text)),
				option->descrip);
	fputs("The daemon's socket: $" API_SOCKET_ENV ", or " API_SOCKET_PATH "\n"
	      "Exit: 0 done, 1 refused or no daemon, 2 wrong command line\n",
	      out);
}

/* Text as roff has it: no dash becomes a hyphen, no line a request. */
static void roff(FILE *out, const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
		start = *text == '\n';
	}
}

static void manual_row(FILE *out, const char *name, const char *value, const char *about)
{
	fputs(".TP\n.B ", out);
	roff(out, name);
	if (value) {
		fputs(" \\fI", out);
		roff(out, value);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	roff(out, about);
	fputc('\n', out);
}

static void manual_text(FILE *out, const struct dpip_object *object)
{
	char *text;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		return;
	object_text(memory, object);
	if (fclose(memory) == 0) {
		fputs(".nf\n", out);
		roff(out, text);
		fputs(".fi\n", out);
	}
	free(text);
}

typedef void keyword_fn(FILE *out, const struct dpip_object *object, const struct args_word *w);

/* Is there this keyword before this place? */
static bool told_before(const struct dpip_object *object, const struct dpip_grammar *at,
			const struct args_word *until)
{
	for (const struct dpip_grammar *row = object->grammar; row <= at; row++) {
		const struct args_word *const tables[] = { row->choice, row->words };

		for (unsigned int i = 0; i < 2; i++)
			for (const struct args_word *w = tables[i]; w && w->word; w++) {
				if (row == at && w == until)
					return false;
				if (w->about && strcmp(w->word, until->word) == 0)
					return true;
			}
	}
	return false;
}

/* Keywords that several commands share are told once, other names not at all. */
static void each_keyword(FILE *out, const struct dpip_object *object, keyword_fn *tell)
{
	for (const struct dpip_grammar *row = object->grammar; row->commands; row++) {
		const struct args_word *const tables[] = { row->choice, row->words };

		for (unsigned int i = 0; i < 2; i++)
			for (const struct args_word *w = tables[i]; w && w->word; w++)
				if (w->about && !told_before(object, row, w))
					tell(out, object, w);
	}
}

static void manual_keyword(FILE *out, const struct dpip_object *object, const struct args_word *w)
{
	manual_row(out, w->word, w->value, w->about);
}

static void manual_object(FILE *out, const struct dpip_object *object)
{
	fprintf(out, ".SS %s \\- ", object->name);
	roff(out, object->about);
	fputc('\n', out);
	manual_text(out, object);
	each_keyword(out, object, manual_keyword);
}

void dpip_manual(FILE *out, const void *of)
{
	char text[64];

	fputs(".TH DPIP 8 \"\" \"dpvs " DPVS_VERSION "\" \"dpvs\"\n"
	      ".SH NAME\ndpip \\- addresses, routes, neighbours and links of dpvs\n"
	      ".SH SYNOPSIS\n.B dpip\n[\\fIOPTIONS\\fR] \\fIOBJECT COMMAND\\fR ...\n.br\n"
	      ".B dpip\n[\\fIOPTIONS\\fR] \\fB\\-b\\fR \\fIFILE\\fR\n"
	      ".SH DESCRIPTION\nAsks the daemon, or changes what it has: for all of its workers, "
	      "or not at all.\nObjects and commands may be abbreviated.\n.SH OPTIONS\n",
	      out);
	for (const struct poptOption *option = dpip_options; !option_ends(option); option++)
		if (option->descrip)
			manual_row(out, option_text(option, text, sizeof(text)), NULL,
				   option->descrip);
	fputs(".SH OBJECTS\n", out);
	for (const struct dpip_object *const *object = dpip_objects; *object; object++)
		manual_object(out, *object);
	fputs(".SH ENVIRONMENT\n.TP\n.B " API_SOCKET_ENV "\nThe daemon's socket, instead of "
	      ".I " API_SOCKET_PATH "\n"
	      ".SH EXIT STATUS\n0 done, 1 refused or no daemon, 2 wrong command line.\n"
	      ".SH SEE ALSO\n.BR ipvsadm (8),\n.BR ip (8)\n",
	      out);
}

/* The words of an object's commands, without braces and bars. */
static void completion_commands(FILE *out, const struct dpip_object *object)
{
	for (const struct dpip_command *row = object->commands; row->word; row++)
		fprintf(out, "%s ", row->word);
	fputs("help", out);
}

static void completion_word_behind(FILE *out, const struct dpip_object *object,
				   const struct args_word *w)
{
	fprintf(out, " %s", w->word);
}

static void completion_word(FILE *out, const struct dpip_object *object, const struct args_word *w)
{
	fprintf(out, "%s ", w->word);
}

/* Values that are a choice of words complete to them. */
static void completion_value(FILE *out, const struct dpip_object *object, const struct args_word *w)
{
	if (!w->value || !strchr(w->value, '|'))
		return;
	fprintf(out, "\t%s:%s) words=\"", object->name, w->word);
	for (const char *c = w->value; *c; c++)
		fputc(*c == '|' ? ' ' : *c, out);
	fputs("\" ;;\n", out);
}

void dpip_completion(FILE *out, const void *of)
{
	fputs("# bash completion for dpip, made by `dpip help completion`\n"
	      "_dpip()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal object= command= word i words=\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tword=${COMP_WORDS[i]}\n"
	      "\t\tcase $word in\n",
	      out);
	for (const struct poptOption *option = dpip_options; !option_ends(option); option++)
		if (option->argDescrip)
			fprintf(out, "\t\t%.*s%s%s%s) ((i++)) ;;\n", option->shortName ? 2 : 0,
				(const char[]){ '-', option->shortName, '\0' },
				option->shortName && option->longName ? " | " : "",
				option->longName ? "--" : "",
				option->longName ? option->longName : "");
	fputs("\t\t-*) ;;\n"
	      "\t\t*) if [ -z \"$object\" ]; then object=$word\n"
	      "\t\t   elif [ -z \"$command\" ]; then command=$word; fi ;;\n"
	      "\t\tesac\n\tdone\n"
	      "\tcase $object:$prev in\n",
	      out);
	for (const struct dpip_object *const *object = dpip_objects; *object; object++)
		each_keyword(out, *object, completion_value);
	fputs("\t*:dev) words=$(dpip link show 2>/dev/null | sed -n 's/^[0-9]*: "
	      "\\([^:]*\\):.*/\\1/p') ;;\n"
	      "\t*)\n\t\tcase $cur:$object:$command in\n\t\t-*) words=\"",
	      out);
	for (const struct poptOption *option = dpip_options; !option_ends(option); option++)
		if (option->descrip && option->longName)
			fprintf(out, "--%s ", option->longName);
	fputs("\" ;;\n\t\t*::) words=\"", out);
	for (const struct dpip_object *const *object = dpip_objects; *object; object++)
		fprintf(out, "%s ", (*object)->name);
	fputs("help\" ;;\n", out);
	for (const struct dpip_object *const *object = dpip_objects; *object; object++) {
		fprintf(out, "\t\t*:%s:) words=\"", (*object)->name);
		completion_commands(out, *object);
		if ((*object)->show_implied)
			each_keyword(out, *object, completion_word_behind);
		fprintf(out, "\" ;;\n\t\t*:%s:*) words=\"", (*object)->name);
		each_keyword(out, *object, completion_word);
		fputs("\" ;;\n", out);
	}
	fputs("\t\tesac ;;\n\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -F _dpip dpip\n",
	      out);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/conf: see the header. The parser is a pure function over a buffer:
 * a lexer that returns words, braces and line ends, and a loop that hangs them
 * into the tree with a small stack of open blocks. Nothing recurses, so deep
 * nesting costs a message and no stack. All memory is taken from an arena that
 * lives and dies with the conf.
 *
 * A fault that leaves the rest of the text without meaning (an open quote, a
 * NUL byte) ends the parse; the others do not, so that one run tells all.
 */
#include "control/conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARENA_CHUNK    8192
#define ARENA_ALIGN    16
#define LINE_WORDS_MAX 4096 /* words of one line */

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	_Alignas(ARENA_ALIGN) char bytes[];
};

struct conf {
	struct arena_chunk *arena;
	struct conf_node root; /* its children are the file's top level */
	struct conf_fault *faults;
	unsigned int n_faults; /* found; CONF_FAULTS_MAX are kept */
	unsigned int faults_size;
	bool sorted;
	bool broken;
	bool no_memory;
};

static void *arena_alloc(struct conf *conf, size_t size)
{
	struct arena_chunk *chunk = conf->arena;
	void *p;

	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (!chunk || chunk->size - chunk->used < size) {
		size_t room = size > ARENA_CHUNK ? size : ARENA_CHUNK;

		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk) {
			conf->no_memory = true;
			return NULL;
		}
		chunk->next = conf->arena;
		chunk->used = 0;
		chunk->size = room;
		conf->arena = chunk;
	}
	p = chunk->bytes + chunk->used;
	chunk->used += size;
	return p;
}

static const char *arena_text(struct conf *conf, const char *text, size_t len)
{
	char *copy = arena_alloc(conf, len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

/* ---- faults ---- */

static void fault_keep(struct conf *conf, unsigned int line, const char *text)
{
	if (conf->n_faults >= CONF_FAULTS_MAX) {
		conf->n_faults++;
		return;
	}
	if (conf->n_faults == conf->faults_size) {
		unsigned int size = conf->faults_size ? conf->faults_size * 2 : 16;
		struct conf_fault *faults = realloc(conf->faults, size * sizeof(*faults));

		if (!faults) {
			conf->no_memory = true;
			return;
		}
		conf->faults = faults;
		conf->faults_size = size;
	}
	conf->faults[conf->n_faults++] = (struct conf_fault){ .line = line, .text = text };
	conf->sorted = false;
}

void conf_fault(struct conf *conf, unsigned int line, const char *format, ...)
{
	char text[1024];
	const char *kept;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kept = arena_text(conf, text, strlen(text));
	fault_keep(conf, line, kept ? kept : "out of memory");
}

unsigned int conf_faults(const struct conf *conf)
{
	return conf->n_faults;
}

/* Insertion keeps the order of finding within a line, and most faults come in order anyway. */
static void faults_sort(struct conf *conf)
{
	unsigned int kept = conf->n_faults < CONF_FAULTS_MAX ? conf->n_faults : CONF_FAULTS_MAX;

	if (conf->sorted)
		return;
	for (unsigned int i = 1; i < kept; i++) {
		struct conf_fault fault = conf->faults[i];
		unsigned int at = i;

		for (; at > 0 && conf->faults[at - 1].line > fault.line; at--)
			conf->faults[at] = conf->faults[at - 1];
		conf->faults[at] = fault;
	}
	conf->sorted = true;
}

const struct conf_fault *conf_fault_at(struct conf *conf, unsigned int n)
{
	faults_sort(conf);
	if (n >= conf->n_faults || n >= CONF_FAULTS_MAX)
		return NULL;
	return &conf->faults[n];
}

void conf_print_faults(struct conf *conf, const char *path, FILE *to)
{
	const struct conf_fault *fault;

	for (unsigned int i = 0; (fault = conf_fault_at(conf, i)); i++)
		fprintf(to, "%s:%u: %s\n", path, fault->line, fault->text);
	if (conf->n_faults > CONF_FAULTS_MAX)
		fprintf(to, "%s: and %u more faults\n", path, conf->n_faults - CONF_FAULTS_MAX);
}

const char *conf_show(struct conf *conf, const char *text)
{
	char shown[64 * 4 + 4];
	size_t used = 0, at;

	for (at = 0; text[at] && at < 64; at++) {
		unsigned char c = (unsigned char)text[at];

		if (c < 0x20 || c == 0x7f)
			used += (size_t)snprintf(shown + used, 5, "\\x%02x", c);
		else
			shown[used++] = (char)c;
	}
	if (text[at]) {
		memcpy(shown + used, "...", 3);
		used += 3;
	}
	text = arena_text(conf, shown, used);
	return text ? text : "?";
}

/* ---- words ---- */

enum token {
	TOKEN_WORD,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_LINE_END,
	TOKEN_END,
	TOKEN_FAULT, /* told already; the rest of the text is not read */
};

struct lexer {
	struct conf *conf;
	const char *at, *end;
	unsigned int line;
	/* the word read last */
	unsigned int word_line;
	size_t word_len; /* may be more than fits: too long */
	char word[CONF_WORD_MAX];
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static enum token lex_fault(struct lexer *lex, unsigned int line, const char *text)
{
	lex->conf->broken = true;
	conf_fault(lex->conf, line, "%s", text);
	return TOKEN_FAULT;
}

static void word_add(struct lexer *lex, char c)
{
	if (lex->word_len < sizeof(lex->word))
		lex->word[lex->word_len] = c;
	lex->word_len++;
}

/* A backslash and a line end vanish. */
static bool skip_joined_line(struct lexer *lex)
{
	if (lex->end - lex->at < 2 || lex->at[0] != '\\' || lex->at[1] != '\n')
		return false;
	lex->at += 2;
	lex->line++;
	return true;
}

/* From the opening quote to behind the closing one. */
static enum token lex_quoted(struct lexer *lex)
{
	unsigned int opened = lex->line;
	char quote = *lex->at++;

	while (lex->at < lex->end && *lex->at != quote) {
		if (*lex->at == '\0')
			return lex_fault(lex, lex->line, "a NUL byte: the file must be text");
		if (quote == '"' && skip_joined_line(lex))
			continue;
		if (quote == '"' && *lex->at == '\\' && lex->end - lex->at > 1 &&
		    lex->at[1] != '\0' && strchr("\\\"$`", lex->at[1]))
			lex->at++;
		if (*lex->at == '\n')
			lex->line++;
		word_add(lex, *lex->at++);
	}
	if (lex->at == lex->end)
		return lex_fault(lex, opened,
				 quote == '"' ? "a quote (\") that is opened here is not closed"
					      : "a quote (') that is opened here is not closed");
	lex->at++;
	return TOKEN_WORD;
}

static enum token lex_word(struct lexer *lex)
{
	lex->word_line = lex->line;
	lex->word_len = 0;
	while (lex->at < lex->end) {
		char c = *lex->at;

		if (c == '\n' || c == '{' || c == '}' || is_blank(c))
			break;
		if (c == '\0')
			return lex_fault(lex, lex->line, "a NUL byte: the file must be text");
		if (c == '\'' || c == '"') {
			if (lex_quoted(lex) == TOKEN_FAULT)
				return TOKEN_FAULT;
			continue;
		}
		if (skip_joined_line(lex))
			continue;
		if (c == '\\' && lex->end - lex->at > 1) {
			c = *++lex->at;
			if (c == '\0')
				continue;
		}
		word_add(lex, c);
		lex->at++;
	}
	if (lex->word_len > CONF_WORD_MAX)
		return lex_fault(lex, lex->word_line,
				 "a word of more than 4095 bytes: is a closing quote missing?");
	return TOKEN_WORD;
}

/* <init> and its like; false if it is none, and then an ordinary word. */
static bool skip_marker(struct lexer *lex)
{
	const char *at = lex->at + 1;

	if (*lex->at != '<')
		return false;
	while (at < lex->end && (isalnum((unsigned char)*at) || strchr("_-,|.:", *at)) && *at)
		at++;
	if (at == lex->end || *at != '>')
		return false;
	lex->at = at + 1;
	return true;
}

static void skip_to_word(struct lexer *lex)
{
	while (lex->at < lex->end) {
		if (is_blank(*lex->at)) {
			lex->at++;
		} else if (*lex->at == '#' || *lex->at == '!') {
			while (lex->at < lex->end && *lex->at != '\n' && *lex->at != '\0')
				lex->at++;
		} else if (!skip_joined_line(lex) && !skip_marker(lex)) {
			return;
		}
	}
}

static enum token lex_next(struct lexer *lex)
{
	skip_to_word(lex);
	if (lex->at == lex->end)
		return TOKEN_END;
	switch (*lex->at) {
	case '\n':
		lex->at++;
		lex->line++;
		return TOKEN_LINE_END;
	case '{':
		lex->at++;
		return TOKEN_OPEN;
	case '}':
		lex->at++;
		return TOKEN_CLOSE;
	default:
		return lex_word(lex);
	}
}

/* ---- the tree ---- */

struct parser {
	struct conf *conf;
	struct lexer lex;
	struct {
		struct conf_node *node;
		struct conf_node *last; /* of its children */
		unsigned int line;      /* of the brace */
	} open[CONF_DEPTH_MAX + 1];
	unsigned int depth; /* open[0] is the file */
	/* the words since the last line end or brace */
	struct conf_word *words;
	unsigned int n_words, words_size;
};

static bool parse_word(struct parser *parser)
{
	struct lexer *lex = &parser->lex;

	if (parser->n_words == LINE_WORDS_MAX) {
		lex_fault(lex, lex->word_line, "more than 4096 words on a line");
		return false;
	}
	if (parser->n_words == parser->words_size) {
		unsigned int size = parser->words_size ? parser->words_size * 2 : 16;
		struct conf_word *words = realloc(parser->words, size * sizeof(*words));

		if (!words) {
			parser->conf->no_memory = true;
			return false;
		}
		parser->words = words;
		parser->words_size = size;
	}
	parser->words[parser->n_words++] = (struct conf_word){
		.text = arena_text(parser->conf, lex->word, lex->word_len),
		.line = lex->word_line,
	};
	return true;
}

/* Makes a node of the words since; NULL if there are none. */
static struct conf_node *parse_node(struct parser *parser)
{
	struct conf_node *node, *last = parser->open[parser->depth].last;
	struct conf_word *words;
	size_t size = parser->n_words * sizeof(*words);

	if (parser->n_words == 0)
		return NULL;
	node = arena_alloc(parser->conf, sizeof(*node));
	words = arena_alloc(parser->conf, size);
	if (!node || !words)
		return NULL;
	memcpy(words, parser->words, size);
	*node = (struct conf_node){
		.words = words,
		.n_words = parser->n_words,
		.line = words[0].line,
	};
	parser->n_words = 0;
	if (last)
		last->next = node;
	else
		parser->open[parser->depth].node->children = node;
	parser->open[parser->depth].last = node;
	return node;
}

/* The node that an opening brace belongs to: these words, or else the line before. */
static struct conf_node *block_owner(struct parser *parser)
{
	static const struct conf_word nameless = { .text = "" };
	struct conf_node *node = parse_node(parser);

	if (!node)
		node = parser->open[parser->depth].last;
	if (node && !node->has_block)
		return node;

	conf_fault(parser->conf, parser->lex.line, "a \"{\" without a block's name before it");
	parser->conf->broken = true;
	node = arena_alloc(parser->conf, sizeof(*node));
	if (node)
		*node = (struct conf_node){ .words = &nameless,
					    .n_words = 1,
					    .line = parser->lex.line };
	return node; /* its content is read, but stands nowhere in the tree */
}

static bool parse_open(struct parser *parser)
{
	struct conf_node *node;

	if (parser->depth == CONF_DEPTH_MAX) {
		lex_fault(&parser->lex, parser->lex.line, "more than 16 blocks inside one another");
		return false;
	}
	node = block_owner(parser);
	if (!node)
		return false;
	node->has_block = true;
	parser->depth++;
	parser->open[parser->depth].node = node;
	parser->open[parser->depth].last = NULL;
	parser->open[parser->depth].line = parser->lex.line;
	return true;
}

static void parse_close(struct parser *parser)
{
	parse_node(parser);
	if (parser->depth == 0) {
		parser->conf->broken = true;
		conf_fault(parser->conf, parser->lex.line, "a \"}\" that closes no block");
		return;
	}
	parser->depth--;
}

static void parse_end(struct parser *parser)
{
	struct conf *conf = parser->conf;

	parse_node(parser);
	for (; parser->depth > 0; parser->depth--) {
		const struct conf_node *node = parser->open[parser->depth].node;

		conf->broken = true;
		conf_fault(conf, parser->open[parser->depth].line,
			   "block \"%s\" that is opened here is not closed: a \"}\" is missing",
			   conf_show(conf, node->words[0].text));
	}
}

static void parse(struct parser *parser)
{
	while (!parser->conf->no_memory) {
		switch (lex_next(&parser->lex)) {
		case TOKEN_WORD:
			if (!parse_word(parser))
				return;
			break;
		case TOKEN_LINE_END:
			parse_node(parser);
			break;
		case TOKEN_OPEN:
			if (!parse_open(parser))
				return;
			break;
		case TOKEN_CLOSE:
			parse_close(parser);
			break;
		case TOKEN_END:
			parse_end(parser);
			return;
		case TOKEN_FAULT:
			parse_node(parser);
			return;
		}
	}
}

static struct conf *conf_new(void)
{
	return calloc(1, sizeof(struct conf));
}

/* false: no memory */
static bool conf_parse(struct conf *conf, const char *text, size_t len)
{
	struct parser *parser = calloc(1, sizeof(*parser));

	if (!parser)
		return false;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3; /* a byte order mark */
		len -= 3;
	}
	parser->conf = conf;
	parser->lex.conf = conf;
	parser->lex.at = text;
	parser->lex.end = text + len;
	parser->lex.line = 1;
	parser->open[0].node = &conf->root;
	parse(parser);
	free(parser->words);
	free(parser);
	return !conf->no_memory;
}

struct conf *conf_parse_buffer(const char *text, size_t len)
{
	struct conf *conf = conf_new();

	if (conf && !conf_parse(conf, text, len)) {
		conf_free(conf);
		return NULL;
	}
	return conf;
}

/* The whole file into *text; 0 or -errno, -EFBIG when it is longer than CONF_FILE_MAX. */
static int file_read(const char *path, char **text, size_t *len)
{
	size_t size = 65536, used = 0;
	char *buf = malloc(size), *more;
	int fd, r = 0;
	ssize_t got;

	if (!buf)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		r = -errno;
	while (r == 0) {
		got = read(fd, buf + used, size - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			r = -errno;
		if (got <= 0)
			break;
		used += (size_t)got;
		if (used > CONF_FILE_MAX) {
			r = -EFBIG;
		} else if (used == size) {
			more = realloc(buf, size * 2);
			if (more) {
				buf = more;
				size *= 2;
			} else {
				r = -ENOMEM;
			}
		}
	}
	if (fd >= 0)
		close(fd);
	if (r < 0) {
		free(buf);
		return r;
	}
	*text = buf;
	*len = used;
	return 0;
}

struct conf *conf_parse_file(const char *path)
{
	struct conf *conf = conf_new();
	char *text = NULL;
	size_t len = 0;
	bool ok = true;
	int r;

	if (!conf)
		return NULL;
	r = file_read(path, &text, &len);
	if (r == 0)
		ok = conf_parse(conf, text, len);
	else if (r == -EFBIG)
		conf_fault(conf, 1, "cannot be read: a conf file has at most %d MB",
			   CONF_FILE_MAX >> 20);
	else
		conf_fault(conf, 1, "cannot be read: %s", strerror(-r));
	if (r < 0)
		conf->broken = true;
	free(text);
	if (ok)
		return conf;
	conf_free(conf);
	return NULL;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	while (conf->arena) {
		struct arena_chunk *next = conf->arena->next;

		free(conf->arena);
		conf->arena = next;
	}
	free(conf->faults);
	free(conf);
}

const struct conf_node *conf_first(const struct conf *conf)
{
	return conf->root.children;
}

bool conf_broken(const struct conf *conf)
{
	return conf->broken;
}

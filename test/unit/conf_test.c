/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The grammar of the conf file: what becomes of the tree, line by line, and of
 * every fault; then a hundred thousand damaged files, which must neither crash
 * nor leak, and whose tree must still be one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/conf.h"
#include "lib/prng.h"
#include "lib/unit.h"

/* Every node as "LINE:word,word", its block in braces behind it. */
static void dump(FILE *to, const struct conf_node *node)
{
	for (; node; node = node->next) {
		fprintf(to, "%u:", node->line);
		for (unsigned int i = 0; i < node->n_words; i++)
			fprintf(to, "%s%s", i ? "," : "", node->words[i].text);
		if (node->has_block) {
			fputs("{", to);
			dump(to, node->children);
			fputs("}", to);
		}
		fputs(node->next ? " " : "", to);
	}
}

/* The tree, or the faults if there are any. */
static char *outcome(const char *text, size_t len)
{
	struct conf *conf = conf_parse_buffer(text, len);
	char *got = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&got, &size);

	assert_non_null(conf);
	assert_non_null(to);
	if (conf_faults(conf) > 0)
		conf_print_faults(conf, "f", to);
	else
		dump(to, conf_first(conf));
	fclose(to);
	conf_free(conf);
	return got;
}

static void trees(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		/* words and lines */
		{ "", "" },
		{ "\n\n \t\r\n", "" },
		{ "a", "1:a" },
		{ "a b  c\n\nd\n", "1:a,b,c 3:d" },
		{ "\xef\xbb\xbfkey v", "1:key,v" },
		{ "a b\r\nc\r\n", "1:a,b 2:c" },
		/* blocks */
		{ "x { k v }", "1:x{1:k,v}" },
		{ "x{k v}y", "1:x{1:k,v} 1:y" },
		{ "x y\n{\nk\n}\n", "1:x,y{3:k}" },
		{ "x\n\n# why\n{ }", "1:x{}" },
		{ "a {b {c d} e\n} f", "1:a{1:b{1:c,d} 1:e} 2:f" },
		{ "a { } b { }", "1:a{} 1:b{}" },
		{ "a\nb { c }", "1:a 2:b{2:c}" },
		{ "a {\n<init> b 1\n<init> c d {\n e 2\n}\n}", "1:a{2:b,1 3:c,d{4:e,2}}" },
		/* comments */
		{ "# a\n! b\nc # d\ne ! f\n", "3:c 4:e" },
		{ "a#b c!d", "1:a#b,c!d" },
		{ "a {# b }\n}#c", "1:a{}" },
		{ "'#' \"!\" \\#", "1:#,!,#" },
		{ "a # b \\\nc", "1:a 2:c" },
		/* quotes */
		{ "a 'b c' \"d  e\"", "1:a,b c,d  e" },
		{ "a '' \"\"", "1:a,," },
		{ "a b'c'\"d\"e", "1:a,bcde" },
		{ "a '{' \"}\" \\{\\}", "1:a,{,},{}" },
		{ "a 'b\nc' d\ne", "1:a,b\nc,d 3:e" },
		{ "a '\\n\"$x`'", "1:a,\\n\"$x`" },
		{ "a \"\\\"\\\\\\$\\`\\n'\"", "1:a,\"\\$`\\n'" },
		{ "a $HOME *", "1:a,$HOME,*" },
		/* backslash */
		{ "a\\ b c\\'d", "1:a b,c'd" },
		{ "a b\\\n c\nd", "1:a,b,c 3:d" },
		{ "a b\\\nc", "1:a,bc" },
		{ "a \"b\\\nc\" d\ne", "1:a,bc,d 3:e" },
		{ "a \\\n# b\nc", "1:a 3:c" },
		{ "a \\", "1:a,\\" },
		/* markers */
		{ "<init> a", "1:a" },
		{ "<init>a <1-9> b", "1:a,b" },
		{ "<init>\n<none, low> a\n", "2:<none,,low>,a" },
		{ "<init>", "" },
		{ "a <b c>d '<e>' f<g>", "1:a,<b,c>d,<e>,f<g>" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char *got = outcome(cases[i].in, strlen(cases[i].in));

		assert_string_equal(got, cases[i].want);
		free(got);
	}
}

static void word_lines(void **state)
{
	static const char text[] = "a \\\n b 'c\nd' e {\nf g }";
	struct conf *conf = conf_parse_buffer(text, sizeof(text) - 1);
	const struct conf_node *node = conf_first(conf);
	static const unsigned int want[] = { 1, 2, 2, 3 };

	assert_int_equal(node->n_words, LENGTH(want));
	for (size_t i = 0; i < LENGTH(want); i++)
		assert_int_equal(node->words[i].line, want[i]);
	assert_int_equal(node->children->words[1].line, 4);
	assert_null(node->next);
	conf_free(conf);
}

static void faults(void **state)
{
	static const struct {
		const char *in;
		size_t len; /* 0: as the string is */
		const char *want;
	} cases[] = {
		{ "a\nb 'c\nd\n", 0, "f:2: a quote (') that is opened here is not closed\n" },
		{ "a \"b\\\"", 0, "f:1: a quote (\") that is opened here is not closed\n" },
		{ "a {\n'b }", 0, "f:2: a quote (') that is opened here is not closed\n" },
		{ "a {\nb {\n}\n", 0,
		  "f:1: block \"a\" that is opened here is not closed: a \"}\" is missing\n" },
		{ "a\nb {\nc {", 0,
		  "f:2: block \"b\" that is opened here is not closed: a \"}\" is missing\n"
		  "f:3: block \"c\" that is opened here is not closed: a \"}\" is missing\n" },
		{ "a { }\n}\n} b\n", 0,
		  "f:2: a \"}\" that closes no block\nf:3: a \"}\" that closes no block\n" },
		{ "{ a }", 0, "f:1: a \"{\" without a block's name before it\n" },
		{ "a { }\n{ b }\n", 0, "f:2: a \"{\" without a block's name before it\n" },
		{ "a\nb\0c\n", 6, "f:2: a NUL byte: the file must be text\n" },
		{ "a\n'b\n\0'", 7, "f:3: a NUL byte: the file must be text\n" },
		{ "a \\\0b", 5, "f:1: a NUL byte: the file must be text\n" },
		{ "a \"\\\0b\"", 7, "f:1: a NUL byte: the file must be text\n" },
		{ "a # \0", 5, "f:1: a NUL byte: the file must be text\n" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char *got = outcome(cases[i].in, cases[i].len ? cases[i].len : strlen(cases[i].in));

		assert_string_equal(got, cases[i].want);
		free(got);
	}
}

/* head, n times piece, tail */
static char *repeated(const char *head, const char *piece, unsigned int n, const char *tail)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	fputs(head, to);
	for (unsigned int i = 0; i < n; i++)
		fputs(piece, to);
	fputs(tail, to);
	fclose(to);
	return text;
}

static void limits(void **state)
{
	static const struct {
		const char *head, *piece, *tail;
		unsigned int most; /* pieces without a fault */
		const char *want;  /* with one more */
	} cases[] = {
		{ "\na ", "x", "\n", CONF_WORD_MAX,
		  "f:2: a word of more than 4095 bytes: is a closing quote missing?\n" },
		{ "\na '", "y", "'\n", CONF_WORD_MAX,
		  "f:2: a word of more than 4095 bytes: is a closing quote missing?\n" },
		{ "a", " b", "\nc", 4095, "f:1: more than 4096 words on a line\n" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char *text = repeated(cases[i].head, cases[i].piece, cases[i].most, cases[i].tail);
		char *got = outcome(text, strlen(text));

		assert_memory_not_equal(got, "f:", 2);
		free(got);
		free(text);
		text = repeated(cases[i].head, cases[i].piece, cases[i].most + 1, cases[i].tail);
		got = outcome(text, strlen(text));
		assert_string_equal(got, cases[i].want);
		free(got);
		free(text);
	}
}

static void nesting(void **state)
{
	char *text = repeated("", "a {\n", CONF_DEPTH_MAX, "}}}}}}}}}}}}}}}}");
	char *got = outcome(text, strlen(text));

	assert_memory_equal(got, "1:a{2:a{", 8);
	free(got);
	free(text);
	text = repeated("", "a {\n", 100000, "");
	got = outcome(text, strlen(text));
	assert_string_equal(got, "f:17: more than 16 blocks inside one another\n");
	free(got);
	free(text);
}

/* More faults than are kept are counted. */
static void many_faults(void **state)
{
	char *text = repeated("", "}\n", CONF_FAULTS_MAX + 7, "");
	char *got = outcome(text, strlen(text));
	unsigned int lines = 0;

	for (const char *c = got; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, CONF_FAULTS_MAX + 1);
	assert_non_null(strstr(got, "\nf: and 7 more faults\n"));
	free(got);
	free(text);
}

static void fault_order(void **state)
{
	struct conf *conf = conf_parse_buffer("a\nb\nc\n", 6);
	static const unsigned int lines[] = { 3, 1, 2, 1, 3 };
	static const char *const want[] = { "1", "3", "2", "0", "4" };

	for (size_t i = 0; i < LENGTH(lines); i++)
		conf_fault(conf, lines[i], "%zu", i);
	assert_int_equal(conf_faults(conf), LENGTH(lines));
	for (unsigned int i = 0; i < LENGTH(want); i++)
		assert_string_equal(conf_fault_at(conf, i)->text, want[i]);
	assert_null(conf_fault_at(conf, LENGTH(want)));
	conf_free(conf);
}

static void shown_words(void **state)
{
	struct conf *conf = conf_parse_buffer("", 0);
	char *longest = repeated("", "a", 64, ""), *longer = repeated("", "a", 65, "");
	char *cut = repeated("", "a", 64, "...");

	assert_string_equal(conf_show(conf, "a b"), "a b");
	assert_string_equal(conf_show(conf, "\x1b[31m\n\x7f"), "\\x1b[31m\\x0a\\x7f");
	assert_string_equal(conf_show(conf, longest), longest);
	assert_string_equal(conf_show(conf, longer), cut);
	free(longest);
	free(longer);
	free(cut);
	conf_free(conf);
}

static void assert_file_fault(const char *path, const char *want)
{
	struct conf *conf = conf_parse_file(path);

	assert_non_null(conf);
	assert_true(conf_broken(conf));
	assert_int_equal(conf_faults(conf), 1);
	assert_int_equal(conf_fault_at(conf, 0)->line, 1);
	assert_string_equal(conf_fault_at(conf, 0)->text, want);
	conf_free(conf);
}

static void files(void **state)
{
	char dir[] = "/tmp/dpvs-conf-test-XXXXXX", path[64];
	struct conf *conf;
	FILE *file;

	assert_non_null(mkdtemp(dir));
	assert_file_fault(dir, "cannot be read: Is a directory");
	snprintf(path, sizeof(path), "%s/f", dir);
	assert_file_fault(path, "cannot be read: No such file or directory");
	file = fopen(path, "w");
	assert_non_null(file);
	for (unsigned int i = 0; i < 100000; i++) /* more than one read */
		fprintf(file, "key%u value\n", i);
	fclose(file);
	conf = conf_parse_file(path);
	assert_int_equal(conf_faults(conf), 0);
	assert_string_equal(conf_first(conf)->words[1].text, "value");
	conf_free(conf);
	if (geteuid() != 0) {
		chmod(path, 0);
		assert_file_fault(path, "cannot be read: Permission denied");
	}
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, CONF_FILE_MAX + 1), 0);
	assert_file_fault(path, "cannot be read: a conf file has at most 64 MB");
	unlink(path);
	rmdir(dir);
}

/* Counts nodes and looks at every byte of them. */
static unsigned int walk(const struct conf_node *node, unsigned int depth)
{
	unsigned int n = 0;

	assert_true(depth <= CONF_DEPTH_MAX + 1);
	for (; node; node = node->next) {
		assert_true(node->n_words >= 1);
		assert_true(node->line >= 1);
		for (unsigned int i = 0; i < node->n_words; i++)
			assert_true(strlen(node->words[i].text) <= CONF_WORD_MAX);
		assert_true(node->has_block || !node->children);
		n += 1 + walk(node->children, depth + 1);
	}
	return n;
}

static void mutations(void **state)
{
	static const char seed[] =
		"a { # b\n<init> c 'd e' \"f\\\"g\" {\nh\\ i ! j\n}\n} k {}\nl m\\\n n\n";
	static const char bytes[] = "{}'\"\\#!<> \n\ta\0";
	struct prng prng = { .state = 1 };
	unsigned int good = 0, nodes = 0;

	for (unsigned int run = 0; run < 100000; run++) {
		char text[sizeof(seed) + 16];
		size_t len = sizeof(seed) - 1;
		struct conf *conf;

		memcpy(text, seed, len);
		for (unsigned int k = prng_below(&prng, 8); k > 0; k--) {
			size_t at = prng_below(&prng, (uint32_t)len);
			char byte = prng_below(&prng, 4)
					    ? bytes[prng_below(&prng, sizeof(bytes) - 1)]
					    : (char)prng_next(&prng);

			if (prng_below(&prng, 3) == 0) {
				text[at] = byte;
			} else if (prng_below(&prng, 2) == 0) {
				memmove(text + at + 1, text + at, len - at);
				text[at] = byte;
				len++;
			} else {
				memmove(text + at, text + at + 1, len - at - 1);
				len--;
			}
		}
		conf = conf_parse_buffer(text, len);
		assert_non_null(conf);
		assert_true(conf_broken(conf) == (conf_faults(conf) > 0));
		good += conf_faults(conf) == 0;
		nodes += walk(conf_first(conf), 1);
		conf_free(conf);
	}
	assert_in_range(good, 20000, 80000); /* both kinds were seen */
	assert_true(nodes > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees),       cmocka_unit_test(word_lines),
		cmocka_unit_test(faults),      cmocka_unit_test(limits),
		cmocka_unit_test(nesting),     cmocka_unit_test(many_faults),
		cmocka_unit_test(fault_order), cmocka_unit_test(shown_words),
		cmocka_unit_test(files),       cmocka_unit_test(mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

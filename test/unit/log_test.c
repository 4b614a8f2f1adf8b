/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log: names of levels, what a level lets through, and that a line is one
 * line whatever is put into it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/unit.h"

static void level_names(void **state)
{
	static const struct {
		const char *in;
		int want;
		enum log_level level;
	} cases[] = {
		{ "EMERG", 0, LOG_ERROR },
		{ "ALERT", 0, LOG_ERROR },
		{ "CRIT", 0, LOG_ERROR },
		{ "ERR", 0, LOG_ERROR },
		{ "ERROR", 0, LOG_ERROR },
		{ "err", 0, LOG_ERROR },
		{ "WARNING", 0, LOG_WARNING },
		{ "Notice", 0, LOG_NOTICE },
		{ "INFO", 0, LOG_INFO },
		{ "debug", 0, LOG_DEBUG },
		{ "", -EINVAL, 0 },
		{ "WARN!", -EINVAL, 0 },
		{ "INF", -EINVAL, 0 },
		{ "INFOS", -EINVAL, 0 },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		enum log_level level = (enum log_level)99;

		assert_int_equal(log_level_parse(cases[i].in, &level), cases[i].want);
		assert_int_equal(level, cases[i].want ? 99 : cases[i].level);
	}
}

/* The log's file and what is in it. */
struct fixture {
	char path[64];
	char text[8192];
};

static int open_log(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	strcpy(f->path, "/tmp/dpvs-log-test-XXXXXX");
	fd = mkstemp(f->path);
	if (fd < 0)
		return -1;
	close(fd);
	*state = f;
	log_set_level(LOG_INFO);
	log_set_timestamp(false);
	return log_open(f->path);
}

static int close_log(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	free(f);
	return log_open(NULL);
}

static const char *text_of(struct fixture *f)
{
	FILE *file;
	size_t n;

	fflush(log_stream());
	file = fopen(f->path, "r");
	assert_non_null(file);
	n = fread(f->text, 1, sizeof(f->text) - 1, file);
	f->text[n] = '\0';
	fclose(file);
	return f->text;
}

static void levels_filter(void **state)
{
	log_debug("not %d", 1);
	log_info("shown %d", 2);
	log_set_level(LOG_WARNING);
	log_notice("not %d", 3);
	log_warning("shown %s", "four");
	log_error("shown");
	assert_string_equal(text_of(*state), "info: shown 2\nwarning: shown four\nerror: shown\n");
}

static void one_line_each(void **state)
{
	char longer[5000];
	const char *text;

	log_info("a\nb\rc\033[1md\te");
	assert_string_equal(text_of(*state), "info: a?b?c?[1md?e\n");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_info("%s", longer);
	log_info("after");
	text = text_of(*state);
	assert_string_equal(text + strlen(text) - strlen("xx\ninfo: after\n"), "xx\ninfo: after\n");
	assert_in_range(strlen(text), 2000, 2200);
}

static void timestamps(void **state)
{
	int year, month, day, hour, minute, second, ms, end = 0;
	const char *text;

	log_set_timestamp(true);
	log_info("x");
	text = text_of(*state);
	assert_int_equal(sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d.%3d info: x%n", &year, &month, &day,
				&hour, &minute, &second, &ms, &end),
			 7);
	assert_int_equal(text[end], '\n');
	assert_in_range(year, 2020, 9999);
	assert_in_range(month, 1, 12);
}

/* A file that cannot be opened changes nothing; one that can is written from its end. Whoever keeps
 * the stream writes where the log is now. */
static void open_again(void **state)
{
	struct fixture *f = *state;
	FILE *kept = log_stream();

	log_info("one");
	assert_int_equal(log_open("/nonexistent/dir/log"), -ENOENT);
	log_info("two");
	assert_int_equal(log_open(f->path), 0);
	log_info("three");
	assert_string_equal(text_of(f), "info: one\ninfo: two\ninfo: three\n");
	assert_ptr_equal(log_stream(), kept);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(log_open(f->path), 0);
	fputs("a library's line\n", kept);
	assert_string_equal(text_of(f), "a library's line\n");
	assert_int_equal(log_open(NULL), 0);
	assert_ptr_equal(log_stream(), kept);
	assert_string_equal(text_of(f), "a library's line\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(level_names),
		cmocka_unit_test_setup_teardown(levels_filter, open_log, close_log),
		cmocka_unit_test_setup_teardown(one_line_each, open_log, close_log),
		cmocka_unit_test_setup_teardown(timestamps, open_log, close_log),
		cmocka_unit_test_setup_teardown(open_again, open_log, close_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

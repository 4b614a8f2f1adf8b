/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the conf file: its grammar, the table of keys, and the checks over
 * several keys. It needs no EAL and no other file than these; build and run it
 * by
 *
 *	clang -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -fsanitize=fuzzer,address,undefined \
 *		-o conf_fuzz test/fuzz/conf_fuzz.c src/control/conf.c src/main/settings*.c
 *	./conf_fuzz -max_len=4096 -max_total_time=60
 *
 * Beside what the sanitizers see, what is promised is checked: settings come
 * out if and only if no fault was told; what is taken is taken again, the same;
 * and every line that is printed names file and line.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(int kept)
{
	if (!kept)
		abort();
}

/* Every line is "f:LINE: …", but for the one that counts the faults that were not kept. */
static unsigned int check_lines(char *printed)
{
	unsigned int faults = 0;
	char *line, *rest = printed, *end;

	while ((line = strsep(&rest, "\n")) && *line) {
		promise(strncmp(line, "f:", 2) == 0);
		if (strncmp(line, "f: and ", 7) == 0)
			continue;
		promise(isdigit((unsigned char)line[2]) && line[2] != '0');
		strtoul(line + 2, &end, 10);
		promise(end[0] == ':' && end[1] == ' ' && end[2] != '\0');
		for (const char *c = end; *c; c++)
			promise((unsigned char)*c >= ' ' && *c != 0x7f);
		faults += strncmp(end, ": warning: ", 11) != 0;
	}
	return faults;
}

static struct settings *parse(const char *text, size_t size)
{
	struct settings *settings;
	char *printed = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&printed, &len);

	promise(to != NULL);
	settings = settings_parse("f", text, size, to);
	fclose(to);
	promise((check_lines(printed) == 0) == (settings != NULL));
	free(printed);
	return settings;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* its end is watched */
	struct settings *settings, *again;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	settings = parse(text, size);
	if (settings) {
		again = parse(text, size);
		promise(again != NULL);
		promise(settings_restart_needed(settings, again, NULL) == 0);
		promise(settings->n_startup == again->n_startup);
		for (unsigned int i = 0; i < settings->n_startup; i++)
			promise(settings->startup[i].argc > 0 &&
				settings->startup[i].argv[settings->startup[i].argc] == NULL);
		settings_free(again);
	}
	settings_free(settings);
	free(text);
	return 0;
}

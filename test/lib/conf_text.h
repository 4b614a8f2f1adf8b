/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/conf_text: conf files as strings: pieces of them, and what the checker prints about one. For
 * tests only. */
#ifndef TEST_LIB_CONF_TEXT_H
#define TEST_LIB_CONF_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/unit.h"
#include "main/settings.h"

#define MASTER     "worker m { type master\ncpu_id 0 }\n"
#define SLAVE_1    "worker a { type slave\ncpu_id 1\nport d { rx_queue_ids 0\ntx_queue_ids 0 } }\n"
#define SLAVE_2    "worker b { type slave\ncpu_id 2\nport d { rx_queue_ids 1\ntx_queue_ids 1 } }\n"
#define WORKERS(x) "worker_defs {\n" x "}\n"
#define D          "netif_defs { device d { } }\n"
#define D_AND_E    "netif_defs { device d { } device e { } }\n"

/* What settings_parse() prints; *settings is its result. */
static inline char *conf_text_parse(const char *text, struct settings **settings)
{
	char *printed = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&printed, &size);

	assert_non_null(to);
	*settings = settings_parse("dpvs.conf", text, strlen(text), to);
	fclose(to);
	return printed;
}

#endif

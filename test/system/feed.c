/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * feed: a batch for dpip with the routes of lib/feed.h, one a line.
 *
 *	feed add|del|replace 4|6 COUNT [WORD…]
 *
 * Each WORD follows the prefix; a `%` in it becomes 1 to 200 in turn, so that
 * `via 10.2.0.%` means two hundred gateways.
 */
#include "lib/feed.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_word(const char *word, uint32_t n)
{
	putchar(' ');
	for (; *word; word++)
		if (*word == '%')
			printf("%u", 1 + n % 200);
		else
			putchar(*word);
}

int main(int argc, char **argv)
{
	char text[INET6_ADDRSTRLEN];
	struct feed feed;
	uint32_t count;
	int family;

	if (argc < 4 || (strcmp(argv[2], "4") != 0 && strcmp(argv[2], "6") != 0)) {
		fputs("feed add|del|replace 4|6 COUNT [WORD...]\n", stderr);
		return 2;
	}
	family = argv[2][0] == '4' ? AF_INET : AF_INET6;
	count = (uint32_t)strtoul(argv[3], NULL, 10);
	if (count > (family == AF_INET ? FEED4_MAX : FEED6_MAX)) {
		fprintf(stderr, "feed: COUNT is at most %u\n",
			family == AF_INET ? FEED4_MAX : FEED6_MAX);
		return 2;
	}
	feed_init(&feed, family);
	for (uint32_t i = 0; i < count; i++) {
		struct feed_prefix prefix = feed_next(&feed);

		printf("route %s %s/%u", argv[1],
		       inet_ntop(family, prefix.addr, text, sizeof(text)), prefix.plen);
		for (int word = 4; word < argc; word++)
			put_word(argv[word], i);
		putchar('\n');
	}
	return 0;
}

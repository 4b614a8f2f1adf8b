/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/feed: prefixes as a router of the default-free zone has them: the shares
 * of the lengths are those of the Internet's tables, where they lie is random,
 * and no prefix comes twice. The same number is always the same prefix, so a
 * feed can be taken back without having been kept. For tests and the bench.
 */
#ifndef TEST_LIB_FEED_H
#define TEST_LIB_FEED_H

#include <stdint.h>

#define FEED4_MAX 1200000 /* prefixes there are */
#define FEED6_MAX 400000

struct feed_prefix {
	uint8_t addr[16]; /* IPv4: the first four bytes */
	uint8_t plen;
};

struct feed {
	int family;
	uint32_t n; /* given so far */
	uint32_t of_length[129];
};

void feed_init(struct feed *feed, int family);

/* The next one; at most FEED4_MAX or FEED6_MAX of them. */
struct feed_prefix feed_next(struct feed *feed);

#endif

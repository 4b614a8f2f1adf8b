/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/feed.h"

#include <string.h>
#include <sys/socket.h>

/* Of 1,000 prefixes so many have this length; what is left over has the last. */
struct share {
	uint8_t plen;
	uint16_t per_mille;
};

static const struct share shares4[] = {
	{ 12, 1 },  { 13, 1 },  { 14, 2 },  { 15, 2 },  { 16, 13 },  { 17, 8 },
	{ 18, 14 }, { 19, 25 }, { 20, 44 }, { 21, 52 }, { 22, 110 }, { 23, 103 },
	{ 25, 5 },  { 27, 5 },  { 29, 5 },  { 30, 5 },  { 32, 5 },   { 24, 600 },
};

static const struct share shares6[] = {
	{ 29, 25 }, { 30, 5 },   { 33, 15 }, { 36, 35 },  { 38, 10 }, { 40, 95 },
	{ 42, 25 }, { 44, 110 }, { 45, 15 }, { 46, 40 },  { 47, 35 }, { 64, 10 },
	{ 128, 5 }, { 56, 5 },   { 32, 90 }, { 48, 480 },
};

/* A number of `bits` bits to another, each to one of its own: rounds that can be undone. */
static uint32_t shuffle(uint32_t n, unsigned int bits)
{
	uint32_t mask = bits < 32 ? (1u << bits) - 1 : UINT32_MAX;

	for (unsigned int round = 0; round < 3; round++) {
		n = n * 0x9e3779b1u & mask;
		n ^= n >> (bits / 2 + 1);
		n = (n + 0x7f4a7c15u) & mask;
	}
	return n;
}

void feed_init(struct feed *feed, int family)
{
	memset(feed, 0, sizeof(*feed));
	feed->family = family;
}

static uint8_t length_of(const struct share *shares, uint32_t draw)
{
	while (draw >= shares->per_mille) {
		draw -= shares->per_mille;
		shares++;
	}
	return shares->plen;
}

/* 10/8 is left for whoever tests, and what no host can have is left out. */
static int is_usable4(uint32_t addr)
{
	uint32_t first = addr >> 24;

	return first >= 1 && first <= 223 && first != 10 && first != 127;
}

static struct feed_prefix next4(struct feed *feed, uint8_t plen)
{
	struct feed_prefix prefix = { .plen = plen };
	uint32_t addr;

	do
		addr = shuffle(feed->of_length[plen]++, plen) << (32 - plen);
	while (!is_usable4(addr));
	for (unsigned int i = 0; i < 4; i++)
		prefix.addr[i] = (uint8_t)(addr >> (24 - 8 * i));
	return prefix;
}

/* A million providers have a /32 each, 2400::/12, and longer prefixes lie in those. */
static struct feed_prefix next6(struct feed *feed, uint8_t plen)
{
	unsigned int own = plen < 32 ? plen - 12 : 20, below = plen > 32 ? plen - 32 : 0;
	unsigned int known = below < 12 ? below : 12; /* the bits behind are 0 */
	uint32_t n = shuffle(feed->of_length[plen]++, own + known);
	struct feed_prefix prefix = { .addr = { 0x24 }, .plen = plen };
	uint32_t provider = n >> known << (20 - own), low = (n & ((1u << known) - 1))
							    << (16 - known);

	prefix.addr[1] = (uint8_t)(provider >> 16);
	prefix.addr[2] = (uint8_t)(provider >> 8);
	prefix.addr[3] = (uint8_t)provider;
	prefix.addr[4] = (uint8_t)(low >> 8);
	prefix.addr[5] = (uint8_t)low;
	return prefix;
}

struct feed_prefix feed_next(struct feed *feed)
{
	/* 7,919 has no part in common with 1,000: of each 1,000 all draws come once */
	uint32_t draw = feed->n++ % 1000 * 7919 % 1000;

	if (feed->family == AF_INET)
		return next4(feed, length_of(shares4, draw));
	return next6(feed, length_of(shares6, draw));
}

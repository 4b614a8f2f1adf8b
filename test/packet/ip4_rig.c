/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/ip4_rig.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"

#define L3 14

struct harness *ip4_rig_new(const struct harness_options *options)
{
	struct harness *h = harness_new(options);
	uint8_t frame[128];

	harness_run(h, "dpip addr add 10.0.0.1/24 dev dpdk0");
	harness_run(h, "dpip addr add 192.168.0.1/24 dev dpdk1");
	harness_neigh(h, "10.0.0.2", "06:00:00:00:00:02", "dpdk0");
	harness_neigh(h, "192.168.0.2", "06:00:00:00:00:12", "dpdk1");
	/* each new address is announced */
	assert_int_equal(harness_take(h, 0, frame, sizeof(frame)), 42);
	assert_int_equal(harness_take(h, 1, frame, sizeof(frame)), 42);
	ip4_expect_nothing(h);
	return h;
}

/* One's complement sum of big-endian words, the plain way. */
static uint32_t sum_words(const uint8_t *at, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)at[i] << 8 | (i + 1 < len ? at[i + 1] : 0);
	return sum;
}

static void put_sum(uint8_t *field, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	field[0] = (uint8_t)(sum >> 8);
	field[1] = (uint8_t)sum;
}

void ip4_seal(struct bytes *frame)
{
	uint8_t *ip = frame->at + L3;
	size_t header = (ip[0] & 15) * 4u, total = (size_t)ip[2] << 8 | ip[3];
	size_t len = total > header ? total - header : 0;
	uint8_t *l4 = ip + header, *field = NULL;
	uint32_t sum = 0;

	if (frame->len < L3 + 20 || frame->len < L3 + total)
		return;
	if (ip[9] == 1 && len >= 8)
		field = l4 + 2;
	else if (ip[9] == 6 && len >= 20)
		field = l4 + 16;
	else if (ip[9] == 17 && len >= 8)
		field = l4 + 6;
	if (field && !field[0] && !field[1] && !(ip[6] & 0x3f) && !ip[7]) {
		if (ip[9] != 1)
			sum = sum_words(ip + 12, 8, ip[9] + (uint32_t)len);
		put_sum(field, sum_words(l4, len, sum));
	}
	if (!ip[10] && !ip[11])
		put_sum(ip + 10, sum_words(ip, header, 0));
}

struct bytes ip4_frame(const char *l2, const char *ip, size_t filler)
{
	struct bytes frame;

	frame.len = harness_hex(l2, frame.at, sizeof(frame.at));
	frame.len += harness_hex(ip, frame.at + frame.len, sizeof(frame.at) - frame.len);
	assert_true(frame.len + filler <= sizeof(frame.at));
	for (size_t i = 0; i < filler; i++)
		frame.at[frame.len++] = (uint8_t)i;
	ip4_seal(&frame);
	return frame;
}

void ip4_send_frame(struct harness *h, unsigned int port, const struct bytes *frame)
{
	harness_inject(h, port, 0, frame->at, frame->len);
	harness_turn(h);
	harness_assert_balance(h);
}

void ip4_expect_at(struct harness *h, unsigned int port, const struct bytes *want, const char *file,
		   int line)
{
	static char hex[2 * PACKET_MAX + 1];
	uint8_t got[PACKET_MAX];
	size_t len = harness_take(h, port, got, sizeof(got));

	for (size_t i = 0; i < want->len; i++)
		snprintf(hex + 2 * i, 3, "%02x", want->at[i]);
	harness_assert_frame(got, len, hex, file, line);
	ip4_expect_nothing_at(h, file, line);
}

void ip4_expect_nothing_at(struct harness *h, const char *file, int line)
{
	uint8_t got[PACKET_MAX];

	for (unsigned int port = 0; port < HARNESS_PORTS; port++)
		harness_assert_frame(got, harness_take(h, port, got, sizeof(got)), "", file, line);
}

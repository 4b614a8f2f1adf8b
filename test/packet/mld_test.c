/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multicast Listener Discovery as the wire sees it: exact bytes of what is
 * reported unasked, asked by either version, and when a group is left; and
 * what is no query.
 */
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "link/port.h"
#include "net/maddr.h"
#include "net/net.h"
#include "packet/ip4_rig.h"

#define OUR     "02:00:00:00:00:00" /* dpdk0 */
#define ROUTER  "06:00:00:00:00:01"
#define LL      "fe80000000000000000000fffe000000"
#define RLL     "fe800000000000000000000000000001"
#define ANY     "00000000000000000000000000000000"
#define NODES   "ff020000000000000000000000000001"
#define ROUTERS "ff020000000000000000000000000002"
#define REPORTS "ff020000000000000000000000000016"
#define OF_LL   "ff0200000000000000000001ff000000"
#define GROUP   "ff020000000000000000000000000005"
#define ALERT   "3a00 0502 0000 0100"
#define TO_MLD  "33:33:00:00:00:16"
#define TO_ALL  "33:33:00:00:00:01"

static uint32_t sum_words(const uint8_t *at, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)at[i] << 8 | (i + 1 < len ? at[i + 1] : 0);
	return sum;
}

struct message {
	const char *to, *from, *src, *dst;
	const char *hops;    /* NULL: 01 */
	const char *options; /* NULL: ALERT; of 8 bytes */
	const char *icmp;    /* its checksum of 0 is filled */
};

static struct bytes frame_of(const struct message *message)
{
	struct bytes frame = { .len = 0 };
	const unsigned int l4 = 14 + 40 + 8;
	uint32_t sum;
	size_t len;

	harness_hex(message->to, frame.at, 6);
	harness_hex(message->from, frame.at + 6, 6);
	harness_hex("86dd 60000000 0000 00", frame.at + 12, 9);
	harness_hex(message->hops ? message->hops : "01", frame.at + 21, 1);
	harness_hex(message->src, frame.at + 22, 16);
	harness_hex(message->dst, frame.at + 38, 16);
	harness_hex(message->options ? message->options : ALERT, frame.at + 54, 8);
	len = harness_hex(message->icmp, frame.at + l4, 1000);
	frame.at[18] = (uint8_t)((len + 8) >> 8);
	frame.at[19] = (uint8_t)(len + 8);
	frame.len = l4 + len;
	sum = sum_words(frame.at + 22, 32) + sum_words(frame.at + l4, len) + (uint32_t)len + 58;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	frame.at[l4 + 2] = (uint8_t)(~sum >> 8);
	frame.at[l4 + 3] = (uint8_t)~sum;
	return frame;
}

static void expect(struct harness *h, const char *to, const char *src, const char *dst,
		   const char *icmp)
{
	struct message message = { .to = to, .from = OUR, .src = src, .dst = dst, .icmp = icmp };
	struct bytes want = frame_of(&message);
	char hex[2 * sizeof(want.at) + 1] = "";
	uint8_t got[2048];

	for (size_t i = 0; i < want.len; i++)
		snprintf(hex + 2 * i, 3, "%02x", want.at[i]);
	assert_frame(got, harness_take(h, 0, got, sizeof(got)), hex);
}

static void expect_report(struct harness *h, const char *src, const char *records)
{
	char icmp[256];

	snprintf(icmp, sizeof(icmp), "8f00 0000 0000 %s", records);
	expect(h, TO_MLD, src, REPORTS, icmp);
}

static void send_message(struct harness *h, const struct message *message)
{
	struct bytes frame = frame_of(message);

	harness_inject(h, 0, 0, frame.at, frame.len);
	harness_turn(h);
}

static void ask(struct harness *h, const char *icmp)
{
	send_message(h, &(struct message){ TO_ALL, ROUTER, RLL, NODES, NULL, NULL, icmp });
}

static void forget_sent(struct harness *h)
{
	uint8_t frame[2048];

	for (unsigned int port = 0; port < HARNESS_PORTS; port++)
		while (harness_take(h, port, frame, sizeof(frame)))
			;
}

static void join(struct harness *h, const char *text, bool leave)
{
	struct maddr_key key = { .family = AF_INET6 };
	unsigned int family;

	assert_int_equal(ip_parse(text, &family, &key.ip), 0);
	assert_int_equal(leave ? maddr_leave(h->all, &key) : maddr_join(h->all, &key), 0);
}

/* With its link-local address, and nothing more to be said of that. */
static struct harness *settled(unsigned int n_workers)
{
	const struct harness_options options = { .n_workers = n_workers,
						 .mld = true,
						 .ip6_gen = IP6_GEN_EUI64 + 1 };
	struct harness *h = harness_new(&options);

	for (unsigned int i = 0; i < 6; i++)
		harness_advance(h, 1000);
	forget_sent(h);
	return h;
}

static void start_test(void **state)
{
	const struct harness_options options = { .mld = true,
						 .ip6_gen = IP6_GEN_EUI64 + 1,
						 .dad_transmits = 1 };
	struct harness *h = harness_new(&options);
	uint8_t frame[2048];

	/* the group comes before the first question about the address, from nobody yet */
	harness_advance(h, 500);
	expect_report(h, ANY, "0001 04000000" OF_LL);
	assert_int_equal(harness_take(h, 0, frame, sizeof(frame)), 14 + 40 + 32);
	assert_int_equal(frame[54], 135);
	harness_advance(h, 900);
	harness_advance(h, 600); /* the address is ours: once more, from it */
	forget_sent(h);
	harness_advance(h, 1000);
	forget_sent(h);
	harness_advance(h, 1000);
	ip4_expect_nothing(h);
	harness_assert_balance(h);
	harness_free(h);
}

static void change_test(void **state)
{
	for (unsigned int workers = 1; workers <= 3; workers += 2) {
		struct harness *h = settled(workers);

		join(h, "ff02::5", false);
		join(h, "ff01::5", false); /* does not leave the host */
		harness_advance(h, 500);
		expect_report(h, LL, "0001 04000000" GROUP);
		harness_advance(h, 1000); /* once more within a second, */
		harness_advance(h, 500);
		expect_report(h, LL, "0001 04000000" GROUP);
		harness_advance(h, 2000); /* and no more */
		harness_advance(h, 2000);
		ip4_expect_nothing(h);
		join(h, "ff02::5", true);
		harness_advance(h, 500);
		expect_report(h, LL, "0001 03000000" GROUP);
		harness_advance(h, 1000);
		harness_advance(h, 500);
		expect_report(h, LL, "0001 03000000" GROUP);
		harness_advance(h, 2000);
		ip4_expect_nothing(h);

		/* left and back at once: only the last is said */
		join(h, "ff02::5", false);
		join(h, "ff02::5", true);
		harness_advance(h, 500);
		ip4_expect_nothing(h);
		harness_assert_balance(h);
		harness_free(h);
	}
}

static void answer_test(void **state)
{
	for (unsigned int workers = 1; workers <= 3; workers += 2) {
		struct harness *h = settled(workers);

		/* 500 ms, all groups; version 2 has sources, too */
		ask(h, "8200 0000 01f4 0000" ANY "02 7d 0000");
		harness_advance(h, 800);
		expect_report(h, LL, "0001 02000000" OF_LL);
		/* one group; 32768 + 4096 is (0x1000 << 4) ms, so not yet is possible, then it is
		 */
		ask(h, "8200 0000 9000 0000" OF_LL "02 7d 0000");
		harness_advance(h, 65600);
		expect_report(h, LL, "0001 02000000" OF_LL);
		ask(h, "8200 0000 01f4 0000" GROUP "02 7d 0000"); /* none of ours */
		harness_advance(h, 800);
		ip4_expect_nothing(h);

		/* version 1: a packet a group, to the group; and changes by it, too */
		ask(h, "8200 0000 01f4 0000" ANY);
		harness_advance(h, 800);
		expect(h, "33:33:ff:00:00:00", LL, OF_LL, "8300 0000 0000 0000" OF_LL);
		join(h, "ff02::5", false);
		harness_advance(h, 500);
		expect(h, "33:33:00:00:00:05", LL, GROUP, "8300 0000 0000 0000" GROUP);
		harness_advance(h, 1100);
		forget_sent(h);
		join(h, "ff02::5", true);
		harness_advance(h, 500);
		expect(h, "33:33:00:00:00:02", LL, ROUTERS, "8400 0000 0000 0000" GROUP);
		harness_advance(h, 1100);
		forget_sent(h);
		harness_advance(h, 261000); /* nobody speaks it any more */
		forget_sent(h);
		ask(h, "8200 0000 01f4 0000" ANY "02 7d 0000");
		harness_advance(h, 800);
		expect_report(h, LL, "0001 02000000" OF_LL);
		ip4_expect_nothing(h);
		harness_assert_balance(h);
		harness_free(h);
	}
}

#define QUERY "8200 0000 01f4 0000" ANY "02 7d 0000"

static void refuse_test(void **state)
{
	static const struct message wrong[] = {
		{ TO_ALL, ROUTER, "20010db8000000000000000000000003", NODES, NULL, NULL, QUERY },
		{ TO_ALL, ROUTER, RLL, NODES, "02", NULL, QUERY },
		{ TO_ALL, ROUTER, RLL, NODES, NULL, "3a00 0104 0000 0000", QUERY },
		{ TO_ALL, ROUTER, RLL, NODES, NULL, "3a00 0502 0001 0100", QUERY },
		{ TO_ALL, ROUTER, RLL, NODES, NULL, NULL, "8200 0000 01f4 0000" ANY "02" },
		{ TO_ALL, ROUTER, RLL, NODES, NULL, NULL, "8200 0000 01f4 0000" },
		{ TO_ALL, ROUTER, RLL, NODES, NULL, NULL, "8200 0000 01f4 0000" RLL "02 7d 0000" },
	};
	static const struct message heard = {
		TO_ALL, ROUTER, RLL, NODES, NULL, NULL, "8300 0000 0000 0000" OF_LL
	};
	struct harness *h = settled(1);

	for (unsigned int i = 0; i < LENGTH(wrong); i++) {
		send_message(h, &wrong[i]);
		if (harness_drops(h, DROP_MLD_INVALID) != i + 1)
			fail_msg("%u is taken", i);
	}
	send_message(h, &heard);
	assert_int_equal(harness_drops(h, DROP_MLD_DONE), 1);
	harness_advance(h, 800);
	ip4_expect_nothing(h);

	/* many questions are one, and they are bounded */
	for (unsigned int i = 0; i < 100; i++)
		ask(h, QUERY);
	harness_advance(h, 800);
	expect_report(h, LL, "0001 02000000" OF_LL);
	ip4_expect_nothing(h);
	harness_assert_balance(h);
	harness_free(h);
}

/* More groups than a report holds; a port that was down tells all of them again. */
static void many_test(void **state)
{
	struct harness *h = settled(1);
	unsigned int reports = 0;
	uint8_t frame[2048];
	char text[32];

	for (unsigned int i = 0; i < 150; i++) {
		snprintf(text, sizeof(text), "ff02::%x", 0x100 + i);
		join(h, text, false);
	}
	harness_advance(h, 250); /* a tick */
	while (harness_take(h, 0, frame, sizeof(frame)))
		reports++;
	assert_int_equal(reports, 3); /* 60, 60, 30 */
	for (unsigned int i = 0; i < 4; i++)
		harness_advance(h, 1000);
	forget_sent(h);
	harness_run(h, "dpip link set dpdk0 down");
	harness_advance(h, 500);
	join(h, "ff02::100", true);
	harness_advance(h, 500);
	ip4_expect_nothing(h);
	harness_run(h, "dpip link set dpdk0 up");
	harness_advance(h, 250);
	for (reports = 0; harness_take(h, 0, frame, sizeof(frame));)
		reports += frame[69]; /* records: 149 and that of the link-local address */
	assert_int_equal(reports, 150);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_test),  cmocka_unit_test(change_test),
		cmocka_unit_test(answer_test), cmocka_unit_test(refuse_test),
		cmocka_unit_test(many_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

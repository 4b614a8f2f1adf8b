/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What we say by ICMP and by TCP resets, byte by byte: echo, each error, what
 * they are never about, and how many a second.
 */
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "packet/ip4_rig.h"

#define A  "0a000002"
#define US "0a000001"
#define B  "c0a80002"

#define UDP "1000 2000 000c 1111 61626364"

static const struct ip_case cases[] = {
	{ "echo", "4500 0020 abcd 0000 4001 0000" A US "0800 0000 0102 0304 61626364",
	  "4500 0020 0000 0000 4001 0000" US A "0000 0000 0102 0304 61626364", 0, 0, -1, NULL },
	{ "echo keeps tos, drops options",
	  "4624 0024 abcd 4000 0101 0000" A US "01010100 0800 0000 0102 0304 61626364",
	  "4524 0020 0000 0000 4001 0000" US A "0000 0000 0102 0304 61626364", 0, 0, -1, NULL },
	{ "echo with wrong checksum",
	  "4500 0020 abcd 0000 4001 0000" A US "0800 1234 0102 0304 61626364", NULL, 0, 0,
	  DROP_ICMP_CHECKSUM, NULL },
	{ "echo with a code", "4500 0020 abcd 0000 4001 0000" A US "0801 0000 0102 0304 61626364",
	  NULL, 0, 0, DROP_ICMP_DONE, NULL },
	{ "echo with time to live 0 and padding",
	  "4500 0020 abcd 0000 0001 0000" A US "0800 0000 0102 0304 61626364 ffff ffff",
	  "4500 0020 0000 0000 4001 0000" US A "0000 0000 0102 0304 61626364", 0, 0, -1, NULL },
	{ "echo to a group",
	  "4500 0020 abcd 0000 4001 0000" A "e0000001 0800 0000 0102 0304 61626364", NULL, 0, 0,
	  DROP_IP4_BROADCAST, "01:00:5e:00:00:01 06:00:00:00:00:02 0800" },
	{ "echo to everybody",
	  "4500 0020 abcd 0000 4001 0000" A "ffffffff 0800 0000 0102 0304 61626364", NULL, 0, 0,
	  DROP_IP4_BROADCAST, "ff:ff:ff:ff:ff:ff 06:00:00:00:00:02 0800" },
	{ "a kind that nobody knows",
	  "4500 0020 abcd 0000 4001 0000" A US "fa00 0000 0102 0304 61626364", NULL, 0, 0,
	  DROP_ICMP_DONE, NULL },
	{ "router discovery", "4500 001c abcd 0000 4001 0000" A US "0a00 0000 00000000", NULL, 0, 0,
	  DROP_ICMP_DONE, NULL },
	{ "timestamp request",
	  "4500 0028 abcd 0000 4001 0000" A US "0d00 0000 0102 0304 00000000 00000000 00000000",
	  NULL, 0, 0, DROP_ICMP_DONE, NULL },
	{ "a redirect",
	  "4500 0038 abcd 0000 4001 0000" A US "0501 0000 0a000063"
	  "4500 0020 0000 0000 4011 0000" US B "1000 2000 000c 1111",
	  NULL, 0, 0, DROP_ICMP_REDIRECT, NULL },
	{ "a damaged redirect",
	  "4500 0038 abcd 0000 4001 0000" A US "0501 1234 0a000063"
	  "4500 0020 0000 0000 4011 0000" US B "1000 2000 000c 1111",
	  NULL, 0, 0, DROP_ICMP_CHECKSUM, NULL },
	{ "echo reply", "4500 0020 abcd 0000 4001 0000" A US "0000 0000 0102 0304 61626364", NULL,
	  0, 0, DROP_ICMP_DONE, NULL },
	{ "an error about nothing of ours",
	  "4500 0038 abcd 0000 4001 0000" A US "0300 0000 00000000"
	  "4500 0020 0000 0000 4032 0000" US A "1000 2000 000c 1111",
	  NULL, 0, 0, DROP_ICMP_UNRELATED, NULL },
	{ "echo to a broadcast",
	  "4500 0020 abcd 0000 4001 0000" A "0a0000ff 0800 0000 0102 0304 61626364", NULL, 0, 0,
	  DROP_IP4_BROADCAST, "ff:ff:ff:ff:ff:ff 06:00:00:00:00:02 0800" },
	{ "no udp listener", "4508 0020 1234 4000 4011 0000" A US UDP,
	  "45c8 003c 0000 4000 4001 0000" US A "0303 0000 00000000", 0, 32, DROP_IP4_NO_LISTENER,
	  NULL },
	{ "no such protocol", "4500 0018 1234 0000 4032 0000" A US "01020304",
	  "45c0 0034 0000 4000 4001 0000" US A "0302 0000 00000000", 0, 24, DROP_IP4_NO_LISTENER,
	  NULL },
	{ "time exceeded", "4500 0020 1234 0000 0111 0000" A B UDP,
	  "45c0 003c 0000 4000 4001 0000" US A "0b00 0000 00000000", 0, 32, DROP_IP4_TTL, NULL },
	{ "time to live 0", "4500 0020 1234 0000 0011 0000" A B UDP,
	  "45c0 003c 0000 4000 4001 0000" US A "0b00 0000 00000000", 0, 32, DROP_IP4_TTL, NULL },
	{ "about a first fragment", "4500 0020 1234 2000 0111 0000" A B UDP,
	  "45c0 003c 0000 4000 4001 0000" US A "0b00 0000 00000000", 0, 32, DROP_IP4_TTL, NULL },
	{ "just not too big", "4500 03e8 1234 4000 0011 0000" A "ac100001 1000 2000 03d4 1111",
	  "45c0 0240 0000 4000 4001 0000" US A "0b00 0000 00000000", 972, 548, DROP_IP4_TTL, NULL },
	{ "no route", "4500 0020 1234 0000 4011 0000" A "08080808" UDP,
	  "45c0 003c 0000 4000 4001 0000" US A "0300 0000 00000000", 0, 32, DROP_IP4_NO_ROUTE,
	  NULL },
	{ "prohibited", "4500 0020 1234 0000 4011 0000" A "42000001" UDP,
	  "45c0 003c 0000 4000 4001 0000" US A "030d 0000 00000000", 0, 32, DROP_ROUTE_PROHIBIT,
	  NULL },
	{ "unreachable", "4500 0020 1234 0000 4011 0000" A "43000001" UDP,
	  "45c0 003c 0000 4000 4001 0000" US A "0301 0000 00000000", 0, 32, DROP_ROUTE_UNREACHABLE,
	  NULL },
	{ "blackhole", "4500 0020 1234 0000 4011 0000" A "44000001" UDP, NULL, 0, 0,
	  DROP_ROUTE_BLACKHOLE, NULL },
	{ "too big, quoted up to 576 bytes",
	  "4500 05dc 1234 4000 4011 0000" A "ac100001 1000 2000 05c8 1111",
	  "45c0 0240 0000 4000 4001 0000" US A "0304 0000 000003e8", 1472, 548, DROP_IP4_MTU,
	  NULL },
	{ "too big by a byte", "4500 03e9 1234 4000 4011 0000" A "ac100001 1000 2000 03d5 1111",
	  "45c0 0240 0000 4000 4001 0000" US A "0304 0000 000003e8", 973, 548, DROP_IP4_MTU, NULL },
	{ "option without length", "4600 0024 0000 0000 4011 0000" A B "01010107" UDP,
	  "45c0 0040 0000 4000 4001 0000" US A "0c00 0000 17000000", 0, 36, DROP_IP4_OPTIONS,
	  NULL },
	{ "option beyond header", "4600 0024 0000 0000 4011 0000" A B "07050000" UDP,
	  "45c0 0040 0000 4000 4001 0000" US A "0c00 0000 14000000", 0, 36, DROP_IP4_OPTIONS,
	  NULL },
	{ "option of length 1", "4600 0024 0000 0000 4011 0000" A B "07010000" UDP,
	  "45c0 0040 0000 4000 4001 0000" US A "0c00 0000 14000000", 0, 36, DROP_IP4_OPTIONS,
	  NULL },
	{ "loose source route", "4600 0024 0000 0000 4011 0000" A B "83030400" UDP,
	  "45c0 0040 0000 4000 4001 0000" US A "0305 0000 00000000", 0, 36, DROP_IP4_OPTIONS,
	  NULL },
	{ "strict source route", "4600 0024 0000 0000 4011 0000" A B "01890304" UDP,
	  "45c0 0040 0000 4000 4001 0000" US A "0305 0000 00000000", 0, 36, DROP_IP4_OPTIONS,
	  NULL },
	{ "source route to us", "4700 0028 0000 0000 4011 0000" A US "83070464 01010100" UDP,
	  "45c0 0044 0000 4000 4001 0000" US A "0305 0000 00000000", 0, 40, DROP_IP4_OPTIONS,
	  NULL },
	{ "no udp listener, to a broadcast", "4500 0020 1234 0000 4011 0000" A "0a0000ff" UDP, NULL,
	  0, 0, DROP_IP4_BROADCAST, "ff:ff:ff:ff:ff:ff 06:00:00:00:00:02 0800" },
	{ "no such protocol, to a group", "4500 0018 1234 0000 4032 0000" A "e0000001 01020304",
	  NULL, 0, 0, DROP_IP4_BROADCAST, "01:00:5e:00:00:01 06:00:00:00:00:02 0800" },
	{ "a group's option", "4600 0024 0000 0000 4011 0000" A "e0000001 07050000" UDP, NULL, 0, 0,
	  DROP_IP4_OPTIONS, "01:00:5e:00:00:01 06:00:00:00:00:02 0800" },
	{ "never about a redirect",
	  "4500 0038 abcd 0000 0101 0000" A B "0501 0000 0a000063"
	  "4500 0020 0000 0000 4011 0000" B A "1000 2000 000c 1111",
	  NULL, 0, 0, DROP_IP4_TTL, NULL },
	{ "never about an error",
	  "4500 0038 abcd 0000 0101 0000" A B "0301 0000 00000000"
	  "4500 0020 0000 0000 4011 0000" B A "1000 2000 000c 1111",
	  NULL, 0, 0, DROP_IP4_TTL, NULL },
	{ "but about an echo", "4500 0020 1234 0000 0101 0000" A B "0800 0000 0102 0304 61626364",
	  "45c0 003c 0000 4000 4001 0000" US A "0b00 0000 00000000", 0, 32, DROP_IP4_TTL, NULL },
	{ "never about a later fragment", "4500 0020 1234 0001 0111 0000" A B UDP, NULL, 0, 0,
	  DROP_IP4_TTL, NULL },
	{ "nor to who cannot be answered", "4500 0020 1234 0000 0111 0000 c8000001" B UDP, NULL, 0,
	  0, DROP_IP4_TTL, NULL },
	{ "syn: reset acknowledges it and its data",
	  "4500 002c 1234 4000 4006 0000" A US "1000 2000 00000100 00000000 5002 2000 0000 0000"
	  "61626364",
	  "4500 0028 0000 4000 4006 0000" US A "2000 1000 00000000 00000105 5014 0000 0000 0000", 0,
	  0, DROP_IP4_NO_LISTENER, NULL },
	{ "ack: reset has its sequence number",
	  "4500 0028 1234 4000 4006 0000" A US "1000 2000 00000100 00000777 5010 2000 0000 0000",
	  "4500 0028 0000 4000 4006 0000" US A "2000 1000 00000777 00000000 5004 0000 0000 0000", 0,
	  0, DROP_IP4_NO_LISTENER, NULL },
	{ "fin without ack, with options",
	  "4500 002c 1234 4000 4006 0000" A US "1000 2000 ffffffff 00000000 6001 2000 0000 0000"
	  "01010101",
	  "4500 0028 0000 4000 4006 0000" US A "2000 1000 00000000 00000000 5014 0000 0000 0000", 0,
	  0, DROP_IP4_NO_LISTENER, NULL },
};

static void test_answers(void **state)
{
	const struct harness_options options = { .forwarding = true };

	for (unsigned int i = 0; i < LENGTH(cases); i++) {
		struct harness *h = ip4_rig_new(&options);

		harness_run(h, "dpip route add 172.16.0.0/16 via 192.168.0.2 mtu 1000");
		harness_run(h, "dpip route add prohibit 66.0.0.0/8");
		harness_run(h, "dpip route add unreachable 67.0.0.0/8");
		harness_run(h, "dpip route add blackhole 68.0.0.0/8");
		assert_int_equal(harness_all_drops(h), 0);
		ip_case_check(h, &cases[i], TO_0, FROM_0);
		harness_free(h);
	}
}

/* An echo of several segments, odd ones too, is summed as a whole and answered as it is. */
static void test_echo_segments(void **state)
{
	const struct harness_options options = { .n_workers = 1 };
	struct harness *h = ip4_rig_new(&options);
	struct bytes in =
		ip4_frame(TO_0, "4500 03e4 abcd 0000 4001 0000" A US "0800 0000 0102 0304", 968);
	struct bytes want;

	for (unsigned int id = 0; id < 20; id++) {
		char ip[128];

		harness_inject_as(h, 0, 0, in.at, in.len, 0, 101 + 2 * id);
		harness_turn(h);
		snprintf(ip, sizeof(ip), "4500 03e4 %04x 0000 4001 0000" US A "0000 0000 0102 0304",
			 id);
		want = ip4_frame(FROM_0, ip, 968);
		ip4_expect(h, 0, &want);
	}
	assert_int_equal(harness_all_drops(h), 0);
	harness_free(h);
}

/* A second's worth at once, then as many a second; errors and resets each for themselves. */
static void test_rate(void **state)
{
	const struct harness_options options = { .icmp_rate = 10 };
	struct harness *h = ip4_rig_new(&options);
	struct bytes udp = ip4_frame(TO_0, "4500 0020 1234 4000 4011 0000" A US UDP, 0);
	struct bytes tcp = ip4_frame(TO_0,
				     "4500 0028 1234 4000 4006 0000" A US
				     "1000 2000 00000100 00000777 5010 2000 0000 0000",
				     0);

	for (unsigned int i = 0; i < 25; i++)
		ip4_send_frame(h, 0, &udp);
	assert_int_equal(ip4_count_frames(h, 0), 10);
	for (unsigned int i = 0; i < 25; i++)
		ip4_send_frame(h, 0, &tcp);
	assert_int_equal(ip4_count_frames(h, 0), 10);
	harness_advance(h, 500);
	for (unsigned int i = 0; i < 25; i++)
		ip4_send_frame(h, 0, &udp);
	assert_int_equal(ip4_count_frames(h, 0), 5);
	assert_int_equal(harness_drops(h, DROP_IP4_NO_LISTENER), 75);
	harness_free(h);
}

static void test_no_mbuf(void **state)
{
	const struct harness_options options = { .mbufs = 63 };
	struct harness *h = ip4_rig_new(&options);
	struct bytes udp = ip4_frame(TO_0, "4500 0020 1234 4000 4011 0000" A US UDP, 0);

	ip4_no_mbuf(h, &udp, DROP_IP4_NO_LISTENER);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_echo_segments),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_no_mbuf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

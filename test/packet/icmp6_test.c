/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What we say by ICMPv6 and by TCP resets over IPv6, byte by byte: echo, each
 * error, what they are never about, and how many a second.
 */
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "packet/ip4_rig.h"

#define A    "20010db8000000000000000000000002"
#define US   "20010db8000000000000000000000001"
#define B    "20010db8000100000000000000000002"
#define FAR  "20010db8009900000000000000000001" /* no route */
#define LONG "20010db8005500000000000000000001" /* MTU 1400 */
#define LL   "fe800000000000000000000000000002"
#define ALL  "ff020000000000000000000000000001"

#define UDP "1000 2000 000c 1111 61626364"

#define GROUP6 "33:33:00:00:00:01 06:00:00:00:00:02 86dd"

static const struct ip_case cases[] = {
	{ "echo", "60000000 000c 3a 40" A US "8000 0000 0102 0304 61626364",
	  "60000000 000c 3a 40" US A "8100 0000 0102 0304 61626364", 0, 0, -1, NULL },
	{ "echo whose checksum is 0, said as ffff",
	  "60000000 000c 3a 40" A US "8000 ffff 5c79 0304 61626364",
	  "60000000 000c 3a 40" US A "8100 feff 5c79 0304 61626364", 0, 0, -1, NULL },
	{ "echo keeps its class, drops label and extension headers",
	  "6ab12345 001c 00 01" A US "3c00 0502 0000 0100 3a00 0104 00000000"
	  "8000 0000 0102 0304 61626364",
	  "6ab00000 000c 3a 40" US A "8100 0000 0102 0304 61626364", 0, 0, -1, NULL },
	{ "echo in an atomic fragment",
	  "60000000 0014 2c 40" A US "3a00 0000 00000001 8000 0000 0102 0304 61626364",
	  "60000000 000c 3a 40" US A "8100 0000 0102 0304 61626364", 0, 0, -1, NULL },
	{ "echo to all nodes", "60000000 000c 3a 40" A ALL "8000 0000 0102 0304 61626364",
	  "60000000 000c 3a 40" US A "8100 0000 0102 0304 61626364", 0, 0, -1, GROUP6 },
	{ "echo from a link-local address",
	  "60000000 000c 3a 40" LL US "8000 0000 0102 0304 61626364",
	  "60000000 000c 3a 40" US LL "8100 0000 0102 0304 61626364", 0, 0, -1, NULL },
	{ "echo behind a routing header that has come to its end",
	  "60000000 0024 2b 40" A US "3a02 0000 00000000" B "8000 0000 0102 0304 61626364",
	  "60000000 000c 3a 40" US A "8100 0000 0102 0304 61626364", 0, 0, -1, NULL },
	{ "echo with wrong checksum", "60000000 000c 3a 40" A US "8000 1234 0102 0304 61626364",
	  NULL, 0, 0, DROP_ICMP_CHECKSUM, NULL },
	{ "echo with a code", "60000000 000c 3a 40" A US "8001 0000 0102 0304 61626364", NULL, 0, 0,
	  DROP_ICMP_DONE, NULL },
	{ "echo with hop limit 0 and padding",
	  "60000000 000c 3a 00" A US "8000 0000 0102 0304 61626364 ffff ffff",
	  "60000000 000c 3a 40" US A "8100 0000 0102 0304 61626364", 0, 0, -1, NULL },
	{ "echo to a group of others",
	  "60000000 000c 3a 40" A "ff020000000000000000000000000077 8000 0000 0102 0304 61626364",
	  NULL, 0, 0, DROP_IP6_MULTICAST, "33:33:00:00:00:77 06:00:00:00:00:02 86dd" },
	{ "an error that nobody knows",
	  "60000000 0038 3a 40" A US "6400 0000 00000000 60000000 0008 3b 40" US A
	  "00000000 00000000",
	  NULL, 0, 0, DROP_ICMP_UNRELATED, NULL },
	{ "a kind that nobody knows", "60000000 0008 3a 40" A US "c800 0000 00000000", NULL, 0, 0,
	  DROP_ICMP_DONE, NULL },
	{ "node information query",
	  "60000000 0010 3a 40" A US "8b00 0000 00000000 0102030405060708", NULL, 0, 0,
	  DROP_ICMP_DONE, NULL },
	{ "a redirect", "60000000 0028 3a ff" LL US "8900 0000 00000000" B B, NULL, 0, 0,
	  DROP_ND6_REDIRECT, NULL },
	{ "a redirect from off the link", "60000000 0028 3a fe" LL US "8900 0000 00000000" B B,
	  NULL, 0, 0, DROP_ND6_HOP_LIMIT, NULL },
	{ "echo reply", "60000000 000c 3a 40" A US "8100 0000 0102 0304 61626364", NULL, 0, 0,
	  DROP_ICMP_DONE, NULL },
	{ "an error about nothing of ours",
	  "60000000 003c 3a 40" A US "0104 0000 00000000 60000000 000c 11 40" US A UDP, NULL, 0, 0,
	  DROP_ICMP_UNRELATED, NULL },

	{ "hop limit", "60000000 000c 11 01" A B UDP,
	  "60000000 003c 3a 40" US A "0300 0000 00000000", 0, 52, DROP_IP6_TTL, NULL },
	{ "hop limit 0", "60000000 000c 11 00" A B UDP,
	  "60000000 003c 3a 40" US A "0300 0000 00000000", 0, 52, DROP_IP6_TTL, NULL },
	{ "about a first fragment", "60000000 0014 2c 01" A B "1100 0001 00000001" UDP,
	  "60000000 0044 3a 40" US A "0300 0000 00000000", 0, 60, DROP_IP6_TTL, NULL },
	{ "too big by a byte", "60000000 0551 11 40" A LONG "1000 2000 0551 1111",
	  "60000000 04d8 3a 40" US A "0200 0000 00000578", 1353, 1232, DROP_IP6_MTU, NULL },
	{ "no route", "60000000 000c 11 40" A FAR UDP,
	  "60000000 003c 3a 40" US A "0100 0000 00000000", 0, 52, DROP_IP6_NO_ROUTE, NULL },
	{ "prohibited", "60000000 000c 11 40" A "20010db8006600000000000000000001" UDP,
	  "60000000 003c 3a 40" US A "0101 0000 00000000", 0, 52, DROP_ROUTE_PROHIBIT, NULL },
	{ "unreachable", "60000000 000c 11 40" A "20010db8006700000000000000000001" UDP,
	  "60000000 003c 3a 40" US A "0103 0000 00000000", 0, 52, DROP_ROUTE_UNREACHABLE, NULL },
	{ "blackhole", "60000000 000c 11 40" A "20010db8006800000000000000000001" UDP, NULL, 0, 0,
	  DROP_ROUTE_BLACKHOLE, NULL },
	{ "beyond scope", "60000000 000c 11 40" LL B UDP,
	  "60000000 003c 3a 40" US LL "0102 0000 00000000", 0, 52, DROP_IP6_SCOPE, NULL },
	{ "port", "60000000 000c 11 40" A US UDP, "60000000 003c 3a 40" US A "0104 0000 00000000",
	  0, 52, DROP_IP6_NO_LISTENER, NULL },
	{ "too big", "60000000 0564 11 40" A LONG "1000 2000 0564 1111",
	  "60000000 04d8 3a 40" US A "0200 0000 00000578", 1372, 1232, DROP_IP6_MTU, NULL },
	{ "just not too big", "60000000 0550 11 00" A LONG "1000 2000 0550 1111",
	  "60000000 04d8 3a 40" US A "0300 0000 00000000", 1352, 1232, DROP_IP6_TTL, NULL },
	{ "a later fragment too big", "60000000 0564 2c 40" A LONG "1100 0010 00000001",
	  "60000000 04d8 3a 40" US A "0200 0000 00000578", 1372, 1232, DROP_IP6_MTU, NULL },
	{ "protocol", "60000000 0004 84 40" A US "01020304",
	  "60000000 0034 3a 40" US A "0401 0000 00000006", 0, 44, DROP_IP6_NO_LISTENER, NULL },
	{ "protocol behind an extension header",
	  "60000000 000c 3c 40" A US "8400 0104 00000000 01020304",
	  "60000000 003c 3a 40" US A "0401 0000 00000028", 0, 52, DROP_IP6_NO_LISTENER, NULL },
	{ "hop-by-hop options not in front",
	  "60000000 001c 3c 40" A US "0000 0104 00000000 1100 0104 00000000" UDP,
	  "60000000 004c 3a 40" US A "0401 0000 00000028", 0, 68, DROP_IP6_NEXT_HEADER, NULL },
	{ "a second fragment header",
	  "60000000 001c 2c 40" A US "2c00 0000 00000001 1100 0000 00000002" UDP,
	  "60000000 004c 3a 40" US A "0401 0000 00000028", 0, 68, DROP_IP6_NEXT_HEADER, NULL },
	{ "routing header 0", "60000000 0024 2b 40" A US "1102 0001 00000000" B UDP,
	  "60000000 0054 3a 40" US A "0400 0000 0000002a", 0, 76, DROP_IP6_ROUTING, NULL },
	{ "routing header of another type", "60000000 0024 2b 40" A US "1102 0401 00000000" B UDP,
	  "60000000 0054 3a 40" US A "0400 0000 0000002a", 0, 76, DROP_IP6_ROUTING, NULL },
	{ "our option", "60000000 0014 3c 40" A US "1100 8204 00000000" UDP,
	  "60000000 0044 3a 40" US A "0402 0000 0000002a", 0, 60, DROP_IP6_OPTION, NULL },
	{ "our option, for hosts", "60000000 0014 3c 40" A US "1100 c204 00000000" UDP,
	  "60000000 0044 3a 40" US A "0402 0000 0000002a", 0, 60, DROP_IP6_OPTION, NULL },
	{ "routers' option", "60000000 0014 00 40" A B "1100 0100 c201 00 00" UDP,
	  "60000000 0044 3a 40" US A "0402 0000 0000002c", 0, 60, DROP_IP6_OPTION, NULL },
	{ "a group's option, told to all", "60000000 0014 3c 40" A ALL "1100 8204 00000000" UDP,
	  "60000000 0044 3a 40" US A "0402 0000 0000002a", 0, 60, DROP_IP6_OPTION, GROUP6 },
	{ "a first fragment without its udp header",
	  "60000000 000c 2c 40" A US "1100 0001 00000001 10002000",
	  "60000000 003c 3a 40" US A "0403 0000 00000000", 0, 52, DROP_L4_SHORT, NULL },
	{ "a first fragment without all headers",
	  "60000000 0010 2c 40" A US "3c00 0001 00000001 1101 0104 00000000",
	  "60000000 0040 3a 40" US A "0403 0000 00000000", 0, 56, DROP_IP6_CHAIN, NULL },

	{ "no error about an error",
	  "60000000 003c 3a 01" A B "0104 0000 00000000 60000000 000c 11 40" B A UDP, NULL, 0, 0,
	  DROP_IP6_TTL, NULL },
	{ "nor about a redirect", "60000000 0028 3a 01" A B "8900 0000 00000000" B B, NULL, 0, 0,
	  DROP_IP6_TTL, NULL },
	{ "nor about a later fragment of what may be one",
	  "60000000 0010 2c 01" A B "3a00 0010 00000001 0102030405060708", NULL, 0, 0, DROP_IP6_TTL,
	  NULL },
	{ "but about a later fragment of others",
	  "60000000 0010 2c 01" A B "1100 0010 00000001 0102030405060708",
	  "60000000 0040 3a 40" US A "0300 0000 00000000", 0, 56, DROP_IP6_TTL, NULL },
	{ "and about an echo", "60000000 000c 3a 01" A B "8000 0000 0102 0304 61626364",
	  "60000000 003c 3a 40" US A "0300 0000 00000000", 0, 52, DROP_IP6_TTL, NULL },
	{ "not to a group: port", "60000000 000c 11 40" A ALL UDP, NULL, 0, 0, DROP_IP6_NO_LISTENER,
	  GROUP6 },
	{ "not to a group: protocol", "60000000 0004 84 40" A ALL "01020304", NULL, 0, 0,
	  DROP_IP6_NO_LISTENER, GROUP6 },
	{ "not to a group: routing header", "60000000 0024 2b 40" A ALL "1102 0001 00000000" B UDP,
	  NULL, 0, 0, DROP_IP6_ROUTING, GROUP6 },
	{ "nor to who cannot be answered",
	  "60000000 000c 11 01 20010db8007700000000000000000001" B UDP, NULL, 0, 0, DROP_IP6_TTL,
	  NULL },

	{ "syn: reset acknowledges it and its data",
	  "60000000 0018 06 40" A US "1000 2000 00000100 00000000 5002 2000 0000 0000 61626364",
	  "60000000 0014 06 40" US A "2000 1000 00000000 00000105 5014 0000 0000 0000", 0, 0,
	  DROP_IP6_NO_LISTENER, NULL },
	{ "ack: reset has its sequence number",
	  "60000000 0014 06 40" A US "1000 2000 00000100 00000777 5010 2000 0000 0000",
	  "60000000 0014 06 40" US A "2000 1000 00000777 00000000 5004 0000 0000 0000", 0, 0,
	  DROP_IP6_NO_LISTENER, NULL },
	{ "fin without ack, with options",
	  "60000000 0018 06 40" A US "1000 2000 ffffffff 00000000 6001 2000 0000 0000 01010101",
	  "60000000 0014 06 40" US A "2000 1000 00000000 00000000 5014 0000 0000 0000", 0, 0,
	  DROP_IP6_NO_LISTENER, NULL },
	{ "syn from a link-local address",
	  "60000000 0014 06 40" LL US "1000 2000 00000100 00000000 5002 2000 0000 0000",
	  "60000000 0014 06 40" US LL "2000 1000 00000000 00000101 5014 0000 0000 0000", 0, 0,
	  DROP_IP6_NO_LISTENER, NULL },
};

static struct harness *rig(const struct harness_options *options)
{
	struct harness *h = ip6_rig_new(options);

	ip6_rig_route(h, "2001:db8:55::", 48, API_ROUTE_UNICAST, 1400);
	ip6_rig_route(h, "2001:db8:66::", 48, API_ROUTE_PROHIBIT, 0);
	ip6_rig_route(h, "2001:db8:67::", 48, API_ROUTE_UNREACHABLE, 0);
	ip6_rig_route(h, "2001:db8:68::", 48, API_ROUTE_BLACKHOLE, 0);
	return h;
}

static void test_answers(void **state)
{
	const struct harness_options options = { .forwarding = true };

	for (unsigned int i = 0; i < LENGTH(cases); i++) {
		struct harness *h = rig(&options);

		ip_case_check(h, &cases[i], TO6_0, FROM6_0);
		harness_free(h);
	}
}

/* A second's worth at once, then as many a second; a flood of the one family leaves the other its
 * own. */
static void test_rate(void **state)
{
	const struct harness_options options = { .icmp_rate = 10, .forwarding = true };
	struct harness *h = ip6_rig_new(&options);
	struct bytes udp = ip4_frame(TO6_0, "60000000 000c 11 40" A US UDP, 0);
	struct bytes udp4 = ip4_frame(TO_0, "4500 0020 1234 4000 4011 0000 0a000002 0a000001" UDP,
				      0);
	uint8_t frame[128];

	harness_run(h, "dpip addr add 10.0.0.1/24 dev dpdk0");
	harness_neigh(h, "10.0.0.2", "06:00:00:00:00:02", "dpdk0");
	while (harness_take(h, 0, frame, sizeof(frame)))
		;
	for (unsigned int i = 0; i < 25; i++)
		ip4_send_frame(h, 0, &udp);
	assert_int_equal(ip4_count_frames(h, 0), 10);
	for (unsigned int i = 0; i < 25; i++)
		ip4_send_frame(h, 0, &udp4);
	assert_int_equal(ip4_count_frames(h, 0), 10);
	harness_advance(h, 500);
	for (unsigned int i = 0; i < 25; i++)
		ip4_send_frame(h, 0, &udp);
	assert_int_equal(ip4_count_frames(h, 0), 5);
	assert_int_equal(harness_drops(h, DROP_IP6_NO_LISTENER), 50);
	harness_free(h);
}

/* A neighbour that never answers: of three packets one may wait for it, and its sender is told. */
static void test_neighbour(void **state)
{
	const struct harness_options options = { .forwarding = true, .neigh_queue = 1 };
	struct harness *h = ip6_rig_new(&options);
	const char *text = "60000000 000c 11 40" A "20010db8000100000000000000000009" UDP;
	struct bytes in = ip4_frame(TO6_0, text, 0);
	struct bytes want = ip4_frame(FROM6_0,
				      "60000000 003c 3a 40" US A "0103 0000 00000000"
				      "60000000 000c 11 3f" A
				      "20010db8000100000000000000000009" UDP,
				      0);

	for (unsigned int i = 0; i < 3; i++)
		ip4_send_frame(h, 0, &in);
	assert_int_equal(harness_drops(h, DROP_NEIGH_QUEUE), 2);
	harness_advance(h, 3900);
	assert_true(ip4_count_frames(h, 1) >= 3); /* it was asked */
	assert_int_equal(harness_drops(h, DROP_NEIGH_FAILED), 1);
	ip4_expect(h, 0, &want);
	harness_free(h);
}

/* An echo of several segments, odd ones too, is summed as a whole and answered as it is. */
static void test_echo_segments(void **state)
{
	const struct harness_options options = { .n_workers = 1 };
	struct harness *h = ip6_rig_new(&options);
	uint64_t before = harness_all_drops(h);
	struct bytes in = ip4_frame(TO6_0, "60000000 03d0 3a 40" A US "8000 0000 0102 0304", 968);
	struct bytes want = ip4_frame(FROM6_0, "60000000 03d0 3a 40" US A "8100 0000 0102 0304",
				      968);

	for (unsigned int i = 0; i < 20; i++) {
		harness_inject_as(h, 0, 0, in.at, in.len, 0, 101 + 2 * i);
		harness_turn(h);
		ip4_expect(h, 0, &want);
	}
	assert_int_equal(harness_all_drops(h), before);
	harness_free(h);
}

static void test_no_mbuf(void **state)
{
	const struct harness_options options = { .mbufs = 63 };
	struct harness *h = ip6_rig_new(&options);
	struct bytes udp = ip4_frame(TO6_0, "60000000 000c 11 40" A US UDP, 0);

	ip4_no_mbuf(h, &udp, DROP_IP6_NO_LISTENER);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),   cmocka_unit_test(test_rate),
		cmocka_unit_test(test_neighbour), cmocka_unit_test(test_echo_segments),
		cmocka_unit_test(test_no_mbuf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

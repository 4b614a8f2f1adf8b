/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 in and out: every reason for which a packet is refused, what happens to
 * padding, extension headers and split headers, and forwarding, with exact
 * bytes where something leaves. What is said about refused packets is in
 * icmp6_test.c.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "lib/unit.h"
#include "packet/ip4_rig.h"

/* version, class, label | payload length, next header, hop limit | source | destination */
#define UDP        "1000 2000 000c 0000 61626364" /* 12 bytes */
#define A          "20010db8000000000000000000000002"
#define US         "20010db8000000000000000000000001"
#define B          "20010db8000100000000000000000002"
#define LL         "fe800000000000000000000000000002"
#define ALL        "ff020000000000000000000000000001"
#define ZERO       "00000000000000000000000000000000"
#define BROADCAST6 "ff:ff:ff:ff:ff:ff 06:00:00:00:00:02 86dd"
#define GROUP6     "33:33:00:00:00:01 06:00:00:00:00:02 86dd"

static const struct {
	const char *name;
	const char *ip;
	enum drop_reason want;
	const char *l2; /* NULL: as usual */
	bool not_forwarding, disable;
} refused[] = {
	{ "no header", "60000000 000c 11 40" A "20010db8", DROP_IP6_SHORT, NULL, false, false },
	{ "payload above data", "60000000 000d 11 40" A B UDP, DROP_IP6_SHORT, NULL, false, false },
	{ "version 5", "50000000 000c 11 40" A B UDP, DROP_IP6_VERSION, NULL, false, false },
	{ "ipv4 in an ipv6 frame",
	  "4500 0020 0000 0000 4011 0000 0a000002 c0a80002" UDP "00000000 00000000",
	  DROP_IP6_VERSION, NULL, false, false },
	{ "empty frame", "", DROP_IP6_SHORT, NULL, false, false },
	{ "jumbogram", "60000000 0000 00 40" A B "1100 c204 00010000" UDP, DROP_IP6_CHAIN, NULL,
	  false, false },
	{ "to another mac address", "60000000 000c 11 40" A B UDP, DROP_ETH_OTHERHOST,
	  "02:00:00:00:00:77 06:00:00:00:00:02 86dd", false, false },
	{ "switched off", "60000000 000c 11 40" A B UDP, DROP_IP6_DISABLED, NULL, false, true },
	{ "from ::", "60000000 000c 11 40" ZERO B UDP, DROP_IP6_SOURCE, NULL, false, false },
	{ "from :: to us alone", "60000000 000c 11 40" ZERO US UDP, DROP_IP6_SOURCE, NULL, false,
	  false },
	{ "from a group", "60000000 000c 11 40" ALL B UDP, DROP_IP6_SOURCE, NULL, false, false },
	{ "from loopback", "60000000 000c 11 40 00000000000000000000000000000001" B UDP,
	  DROP_IP6_SOURCE, NULL, false, false },
	{ "from a mapped address", "60000000 000c 11 40 00000000000000000000ffff0a000001" B UDP,
	  DROP_IP6_SOURCE, NULL, false, false },
	{ "from us", "60000000 000c 11 40" US B UDP, DROP_IP6_SOURCE, NULL, false, false },
	{ "to ::", "60000000 000c 11 40" A ZERO UDP, DROP_IP6_DESTINATION, NULL, false, false },
	{ "to loopback", "60000000 000c 11 40" A "00000000000000000000000000000001" UDP,
	  DROP_IP6_DESTINATION, NULL, false, false },
	{ "to a mapped address", "60000000 000c 11 40" A "00000000000000000000ffff0a000001" UDP,
	  DROP_IP6_DESTINATION, NULL, false, false },
	{ "to a group of scope 0", "60000000 000c 11 40" A "ff000000000000000000000000000001" UDP,
	  DROP_IP6_DESTINATION, GROUP6, false, false },
	{ "to a group of this host", "60000000 000c 11 40" A "ff010000000000000000000000000001" UDP,
	  DROP_IP6_DESTINATION, GROUP6, false, false },
	{ "to a group of others", "60000000 000c 11 40" A "ff0e0000000000000000000000000077" UDP,
	  DROP_IP6_MULTICAST, GROUP6, false, false },
	{ "to a group of others, forwarding off",
	  "60000000 000c 11 40" A "ff020000000000000000000000000077" UDP, DROP_IP6_MULTICAST,
	  GROUP6, true, false },
	{ "to another's solicited-node group",
	  "60000000 000c 11 40" A "ff0200000000000000000001ff000099" UDP, DROP_IP6_MULTICAST,
	  "33:33:ff:00:00:99 06:00:00:00:00:02 86dd", false, false },
	{ "to our solicited-node group, no listener",
	  "60000000 000c 11 40" A "ff0200000000000000000001ff000001" UDP, DROP_IP6_NO_LISTENER,
	  "33:33:ff:00:00:01 06:00:00:00:00:02 86dd", false, false },
	{ "to all routers, no listener",
	  "60000000 000c 11 40" A "ff020000000000000000000000000002" UDP, DROP_IP6_NO_LISTENER,
	  "33:33:00:00:00:02 06:00:00:00:00:02 86dd", false, false },
	{ "to all routers, but we are none",
	  "60000000 000c 11 40" A "ff020000000000000000000000000002" UDP, DROP_IP6_MULTICAST,
	  "33:33:00:00:00:02 06:00:00:00:00:02 86dd", true, false },
	{ "to us in a broadcast frame", "60000000 000c 11 40" A US UDP, DROP_IP6_BROADCAST,
	  BROADCAST6, false, false },
	{ "hop limit and forwarding off", "60000000 000c 11 01" A B UDP, DROP_IP6_FORWARDING, NULL,
	  true, false },
	{ "icmp of ipv4, to a group of others",
	  "60000000 0008 01 40" LL "ff020000000000000000000000000077"
	  "08000000 00000000",
	  DROP_IP6_MULTICAST, GROUP6, false, false },
	{ "to all nodes, no listener", "60000000 000c 11 40" A ALL UDP, DROP_IP6_NO_LISTENER,
	  GROUP6, false, false },
	{ "unicast in a broadcast frame", "60000000 000c 11 40" A B UDP, DROP_IP6_BROADCAST,
	  BROADCAST6, false, false },
	{ "to a link-local address elsewhere",
	  "60000000 000c 11 40" A "fe800000000000000000000000000099" UDP, DROP_IP6_SCOPE, NULL,
	  false, false },
	{ "from a link-local address, not forwarding", "60000000 000c 11 40" LL B UDP,
	  DROP_IP6_SCOPE, NULL, true, false },
	{ "forwarding is off", "60000000 000c 11 40" A B UDP, DROP_IP6_FORWARDING, NULL, true,
	  false },
	{ "no route and forwarding off",
	  "60000000 000c 11 40" A "20010db8009900000000000000000001" UDP, DROP_IP6_FORWARDING, NULL,
	  true, false },
	{ "hop-by-hop beyond packet", "60000000 0008 00 40" A B "1101 0104 00000000",
	  DROP_IP6_CHAIN, NULL, false, false },
	{ "no room for an extension header", "60000000 0004 00 40" A B "1100 0104", DROP_IP6_CHAIN,
	  NULL, false, false },
	{ "nine extension headers",
	  "60000000 0054 3c 40" A US "3c00 0104 00000000 3c00 0104 00000000 3c00 0104 00000000"
	  "3c00 0104 00000000 3c00 0104 00000000 3c00 0104 00000000 3c00 0104 00000000"
	  "3c00 0104 00000000 1100 0104 00000000" UDP,
	  DROP_IP6_CHAIN, NULL, false, false },
	{ "option beyond its header", "60000000 0014 00 40" A B "1100 0105 00000000" UDP,
	  DROP_IP6_CHAIN, NULL, false, false },
	{ "option without length", "60000000 0014 00 40" A B "1100 0103 00000077" UDP,
	  DROP_IP6_CHAIN, NULL, false, false },
	{ "router's option that says drop", "60000000 0014 00 40" A B "1100 4204 00000000" UDP,
	  DROP_IP6_OPTION, NULL, false, false },
	{ "our option that says drop", "60000000 0014 3c 40" A US "1100 4204 00000000" UDP,
	  DROP_IP6_OPTION, NULL, false, false },
	{ "group's option that says tell hosts",
	  "60000000 0014 3c 40" A ALL "1100 c204 00000000" UDP, DROP_IP6_OPTION, GROUP6, false,
	  false },
	{ "routing header 0 on its way", "60000000 0024 2b 40" A B "1102 0001 00000000" B UDP,
	  DROP_IP6_ROUTING, NULL, false, false },
	{ "udp of 7 bytes", "60000000 0007 11 40" A B "10002000000700", DROP_L4_SHORT, NULL, false,
	  false },
	{ "tcp of 19 bytes", "60000000 0013 06 40" A B "10002000 00000000 00000000 50020000 000000",
	  DROP_L4_SHORT, NULL, false, false },
	{ "tcp header beyond data",
	  "60000000 0014 06 40" A B "10002000 00000000 00000000 60020000 00000000", DROP_L4_SHORT,
	  NULL, false, false },
	{ "icmp of 3 bytes", "60000000 0003 3a 40" A B "800000", DROP_L4_SHORT, NULL, false,
	  false },
	{ "echo of 7 bytes", "60000000 0007 3a 40" A B "80000000000000", DROP_L4_SHORT, NULL, false,
	  false },
	{ "no next header", "60000000 0000 3b 40" A US, DROP_IP6_NO_LISTENER, NULL, false, false },
	{ "reset for us", "60000000 0014 06 40" A US "10002000 00000001 00000000 50040000 00000000",
	  DROP_IP6_NO_LISTENER, NULL, false, false },
	{ "damaged syn for us",
	  "60000000 0014 06 40" A US "10002000 00000001 00000000 50020000 12340000",
	  DROP_IP6_NO_LISTENER, NULL, false, false },
};

static void test_refused(void **state)
{
	for (unsigned int i = 0; i < LENGTH(refused); i++) {
		const struct harness_options options = {
			.forwarding = !refused[i].not_forwarding,
			.ip6_disable = refused[i].disable,
		};
		struct harness *h = ip6_rig_new(&options);
		uint64_t before = harness_all_drops(h);
		struct bytes frame = ip4_frame(refused[i].l2 ? refused[i].l2 : TO6_0, refused[i].ip,
					       0);

		ip4_send_frame(h, 0, &frame);
		if (harness_drops(h, refused[i].want) != 1 || harness_all_drops(h) != before + 1)
			fail_msg("%s: not dropped as %s", refused[i].name,
				 drop_names[refused[i].want]);
		ip4_expect_nothing(h);
		harness_free(h);
	}
}

static const struct {
	const char *name, *in, *out;
} forwarded[] = {
	{ "udp, wrong checksum, padding",
	  "6ab12345 000c 11 02" A B "1000 2000 000c 4321 61626364"
	  "ee ee ee ee ee ee",
	  "6ab12345 000c 11 01" A B "1000 2000 000c 4321 61626364" },
	{ "router alert", "60000000 0014 00 40" A B "1100 0502 0000 0100" UDP,
	  "60000000 0014 00 3f" A B "1100 0502 0000 0100" UDP },
	{ "an option to be skipped", "60000000 0014 00 40" A B "1100 1e04 00000000" UDP,
	  "60000000 0014 00 3f" A B "1100 1e04 00000000" UDP },
	{ "what only the destination judges", "60000000 0014 3c 40" A B "1100 c204 00000000" UDP,
	  "60000000 0014 3c 3f" A B "1100 c204 00000000" UDP },
	{ "a routing header of another type", "60000000 0024 2b 40" A B "1102 0401 00000000" B UDP,
	  "60000000 0024 2b 3f" A B "1102 0401 00000000" B UDP },
	{ "a first fragment", "60000000 0014 2c 40" A B "1100 0001 00000001" UDP,
	  "60000000 0014 2c 3f" A B "1100 0001 00000001" UDP },
	{ "a later fragment", "60000000 000d 2c 40" A B "1100 0010 00000001 0102030405",
	  "60000000 000d 2c 3f" A B "1100 0010 00000001 0102030405" },
	{ "an atomic fragment", "60000000 0014 2c 40" A B "1100 0000 00000001" UDP,
	  "60000000 0014 2c 3f" A B "1100 0000 00000001" UDP },
	{ "another protocol", "60000000 0004 84 40" A B "01020304",
	  "60000000 0004 84 3f" A B "01020304" },
};

static void test_forward(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip6_rig_new(&options);
	uint64_t before = harness_all_drops(h);

	for (unsigned int i = 0; i < LENGTH(forwarded); i++) {
		struct bytes in = ip4_frame(TO6_0, forwarded[i].in, 0);
		struct bytes want = ip4_frame(FROM6_1, forwarded[i].out, 0);

		print_message("%s\n", forwarded[i].name);
		ip4_send_frame(h, 0, &in);
		ip4_expect(h, 1, &want);
	}
	assert_int_equal(harness_all_drops(h), before);
	harness_free(h);
}

/* A port that is down sends nothing. */
static void test_port_down(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip6_rig_new(&options);
	struct bytes in = ip4_frame(TO6_0, "60000000 000c 11 40" A B UDP, 0);

	harness_run(h, "dpip link set dpdk1 down");
	ip4_send_frame(h, 0, &in);
	assert_int_equal(harness_drops(h, DROP_PORT_DOWN), 1);
	ip4_expect_nothing(h);
	harness_free(h);
}

/* As long as the way's MTU; one byte more is told, see icmp6_test.c. */
static void test_longest(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip6_rig_new(&options);
	struct bytes in = ip4_frame(TO6_0, "60000000 05b4 84 40" A B, 1460);
	struct bytes want = ip4_frame(FROM6_1, "60000000 05b4 84 3f" A B, 1460);

	ip4_send_frame(h, 0, &in);
	ip4_expect(h, 1, &want);
	harness_free(h);
}

/* Headers split over segments in every way give the same packet. */
static void test_segments(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip6_rig_new(&options);
	struct bytes in = ip4_frame(TO6_0,
				    "60000000 0034 00 40" A B "3c00 0502 0000 0100"
				    "0600 0104 00000000"
				    "1000 2000 00000001 00000000 6002 0000 0000 0000 02040400"
				    "6162636465666768 696a6b6c eeee",
				    0);
	struct bytes want = ip4_frame(FROM6_1,
				      "60000000 0034 00 3f" A B "3c00 0502 0000 0100"
				      "0600 0104 00000000"
				      "1000 2000 00000001 00000000 6002 0000 0000 0000 02040400"
				      "6162636465666768 696a6b6c",
				      0);
	uint64_t before = harness_all_drops(h);

	for (size_t segment = 14; segment <= in.len; segment++) {
		harness_inject_as(h, 0, 0, in.at, in.len, 0, segment);
		harness_turn(h);
		ip4_expect(h, 1, &want);
	}
	assert_int_equal(harness_all_drops(h), before);
	harness_free(h);
}

/* What a neighbour's virtual machine has left to hardware leaves complete. */
static void test_unfinished(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct bytes in = ip4_frame(TO6_0, "60000000 000c 11 40" A B "1000 2000 000c 4321 61626364",
				    0);
	struct bytes want = ip4_frame(FROM6_1, "60000000 000c 11 3f" A B UDP, 0);
	struct harness *h = ip6_rig_new(&options);

	harness_inject_as(h, 0, 0, in.at, in.len, RTE_MBUF_F_RX_L4_CKSUM_NONE, 0);
	harness_turn(h);
	ip4_expect(h, 1, &want);
	harness_free(h);
}

static void test_kernel_route(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip6_rig_new(&options);
	struct bytes in =
		ip4_frame(TO6_0, "60000000 000c 11 40" A "20010db8000000000000000000000009" UDP, 0);

	ip6_rig_route(h, "2001:db8::9", 128, API_ROUTE_KERNEL, 0);
	ip4_send_frame(h, 0, &in);
	assert_int_equal(harness_drops(h, DROP_IP6_NO_LISTENER), 1);
	ip4_expect_nothing(h);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),      cmocka_unit_test(test_forward),
		cmocka_unit_test(test_segments),     cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_kernel_route), cmocka_unit_test(test_port_down),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

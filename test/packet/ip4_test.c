/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 in and out: every reason for which a packet is refused, what happens to
 * padding, options and split headers, forwarding, and fragments, with exact
 * bytes where something leaves.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "lib/unit.h"
#include "packet/ip4_rig.h"

/* ver/ihl, tos, total | id, fragment | ttl, protocol, checksum | source | destination */
#define UDP_PORTS "1000 2000 000c 0000 61626364" /* 12 bytes */
#define A         "0a000002"                     /* 10.0.0.2 */
#define US        "0a000001"
#define B         "c0a80002" /* 192.168.0.2 */

static const struct {
	const char *name;
	const char *ip;
	enum drop_reason want;
	const char *l2; /* NULL: as usual */
	bool forwarding;
} refused[] = {
	{ "no header", "4500 0020 0000 0000 4011 0000 0a00", DROP_IP4_SHORT, NULL, true },
	{ "total above data", "4500 0021 0000 0000 4011 0000" A B UDP_PORTS, DROP_IP4_SHORT, NULL,
	  true },
	{ "total below header", "4500 0013 0000 0000 4011 0000" A B UDP_PORTS, DROP_IP4_SHORT, NULL,
	  true },
	{ "header above data", "4f00 0020 0000 0000 4011 0000" A B UDP_PORTS, DROP_IP4_SHORT, NULL,
	  true },
	{ "version 5", "5500 0020 0000 0000 4011 0000" A B UDP_PORTS, DROP_IP4_VERSION, NULL,
	  true },
	{ "ipv6 in an ipv4 frame", "6000 0000 000c 1140 0000 0000" A B UDP_PORTS, DROP_IP4_VERSION,
	  NULL, true },
	{ "empty frame", "", DROP_IP4_SHORT, NULL, true },
	{ "ihl 4", "4400 0020 0000 0000 4011 0000" A B UDP_PORTS, DROP_IP4_VERSION, NULL, true },
	{ "fragment beyond the longest datagram",
	  "4500 0034 0000 1fff 4011 0000" A B
	  "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
	  DROP_IP4_FRAGMENT, NULL, true },
	{ "checksum", "4500 0020 0000 0000 4011 1234" A B UDP_PORTS, DROP_IP4_CHECKSUM, NULL,
	  true },
	{ "from 0", "4500 0020 0000 0000 4011 0000 00000000" B UDP_PORTS, DROP_IP4_SOURCE, NULL,
	  true },
	{ "from 0.1.2.3", "4500 0020 0000 0000 4011 0000 00010203" B UDP_PORTS, DROP_IP4_SOURCE,
	  NULL, true },
	{ "from loopback", "4500 0020 0000 0000 4011 0000 7f000001" B UDP_PORTS, DROP_IP4_SOURCE,
	  NULL, true },
	{ "from multicast", "4500 0020 0000 0000 4011 0000 e0000001" B UDP_PORTS, DROP_IP4_SOURCE,
	  NULL, true },
	{ "from all", "4500 0020 0000 0000 4011 0000 ffffffff" B UDP_PORTS, DROP_IP4_SOURCE, NULL,
	  true },
	{ "from our net's broadcast", "4500 0020 0000 0000 4011 0000 0a0000ff" B UDP_PORTS,
	  DROP_IP4_SOURCE, NULL, true },
	{ "from 240/4", "4500 0020 0000 0000 4011 0000 f0000001" B UDP_PORTS, DROP_IP4_SOURCE, NULL,
	  true },
	{ "from the other net's broadcast", "4500 0020 0000 0000 4011 0000 c0a800ff" US UDP_PORTS,
	  DROP_IP4_SOURCE, NULL, true },
	{ "from 0 to us alone", "4500 0020 0000 0000 4011 0000 00000000" US UDP_PORTS,
	  DROP_IP4_SOURCE, NULL, true },
	{ "from us", "4500 0020 0000 0000 4011 0000" US B UDP_PORTS, DROP_IP4_SOURCE, NULL, true },
	{ "to 0", "4500 0020 0000 0000 4011 0000" A "00000000" UDP_PORTS, DROP_IP4_DESTINATION,
	  NULL, true },
	{ "to 0.1.2.3", "4500 0020 0000 0000 4011 0000" A "00010203" UDP_PORTS,
	  DROP_IP4_DESTINATION, NULL, true },
	{ "to loopback", "4500 0020 0000 0000 4011 0000" A "7f000001" UDP_PORTS,
	  DROP_IP4_DESTINATION, NULL, true },
	{ "to 240/4", "4500 0020 0000 0000 4011 0000" A "f0000001" UDP_PORTS, DROP_IP4_DESTINATION,
	  NULL, true },
	{ "to all", "4500 0020 0000 0000 4011 0000" A "ffffffff" UDP_PORTS, DROP_IP4_BROADCAST,
	  NULL, true },
	{ "dhcp", "4500 0020 0000 0000 4011 0000 00000000 ffffffff" UDP_PORTS, DROP_IP4_BROADCAST,
	  "ff:ff:ff:ff:ff:ff 06:00:00:00:00:02 0800", true },
	{ "to our net's broadcast", "4500 0020 0000 0000 4011 0000" A "0a0000ff" UDP_PORTS,
	  DROP_IP4_BROADCAST, "ff:ff:ff:ff:ff:ff 06:00:00:00:00:02 0800", true },
	{ "to the other net's broadcast", "4500 0020 0000 0000 4011 0000" A "c0a800ff" UDP_PORTS,
	  DROP_IP4_BROADCAST, NULL, true },
	{ "to a group", "4500 0020 0000 0000 4011 0000" A "e0000001" UDP_PORTS, DROP_IP4_BROADCAST,
	  NULL, true },
	{ "to a group, in a group's frame", "4500 0020 0000 0000 4011 0000" A "e0000001" UDP_PORTS,
	  DROP_IP4_BROADCAST, "01:00:5e:00:00:01 06:00:00:00:00:02 0800", true },
	{ "to a group, forwarding off", "4500 0020 0000 0000 4011 0000" A "e0000001" UDP_PORTS,
	  DROP_IP4_BROADCAST, NULL, false },
	{ "to us in a broadcast frame", "4500 0020 0000 0000 4011 0000" A US UDP_PORTS,
	  DROP_IP4_BROADCAST, "ff:ff:ff:ff:ff:ff 06:00:00:00:00:02 0800", true },
	{ "time to live and forwarding off", "4500 0020 0000 0000 0111 0000" A B UDP_PORTS,
	  DROP_IP4_FORWARDING, NULL, false },
	{ "to another mac address", "4500 0020 0000 0000 4011 0000" A B UDP_PORTS,
	  DROP_ETH_OTHERHOST, "02:00:00:00:00:77 06:00:00:00:00:02 0800", true },
	{ "unicast in a broadcast frame", "4500 0020 0000 0000 4011 0000" A B UDP_PORTS,
	  DROP_IP4_BROADCAST, "ff:ff:ff:ff:ff:ff 06:00:00:00:00:02 0800", true },
	{ "forwarding is off", "4500 0020 0000 0000 4011 0000" A B UDP_PORTS, DROP_IP4_FORWARDING,
	  NULL, false },
	{ "no route and forwarding off", "4500 0020 0000 0000 4011 0000" A "08080808" UDP_PORTS,
	  DROP_IP4_FORWARDING, NULL, false },
	{ "udp of 7 bytes", "4500 001b 0000 0000 4011 0000" A B "10002000000700", DROP_L4_SHORT,
	  NULL, true },
	{ "tcp of 19 bytes",
	  "4500 0027 0000 0000 4006 0000" A B "10002000 00000000 00000000 50020000 000000",
	  DROP_L4_SHORT, NULL, true },
	{ "tcp header beyond data",
	  "4500 0028 0000 0000 4006 0000" A B "10002000 00000000 00000000 60020000 00000000",
	  DROP_L4_SHORT, NULL, true },
	{ "tcp header of 16 bytes",
	  "4500 0028 0000 0000 4006 0000" A B "10002000 00000000 00000000 40020000 00000000",
	  DROP_L4_SHORT, NULL, true },
	{ "tiny tcp fragment", "4500 001c 0000 2000 4006 0000" A B "10002000 00000000",
	  DROP_L4_SHORT, NULL, true },
	{ "icmp of 7 bytes", "4500 001b 0000 0000 4001 0000" A B "08000000000000", DROP_L4_SHORT,
	  NULL, true },
	{ "reset for us",
	  "4500 0028 0000 0000 4006 0000" A US "10002000 00000001 00000000 50040000 00000000",
	  DROP_IP4_NO_LISTENER, NULL, true },
	{ "damaged syn for us",
	  "4500 0028 0000 0000 4006 0000" A US "10002000 00000001 00000000 50020000 12340000",
	  DROP_IP4_NO_LISTENER, NULL, true },
	{ "unknown ethertype", "4500 0020 0000 0000 4011 0000" A B UDP_PORTS, DROP_ETH_TYPE,
	  "02:00:00:00:00:00 06:00:00:00:00:02 88b5", true },
};

static void test_refused(void **state)
{
	for (unsigned int i = 0; i < LENGTH(refused); i++) {
		const struct harness_options options = { .forwarding = refused[i].forwarding };
		struct harness *h = ip4_rig_new(&options);
		struct bytes frame = ip4_frame(refused[i].l2 ? refused[i].l2 : TO_0, refused[i].ip,
					       0);

		ip4_send_frame(h, 0, &frame);
		if (harness_drops(h, refused[i].want) != 1 || harness_all_drops(h) != 1)
			fail_msg("%s: not dropped as %s", refused[i].name,
				 drop_names[refused[i].want]);
		ip4_expect_nothing(h);
		harness_free(h);
	}
}

/* The port says whether the header's checksum is right. */
static void test_offload(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip4_rig_new(&options);
	struct bytes bad = ip4_frame(TO_0, "4500 0020 0000 0000 4011 1234" A B UDP_PORTS, 0);
	struct bytes good = ip4_frame(TO_0, "4500 0020 0000 0000 4011 0000" A B UDP_PORTS, 0);
	uint8_t out[128];

	harness_inject_as(h, 0, 0, bad.at, bad.len, RTE_MBUF_F_RX_IP_CKSUM_GOOD, 0);
	harness_turn(h);
	assert_int_equal(harness_take(h, 1, out, sizeof(out)), 46);
	harness_inject_as(h, 0, 0, good.at, good.len, RTE_MBUF_F_RX_IP_CKSUM_BAD, 0);
	harness_turn(h);
	assert_int_equal(harness_drops(h, DROP_IP4_CHECKSUM), 1);
	ip4_expect_nothing(h);
	harness_free(h);
}

/* What a neighbour's virtual machine has left to hardware leaves complete, by the port or in
 * software. */
static void test_unfinished(void **state)
{
	const struct harness_options by_port = { .forwarding = true,
						 .offloads = PORT_TX_UDP_CSUM | PORT_TX_MULTI_SEG };
	const struct harness_options in_software = { .forwarding = true };
	struct bytes in = ip4_frame(
		TO_0, "4500 0020 0000 0000 4011 0000" A B "1000 2000 000c 4321 61626364", 0);
	struct bytes want = ip4_frame(FROM_1, "4500 0020 0000 0000 3f11 0000" A B UDP_PORTS, 0);
	struct harness *h = ip4_rig_new(&in_software);
	uint8_t out[PACKET_MAX];
	uint64_t flags = 0;

	harness_inject_as(h, 0, 0, in.at, in.len, RTE_MBUF_F_RX_L4_CKSUM_NONE, 0);
	harness_turn(h);
	ip4_expect(h, 1, &want);
	harness_free(h);

	h = ip4_rig_new(&by_port);
	harness_inject_as(h, 0, 0, in.at, in.len, RTE_MBUF_F_RX_L4_CKSUM_NONE, 0);
	harness_turn(h);
	assert_int_equal(harness_take_from(h, 1, out, sizeof(out), NULL, &flags), want.len);
	assert_int_equal(flags & RTE_MBUF_F_TX_L4_MASK, RTE_MBUF_F_TX_UDP_CKSUM);
	harness_free(h);
}

static void test_forward(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip4_rig_new(&options);
	struct bytes in, want;

	/* padding behind the packet goes; options stay; the UDP checksum, wrong, stays so */
	in = ip4_frame(TO_0,
		       "4610 0024 1234 4000 0211 0000" A B "94040000"
		       "1000 2000 000c 4321 61626364 ee ee ee ee ee ee ee ee ee ee",
		       0);
	want = ip4_frame(FROM_1,
			 "4610 0024 1234 4000 0111 0000" A B "94040000"
			 "1000 2000 000c 4321 61626364",
			 0);
	ip4_send_frame(h, 0, &in);
	ip4_expect(h, 1, &want);
	assert_int_equal(harness_all_drops(h), 0);

	/* options that nobody knows pass, and what is behind the list's end is not read */
	in = ip4_frame(TO_0, "4800 0020 0000 0000 4032 0000" A B "1e030001 9e0400ff 0083ff00", 0);
	want = ip4_frame(FROM_1, "4800 0020 0000 0000 3f32 0000" A B "1e030001 9e0400ff 0083ff00",
			 0);
	ip4_send_frame(h, 0, &in);
	ip4_expect(h, 1, &want);

	/* as long as the way's MTU, without being allowed to be cut */
	in = ip4_frame(TO_0, "4500 05dc 0000 4000 4032 0000" A B, 1480);
	want = ip4_frame(FROM_1, "4500 05dc 0000 4000 3f32 0000" A B, 1480);
	ip4_send_frame(h, 0, &in);
	ip4_expect(h, 1, &want);
	assert_int_equal(harness_all_drops(h), 0);

	/* protocols without ports too, and fragments, each by itself */
	in = ip4_frame(TO_0, "4500 0018 0000 2001 4032 0000" A B "01020304", 0);
	want = ip4_frame(FROM_1, "4500 0018 0000 2001 3f32 0000" A B "01020304", 0);
	ip4_send_frame(h, 0, &in);
	ip4_expect(h, 1, &want);
	harness_free(h);
}

/* Headers split over segments in every way give the same packet. */
static void test_segments(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip4_rig_new(&options);
	struct bytes in = ip4_frame(TO_0,
				    "4600 003c 0000 0000 4006 0000" A B "01010101"
				    "1000 2000 00000001 00000000 6002 0000 0000 0000 02040400"
				    "6162636465666768 696a6b6c eeee",
				    0);
	struct bytes want = ip4_frame(FROM_1,
				      "4600 003c 0000 0000 3f06 0000" A B "01010101"
				      "1000 2000 00000001 00000000 6002 0000 0000 0000 02040400"
				      "6162636465666768 696a6b6c",
				      0);

	for (size_t segment = 14; segment <= in.len; segment++) {
		harness_inject_as(h, 0, 0, in.at, in.len, 0, segment);
		harness_turn(h);
		ip4_expect(h, 1, &want);
	}
	assert_int_equal(harness_all_drops(h), 0);
	harness_free(h);
}

/* 1400 bytes for a way of 1000: two fragments, of which the later has only the option that wants
 * it. */
static void test_fragments(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip4_rig_new(&options);
	struct bytes in, want;
	uint8_t payload[1352];
	uint8_t got[PACKET_MAX];

	harness_run(h, "dpip route add 172.16.0.0/16 via 192.168.0.2 mtu 1000");
	in = ip4_frame(TO_0,
		       "4c00 0578 1234 0000 4011 0000 " A "ac100001"
		       "94040000 44080500 01020304 01010101 94040000 94040000 94040000",
		       1352);
	memcpy(payload, in.at + 62, sizeof(payload));
	ip4_send_frame(h, 0, &in);
	/* the first: 48 bytes of header and 952 of payload, all options */
	want = ip4_frame(FROM_1,
			 "4c00 03e8 1234 2000 3f11 0000 " A "ac100001"
			 "94040000 44080500 01020304 01010101 94040000 94040000 94040000",
			 0);
	memcpy(want.at + 62, payload, 952);
	want.len = 62 + 952;
	want.at[24] = want.at[25] = 0;
	ip4_seal(&want);
	assert_int_equal(harness_take(h, 1, got, sizeof(got)), want.len);
	assert_memory_equal(got, want.at, want.len);
	/* the rest: router alert (0x94) is copied, timestamp (0x44) is not */
	want = ip4_frame(FROM_1,
			 "4900 01b4 1234 0077 3f11 0000 " A "ac100001"
			 "94040000 94040000 94040000 94040000",
			 0);
	memcpy(want.at + 50, payload + 952, 400);
	want.len = 50 + 400;
	want.at[24] = want.at[25] = 0;
	ip4_seal(&want);
	ip4_expect(h, 1, &want);
	assert_int_equal(harness_all_drops(h), 0);
	harness_free(h);
}

/* A way too narrow for fragments of a size that there is. */
static void test_fragments_refused(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip4_rig_new(&options);
	struct bytes in;

	harness_run(h, "dpip route add 172.16.0.0/16 via 192.168.0.2 mtu 68");
	in = ip4_frame(TO_0, "4500 0f14 1234 0000 4032 0000 " A "ac100001", 3840);
	harness_inject_as(h, 0, 0, in.at, in.len, 0, 1500);
	harness_turn(h);
	assert_int_equal(harness_drops(h, DROP_IP4_MTU), 1);
	ip4_expect_nothing(h);
	harness_assert_balance(h);
	harness_free(h);
}

static void test_kernel_route(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip4_rig_new(&options);
	struct bytes in = ip4_frame(TO_0, "4500 0020 0000 0000 4011 0000" A "0a000009" UDP_PORTS,
				    0);

	harness_run(h, "dpip route add 10.0.0.9/32 dev dpdk0 scope kni_host");
	ip4_send_frame(h, 0, &in);
	assert_int_equal(harness_drops(h, DROP_IP4_NO_LISTENER), 1);
	ip4_expect_nothing(h);
	harness_free(h);
}

/* A port that is down sends nothing. */
static void test_port_down(void **state)
{
	const struct harness_options options = { .forwarding = true };
	struct harness *h = ip4_rig_new(&options);
	struct bytes in = ip4_frame(TO_0, "4500 0020 0000 0000 4011 0000" A B UDP_PORTS, 0);

	harness_run(h, "dpip link set dpdk1 down");
	ip4_send_frame(h, 0, &in);
	assert_int_equal(harness_drops(h, DROP_PORT_DOWN), 1);
	ip4_expect_nothing(h);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),           cmocka_unit_test(test_offload),
		cmocka_unit_test(test_forward),           cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_segments),          cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_fragments_refused), cmocka_unit_test(test_kernel_route),
		cmocka_unit_test(test_port_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dr as the kernel does it: packets that were sent through Linux's IPVS, and
 * what came out, byte by byte. A router between us and the server, and the
 * other side of the connection, complain by ICMP. What a server sends with the
 * virtual address is dropped, its source being one of ours.
 *
 *	client 198.51.100.2 — virtual address 192.0.2.1 — server 192.168.0.11
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "packet/fnat_rig.h"

/* IPv4 packets in hex. In this order: errors are about packets before them. */
static const struct {
	const char *what;
	unsigned int side; /* where it comes from; it goes to the other one */
	const char *sent, *out;
} probes[] = {
	{ "UDP: first packet", CLIENT_SIDE,
	  "450000301234400040113c52c6336402c00002019c410052001c76e13031"
	  "32333435363738396162636465666768696a",
	  "45000030123440003f113d52c6336402c00002019c410052001c76e13031"
	  "32333435363738396162636465666768696a" },
	{ "UDP: IP options", CLIENT_SIDE,
	  "460000281234400040113959c6336402c0000201010101009c4100520010"
	  "95217878787878787878",
	  "46000028123440003f113a59c6336402c0000201010101009c4100520010"
	  "95217878787878787878" },
	{ "UDP: ttl 2", CLIENT_SIDE,
	  "450000241234400002117a5ec6336402c00002019c410052001095217878"
	  "787878787878",
	  "450000241234400001117b5ec6336402c00002019c410052001095217878"
	  "787878787878" },
	{ "UDP: zero UDP checksum", CLIENT_SIDE,
	  "450000241234400040113c5ec6336402c00002019c410052001000007878"
	  "787878787878",
	  "45000024123440003f113d5ec6336402c00002019c410052001000007878"
	  "787878787878" },
	{ "UDP: empty datagram", CLIENT_SIDE,
	  "4500001c1234400040113c66c6336402c00002019c41005200087713",
	  "4500001c123440003f113d66c6336402c00002019c41005200087713" },
	{ "UDP: packet for the ICMP errors below", CLIENT_SIDE,
	  "450000301234400040113c52c6336402c00002019c470052001c76db3031"
	  "32333435363738396162636465666768696a",
	  "45000030123440003f113d52c6336402c00002019c470052001c76db3031"
	  "32333435363738396162636465666768696a" },
	{ "UDP: port unreachable from the server", SERVER_SIDE,
	  "45000038555540003c01fd38c0000201c63364020303e96b000000004500"
	  "0030123440003f113d52c6336402c00002019c470052001c76db",
	  NULL },
	{ "UDP: too big (mtu 1300) from a router behind", SERVER_SIDE,
	  "45000038555540003c01f729c61201fec63364020304e456000005144500"
	  "0030123440003f113d52c6336402c00002019c470052001c76db",
	  "45000038555540003b01f829c61201fec63364020304e456000005144500"
	  "0030123440003f113d52c6336402c00002019c470052001c76db" },
	{ "UDP: time exceeded from a router behind", SERVER_SIDE,
	  "45000038555540003c01f729c61201fec63364020b00e16e000000004500"
	  "0030123440003f113d52c6336402c00002019c470052001c76db",
	  "45000038555540003b01f829c61201fec63364020b00e16e000000004500"
	  "0030123440003f113d52c6336402c00002019c470052001c76db" },
	{ "UDP: time exceeded from the client's side, about an answer", CLIENT_SIDE,
	  "45000038555540003c01fd38c6336402c00002010b001baf000000004500"
	  "00221234400040113c60c0000201c633640200529c47000e3ca9",
	  "45000038555540003b01fe38c6336402c00002010b001baf000000004500"
	  "00221234400040113c60c0000201c633640200529c47000e3ca9" },
	{ "TCP: first packet", CLIENT_SIDE,
	  "4500003c1234400040063c51c6336402c00002019c410055000003e80000"
	  "0000a002ffffbb490000020405b40402080a000000010000000001030307",
	  "4500003c123440003f063d51c6336402c00002019c410055000003e80000"
	  "0000a002ffffbb490000020405b40402080a000000010000000001030307" },
	{ "TCP: IP options", CLIENT_SIDE,
	  "450000341234400040063c59c6336402c00002019c410055000003e90000"
	  "13896018ffff1b9e0000010101007878787878787878",
	  "45000034123440003f063d59c6336402c00002019c410055000003e90000"
	  "13896018ffff1b9e0000010101007878787878787878" },
	{ "TCP: ttl 2", CLIENT_SIDE,
	  "450000301234400002067a5dc6336402c00002019c410055000003e90000"
	  "13895018ffff2da300007878787878787878",
	  "450000301234400001067b5dc6336402c00002019c410055000003e90000"
	  "13895018ffff2da300007878787878787878" },
	{ "TCP: wrong checksum", CLIENT_SIDE,
	  "450000301234400040063c5dc6336402c00002019c410055000003e90000"
	  "13895018ffff2da30000787878787878782d",
	  "45000030123440003f063d5dc6336402c00002019c410055000003e90000"
	  "13895018ffff2da30000787878787878782d" },
	{ "TCP: packet for the ICMP errors below", CLIENT_SIDE,
	  "4500003c1234400040063c51c6336402c00002019c470055000003e80000"
	  "0000a002ffffbb430000020405b40402080a000000010000000001030307",
	  "4500003c123440003f063d51c6336402c00002019c470055000003e80000"
	  "0000a002ffffbb430000020405b40402080a000000010000000001030307" },
	{ "TCP: port unreachable from the server", SERVER_SIDE,
	  "45000038555540003c01fd38c0000201c633640203035c78000000004500"
	  "003c123440003f063d51c6336402c00002019c470055000003e8",
	  NULL },
	{ "TCP: too big (mtu 1300) from a router behind", SERVER_SIDE,
	  "45000038555540003c01f729c61201fec633640203045763000005144500"
	  "003c123440003f063d51c6336402c00002019c470055000003e8",
	  "45000038555540003b01f829c61201fec633640203045763000005144500"
	  "003c123440003f063d51c6336402c00002019c470055000003e8" },
	{ "TCP: port unreachable from the client, about an answer", CLIENT_SIDE,
	  "45000038555540003c01fd38c6336402c000020103034cd7000000004500"
	  "00281234400040063c65c0000201c633640200559c4700001389",
	  "45000038555540003b01fe38c6336402c000020103034cd7000000004500"
	  "00281234400040063c65c0000201c633640200559c4700001389" },
	{ "TCP: time exceeded from the client's side, about an answer", CLIENT_SIDE,
	  "45000038555540003c01fd38c6336402c00002010b0044da000000004500"
	  "00281234400040063c65c0000201c633640200559c4700001389",
	  "45000038555540003b01fe38c6336402c00002010b0044da000000004500"
	  "00281234400040063c65c0000201c633640200559c4700001389" },
};

static const char to_server[] = "06 00 00 00 01 0b 02 00 00 00 00 01 08 00";
static const char to_client[] = "06 00 00 00 00 64 02 00 00 00 00 00 08 00";

static void probe(struct harness *h, size_t i)
{
	static const uint8_t our_mac[2][6] = { { 2, 0, 0, 0, 0, 0 }, { 2, 0, 0, 0, 0, 1 } };
	unsigned int side = probes[i].side;
	uint8_t frame[FRAME_MAX] = { [12] = 8 };
	char want[FRAME_MAX];
	struct frame got;

	memcpy(frame, our_mac[side], 6);
	harness_inject(h, side, 0, frame,
		       L3 + harness_hex(probes[i].sent, frame + L3, sizeof(frame) - L3));
	harness_turn(h);
	if (probes[i].out) {
		got = rig_take(h, !side);
		if (!got.len)
			fail_msg("%s: nothing came out", probes[i].what);
		snprintf(want, sizeof(want), "%s %s", side ? to_client : to_server, probes[i].out);
		assert_frame(got.bytes, got.len, want);
	}
	rig_expect_nothing(h);
}

static void test_probes(void **state)
{
	static const struct harness_options usual;
	struct harness *h = rig_new(&usual);

	harness_run(h, "dpip addr add 192.0.2.1/32 dev dpdk0");
	harness_run(h, "dpip route add 198.51.100.0/24 via " CLIENT " dev dpdk0");
	harness_run(h, "ipvsadm -A -u 192.0.2.1:82 -s rr");
	harness_run(h, "ipvsadm -a -u 192.0.2.1:82 -r " SERVER " -g");
	harness_run(h, "ipvsadm -A -t 192.0.2.1:85 -s rr");
	harness_run(h, "ipvsadm -a -t 192.0.2.1:85 -r " SERVER " -g");
	rig_take(h, CLIENT_SIDE);
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		probe(h, i);
	assert_int_equal(harness_all_drops(h), harness_drops(h, DROP_IP4_SOURCE));
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

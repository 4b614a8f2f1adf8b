/* SPDX-License-Identifier: BSD-3-Clause */
/* packet/tunnel_device_rig: see the header. */
#include "packet/tunnel_device_rig.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "net/icmp4.h"
#include "net/icmp6.h"
#include "packet/csum.h"

const struct mode_row tunnel_modes[TUNNEL_MODES] = {
	{ "mode ipip", 4, 4, 20, "45000034000040003f04 26c4 0a0200fe 0a020001 ",
	  "45000034000040004004 25c4 0a020001 0a0200fe " },
	{ "mode gre", 4, 4, 24, "45000038000040003f2f 2695 0a0200fe 0a020001 00000800 ",
	  "4500003800004000402f 2595 0a020001 0a0200fe 00000800 " },
	{ "mode gre", 4, 6, 24, "4500004c000000003f2f 6681 0a0200fe 0a020001 000086dd ",
	  "4500004c00000000402f 6581 0a020001 0a0200fe 000086dd " },
	{ "mode gre key 305419896 csum", 4, 4, 32,
	  "45000040000040003f2f 268d 0a0200fe 0a020001 a0000800 0383 0000 12345678 ",
	  "4500004000004000402f 258d 0a020001 0a0200fe a0000800 0383 0000 12345678 " },
	{ "mode gre ikey 1 okey 0.0.0.2", 4, 6, 28,
	  "45000050000000003f2f 667d 0a0200fe 0a020001 200086dd 00000002 ",
	  "4500005000000000402f 657d 0a020001 0a0200fe 200086dd 00000001 " },
	{ "mode sit", 4, 6, 20, "45000048000000003f29 668b 0a0200fe 0a020001 ",
	  "45000048000000004029 658b 0a020001 0a0200fe " },
	{ "mode ipip6", 6, 4, 40, "600000000020043f " END6_OURS END6_THEIRS,
	  "6000000000200440 " END6_THEIRS END6_OURS },
	{ "mode ip6ip6", 6, 6, 40, "600000000034293f " END6_OURS END6_THEIRS,
	  "6000000000342940 " END6_THEIRS END6_OURS },
	{ "mode ip6gre", 6, 6, 44, "6000000000382f3f " END6_OURS END6_THEIRS "000086dd ",
	  "6000000000382f40 " END6_THEIRS END6_OURS "000086dd " },
	{ "mode ip6gre key 7 csum", 6, 4, 52,
	  "60000000002c2f3f " END6_OURS END6_THEIRS "a0000800 6c28 0000 00000007 ",
	  "60000000002c2f40 " END6_THEIRS END6_OURS "a0000800 6c28 0000 00000007 " },
};

static const char *ends(int outer)
{
	return outer == 4 ? "remote 10.2.0.1 local 10.2.0.254"
			  : "remote fd00:2::1 local fd00:2::254";
}

static void tunnel_run(struct harness *h, const char *name, const struct mode_row *mode)
{
	char line[200];

	snprintf(line, sizeof(line), "dpip tunnel add %s %s %s", name, mode->options,
		 ends(mode->outer));
	harness_run(h, line);
}

void tunnel_rig_clear(struct harness *h)
{
	uint8_t frame[2048];

	harness_turn(h);
	for (unsigned int port = 0; port < HARNESS_PORTS; port++)
		while (harness_take(h, port, frame, sizeof(frame)))
			;
}

struct harness *tunnel_rig_harness(unsigned int n_workers, const struct mode_row *mode)
{
	struct harness *h = harness_new(
		&(struct harness_options){ .n_workers = n_workers, .forwarding = true });

	harness_run(h, "dpip addr add 10.1.0.254/24 dev dpdk0");
	harness_run(h, "dpip addr add 10.2.0.254/24 dev dpdk1");
	harness_run(h, "dpip addr add fd00:1::254/64 dev dpdk0");
	harness_run(h, "dpip addr add fd00:2::254/64 dev dpdk1");
	harness_neigh(h, "10.1.0.2", "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, "fd00:1::2", "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, "10.2.0.1", "06:00:00:00:01:01", "dpdk1");
	harness_neigh(h, "10.2.0.9", "06:00:00:00:01:01", "dpdk1");
	harness_neigh(h, "fd00:2::1", "06:00:00:00:01:01", "dpdk1");
	tunnel_run(h, "t", mode);
	harness_run(h, "dpip addr add 10.9.0.254/24 dev t");
	harness_run(h, "dpip addr add fd09::254/64 dev t");
	harness_run(h, "dpip route add 10.9.0.0/16 dev t");
	harness_run(h, "dpip route add fd09::/32 dev t");
	tunnel_rig_clear(h);
	return h;
}

void tunnel_rig_send(struct harness *h, unsigned int port, unsigned int queue,
		     const struct packet *packet)
{
	uint8_t frame[2048];
	size_t at = harness_hex(port == 0 ? NEAR_IN : FAR_IN, frame, sizeof(frame));
	bool six = packet->bytes[0] >> 4 == 6;

	frame[at++] = six ? 0x86 : 0x08;
	frame[at++] = six ? 0xdd : 0x00;
	memcpy(frame + at, packet->bytes, packet->len);
	harness_inject(h, port, queue, frame, at + packet->len);
	harness_turn(h);
	harness_assert_balance(h);
}

struct packet tunnel_rig_hex(const char *a, const char *b)
{
	struct packet packet;

	packet.len = harness_hex(a, packet.bytes, sizeof(packet.bytes));
	packet.len += harness_hex(b, packet.bytes + packet.len, sizeof(packet.bytes) - packet.len);
	return packet;
}

struct packet tunnel_rig_take(struct harness *h, unsigned int port)
{
	uint8_t frame[2048];
	size_t len = harness_take(h, port, frame, sizeof(frame));
	struct packet packet = { .len = len ? len - L3 : 0 };

	if (len) {
		harness_assert_frame(frame, 12, port == 0 ? NEAR_OUT : FAR_OUT, __FILE__, __LINE__);
		memcpy(packet.bytes, frame + L3, packet.len);
	}
	return packet;
}

void tunnel_rig_expect_nothing(struct harness *h)
{
	assert_int_equal(tunnel_rig_take(h, 0).len, 0);
	assert_int_equal(tunnel_rig_take(h, 1).len, 0);
}

void tunnel_rig_sum_ip4(struct packet *packet)
{
	be16 sum;

	put16(packet, 10, 0);
	sum = csum_finish(csum_sum(packet->bytes, 20, 0));
	memcpy(packet->bytes + 10, &sum, sizeof(sum));
}

struct packet tunnel_rig_long(int family, size_t len, bool df)
{
	struct packet packet = tunnel_rig_hex(family == 4 ? TO4 : TO6, "");

	memset(packet.bytes + packet.len, 'x', len - packet.len);
	packet.len = len;
	if (family == 6) {
		put16(&packet, 4, (unsigned int)len - 40);
		put16(&packet, 44, (unsigned int)len - 40);
		return packet;
	}
	put16(&packet, 2, (unsigned int)len);
	put16(&packet, 4, df ? 0 : 77);
	put16(&packet, 6, df ? 0x4000 : 0);
	put16(&packet, 24, (unsigned int)len - 20);
	put16(&packet, 26, 0);
	tunnel_rig_sum_ip4(&packet);
	return packet;
}

/* Whatever its identification is, if it has one. */
static void without_id(struct packet *packet)
{
	uint16_t sum;

	if (packet->bytes[0] >> 4 != 4 || get16(packet, 4) == 0)
		return;
	memcpy(&sum, packet->bytes + 10, sizeof(sum));
	tunnel_rig_sum_ip4(packet);
	assert_memory_equal(packet->bytes + 10, &sum, sizeof(sum));
	put16(packet, 4, 0);
	tunnel_rig_sum_ip4(packet);
}

void tunnel_rig_assert_packet(struct packet got, const struct packet *want)
{
	without_id(&got);
	assert_int_equal(got.len, want->len);
	assert_memory_equal(got.bytes, want->bytes, want->len);
}

const struct port_counters *tunnel_rig_counted(const struct harness *h, unsigned int worker)
{
	uint16_t id = port_find(h->all[worker]->link, "t");

	assert_int_not_equal(id, PORT_NONE);
	return &h->all[worker]->link->counters[id];
}

void tunnel_rig_expect_too_big(struct harness *h, int family, unsigned int mtu)
{
	struct packet got = tunnel_rig_take(h, 0);

	assert_int_not_equal(got.len, 0);
	if (family == 4) {
		assert_int_equal(got.bytes[9], IPPROTO_ICMP);
		assert_int_equal(get16(&got, 20),
				 ICMP4_UNREACHABLE << 8 | ICMP4_FRAGMENTATION_NEEDED);
		assert_int_equal(get16(&got, 26), mtu);
		assert_memory_equal(got.bytes + 28 + 12, "\x0a\1\0\2\x0a\x09\0\7", 8);
	} else {
		assert_int_equal(got.bytes[6], IPPROTO_ICMPV6);
		assert_int_equal(get16(&got, 40), ICMP6_PACKET_TOO_BIG << 8);
		assert_int_equal(get16(&got, 46), mtu);
	}
	tunnel_rig_expect_nothing(h);
}

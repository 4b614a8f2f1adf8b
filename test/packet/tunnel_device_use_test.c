/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnel devices: what is dropped and why; ICMP errors about the outside;
 * tunnels in tunnels; a service behind one; what is refused, and that nothing is
 * left when one goes.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "net/icmp4.h"
#include "packet/csum.h"
#include "packet/tunnel_device_rig.h"

static void drops_one(struct harness *h, const char *headers, const char *inner,
		      enum drop_reason reason)
{
	struct packet packet = tunnel_rig_hex(headers, inner);
	uint64_t before = harness_drops(h, reason);

	if (packet.bytes[0] >> 4 == 4) {
		put16(&packet, 2, (unsigned int)packet.len);
		tunnel_rig_sum_ip4(&packet);
	} else {
		put16(&packet, 4, (unsigned int)packet.len - 40);
	}
	tunnel_rig_send(h, 1, 0, &packet);
	assert_int_equal(harness_drops(h, reason), before + 1);
	tunnel_rig_expect_nothing(h);
}

static void test_drops(void **state)
{
	const char *gre = "4500000000000000402f 0000 0a020001 0a0200fe ";
	const char *ip = "45000000000000004004 0000 0a020001 0a0200fe ";
	struct harness *h = tunnel_rig_harness(1, &tunnel_modes[3]); /* gre key 0x12345678 csum */
	char headers[200];

	snprintf(headers, sizeof(headers), "%s%s", gre, "20000800 12345678 ");
	drops_one(h, headers, FROM4, DROP_TUNNEL_CHECKSUM); /* none */
	snprintf(headers, sizeof(headers), "%s%s", gre, "a0000800 0384 0000 12345678 ");
	drops_one(h, headers, FROM4, DROP_TUNNEL_CHECKSUM); /* a wrong one */
	snprintf(headers, sizeof(headers), "%s%s", gre, "20000800 12345679 ");
	drops_one(h, headers, FROM4, DROP_TUNNEL_KEY);
	snprintf(headers, sizeof(headers), "%s%s", gre, "00000800 ");
	drops_one(h, headers, FROM4, DROP_TUNNEL_KEY);
	snprintf(headers, sizeof(headers), "%s%s", gre, "00010800 ");
	drops_one(h, headers, FROM4, DROP_TUNNEL_HEADER); /* another version */
	snprintf(headers, sizeof(headers), "%s%s", gre, "40000800 ");
	drops_one(h, headers, FROM4, DROP_TUNNEL_HEADER); /* source routes */
	snprintf(headers, sizeof(headers), "%s%s", gre, "00006558 ");
	drops_one(h, headers, FROM4, DROP_TUNNEL_HEADER); /* Ethernet in it */
	snprintf(headers, sizeof(headers), "%s%s", gre, "20000800 ");
	drops_one(h, headers, "", DROP_TUNNEL_SHORT);
	drops_one(h, gre, "0000", DROP_TUNNEL_SHORT);
	assert_int_equal(tunnel_rig_counted(h, 1)->rx_packets, 0);
	harness_free(h);

	h = tunnel_rig_harness(1, ipip);
	drops_one(h, ip, "4500", DROP_TUNNEL_SHORT);
	/* from us, from nowhere: the inner packet is looked at as any */
	drops_one(h, ip, "45000020000040004011 25cc 0a0100fe 0a010002 000704d2000c0000 61626364",
		  DROP_IP4_SOURCE);
	drops_one(h, ip, "45000020000040004011 b1c9 7f000001 0a010002 000704d2000c0000 61626364",
		  DROP_IP4_SOURCE);
	harness_run(h, "dpip link set t down");
	drops_one(h, ip, FROM4, DROP_TUNNEL_DOWN);
	harness_free(h);

	h = tunnel_rig_harness(1, ip6ip6);
	/* a neighbour's question */
	drops_one(h, "6000000000002940 " END6_THEIRS END6_OURS,
		  "6000000000183aff " NET6_FAR "fd090000000000000000000000000254"
		  "8700000000000000 fd090000000000000000000000000254",
		  DROP_ND6_TUNNEL);
	harness_free(h);
}

/* In the headers of the tunnels from `depth` to t, whose ends are 10.9.DEPTH.1 … 10.2.0.1. */
static struct packet wrapped(const char *inner, unsigned int depth)
{
	struct packet packet = tunnel_rig_hex("", inner), outer;

	for (; depth; depth--) {
		outer = tunnel_rig_hex("45000000000000004004 0000 0a020001 0a0200fe ", "");
		if (depth > 1) {
			outer.bytes[13] = 9;
			outer.bytes[14] = (uint8_t)depth;
		}
		memcpy(outer.bytes + 20, packet.bytes, packet.len);
		outer.len = 20 + packet.len;
		put16(&outer, 2, (unsigned int)outer.len);
		tunnel_rig_sum_ip4(&outer);
		packet = outer;
	}
	return packet;
}

static void test_tunnels_in_tunnels(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_hex(TO4, ""), got;
	char line[100];

	/* t4 in t3 in t2 in t */
	for (int i = 2; i <= 4; i++) {
		snprintf(line, sizeof(line),
			 "dpip tunnel add t%d mode ipip remote 10.9.%d.1 local 10.2.0.254", i, i);
		harness_run(h, line);
		snprintf(line, sizeof(line), "dpip route add 10.9.%d.0/24 dev t%d", i + 1, i);
		harness_run(h, line);
	}
	packet.bytes[18] = 4; /* 10.9.4.7, by t3 */
	tunnel_rig_sum_ip4(&packet);
	tunnel_rig_send(h, 0, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(got.len, packet.len + 3 * 20);
	for (size_t at = 0; at < 60; at += 20)
		assert_int_equal(got.bytes[at + 9], IPPROTO_IPIP);
	packet.bytes[18] = 5; /* by t4 */
	tunnel_rig_sum_ip4(&packet);
	tunnel_rig_send(h, 0, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_LOOP), 1);
	/* the way to its other end leads into itself */
	harness_run(h, "dpip route add 10.2.0.1/32 dev t");
	packet.bytes[18] = 0;
	tunnel_rig_sum_ip4(&packet);
	tunnel_rig_send(h, 0, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_LOOP), 2);
	tunnel_rig_expect_nothing(h);
	/* what comes is taken out of three, too, and of no more */
	packet = wrapped(FROM4, 3);
	tunnel_rig_send(h, 1, 0, &packet);
	got = tunnel_rig_take(h, 0);
	assert_int_equal(got.len, packet.len - 3 * 20);
	packet = wrapped(FROM4, 4);
	tunnel_rig_send(h, 1, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_LOOP), 3);
	tunnel_rig_expect_nothing(h);
	harness_free(h);
}

static void expect_unreachable(struct harness *h, unsigned int code)
{
	struct packet got = tunnel_rig_take(h, 0);

	assert_int_equal(get16(&got, 20), ICMP4_UNREACHABLE << 8 | code);
	tunnel_rig_expect_nothing(h);
}

/* No way for the outer packet, or not by the port that it was given. */
static void test_no_way(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet packet = tunnel_rig_hex(TO4, ""), six = tunnel_rig_hex(TO6, "");

	tunnel_rig_send(h, 0, 0, &six);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_FAMILY), 1);
	assert_int_equal(tunnel_rig_take(h, 0).bytes[6], IPPROTO_ICMPV6);
	harness_run(h, "dpip tunnel change t remote 203.0.113.1");
	tunnel_rig_send(h, 0, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_NO_ROUTE), 1);
	expect_unreachable(h, ICMP4_HOST_UNREACHABLE);
	harness_run(h, "dpip tunnel del t");
	harness_run(h, "dpip tunnel add t mode ipip remote 10.2.0.1 local 10.2.0.254 dev dpdk0");
	harness_run(h, "dpip route add 10.9.0.0/16 dev t");
	tunnel_rig_send(h, 0, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_NO_ROUTE), 2);
	expect_unreachable(h, ICMP4_HOST_UNREACHABLE);
	harness_free(h);
}

/* An error about the outer packet, from a router inside. */
static void test_errors4(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ipip);
	struct packet quote = tunnel_rig_hex(ipip->to, TO4_AGED);
	struct packet error = tunnel_rig_hex("45000000000000004001 0000 0a020009 0a0200fe ",
					     "0304000000000578");
	be16 sum;

	memcpy(error.bytes + error.len, quote.bytes, quote.len);
	error.len += quote.len;
	put16(&error, 2, (unsigned int)error.len);
	tunnel_rig_sum_ip4(&error);
	tunnel_rig_send(h, 1, 0, &error);
	assert_int_equal(harness_drops(h, DROP_ICMP_CHECKSUM), 1);
	sum = csum_finish(csum_sum(error.bytes + 20, (uint32_t)error.len - 20, 0));
	memcpy(error.bytes + 22, &sum, sizeof(sum));
	tunnel_rig_send(h, 1, 0, &error);
	tunnel_rig_expect_too_big(h, 4, 1400 - 20);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_ERROR), 1);
	/* of no tunnel of ours, and too little to tell whose it was */
	harness_run(h, "dpip tunnel change t remote 10.2.0.9");
	tunnel_rig_send(h, 1, 0, &error);
	assert_int_equal(harness_drops(h, DROP_ICMP_UNRELATED), 1);
	harness_run(h, "dpip tunnel change t remote 10.2.0.1");
	error.len = 20 + 8 + 28;
	put16(&error, 2, (unsigned int)error.len);
	put16(&error, 22, 0);
	tunnel_rig_sum_ip4(&error);
	sum = csum_finish(csum_sum(error.bytes + 20, (uint32_t)error.len - 20, 0));
	memcpy(error.bytes + 22, &sum, sizeof(sum));
	tunnel_rig_send(h, 1, 0, &error);
	assert_int_equal(harness_drops(h, DROP_ICMP_UNRELATED), 2);
	tunnel_rig_expect_nothing(h);
	harness_free(h);
}

static void test_errors6(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ip6ip6);
	struct packet quote = tunnel_rig_hex(ip6ip6->to, TO6_AGED);
	struct packet error = tunnel_rig_hex(
		"6000000000003a40 fd000002000000000000000000000001 " END6_OURS, "0200000000000578");
	uint8_t pseudo[40] = { 0 };
	be16 sum;

	memcpy(error.bytes + error.len, quote.bytes, quote.len);
	error.len += quote.len;
	put16(&error, 4, (unsigned int)error.len - 40);
	memcpy(pseudo, error.bytes + 8, 32);
	pseudo[35] = (uint8_t)(error.len - 40);
	pseudo[39] = IPPROTO_ICMPV6;
	sum = csum_finish(csum_sum(error.bytes + 40, (uint32_t)error.len - 40,
				   csum_sum(pseudo, sizeof(pseudo), 0)));
	memcpy(error.bytes + 42, &sum, sizeof(sum));
	tunnel_rig_send(h, 1, 0, &error);
	tunnel_rig_expect_too_big(h, 6, 1400 - 40);
	assert_int_equal(harness_drops(h, DROP_TUNNEL_ERROR), 1);
	harness_free(h);
}

/* Addresses on one side of dpvs, as text and in packets. */
static const struct place {
	const char *dev;
	const char *host, *host_hex;
	const char *vip, *vip_hex;
	const char *laddr, *laddr_hex;
} places[2][2] = {
	{ { "dpdk0", "10.1.0.2", "0a010002 ", "10.1.0.100", "0a010064 ", "10.1.0.200",
	    "0a0100c8 " },
	  { "t", "10.9.0.7", "0a090007 ", "10.9.0.100", "0a090064 ", "10.9.0.200", "0a0900c8 " } },
	{ { "dpdk0", "fd00:1::2", NET6_NEAR, "[fd00:1::100]", "fd000001000000000000000000000100 ",
	    "fd00:1::200", "fd000001000000000000000000000200 " },
	  { "t", "fd09::7", NET6_FAR, "[fd09::100]", "fd090000000000000000000000000100 ",
	    "fd09::200", "fd090000000000000000000000000200 " } },
};

static struct packet datagram(const char *src, unsigned int sport, const char *dst,
			      unsigned int dport)
{
	bool six = strlen(src) > 9;
	char hex[200];
	struct packet packet;
	size_t l4 = six ? 40 : 20;
	be16 sum;

	snprintf(hex, sizeof(hex), "%s%s%s%04x%04x000c0000 61626364",
		 six ? "60000000000c1140 " : "45000020000040004011 0000 ", src, dst, sport, dport);
	packet = tunnel_rig_hex(hex, "");
	if (!six) {
		tunnel_rig_sum_ip4(&packet);
		return packet;
	}
	sum = csum_finish(csum_sum(packet.bytes + 8, (uint32_t)packet.len - 8,
				   RTE_BE16(IPPROTO_UDP) + RTE_BE16(12)));
	memcpy(packet.bytes + l4 + 6, &sum, sizeof(sum));
	return packet;
}

/* From the host of a side. */
static void send_from(struct harness *h, const struct mode_row *tunnel, bool far,
		      unsigned int queue, const struct packet *packet)
{
	struct packet sent = far ? tunnel_rig_hex(tunnel->from, "") : (struct packet){ .len = 0 };

	memcpy(sent.bytes + sent.len, packet->bytes, packet->len);
	sent.len += packet->len;
	tunnel_rig_send(h, far, queue, &sent);
}

/* To the host of a side: what is expected is a hop older. Local ports are not known. */
static unsigned int expect_at(struct harness *h, const struct mode_row *tunnel, bool far,
			      struct packet want, bool any_port)
{
	struct packet got = tunnel_rig_take(h, far);
	size_t l4 = want.bytes[0] >> 4 == 6 ? 40 : 20;
	unsigned int sport;

	if (far) {
		assert_int_equal(got.len, tunnel->more + want.len);
		got.len -= tunnel->more;
		memmove(got.bytes, got.bytes + tunnel->more, got.len);
	}
	want.bytes[l4 == 40 ? 7 : 8]--;
	sport = get16(&got, l4);
	if (any_port) {
		put16(&want, l4, sport);
		put16(&want, l4 + 6, get16(&got, l4 + 6));
	}
	if (l4 == 20)
		tunnel_rig_sum_ip4(&want);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.bytes, want.bytes, want.len);
	return sport;
}

/* A service of FNAT (b), NAT (m) or DR (g), whose server or whose clients are behind the tunnel,
 * whoever receives what. */
static void serve(unsigned int n_workers, bool six, char mode, bool far_client)
{
	const struct place *client = &places[six][far_client], *server = &places[six][!far_client];
	const struct mode_row *tunnel = six ? ip6ip6 : ipip;
	struct harness *h = tunnel_rig_harness(n_workers, tunnel);
	unsigned int port = mode == 'g' ? 80 : 8080;
	char line[200];

	snprintf(line, sizeof(line), "dpip addr add %s dev %s",
		 six ? far_client ? "fd09::100" : "fd00:1::100" : client->vip, client->dev);
	harness_run(h, line);
	snprintf(line, sizeof(line), "ipvsadm -A -u %s:80 -s rr", client->vip);
	harness_run(h, line);
	snprintf(line, sizeof(line),
		 six ? "ipvsadm -a -u %s:80 -r [%s]:%u -%c" : "ipvsadm -a -u %s:80 -r %s:%u -%c",
		 client->vip, server->host, port, mode);
	harness_run(h, line);
	snprintf(line, sizeof(line), "ipvsadm -P -z %s -u %s:80 -F %s", server->laddr, client->vip,
		 server->dev);
	if (mode == 'b')
		harness_run(h, line);
	tunnel_rig_clear(h);
	for (unsigned int i = 0; i < 12; i++) {
		const char *from = mode == 'b' ? server->laddr_hex : client->host_hex;
		struct packet packet = datagram(client->host_hex, 1000 + i, client->vip_hex, 80);
		unsigned int sport;

		send_from(h, tunnel, far_client, i % n_workers, &packet);
		packet = datagram(from, 1000 + i, mode == 'g' ? client->vip_hex : server->host_hex,
				  port);
		sport = expect_at(h, tunnel, !far_client, packet, mode == 'b');
		tunnel_rig_expect_nothing(h);
		if (mode == 'g')
			continue; /* it answers by itself */
		packet = datagram(server->host_hex, 8080, from, sport);
		send_from(h, tunnel, !far_client, (i + 1) % n_workers, &packet);
		packet = datagram(client->vip_hex, 80, client->host_hex, 1000 + i);
		expect_at(h, tunnel, far_client, packet, false);
		tunnel_rig_expect_nothing(h);
	}
	assert_int_equal(harness_all_drops(h), 0);
	harness_free(h);
}

static void test_service(void **state)
{
	for (unsigned int n = 1; n <= 3; n += 2)
		for (unsigned int six = 0; six < 2; six++)
			for (const char *mode = "bmg"; *mode; mode++)
				for (unsigned int far_client = 0; far_client < 2; far_client++)
					serve(n, six, *mode, far_client);
}

static void test_removal(void **state)
{
	struct harness *h = tunnel_rig_harness(3, ipip);
	struct packet packet = tunnel_rig_hex(TO4, ""), back = tunnel_rig_hex(ipip->from, FROM4),
		      got;

	harness_run(h, "dpip tunnel del t");
	for (unsigned int w = 0; w <= 3; w++)
		assert_int_equal(port_find(h->all[w]->link, "t"), PORT_NONE);
	tunnel_rig_send(h, 0, 1, &packet);
	expect_unreachable(h, ICMP4_NET_UNREACHABLE);
	tunnel_rig_send(h, 1, 2, &back);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(get16(&got, 20), ICMP4_UNREACHABLE << 8 | ICMP4_PROTOCOL_UNREACHABLE);
	/* and comes again, on a port that then goes */
	harness_run(h, "dpip tunnel add t mode ipip remote 10.2.0.1 local 10.2.0.254 dev dpdk1");
	harness_run(h, "dpip route add 10.9.0.0/16 dev t");
	tunnel_rig_send(h, 0, 1, &packet);
	assert_int_equal(tunnel_rig_take(h, 1).len, packet.len + 20);
	harness_run(h, "dpip link set dpdk1 mtu 1400");
	assert_int_equal(h->all[3]->link->ports[port_find(h->all[3]->link, "t")].mtu, 1380);
	harness_run(h, "dpip link set dpdk1 mtu 70");
	assert_int_equal(h->all[3]->link->ports[port_find(h->all[3]->link, "t")].mtu, 68);
	harness_run(h, "dpip link del dpdk1");
	for (unsigned int w = 0; w <= 3; w++)
		assert_int_equal(port_find(h->all[w]->link, "t"), PORT_NONE);
	harness_free(h);
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{ "dpip tunnel add t mode ipip remote 10.2.0.7 local 10.2.0.254",
		  "link t is already there" },
		{ "dpip tunnel add u mode ipip remote 10.2.0.1 local 10.2.0.254",
		  "tunnel u: what arrives could not be told from that of t: another remote, local "
		  "or key is needed" },
		{ "dpip tunnel add u mode ipip remote 10.2.0.254 local 10.2.0.254",
		  "tunnel u: remote and local are the same" },
		{ "dpip tunnel add u mode ipip remote 224.0.0.1 local 10.2.0.254",
		  "tunnel u: remote: that is no address of a host" },
		{ "dpip tunnel add u mode ipip remote 0.0.0.0 local 10.2.0.254",
		  "tunnel u: remote: an IPv4 address is needed by mode ipip" },
		{ "dpip tunnel add u mode ipip remote 10.2.0.7 local 10.2.0.254 key 3",
		  "tunnel u: keys, checksums and sequence numbers go with gre and ip6gre" },
		{ "dpip tunnel add u mode gre remote 10.2.0.7 local 10.2.0.254 tos 7",
		  "tunnel u: tos 0x7: a multiple of 4, the lowest bits are ECN's" },
		{ "dpip tunnel add u mode gre remote 10.2.0.7 local 10.2.0.254 dev t",
		  "tunnel u: dev t is a tunnel: leave dev out" },
		{ "dpip tunnel change t mode gre", "tunnel t: its mode is ipip, which stays" },
		{ "dpip tunnel change t dev dpdk0", "tunnel t: its dev stays: delete and add it" },
		{ "dpip tunnel change dpdk0 ttl 3", "tunnel: there is no tunnel \"dpdk0\"" },
		{ "dpip tunnel del u", "tunnel: there is no tunnel \"u\"" },
		{ "dpip neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev t",
		  "neighbour 10.9.0.9: t is a tunnel, which has no neighbours" },
		{ "dpip link set t addr 02:00:00:00:00:09", "t: a tunnel has no addr" },
		{ "dpip link set t mtu 9217",
		  "t: mtu 9217: 68 to 9196 is possible, with its headers" },
		{ "dpip vlan add link t id 3", "vlan t.3: t has no Ethernet" },
	};
	struct harness *h = tunnel_rig_harness(1, ipip);

	for (size_t i = 0; i < LENGTH(rows); i++)
		assert_string_equal(harness_refused(h, rows[i].line), rows[i].why);
	/* the same ends, told apart by what is inside, or by the key */
	harness_run(h, "dpip tunnel add u mode sit remote 10.2.0.1 local 10.2.0.254");
	harness_run(h, "dpip tunnel add g mode gre remote 10.2.0.1 local 10.2.0.254");
	harness_run(h, "dpip tunnel add g1 mode gre remote 10.2.0.1 local 10.2.0.254 key 1");
	assert_string_equal(harness_refused(h, "dpip tunnel change g key 1"),
			    "tunnel g: what arrives could not be told from that of g1: another "
			    "remote, local or key is needed");
	harness_run(h, "dpip link set t mtu 1300");
	harness_run(h, "dpip tunnel change t ttl 4");
	assert_int_equal(h->all[1]->link->ports[port_find(h->all[1]->link, "t")].mtu, 1300);
	harness_free(h);
}

/* A frame for the tunnel in a buffer without room in front; shared: the buffer is not ours alone.
 */
static void send_tight(struct harness *h, const struct mode_row *mode, bool shared)
{
	struct packet in =
		tunnel_rig_hex(mode->inner == 4 ? NEAR_IN "0800" TO4 : NEAR_IN "86dd" TO6, "");
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool);

	assert_non_null(m);
	m->data_off = 0;
	memcpy(rte_pktmbuf_append(m, (uint16_t)in.len), in.bytes, in.len);
	rte_mbuf_refcnt_set(m, shared ? 2 : 1);
	assert_true(test_port_inject(h->port[0], 0, m));
	harness_turn(h);
	if (shared)
		rte_pktmbuf_free(m);
}

/* A driver that leaves no room in front of a frame. */
static void test_no_room(void **state)
{
	for (size_t i = 0; i < TUNNEL_MODES; i++) {
		const struct mode_row *mode = &tunnel_modes[i];
		struct harness *h = tunnel_rig_harness(1, mode);
		struct packet want = tunnel_rig_hex(mode->to,
						    mode->inner == 4 ? TO4_AGED : TO6_AGED);

		send_tight(h, mode, false);
		tunnel_rig_assert_packet(tunnel_rig_take(h, 1), &want);
		send_tight(h, mode, true);
		assert_int_equal(harness_drops(h, DROP_TUNNEL_ROOM), 1);
		tunnel_rig_expect_nothing(h);
		harness_free(h);
	}
}

/* The longest headers, three of them: more than drivers leave room for. */
static void test_deep(void **state)
{
	struct harness *h = tunnel_rig_harness(1, ip6gre_all);
	struct packet packet = tunnel_rig_hex(TO4, ""), got;
	size_t len = packet.len;

	harness_run(
		h,
		"dpip tunnel add t2 mode ip6gre key 7 csum remote fd09:0:2::1 local fd00:2::254");
	harness_run(h, "dpip route add fd09:0:3::/48 dev t2");
	harness_run(
		h,
		"dpip tunnel add t3 mode ip6gre key 7 csum remote fd09:0:3::1 local fd00:2::254");
	harness_run(h, "dpip route add 10.9.4.0/24 dev t3");
	packet.bytes[18] = 4;
	tunnel_rig_sum_ip4(&packet);
	tunnel_rig_send(h, 0, 0, &packet);
	got = tunnel_rig_take(h, 1);
	assert_int_equal(got.len, len + 3 * ip6gre_all->more);
	for (size_t at = 0; at < 3 * ip6gre_all->more; at += ip6gre_all->more)
		assert_int_equal(got.bytes[at + 6], IPPROTO_GRE);
	/* the inner one as it was, but for a hop */
	got.bytes[3 * ip6gre_all->more + 8]++;
	got.len -= 3 * ip6gre_all->more;
	memmove(got.bytes, got.bytes + 3 * ip6gre_all->more, got.len);
	tunnel_rig_sum_ip4(&got);
	assert_memory_equal(got.bytes, packet.bytes, len);
	tunnel_rig_expect_nothing(h);
	assert_int_equal(harness_all_drops(h), 0);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drops),   cmocka_unit_test(test_tunnels_in_tunnels),
		cmocka_unit_test(test_no_way),  cmocka_unit_test(test_errors4),
		cmocka_unit_test(test_errors6), cmocka_unit_test(test_service),
		cmocka_unit_test(test_removal), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_room), cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

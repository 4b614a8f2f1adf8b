/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/ip4_rig.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "net/addr_int.h"
#include "net/neigh_int.h"
#include "net/route_int.h"

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

/* Without the detection of duplicates that a command begins. */
static void add_address(struct harness *h, const char *text, uint16_t port)
{
	struct addr addr = { .port = port, .family = AF_INET6, .plen = 64 };
	struct change change;
	unsigned int family;

	assert_int_equal(ip_parse(text, &family, &addr.ip), 0);
	change_init(&change, h->all);
	assert_int_equal(change_end(&change, addr_change_add(&change, &addr)), 0);
	harness_turn(h);
}

static void add_neighbour(struct harness *h, const char *text, uint8_t mac, uint16_t port)
{
	struct neigh_key key = {
		.port = port,
		.family = AF_INET6,
		.state = API_NEIGH_REACHABLE,
		.is_static = true,
		.mac = { { 6, 0, 0, 0, 0, mac } },
	};
	unsigned int family;

	assert_int_equal(ip_parse(text, &family, &key.ip), 0);
	assert_int_equal(neigh_set_static(h->all, &key), 0);
	harness_turn(h);
}

void ip6_rig_route(struct harness *h, const char *prefix, unsigned int plen, unsigned int type,
		   uint32_t mtu)
{
	struct route route = {
		.family = AF_INET6,
		.plen = (uint8_t)plen,
		.type = (uint8_t)type,
		.port = type == API_ROUTE_UNICAST ? 1 : PORT_NONE,
		.mtu = mtu,
	};
	struct change change;
	unsigned int family;

	assert_int_equal(ip_parse(prefix, &family, &route.dst), 0);
	if (type == API_ROUTE_UNICAST)
		assert_int_equal(ip_parse("2001:db8:1::2", &family, &route.via), 0);
	if (type == API_ROUTE_KERNEL)
		route.port = 0;
	change_init(&change, h->all);
	assert_int_equal(change_end(&change, route_change_add(&change, &route)), 0);
	harness_turn(h);
}

void ip6_rig_add(struct harness *h)
{
	add_address(h, "2001:db8::1", 0);
	add_address(h, "2001:db8:1::1", 1);
	add_neighbour(h, "2001:db8::2", 0x02, 0);
	add_neighbour(h, "fe80::2", 0x02, 0);
	add_neighbour(h, "2001:db8:1::2", 0x12, 1);
}

struct harness *ip6_rig_new(const struct harness_options *options)
{
	struct harness *h = harness_new(options);
	uint8_t frame[256];

	ip6_rig_add(h);
	for (unsigned int port = 0; port < HARNESS_PORTS; port++)
		while (harness_take(h, port, frame, sizeof(frame)))
			;
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

/* The same for IPv6: behind its extension headers, whole packets only. */
static void ip6_seal(struct bytes *frame)
{
	uint8_t *ip = frame->at + L3, *field = NULL;
	size_t total = 40 + ((size_t)ip[4] << 8 | ip[5]), off = 40;
	uint8_t proto = ip[6];

	if (frame->len < L3 + total)
		return;
	while (off + 8 <= total && (proto == 0 || proto == 43 || proto == 60 || proto == 44)) {
		bool is_fragment = proto == 44;

		if (is_fragment && ((ip[off + 2] | ip[off + 3]) & ~6))
			return;
		proto = ip[off];
		off += is_fragment ? 8 : (ip[off + 1] + 1u) * 8;
	}
	if (proto == 58 && off + 4 <= total)
		field = ip + off + 2;
	else if (proto == 6 && off + 20 <= total)
		field = ip + off + 16;
	else if (proto == 17 && off + 8 <= total)
		field = ip + off + 6;
	if (field && !field[0] && !field[1])
		put_sum(field, sum_words(ip + off, total - off,
					 sum_words(ip + 8, 32, proto + (uint32_t)(total - off))));
}

void ip4_seal(struct bytes *frame)
{
	uint8_t *ip = frame->at + L3;
	size_t header = (ip[0] & 15) * 4u, total = (size_t)ip[2] << 8 | ip[3];
	size_t len = total > header ? total - header : 0;
	uint8_t *l4 = ip + header, *field = NULL;
	uint32_t sum = 0;

	if (frame->len >= L3 + 40 && ip[0] >> 4 == 6) {
		ip6_seal(frame);
		return;
	}
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

void ip_case_check(struct harness *h, const struct ip_case *one, const char *to, const char *from)
{
	uint64_t before = harness_all_drops(h);
	struct bytes in = ip4_frame(one->l2 ? one->l2 : to, one->in, one->filler), want;

	print_message("%s\n", one->name);
	ip4_send_frame(h, 0, &in);
	if (harness_all_drops(h) != before + (one->drop >= 0) ||
	    (one->drop >= 0 && !harness_drops(h, (enum drop_reason)one->drop)))
		fail_msg("%s: another drop reason", one->name);
	if (one->out) {
		want = ip4_frame(from, one->out, 0);
		memcpy(want.at + want.len, in.at + L3, one->quotes);
		want.len += one->quotes;
		ip4_seal(&want);
		ip4_expect(h, 0, &want);
	}
	ip4_expect_nothing(h);
}

unsigned int ip4_count_frames(struct harness *h, unsigned int port)
{
	uint8_t frame[PACKET_MAX];
	unsigned int n = 0;

	while (harness_take(h, port, frame, sizeof(frame)))
		n++;
	return n;
}

void ip4_no_mbuf(struct harness *h, const struct bytes *frame, enum drop_reason reason)
{
	uint64_t before = harness_drops(h, DROP_NO_MBUF);
	struct rte_mbuf *taken[64];
	unsigned int n = 0;

	harness_inject(h, 0, 0, frame->at, frame->len);
	while (n < LENGTH(taken) && (taken[n] = rte_pktmbuf_alloc(h->pool)) != NULL)
		n++;
	harness_turn(h);
	assert_int_equal(harness_drops(h, DROP_NO_MBUF), before + 1);
	assert_int_equal(harness_drops(h, reason), 1);
	harness_assert_balance(h);
	ip4_expect_nothing(h);
	while (n > 0)
		rte_pktmbuf_free(taken[--n]);
}

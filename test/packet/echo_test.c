/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP echo through a service of a mark: every mode, both families, on one
 * worker and on three, whichever queue a packet comes by; every tunnel, of the other
 * family's too; and addresses that answer
 * by themselves, since no rule says otherwise. (Errors about echoes: snat_echo_test.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/echo.h"
#include "packet/fnat_rig.h"
#include "packet/frag_rig.h"
#include "packet/ip4_rig.h"

#define FLOWS   9
#define REQUEST 8
#define REPLY   0

static const struct harness_options one, three = { .n_workers = 3 };

static void run_mode(struct harness *h, const char *format, char mode)
{
	char line[160];

	snprintf(line, sizeof(line), format, mode);
	harness_run(h, line);
}

static struct harness *marked(const struct harness_options *options, char mode)
{
	struct harness *h = rig_new(options);

	harness_run(h, "dpip mark add to " VIP " proto icmp mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr");
	harness_run(h, "ipvsadm -P -f 1 -z " LADDR " -F dpdk1");
	run_mode(h, "ipvsadm -a -f 1 -r " SERVER ":8080 -%c", mode); /* no port of an echo */
	return h;
}

/* buf: where its ICMP message lies. */
static struct packet echo(uint8_t *buf, uint8_t type, const char *src, const char *dst, uint16_t id,
			  uint16_t seq)
{
	size_t len = icmp_build(buf, type, 0, (uint32_t)id << 16 | seq, (const uint8_t *)"abcde",
				5);

	return (struct packet){
		.src = src, .dst = dst, .proto = IPPROTO_ICMP, .l4 = buf, .l4_len = len
	};
}

/* The id that the server sees; 0: there is no connection. */
static uint16_t id_of(struct harness *h, uint16_t id, struct worker **owner)
{
	struct tuple in = { .sport = htons(id), .proto = IPPROTO_ICMP, .family = AF_INET }, out;
	enum conn_dir dir;
	unsigned int family;
	uint16_t found = 0;

	ip_parse(CLIENT, &family, &in.src);
	ip_parse(VIP, &family, &in.dst);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		struct conn_table *conns = h->all[i]->ipvs->conns;
		uint32_t conn = conn_lookup(conns, &in, &dir);

		if (conn == CONN_NONE)
			continue;
		assert_int_equal(found, 0);
		conn_tuple(conns, conn, CONN_OUT, &out);
		assert_int_equal(out.sport, 0);
		found = ntohs(out.dport);
		*owner = h->all[i];
	}
	return found;
}

static void check_ping(struct harness *h, unsigned int flow, uint16_t seq, char mode)
{
	uint8_t l4[64], want_l4[64];
	uint16_t id = (uint16_t)(flow * 7000); /* 0 is one like others */
	struct packet packet = echo(l4, REQUEST, CLIENT, VIP, id, seq), want;
	struct worker *owner = NULL;
	uint16_t out;

	packet.damage = flow == 4 ? 0x0101 : 0;
	rig_send_to(h, CLIENT_SIDE, (flow + seq) % h->n_workers, &packet);
	out = id_of(h, id, &owner);
	assert_non_null(owner);
	want = echo(want_l4, REQUEST, mode == 'b' ? LADDR : CLIENT, mode == 'g' ? VIP : SERVER, out,
		    seq);
	want.ttl = 63;
	want.damage = packet.damage;
	if (mode != 'b')
		assert_int_equal(out, id);
	if (packet.damage == 0) {
		rig_expect(h, SERVER_SIDE, &want);
	} else { /* it stays wrong */
		struct frame got = rig_take(h, SERVER_SIDE), right;

		want.damage = 0;
		right = frame_out(SERVER_SIDE, &want);
		assert_int_equal(got.len, right.len);
		assert_int_not_equal(frame_u16(&got, L4 + 2), frame_u16(&right, L4 + 2));
	}
	if (mode == 'g')
		return;
	packet = echo(l4, REPLY, SERVER, want.src, out, seq);
	rig_send_to(h, SERVER_SIDE, (flow + seq + 1) % h->n_workers, &packet);
	want = echo(want_l4, REPLY, VIP, CLIENT, id, seq);
	want.ttl = 63;
	rig_expect(h, CLIENT_SIDE, &want);
}

static void check_mode(const struct harness_options *options, char mode)
{
	struct harness *h = marked(options, mode);

	for (unsigned int flow = 0; flow < FLOWS; flow++)
		for (uint16_t seq = 1; seq <= h->n_workers; seq++)
			check_ping(h, flow, seq, mode);
	assert_int_equal(rig_conns(h), FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_modes(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_mode(&one, *mode);
		check_mode(&three, *mode);
	}
}

#define LONG 60 /* bytes of data, in pieces of 24 */

static struct whole long_echo(uint8_t type, const char *src, const char *dst, uint16_t id,
			      unsigned int ttl)
{
	uint8_t l4[8 + LONG], data[LONG] = { 1, 2, 3 };
	struct packet packet = { .src = src, .dst = dst, .proto = IPPROTO_ICMP, .l4 = l4 };
	struct whole whole = { 0 };

	packet.ttl = (uint8_t)ttl;
	packet.l4_len = icmp_build(l4, type, 0, (uint32_t)id << 16 | 1, data, LONG);
	whole.len = packet_build(whole.bytes, &packet);
	return whole;
}

/* What comes in pieces leaves as the pieces of `want`, in the order of their offsets. */
static void check_pieces(struct harness *h, unsigned int side, unsigned int queue, bool backwards,
			 bool renamed, const struct whole *whole, const struct whole *want)
{
	unsigned int other = side == CLIENT_SIDE ? SERVER_SIDE : CLIENT_SIDE;
	uint32_t id = renamed ? FRAG_ANY : 99;

	for (size_t i = 0; i < 3; i++) {
		size_t at = (backwards ? 2 - i : i) * 24;
		struct whole piece = frag_piece(whole, at, at == 48 ? 20 : 24, 99);

		frag_send(h, side, (queue + i) % h->n_workers, &piece);
	}
	for (size_t at = 0; at < 8 + LONG; at += 24)
		frag_expect_piece(h, other, want, at, at == 48 ? 20 : 24, &id, 99, 0);
	rig_expect_nothing(h);
}

static void check_mode_pieces(const struct harness_options *options, char mode)
{
	struct harness *h = marked(options, mode);
	const char *from = mode == 'b' ? LADDR : CLIENT, *to = mode == 'g' ? VIP : SERVER;

	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		uint16_t id = (uint16_t)(flow * 7000), out;
		struct worker *owner = NULL;
		struct whole whole, want;

		check_ping(h, flow, 1, mode);
		out = id_of(h, id, &owner);
		whole = long_echo(REQUEST, CLIENT, VIP, id, 64);
		want = long_echo(REQUEST, from, to, out, 63);
		check_pieces(h, CLIENT_SIDE, flow, flow & 1, mode == 'b', &whole, &want);
		if (mode == 'g')
			continue;
		whole = long_echo(REPLY, to, from, out, 64);
		want = long_echo(REPLY, VIP, CLIENT, id, 63);
		check_pieces(h, SERVER_SIDE, flow, flow & 2, true, &whole, &want);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* They follow their connection; or open it, and are refused with their first one. */
static void test_pieces(void **state)
{
	struct harness *h = marked(&three, 'm');
	struct whole whole = long_echo(REQUEST, CLIENT, VIP, 5, 64);
	struct whole want = long_echo(REQUEST, CLIENT, SERVER, 5, 63);

	check_pieces(h, CLIENT_SIDE, 0, true, false, &whole, &want);
	assert_int_equal(rig_conns(h), 1);
	harness_run(h, "ipvsadm -e -f 1 -r " SERVER ":8080 -m -w 0");
	for (unsigned int i = 0; i < 3; i++) {
		whole = long_echo(REQUEST, CLIENT, VIP, 6, 64);
		want = frag_piece(&whole, i * 24, i == 2 ? 20 : 24, 98);
		frag_send(h, CLIENT_SIDE, 0, &want);
	}
	assert_true(rig_take(h, CLIENT_SIDE).len); /* of the first one */
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), 1);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 2);
	rig_end(h);
	for (const char *mode = "bmg"; *mode; mode++) {
		check_mode_pieces(&one, *mode);
		check_mode_pieces(&three, *mode);
	}
}

/* It outlives its service, whose address is then none of ours. */
static void test_removed(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		struct harness *h = marked(&three, *mode);

		check_ping(h, 1, 1, *mode);
		harness_run(h, "dpip addr del " VIP "/32 dev dpdk0");
		harness_run(h, "ipvsadm -D -f 1");
		for (uint16_t seq = 2; seq < 8; seq++)
			check_ping(h, 1, seq, *mode);
		assert_int_equal(rig_conns(h), 1);
		rig_end(h);
	}
}

/* It lives for 300 s after its last packet. */
static void test_timeout(void **state)
{
	struct harness *h = marked(&one, 'm');

	check_ping(h, 1, 1, 'm');
	harness_advance(h, (ECHO_TIMEOUT_S - 1) * 1000);
	assert_int_equal(rig_conns(h), 1);
	harness_advance(h, 2000);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

/* Without a rule of its own a virtual address answers by itself. */
static void test_own_answer(void **state)
{
	struct harness *h = rig_new(&one);
	uint8_t l4[64], want_l4[64];
	struct packet packet = echo(l4, REQUEST, CLIENT, VIP, 5, 1), want;
	struct frame got;

	rig_service(h, 't', 1);
	harness_run(h, "dpip mark add to " VIP " proto tcp mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr");
	rig_send(h, CLIENT_SIDE, &packet);
	want = echo(want_l4, REPLY, VIP, CLIENT, 5, 1);
	got = rig_take(h, CLIENT_SIDE);
	assert_int_equal(got.len, L4 + want.l4_len);
	assert_int_equal(got.bytes[L4], REPLY);
	rig_expect_nothing(h);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

/* ---- IPv6 ---- */

#define C6 "20010db8000000000000000000000002"
#define V6 "20010db8000000000000000000000010"
#define S6 "20010db8000100000000000000000002"
#define L6 "20010db80001000000000000000000c8"

static struct bytes echo6(const char *l2, unsigned int hops, const char *src, const char *dst,
			  unsigned int type, unsigned int id)
{
	char ip[256];

	snprintf(ip, sizeof(ip), "60000000 000d 3a%02x %s %s %02x000000 %04x0001 68656c6c6f", hops,
		 src, dst, type, id);
	return ip4_frame(l2, ip, 0);
}

static void check_mode6(const struct harness_options *options, char mode)
{
	struct harness *h = ip6_rig_new(options);

	harness_run(h, "dpip mark add to 2001:db8::10 proto icmp mark 1");
	harness_run(h, "ipvsadm -A -f 1 -6 -s rr");
	harness_run(h, "ipvsadm -P -f 1 -6 -z 2001:db8:1::c8 -F dpdk1");
	run_mode(h, "ipvsadm -a -f 1 -6 -r 2001:db8:1::2 -%c", mode);
	harness_advance(h, 5000);
	ip4_count_frames(h, 0);
	ip4_count_frames(h, 1);
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct bytes frame = echo6(TO6_0, 64, C6, V6, 128, flow), got, want;
		unsigned int id = flow;

		harness_inject(h, 0, flow % h->n_workers, frame.at, frame.len);
		harness_turn(h);
		got.len = harness_take(h, 1, got.at, sizeof(got.at));
		assert_true(got.len > L3 + 48);
		if (mode == 'b')
			id = (unsigned int)(got.at[L3 + 44] << 8 | got.at[L3 + 45]);
		want = echo6(FROM6_1, 63, mode == 'b' ? L6 : C6, mode == 'g' ? V6 : S6, 128, id);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.at, want.at, want.len);
		if (mode == 'g')
			continue;
		frame = echo6(TO6_1, 64, S6, mode == 'b' ? L6 : C6, 129, id);
		harness_inject(h, 1, (flow + 1) % h->n_workers, frame.at, frame.len);
		harness_turn(h);
		want = echo6(FROM6_0, 63, V6, C6, 129, flow);
		ip4_expect(h, 0, &want);
	}
	assert_int_equal(rig_conns(h), FLOWS);
	rig_end(h);
}

static void test_modes6(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_mode6(&one, *mode);
		check_mode6(&three, *mode);
	}
}

/* ---- tunnels ---- */

static const struct kind {
	const char *options;
	unsigned int proto; /* 0: of the packet inside */
	size_t head;        /* bytes */
	bool sum;
} kinds[] = {
	{ "--tun-type ipip", 0, 0, false },
	{ "--tun-type gre", IPPROTO_GRE, 4, false },
	{ "--tun-type gre --tun-csum", IPPROTO_GRE, 8, true },
	{ "--tun-type gue --tun-port 6080", IPPROTO_UDP, 12, false },
	{ "--tun-type gue --tun-port 6080 --tun-csum", IPPROTO_UDP, 12, true },
};

static struct bytes echo_to(bool six, unsigned int hops, unsigned int id, unsigned int seq)
{
	char ip[256];

	if (six)
		return echo6(TO6_0, hops, C6, V6, 128, id);
	snprintf(ip, sizeof(ip),
		 "45000021 12344000 %02x010000 0a000002 0a00000a 08000000 %04x%04x 68656c6c6f",
		 hops, id, seq);
	return ip4_frame(TO_0, ip, 0);
}

/* GRE's checksum, over all from its header on. */
static void put_gre_sum(uint8_t *gre, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)gre[i] << (i & 1 ? 0 : 8);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	gre[4] = (uint8_t)(sum >> 8);
	gre[5] = (uint8_t)sum;
}

/* What is anybody's choice stands in what we got: GUE's source port, the identification without DF.
 */
static struct bytes in_tunnel(const struct kind *kind, bool six, bool outer6,
			      const struct bytes *inside, const struct bytes *got)
{
	size_t payload = inside->len - L3, at = L3 + (outer6 ? 40 : 20), len = payload + kind->head;
	unsigned int proto = six ? IPPROTO_IPV6 : IPPROTO_IPIP;
	unsigned int outer = kind->proto ? kind->proto : proto;
	char head[64] = "", text[256];
	struct bytes want;

	if (kind->proto == IPPROTO_GRE)
		snprintf(head, sizeof(head), "%s %s %s", kind->sum ? "8000" : "0000",
			 six ? "86dd" : "0800", kind->sum ? "00000000" : "");
	else if (kind->proto == IPPROTO_UDP)
		snprintf(head, sizeof(head), "%02x%02x 17c0 %04x 0000 00%02x 0000", got->at[at],
			 got->at[at + 1], (unsigned int)len, proto);
	if (outer6)
		snprintf(text, sizeof(text), "60000000 %04x %02x3f %s %s %s", (unsigned int)len,
			 outer, "20010db8000100000000000000000001", S6, head);
	else
		snprintf(text, sizeof(text),
			 "4500 %04x %02x%02x %s 3f%02x 0000 c0a80001 c0a80002 %s",
			 (unsigned int)len + 20, six ? got->at[L3 + 4] : 0,
			 six ? got->at[L3 + 5] : 0, six ? "0000" : "4000", outer, head);
	want = ip4_frame(outer6 ? FROM6_1 : FROM_1, text, 0);
	memcpy(want.at + want.len, inside->at + L3, payload);
	want.len += payload;
	ip4_seal(&want);
	if (kind->proto == IPPROTO_UDP && !kind->sum)
		memset(want.at + at + 6, 0, 2);
	if (kind->proto == IPPROTO_GRE && kind->sum)
		put_gre_sum(want.at + at, want.len - at);
	return want;
}

static struct harness *tunnelled(const struct harness_options *options, bool six, bool outer6)
{
	struct harness *h = ip4_rig_new(options);
	char line[160];

	ip6_rig_add(h);
	harness_run(h, six ? "dpip mark add to 2001:db8::10 proto icmp mark 1"
			   : "dpip mark add to 10.0.0.10 proto icmp mark 1");
	harness_run(h, six ? "ipvsadm -A -f 1 -6 -s rr" : "ipvsadm -A -f 1 -s rr");
	snprintf(line, sizeof(line), "ipvsadm -a -f 1%s -r %s -i", six ? " -6" : "",
		 outer6 ? "2001:db8:1::2" : "192.168.0.2");
	harness_run(h, line);
	harness_advance(h, 5000);
	ip4_count_frames(h, 0);
	ip4_count_frames(h, 1);
	return h;
}

/* The first two packets of an echo: one that opens the connection, one that follows it. */
static void check_tunnel(struct harness *h, const struct kind *kind, bool six, bool outer6,
			 unsigned int id)
{
	for (unsigned int seq = 1; seq <= 2; seq++) {
		struct bytes frame = echo_to(six, 64, id, seq), got, want;
		struct bytes inside = echo_to(six, 63, id, seq);

		harness_inject(h, 0, (id + seq) % h->n_workers, frame.at, frame.len);
		harness_turn(h);
		got.len = harness_take(h, 1, got.at, sizeof(got.at));
		want = in_tunnel(kind, six, outer6, &inside, &got);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.at, want.at, want.len);
		ip4_expect_nothing(h);
	}
}

static void check_tunnels(const struct harness_options *options, bool six, bool outer6)
{
	struct harness *h = tunnelled(options, six, outer6);
	const unsigned int n = sizeof(kinds) / sizeof(kinds[0]);
	char line[160];

	for (unsigned int k = 0; k < n; k++) {
		snprintf(line, sizeof(line), "ipvsadm -e -f 1%s -r %s -i %s", six ? " -6" : "",
			 outer6 ? "2001:db8:1::2" : "192.168.0.2", kinds[k].options);
		harness_run(h, line);
		for (unsigned int flow = 0; flow < FLOWS; flow++)
			check_tunnel(h, &kinds[k], six, outer6, k * 7000 + flow);
	}
	assert_int_equal(rig_conns(h), n * FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_tunnels(void **state)
{
	for (unsigned int families = 0; families < 4; families++) {
		check_tunnels(&one, families & 1, families & 2);
		check_tunnels(&three, families & 1, families & 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),   cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_removed), cmocka_unit_test(test_own_answer),
		cmocka_unit_test(test_modes6),  cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_tunnels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

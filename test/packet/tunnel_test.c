/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnels (-i) beside what tunnel_kernel_test compares: on one worker and on
 * three, with states and counters; modes mixed in one service; ICMP errors
 * about the outside, whoever gets them; a route's source; and what must be
 * refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/service.h"
#include "net/path_mtu.h"
#include "packet/csum.h"
#include "packet/dr_rig.h"

#define OUTER 20

static struct harness *tunnel_new(unsigned int n_workers, uint8_t proto, const char *options)
{
	const struct harness_options how = { .n_workers = n_workers };
	struct harness *h = rig_new(&how);
	char line[160];

	dr_service(h, proto);
	snprintf(line, sizeof(line), "ipvsadm -a -%c " VIP ":80 -r " SERVER " -i %s",
		 proto == IPPROTO_UDP ? 'u' : 't', options);
	harness_run(h, line);
	return h;
}

/* The next frame to the servers is this packet behind `outer` bytes, from dpdk1's address. */
static struct frame expect_inside(struct harness *h, const struct packet *packet, size_t outer)
{
	static const uint8_t ends[] = { 192, 168, 0, 1, 192, 168, 0, 11 };
	struct packet aged = dr_on(*packet);
	struct frame want = frame_out(SERVER_SIDE, &aged), got = rig_take(h, SERVER_SIDE);

	assert_int_equal(got.len, want.len + outer);
	assert_memory_equal(got.bytes, want.bytes, L3);
	assert_memory_equal(got.bytes + L3 + outer, want.bytes + L3, want.len - L3);
	assert_memory_equal(got.bytes + L3 + 12, ends, sizeof(ends));
	assert_int_equal(frame_ip_sum(&got), 0xffff);
	rig_expect_nothing(h);
	return got;
}

/* On queues of all workers in turn: each connection has one worker, whoever receives it. */
static void both_protocols(unsigned int n_workers)
{
	static const uint8_t protos[] = { IPPROTO_UDP, IPPROTO_TCP };

	for (unsigned int p = 0; p < 2; p++) {
		struct harness *h = tunnel_new(n_workers, protos[p], "--tun-type gre");
		struct rig_counts counts;

		for (uint16_t i = 0; i < 30; i++) {
			struct packet packet = dr_from_client(protos[p], CPORT + i, SYN);

			rig_send_to(h, CLIENT_SIDE, i % n_workers, &packet);
			expect_inside(h, &packet, OUTER + 4);
			packet = dr_from_client(protos[p], CPORT + i, ACK);
			rig_send_to(h, CLIENT_SIDE, (i + 1u) % n_workers, &packet);
			expect_inside(h, &packet, OUTER + 4);
		}
		assert_int_equal(rig_conns(h), 30);
		counts = rig_counts(h, protos[p], 0);
		assert_int_equal(counts.conns, 30);
		assert_int_equal(counts.inpkts, 60);
		assert_int_equal(counts.outpkts, 0);
		if (protos[p] == IPPROTO_TCP)
			assert_int_equal(rig_conn(h, IPPROTO_TCP, CLIENT, CPORT).conn->state,
					 TCP_ESTABLISHED);
		rig_end(h);
	}
}

static void one_worker(void **state)
{
	both_protocols(1);
}

static void three_workers(void **state)
{
	both_protocols(3);
}

/* A flow keeps GUE's source port, and another has another one. */
static void gue_ports(void **state)
{
	struct harness *h = tunnel_new(3, IPPROTO_UDP, "--tun-type gue --tun-port 6080");
	uint16_t ports[20];
	unsigned int same = 0;

	for (uint16_t i = 0; i < 40; i++) {
		struct packet packet = dr_from_client(IPPROTO_UDP, CPORT + i % 20, 0);
		struct frame got;

		rig_send_to(h, CLIENT_SIDE, i % 3, &packet);
		got = expect_inside(h, &packet, OUTER + 12);
		assert_int_equal(frame_u16(&got, L4 + 2), 6080);
		assert_true(frame_u16(&got, L4) >= 49152);
		if (i < 20)
			ports[i] = frame_u16(&got, L4);
		assert_int_equal(frame_u16(&got, L4), ports[i % 20]);
		same += i && i < 20 && ports[i] == ports[0];
	}
	assert_true(same < 3);
	rig_end(h);
}

/* rr over a server in a tunnel and one in DR, and one by FNAT. */
static void mixed_modes(void **state)
{
	struct harness *h = tunnel_new(1, IPPROTO_UDP, "");
	unsigned int seen[3] = { 0 };

	dr_server(h, IPPROTO_UDP, SERVER2);
	harness_run(h, "ipvsadm -P -u " VIP ":80 -z " LADDR " -F dpdk1");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r 192.168.0.13:8080 -b");
	harness_neigh(h, "192.168.0.13", "06:00:00:00:01:0d", "dpdk1");
	for (uint16_t i = 0; i < 30; i++) {
		struct packet packet = dr_from_client(IPPROTO_UDP, CPORT + i, 0);
		struct frame got;

		rig_send(h, CLIENT_SIDE, &packet);
		got = rig_take(h, SERVER_SIDE);
		if (got.bytes[L3 + 9] == IPPROTO_IPIP)
			seen[0]++;
		else if (frame_u16(&got, L4 + 2) == 80)
			seen[1]++;
		else if (frame_u16(&got, L4 + 2) == 8080)
			seen[2]++;
	}
	assert_int_equal(seen[0], 10);
	assert_int_equal(seen[1], 10);
	assert_int_equal(seen[2], 10);
	rig_end(h);
}

/* A router on the way says something about the outer packet, to any worker. */
static void errors_outside(void **state)
{
	static const struct {
		uint8_t type, code, to_type, to_code;
		uint32_t rest, to_rest;
	} cases[] = {
		{ 3, 4, 3, 4, 1300, 1300 - 28 }, { 3, 4, 3, 4, 80, 68 }, { 3, 1, 3, 1, 0, 0 },
		{ 11, 0, 11, 0, 0, 0 },          { 3, 13, 3, 13, 0, 0 },
	};
	struct harness *h = tunnel_new(3, IPPROTO_TCP, "--tun-type gre --tun-csum");
	struct packet packet = dr_from_client(IPPROTO_TCP, CPORT, SYN), aged = dr_on(packet);
	struct frame sent;

	rig_send_to(h, CLIENT_SIDE, 1, &packet);
	sent = expect_inside(h, &packet, OUTER + 8);
	for (unsigned int i = 0; i < RTE_DIM(cases) * 3; i++) {
		uint8_t icmp[200];
		struct packet error = { .src = "192.168.0.254",
					.dst = "192.168.0.1",
					.proto = IPPROTO_ICMP,
					.l4 = icmp };

		error.l4_len = icmp_build(icmp, cases[i / 3].type, cases[i / 3].code,
					  cases[i / 3].rest, sent.bytes + L3, sent.len - L3);
		rig_send_to(h, SERVER_SIDE, i % 3, &error);
		rig_expect_icmp(h, CLIENT_SIDE, cases[i / 3].to_type, cases[i / 3].to_code, VIP,
				cases[i / 3].to_rest, &aged);
		/* damaged, about another server, of no connection, too short: nobody is told */
		error.damage = 1;
		rig_send_to(h, SERVER_SIDE, i % 3, &error);
		rig_expect_nothing(h);
		error.damage = 0;
		error.l4_len = 8 + 20 + 8 + 20 + 3;
		rig_send_to(h, SERVER_SIDE, i % 3, &error);
		rig_expect_nothing(h);
		error.l4_len = 8 + sent.len - L3;
		icmp[8 + 19]++;
		rig_send_to(h, SERVER_SIDE, i % 3, &error);
		rig_expect_nothing(h);
		icmp[8 + 19]--;
		icmp[8 + OUTER + 8 + 20]++;
		rig_send_to(h, SERVER_SIDE, i % 3, &error);
		rig_expect_nothing(h);
	}
	assert_int_equal(harness_drops(h, DROP_TUNNEL_ERROR), RTE_DIM(cases) * 3);
	rig_end(h);
}

/* What a router has told of the path, the next packets keep to: in both stages, for ten minutes. */
static void path_mtu(void **state)
{
	struct harness *h = tunnel_new(3, IPPROTO_UDP, "");
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0), error;
	struct frame sent;
	uint8_t icmp[200];

	packet.filler = 1300;
	packet.payload = "";
	packet.fragment = 0x4000;
	for (unsigned int i = 0; i < 2; i++) { /* the second by the flow stage */
		rig_send_to(h, CLIENT_SIDE, 1, &packet);
		sent = expect_inside(h, &packet, OUTER);
	}
	error = (struct packet){
		.src = "192.168.0.254", .dst = "192.168.0.1", .proto = IPPROTO_ICMP, .l4 = icmp
	};
	error.l4_len = icmp_build(icmp, 3, 4, 1300, sent.bytes + L3, 100);
	rig_send_to(h, SERVER_SIDE, 2, &error);
	assert_true(rig_take(h, CLIENT_SIDE).len > 0); /* what was quoted */
	for (unsigned int queue = 0; queue < 3; queue++) {
		rig_send_to(h, CLIENT_SIDE, queue, &packet);
		rig_expect_icmp(h, CLIENT_SIDE, 3, 4, VIP, 1300 - OUTER, &packet);
	}
	assert_int_equal(harness_drops(h, DROP_IPVS_MTU), 3);
	packet.filler = 1300 - OUTER - 20 - 8;
	rig_send_to(h, CLIENT_SIDE, 0, &packet);
	expect_inside(h, &packet, OUTER);
	/* other servers' and other modes' packets are none of its business */
	dr_server(h, IPPROTO_UDP, SERVER2);
	packet.filler = 1400;
	packet.sport = CPORT + 1;
	rig_send(h, CLIENT_SIDE, &packet);
	packet.sport = CPORT + 2;
	rig_send(h, CLIENT_SIDE, &packet);
	assert_int_equal(rig_take(h, SERVER_SIDE).len, L3 + 28 + 1400);
	assert_true(rig_take(h, CLIENT_SIDE).len > 0);
	rig_expect_nothing(h);
	harness_advance(h, PATH_MTU_LIFE_MS);
	packet.sport = CPORT;
	packet.filler = 1300;
	for (unsigned int i = 0; i < 3; i++) {
		rig_send(h, CLIENT_SIDE, &packet);
		packet.sport++;
	}
	while (rig_take(h, SERVER_SIDE).len)
		;
	rig_expect_nothing(h); /* nobody was told anything */
	rig_end(h);
}

static void route_source(void **state)
{
	struct harness *h = tunnel_new(1, IPPROTO_UDP, "");
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);

	harness_run(h, "dpip addr add 10.9.0.1/24 dev dpdk1");
	harness_run(h, "dpip route add 172.30.0.0/16 via 192.168.0.254 dev dpdk1 src 10.9.0.1");
	harness_run(h, "ipvsadm -D -u " VIP ":80");
	harness_run(h, "ipvsadm -A -u " VIP ":80 -s rr");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r 172.30.0.1 -i");
	rig_send(h, CLIENT_SIDE, &packet);
	{
		/* the route's source is the outer packet's */
		static const uint8_t ends[] = { 10, 9, 0, 1, 172, 30, 0, 1 };
		struct frame got = rig_take(h, SERVER_SIDE);

		assert_memory_equal(got.bytes + L3 + 12, ends, sizeof(ends));
	}
	rig_end(h);
}

static void refused(void **state)
{
	struct harness *h = rig_new(&(struct harness_options){ 0 });
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "-r " SERVER ":81 -i", "leaves ports as they are" },
		{ "-r " SERVER " -i --tun-type gue", "needs a port" },
		{ "-r " SERVER " -i --tun-port 6080", "a port is for gue tunnels" },
		{ "-r " SERVER " -i --tun-type gre --tun-port 6080", "a port is for gue tunnels" },
		{ "-r " SERVER " -i --tun-csum", "no such checksum" },
		{ "-r " SERVER " -i --tun-type gre --tun-remcsum", "no such checksum" },
		{ "-r " VIP " -i", "an address of the balancer itself" },
		{ "-r [2001:db8::2] -g", "IPv6 for a service of IPv4; allowed: servers of" },
	};

	dr_service(h, IPPROTO_UDP);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		char line[160];
		const char *said;

		snprintf(line, sizeof(line), "ipvsadm -a -u " VIP ":80 %s", cases[i].line);
		said = harness_refused(h, line);
		if (!strstr(said, cases[i].why))
			fail_msg("%s: %s", line, said);
	}
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_worker),     cmocka_unit_test(three_workers),
		cmocka_unit_test(gue_ports),      cmocka_unit_test(mixed_modes),
		cmocka_unit_test(errors_outside), cmocka_unit_test(path_mtu),
		cmocka_unit_test(route_source),   cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

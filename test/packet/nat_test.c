/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat on one worker and on several: whichever queue a packet arrives on, in
 * either direction, it finds its connection, which is where the client's address
 * and port say. Services that mix modes, and modes that change under
 * connections. (Byte by byte: ipvs_kernel_test.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "packet/fnat_rig.h"

#define WORKERS 3
#define FLOWS   60

static const struct harness_options one, three = { .n_workers = WORKERS };

static void service(struct harness *h, uint8_t proto)
{
	harness_run(h, proto == IPPROTO_TCP ? "ipvsadm -A -t " VIP ":80 -s rr"
					    : "ipvsadm -A -u " VIP ":80 -s rr");
}

static void server(struct harness *h, const char *verb, uint8_t proto, const char *addr,
		   const char *mode)
{
	char line[128];

	snprintf(line, sizeof(line), "ipvsadm %s -%c " VIP ":80 -r %s:8080 %s", verb,
		 proto == IPPROTO_TCP ? 't' : 'u', addr, mode);
	harness_run(h, line);
}

static struct packet from_client(uint8_t proto, unsigned int flow)
{
	return packet_first(CLIENT, proto, (uint16_t)(20000 + flow));
}

static struct packet answer_to(const struct packet *packet, const char *from)
{
	return (struct packet){ .src = from,
				.dst = CLIENT,
				.sport = 8080,
				.dport = packet->sport,
				.proto = packet->proto,
				.flags = SYN | ACK,
				.ack = 6,
				.seq = 70,
				.payload = packet->proto == IPPROTO_UDP ? "out" : NULL };
}

static struct packet to_server(struct packet packet, const char *addr)
{
	packet.dst = addr;
	packet.dport = 8080;
	packet.ttl = 63;
	return packet;
}

static struct packet to_client(struct packet packet)
{
	packet.src = VIP;
	packet.sport = 80;
	packet.ttl = 63;
	return packet;
}

/* What comes on that queue goes to SERVER, and its answer to the client. */
static void pass_to(struct harness *h, unsigned int queue, const struct packet *packet)
{
	struct packet want = to_server(*packet, SERVER);

	rig_send_to(h, CLIENT_SIDE, queue, packet);
	rig_expect(h, SERVER_SIDE, &want);
}

static void pass_back(struct harness *h, unsigned int queue, const struct packet *answer)
{
	struct packet want = to_client(*answer);

	rig_send_to(h, SERVER_SIDE, queue, answer);
	rig_expect(h, CLIENT_SIDE, &want);
}

/* Every flow's packets on every queue, both ways. */
static void check_flows(const struct harness_options *options, uint8_t proto)
{
	struct harness *h = rig_new(options);
	unsigned int busy = 0;

	service(h, proto);
	server(h, "-a", proto, SERVER, "-m");
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct packet packet = from_client(proto, flow);
		struct packet answer = answer_to(&packet, SERVER);

		for (unsigned int queue = 0; queue < h->n_workers; queue++)
			pass_to(h, (queue + flow) % h->n_workers, &packet);
		for (unsigned int queue = 0; queue < h->n_workers; queue++)
			pass_back(h, queue, &answer);
	}
	assert_int_equal(rig_conns(h), FLOWS);
	for (unsigned int i = 1; i <= h->n_workers; i++)
		busy += conn_count(h->all[i]->ipvs->conns) > FLOWS / WORKERS / 3;
	assert_int_equal(busy, h->n_workers);
	assert_int_equal(rig_counts(h, proto, 0).inpkts, FLOWS * h->n_workers);
	assert_int_equal(rig_counts(h, proto, 0).outpkts, FLOWS * h->n_workers);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_tcp(void **state)
{
	check_flows(&one, IPPROTO_TCP);
	check_flows(&three, IPPROTO_TCP);
}

static void test_udp(void **state)
{
	check_flows(&one, IPPROTO_UDP);
	check_flows(&three, IPPROTO_UDP);
}

/* Without RSS a packet changes workers once, if it comes to the wrong one: two of three. */
static void test_hops(void **state)
{
	struct harness *h = rig_new(&three);

	service(h, IPPROTO_UDP);
	server(h, "-a", IPPROTO_UDP, SERVER, "-m");
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct packet packet = from_client(IPPROTO_UDP, flow);
		struct packet answer = answer_to(&packet, SERVER);

		for (unsigned int queue = 0; queue < WORKERS; queue++) {
			rig_send_to(h, CLIENT_SIDE, queue, &packet);
			rig_send_to(h, SERVER_SIDE, queue, &answer);
		}
	}
	assert_int_equal(harness_handed_out(h), FLOWS * 2 * 2);
	rig_end(h);
}

/* Of RSS, too: the owner is found from the client alone, whatever the NIC thinks. */
static void test_rss(void **state)
{
	const struct harness_options options = { .n_workers = WORKERS,
						 .rss_entries = { 128, 128 } };

	check_flows(&options, IPPROTO_TCP);
}

/* A server of each kind in one service: every packet still finds its connection on every queue. */
static void check_mixed(const struct harness_options *options, bool nat_comes_later)
{
	struct harness *h = rig_new(options);
	char servers[FLOWS][IP_STR_LEN];

	service(h, IPPROTO_UDP);
	harness_run(h, "ipvsadm -P -z " LADDR " -u " VIP ":80 -F dpdk1");
	server(h, "-a", IPPROTO_UDP, SERVER, "-b");
	if (!nat_comes_later)
		server(h, "-a", IPPROTO_UDP, SERVER2, "-m");
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct packet packet = from_client(IPPROTO_UDP, flow);

		if (nat_comes_later && flow == FLOWS / 2)
			server(h, "-a", IPPROTO_UDP, SERVER2, "-m");
		rig_send_to(h, CLIENT_SIDE, flow % h->n_workers, &packet);
		strcpy(servers[flow], rig_conn(h, IPPROTO_UDP, CLIENT, packet.sport).server_text);
	}
	while (rig_take(h, SERVER_SIDE).len || rig_take(h, CLIENT_SIDE).len)
		;
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		for (unsigned int queue = 0; queue < h->n_workers; queue++) {
			struct packet packet = from_client(IPPROTO_UDP, flow), want, answer;
			bool nat = strcmp(servers[flow], SERVER2) == 0;
			struct rig_conn conn = rig_conn(h, IPPROTO_UDP, CLIENT, packet.sport);

			rig_send_to(h, CLIENT_SIDE, queue, &packet);
			want = to_server(packet, servers[flow]);
			if (!nat) {
				want.src = LADDR;
				want.sport = conn.lport;
			}
			answer = answer_to(&packet, servers[flow]);
			answer.dst = nat ? CLIENT : LADDR;
			answer.dport = nat ? packet.sport : conn.lport;
			rig_take(h, SERVER_SIDE);
			rig_send_to(h, SERVER_SIDE, queue, &answer);
			answer.dst = CLIENT;
			answer.dport = packet.sport;
			want = to_client(answer);
			rig_expect(h, CLIENT_SIDE, &want);
		}
	}
	assert_int_equal(rig_conns(h), FLOWS);
	assert_int_equal(rig_counts(h, IPPROTO_UDP, 0).conns + rig_counts(h, IPPROTO_UDP, 1).conns,
			 FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_mixed(void **state)
{
	check_mixed(&one, false);
	check_mixed(&three, false);
}

static void test_nat_comes_later(void **state)
{
	check_mixed(&one, true);
	check_mixed(&three, true);
}

/* A mode that changes is for new connections; those that are there keep theirs. */
static void test_mode_changes(void **state)
{
	struct harness *h = rig_new(&three);
	struct packet packet = from_client(IPPROTO_UDP, 1);
	struct packet answer = answer_to(&packet, SERVER);

	service(h, IPPROTO_UDP);
	harness_run(h, "ipvsadm -P -z " LADDR " -u " VIP ":80 -F dpdk1");
	server(h, "-a", IPPROTO_UDP, SERVER, "-m");
	pass_to(h, 0, &packet);
	server(h, "-e", IPPROTO_UDP, SERVER, "-b");
	for (unsigned int queue = 0; queue < WORKERS; queue++) {
		pass_to(h, queue, &packet);
		pass_back(h, queue, &answer);
	}
	packet = from_client(IPPROTO_UDP, 2);
	rig_send(h, CLIENT_SIDE, &packet);
	assert_string_equal(rig_take(h, SERVER_SIDE).len ? "sent on" : "nothing", "sent on");
	assert_true(rig_conn(h, IPPROTO_UDP, CLIENT, packet.sport).lport != packet.sport);
	rig_end(h);
}

/* Connections outlive their server and their service. */
static void test_removed(void **state)
{
	struct harness *h = rig_new(&three);
	struct packet packet = from_client(IPPROTO_UDP, 1);
	struct packet answer = answer_to(&packet, SERVER);

	service(h, IPPROTO_UDP);
	server(h, "-a", IPPROTO_UDP, SERVER, "-m");
	rig_send(h, CLIENT_SIDE, &packet);
	rig_take(h, SERVER_SIDE);
	rig_remove_service(h, 'u');
	for (unsigned int queue = 0; queue < WORKERS; queue++) {
		pass_to(h, queue, &packet);
		pass_back(h, queue, &answer);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* Two services choose one server for one client's port: nobody could tell the answers apart. */
static void test_clash(void **state)
{
	struct harness *h = rig_new(&three);
	struct packet packet = from_client(IPPROTO_UDP, 1);

	service(h, IPPROTO_UDP);
	server(h, "-a", IPPROTO_UDP, SERVER, "-m");
	harness_run(h, "ipvsadm -A -u " VIP ":81 -s rr");
	harness_run(h, "ipvsadm -a -u " VIP ":81 -r " SERVER ":8080 -m");
	pass_to(h, 0, &packet);
	packet.dport = 81;
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_CLASH), 1);
	assert_int_equal(rig_conns(h), 1);
	rig_end(h);
}

/* The same when both are new in one vector. */
static void test_clash_at_once(void **state)
{
	struct harness *h = rig_new(&one);
	struct packet packet = from_client(IPPROTO_UDP, 1);

	service(h, IPPROTO_UDP);
	server(h, "-a", IPPROTO_UDP, SERVER, "-m");
	harness_run(h, "ipvsadm -A -u " VIP ":81 -s rr");
	harness_run(h, "ipvsadm -a -u " VIP ":81 -r " SERVER ":8080 -m");
	for (unsigned int i = 0; i < 2; i++) {
		struct frame frame;

		packet.dport = (uint16_t)(80 + i);
		frame = frame_in(CLIENT_SIDE, &packet);
		harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	}
	harness_turn(h);
	assert_true(rig_take(h, SERVER_SIDE).len);
	rig_expect_nothing(h);
	assert_int_equal(harness_drops(h, DROP_IPVS_CLASH), 1);
	assert_int_equal(harness_all_drops(h), 1);
	assert_int_equal(rig_conns(h), 1);
	rig_end(h);
}

/* TCP's numbers are the client's own, and both sides' segments move the state. */
static void test_states(void **state)
{
	struct harness *h = rig_new(&one);
	struct packet packet = from_client(IPPROTO_TCP, 1), answer;
	struct rig_conn conn;

	service(h, IPPROTO_TCP);
	server(h, "-a", IPPROTO_TCP, SERVER, "-m");
	packet.options = "02 04 05 b4 08 0a 00 00 00 01 00 00 00 00 01 01";
	pass_to(h, 0, &packet);
	answer = answer_to(&packet, SERVER);
	pass_back(h, 0, &answer);
	packet.options = NULL;
	packet.flags = ACK;
	packet.seq = 6;
	packet.ack = 71;
	packet.payload = "request";
	pass_to(h, 0, &packet);
	conn = rig_conn(h, IPPROTO_TCP, CLIENT, packet.sport);
	assert_int_equal(conn.conn->state, TCP_ESTABLISHED);
	assert_int_equal(rig_counts(h, IPPROTO_TCP, 0).active, 1);
	rig_end(h);
}

static void test_refused(void **state)
{
	struct harness *h = rig_new(&one);

	service(h, IPPROTO_TCP);
	assert_non_null(strstr(harness_refused(h, "ipvsadm -a -t " VIP ":80 -r 192.168.0.1:80 -m"),
			       "an address of the balancer itself; NAT (-m)"));
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),          cmocka_unit_test(test_udp),
		cmocka_unit_test(test_hops),         cmocka_unit_test(test_rss),
		cmocka_unit_test(test_mixed),        cmocka_unit_test(test_nat_comes_later),
		cmocka_unit_test(test_mode_changes), cmocka_unit_test(test_removed),
		cmocka_unit_test(test_clash),        cmocka_unit_test(test_clash_at_once),
		cmocka_unit_test(test_states),       cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

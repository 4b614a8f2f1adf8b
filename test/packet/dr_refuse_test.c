/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dr, what cannot be: servers that are refused, packets that find no way; and
 * DR beside other modes, in one service and one after the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "api/ipvs.h"
#include "ipvs/ipvs.h"
#include "packet/dr_rig.h"

static const struct harness_options usual;

static void refused(struct harness *h, const char *line, const char *why)
{
	assert_string_equal(harness_refused(h, line), why);
}

static void test_servers(void **state)
{
	struct harness *h = rig_new(&usual);

	dr_service(h, IPPROTO_TCP);
	refused(h, "ipvsadm -a -t " VIP ":80 -r " SERVER ":8080 -g",
		"real server 192.168.0.11:8080 of TCP 10.0.0.10:80: DR (-g) leaves ports as they "
		"are; allowed: the service's port, 80");
	refused(h, "ipvsadm -a -t " VIP ":80 -r 192.168.0.1 -g",
		"real server 192.168.0.1:80 of TCP 10.0.0.10:80: that is an address of the "
		"balancer itself; DR (-g) needs a server on another machine");
	/* without a word about the mode: DR, as with the kernel's ipvsadm */
	harness_run(h, "ipvsadm -a -t " VIP ":80 -r " SERVER);
	harness_run(h, "ipvsadm -a -t " VIP ":80 -r " SERVER2 ":8080 -b");
	harness_run(h, "ipvsadm -e -t " VIP ":80 -r " SERVER " -w 3");
	refused(h, "ipvsadm -e -t " VIP ":80 -r " SERVER2 ":8080 -g",
		"real server 192.168.0.12:8080 of TCP 10.0.0.10:80: DR (-g) leaves ports as they "
		"are; allowed: the service's port, 80");
	refused(h, "ipvsadm -a -t " VIP ":80 -r 192.168.0.1 -b",
		"real server 192.168.0.1:80 of TCP 10.0.0.10:80: that is an address of the "
		"balancer itself; FNAT (-b) needs a server on another machine");
	harness_run(h, "ipvsadm -a -t " VIP ":80 -r 192.168.0.77 -b");
	harness_run(h, "dpip addr add 192.168.0.77/32 dev dpdk1");
	refused(h, "ipvsadm -e -t " VIP ":80 -r 192.168.0.77 -g",
		"real server 192.168.0.77:80 of TCP 10.0.0.10:80: that is an address of the "
		"balancer itself; DR (-g) needs a server on another machine");
	rig_end(h);
}

static void test_ttl(void **state)
{
	struct harness *h = dr_new(&usual, IPPROTO_UDP, 1);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);

	packet.ttl = 2;
	dr_pass(h, &packet);
	dr_pass(h, &packet);
	packet.ttl = 1;
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 11, 0, VIP, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_TTL), 1);
	harness_keep_ttl(h, true);
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect(h, SERVER_SIDE, &packet);
	rig_end(h);
}

/* Too long for the way and without DF: cut, whoever has left its checksum open. */
static void check_cut(struct harness *h, uint64_t ol_flags)
{
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0), want;
	struct frame whole, frame;

	packet.fragment = 0;
	packet.filler = 700;
	want = dr_on(packet);
	whole = frame_out(SERVER_SIDE, &want);
	packet.damage = ol_flags ? 0x1111 : 0;
	frame = frame_in(CLIENT_SIDE, &packet);
	harness_inject_as(h, CLIENT_SIDE, 0, frame.bytes, frame.len, ol_flags, 0);
	harness_turn(h);
	rig_expect_cut(h, SERVER_SIDE, &whole);
	rig_expect_nothing(h);
}

static void test_mtu(void **state)
{
	struct harness *h = rig_new(&usual);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);

	dr_service(h, IPPROTO_UDP);
	dr_server(h, IPPROTO_UDP, FAR);
	dr_pass(h, &packet);
	packet.filler = 600 - 28 - 5;
	dr_pass(h, &packet);
	packet.filler++;
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 4, VIP, 600, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_MTU), 1);
	check_cut(h, 0);
	check_cut(h, RTE_MBUF_F_RX_L4_CKSUM_NONE);
	rig_end(h);
}

static void test_no_route(void **state)
{
	struct harness *h = rig_new(&usual);
	struct packet packet = dr_from_client(IPPROTO_TCP, CPORT, SYN);

	dr_service(h, IPPROTO_TCP);
	dr_server(h, IPPROTO_TCP, LOST);
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 1, VIP, 0, &packet);
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_ROUTE), 1);
	/* then there is one, and the connection comes to something */
	harness_run(h, "dpip route add 172.31.0.0/24 via 192.168.0.254 dev dpdk1");
	dr_pass(h, &packet);
	assert_int_equal(rig_counts(h, IPPROTO_TCP, 0).conns, 1);
	rig_end(h);
}

/* In either mode that the server had when the connection was opened. */
static void pass_as(struct harness *h, uint16_t sport, unsigned int forward)
{
	struct packet packet = dr_from_client(IPPROTO_UDP, sport, 0), want;
	struct rig_conn conn;

	rig_send(h, CLIENT_SIDE, &packet);
	conn = rig_conn(h, IPPROTO_UDP, CLIENT, sport);
	assert_int_not_equal(conn.id, CONN_NONE);
	assert_int_equal(conn_forward(conn.conn), forward);
	want = dr_on(packet);
	if (forward == API_FORWARD_FNAT) {
		want.src = LADDR;
		want.dst = conn.server_text;
		want.sport = conn.lport;
	}
	rig_expect(h, SERVER_SIDE, &want);
}

static void test_mode_of_a_server_changes(void **state)
{
	struct harness *h = rig_new(&usual);

	dr_service(h, IPPROTO_UDP);
	harness_run(h, "ipvsadm -P -u " VIP ":80 -z " LADDR " -F dpdk1");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER ":80 -b");
	pass_as(h, CPORT, API_FORWARD_FNAT);
	harness_run(h, "ipvsadm -e -u " VIP ":80 -r " SERVER ":80 -g");
	pass_as(h, CPORT, API_FORWARD_FNAT);
	pass_as(h, CPORT + 1, API_FORWARD_DR);
	harness_run(h, "ipvsadm -e -u " VIP ":80 -r " SERVER ":80 -b");
	pass_as(h, CPORT + 1, API_FORWARD_DR);
	pass_as(h, CPORT + 2, API_FORWARD_FNAT);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* The last added comes first in rr. */
static void test_modes_in_one_service(void **state)
{
	struct harness *h = rig_new(&usual);

	dr_service(h, IPPROTO_UDP);
	harness_run(h, "ipvsadm -P -u " VIP ":80 -z " LADDR " -F dpdk1");
	dr_server(h, IPPROTO_UDP, SERVER2);
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER ":80 -b");
	for (uint16_t round = 0; round < 2; round++)
		for (uint16_t i = 0; i < 6; i++)
			pass_as(h, (uint16_t)(CPORT + i),
				i % 2 ? API_FORWARD_DR : API_FORWARD_FNAT);
	rig_end(h);
}

/* Connections outlive their server and service. */
static void test_removed(void **state)
{
	struct harness *h = dr_new(&usual, IPPROTO_TCP, 1);
	struct packet packet = dr_from_client(IPPROTO_TCP, CPORT, SYN);

	dr_pass(h, &packet);
	packet = dr_from_client(IPPROTO_TCP, CPORT, ACK);
	dr_pass(h, &packet);
	harness_run(h, "ipvsadm -d -t " VIP ":80 -r " SERVER);
	dr_pass(h, &packet);
	rig_remove_service(h, 't');
	dr_pass(h, &packet);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_mode_of_a_server_changes),
		cmocka_unit_test(test_modes_in_one_service),
		cmocka_unit_test(test_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --on-remove: what happens to the connections of a server that is removed, or
 * whose service is, with one worker and with three.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs/ipvs.h"
#include "ipvs/mark.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/removed.h"
#include "ipvs/service.h"
#include "lib/unit.h"
#include "net/addr.h"
#include "packet/across_rig.h"

#define FLOWS 12

static const struct harness_options one = { .n_workers = 1 };
static const struct harness_options three = { .n_workers = 3 };

static struct packet from_client(uint8_t proto, unsigned int flow, uint8_t flags)
{
	struct packet packet = packet_first(CLIENT, proto, (uint16_t)(20000 + flow));

	packet.flags = flags;
	if (flags & SYN)
		return packet;
	packet.seq = 6;
	packet.ack = 71;
	return packet;
}

static void forget(struct harness *h)
{
	while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
		;
}

static struct rig_conn half_open(struct harness *h, uint8_t proto, unsigned int flow)
{
	struct packet packet = from_client(proto, flow, SYN);

	rig_send_to(h, CLIENT_SIDE, flow % h->n_workers, &packet);
	forget(h);
	return rig_conn(h, proto, CLIENT, packet.sport);
}

static struct rig_conn established(struct harness *h, unsigned int flow)
{
	struct rig_conn conn = half_open(h, IPPROTO_TCP, flow);
	struct packet ack = from_client(IPPROTO_TCP, flow, ACK);
	struct packet answer = { .src = conn.server_text,
				 .dst = LADDR,
				 .sport = 8080,
				 .dport = conn.lport,
				 .flags = SYN | ACK,
				 .ack = 6 + conn.seq_delta,
				 .seq = 70 };

	rig_send_to(h, SERVER_SIDE, flow % h->n_workers, &answer);
	rig_send_to(h, CLIENT_SIDE, flow % h->n_workers, &ack);
	forget(h);
	assert_int_equal(conn.conn->state, TCP_ESTABLISHED);
	return conn;
}

static struct harness *with_policy(const struct harness_options *options, char proto,
				   const char *policy)
{
	struct harness *h = rig_new(options);
	char line[96];

	rig_service(h, proto, 1);
	snprintf(line, sizeof(line), "ipvsadm -E -%c " VIP ":80 --on-remove %s", proto, policy);
	harness_run(h, line);
	return h;
}

static void remove_server(struct harness *h, char proto)
{
	rig_remove_server(h, proto, SERVER);
	harness_advance(h, 100);
}

static void check_keep(const struct harness_options *options)
{
	struct harness *h = with_policy(options, 't', "keep");

	for (unsigned int flow = 0; flow < FLOWS; flow++)
		established(h, flow);
	remove_server(h, 't');
	rig_expect_nothing(h);
	assert_int_equal(rig_conns(h), FLOWS);
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct packet packet = from_client(IPPROTO_TCP, flow, ACK);

		rig_send_to(h, CLIENT_SIDE, flow % h->n_workers, &packet);
		assert_true(rig_take(h, SERVER_SIDE).len > 0);
	}
	rig_end(h);
}

static void test_keep(void **state)
{
	check_keep(&one);
	check_keep(&three);
}

/* A service of one mode, and of one family unless it crosses; of a mark (TCP), or of an address
 * (UDP). */
static struct across kept_new(const struct harness_options *options, bool six, const char *mode,
			      bool marked)
{
	bool cross = mode[0] == 'x', server6 = six != cross;
	struct across a = { .h = across_networks(options),
			    .six = six,
			    .proto = marked ? IPPROTO_TCP : IPPROTO_UDP,
			    .client = six ? CLIENT6 : CLIENT,
			    .vip = six ? VIP6 : VIP,
			    .laddr = server6 ? LADDR6 : LADDR,
			    .server = server6 ? SERVER6 : SERVER };
	const char *name = marked ? (six ? "-f 1 -6" : "-f 1")
				  : (six ? "-u [" VIP6 "]:80" : "-u " VIP ":80");
	char line[192];

	snprintf(line, sizeof(line), "dpip mark add to %s proto tcp mark 1", a.vip);
	if (marked)
		harness_run(a.h, line);
	snprintf(line, sizeof(line), "ipvsadm -A %s -s rr", name);
	harness_run(a.h, line);
	snprintf(line, sizeof(line), "ipvsadm -P %s -z %s -F dpdk1", name, a.laddr);
	harness_run(a.h, line);
	snprintf(line, sizeof(line), "ipvsadm -a %s -r %s%s%s:%s -%c", name, server6 ? "[" : "",
		 a.server, server6 ? "]" : "", mode[0] == 'g' ? "80" : "8080",
		 cross ? 'b' : mode[0]);
	harness_run(a.h, line);
	across_settle(&a);
	return a;
}

static void kept_pass(struct across *a, char mode, unsigned int queue)
{
	struct packet packet = across_from_client(a), want;
	struct rig_conn conn;

	across_send(a, CLIENT_SIDE, queue, &packet);
	conn = across_conn(a);
	assert_int_not_equal(conn.id, CONN_NONE);
	want = across_at_server(a, &conn, packet);
	if (mode == 'm' || mode == 'g') {
		want.src = a->client;
		want.sport = CPORT;
	}
	if (mode == 'g') {
		want.dst = a->vip;
		want.dport = 80;
	}
	across_expect(a, SERVER_SIDE, &want);
	if (mode == 'g')
		return;
	packet = across_from_server(a, &conn);
	if (mode == 'm') {
		packet.dst = a->client;
		packet.dport = CPORT;
	}
	want = across_at_client(a, &conn, packet);
	across_send(a, SERVER_SIDE, (queue + 1) % a->h->n_workers, &packet);
	across_expect(a, CLIENT_SIDE, &want);
}

/* The service goes, and its address is none of ours: no packet of a connection is lost, whichever
 * worker gets it. Its local address is ours as long as that. */
static void check_service_gone(const struct harness_options *options, bool six, const char *mode,
			       bool marked)
{
	struct across a = kept_new(options, six, mode, marked);
	unsigned int family = strchr(a.laddr, ':') ? AF_INET6 : AF_INET;
	const struct worker *master = a.h->all[WORKER_MASTER];
	union ip_addr laddr;

	ip_parse(a.laddr, &family, &laddr);
	kept_pass(&a, mode[0], 0);
	harness_run(a.h, six ? "dpip addr del " VIP6 "/128 dev dpdk0"
			     : "dpip addr del " VIP "/32 dev dpdk0");
	harness_run(a.h,
		    marked ? (six ? "ipvsadm -D -f 1 -6" : "ipvsadm -D -f 1")
			   : (six ? "ipvsadm -D -u [" VIP6 "]:80" : "ipvsadm -D -u " VIP ":80"));
	across_settle(&a);
	removed_sweep(a.h->all);
	harness_turn(a.h);
	for (unsigned int queue = 0; queue < 2 * a.h->n_workers; queue++)
		kept_pass(&a, mode[0], queue % a.h->n_workers);
	assert_int_equal(harness_all_drops(a.h), 0);
	assert_int_equal(addr_is_local(master, family, &laddr), mode[0] == 'b' || mode[0] == 'x');
	harness_advance(a.h, 310000);
	for (unsigned int i = 0; i < 2; i++) {
		removed_sweep(a.h->all);
		harness_turn(a.h);
	}
	assert_false(addr_is_local(master, family, &laddr));
	for (unsigned int i = 1; i <= a.h->n_workers; i++)
		assert_int_equal(a.h->all[i]->ipvs->services->n_removed, 0);
	rig_end(a.h);
}

/* Rules of a mark go, or another one takes their place, with the service or without it: those that
 * they led to it stay, whichever worker gets their packets, though the address is none of ours; and
 * when they are gone nothing is remembered. */
static void check_rules_change(bool six, const char *mode, const char *const *lines)
{
	struct across a = kept_new(&three, six, mode, true);

	kept_pass(&a, mode[0], 0);
	harness_run(a.h, six ? "dpip addr del " VIP6 "/128 dev dpdk0"
			     : "dpip addr del " VIP "/32 dev dpdk0");
	for (; *lines; lines++)
		harness_run(a.h, *lines);
	across_settle(&a);
	removed_sweep(a.h->all);
	mark_former_sweep(a.h->all);
	harness_turn(a.h);
	for (unsigned int queue = 0; queue < 3; queue++)
		kept_pass(&a, mode[0], queue);
	assert_int_equal(harness_all_drops(a.h), 0);
	assert_non_null(a.h->all[1]->ipvs->former_marks);
	harness_advance(a.h, 310000);
	mark_former_sweep(a.h->all);
	harness_turn(a.h);
	assert_null(a.h->all[3]->ipvs->former_marks);
	rig_end(a.h);
}

static void test_rules_change(void **state)
{
	static const char *const del[] = { "dpip mark flush", NULL };
	static const char *const del_service[] = { "ipvsadm -C", "dpip mark flush", NULL };
	static const char *const service_del[] = { "dpip mark flush", "ipvsadm -C", NULL };
	static const char *const other[] = { "dpip mark add pref 1 proto tcp mark 9", NULL };
	static const char *const *const rows[] = { del, del_service, service_del, other };

	for (const char *mode = "bmgx"; *mode; mode++)
		for (unsigned int i = 0; i < LENGTH(rows); i++)
			check_rules_change(i & 1, mode, rows[i]);
}

static void test_service_gone(void **state)
{
	for (const char *mode = "bmgx"; *mode; mode++)
		for (unsigned int row = 0; row < 4; row++) {
			check_service_gone(&one, row & 1, mode, row & 2);
			check_service_gone(&three, row & 1, mode, row & 2);
		}
}

/* Another service takes its place, whose connections live elsewhere: both find theirs. */
static void test_service_replaced(void **state)
{
	struct across a = kept_new(&three, false, "m", false);

	for (unsigned int queue = 0; queue < 3; queue++)
		kept_pass(&a, 'm', queue);
	harness_run(a.h, "ipvsadm -D -u " VIP ":80");
	harness_run(a.h, "ipvsadm -A -u " VIP ":0 -s rr -p 60");
	harness_run(a.h, "ipvsadm -a -u " VIP ":0 -r " SERVER2 ":0 -g");
	for (unsigned int flow = 0; flow < FLOWS; flow++)
		for (unsigned int queue = 0; queue < 3; queue++) {
			struct packet packet = from_client(IPPROTO_UDP, flow, 0), want = packet;

			rig_send_to(a.h, CLIENT_SIDE, queue, &packet);
			want.ttl = 63;
			rig_expect(a.h, SERVER_SIDE, &want);
			kept_pass(&a, 'm', queue);
		}
	assert_int_equal(rig_conns(a.h), FLOWS + 1);
	assert_int_equal(harness_all_drops(a.h), 0);
	rig_end(a.h);
}

/* A local address whose connections have outlived it may come back, and on another device. */
static void test_laddr_comes_back(void **state)
{
	struct across a = kept_new(&three, false, "b", false);
	const struct worker *master = a.h->all[WORKER_MASTER];
	union ip_addr laddr;
	unsigned int family;

	ip_parse(LADDR, &family, &laddr);
	kept_pass(&a, 'b', 0);
	for (unsigned int round = 0; round < 2; round++) {
		harness_run(a.h, "ipvsadm -Q -u " VIP ":80 -z " LADDR " -F dpdk1");
		assert_int_equal(addr_port(master, AF_INET, &laddr), 1);
		kept_pass(&a, 'b', 1);
		harness_run(a.h, "ipvsadm -P -u " VIP ":80 -z " LADDR " -F dpdk1");
	}
	harness_run(a.h, "ipvsadm -Q -u " VIP ":80 -z " LADDR " -F dpdk1");
	harness_run(a.h, "ipvsadm -P -u " VIP ":80 -z " LADDR " -F dpdk0");
	assert_int_equal(addr_port(master, AF_INET, &laddr), 0);
	across_settle(&a);
	kept_pass(&a, 'b', 2);
	harness_advance(a.h, 310000);
	harness_run(a.h, "ipvsadm -Q -u " VIP ":80 -z " LADDR " -F dpdk0");
	assert_int_equal(addr_port(master, AF_INET, &laddr), PORT_NONE);
	rig_end(a.h);
}

/* Of those that are established both sides are told, each once and in its own numbers. */
static void check_reset(const struct harness_options *options, bool service)
{
	struct harness *h = with_policy(options, 't', "reset");
	struct rig_conn conns[FLOWS];
	unsigned int told[2] = { 0 };
	struct frame got;

	for (unsigned int flow = 0; flow < FLOWS; flow++)
		conns[flow] = established(h, flow);
	for (unsigned int flow = FLOWS; flow < 2 * FLOWS; flow++)
		half_open(h, IPPROTO_TCP, flow);
	if (service)
		rig_remove_service(h, 't');
	else
		rig_remove_server(h, 't', SERVER);
	harness_advance(h, 100);
	assert_int_equal(rig_conns(h), 0);
	while ((got = rig_take(h, CLIENT_SIDE)).len) {
		assert_int_equal(got.bytes[L4 + 13] & RST, RST);
		assert_int_equal(frame_u32(&got, L4 + 4), 71);
		assert_int_equal(frame_l4_sum(&got), 0xffff);
		told[CLIENT_SIDE]++;
	}
	while ((got = rig_take(h, SERVER_SIDE)).len) {
		unsigned int flow = 0;

		while (conns[flow].lport != frame_u16(&got, L4))
			assert_true(++flow < FLOWS);
		assert_int_equal(got.bytes[L4 + 13] & RST, RST);
		assert_int_equal(frame_u32(&got, L4 + 4), 6 + conns[flow].seq_delta);
		told[SERVER_SIDE]++;
	}
	assert_int_equal(told[CLIENT_SIDE], FLOWS);
	assert_int_equal(told[SERVER_SIDE], FLOWS);
	rig_end(h);
}

static void test_reset(void **state)
{
	check_reset(&one, false);
	check_reset(&three, false);
	check_reset(&one, true);
	check_reset(&three, true);
}

/* Nobody is told; what opens connections opens one with another server. */
static void check_reschedule(const struct harness_options *options, uint8_t proto)
{
	const char name = proto == IPPROTO_TCP ? 't' : 'u';
	struct harness *h = with_policy(options, name, "reschedule");

	for (unsigned int flow = 0; flow < FLOWS; flow++)
		half_open(h, proto, flow);
	if (proto == IPPROTO_TCP)
		established(h, FLOWS);
	rig_server(h, name, SERVER2);
	remove_server(h, name);
	rig_expect_nothing(h);
	assert_int_equal(rig_conns(h), 0);
	for (unsigned int flow = 0; flow < FLOWS; flow++)
		assert_string_equal(half_open(h, proto, flow).server_text, SERVER2);
	assert_int_equal(harness_all_drops(h), 0);
	if (proto == IPPROTO_TCP) {
		struct packet packet = from_client(proto, FLOWS, ACK);

		rig_send(h, CLIENT_SIDE, &packet);
		assert_int_equal(rig_take(h, CLIENT_SIDE).bytes[L4 + 13] & RST, RST);
		assert_int_equal(harness_drops(h, DROP_IPVS_NO_CONN), 1);
	}
	rig_end(h);
}

static void test_reschedule(void **state)
{
	check_reschedule(&one, IPPROTO_TCP);
	check_reschedule(&three, IPPROTO_TCP);
	check_reschedule(&one, IPPROTO_UDP);
	check_reschedule(&three, IPPROTO_UDP);
}

/* More than a turn may look at; those of other servers stay, and of one that comes back, too. */
static void test_many(void **state)
{
	struct harness *h = with_policy(&three, 'u', "reset");

	rig_server(h, 'u', SERVER2);
	for (unsigned int flow = 0; flow < 3000; flow++)
		half_open(h, IPPROTO_UDP, flow);
	assert_int_equal(rig_conns(h), 3000);
	rig_remove_server(h, 'u', SERVER);
	for (unsigned int turn = 0; turn < 20 && rig_conns(h) > 1501; turn++)
		harness_advance(h, 1);
	assert_in_range(rig_conns(h), 1499, 1501);
	assert_int_equal(rig_counts(h, IPPROTO_UDP, 0).inactive, rig_conns(h));
	/* the removal's walks are over: a server's coming back ends nothing */
	harness_advance(h, 100);
	rig_server(h, 'u', SERVER);
	for (unsigned int flow = 0; flow < 100; flow++)
		half_open(h, IPPROTO_UDP, 5000 + flow);
	harness_advance(h, 1000);
	assert_in_range(rig_conns(h), 1599, 1601);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_service_gone),
		cmocka_unit_test(test_service_replaced),
		cmocka_unit_test(test_rules_change),
		cmocka_unit_test(test_laddr_comes_back),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_reschedule),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow stage when something changes under a connection: the very next
 * packet goes as if the stage remembered nothing. Routes, neighbours, links and
 * addresses of the client's side and the server's, timeouts, and servers and
 * services that go.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "lib/unit.h"
#include "ipvs/proto/udp.h"
#include "packet/flow_rig.h"

#define GATEWAY0 "10.0.0.120"
#define GATEWAY1 "192.168.0.120"

static const struct harness_options usual;
static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

/* Adds a gateway on each side; nothing goes by them yet. */
static void add_gateways(struct harness *h)
{
	harness_neigh(h, GATEWAY0, OTHER_MAC, "dpdk0");
	harness_neigh(h, GATEWAY1, OTHER_MAC, "dpdk1");
}

/* A connection whose ways are remembered. */
static struct flow flow_used(uint8_t proto)
{
	struct flow flow = flow_new(proto, &usual);

	add_gateways(flow.h);
	flow_pass_both(&flow, FLOW_STAGE);
	flow_pass_both(&flow, FLOW_STAGE);
	return flow;
}

/* What is sent from that side goes by the other gateway, what comes back as ever. */
static void pass_other_way(struct flow *flow, unsigned int from)
{
	flow_pass_macs(flow, from, OTHER_MAC, NULL, FLOW_STAGE);
	flow_pass_data(flow, !from, FLOW_STAGE);
}

static void run(struct flow *flow, const char *format, const char *word)
{
	char line[160];

	snprintf(line, sizeof(line), format, word);
	harness_run(flow->h, line);
}

/* --- routes -------------------------------------------------------------------- */

static void test_longer_routes(void **state)
{
	static const struct {
		const char *route;
		unsigned int from; /* whose packets go by it */
	} rows[] = {
		{ "10.0.0.100/32 via " GATEWAY0 " dev dpdk0", SERVER_SIDE },
		{ "10.0.0.96/28 via " GATEWAY0 " dev dpdk0", SERVER_SIDE },
		{ "192.168.0.11/32 via " GATEWAY1 " dev dpdk1", CLIENT_SIDE },
		{ "192.168.0.8/29 via " GATEWAY1 " dev dpdk1", CLIENT_SIDE },
	};

	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_used(protos[p]);

		for (unsigned int i = 0; i < LENGTH(rows); i++) {
			run(&flow, "dpip route add %s", rows[i].route);
			pass_other_way(&flow, rows[i].from);
			run(&flow, "dpip route del %s", rows[i].route);
			flow_pass_both(&flow, FLOW_STAGE);
		}
		rig_end(flow.h);
	}
}

/* A client from far away, behind routes that cover less and less of the world; then they go. */
static void test_routes_of_all_lengths(void **state)
{
	static const char *const prefixes[] = {
		"0.0.0.0/1",    "80.0.0.0/6",   "81.0.0.0/8",     "81.16.0.0/12",
		"81.16.0.0/13", "81.19.0.0/16", "81.19.3.128/25", "81.19.3.177/32",
	};
	struct harness *h = rig_new(&usual);
	struct flow flow;

	add_gateways(h);
	harness_run(h, "dpip route add default via 10.0.0.101 dev dpdk0");
	rig_service(h, 'u', 1);
	flow = flow_open(h, IPPROTO_UDP, "81.19.3.177");
	flow_pass_both(&flow, FLOW_STAGE);
	for (unsigned int i = 0; i < LENGTH(prefixes); i++) {
		run(&flow,
		    i % 2 ? "dpip route add %s via 10.0.0.101 dev dpdk0"
			  : "dpip route add %s via " GATEWAY0 " dev dpdk0",
		    prefixes[i]);
		flow_pass_macs(&flow, SERVER_SIDE, i % 2 ? NULL : OTHER_MAC, NULL, FLOW_STAGE);
		flow_pass_data(&flow, CLIENT_SIDE, FLOW_STAGE);
	}
	for (unsigned int i = LENGTH(prefixes); i-- > 0;) {
		run(&flow, "dpip route del %s dev dpdk0", prefixes[i]);
		flow_pass_macs(&flow, SERVER_SIDE, i % 2 ? OTHER_MAC : NULL, NULL, FLOW_STAGE);
	}
	rig_end(h);
}

/* Another metric, then another gateway, then none. */
static void test_default_route(void **state)
{
	struct harness *h = rig_new(&usual);
	struct flow flow;
	struct packet packet;

	add_gateways(h);
	harness_run(h, "dpip route add default via 10.0.0.101 dev dpdk0 metric 5");
	rig_service(h, 't', 1);
	flow = flow_open(h, IPPROTO_TCP, "172.20.1.1");
	flow_pass_both(&flow, FLOW_STAGE);
	harness_run(h, "dpip route add default via " GATEWAY0 " dev dpdk0 metric 3");
	pass_other_way(&flow, SERVER_SIDE);
	harness_run(h, "dpip route set default via 10.0.0.102 dev dpdk0 metric 3");
	flow_pass_both(&flow, FLOW_STAGE);
	harness_run(h, "dpip route del default dev dpdk0 metric 3");
	flow_pass_both(&flow, FLOW_STAGE);
	harness_run(h, "dpip route del default dev dpdk0 metric 5");
	flow_lost(&flow, SERVER_SIDE, DROP_IPVS_NO_ROUTE);
	packet = flow_packet(&flow, SERVER_SIDE);
	rig_expect_icmp(h, SERVER_SIDE, 3, 1, VIP, 0, &packet);
	flow_pass_data(&flow, CLIENT_SIDE, FLOW_STAGE); /* the server's way is another one */
	harness_run(h, "dpip route add default via " GATEWAY0 " dev dpdk0");
	pass_other_way(&flow, SERVER_SIDE);
	rig_end(h);
}

/* By another port than before: one-armed from now on. */
static void test_other_port(void **state)
{
	struct flow flow = flow_used(IPPROTO_UDP);
	struct packet packet = flow_packet(&flow, SERVER_SIDE);
	struct packet want = flow_want(&flow, SERVER_SIDE, packet);
	struct frame frame = frame_out(SERVER_SIDE, &want);

	harness_run(flow.h, "dpip route add " CLIENT " via 192.168.0.254 dev dpdk1");
	rig_send(flow.h, SERVER_SIDE, &packet);
	flow_expect(&flow, SERVER_SIDE, &frame);
	flow_took(&flow, 1);
	rig_end(flow.h);
}

static void test_route_mtu(void **state)
{
	struct flow flow = flow_used(IPPROTO_UDP);
	struct packet packet = flow_packet(&flow, SERVER_SIDE);

	packet.filler = 400;
	packet.fragment = 0x4000;
	flow_pass(&flow, SERVER_SIDE, &packet, FLOW_STAGE);
	harness_run(flow.h, "dpip route add " CLIENT " dev dpdk0 mtu 400");
	rig_send(flow.h, SERVER_SIDE, &packet);
	assert_int_equal(harness_drops(flow.h, DROP_IPVS_MTU), 1);
	assert_int_equal(rig_take(flow.h, SERVER_SIDE).bytes[L4], 3);
	flow_took(&flow, 0);
	flow_pass_both(&flow, FLOW_STAGE);
	harness_run(flow.h, "dpip route set " CLIENT " dev dpdk0 mtu 600");
	flow_pass(&flow, SERVER_SIDE, &packet, FLOW_STAGE);
	rig_end(flow.h);
}

/* Two connections by one next hop, one of them with a smaller MTU. */
static void test_two_mtus(void **state)
{
	struct flow one = flow_used(IPPROTO_UDP), other;
	struct packet packet;

	other = flow_open(one.h, IPPROTO_UDP, "10.0.0.101");
	harness_run(one.h, "dpip route add " CLIENT " via 10.0.0.102 dev dpdk0 mtu 400");
	harness_run(one.h, "dpip route add 10.0.0.101 via 10.0.0.102 dev dpdk0");
	for (unsigned int i = 0; i < 2; i++) {
		packet = flow_packet(&other, SERVER_SIDE);
		packet.filler = 400;
		one.taken = other.taken = one.h->all[1]->counters.flow;
		flow_pass(&other, SERVER_SIDE, &packet, FLOW_STAGE);
		packet = flow_packet(&one, SERVER_SIDE);
		packet.filler = 400;
		packet.fragment = 0x4000;
		rig_send(one.h, SERVER_SIDE, &packet);
		assert_int_equal(harness_drops(one.h, DROP_IPVS_MTU), i + 1);
		assert_int_equal(rig_take(one.h, SERVER_SIDE).bytes[L4], 3);
		flow_took(&other, 0);
	}
	rig_end(one.h);
}

/* --- neighbours ---------------------------------------------------------------- */

static const struct {
	const char *addr, *dev;
	unsigned int from; /* whose packets go there */
} neighs[] = {
	{ CLIENT, "dpdk0", SERVER_SIDE },
	{ SERVER, "dpdk1", CLIENT_SIDE },
};

static void neigh_line(struct flow *flow, const char *verb, unsigned int i, const char *mac)
{
	char line[128];

	snprintf(line, sizeof(line), "dpip neigh %s %s %s %s dev %s", verb, neighs[i].addr,
		 mac ? "lladdr" : "", mac ? mac : "", neighs[i].dev);
	harness_run(flow->h, line);
}

static void test_neigh_mac(void **state)
{
	for (unsigned int i = 0; i < LENGTH(neighs); i++) {
		struct flow flow = flow_used(protos[i]);

		neigh_line(&flow, "set", i, OTHER_MAC);
		pass_other_way(&flow, neighs[i].from);
		neigh_line(&flow, "set", i, neighs[i].from ? CLIENT_MAC : SERVER_MAC);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_end(flow.h);
	}
}

/* Gone: what is sent there waits, and leaves before what comes when the neighbour is back. */
static void test_neigh_del(void **state)
{
	for (unsigned int i = 0; i < LENGTH(neighs); i++) {
		struct flow flow = flow_used(protos[i]);
		struct packet packet = flow_packet(&flow, neighs[i].from), want;
		struct frame frame;

		neigh_line(&flow, "del", i, NULL);
		rig_send(flow.h, neighs[i].from, &packet);
		rig_expect_nothing(flow.h);
		assert_int_equal(flow.h->all[1]->held, 1);
		flow_took(&flow, 0);
		flow_pass_data(&flow, !neighs[i].from, FLOW_STAGE);
		neigh_line(&flow, "add", i, OTHER_MAC);
		want = flow_want(&flow, neighs[i].from, packet);
		frame = frame_out(!neighs[i].from, &want);
		harness_hex(OTHER_MAC, frame.bytes, 6);
		flow_expect(&flow, !neighs[i].from, &frame);
		pass_other_way(&flow, neighs[i].from);
		rig_end(flow.h);
	}
}

static void test_neigh_failed(void **state)
{
	for (unsigned int i = 0; i < LENGTH(neighs); i++) {
		struct flow flow = flow_used(protos[i]);
		struct packet packet = flow_packet(&flow, neighs[i].from);

		neigh_line(&flow, "del", i, NULL);
		rig_send(flow.h, neighs[i].from, &packet);
		harness_advance(flow.h, 3500);
		assert_int_equal(harness_drops(flow.h, DROP_NEIGH_FAILED), 1);
		flow_lost(&flow, neighs[i].from, DROP_NEIGH_FAILED);
		neigh_line(&flow, "add", i, neighs[i].from ? CLIENT_MAC : SERVER_MAC);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_end(flow.h);
	}
}

/* The client asks for us, and so tells its own address. */
static void client_asks(struct flow *flow, const char *mac)
{
	uint8_t arp[64];
	char hex[160];

	snprintf(hex, sizeof(hex),
		 "ffffffffffff %s 0806 0001 0800 06 04 0001 %s 0a000064 000000000000 0a000001", mac,
		 mac);
	harness_inject(flow->h, CLIENT_SIDE, 0, arp, harness_hex(hex, arp, sizeof(arp)));
	harness_turn(flow->h);
}

/* The client has moved to another card. */
static void test_neigh_learnt(void **state)
{
	struct flow flow = flow_used(IPPROTO_UDP);

	neigh_line(&flow, "del", 0, NULL);
	client_asks(&flow, OTHER_MAC);
	pass_other_way(&flow, SERVER_SIDE);
	client_asks(&flow, CLIENT_MAC);
	flow_pass_both(&flow, FLOW_STAGE);
	rig_end(flow.h);
}

/* The daemon has asked for somebody since this was asked last. */
static bool has_asked(struct harness *h)
{
	uint8_t got[FRAME_MAX];
	bool asked = false;

	while (harness_take(h, CLIENT_SIDE, got, sizeof(got)))
		asked |= got[12] == 8 && got[13] == 6 && got[21] == 1;
	return asked;
}

/* What only the flow stage sends counts as use: who is used is asked again before it is forgotten,
 * and who is not is not. */
static void test_neigh_in_use(void **state)
{
	struct flow flow = flow_used(IPPROTO_UDP);
	bool asked = false;

	neigh_line(&flow, "del", 0, NULL);
	client_asks(&flow, CLIENT_MAC);
	has_asked(flow.h);
	for (unsigned int s = 0; s < 75 && !asked; s++) {
		flow_pass_data(&flow, SERVER_SIDE, FLOW_STAGE);
		harness_advance(flow.h, 1000);
		asked = has_asked(flow.h);
	}
	assert_true(asked);
	client_asks(&flow, CLIENT_MAC);
	has_asked(flow.h);
	harness_advance(flow.h, 75000);
	assert_false(has_asked(flow.h));
	rig_end(flow.h);
}

/* --- links --------------------------------------------------------------------- */

static void test_link_down(void **state)
{
	for (unsigned int i = 0; i < LENGTH(neighs); i++) {
		struct flow flow = flow_used(protos[i]);

		run(&flow, "dpip link set %s down", neighs[i].dev);
		flow_lost(&flow, neighs[i].from, DROP_PORT_DOWN);
		run(&flow, "dpip link set %s up", neighs[i].dev);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_end(flow.h);
	}
}

/* Frames leave with the new address and are taken by it, no more by the old one. */
static void test_link_mac(void **state)
{
	struct flow flow = flow_used(IPPROTO_TCP);
	struct frame in, out;

	flow_changes_mac(&flow, &in, &out);
	rig_end(flow.h);
}

static void test_link_mtu(void **state)
{
	struct flow flow = flow_used(IPPROTO_TCP);

	flow_changes_mtu(&flow);
	rig_end(flow.h);
}

/* --- addresses ----------------------------------------------------------------- */

/* Whoever claims to be us is not believed. */
static void test_addr_becomes_ours(void **state)
{
	static const char *const addrs[] = { CLIENT "/32 dev dpdk0", SERVER "/32 dev dpdk1" };

	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_used(protos[p]);

		for (unsigned int side = CLIENT_SIDE; side <= SERVER_SIDE; side++) {
			run(&flow, "dpip addr add %s", addrs[side]);
			flow_lost(&flow, side, DROP_IP4_SOURCE);
			rig_expect_nothing(flow.h);
			run(&flow, "dpip addr del %s", addrs[side]);
			flow_pass_both(&flow, FLOW_STAGE);
		}
		rig_end(flow.h);
	}
}

/* Of a net that is elsewhere: no route of that address tells of it. */
static void test_addr_becomes_broadcast(void **state)
{
	struct harness *h = rig_new(&usual);
	struct flow flow;

	harness_run(h, "dpip route add default via 10.0.0.101 dev dpdk0");
	rig_service(h, 'u', 1);
	flow = flow_open(h, IPPROTO_UDP, "81.19.3.177");
	flow_pass_both(&flow, FLOW_STAGE);
	harness_run(h, "dpip addr add 10.0.0.99/32 dev dpdk0 broadcast 81.19.3.177");
	flow_lost(&flow, CLIENT_SIDE, DROP_IP4_SOURCE);
	harness_run(h, "dpip addr del 10.0.0.99/32 dev dpdk0");
	flow_pass_both(&flow, FLOW_STAGE);
	rig_end(h);
}

/* A connection outlives the addresses that it came by. */
static void test_addr_goes(void **state)
{
	struct flow flow = flow_used(IPPROTO_TCP);

	harness_run(flow.h, "dpip addr del " VIP "/32 dev dpdk0");
	flow_pass_both(&flow, FLOW_STAGE);
	harness_run(flow.h, "dpip addr add 10.7.0.1/24 dev dpdk0"); /* nobody's business */
	flow_pass_both(&flow, FLOW_STAGE);
	rig_end(flow.h);
}

/* --- services and servers ------------------------------------------------------ */

/* The deadline that a packet of now makes. */
static void assert_timeout(const struct flow *flow, uint32_t timeout_s)
{
	assert_int_equal(flow->conn.conn->deadline, conn_deadline(timeout_s, flow->h->now_ms));
}

/* Shorter: the wheel hears of it, and comes in time. */
static void test_service_timeout(void **state)
{
	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_used(protos[p]);
		const char *service = protos[p] == IPPROTO_TCP ? "-t" : "-u";

		run(&flow, "ipvsadm -E %s " VIP ":80 -s rr --conn-timeout 1000", service);
		flow_pass_data(&flow, CLIENT_SIDE, FLOW_STAGE);
		assert_timeout(&flow, 1000);
		run(&flow, "ipvsadm -E %s " VIP ":80 -s rr --conn-timeout 20", service);
		flow_pass_data(&flow, SERVER_SIDE, FLOW_STAGE);
		assert_timeout(&flow, 20);
		harness_advance(flow.h, 12345);
		flow_pass_both(&flow, FLOW_STAGE);
		assert_timeout(&flow, 20);
		harness_advance(flow.h, 19900);
		assert_int_equal(rig_conns(flow.h), 1);
		harness_advance(flow.h, 300);
		assert_int_equal(rig_conns(flow.h), 0);
		rig_end(flow.h);
	}
}

/* As SIGHUP does with new timeouts in the conf file. */
static void test_reload(void **state)
{
	struct flow tcp = flow_used(IPPROTO_TCP), udp;
	struct ipvs_config config = tcp.h->all[1]->ipvs->config;

	rig_service(tcp.h, 'u', 1);
	udp = flow_open(tcp.h, IPPROTO_UDP, CLIENT);
	config.tcp_timeout_s[TCP_ESTABLISHED] = 500;
	config.udp_timeout_s[UDP_NORMAL] = 700;
	assert_int_equal(ipvs_configure(tcp.h->all, &config), 0);
	harness_turn(tcp.h);
	flow_pass_both(&udp, FLOW_STAGE);
	assert_timeout(&udp, 700);
	tcp.taken = udp.taken;
	flow_pass_both(&tcp, FLOW_STAGE);
	assert_timeout(&tcp, 500);
	config.tcp_timeout_s[TCP_ESTABLISHED] = 30;
	assert_int_equal(ipvs_configure(tcp.h->all, &config), 0);
	flow_pass_data(&tcp, CLIENT_SIDE, FLOW_STAGE);
	assert_timeout(&tcp, 30);
	rig_end(tcp.h);
}

static void test_server_and_service_go(void **state)
{
	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		char proto = protos[p] == IPPROTO_TCP ? 't' : 'u';
		struct flow flow = flow_used(protos[p]);

		rig_weight(flow.h, proto, SERVER, 0);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_remove_server(flow.h, proto, SERVER);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_server(flow.h, proto, SERVER2);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_server(flow.h, proto, SERVER);
		flow_pass_both(&flow, FLOW_STAGE);
		rig_remove_service(flow.h, proto);
		flow_pass_both(&flow, FLOW_STAGE);
		harness_run(flow.h, "dpip route add " SERVER " via " GATEWAY1 " dev dpdk1");
		pass_other_way(&flow, CLIENT_SIDE);
		rig_end(flow.h);
	}
}

/* The entry of a connection that has ended is another one's: nothing of the way is left. */
static void test_entry_again(void **state)
{
	const struct harness_options few = { .conn_max = 1, .udp_timeout_s = { 10, 10 } };
	struct flow flow = flow_new(IPPROTO_UDP, &few);

	flow_pass_both(&flow, FLOW_STAGE);
	harness_run(flow.h, "dpip route add 10.0.0.101 via " GATEWAY0 " dev dpdk0");
	add_gateways(flow.h);
	harness_advance(flow.h, 11000);
	assert_int_equal(rig_conns(flow.h), 0);
	harness_run(flow.h, "dpip route add 10.0.0.101 via " GATEWAY0 " dev dpdk0 metric 7");
	flow = flow_open(flow.h, IPPROTO_UDP, "10.0.0.101");
	pass_other_way(&flow, SERVER_SIDE);
	rig_end(flow.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longer_routes),
		cmocka_unit_test(test_routes_of_all_lengths),
		cmocka_unit_test(test_default_route),
		cmocka_unit_test(test_other_port),
		cmocka_unit_test(test_route_mtu),
		cmocka_unit_test(test_two_mtus),
		cmocka_unit_test(test_neigh_mac),
		cmocka_unit_test(test_neigh_del),
		cmocka_unit_test(test_neigh_failed),
		cmocka_unit_test(test_neigh_learnt),
		cmocka_unit_test(test_neigh_in_use),
		cmocka_unit_test(test_link_down),
		cmocka_unit_test(test_link_mac),
		cmocka_unit_test(test_link_mtu),
		cmocka_unit_test(test_addr_becomes_ours),
		cmocka_unit_test(test_addr_becomes_broadcast),
		cmocka_unit_test(test_addr_goes),
		cmocka_unit_test(test_service_timeout),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_server_and_service_go),
		cmocka_unit_test(test_entry_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

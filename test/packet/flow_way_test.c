/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows whose way depends on more than the address: several gateways to the
 * clients or to the server, and routes of a tos. Their packets stay in the flow
 * stage, each flow with its gateway, and when one goes only its flows move. The
 * stage's choice is the slow path's: checked, both are computed.
 */
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>

#include "lib/unit.h"
#include "packet/flow_rig.h"

#define GATEWAY0 "10.0.0.120"
#define GATEWAY1 "192.168.0.120"
#define FLOWS    12

static const struct harness_options usual;
static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

struct flows {
	struct harness *h;
	struct flow flows[FLOWS];
	const char *mac[FLOWS]; /* where its packets go; NULL: to the usual one */
	char clients[FLOWS][16];
};

static struct flows flows_open(uint8_t proto)
{
	struct flows flows = { .h = rig_new(&usual) };

	harness_neigh(flows.h, GATEWAY0, OTHER_MAC, "dpdk0");
	harness_neigh(flows.h, GATEWAY1, OTHER_MAC, "dpdk1");
	harness_run(flows.h, "dpip route add default via 10.0.0.101 dev dpdk0");
	rig_service(flows.h, proto == IPPROTO_TCP ? 't' : 'u', 1);
	return flows;
}

static void open_all(struct flows *flows, uint8_t proto)
{
	for (unsigned int i = 0; i < FLOWS; i++) {
		snprintf(flows->clients[i], sizeof(flows->clients[i]), "81.19.3.%u", 10 + i);
		flows->flows[i] = flow_open(flows->h, proto, flows->clients[i]);
	}
}

/* They count together. */
static void count_anew(struct flow *flow)
{
	flow->taken = 0;
	for (unsigned int w = 1; w <= flow->h->n_workers; w++)
		flow->taken += flow->h->all[w]->counters.flow;
}

/* One packet from that side, by the stage; where it goes. */
static const char *ask(struct flow *flow, unsigned int from)
{
	struct packet packet = flow_packet(flow, from);
	uint8_t other[6];
	struct frame got;

	harness_hex(OTHER_MAC, other, sizeof(other));
	count_anew(flow);
	rig_send(flow->h, from, &packet);
	got = rig_take(flow->h, !from);
	assert_true(got.len);
	flow_took(flow, 1);
	return memcmp(got.bytes, other, sizeof(other)) == 0 ? OTHER_MAC : NULL;
}

/* Each of both gateways has some flows. */
static void ask_all(struct flows *flows, unsigned int from)
{
	unsigned int others = 0;

	for (unsigned int i = 0; i < FLOWS; i++) {
		flows->mac[i] = ask(&flows->flows[i], from);
		others += flows->mac[i] != NULL;
	}
	assert_in_range(others, 1, FLOWS - 1);
}

/* Exact in every byte; each to its gateway, or, when one is gone, to the usual. */
static void pass_all(struct flows *flows, unsigned int from, bool gone)
{
	for (unsigned int i = 0; i < FLOWS; i++) {
		count_anew(&flows->flows[i]);
		flow_pass_macs(&flows->flows[i], from, gone ? NULL : flows->mac[i], NULL,
			       FLOW_STAGE);
	}
}

static void test_gateways(void **state)
{
	static const struct {
		const char *two, *one;
		unsigned int from;
	} rows[] = {
		{ "dpip route set default nexthop via 10.0.0.101 nexthop via " GATEWAY0,
		  "dpip route set default via 10.0.0.101", SERVER_SIDE },
		{ "dpip route replace 192.168.0.11/32 nexthop dev dpdk1 nexthop via " GATEWAY1,
		  "dpip route replace 192.168.0.11/32 dev dpdk1", CLIENT_SIDE },
	};

	for (unsigned int p = 0; p < LENGTH(protos); p++)
		for (unsigned int r = 0; r < LENGTH(rows); r++) {
			struct flows flows = flows_open(protos[p]);

			open_all(&flows, protos[p]);
			harness_run(flows.h, rows[r].two);
			ask_all(&flows, rows[r].from);
			pass_all(&flows, rows[r].from, false);
			harness_run(flows.h, rows[r].one);
			pass_all(&flows, rows[r].from, true);
			harness_run(flows.h, rows[r].two);
			pass_all(&flows, rows[r].from, false);
			rig_end(flows.h);
		}
}

/* Opened when there are several: the first packet's way is that of all behind it. */
static void test_opened(void **state)
{
	struct flows flows = flows_open(IPPROTO_UDP);

	harness_run(flows.h,
		    "dpip route add 192.168.0.11/32 nexthop dev dpdk1 nexthop via " GATEWAY1);
	open_all(&flows, IPPROTO_UDP);
	ask_all(&flows, CLIENT_SIDE);
	pass_all(&flows, CLIENT_SIDE, false);
	rig_end(flows.h);
}

static void pass_tos(struct flow *flow, unsigned int from, uint8_t tos, const char *mac)
{
	struct packet packet = flow_packet(flow, from), want;
	struct frame frame;

	packet.tos = tos;
	want = flow_want(flow, from, packet);
	frame = frame_out(!from, &want);
	if (mac)
		harness_hex(mac, frame.bytes, 6);
	rig_send(flow->h, from, &packet);
	flow_expect(flow, !from, &frame);
	flow_took(flow, 1);
}

static void test_tos(void **state)
{
	static const char *const lines[] = {
		"dpip route add default via " GATEWAY0 " tos 16",
		"dpip route add 192.168.0.11/32 dev dpdk1",
		"dpip route add 192.168.0.11/32 via " GATEWAY1 " tos 16",
	};

	for (unsigned int p = 0; p < LENGTH(protos); p++) {
		struct flow flow = flow_new(protos[p], &usual);
		struct harness *h = flow.h;

		harness_neigh(h, GATEWAY0, OTHER_MAC, "dpdk0");
		harness_neigh(h, GATEWAY1, OTHER_MAC, "dpdk1");
		harness_run(h, "dpip route add 10.0.0.100/32 dev dpdk0");
		harness_run(h, "dpip route add 10.0.0.100/32 via " GATEWAY0 " tos 16");
		for (unsigned int i = 0; i < LENGTH(lines); i++)
			harness_run(h, lines[i]);
		for (unsigned int from = 0; from < 2; from++) {
			pass_tos(&flow, from, 0, NULL);
			pass_tos(&flow, from, 16, OTHER_MAC);
			pass_tos(&flow, from, 18, OTHER_MAC); /* ECN chooses nothing */
			pass_tos(&flow, from, 32, NULL);
		}
		harness_run(h, "dpip route del 192.168.0.11/32 tos 16");
		pass_tos(&flow, CLIENT_SIDE, 16, NULL);
		rig_end(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateways),
		cmocka_unit_test(test_opened),
		cmocka_unit_test(test_tos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VLANs: which port a tagged frame is for, what leaves with which tags, what a
 * VLAN has of its parent, and that nothing is left when one goes. Frames are
 * written byte by byte.
 */
#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "link/vlan.h"
#include "link/test_port.h"
#include "net/addr_int.h"
#include "packet/harness.h"

#define MACS_IN  "020000000000 060000000064 "
#define MACS_OUT "060000000064 020000000000 "
#define Q10      "8100 000a "
#define Q11      "8100 000b "
#define AD7      "88a8 0007 "

/* from 10.5.0.2 to 10.5.0.1, and the answer */
#define ARP_REQUEST "0806 0001 0800 06 04 0001 060000000064 0a050002 000000000000 0a050001"
#define ARP_REPLY   "0806 0001 0800 06 04 0002 020000000000 0a050001 060000000064 0a050002"
#define ECHO        "0800 4500 001c 0001 0000 4001 66d4 0a050002 0a050001 0800 f7fe 0001 0000"
#define REPLY       "0800 4500 001c %04x 0000 4001 %04x 0a050001 0a050002 0000 fffe 0001 0000"

static void send_hex(struct harness *h, unsigned int port, unsigned int queue, const char *hex)
{
	uint8_t frame[256];

	harness_inject(h, port, queue, frame, harness_hex(hex, frame, sizeof(frame)));
	harness_turn(h);
	harness_assert_balance(h);
}

#define expect(h, port, hex) expect_at(h, port, hex, __FILE__, __LINE__)

static void expect_at(struct harness *h, unsigned int port, const char *hex, const char *file,
		      int line)
{
	uint8_t frame[2048];

	harness_assert_frame(frame, harness_take(h, port, frame, sizeof(frame)), hex, file, line);
}

/* The answer to ECHO, whatever its identification, behind these bytes. */
#define expect_reply(h, port, l2) expect_reply_at(h, port, l2, __FILE__, __LINE__)

static void expect_reply_at(struct harness *h, unsigned int port, const char *l2, const char *file,
			    int line)
{
	uint8_t frame[2048] = { 0 }, head[32];
	size_t at = harness_hex(l2, head, sizeof(head)) + 6;
	size_t len = harness_take(h, port, frame, sizeof(frame));
	unsigned int id = (unsigned int)frame[at] << 8 | frame[at + 1];
	char hex[256];
	int n = snprintf(hex, sizeof(hex), "%s", l2);

	snprintf(hex + n, sizeof(hex) - (size_t)n, REPLY, id, 0x66d5 - id);
	harness_assert_frame(frame, len, hex, file, line);
}

static void clear_sent(struct harness *h)
{
	uint8_t frame[2048];

	for (unsigned int port = 0; port < HARNESS_PORTS; port++)
		while (harness_take(h, port, frame, sizeof(frame)))
			;
}

static struct harness *new_harness(unsigned int n_workers)
{
	struct harness *h = harness_new(
		&(struct harness_options){ .n_workers = n_workers, .forwarding = true });

	harness_run(h, "dpip vlan add link dpdk0 id 10");
	return h;
}

/* 10.5.0.1, with the tag, to everybody */
static void expect_announced(struct harness *h)
{
	expect(h, 0,
	       "ffffffffffff 020000000000 " Q10
	       "0806 0001 0800 06 04 0001 020000000000 0a050001 000000000000 0a050001");
}

static void test_arp_and_echo(void **state)
{
	for (unsigned int n = 1; n <= 3; n += 2) {
		struct harness *h = new_harness(n);

		harness_run(h, "dpip addr add 10.5.0.1/24 dev dpdk0.10");
		expect_announced(h);
		send_hex(h, 0, 0, MACS_IN Q10 ARP_REQUEST);
		expect(h, 0, MACS_OUT Q10 ARP_REPLY);
		for (unsigned int queue = 0; queue < n; queue++) {
			send_hex(h, 0, queue, MACS_IN Q10 ECHO);
			expect_reply(h, 0, MACS_OUT Q10);
		}
		expect(h, 0, "");
		/* the address is not dpdk0's: no answer there, and none on another VLAN */
		send_hex(h, 0, 0, MACS_IN ARP_REQUEST);
		send_hex(h, 0, 0, MACS_IN Q11 ARP_REQUEST);
		expect(h, 0, "");
		assert_int_equal(harness_drops(h, DROP_ARP_DONE), 1);
		harness_free(h);
	}
}

static void test_two_tags(void **state)
{
	struct harness *h = new_harness(1);

	harness_run(h, "dpip vlan add outer link dpdk0 proto 802.1ad id 7");
	harness_run(h, "dpip vlan add link outer id 10");
	harness_run(h, "dpip addr add 10.5.0.1/24 dev outer.10");
	clear_sent(h);
	send_hex(h, 0, 0, MACS_IN AD7 Q10 ARP_REQUEST);
	expect(h, 0, MACS_OUT AD7 Q10 ARP_REPLY);
	send_hex(h, 0, 0, MACS_IN AD7 Q10 ECHO);
	expect_reply(h, 0, MACS_OUT AD7 Q10);
	/* each tag alone is another link, without this address */
	send_hex(h, 0, 0, MACS_IN Q10 ARP_REQUEST);
	send_hex(h, 0, 0, MACS_IN AD7 ARP_REQUEST);
	assert_int_equal(harness_drops(h, DROP_ARP_DONE), 2);
	/* the same id by the other protocol is none */
	send_hex(h, 0, 0, MACS_IN "88a8 000a " ARP_REQUEST);
	assert_int_equal(harness_drops(h, DROP_ARP_DONE), 2);
	expect(h, 0, "");
	assert_string_equal(
		harness_refused(h, "dpip vlan add link outer.10 id 3"),
		"vlan outer.10.3: frames of outer.10 have 2 tags, no more are possible");
	/* three packets passed the outer one */
	assert_int_equal(h->all[1]->link->counters[port_find(h->all[1]->link, "outer")].rx_packets,
			 3);
	assert_int_equal(h->all[1]->link->counters[port_find(h->all[1]->link, "outer")].tx_packets,
			 3);
	harness_free(h);
}

/* Priority, DEI and VLAN id 0 say nothing about whose frame it is. */
static void test_priority(void **state)
{
	struct harness *h = new_harness(1);

	harness_run(h, "dpip addr add 10.5.0.1/24 dev dpdk0");
	harness_neigh(h, "10.5.0.2", "06:00:00:00:00:64", "dpdk0");
	clear_sent(h);
	send_hex(h, 0, 0, MACS_IN "8100 e000 " ECHO);
	expect_reply(h, 0, MACS_OUT);
	send_hex(h, 0, 0, MACS_IN "88a8 3000 8100 2000 " ECHO);
	expect_reply(h, 0, MACS_OUT);
	harness_run(h, "dpip neigh del 10.5.0.2 dev dpdk0");
	harness_run(h, "dpip addr del 10.5.0.1/24 dev dpdk0");
	harness_run(h, "dpip addr add 10.5.0.1/24 dev dpdk0.10");
	harness_neigh(h, "10.5.0.2", "06:00:00:00:00:64", "dpdk0.10");
	clear_sent(h);
	send_hex(h, 0, 0, MACS_IN "8100 f00a " ECHO);
	expect_reply(h, 0, MACS_OUT Q10);
	send_hex(h, 0, 0, MACS_IN "8100 0000 8100 000a " ECHO);
	expect_reply(h, 0, MACS_OUT Q10);
	harness_free(h);
}

/* A frame whose tags the driver has taken out. */
static void send_stripped(struct harness *h, const char *hex, uint64_t flags, uint16_t tci,
			  uint16_t outer)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool);
	uint8_t frame[256];
	size_t len = harness_hex(hex, frame, sizeof(frame));

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	m->ol_flags = flags;
	m->vlan_tci = tci;
	m->vlan_tci_outer = outer;
	assert_true(test_port_inject(h->port[0], 0, m));
	harness_turn(h);
	harness_assert_balance(h);
}

static void test_stripped(void **state)
{
	const uint64_t one = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	const uint64_t two = one | RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED;
	struct harness *h = new_harness(1);

	harness_run(h, "dpip vlan add outer link dpdk0 proto QinQ id 7");
	harness_run(h, "dpip vlan add inner link outer id 10");
	harness_run(h, "dpip addr add 10.5.0.1/24 dev dpdk0.10");
	harness_neigh(h, "10.5.0.2", "06:00:00:00:00:64", "dpdk0.10");
	clear_sent(h);
	send_stripped(h, MACS_IN ECHO, one, 0x200a, 0);
	expect_reply(h, 0, MACS_OUT Q10);
	harness_run(h, "dpip neigh del 10.5.0.2 dev dpdk0.10");
	harness_run(h, "dpip addr del 10.5.0.1/24 dev dpdk0.10");
	harness_run(h, "dpip addr add 10.5.0.1/24 dev inner");
	harness_neigh(h, "10.5.0.2", "06:00:00:00:00:64", "inner");
	clear_sent(h);
	send_stripped(h, MACS_IN ECHO, two, 10, 7);
	expect_reply(h, 0, MACS_OUT AD7 Q10);
	/* the outer one taken out, the inner one still there */
	send_stripped(h, MACS_IN Q10 ECHO, one, 7, 0);
	expect_reply(h, 0, MACS_OUT AD7 Q10);
	/* nobody's: not taken for one without a tag */
	harness_run(h, "dpip addr add 10.5.0.9/24 dev dpdk0");
	clear_sent(h);
	send_stripped(h, MACS_IN ECHO, one, 99, 0);
	expect(h, 0, "");
	harness_free(h);
}

/* What is nobody's goes to the kernel as it came; short and split frames do no harm. */
static void test_odd(void **state)
{
	struct harness *h = new_harness(1);
	uint8_t frame[256];
	size_t len;

	harness_run(h, "dpip addr add 10.5.0.1/24 dev dpdk0.10");
	harness_neigh(h, "10.5.0.2", "06:00:00:00:00:64", "dpdk0.10");
	clear_sent(h);
	send_hex(h, 0, 0, MACS_IN "8100 0063 " ECHO);
	send_hex(h, 0, 0, MACS_IN "8100");
	send_hex(h, 0, 0, MACS_IN "8100 000a");
	send_hex(h, 0, 0, MACS_IN Q10 "0800");
	send_hex(h, 0, 0, MACS_IN Q10 Q10 ECHO);
	send_hex(h, 0, 0, "020000000099 060000000064 " Q10 ECHO);
	assert_int_equal(harness_drops(h, DROP_ETH_OTHERHOST), 1);
	assert_int_equal(harness_drops(h, DROP_IP4_SHORT), 1);
	expect(h, 0, "");
	len = harness_hex(MACS_IN Q10 ECHO, frame, sizeof(frame));
	for (size_t segment = 14; segment < 24; segment++) {
		harness_inject_as(h, 0, 0, frame, len, 0, segment);
		harness_turn(h);
		expect_reply(h, 0, MACS_OUT Q10);
	}
	harness_assert_balance(h);
	harness_free(h);
}

static const struct port *vlan_of(const struct harness *h, unsigned int w, const char *name)
{
	uint16_t id = port_find(h->all[w]->link, name);

	assert_int_not_equal(id, PORT_NONE);
	return &h->all[w]->link->ports[id];
}

static void test_follows(void **state)
{
	static const struct rte_ether_addr bytes_55 = { { 2, 0, 0, 0, 0, 0x55 } },
					   *mac_55 = &bytes_55;
	struct harness *h = new_harness(3);

	harness_run(h, "dpip vlan add two link dpdk0.10 id 20");
	harness_run(h, "dpip addr add 10.5.0.1/24 dev dpdk0.10");
	harness_neigh(h, "10.5.0.2", "06:00:00:00:00:64", "dpdk0.10");
	harness_run(h, "dpip link set dpdk0 addr 02:00:00:00:00:77");
	clear_sent(h);
	send_hex(h, 0, 2, "020000000077 060000000064 " Q10 ECHO);
	expect_reply(h, 0, "060000000064 020000000077 " Q10);
	harness_run(h, "dpip link set dpdk0 mtu 1400");
	for (unsigned int w = 0; w <= 3; w++)
		assert_int_equal(vlan_of(h, w, "two")->mtu, 1400);
	harness_run(h, "dpip link set dpdk0 mtu 1500");
	assert_int_equal(vlan_of(h, 0, "two")->mtu, 1400);
	harness_run(h, "dpip link set dpdk0.10 mtu 1500");
	harness_run(h, "dpip link set two mtu 1300");
	assert_string_equal(harness_refused(h, "dpip link set two mtu 1501"),
			    "two: mtu 1501: 68 to 1500 is possible, as is the mtu of dpdk0.10");

	/* its own MAC address, which stays and is answered for; the port is told to let it in */
	assert_false(test_port_lets_in(h->port[0], mac_55));
	harness_run(h, "dpip link set dpdk0.10 addr 02:00:00:00:00:55");
	assert_true(test_port_lets_in(h->port[0], mac_55));
	harness_run(h, "dpip link set dpdk0 addr 02:00:00:00:00:00");
	clear_sent(h);
	send_hex(h, 0, 1, "020000000055 060000000064 " Q10 ECHO);
	expect_reply(h, 0, "060000000064 020000000055 " Q10);
	send_hex(h, 0, 1, MACS_IN Q10 ECHO);
	assert_int_equal(harness_drops(h, DROP_ETH_OTHERHOST), 1);
	/* the parent's: it follows again */
	harness_run(h, "dpip link set dpdk0.10 addr 02:00:00:00:00:00");
	assert_false(test_port_lets_in(h->port[0], mac_55));
	harness_run(h, "dpip vlan add own link dpdk0 id 30");
	harness_run(h, "dpip link set own addr 02:00:00:00:00:55");
	assert_true(test_port_lets_in(h->port[0], mac_55));
	harness_run(h, "dpip vlan del own");
	assert_false(test_port_lets_in(h->port[0], mac_55));
	harness_run(h, "dpip link set dpdk0 addr 02:00:00:00:00:44");
	for (unsigned int w = 0; w <= 3; w++)
		assert_int_equal(vlan_of(h, w, "two")->mac.addr_bytes[5], 0x44);
	harness_free(h);
}

static void test_up_and_down(void **state)
{
	struct harness *h = new_harness(1);

	harness_run(h, "dpip vlan add two link dpdk0.10 id 20");
	harness_run(h, "dpip addr add 10.5.0.1/24 dev dpdk0.10");
	harness_neigh(h, "10.5.0.2", "06:00:00:00:00:64", "dpdk0.10");
	clear_sent(h);
	harness_run(h, "dpip link set dpdk0.10 down");
	assert_false(vlan_of(h, 1, "two")->up);
	send_hex(h, 0, 0, MACS_IN Q10 ECHO);
	assert_int_equal(harness_drops(h, DROP_VLAN_DOWN), 1);
	harness_run(h, "dpip link set dpdk0 down");
	harness_run(h, "dpip link set dpdk0 up");
	assert_false(vlan_of(h, 1, "dpdk0.10")->up);
	harness_run(h, "dpip link set dpdk0.10 up");
	assert_true(vlan_of(h, 1, "two")->up);
	harness_run(h, "dpip link set dpdk0 down");
	assert_false(vlan_of(h, 1, "two")->up);
	harness_run(h, "dpip link set dpdk0 up");
	assert_true(vlan_of(h, 1, "two")->up);
	clear_sent(h);
	send_hex(h, 0, 0, MACS_IN Q10 ECHO);
	expect_reply(h, 0, MACS_OUT Q10);
	harness_free(h);
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "dpip vlan add link dpdk0 id 10",
		  "vlan dpdk0.10: 802.1q id 10 on dpdk0 is dpdk0.10 already" },
		{ "dpip vlan add dpdk1 link dpdk0 id 11", "link dpdk1 is already there" },
		{ "dpip vlan add link dpdk9 id 11",
		  "vlan: no such device \"dpdk9\"; there are: dpdk0, dpdk1, dpdk0.10" },
		{ "dpip vlan add link dpdk0 id 4095",
		  "vlan add: id \"4095\": a number from 1 to 4094 is expected" },
		{ "dpip vlan add link dpdk0 id 0",
		  "vlan add: id \"0\": a number from 1 to 4094 is expected" },
		{ "dpip vlan del link dpdk0 id 11", "vlan: there is no id 11 on dpdk0" },
		{ "dpip vlan del dpdk0", "vlan: there is no VLAN \"dpdk0\"" },
		{ "dpip link set dpdk0.10 promisc on",
		  "dpdk0.10: it has no promisc of its own: set that of dpdk0" },
		{ "dpip link set dpdk0.10 addr 01:00:00:00:00:01",
		  "dpdk0.10: addr must be the MAC address of one host" },
	};
	struct harness *h = new_harness(1);

	for (unsigned int i = 0; i < LENGTH(rows); i++)
		assert_string_equal(harness_refused(h, rows[i].line), rows[i].text);
	/* both protocols have ids of their own; which is meant must be said */
	harness_run(h, "dpip vlan add ad link dpdk0 proto 802.1ad id 10");
	assert_string_equal(harness_refused(h, "dpip vlan del link dpdk0 id 10"),
			    "vlan: id 10 on dpdk0 is an 802.1q and an 802.1ad VLAN: say which by "
			    "proto");
	harness_run(h, "dpip vlan del link dpdk0 id 10 proto QinQ");
	harness_run(h, "dpip vlan del link dpdk0 id 10");
	harness_run(h, "dpip vlan add link dpdk0 id 4094");
	harness_run(h, "dpip vlan add link dpdk0 id 1");
	harness_free(h);
}

/* A VLAN goes with its parent, and what is on it with it; another one inherits nothing. */
static void test_gone(void **state)
{
	struct harness *h = new_harness(3);
	uint16_t id = port_find(h->all[0]->link, "dpdk0.10");

	harness_run(h, "dpip vlan add two link dpdk0.10 id 20");
	harness_run(h, "dpip addr add 10.5.0.1/24 dev dpdk0.10");
	harness_run(h, "dpip addr add 10.6.0.1/24 dev two");
	harness_run(h, "dpip route add 172.16.0.0/12 via 10.6.0.7");
	harness_neigh(h, "10.6.0.7", "06:00:00:00:00:64", "two");
	send_hex(h, 0, 0, MACS_IN Q10 ECHO);
	harness_run(h, "dpip link del dpdk0");
	for (unsigned int w = 0; w <= 3; w++) {
		assert_int_equal(port_find(h->all[w]->link, "two"), PORT_NONE);
		assert_int_equal(port_find(h->all[w]->link, "dpdk0.10"), PORT_NONE);
	}
	harness_refused(h, "dpip route del 172.16.0.0/12");
	harness_run(h, "dpip vlan add link dpdk1 id 10");
	assert_int_equal(port_find(h->all[1]->link, "dpdk0.10"), PORT_NONE);
	assert_true(port_find(h->all[1]->link, "dpdk1.10") <= id);
	assert_int_equal(
		h->all[1]->link->counters[port_find(h->all[1]->link, "dpdk1.10")].rx_packets, 0);
	harness_assert_balance(h);
	harness_free(h);
}

/* All that there may be, each found by its tag. */
static void test_many(void **state)
{
	struct harness *h = new_harness(1);
	char line[64];

	for (unsigned int i = 11; h->all[0]->link->n_ports < PORT_MAX; i++) {
		snprintf(line, sizeof(line), "dpip vlan add link dpdk%u id %u proto %s", i % 2, i,
			 i % 3 ? "802.1q" : "802.1ad");
		harness_run(h, line);
	}
	harness_refused(h, "dpip vlan add link dpdk0 id 4000");
	for (unsigned int i = 11; i < PORT_MAX; i++) {
		snprintf(line, sizeof(line), "dpdk%u.%u", i % 2, i);
		assert_int_equal(vlan_find(h->all[1]->link, i % 2,
					   i % 3 ? VLAN_PROTO_Q : VLAN_PROTO_AD, (uint16_t)i),
				 port_find(h->all[1]->link, line));
		assert_int_equal(vlan_find(h->all[1]->link, i % 2,
					   i % 3 ? VLAN_PROTO_AD : VLAN_PROTO_Q, (uint16_t)i),
				 PORT_NONE);
	}
	harness_free(h);
}

/* What stands on a port is announced when that fails over to another member. */
static void test_fail_over(void **state)
{
	struct harness *h = new_harness(1);

	harness_run(h, "dpip addr add 10.5.0.1/24 dev dpdk0.10");
	addr_announce_tick(h->all);
	harness_turn(h);
	expect_announced(h);
	expect(h, 0, "");
	test_port_fail_over(h->port[0]);
	addr_announce_tick(h->all);
	harness_turn(h);
	expect_announced(h);
	expect(h, 0, "");
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arp_and_echo), cmocka_unit_test(test_fail_over),
		cmocka_unit_test(test_two_tags),     cmocka_unit_test(test_priority),
		cmocka_unit_test(test_stripped),     cmocka_unit_test(test_odd),
		cmocka_unit_test(test_follows),      cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_refused),      cmocka_unit_test(test_gone),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP and the neighbour's life as the wire sees it: who is answered, what is
 * learnt, what is asked and when, what becomes of packets that wait; on one
 * worker and on three.
 */
#include <stdio.h>
#include <string.h>

#include "api/neigh.h"
#include "lib/unit.h"
#include "link/test_port.h"
#include "net/addr_int.h"
#include "net/neigh_int.h"
#include "packet/ip4_rig.h"

#define ALL    "ff:ff:ff:ff:ff:ff"
#define OUR    "02:00:00:00:00:00"
#define PEER   "06:00:00:00:00:03"
#define NOBODY "00:00:00:00:00:00"
#define ASK    "0001 0800 06 04 0001"
#define ANSWER "0001 0800 06 04 0002"
#define US     "0a000001"
#define P      "0a000003" /* 10.0.0.3, a neighbour that nobody has configured */

/* to, from, what, sender's MAC and address, target's */
#define ARP(to, from, what, sha, sip, tha, tip) to from "0806" what sha sip tha tip

static struct bytes bytes_of(const char *hex)
{
	struct bytes frame;

	frame.len = harness_hex(hex, frame.at, sizeof(frame.at));
	return frame;
}

static void send_hex(struct harness *h, unsigned int port, const char *hex)
{
	struct bytes frame = bytes_of(hex);

	ip4_send_frame(h, port, &frame);
}

static void expect_hex(struct harness *h, unsigned int port, const char *hex)
{
	struct bytes frame = bytes_of(hex);

	ip4_expect(h, port, &frame);
}

/* All workers' tables agree; the last byte of the MAC address, or -1 if it is not there. */
static int state_of(const struct harness *h, const char *text, enum api_neigh_state *state)
{
	unsigned int family;
	union ip_addr ip;
	int mac = -1;

	assert_int_equal(ip_parse(text, &family, &ip), 0);
	*state = API_NEIGH_NONE;
	for (unsigned int i = 0; i <= h->n_workers; i++) {
		const struct neigh *neigh = neigh_find(h->all[i], family, &ip, 0);

		if (i > 0) {
			assert_int_equal(neigh ? neigh->state : API_NEIGH_NONE, *state);
			assert_int_equal(neigh ? neigh->mac.addr_bytes[5] : -1, mac);
		}
		*state = neigh ? neigh->state : API_NEIGH_NONE;
		mac = neigh ? neigh->mac.addr_bytes[5] : -1;
	}
	return mac;
}

#define assert_state(h, ip, want)           \
	do {                                \
		enum api_neigh_state is;    \
                                            \
		state_of(h, ip, &is);       \
		assert_int_equal(is, want); \
	} while (0)

static struct harness *rig(unsigned int n_workers)
{
	const struct harness_options options = { .n_workers = n_workers, .forwarding = true };

	return ip4_rig_new(&options);
}

static void test_answered(void **state)
{
	struct harness *h = rig(3);

	/* padding is not sent back */
	send_hex(h, 0,
		 ARP(ALL, PEER, ASK, PEER, P, NOBODY, US) "00000000 00000000 00000000 000000");
	expect_hex(h, 0, ARP(PEER, OUR, ANSWER, OUR, US, PEER, P));
	assert_state(h, "10.0.0.3", API_NEIGH_REACHABLE);
	assert_int_equal(harness_all_drops(h), 0);

	/* a probe (RFC 5227) is answered and teaches nothing */
	send_hex(h, 0, ARP(ALL, PEER, ASK, "06:00:00:00:00:04", "00000000", NOBODY, US));
	expect_hex(h, 0,
		   ARP("06:00:00:00:00:04", OUR, ANSWER, OUR, US, "06:00:00:00:00:04", "00000000"));
	harness_free(h);
}

/* Dropped without an answer, and nothing is learnt. */
static const struct {
	const char *name;
	const char *hex;
	enum drop_reason want;
	unsigned int port;
} silent[] = {
	{ "for another", ARP(ALL, PEER, ASK, PEER, P, NOBODY, "0a000009"), DROP_ARP_DONE, 0 },
	{ "for our address of the other port", ARP(ALL, PEER, ASK, PEER, "c0a80003", NOBODY, US),
	  DROP_ARP_DONE, 1 },
	{ "answer nobody asked for", ARP(OUR, PEER, ANSWER, PEER, P, OUR, US), DROP_ARP_DONE, 0 },
	{ "gratuitous of a stranger", ARP(ALL, PEER, ASK, PEER, P, NOBODY, P), DROP_ARP_DONE, 0 },
	{ "our own address by somebody else", ARP(ALL, PEER, ASK, PEER, US, NOBODY, US),
	  DROP_ARP_DONE, 0 },
	{ "27 bytes", OUR PEER "0806" ASK PEER P NOBODY "0a0000", DROP_ARP_INVALID, 0 },
	{ "hardware 6", OUR PEER "0806 0006 0800 06 04 0001" PEER P NOBODY US, DROP_ARP_INVALID,
	  0 },
	{ "protocol ipv6", OUR PEER "0806 0001 86dd 06 04 0001" PEER P NOBODY US, DROP_ARP_INVALID,
	  0 },
	{ "hardware length 8", OUR PEER "0806 0001 0800 08 04 0001" PEER P NOBODY US,
	  DROP_ARP_INVALID, 0 },
	{ "protocol length 16", OUR PEER "0806 0001 0800 06 10 0001" PEER P NOBODY US,
	  DROP_ARP_INVALID, 0 },
	{ "operation 3", OUR PEER "0806 0001 0800 06 04 0003" PEER P NOBODY US, DROP_ARP_INVALID,
	  0 },
	{ "multicast sender", ARP(ALL, PEER, ASK, "01:00:5e:00:00:01", P, NOBODY, US),
	  DROP_ARP_INVALID, 0 },
	{ "sender without MAC", ARP(ALL, PEER, ASK, NOBODY, P, NOBODY, US), DROP_ARP_INVALID, 0 },
	{ "sender from a group", ARP(ALL, PEER, ASK, PEER, "e0000001", NOBODY, US),
	  DROP_ARP_INVALID, 0 },
};

static void test_silent(void **state)
{
	for (unsigned int i = 0; i < LENGTH(silent); i++) {
		struct harness *h = rig(1);

		send_hex(h, silent[i].port, silent[i].hex);
		if (harness_drops(h, silent[i].want) != 1 || harness_all_drops(h) != 1)
			fail_msg("%s: another drop reason", silent[i].name);
		ip4_expect_nothing(h);
		assert_state(h, "10.0.0.3", API_NEIGH_NONE);
		harness_free(h);
	}
}

/* A sender that is on no net of the port is answered, but not learnt. */
static void test_off_link(void **state)
{
	struct harness *h = rig(1);

	send_hex(h, 0, ARP(ALL, PEER, ASK, PEER, "08080808", NOBODY, US));
	expect_hex(h, 0, ARP(PEER, OUR, ANSWER, OUR, US, PEER, "08080808"));
	assert_state(h, "8.8.8.8", API_NEIGH_NONE);
	harness_free(h);
}

/* A packet to 10.0.0.3, from the other side; `n` tells one from another. */
static struct bytes packet_to_peer(const char *l2, const char *ttl, unsigned int n)
{
	char ip[128];

	snprintf(ip, sizeof(ip),
		 "4500 0020 %04x 4000 %s11 0000 c0a80002" P "1000 2000 000c 1111 61626364", n, ttl);
	return ip4_frame(l2, ip, 0);
}

#define ASKED       ARP(ALL, OUR, ASK, OUR, US, NOBODY, P)
#define ASKED_ALONE ARP(PEER, OUR, ASK, OUR, US, NOBODY, P)
#define ANSWERED    ARP(OUR, PEER, ANSWER, PEER, P, OUR, US)
#define TO_PEER     PEER OUR "0800"

static void send_to_peer(struct harness *h, unsigned int queue, unsigned int n)
{
	struct bytes in = packet_to_peer(TO_1, "40", n);

	harness_inject(h, 1, queue, in.at, in.len);
	harness_turn(h);
	harness_assert_balance(h);
}

static void expect_to_peer(struct harness *h, unsigned int n)
{
	struct bytes want = packet_to_peer(TO_PEER, "3f", n);
	uint8_t got[128];
	size_t len = harness_take(h, 0, got, sizeof(got));

	assert_int_equal(len, want.len);
	assert_memory_equal(got, want.at, len);
}

/* Packets wait in their order, on whatever worker; one question is asked for all. */
static void test_wait(void **state)
{
	struct harness *h = rig(3);

	send_to_peer(h, 0, 1);
	expect_hex(h, 0, ASKED);
	assert_state(h, "10.0.0.3", API_NEIGH_SEND);
	send_to_peer(h, 0, 2);
	send_to_peer(h, 1, 3);
	ip4_expect_nothing(h);
	assert_int_equal(h->all[1]->held + h->all[2]->held, 3);
	send_hex(h, 0, ANSWERED);
	expect_to_peer(h, 1);
	expect_to_peer(h, 2);
	expect_to_peer(h, 3);
	ip4_expect_nothing(h);
	assert_state(h, "10.0.0.3", API_NEIGH_REACHABLE);
	assert_int_equal(h->all[1]->held + h->all[2]->held, 0);
	assert_int_equal(harness_all_drops(h), 1); /* the answer itself */
	harness_assert_balance(h);
	send_to_peer(h, 2, 4);
	expect_to_peer(h, 4);
	harness_free(h);
}

/* The sender of that packet is told that its destination does not answer. */
static void expect_unreachable(struct harness *h, unsigned int n, const char *ids)
{
	struct bytes in = packet_to_peer("000000000000 000000000000 0000", "3f", n), want;
	uint8_t got[128];
	char hex[256];

	snprintf(hex, sizeof(hex),
		 "45c0 003c %s 4000 4001 0000 c0a80001 c0a80002 0301 0000 00000000", ids);
	want = ip4_frame("06:00:00:00:00:12 02:00:00:00:00:01 0800", hex, 0);
	memcpy(want.at + want.len, in.at + 14, 32);
	want.len += 32;
	ip4_seal(&want);
	assert_int_equal(harness_take(h, 1, got, sizeof(got)), want.len);
	assert_memory_equal(got, want.at, want.len);
}

/* Three questions, a second apart; then what waits is lost, and each sender is told. */
static void test_no_answer(void **state)
{
	struct harness *h = rig(1);

	send_to_peer(h, 0, 1);
	send_to_peer(h, 0, 2);
	expect_hex(h, 0, ASKED);
	harness_advance(h, 750);
	ip4_expect_nothing(h);
	harness_advance(h, 500);
	expect_hex(h, 0, ASKED);
	harness_advance(h, 1000);
	expect_hex(h, 0, ASKED);
	harness_advance(h, 1000);
	assert_state(h, "10.0.0.3", API_NEIGH_FAILED);
	assert_int_equal(harness_drops(h, DROP_NEIGH_FAILED), 2);
	expect_unreachable(h, 1, "0000");
	expect_unreachable(h, 2, "0001");
	ip4_expect_nothing(h);

	/* while it is known to be gone nobody asks; afterwards the next packet does */
	send_to_peer(h, 0, 3);
	assert_int_equal(harness_drops(h, DROP_NEIGH_FAILED), 3);
	expect_unreachable(h, 3, "0002");
	ip4_expect_nothing(h);
	harness_advance(h, 3250);
	assert_state(h, "10.0.0.3", API_NEIGH_NONE);
	send_to_peer(h, 0, 4);
	expect_hex(h, 0, ASKED);
	send_hex(h, 0, ANSWERED);
	expect_to_peer(h, 4);
	harness_assert_balance(h);
	harness_free(h);
}

/* Past its time a neighbour in use is asked alone, then by all; packets flow until it has failed.
 */
static void test_probe(void **state)
{
	struct harness *h = rig(1);

	send_hex(h, 0, ARP(ALL, PEER, ASK, PEER, P, NOBODY, US));
	expect_hex(h, 0, ARP(PEER, OUR, ANSWER, OUR, US, PEER, P));
	harness_advance(h, 61000);
	assert_state(h, "10.0.0.3", API_NEIGH_DELAY);
	ip4_expect_nothing(h);
	send_to_peer(h, 0, 1);
	expect_to_peer(h, 1);
	harness_advance(h, 300);
	assert_state(h, "10.0.0.3", API_NEIGH_PROBE);
	expect_hex(h, 0, ASKED_ALONE);
	send_hex(h, 0, ANSWERED);
	assert_state(h, "10.0.0.3", API_NEIGH_REACHABLE);

	harness_advance(h, 61000);
	send_to_peer(h, 0, 2);
	expect_to_peer(h, 2);
	harness_advance(h, 300);
	expect_hex(h, 0, ASKED_ALONE);
	harness_advance(h, 1000);
	expect_hex(h, 0, ASKED_ALONE);
	for (unsigned int i = 0; i < 3; i++) {
		send_to_peer(h, 0, 3 + i);
		expect_to_peer(h, 3 + i);
		harness_advance(h, 1000);
		expect_hex(h, 0, ASKED);
	}
	harness_advance(h, 1000);
	assert_state(h, "10.0.0.3", API_NEIGH_FAILED);
	harness_free(h);
}

/* A gratuitous ARP of a neighbour that is known: the very next packet goes to the new MAC address.
 */
static void test_gratuitous(void **state)
{
	enum api_neigh_state is;
	struct harness *h = rig(3);
	uint8_t got[128];

	send_hex(h, 0, ARP(ALL, PEER, ASK, PEER, P, NOBODY, US));
	assert_int_equal(harness_take(h, 0, got, sizeof(got)), 42);
	assert_int_equal(state_of(h, "10.0.0.3", &is), 3);
	send_hex(h, 0, ARP(ALL, PEER, ASK, "06:00:00:00:00:05", P, NOBODY, P));
	assert_int_equal(state_of(h, "10.0.0.3", &is), 5);
	send_to_peer(h, 2, 1);
	assert_int_equal(harness_take(h, 0, got, sizeof(got)), 46);
	assert_int_equal(got[5], 5);

	/* as an answer to everybody, too; never for a static neighbour */
	send_hex(h, 0, ARP(ALL, PEER, ANSWER, "06:00:00:00:00:06", P, ALL, P));
	assert_int_equal(state_of(h, "10.0.0.3", &is), 6);
	send_hex(h, 0, ARP(ALL, PEER, ASK, "06:00:00:00:00:06", "0a000002", NOBODY, "0a000002"));
	assert_int_equal(state_of(h, "10.0.0.2", &is), 2);
	ip4_expect_nothing(h);
	harness_free(h);
}

/* A flood about one neighbour makes a handful of changes, not thousands; the last word gets in
 * later. */
static void test_flood(void **state)
{
	enum api_neigh_state is;
	struct harness *h = rig(1);
	char hex[256];

	send_hex(h, 0, ARP(ALL, PEER, ASK, PEER, P, NOBODY, US));
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(hex, sizeof(hex), ARP(ALL, PEER, ASK, "06000000%04x", P, NOBODY, P),
			 0x1000 + i);
		send_hex(h, 0, hex);
	}
	assert_in_range(state_of(h, "10.0.0.3", &is), 0, 15);
	assert_int_equal(h->all[1]->counters.events_lost, 0);
	harness_advance(h, 300);
	send_hex(h, 0, ARP(ALL, PEER, ASK, "06:00:00:00:00:77", P, NOBODY, P));
	assert_int_equal(state_of(h, "10.0.0.3", &is), 0x77);
	harness_free(h);
}

static void test_queue_bound(void **state)
{
	const struct harness_options options = { .forwarding = true, .neigh_queue = 4 };
	struct harness *h = ip4_rig_new(&options);

	for (unsigned int i = 0; i < 10; i++)
		send_to_peer(h, 0, i);
	assert_int_equal(h->all[1]->held, 4);
	assert_int_equal(harness_drops(h, DROP_NEIGH_QUEUE), 6);
	expect_hex(h, 0, ASKED);
	harness_free(h);
}

/* More neighbours wanted than the table takes: refused, and counted. */
static void test_table_bound(void **state)
{
	const struct harness_options options = { .forwarding = true, .neigh_max = 6 };
	struct harness *h = ip4_rig_new(&options);
	uint8_t got[128];
	unsigned int n = 0;

	for (unsigned int i = 0; i < 10; i++) {
		char ip[128];
		struct bytes in;

		snprintf(ip, sizeof(ip),
			 "4500 0020 0000 4000 4011 0000 c0a80002 0a0000%02x"
			 "1000 2000 000c 1111 61626364",
			 100 + i);
		in = ip4_frame(TO_1, ip, 0);
		ip4_send_frame(h, 1, &in);
	}
	while (harness_take(h, 0, got, sizeof(got)))
		n++;
	assert_int_equal(n, 4); /* two are static */
	assert_int_equal(harness_drops(h, DROP_NEIGH_TABLE), 6);
	assert_int_equal(h->all[1]->held, 4);
	harness_free(h);
}

/* A queue longer than the transmit vector takes at once goes in several turns, whole. */
static void test_long_queue(void **state)
{
	const struct harness_options options = { .forwarding = true, .neigh_queue = 900 };
	struct harness *h = ip4_rig_new(&options);

	for (unsigned int i = 0; i < 900; i++)
		send_to_peer(h, 0, i);
	expect_hex(h, 0, ASKED);
	send_hex(h, 0, ANSWERED);
	for (unsigned int i = 0; i < 4; i++)
		harness_turn(h);
	for (unsigned int i = 0; i < 900; i++)
		expect_to_peer(h, i);
	assert_int_equal(h->all[1]->held, 0);
	assert_int_equal(harness_all_drops(h), 1);
	harness_assert_balance(h);
	harness_free(h);
}

/* Static neighbours: added, their queue goes; deleted, the next packet asks. */
static void test_static(void **state)
{
	struct harness *h = rig(1);

	send_to_peer(h, 0, 1);
	expect_hex(h, 0, ASKED);
	harness_run(h, "dpip neigh add 10.0.0.3 lladdr " PEER " dev dpdk0");
	expect_to_peer(h, 1);
	harness_run(h, "dpip neigh del 10.0.0.3 dev dpdk0");
	send_to_peer(h, 0, 2);
	expect_hex(h, 0, ASKED);
	harness_run(h, "dpip neigh del 10.0.0.3 dev dpdk0");
	assert_int_equal(harness_drops(h, DROP_NEIGH_FAILED), 1);
	harness_assert_balance(h);
	harness_free(h);
}

/* What the master never heard of does not wait for ever. */
static void test_lost_event(void **state)
{
	struct harness *h = rig(1);
	struct bytes in = packet_to_peer(TO_1, "40", 1);
	struct worker *w = h->all[1];
	struct rte_ring *events = w->events;

	w->events = NULL;
	ip4_send_frame(h, 1, &in);
	assert_int_equal(w->counters.events_lost, 1);
	harness_advance(h, 9900);
	assert_int_equal(w->held, 1);
	harness_advance(h, 200);
	assert_int_equal(w->held, 0);
	assert_int_equal(harness_drops(h, DROP_NEIGH_FAILED), 1);
	w->events = events;
	harness_assert_balance(h);
	harness_free(h);
}

/* New addresses, and all of a port that comes up or fails over, are announced. */
static void test_announce(void **state)
{
	struct harness *h = rig(1);

	addr_announce_tick(h->all);
	harness_turn(h);
	ip4_expect_nothing(h);
	harness_run(h, "dpip addr add 10.0.0.7/24 dev dpdk0");
	expect_hex(h, 0, ARP(ALL, OUR, ASK, OUR, "0a000007", NOBODY, "0a000007"));
	harness_run(h, "dpip link set dpdk1 down");
	addr_announce_tick(h->all);
	harness_run(h, "dpip link set dpdk1 up");
	addr_announce_tick(h->all);
	harness_turn(h);
	expect_hex(h, 1,
		   ARP(ALL, "02:00:00:00:00:01", ASK, "02:00:00:00:00:01", "c0a80001", NOBODY,
		       "c0a80001"));
	test_port_fail_over(h->port[1]);
	addr_announce_tick(h->all);
	harness_turn(h);
	expect_hex(h, 1,
		   ARP(ALL, "02:00:00:00:00:01", ASK, "02:00:00:00:00:01", "c0a80001", NOBODY,
		       "c0a80001"));
	addr_announce_tick(h->all);
	harness_turn(h);
	ip4_expect_nothing(h);
	/* one that is down says nothing, then all once it comes up */
	harness_run(h, "dpip link set dpdk1 down");
	test_port_fail_over(h->port[1]);
	addr_announce_tick(h->all);
	harness_turn(h);
	ip4_expect_nothing(h);
	harness_run(h, "dpip link set dpdk1 up");
	addr_announce_tick(h->all);
	harness_turn(h);
	expect_hex(h, 1,
		   ARP(ALL, "02:00:00:00:00:01", ASK, "02:00:00:00:00:01", "c0a80001", NOBODY,
		       "c0a80001"));
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered),    cmocka_unit_test(test_silent),
		cmocka_unit_test(test_off_link),    cmocka_unit_test(test_wait),
		cmocka_unit_test(test_no_answer),   cmocka_unit_test(test_probe),
		cmocka_unit_test(test_gratuitous),  cmocka_unit_test(test_flood),
		cmocka_unit_test(test_queue_bound), cmocka_unit_test(test_table_bound),
		cmocka_unit_test(test_long_queue),  cmocka_unit_test(test_static),
		cmocka_unit_test(test_lost_event),  cmocka_unit_test(test_announce),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

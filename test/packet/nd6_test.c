/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour Discovery as the wire sees it: exact bytes of what is asked,
 * answered and announced, what is learnt of what, duplicates, link-local
 * addresses, and everything that is refused, each with its reason.
 */
#include <stdio.h>
#include <string.h>

#include <rte_ip.h>

#include "api/neigh.h"
#include "lib/unit.h"
#include "link/port.h"
#include "net/addr_int.h"
#include "net/maddr.h"
#include "net/nd6.h"
#include "net/neigh_int.h"
#include "packet/ip4_rig.h"

#define OUR      "02:00:00:00:00:00" /* dpdk0 */
#define PEER     "06:00:00:00:00:03"
#define OTHER    "06:00:00:00:00:04"
#define US       "20010db8000000000000000000000001"
#define P        "20010db8000000000000000000000003"
#define ANY      "00000000000000000000000000000000"
#define NODES    "ff020000000000000000000000000001"
#define OF_US    "ff0200000000000000000001ff000001" /* our solicited-node group */
#define OF_P     "ff0200000000000000000001ff000003"
#define TO_NODES "33:33:00:00:00:01"
#define TO_OF_US "33:33:ff:00:00:01"
#define TO_OF_P  "33:33:ff:00:00:03"
#define NS       "87 00 0000 00000000"
#define NA(f)    "88 00 0000 " f "000000"
#define SOURCE   "0101"
#define TARGET   "0201"

static uint32_t sum_words(const uint8_t *at, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)at[i] << 8 | (i + 1 < len ? at[i + 1] : 0);
	return sum;
}

/* A whole frame with hop limit 255; an ICMPv6 checksum of 0 is filled. */
static struct bytes nd_frame(const char *to, const char *from, const char *src, const char *dst,
			     const char *icmp)
{
	struct bytes frame = { .len = 0 };
	uint32_t sum;
	size_t len;

	frame.len += harness_hex(to, frame.at, 6);
	frame.len += harness_hex(from, frame.at + 6, 6);
	frame.len += harness_hex("86dd 60000000 0000 3a ff", frame.at + 12, 10);
	frame.len += harness_hex(src, frame.at + 22, 16);
	frame.len += harness_hex(dst, frame.at + 38, 16);
	len = harness_hex(icmp, frame.at + 54, 1000);
	frame.at[18] = (uint8_t)(len >> 8);
	frame.at[19] = (uint8_t)len;
	frame.len += len;
	if (len < 4 || frame.at[56] || frame.at[57])
		return frame;
	sum = sum_words(frame.at + 22, 32) + sum_words(frame.at + 54, len) + (uint32_t)len + 58;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	frame.at[56] = (uint8_t)(~sum >> 8);
	frame.at[57] = (uint8_t)~sum;
	return frame;
}

/* Comes in by dpdk0, at the first worker, as IPv6 input hands it on. */
static void nd_push(struct harness *h, const struct bytes *frame)
{
	struct worker *w = h->all[1];
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool);
	struct pkt_meta *meta;

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)frame->len), frame->at, frame->len);
	rte_pktmbuf_adj(m, 14);
	meta = pkt_meta(m);
	memset(meta, 0, sizeof(*meta));
	meta->tuple.family = AF_INET6;
	meta->l3_len = 40;
	meta->l4_off = 40;
	meta->l4_len = (uint16_t)(frame->len - 54);
	w->counters.received++;
	nd6_input(w, m);
	harness_turn(h);
}

static void nd_send(struct harness *h, const char *to, const char *from, const char *src,
		    const char *dst, const char *icmp)
{
	struct bytes frame = nd_frame(to, from, src, dst, icmp);

	nd_push(h, &frame);
}

static void nd_expect(struct harness *h, const char *to, const char *src, const char *dst,
		      const char *icmp)
{
	struct bytes want = nd_frame(to, OUR, src, dst, icmp);

	ip4_expect(h, 0, &want);
}

static union ip_addr ip_of(const char *text)
{
	unsigned int family;
	union ip_addr ip;

	assert_int_equal(ip_parse(text, &family, &ip), 0);
	return ip;
}

/* All workers' tables agree; the last byte of the MAC address, or -1 if it is not there. */
static int state_of(const struct harness *h, const char *text, enum api_neigh_state *state)
{
	union ip_addr ip = ip_of(text);
	int mac = -1;

	*state = API_NEIGH_NONE;
	for (unsigned int i = 0; i <= h->n_workers; i++) {
		const struct neigh *neigh = neigh_find(h->all[i], AF_INET6, &ip, 0);

		if (i > 0) {
			assert_int_equal(neigh ? neigh->state : API_NEIGH_NONE, *state);
			assert_int_equal(neigh ? neigh->mac.addr_bytes[5] : -1, mac);
		}
		*state = neigh ? neigh->state : API_NEIGH_NONE;
		mac = neigh ? neigh->mac.addr_bytes[5] : -1;
	}
	return mac;
}

static void expect_state(const struct harness *h, const char *text, enum api_neigh_state want,
			 int mac)
{
	enum api_neigh_state is;
	int got = state_of(h, text, &is);

	assert_int_equal(is, want);
	if (mac >= 0)
		assert_int_equal(got, mac);
}

/* The flags of an address, the same on all workers; -1: there is none. */
static int flags_of(const struct harness *h, const char *text)
{
	union ip_addr ip = ip_of(text);
	int flags = -1;

	for (unsigned int i = 0; i <= h->n_workers; i++) {
		const struct addr *addr = addr_find_ip(h->all[i], AF_INET6, &ip, 0);

		if (i > 0)
			assert_int_equal(addr ? (int)addr->flags : -1, flags);
		flags = addr ? (int)addr->flags : -1;
	}
	return flags;
}

static struct harness *rig(unsigned int n_workers)
{
	const struct harness_options options = { .n_workers = n_workers, .forwarding = true };
	struct harness *h = harness_new(&options);

	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	nd_expect(h, TO_NODES, US, NODES, NA("a0") US TARGET OUR);
	return h;
}

/* A packet for a neighbour at a worker's neigh-output, as IPv6 output would put it there. */
static void send_to(struct harness *h, unsigned int worker, const char *nexthop, uint8_t n)
{
	struct worker *w = h->all[worker];
	struct rte_mbuf *m = worker_make_packet(w);
	const uint8_t packet[48] = { [0] = 0x60, [47] = n };
	struct pkt_meta *meta;

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, sizeof(packet)), packet, sizeof(packet));
	meta = pkt_meta(m);
	meta->tuple.family = AF_INET6;
	meta->nexthop = ip_of(nexthop);
	meta->out_port = 0;
	stage_push(w, STAGE_NEIGH_OUTPUT, m);
	harness_turn(h);
}

static void expect_sent(struct harness *h, int mac, uint8_t n)
{
	uint8_t got[128];

	assert_int_equal(harness_take(h, 0, got, sizeof(got)), 14 + 48);
	assert_int_equal(got[5], mac);
	assert_int_equal(got[12] << 8 | got[13], 0x86dd);
	assert_int_equal(got[14 + 47], n);
}

static void test_answered(void **state)
{
	struct harness *h = rig(3);

	/* who asks is learnt, to be asked itself when it is used */
	nd_send(h, TO_OF_US, PEER, P, OF_US, NS US SOURCE PEER);
	nd_expect(h, PEER, US, P, NA("e0") US TARGET OUR);
	expect_state(h, "2001:db8::3", API_NEIGH_DELAY, 3);
	/* alone, without its MAC address: it is known */
	nd_send(h, OUR, PEER, P, US, NS US);
	nd_expect(h, PEER, US, P, NA("e0") US TARGET OUR);
	/* a host that wants our address is told, as all are */
	nd_send(h, TO_OF_US, OTHER, ANY, OF_US, NS US);
	nd_expect(h, TO_NODES, US, NODES, NA("a0") US TARGET OUR);
	expect_state(h, "2001:db8::3", API_NEIGH_DELAY, 3);
	assert_int_equal(harness_drops(h, DROP_ND6_DONE), 3);
	harness_assert_balance(h);
	harness_free(h);
}

/* Dropped for this reason, without an answer, and nothing is learnt. */
static const struct {
	const char *name;
	const char *src, *dst, *icmp;
	enum drop_reason want;
	uint8_t hops; /* 0: 255 */
} refused[] = {
	{ "for another", P, OF_US, NS P SOURCE PEER, DROP_ND6_DONE, 0 },
	{ "through a router", P, OF_US, NS US SOURCE PEER, DROP_ND6_HOP_LIMIT, 254 },
	{ "wrong checksum", P, OF_US, "87 00 1234 00000000" US SOURCE PEER, DROP_ICMP_CHECKSUM, 0 },
	{ "23 bytes", P, OF_US, NS "20010db80000000000000000000000", DROP_ND6_SHORT, 0 },
	{ "no target", P, OF_US, NS, DROP_ND6_SHORT, 0 },
	{ "code 1", P, OF_US, "87 01 0000 00000000" US SOURCE PEER, DROP_ND6_CODE, 0 },
	{ "group as target", P, OF_US, NS NODES SOURCE PEER, DROP_ND6_TARGET, 0 },
	{ "nothing as target", P, OF_US, NS ANY SOURCE PEER, DROP_ND6_TARGET, 0 },
	{ "option of no length", P, OF_US, NS US "0100" PEER, DROP_ND6_OPTION, 0 },
	{ "option behind the end", P, OF_US, NS US "0102" PEER, DROP_ND6_OPTION, 0 },
	{ "half an option", P, OF_US, NS US "0101 0600", DROP_ND6_OPTION, 0 },
	{ "group's MAC address", P, OF_US, NS US SOURCE TO_NODES, DROP_ND6_OPTION, 0 },
	{ "no MAC address", P, OF_US, NS US SOURCE "000000000000", DROP_ND6_OPTION, 0 },
	{ "from nobody, with a MAC address", ANY, OF_US, NS US SOURCE PEER, DROP_ND6_SOURCE, 0 },
	{ "from nobody, to us alone", ANY, US, NS US, DROP_ND6_SOURCE, 0 },
	{ "answer to many", P, NODES, NA("60") P TARGET PEER, DROP_ND6_SOLICITED, 0 },
	{ "answer from nobody", ANY, US, NA("60") P TARGET PEER, DROP_ND6_SOURCE, 0 },
	{ "answer nobody asked for", P, US, NA("60") P TARGET PEER, DROP_ND6_DONE, 0 },
	{ "answer about a group", P, US, NA("60") NODES TARGET PEER, DROP_ND6_TARGET, 0 },
	{ "answer with code 2", P, US, "88 02 0000 60000000" P TARGET PEER, DROP_ND6_CODE, 0 },
	{ "our address by somebody else", P, NODES, NA("20") US TARGET PEER, DROP_ND6_DONE, 0 },
	{ "router solicitation", P, NODES, "85 00 0000 00000000", DROP_ND6_ROUTER, 0 },
	{ "router advertisement", P, NODES, "86 00 0000 40000000 00000000 00000000",
	  DROP_ND6_ROUTER, 0 },
	{ "redirect", P, US, "89 00 0000 00000000" P P, DROP_ND6_REDIRECT, 0 },
};

static void test_refused(void **state)
{
	for (unsigned int i = 0; i < LENGTH(refused); i++) {
		struct harness *h = rig(1);
		struct bytes frame = nd_frame(TO_OF_US, PEER, refused[i].src, refused[i].dst,
					      refused[i].icmp);
		enum api_neigh_state is;

		if (refused[i].hops)
			frame.at[21] = refused[i].hops;
		nd_push(h, &frame);
		if (harness_drops(h, refused[i].want) != 1 || harness_all_drops(h) != 1)
			fail_msg("%s: another reason", refused[i].name);
		ip4_expect_nothing(h);
		if (state_of(h, "2001:db8::3", &is) >= 0)
			fail_msg("%s: it was learnt", refused[i].name);
		harness_assert_balance(h);
		harness_free(h);
	}
}

/* Packets wait, the question is asked thrice, the answer sends them on their way. */
static void test_wait(void **state)
{
	struct harness *h = rig(3);

	send_to(h, 1, "2001:db8::3", 1);
	nd_expect(h, TO_OF_P, US, OF_P, NS P SOURCE OUR);
	send_to(h, 2, "2001:db8::3", 2);
	send_to(h, 1, "2001:db8::3", 3);
	ip4_expect_nothing(h);
	harness_advance(h, 1250);
	nd_expect(h, TO_OF_P, US, OF_P, NS P SOURCE OUR);
	assert_int_equal(h->all[1]->held + h->all[2]->held, 3);
	/* an answer without a MAC address says nothing yet */
	nd_send(h, OUR, PEER, P, US, NA("60") P);
	expect_state(h, "2001:db8::3", API_NEIGH_SEND, -1);
	nd_send(h, OUR, PEER, P, US, NA("60") P TARGET PEER);
	expect_state(h, "2001:db8::3", API_NEIGH_REACHABLE, 3);
	expect_sent(h, 3, 1);
	expect_sent(h, 3, 3);
	expect_sent(h, 3, 2);
	ip4_expect_nothing(h);
	send_to(h, 3, "2001:db8::3", 4);
	expect_sent(h, 3, 4);
	harness_assert_balance(h);
	harness_free(h);
}

static void test_no_answer(void **state)
{
	struct harness *h = rig(1);

	send_to(h, 1, "2001:db8::3", 1);
	send_to(h, 1, "2001:db8::3", 2);
	for (unsigned int i = 0; i < 3; i++) {
		nd_expect(h, TO_OF_P, US, OF_P, NS P SOURCE OUR);
		harness_advance(h, 1250);
	}
	expect_state(h, "2001:db8::3", API_NEIGH_FAILED, -1);
	assert_int_equal(harness_drops(h, DROP_NEIGH_FAILED), 2);
	send_to(h, 1, "2001:db8::3", 3);
	assert_int_equal(harness_drops(h, DROP_NEIGH_FAILED), 3);
	ip4_expect_nothing(h);
	harness_assert_balance(h);
	harness_free(h);
}

/* RFC 4861 7.2.5, line by line: from this state with MAC …:03, an advertisement with these flags
 * and this MAC address leads to that state and MAC. */
static const struct {
	enum api_neigh_state from;
	const char *icmp;
	enum api_neigh_state want;
	int mac;
} advertised[] = {
	{ API_NEIGH_SEND, NA("20") P TARGET PEER, API_NEIGH_DELAY, 3 },
	{ API_NEIGH_SEND, NA("00") P TARGET PEER, API_NEIGH_DELAY, 3 },
	{ API_NEIGH_SEND, NA("40") P TARGET PEER, API_NEIGH_REACHABLE, 3 },
	{ API_NEIGH_REACHABLE, NA("00") P TARGET OTHER, API_NEIGH_DELAY, 3 },
	{ API_NEIGH_REACHABLE, NA("40") P TARGET OTHER, API_NEIGH_DELAY, 3 },
	{ API_NEIGH_REACHABLE, NA("20") P TARGET OTHER, API_NEIGH_DELAY, 4 },
	{ API_NEIGH_REACHABLE, NA("60") P TARGET OTHER, API_NEIGH_REACHABLE, 4 },
	{ API_NEIGH_REACHABLE, NA("20") P TARGET PEER, API_NEIGH_REACHABLE, 3 },
	{ API_NEIGH_REACHABLE, NA("00") P, API_NEIGH_REACHABLE, 3 },
	{ API_NEIGH_DELAY, NA("00") P TARGET OTHER, API_NEIGH_DELAY, 3 },
	{ API_NEIGH_DELAY, NA("20") P TARGET OTHER, API_NEIGH_DELAY, 4 },
	{ API_NEIGH_DELAY, NA("40") P, API_NEIGH_REACHABLE, 3 },
	{ API_NEIGH_DELAY, NA("60") P TARGET OTHER, API_NEIGH_REACHABLE, 4 },
	{ API_NEIGH_DELAY, NA("20") P TARGET PEER, API_NEIGH_DELAY, 3 },
	{ API_NEIGH_FAILED, NA("20") P TARGET OTHER, API_NEIGH_DELAY, 4 },
	{ API_NEIGH_FAILED, NA("60") P TARGET OTHER, API_NEIGH_REACHABLE, 4 },
};

static void walk_to(struct harness *h, enum api_neigh_state state)
{
	uint8_t got[128];

	send_to(h, 1, "2001:db8::3", 1);
	if (state == API_NEIGH_REACHABLE || state == API_NEIGH_DELAY)
		nd_send(h, OUR, PEER, P, US, NA("60") P TARGET PEER);
	if (state == API_NEIGH_DELAY)
		harness_advance(h, 61000);
	if (state == API_NEIGH_FAILED)
		harness_advance(h, 4000);
	while (harness_take(h, 0, got, sizeof(got)))
		;
	expect_state(h, "2001:db8::3", state, -1);
}

static void test_advertised(void **state)
{
	for (unsigned int i = 0; i < LENGTH(advertised); i++) {
		struct harness *h = rig(3);
		enum api_neigh_state is;
		int mac;

		walk_to(h, advertised[i].from);
		nd_send(h, OUR, PEER, P, US, advertised[i].icmp);
		mac = state_of(h, "2001:db8::3", &is);
		if (is != advertised[i].want || mac != advertised[i].mac)
			fail_msg("row %u: state %u, mac %d", i, is, mac);
		harness_assert_balance(h);
		harness_free(h);
	}
}

/* A neighbour that says unasked where it is now: the very next packet goes there, and makes us ask
 * it, alone. */
static void test_moved(void **state)
{
	struct harness *h = rig(3);

	walk_to(h, API_NEIGH_REACHABLE);
	nd_send(h, TO_NODES, OTHER, P, NODES, NA("20") P TARGET OTHER);
	send_to(h, 2, "2001:db8::3", 7);
	expect_sent(h, 4, 7);
	harness_advance(h, 300);
	expect_state(h, "2001:db8::3", API_NEIGH_PROBE, 4);
	nd_expect(h, OTHER, US, P, NS P SOURCE OUR);
	nd_send(h, OUR, OTHER, P, US, NA("60") P);
	expect_state(h, "2001:db8::3", API_NEIGH_REACHABLE, 4);
	harness_free(h);
}

/* Static ones take no advice. */
static void test_static(void **state)
{
	struct harness *h = rig(2);

	harness_run(h, "dpip neigh add 2001:db8::3 lladdr " PEER " dev dpdk0 nud permanent");
	nd_send(h, TO_NODES, OTHER, P, NODES, NA("20") P TARGET OTHER);
	nd_send(h, TO_OF_US, OTHER, P, OF_US, NS US SOURCE OTHER);
	nd_expect(h, OTHER, US, P, NA("e0") US TARGET OUR);
	expect_state(h, "2001:db8::3", API_NEIGH_REACHABLE, 3);
	send_to(h, 1, "2001:db8::3", 5);
	expect_sent(h, 3, 5);
	harness_run(h, "dpip neigh del 2001:db8::3 dev dpdk0");
	expect_state(h, "2001:db8::3", API_NEIGH_NONE, -1);
	harness_free(h);
}

/* Strangers count only if they are on a net of the port. */
static void test_off_link(void **state)
{
	struct harness *h = rig(1);

	nd_send(h, TO_OF_US, PEER, "20010db9000000000000000000000003", OF_US, NS US SOURCE PEER);
	nd_expect(h, PEER, US, "20010db9000000000000000000000003", NA("e0") US TARGET OUR);
	expect_state(h, "2001:db9::3", API_NEIGH_NONE, -1);
	nd_send(h, TO_OF_US, PEER, "fe800000000000000000000000000003", OF_US, NS US SOURCE PEER);
	nd_expect(h, PEER, US, "fe800000000000000000000000000003", NA("e0") US TARGET OUR);
	expect_state(h, "fe80::3", API_NEIGH_DELAY, 3);
	harness_free(h);
}

/* What leaves for a group needs no neighbour. */
static void test_group(void **state)
{
	struct harness *h = rig(1);
	uint8_t got[128];

	send_to(h, 1, "ff02::1:ff12:3456", 1);
	assert_int_equal(harness_take(h, 0, got, sizeof(got)), 62);
	assert_frame(got, 14, "33:33:ff:12:34:56" OUR "86dd");
	send_to(h, 1, "ff05::101", 2);
	assert_int_equal(harness_take(h, 0, got, sizeof(got)), 62);
	assert_frame(got, 14, "33:33:00:00:01:01" OUR "86dd");
	assert_int_equal(h->all[1]->held, 0);
	harness_free(h);
}

static struct harness *dad_rig(uint8_t transmits)
{
	const struct harness_options options = { .n_workers = 3, .dad_transmits = transmits };

	return harness_new(&options);
}

/* The question about a new address; its nonce comes in *nonce as hex. */
static void expect_probe(struct harness *h, char nonce[13])
{
	struct bytes want;
	uint8_t got[128];
	char icmp[256];

	assert_int_equal(harness_take(h, 0, got, sizeof(got)), 86);
	for (unsigned int i = 0; i < 6; i++)
		snprintf(nonce + 2 * i, 3, "%02x", got[80 + i]);
	snprintf(icmp, sizeof(icmp), NS US "0e01 %s", nonce);
	want = nd_frame(TO_OF_US, OUR, ANY, OF_US, icmp);
	assert_int_equal(want.len, 86);
	assert_memory_equal(got, want.at, 86);
	ip4_expect_nothing(h);
}

/* Tentative: neither answers nor is it anybody's source; then it is ours. */
static void test_dad(void **state)
{
	struct harness *h = dad_rig(2);
	union ip_addr ours = ip_of("2001:db8::1"), peer = ip_of("2001:db8::3"), from;
	char nonce[13], again[13];

	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	assert_int_equal(flags_of(h, "2001:db8::1"), API_ADDR_TENTATIVE);
	harness_advance(h, 250);
	expect_probe(h, nonce);
	nd_send(h, TO_OF_US, PEER, P, OF_US, NS US SOURCE PEER);
	ip4_expect_nothing(h);
	from = addr_select(h->all[1], AF_INET6, 0, &peer);
	assert_true(ip_is_zero(&from));
	assert_true(addr_is_tentative(h->all[1], AF_INET6, &ours));
	harness_advance(h, 1000);
	expect_probe(h, again);
	assert_string_equal(nonce, again);
	harness_advance(h, 1000);
	nd_expect(h, TO_NODES, US, NODES, NA("20") US TARGET OUR);
	assert_int_equal(flags_of(h, "2001:db8::1"), 0);
	from = addr_select(h->all[1], AF_INET6, 0, &peer);
	assert_true(ip_equal(&from, &ours));
	assert_false(addr_is_tentative(h->all[2], AF_INET6, &ours));
	nd_send(h, TO_OF_US, PEER, P, OF_US, NS US SOURCE PEER);
	nd_expect(h, PEER, US, P, NA("60") US TARGET OUR);

	/* with another prefix length it is the same address; and nobody is asked who need not be */
	harness_run(h, "dpip addr add 2001:db8::1/128 dev dpdk0");
	nd_expect(h, TO_NODES, US, NODES, NA("20") US TARGET OUR);
	harness_run(h, "dpip addr add 2001:db8::9/64 dev dpdk0 nodad");
	assert_int_equal(flags_of(h, "2001:db8::9"), API_ADDR_NODAD);
	harness_free(h);
}

static void test_duplicate(void **state)
{
	static const char *const claims[][2] = {
		{ ANY, NS US },                     /* it wants the address, too */
		{ ANY, NS US "0e01 010203040506" }, /* with its own nonce */
		{ P, NA("20") US TARGET PEER },     /* it has it */
		{ P, NA("00") US },
	};

	for (unsigned int i = 0; i < LENGTH(claims); i++) {
		struct harness *h = dad_rig(1);
		char nonce[13];

		harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
		harness_advance(h, 250);
		expect_probe(h, nonce);
		nd_send(h, TO_OF_US, PEER, claims[i][0], i < 2 ? OF_US : NODES, claims[i][1]);
		assert_int_equal(flags_of(h, "2001:db8::1"),
				 API_ADDR_TENTATIVE | API_ADDR_DADFAILED);
		harness_advance(h, 5000);
		ip4_expect_nothing(h);
		nd_send(h, TO_OF_US, PEER, P, OF_US, NS US SOURCE PEER);
		ip4_expect_nothing(h);
		assert_int_equal(flags_of(h, "2001:db8::1"),
				 API_ADDR_TENTATIVE | API_ADDR_DADFAILED);
		harness_run(h, "dpip addr del 2001:db8::1/64 dev dpdk0");
		assert_int_equal(flags_of(h, "2001:db8::1"), -1);
		harness_free(h);
	}
}

/* Our own question that comes back is no claim; nor is one of who only asks for it. */
static void test_echo(void **state)
{
	struct harness *h = dad_rig(1);
	char nonce[13], icmp[256];

	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	harness_advance(h, 250);
	expect_probe(h, nonce);
	snprintf(icmp, sizeof(icmp), NS US "0e01 %s", nonce);
	nd_send(h, TO_OF_US, OUR, ANY, OF_US, icmp);
	assert_int_equal(flags_of(h, "2001:db8::1"), API_ADDR_TENTATIVE);
	harness_advance(h, 1250);
	assert_int_equal(flags_of(h, "2001:db8::1"), 0);
	harness_free(h);
}

/* Nothing is asked by a port that is down; when it comes up, it is. */
static void test_dad_down(void **state)
{
	struct harness *h = dad_rig(1);
	char nonce[13];

	harness_run(h, "dpip link set dpdk0 down");
	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	harness_advance(h, 3000);
	ip4_expect_nothing(h);
	assert_int_equal(flags_of(h, "2001:db8::1"), API_ADDR_TENTATIVE);
	harness_run(h, "dpip link set dpdk0 up");
	harness_advance(h, 250);
	expect_probe(h, nonce);
	harness_advance(h, 1000);
	assert_int_equal(flags_of(h, "2001:db8::1"), 0);
	harness_free(h);
}

/* The only link-local address of dpdk0; "": there is none. */
static const char *link_local(const struct harness *h, char text[IP_STR_LEN])
{
	const struct addr *found = NULL;

	list_for_each (it, &h->all[WORKER_MASTER]->net->addrs->ports[0]) {
		const struct addr *addr = container_of(it, struct addr, port_node);

		if (addr->family != AF_INET6 || addr->scope != API_SCOPE_LINK)
			continue;
		assert_null(found);
		assert_int_equal(addr->plen, 64);
		assert_true(addr->flags & API_ADDR_AUTO);
		found = addr;
	}
	if (!found)
		return "";
	return ip_str(AF_INET6, &found->ip, text);
}

static struct harness *gen_rig(enum ip6_gen gen)
{
	const struct harness_options options = { .ip6_gen = (uint8_t)(gen + 1) };

	return harness_new(&options);
}

static void test_link_local(void **state)
{
	char text[IP_STR_LEN], other[IP_STR_LEN];
	struct harness *h = gen_rig(IP6_GEN_EUI64);
	struct net_config config = h->all[WORKER_MASTER]->net->config;

	assert_string_equal(link_local(h, text), "fe80::ff:fe00:0");
	harness_run(h, "dpip link set dpdk0 addr 02:01:02:03:04:05");
	harness_advance(h, 250);
	assert_string_equal(link_local(h, text), "fe80::1:2ff:fe03:405");

	/* deleted, it stays away; another mode brings another */
	harness_run(h, "dpip addr del fe80::1:2ff:fe03:405/64 dev dpdk0");
	harness_advance(h, 500);
	assert_string_equal(link_local(h, text), "");
	config.ip6_gen = IP6_GEN_STABLE;
	memset(config.ip6_secret, 7, sizeof(config.ip6_secret));
	assert_int_equal(net_configure(h->all, &config), 0);
	harness_advance(h, 250);
	assert_string_not_equal(link_local(h, text), "");
	config.ip6_secret[3] = 8;
	assert_int_equal(net_configure(h->all, &config), 0);
	harness_advance(h, 250);
	assert_string_not_equal(link_local(h, other), text);
	config.ip6_secret[3] = 7;
	assert_int_equal(net_configure(h->all, &config), 0);
	harness_advance(h, 250);
	assert_string_equal(link_local(h, other), text);
	config.ip6_gen = IP6_GEN_RANDOM;
	assert_int_equal(net_configure(h->all, &config), 0);
	harness_advance(h, 250);
	assert_string_not_equal(link_local(h, other), text);
	config.ip6_disable = true;
	assert_int_equal(net_configure(h->all, &config), 0);
	harness_advance(h, 250);
	assert_string_equal(link_local(h, other), "");
	harness_free(h);
}

/* Taken by somebody else: another one is made of the secret, three times at most; one of the MAC
 * address stays a duplicate. */
static void test_link_local_taken(void **state)
{
	static const enum ip6_gen modes[] = { IP6_GEN_STABLE, IP6_GEN_EUI64 };

	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		const struct harness_options options = {
			.ip6_gen = (uint8_t)(modes[i] + 1),
			.dad_transmits = 1,
		};
		unsigned int tries = modes[i] == IP6_GEN_STABLE ? 3 : 1;
		struct harness *h = harness_new(&options);
		char text[IP_STR_LEN], was[IP_STR_LEN] = "";

		for (unsigned int n = 1; n <= tries; n++) {
			struct event event = { .kind = EVENT_ADDR_DUPLICATE, .family = AF_INET6 };

			link_local(h, text);
			assert_string_not_equal(text, was);
			assert_int_equal(flags_of(h, text), API_ADDR_TENTATIVE | API_ADDR_AUTO);
			strcpy(was, text);
			event.ip = ip_of(text);
			neigh_event(h->all, h->all[1], &event, h->now_ms);
		}
		link_local(h, text);
		assert_string_equal(text, was);
		assert_int_equal(flags_of(h, text),
				 API_ADDR_TENTATIVE | API_ADDR_DADFAILED | API_ADDR_AUTO);
		harness_free(h);
	}
}

/* An address is in its solicited-node group as long as another of that group is. */
static void test_groups(void **state)
{
	union ip_addr group = ip_of("ff02::1:ff00:1");
	struct harness *h = rig(3);

	harness_run(h, "dpip addr add 2001:db8:1::1/64 dev dpdk0");
	harness_run(h, "dpip addr del 2001:db8::1/64 dev dpdk0");
	for (unsigned int i = 0; i <= h->n_workers; i++)
		assert_true(maddr_is_member(h->all[i], 0, AF_INET6, &group));
	harness_run(h, "dpip addr del 2001:db8:1::1/64 dev dpdk0");
	for (unsigned int i = 0; i <= h->n_workers; i++)
		assert_false(maddr_is_member(h->all[i], 0, AF_INET6, &group));
	harness_free(h);
}

/* Who scans a net fills the table with what does not answer; neighbours in use stay, and new ones
 * that answer are found all the same. */
static void test_scan(void **state)
{
	const struct harness_options options = { .forwarding = true, .neigh_max = 16 };
	struct harness *h = harness_new(&options);
	uint8_t got[128];
	char text[32];

	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	walk_to(h, API_NEIGH_REACHABLE);
	for (unsigned int i = 0; i < 400; i++) {
		snprintf(text, sizeof(text), "2001:db8::1:%x", i);
		send_to(h, 1, text, 0);
		if (i % 10 == 0) {
			send_to(h, 1, "2001:db8::3", 0);
			harness_advance(h, 100);
		}
		while (harness_take(h, 0, got, sizeof(got)))
			;
		assert_true(h->all[WORKER_MASTER]->net->neighs->count <= 16);
		assert_true(h->all[1]->held <= 16);
	}
	expect_state(h, "2001:db8::3", API_NEIGH_REACHABLE, 3);
	harness_advance(h, 200);
	while (harness_take(h, 0, got, sizeof(got)))
		;
	send_to(h, 1, "2001:db8::4", 1);
	nd_expect(h, "33:33:ff:00:00:04", US, "ff0200000000000000000001ff000004",
		  NS "20010db8000000000000000000000004" SOURCE OUR);
	nd_send(h, OUR, OTHER, "20010db8000000000000000000000004", US,
		NA("60") "20010db8000000000000000000000004" TARGET OTHER);
	expect_sent(h, 4, 1);
	harness_assert_balance(h);
	harness_free(h);
}

/* More neighbours wanted than the table takes, all of them new: refused, and counted. */
static void test_table_bound(void **state)
{
	const struct harness_options options = { .forwarding = true, .neigh_max = 6 };
	struct harness *h = harness_new(&options);
	char text[32];

	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	ip4_count_frames(h, 0);
	for (unsigned int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "2001:db8::1:%x", i);
		send_to(h, 1, text, 0);
	}
	ip4_count_frames(h, 0);
	assert_in_range(harness_drops(h, DROP_NEIGH_TABLE), 4, 9);
	assert_int_equal(harness_drops(h, DROP_NEIGH_TABLE) + h->all[1]->held, 10);
	harness_assert_balance(h);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_advertised),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_static),
		cmocka_unit_test(test_off_link),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_dad),
		cmocka_unit_test(test_duplicate),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_dad_down),
		cmocka_unit_test(test_link_local),
		cmocka_unit_test(test_link_local_taken),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_table_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

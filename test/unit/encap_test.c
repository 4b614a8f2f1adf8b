/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets inside packets: the headers are those that the kernel's IPVS has put
 * in front of the same packets (the cases' names are its), and what GRE can
 * have beyond them; reading gives back what was built, for every kind and both
 * families; and what is damaged, cut or unknown is refused for its reason.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>

#include "lib/prng.h"
#include "lib/unit.h"
#include "packet/encap.h"
#include "packet/meta.h"

#define ROOM 2048

/* An mbuf of up to three segments, of nobody's pool. */
struct packet {
	struct {
		struct rte_mbuf m;
		uint8_t priv[META_SIZE];
		uint8_t room[ROOM];
	} seg[3];
};

static struct rte_mbuf *packet_make(struct packet *p, const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *m = &p->seg[0].m;

	memset(p, 0, sizeof(*p));
	m->buf_addr = p->seg[0].room;
	m->buf_len = ROOM;
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	m->nb_segs = 1;
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), data, len);
	return m;
}

/* Its last bytes move to segments of their own: those from a on, and from b on. */
static void packet_cut(struct packet *p, uint16_t a, uint16_t b)
{
	const uint8_t *data = rte_pktmbuf_mtod(&p->seg[0].m, const uint8_t *);
	uint16_t len = p->seg[0].m.data_len, from[2] = { a, b }, to[2] = { b, len };

	for (unsigned int i = 0; i < 2; i++) {
		struct rte_mbuf *m = &p->seg[i + 1].m;

		m->buf_addr = p->seg[i + 1].room;
		m->buf_len = ROOM;
		m->data_len = (uint16_t)(to[i] - from[i]);
		memcpy(rte_pktmbuf_mtod(m, uint8_t *), data + from[i], m->data_len);
		p->seg[i].m.next = m;
	}
	p->seg[0].m.data_len = a;
	p->seg[0].m.nb_segs = 3;
}

static uint32_t from_hex(const char *hex, uint8_t *out)
{
	uint32_t n = 0;

	for (; *hex; hex += 2) {
		unsigned int byte;

		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		out[n++] = (uint8_t)byte;
	}
	return n;
}

static uint16_t word_at(const uint8_t *at)
{
	uint16_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* As whoever forwards it has left it. */
static void age(uint8_t *ip)
{
	struct rte_ipv4_hdr *ip4 = (struct rte_ipv4_hdr *)(void *)ip;

	if (ip[0] >> 4 == 6) {
		ip[7]--;
		return;
	}
	ip[8]--;
	ip4->hdr_checksum = csum_apply(ip4->hdr_checksum, csum_delta16(RTE_BE16(0x0100), 0));
}

static const struct kernel_case {
	const char *name;
	uint8_t kind, flags;
	const char *sent, *outer;
} kernel_cases[] = {
	{ "tun-ipip4-udp: first packet", ENCAP_IPIP, 0,
	  "450000301234400040113c52c6336402c00002019c410053001c76e030313233343536373839616263646566"
	  "6768696a",
	  "45000044000040003f04ad8ec6120101c6120102" },
	{ "tun-ipip4-udp: ttl 17, tos 0x2b", ENCAP_IPIP, 0,
	  "452b0044beef00001111fe57c6336402c00002019c41005300300d5978787878787878787878787878787878"
	  "787878787878787878787878787878787878787878787878",
	  "452a0058bbaa0000100460a6c6120101c6120102" },
	{ "tun-gue4-udp: first packet", ENCAP_GUE, 0,
	  "450000301234400040113c52c6336402c00002019c410057001c76dc30313233343536373839616263646566"
	  "6768696a",
	  "45000050000040003f11ad75c6120101c6120102d72c17c0003c000000040000" },
	{ "tun-gue4-udp: ttl 17, tos 0x2b", ENCAP_GUE, 0,
	  "452b0044beef00001111fe57c6336402c00002019c41005700300d5578787878787878787878787878787878"
	  "787878787878787878787878787878787878787878787878",
	  "452a0064b52e000010116709c6120101c6120102d72c17c00050000000040000" },
	{ "tun-gre4-udp: first packet", ENCAP_GRE, 0,
	  "450000301234400040113c52c6336402c00002019c41005a001c76d930313233343536373839616263646566"
	  "6768696a",
	  "45000048000040003f2fad5fc6120101c612010200000800" },
	{ "tun-gre4-udp: ttl 17, tos 0x2b", ENCAP_GRE, 0,
	  "452b0044beef00001111fe57c6336402c00002019c41005a00300d5278787878787878787878787878787878"
	  "787878787878787878787878787878787878787878787878",
	  "452a005cc9ed0000102f5234c6120101c612010200000800" },
	{ "tun-ipip6-udp: first packet", ENCAP_IPIP, 0,
	  "60000000001c114020010db8000c0000000000000000000220010db800ff000000000000000000019c410060"
	  "001c068b303132333435363738396162636465666768696a",
	  "600000000044293f20010db800010000000000000000000120010db8000100000000000000000002" },
	{ "tun-ipip6-udp: ttl 17, tos 0x2b", ENCAP_IPIP, 0,
	  "62b000000030111120010db8000c0000000000000000000220010db800ff000000000000000000019c410060"
	  "00309d037878787878787878787878787878787878787878787878787878787878787878787878787878787"
	  "8",
	  "62a000000058291020010db800010000000000000000000120010db8000100000000000000000002" },
	{ "tun-gue6-udp: first packet", ENCAP_GUE, 0,
	  "60000000001c114020010db8000c0000000000000000000220010db800ff000000000000000000019c410064"
	  "001c0687303132333435363738396162636465666768696a",
	  "600000000050113f20010db800010000000000000000000120010db8000100000000000000000002e99317c0"
	  "0050000000290000" },
	{ "tun-gue6-udp: ttl 17, tos 0x2b", ENCAP_GUE, 0,
	  "62b000000030111120010db8000c0000000000000000000220010db800ff000000000000000000019c410064"
	  "00309cff7878787878787878787878787878787878787878787878787878787878787878787878787878787"
	  "8",
	  "62a000000064111020010db800010000000000000000000120010db8000100000000000000000002e99317c0"
	  "0064000000290000" },
	{ "tun-gue-csum6-udp: ttl 17, tos 0x2b", ENCAP_GUE, ENCAP_CSUM,
	  "62b000000030111120010db8000c0000000000000000000220010db800ff000000000000000000019c410065"
	  "00309cfe7878787878787878787878787878787878787878787878787878787878787878787878787878787"
	  "8",
	  "62a000000064111020010db800010000000000000000000120010db8000100000000000000000002bb9717c0"
	  "00645c7f00290000" },
	{ "tun-gre6-udp: first packet", ENCAP_GRE, 0,
	  "60000000001c114020010db8000c0000000000000000000220010db800ff000000000000000000019c410067"
	  "001c0684303132333435363738396162636465666768696a",
	  "6000000000482f3f20010db800010000000000000000000120010db8000100000000000000000002000086d"
	  "d" },
	{ "tun-gre6-udp: ttl 17, tos 0x2b", ENCAP_GRE, 0,
	  "62b000000030111120010db8000c0000000000000000000220010db800ff000000000000000000019c410067"
	  "00309cfc7878787878787878787878787878787878787878787878787878787878787878787878787878787"
	  "8",
	  "62a00000005c2f1020010db800010000000000000000000120010db8000100000000000000000002000086d"
	  "d" },
	{ "tun-gre-csum6-udp: first packet", ENCAP_GRE, ENCAP_CSUM,
	  "60000000001c114020010db8000c0000000000000000000220010db800ff000000000000000000019c410068"
	  "001c0683303132333435363738396162636465666768696a",
	  "60000000004c2f3f20010db800010000000000000000000120010db8000100000000000000000002800086dd"
	  "87f30000" },
	{ "tun-ipip4in6-udp: first packet", ENCAP_IPIP, 0,
	  "450000301234400040113c52c6336402c00002019c41006b001c76c830313233343536373839616263646566"
	  "6768696a",
	  "600000000030043f20010db800010000000000000000000120010db8000100000000000000000002" },
	{ "tun-ipip6in4-udp: first packet", ENCAP_IPIP, 0,
	  "60000000001c114020010db8000c0000000000000000000220010db800ff000000000000000000019c41006c"
	  "001c067f303132333435363738396162636465666768696a",
	  "45000058d9fd00003f291358c6120101c6120102" },
	{ "tun-ipip6in4-udp: ttl 17, tos 0x2b", ENCAP_IPIP, 0,
	  "62b000000030111120010db8000c0000000000000000000220010db800ff000000000000000000019c41006c"
	  "00309cf77878787878787878787878787878787878787878787878787878787878787878787878787878787"
	  "8",
	  "452a006cda0a00001029420dc6120101c6120102" },
	{ "tun-gue4in6-udp: ttl 17, tos 0x2b", ENCAP_GUE, 0,
	  "452b0044beef00001111fe57c6336402c00002019c41006d00300d3f78787878787878787878787878787878"
	  "787878787878787878787878787878787878787878787878",
	  "62a000000050111020010db800010000000000000000000120010db8000100000000000000000002a36e17c0"
	  "0050000000040000" },
	{ "tun-gre6in4-udp: first packet", ENCAP_GRE, 0,
	  "60000000001c114020010db8000c0000000000000000000220010db800ff000000000000000000019c41006e"
	  "001c067d303132333435363738396162636465666768696a",
	  "4500005c054600003f2fe805c6120101c6120102000086dd" },
};

static void as_the_kernel(void **state)
{
	for (size_t i = 0; i < LENGTH(kernel_cases); i++) {
		const struct kernel_case *c = &kernel_cases[i];
		uint8_t sent[256], outer[64];
		uint32_t len = from_hex(c->sent, sent), outer_len = from_hex(c->outer, outer);
		struct encap encap = { .kind = c->kind, .flags = c->flags, .port = htons(6080) };
		struct encap_each each = { 0 };
		struct encap_head head;
		struct packet packet;
		struct rte_mbuf *m;

		encap.family = outer[0] >> 4 == 4 ? AF_INET : AF_INET6;
		if (encap.family == AF_INET) {
			memcpy(&encap.src, outer + 12, 4);
			memcpy(&encap.dst, outer + 16, 4);
			each.id = word_at(outer + 4);
			each.sport = word_at(outer + 20);
		} else {
			memcpy(&encap.src, outer + 8, 16);
			memcpy(&encap.dst, outer + 24, 16);
			each.sport = word_at(outer + 40);
		}
		age(sent);
		m = packet_make(&packet, sent, len);
		encap_head_init(&head, &encap, sent[0] >> 4 == 4 ? AF_INET : AF_INET6);
		assert_int_equal(encap_len(&encap), outer_len);
		assert_true(encap_push(m, &head, each));
		assert_int_equal(m->pkt_len, outer_len + len);
		if (memcmp(rte_pktmbuf_mtod(m, uint8_t *), outer, outer_len) != 0) {
			fprintf(stderr, "%s\n", c->name);
			assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), outer, outer_len);
		}
		assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, outer_len), sent, len);
	}
}

/* A packet of that family, its payload random. */
static uint32_t inner_make(struct prng *prng, uint8_t *data, unsigned int family)
{
	uint32_t len = 40 + 8 + prng_below(prng, 200);

	prng_fill(prng, data, len);
	if (family == AF_INET6) {
		data[0] = (uint8_t)(0x60 | (data[0] & 0x0f));
		data[4] = (uint8_t)((len - 40) >> 8);
		data[5] = (uint8_t)(len - 40);
		return len;
	}
	data[0] = 0x45;
	data[2] = (uint8_t)(len >> 8);
	data[3] = (uint8_t)len;
	data[10] = data[11] = 0;
	((struct rte_ipv4_hdr *)(void *)data)->hdr_checksum = csum_finish(csum_sum(data, 20, 0));
	return len;
}

static const uint8_t families[] = { AF_INET, AF_INET6 };

/* Each combination of what headers can have. */
static void encap_make(struct encap *encap, unsigned int number)
{
	*encap = (struct encap){
		.family = families[number & 1],
		.kind = (uint8_t)(number >> 1 & 3),
		.flags = (uint8_t)(number >> 3 & 63),
		.key = htonl(0xdecade),
		.port = htons(6080),
		.ttl = number & 512 ? 42 : 0,
		.tos = 0xb8,
	};
	memset(&encap->src, 0x11, encap->family == AF_INET ? 4 : 16);
	memset(&encap->dst, 0x22, encap->family == AF_INET ? 4 : 16);
}

#define ENCAPS 1024

static uint8_t tos_of(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? ip[1] : (uint8_t)(ip[0] << 4 | ip[1] >> 4);
}

static void check_outer(const uint8_t *outer, const uint8_t *inner, const struct encap *encap,
			uint32_t total)
{
	uint8_t ecn = (tos_of(inner) & 3) == 3 ? 2 : tos_of(inner) & 3;
	uint8_t ttl = inner[0] >> 4 == 4 ? inner[8] : inner[7];
	uint8_t ds = encap->flags & ENCAP_TOS ? 0xb8 : tos_of(inner) & 0xfc;

	assert_int_equal(tos_of(outer), ds | ecn);
	ttl = encap->ttl ? encap->ttl : ttl;
	if (encap->family == AF_INET6) {
		assert_int_equal(outer[7], ttl);
		assert_int_equal(ntohs(word_at(outer + 4)), total - 40);
		return;
	}
	assert_int_equal(outer[8], ttl);
	assert_int_equal(ntohs(word_at(outer + 2)), total);
	assert_int_equal(csum_finish(csum_sum(outer, 20, 0)), 0);
	if (encap->flags & ENCAP_DF)
		assert_int_equal(outer[6], 0x40);
	else if (encap->flags & ENCAP_NO_DF || inner[0] >> 4 == 6)
		assert_int_equal(outer[6], 0);
	else
		assert_int_equal(outer[6], inner[6] & 0x40);
	assert_int_equal(ntohs(word_at(outer + 4)), outer[6] ? 0 : 0x7531);
}

static void built_and_read(void **state)
{
	const struct encap_each each = { htons(0x7531), htons(50000), 77 };
	struct prng prng = { 8 };

	for (unsigned int number = 0; number < ENCAPS * 2; number++) {
		unsigned int family = families[number & 1];
		uint8_t data[512];
		uint32_t len = inner_make(&prng, data, family);
		enum drop_reason reason;
		struct encap_found found;
		struct encap_head head;
		struct packet packet;
		struct encap encap;
		struct rte_mbuf *m;

		encap_make(&encap, number >> 1);
		if (encap.kind > ENCAP_GUE)
			continue;
		m = packet_make(&packet, data, len);
		encap_head_init(&head, &encap, family);
		assert_true(encap_push(m, &head, each));
		assert_int_equal(m->pkt_len, len + encap_len(&encap));
		check_outer(rte_pktmbuf_mtod(m, uint8_t *), data, &encap, m->pkt_len);
		assert_true(encap_read(m, &found, &reason));
		assert_int_equal(found.kind, encap.kind);
		assert_int_equal(found.family, family);
		if (encap.kind == ENCAP_GRE) {
			assert_int_equal(found.flags,
					 encap.flags & (ENCAP_CSUM | ENCAP_KEY | ENCAP_SEQ));
			assert_int_equal(found.key, encap.flags & ENCAP_KEY ? encap.key : 0);
			assert_int_equal(found.seq, encap.flags & ENCAP_SEQ ? 77 : 0);
		}
		assert_true(encap_strip(m, &found, &reason));
		assert_int_equal(m->pkt_len, len);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), data, len);
	}
}

/* GRE's and UDP's checksums cover every byte behind them, over all segments. */
static void checksums(void **state)
{
	static const uint8_t kinds[] = { ENCAP_GRE, ENCAP_GUE };
	const struct encap_each each = { 0, htons(50001), 0 };
	struct prng prng = { 9 };

	for (unsigned int round = 0; round < 2000; round++) {
		struct encap encap;
		enum drop_reason reason;
		struct encap_found found;
		struct encap_head head;
		struct packet packet;
		struct rte_mbuf *m;
		uint8_t data[512];
		uint32_t len = inner_make(&prng, data, AF_INET), at;

		encap_make(&encap, round & 1);
		encap.kind = kinds[round >> 1 & 1];
		encap.flags = ENCAP_CSUM;
		m = packet_make(&packet, data, len);
		packet_cut(&packet, (uint16_t)(40 + prng_below(&prng, 3)),
			   (uint16_t)(len - prng_below(&prng, 3)));
		encap_head_init(&head, &encap, AF_INET);
		assert_true(encap_push(m, &head, each));
		assert_true(encap_read(m, &found, &reason));
		at = found.len + prng_below(&prng, 40);
		rte_pktmbuf_mtod_offset(m, uint8_t *, pkt_meta(m)->l4_off)[at] ^= 0x10;
		assert_false(encap_read(m, &found, &reason));
		assert_int_equal(reason, DROP_TUNNEL_CHECKSUM);
	}
}

static void refused(void **state)
{
	static const struct {
		uint8_t proto;
		const char *hex;
		enum drop_reason reason;
	} cases[] = {
		{ IPPROTO_GRE, "000008", DROP_TUNNEL_SHORT },
		{ IPPROTO_GRE, "2000080000", DROP_TUNNEL_SHORT },
		{ IPPROTO_GRE, "b00008000000000000000001000000", DROP_TUNNEL_SHORT },
		{ IPPROTO_GRE, "4000080000000000", DROP_TUNNEL_HEADER }, /* routing */
		{ IPPROTO_GRE, "0001080000000000", DROP_TUNNEL_HEADER }, /* version 1 */
		{ IPPROTO_GRE, "0000655800000000", DROP_TUNNEL_HEADER }, /* Ethernet */
		{ IPPROTO_UDP, "c00017c0001000000004", DROP_TUNNEL_SHORT },
		{ IPPROTO_UDP, "c00017c00010000020040000", DROP_TUNNEL_HEADER }, /* control */
		{ IPPROTO_UDP, "c00017c00010000001040000", DROP_TUNNEL_HEADER }, /* extensions */
		{ IPPROTO_UDP, "c00017c00010000000040100", DROP_TUNNEL_HEADER }, /* flags */
		{ IPPROTO_UDP, "c00017c00010000000060000", DROP_TUNNEL_HEADER }, /* TCP inside */
		{ IPPROTO_TCP, "c00017c00010000000060000", DROP_TUNNEL_HEADER },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint8_t data[64];
		uint32_t room = from_hex(cases[i].hex, data);
		enum drop_reason reason = DROP_SHUTDOWN;
		struct encap_found found;

		assert_false(encap_parse(data, room, cases[i].proto, &found, &reason));
		assert_int_equal(reason, cases[i].reason);
	}
}

/* GUE's other version: the inner packet right behind UDP. */
static void gue_direct(void **state)
{
	uint8_t data[64];
	struct encap_found found;
	enum drop_reason reason;
	uint32_t room = from_hex("c00017c0001c00004500001400000000", data);

	assert_true(encap_parse(data, room, IPPROTO_UDP, &found, &reason));
	assert_int_equal(found.len, 8);
	assert_int_equal(found.family, AF_INET);
	data[8] = 0x60;
	assert_true(encap_parse(data, room, IPPROTO_UDP, &found, &reason));
	assert_int_equal(found.family, AF_INET6);
}

/* RFC 6040 4.2: the rows are the inner marks, the columns the outer ones; 9 is refused. */
static void congestion(void **state)
{
	static const uint8_t want[4][4] = {
		{ 0, 0, 0, 9 },
		{ 1, 1, 1, 3 },
		{ 2, 1, 2, 3 },
		{ 3, 3, 3, 3 },
	};
	struct prng prng = { 10 };

	for (unsigned int n = 0; n < 64; n++) {
		uint8_t inner = n & 3, outer = n >> 2 & 3, data[512], *ip;
		unsigned int family = families[n >> 4 & 1];
		uint32_t len = inner_make(&prng, data, family);
		struct encap encap = { .family = families[n >> 5 & 1] };
		struct encap_found found;
		enum drop_reason reason;
		struct encap_head head;
		struct packet packet;
		struct rte_mbuf *m;

		data[1] = (uint8_t)(family == AF_INET ? 0x40 | inner : 0x40 | inner << 4);
		data[10] = family == AF_INET ? 0 : data[10];
		data[11] = family == AF_INET ? 0 : data[11];
		if (family == AF_INET)
			((struct rte_ipv4_hdr *)(void *)data)->hdr_checksum =
				csum_finish(csum_sum(data, 20, 0));
		m = packet_make(&packet, data, len);
		encap_head_init(&head, &encap, family);
		assert_true(encap_push(m, &head, (struct encap_each){ 0 }));
		ip = rte_pktmbuf_mtod(m, uint8_t *);
		ip[1] = (uint8_t)(encap.family == AF_INET ? outer : outer << 4);
		assert_true(encap_read(m, &found, &reason));
		if (want[inner][outer] == 9) {
			assert_false(encap_strip(m, &found, &reason));
			assert_int_equal(reason, DROP_TUNNEL_CONGESTION);
			continue;
		}
		assert_true(encap_strip(m, &found, &reason));
		ip = rte_pktmbuf_mtod(m, uint8_t *);
		assert_int_equal(tos_of(ip) & 3, want[inner][outer]);
		if (family == AF_INET)
			assert_int_equal(csum_finish(csum_sum(ip, 20, 0)), 0);
	}
}

static void no_room(void **state)
{
	struct encap encap = { .family = AF_INET6, .kind = ENCAP_GUE };
	uint8_t data[64] = { 0x45 };
	struct encap_head head;
	struct packet packet;
	struct rte_mbuf *m = packet_make(&packet, data, sizeof(data));

	encap_head_init(&head, &encap, AF_INET);
	m->data_off = 51;
	assert_false(encap_push(m, &head, (struct encap_each){ 0 }));
	assert_int_equal(m->data_off, 51);
	m->data_off = 52;
	m->pkt_len = 65535 - 11; /* behind it GUE's 12: more than IPv6 can say */
	assert_false(encap_push(m, &head, (struct encap_each){ 0 }));
	assert_int_equal(m->pkt_len, 65535 - 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_kernel), cmocka_unit_test(built_and_read),
		cmocka_unit_test(checksums),     cmocka_unit_test(refused),
		cmocka_unit_test(gue_direct),    cmocka_unit_test(congestion),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests_name("encap", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums against the straightforward definition: byte pairs in network
 * order, added up and folded. Whole ones over chains cut at every place, and
 * changes by difference, which must keep a wrong checksum wrong and know
 * UDP's two zeros.
 */
#include <arpa/inet.h>
#include <string.h>

#include <rte_mbuf.h>

#include "lib/prng.h"
#include "lib/unit.h"
#include "packet/csum.h"

/* RFC 1071 by the letter; in network order. */
static be16 reference(const uint8_t *data, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void sum_every_length(void **state)
{
	struct prng prng = { 3 };
	uint8_t data[600];

	for (size_t len = 0; len < 520; len++) {
		size_t off = prng_below(&prng, 64);

		prng_fill(&prng, data, sizeof(data));
		assert_int_equal(csum_finish(csum_sum(data + off, len, 0)),
				 reference(data + off, len, 0));
	}
}

static void sum_extremes(void **state)
{
	static const struct {
		uint8_t fill;
		size_t len;
		uint16_t want; /* in host order */
	} cases[] = {
		{ 0x00, 0, 0xffff }, { 0x00, 64, 0xffff },    { 0xff, 1, 0x00ff },
		{ 0xff, 2, 0x0000 }, { 0xff, 65535, 0x00ff }, { 0xff, 65534, 0x0000 },
	};
	static uint8_t data[65536];

	for (size_t i = 0; i < LENGTH(cases); i++) {
		memset(data, cases[i].fill, sizeof(data));
		assert_int_equal(csum_finish(csum_sum(data, cases[i].len, 0)),
				 htons(cases[i].want));
		/* a sum that comes along is not lost, not even a full one */
		assert_int_equal(csum_finish(csum_sum(data, cases[i].len, 0xffff)),
				 cases[i].len && cases[i].fill ? htons(cases[i].want) : 0);
	}
}

/* Known packets: RFC 1071's example; an IPv4 header whose checksum is known. */
static void sum_known(void **state)
{
	static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	static const uint8_t header[] = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40,
					  0x00, 0x40, 0x11, 0x00, 0x00, 0xc0, 0xa8,
					  0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7 };

	assert_int_equal(csum_finish(csum_sum(example, sizeof(example), 0)), htons(0x220d));
	assert_int_equal(csum_finish(csum_sum(header, sizeof(header), 0)), htons(0xb861));
}

#define SEGMENTS_MAX 5

struct chain {
	struct rte_mbuf seg[SEGMENTS_MAX];
	uint8_t room[SEGMENTS_MAX][512];
};

/* The packet in segments that end at the cuts (ascending, the last is its length). */
static struct rte_mbuf *chain_make(struct chain *chain, const uint8_t *data, const uint32_t *cuts,
				   unsigned int n)
{
	uint32_t from = 0;

	memset(chain->seg, 0, sizeof(chain->seg));
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = &chain->seg[i];

		m->buf_addr = chain->room[i];
		m->data_off = (uint16_t)(i * 3 + 1); /* odd ones too */
		m->data_len = (uint16_t)(cuts[i] - from);
		m->next = i + 1 < n ? m + 1 : NULL;
		memcpy(rte_pktmbuf_mtod(m, uint8_t *), data + from, cuts[i] - from);
		from = cuts[i];
	}
	chain->seg[0].nb_segs = (uint16_t)n;
	chain->seg[0].pkt_len = from;
	return chain->seg;
}

struct packet {
	uint8_t data[400];
	uint32_t l3_len, l4_len; /* by the IPv4 header */
	uint32_t covered;        /* of l4_len, by the checksum */
	uint8_t proto;
};

/* The offset of the checksum in the L4 header. */
static uint32_t field_of(uint8_t proto)
{
	return proto == IPPROTO_TCP ? 16 : proto == IPPROTO_UDP ? 6 : 2;
}

static void packet_make(struct prng *prng, struct packet *p, uint8_t proto)
{
	uint32_t l4_min = proto == IPPROTO_TCP ? 20 : 8;

	p->proto = proto;
	prng_fill(prng, p->data, sizeof(p->data));
	p->l3_len = 20 + 4 * prng_below(prng, 11);
	p->l4_len = l4_min + prng_below(prng, 260);
	p->covered = p->l4_len;
	p->data[0] = (uint8_t)(0x40 | p->l3_len / 4);
	p->data[2] = (uint8_t)((p->l3_len + p->l4_len) >> 8);
	p->data[3] = (uint8_t)(p->l3_len + p->l4_len);
	p->data[9] = proto;
	if (proto == IPPROTO_UDP) {
		if (prng_below(prng, 4) == 0)
			p->covered = 8 + prng_below(prng, p->l4_len - 7);
		p->data[p->l3_len + 4] = (uint8_t)(p->covered >> 8);
		p->data[p->l3_len + 5] = (uint8_t)p->covered;
	}
}

static be16 packet_reference(const struct packet *p)
{
	uint8_t copy[12 + 400] = { 0 };
	uint32_t off = 0;
	be16 csum;

	if (p->proto != IPPROTO_ICMP) {
		memcpy(copy, p->data + 12, 8);
		copy[9] = p->proto;
		copy[10] = (uint8_t)(p->covered >> 8);
		copy[11] = (uint8_t)p->covered;
		off = 12;
	}
	memcpy(copy + off, p->data + p->l3_len, p->covered);
	memset(copy + off + field_of(p->proto), 0, 2);
	csum = reference(copy, off + p->covered, 0);
	return p->proto == IPPROTO_UDP && csum == 0 ? 0xffff : csum;
}

static void l4_of_chains(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	struct prng prng = { 4 };
	struct chain chain;
	struct packet p;

	for (unsigned int round = 0; round < 3000; round++) {
		uint32_t cuts[SEGMENTS_MAX], n, total;

		packet_make(&prng, &p, protos[round % 3]);
		total = p.l3_len + p.l4_len;
		/* headers stay in the first segment; there may be padding behind the packet */
		cuts[0] = p.l3_len + (p.proto == IPPROTO_TCP ? 20 : 8);
		cuts[0] += prng_below(&prng, total - cuts[0] + 1);
		n = 1 + prng_below(&prng, SEGMENTS_MAX);
		for (unsigned int i = 1; i < n; i++)
			cuts[i] = cuts[i - 1] + prng_below(&prng, total - cuts[i - 1] + 1);
		if (cuts[n - 1] < total || prng_below(&prng, 2))
			cuts[n - 1] = total + prng_below(&prng, 10);
		assert_int_equal(csum_l4_ip4(chain_make(&chain, p.data, cuts, n),
					     (uint16_t)p.l3_len, p.proto),
				 packet_reference(&p));
	}
}

/* The one sum that comes out as 0: TCP says 0, UDP says 0xffff. */
static void l4_zero(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (size_t i = 0; i < LENGTH(protos); i++) {
		struct packet p = { .l3_len = 20, .l4_len = 24, .covered = 24, .proto = protos[i] };
		const uint32_t cuts[] = { 44 };
		struct chain chain;
		be16 rest;

		p.data[0] = 0x45;
		p.data[3] = 44;
		p.data[9] = protos[i];
		if (protos[i] == IPPROTO_UDP)
			p.data[25] = 24;
		/* the checksum itself, put into the payload, makes the sum full */
		rest = packet_reference(&p);
		memcpy(p.data + 42, &rest, 2);
		assert_int_equal(csum_l4_ip4(chain_make(&chain, p.data, cuts, 1), 20, protos[i]),
				 protos[i] == IPPROTO_UDP ? 0xffff : 0);
	}
}

/* Rewrites addresses and ports of a packet as a translation does; returns the delta. */
static uint32_t translate(struct prng *prng, struct packet *p)
{
	be32 old[3], new[3];
	uint32_t delta = 0;

	memcpy(old, p->data + 12, 8);
	memcpy(old + 2, p->data + p->l3_len, 4);
	for (unsigned int i = 0; i < 3; i++)
		new[i] = (be32)prng_next(prng);
	memcpy(p->data + 12, new, 8);
	memcpy(p->data + p->l3_len, new + 2, 4);
	delta += csum_delta32(old[0], new[0]) + csum_delta32(old[1], new[1]);
	delta += csum_delta16((be16)old[2], (be16) new[2]);
	return delta + csum_delta16((be16)(old[2] >> 16), (be16)(new[2] >> 16));
}

static uint16_t add_error(be16 csum, uint16_t error)
{
	return csum_fold((uint32_t)csum + error);
}

/* Right stays right, and one that is wrong by some amount stays wrong by the same. */
static void delta_keeps_error(void **state)
{
	struct prng prng = { 5 };
	struct packet p;

	for (unsigned int round = 0; round < 20000; round++) {
		/* one's complement: an error of 0xffff is none */
		uint16_t error = round & 1 ? 0 : (uint16_t)(1 + prng_below(&prng, 0xfffe));
		be16 before, after, want;
		uint32_t delta;

		packet_make(&prng, &p, IPPROTO_TCP);
		before = add_error(packet_reference(&p), error);
		delta = translate(&prng, &p);
		after = csum_apply(before, delta);
		want = packet_reference(&p);
		if (error == 0)
			assert_true(after == want || (after ^ want) == 0xffff);
		else
			assert_true(after != want && (after ^ want) != 0xffff);
		assert_int_equal((uint32_t)after % 0xffff, ((uint32_t)want + error) % 0xffff);
	}
}

static void udp_zeros(void **state)
{
	static const struct {
		be16 csum;
		uint32_t delta;
		be16 want;
	} cases[] = {
		{ 0, 0, 0 },
		{ 0, 0x1234, 0 },      /* none stays none */
		{ 0xffff, 0, 0xffff }, /* a computed 0 is sent as 0xffff */
		{ 0x0001, 0x0001, 0xffff },
		{ 0x1234, 0x1234, 0xffff },
		{ 0x1235, 0x1234, 0x0001 },
		{ 0x0001, 0x0002, 0xfffe },
	};
	struct prng prng = { 6 };

	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(csum_apply_udp(cases[i].csum, cases[i].delta), cases[i].want);
	for (unsigned int i = 0; i < 70000; i++) {
		be16 csum = (be16)(1 + prng_below(&prng, 0xffff));
		be16 result = csum_apply_udp(csum, (uint32_t)prng_next(&prng) & 0x3ffff);

		assert_int_not_equal(result, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sum_every_length), cmocka_unit_test(sum_extremes),
		cmocka_unit_test(sum_known),        cmocka_unit_test(l4_of_chains),
		cmocka_unit_test(l4_zero),          cmocka_unit_test(delta_keeps_error),
		cmocka_unit_test(udp_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp_test: the state machine cell by cell against the rows of its
 * specification, and the shift of sequence numbers and timestamps: every
 * header that comes out is compared with one that is parsed and changed by
 * other means, and its checksum with one computed over the whole.
 */
#include "lib/unit.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipvs/proto/tcp.h"
#include "lib/prng.h"
#include "packet/csum.h"

#define FIN RTE_TCP_FIN_FLAG
#define SYN RTE_TCP_SYN_FLAG
#define RST RTE_TCP_RST_FLAG
#define PSH RTE_TCP_PSH_FLAG
#define ACK RTE_TCP_ACK_FLAG

/* States before, in the order of the columns. */
static const char before[] = "NO ES SS SR FW TW CL CW LA LI SA";

static const struct {
	enum tcp_path path;
	uint8_t flags;
	const char *after;
} rows[] = {
	{ TCP_PATH_INPUT, SYN, "SR ES ES SR SR SR SR SR SR SR SR" },
	{ TCP_PATH_INPUT, FIN, "CL CW SS TW TW TW CL CW LA LI TW" },
	{ TCP_PATH_INPUT, ACK, "CL ES SS ES FW TW CL CW CL LI ES" },
	{ TCP_PATH_INPUT, RST, "CL CL CL SR CL CL CL CL LA LI SR" },
	{ TCP_PATH_OUTPUT, SYN, "SS ES SS SR SS SS SS SS SS LI SR" },
	{ TCP_PATH_OUTPUT, FIN, "TW FW SS TW FW TW CL TW LA LI TW" },
	{ TCP_PATH_OUTPUT, ACK, "ES ES SS ES FW TW CL CW LA ES ES" },
	{ TCP_PATH_OUTPUT, RST, "CL CL SS CL CL TW CL CL CL CL CL" },
	{ TCP_PATH_INPUT_ONLY, SYN, "SR ES ES SR SR SR SR SR SR SR SR" },
	{ TCP_PATH_INPUT_ONLY, FIN, "CL FW SS TW FW TW CL CW LA LI TW" },
	{ TCP_PATH_INPUT_ONLY, ACK, "CL ES SS ES FW TW CL CW CL LI ES" },
	{ TCP_PATH_INPUT_ONLY, RST, "CL CL CL SR CL CL CL CL LA LI CL" },
};

/* What else may be set beside each flag without saying more. */
static const struct {
	uint8_t flag, beside;
} ranks[] = {
	{ RST, SYN | FIN | ACK | PSH },
	{ SYN, FIN | ACK | PSH },
	{ FIN, ACK | PSH },
	{ ACK, PSH },
};

static const struct {
	const char *shorthand;
	enum tcp_state state;
	const char *name;
	uint32_t timeout_s;
	bool active, reusable;
} states[] = {
	{ "NO", TCP_NONE, "TCP_NONE", 2, false, false },
	{ "ES", TCP_ESTABLISHED, "TCP_EST", 90, true, false },
	{ "SS", TCP_SYN_SENT, "SYN_SENT", 3, true, false },
	{ "SR", TCP_SYN_RECV, "SYN_RECV", 30, true, false },
	{ "FW", TCP_FIN_WAIT, "FIN_WAIT", 7, false, false },
	{ "TW", TCP_TIME_WAIT, "TIME_WAIT", 7, false, true },
	{ "CL", TCP_CLOSE, "TCP_CLOSE", 3, false, true },
	{ "CW", TCP_CLOSE_WAIT, "CLOSE_WAIT", 7, false, false },
	{ "LA", TCP_LAST_ACK, "LAST_ACK", 7, false, true },
	{ "LI", TCP_LISTEN, "LISTEN", 120, false, false },
	{ "SA", TCP_SYNACK, "SYNACK", 30, true, false },
};

static enum tcp_state state_at(const char *row, unsigned int column)
{
	for (size_t i = 0; i < LENGTH(states); i++)
		if (strncmp(row + column * 3, states[i].shorthand, 2) == 0)
			return states[i].state;
	fail_msg("no state at column %u of \"%s\"", column, row);
	return TCP__COUNT;
}

static void test_every_cell(void **state)
{
	for (size_t row = 0; row < LENGTH(rows); row++)
		for (unsigned int column = 0; column < TCP__COUNT; column++) {
			enum tcp_state from = state_at(before, column);
			enum tcp_state want = state_at(rows[row].after, column);
			uint8_t beside = 0;

			for (size_t i = 0; i < LENGTH(ranks); i++)
				if (ranks[i].flag == rows[row].flags)
					beside = ranks[i].beside;
			/* alone, and with every subset of lower flags */
			for (unsigned int more = 0; more <= beside; more++)
				if ((more & beside) == more)
					assert_int_equal(
						tcp_next_state(rows[row].path, from,
							       (uint8_t)(rows[row].flags | more)),
						want);
			assert_int_equal(tcp_next_state(rows[row].path, from, 0), from);
			assert_int_equal(tcp_next_state(rows[row].path, from, PSH), from);
		}
}

static void test_states(void **state)
{
	assert_int_equal(LENGTH(states), TCP__COUNT);
	for (size_t i = 0; i < LENGTH(states); i++) {
		assert_string_equal(tcp_state_names[states[i].state], states[i].name);
		assert_int_equal(tcp_default_timeouts_s[states[i].state], states[i].timeout_s);
		assert_int_equal(tcp_state_active(states[i].state), states[i].active);
		assert_int_equal(tcp_state_reusable(states[i].state), states[i].reusable);
	}
}

/* ---- the shift ---- */

#define SEGMENT_MAX 60

struct segment {
	uint8_t bytes[SEGMENT_MAX + 4]; /* four more, that must stay as they are */
	unsigned int len;
};

static struct rte_tcp_hdr *segment_header(struct segment *segment)
{
	return (struct rte_tcp_hdr *)segment->bytes;
}

static uint32_t load32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void store32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void add32(uint8_t *at, uint32_t add)
{
	store32(at, load32(at) + add);
}

/* Random options, well-formed or not; mostly those that matter. */
static void segment_options(struct segment *segment, struct prng *prng)
{
	static const uint8_t kinds[] = { 1, 1, 1, 8, 8, 5, 5, 3, 2, 4, 0, 30 };
	unsigned int at = 20;

	while (at < segment->len) {
		uint8_t kind = kinds[prng_below(prng, LENGTH(kinds))];
		unsigned int len = 2 + prng_below(prng, 10);

		if (prng_below(prng, 12) == 0)
			kind = (uint8_t)prng_below(prng, 256);
		segment->bytes[at++] = kind;
		if (kind == 1 || at == segment->len)
			continue;
		if (kind == 8 && prng_below(prng, 8))
			len = 10;
		if (kind == 5 && prng_below(prng, 8))
			len = 2 + 8 * (1 + prng_below(prng, 3));
		if (prng_below(prng, 20) == 0)
			len = prng_below(prng, 3);
		segment->bytes[at] = (uint8_t)len;
		at += len > 1 ? len - 1 : 1;
	}
}

static void segment_random(struct segment *segment, struct prng *prng)
{
	segment->len = 20 + 4 * prng_below(prng, 11);
	prng_fill(prng, segment->bytes, sizeof(segment->bytes));
	segment->bytes[12] = (uint8_t)(segment->len / 4 << 4);
	if (segment->len == 32 && prng_below(prng, 2))
		memcpy(segment->bytes + 20, (uint8_t[]){ 1, 1, 8, 10 }, 4);
	else
		segment_options(segment, prng);
}

/* What a shift has to do, in a straightforward way. */
static void segment_expect(struct segment *segment, const struct conn *conn, enum conn_dir dir)
{
	uint8_t *bytes = segment->bytes;
	bool ack = bytes[13] & ACK;

	if (dir == CONN_IN)
		add32(bytes + 4, conn->seq_delta);
	else if (ack)
		add32(bytes + 8, -conn->seq_delta);
	for (unsigned int at = 20; at < segment->len;) {
		unsigned int left = segment->len - at, len;

		if (bytes[at] == 1) {
			at++;
			continue;
		}
		if (bytes[at] == 0 || left < 2 || bytes[at + 1] < 2 || bytes[at + 1] > left)
			return;
		len = bytes[at + 1];
		if (bytes[at] == 8 && len == 10 && conn->flags & CONN_TS) {
			if (dir == CONN_IN)
				add32(bytes + at + 2, conn->ts_delta);
			else if (ack)
				add32(bytes + at + 6, -conn->ts_delta);
		}
		if (bytes[at] == 5 && dir == CONN_OUT && ack)
			for (unsigned int edge = at + 2; edge + 4 <= at + 2 + (len - 2) / 8 * 8;
			     edge += 4)
				add32(bytes + edge, -conn->seq_delta);
		at += len;
	}
}

static uint16_t segment_sum(const struct segment *segment)
{
	return csum_fold(csum_sum(segment->bytes, segment->len, 0));
}

static void test_shift(void **state)
{
	struct prng prng = { 20260101 };

	for (unsigned int n = 0; n < 200000; n++) {
		struct conn conn = { .flags = CONN_SEQ };
		enum conn_dir dir = prng_below(&prng, 2) ? CONN_IN : CONN_OUT;
		struct segment segment, want;
		uint16_t sum, delta;

		conn.seq_delta = (uint32_t)prng_next(&prng);
		conn.ts_delta = (uint32_t)prng_next(&prng);
		if (prng_below(&prng, 4))
			conn.flags |= CONN_TS;
		segment_random(&segment, &prng);
		want = segment;
		segment_expect(&want, &conn, dir);
		sum = segment_sum(&segment);
		delta = csum_fold(tcp_shift(&conn, dir, segment_header(&segment), segment.len));
		assert_memory_equal(segment.bytes, want.bytes, sizeof(want.bytes));
		/* one's complement: 0 and 0xffff are the same */
		assert_int_equal(csum_fold((uint32_t)sum + delta) % 0xffff,
				 segment_sum(&want) % 0xffff);
	}
}

/* A connection whose numbers are not shifted stays as it is. */
static void test_no_shift(void **state)
{
	struct prng prng = { 7 };

	for (unsigned int n = 0; n < 1000; n++) {
		struct conn conn = { .seq_delta = 5, .ts_delta = 6 };
		struct segment segment, want;

		segment_random(&segment, &prng);
		want = segment;
		assert_int_equal(tcp_shift(&conn, CONN_IN, segment_header(&segment), segment.len),
				 0);
		assert_int_equal(tcp_shift(&conn, CONN_OUT, segment_header(&segment), segment.len),
				 0);
		assert_memory_equal(segment.bytes, want.bytes, sizeof(want.bytes));
	}
}

/* There and back: what the server acknowledges is what the client sent. */
static void test_round_trip(void **state)
{
	static const uint8_t stamps[] = { 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct conn conn = { .flags = CONN_SEQ | CONN_TS, .seq_delta = 0xfffffff0, .ts_delta = 77 };
	struct segment segment = { .len = 32 };

	memcpy(segment.bytes + 20, stamps, sizeof(stamps));
	segment.bytes[12] = 8 << 4;
	segment.bytes[13] = ACK;
	store32(segment.bytes + 4, 1000);
	store32(segment.bytes + 24, 500);
	tcp_shift(&conn, CONN_IN, segment_header(&segment), segment.len);
	assert_int_equal(load32(segment.bytes + 4), 1000 - 16);
	assert_int_equal(load32(segment.bytes + 24), 577);
	store32(segment.bytes + 8, load32(segment.bytes + 4)); /* the server's ack and TSecr */
	store32(segment.bytes + 28, load32(segment.bytes + 24));
	tcp_shift(&conn, CONN_OUT, segment_header(&segment), segment.len);
	assert_int_equal(load32(segment.bytes + 8), 1000);
	assert_int_equal(load32(segment.bytes + 28), 500);
}

/* ---- what a connection starts with ---- */

#define MS 1000000ull
#define S  (1000 * MS)

struct start {
	uint32_t seq, stamp;
};

/* What a server sees of a SYN from this local port at this time. */
static struct start start_of(const struct hash_key *key, be16 lport, uint64_t now_ns,
			     const struct start *client, bool stamps)
{
	static const uint8_t options[] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
					   0, 0, 0, 0,   0, 0, 1, 3,  3, 7 };
	struct tuple out = { .src = ip_from_v4(1),
			     .dst = ip_from_v4(2),
			     .sport = 80,
			     .dport = lport,
			     .proto = IPPROTO_TCP,
			     .family = AF_INET };
	struct conn conn = { .flags = 0 };
	struct segment segment = { .len = stamps ? 40 : 20 };

	memcpy(segment.bytes + 20, options, sizeof(options));
	segment.bytes[12] = (uint8_t)(segment.len / 4 << 4);
	segment.bytes[13] = SYN;
	store32(segment.bytes + 4, client->seq);
	store32(segment.bytes + 28, client->stamp);
	tcp_choose_deltas(&conn, key, &out, segment_header(&segment), segment.len, now_ns);
	assert_int_equal(conn.flags, CONN_SEQ | (stamps ? CONN_TS : 0));
	tcp_shift(&conn, CONN_IN, segment_header(&segment), segment.len);
	return (struct start){ load32(segment.bytes + 4), load32(segment.bytes + 28) };
}

/* An old connection on a port, how long it lasted and what it sent, and the pause before the next.
 */
static const struct {
	uint64_t lasted_ns, sent_bytes, pause_ns;
	bool by_seq; /* accepted even without timestamps */
} reuses[] = {
	{ 0, 0, 1 * MS, true },
	{ 10 * MS, 100000, 1 * MS, true },
	{ 1 * S, 15000000, 1 * MS, true },
	{ 60 * S, 1000000, 1 * S, true },
	{ 10 * S, 2000000000, 1 * MS, false },
	{ 3600 * S, 1000, 1 * MS, false },
	{ 100 * 86400 * S, 1000000000, 60 * S, false },
};

/* Whoever the clients are: the server in TIME_WAIT takes the new SYN (RFC 6191, RFC 9293 3.10.7.4).
 */
static void test_reuse_of_a_port(void **state)
{
	struct hash_key key = { { 1, 2, 3, 4 } };
	struct prng prng = { 3 };

	for (size_t i = 0; i < LENGTH(reuses); i++)
		for (unsigned int n = 0; n < 200; n++) {
			struct start one = { (uint32_t)prng_next(&prng),
					     (uint32_t)prng_next(&prng) };
			struct start two = { (uint32_t)prng_next(&prng),
					     (uint32_t)prng_next(&prng) };
			uint64_t then = prng_next(&prng) % (1000 * 86400 * S);
			uint64_t now = then + reuses[i].lasted_ns + reuses[i].pause_ns;
			be16 lport = (be16)(1 + prng_below(&prng, 65535));
			struct start old = start_of(&key, lport, then, &one, true);
			struct start new = start_of(&key, lport, now, &two, true);
			/* the last the server saw: a client's clock of 1 kHz */
			uint32_t last_seq = old.seq + (uint32_t)reuses[i].sent_bytes;
			uint32_t last_stamp = old.stamp + (uint32_t)(reuses[i].lasted_ns / MS);

			assert_true((int32_t)(new.stamp - last_stamp) > 0);
			if (reuses[i].by_seq)
				assert_true((int32_t)(new.seq - last_seq) > 0);
			assert_int_equal(start_of(&key, lport, now, &two, false).seq, new.seq);
		}
}

/* Another key, as after a restart: other sequence numbers, but timestamps go on. */
static void test_restart(void **state)
{
	struct hash_key key = { { 1, 2, 3, 4 } }, other = { { 5, 6, 7, 8 } };
	struct start client = { 1, 1 };
	struct start old = start_of(&key, 4000, 500 * S, &client, true);
	struct start new = start_of(&other, 4000, 501 * S, &client, true);

	assert_int_not_equal(new.seq, old.seq + (uint32_t)(1 * S / 64));
	assert_int_equal(new.stamp - old.stamp, 1125);
}

/* Ports do not tell of each other. */
static void test_sequence_numbers_differ(void **state)
{
	struct hash_key key = { { 1, 2, 3, 4 } };
	struct start client = { 1, 1 };
	uint32_t step = 0, same = 0;

	for (be16 lport = 1; lport < 200; lport++) {
		uint32_t a = start_of(&key, lport, S, &client, false).seq;
		uint32_t b = start_of(&key, lport + 1, S, &client, false).seq;

		same += b - a == step;
		step = b - a;
	}
	assert_int_equal(same, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell), cmocka_unit_test(test_states),
		cmocka_unit_test(test_shift),      cmocka_unit_test(test_no_shift),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_reuse_of_a_port),
		cmocka_unit_test(test_restart),    cmocka_unit_test(test_sequence_numbers_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

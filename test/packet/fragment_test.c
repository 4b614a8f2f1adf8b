/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments through services: they follow their connection in every mode, both
 * families and both directions, in whatever order they come and on whichever
 * worker. Each leaves exactly as the same piece of the whole packet would. What
 * is refused is in fragment_refuse_test.c.
 */
#include <string.h>

#include <netinet/in.h>

#include "lib/unit.h"
#include "packet/frag_rig.h"

#define PORT  20000
#define SMALL 60   /* bytes of data, in pieces of 24 */
#define LARGE 4000 /* ... of 1400 */

static const struct mode modes[] = {
	{ "FNAT", false, 'b' },        { "NAT", false, 'm' },         { "DR", false, 'g' },
	{ "tunnel", false, 'i' },      { "SNAT", false, 'J' },        { "FNAT, IPv6", true, 'b' },
	{ "NAT, IPv6", true, 'm' },    { "DR, IPv6", true, 'g' },     { "SNAT, IPv6", true, 'J' },
	{ "tunnel, IPv6", true, 'i' }, { "tunnel, GRE", false, 'i' }, { "tunnel, GUE", false, 'i' },
	{ "GRE, csum", false, 'i' },   { "GUE, csum", false, 'i' },   { "4in6", false, 'i' },
	{ "6in4", true, 'i' },
};
static const struct mode *const fnat = &modes[0], *const nat = &modes[1], *const dr = &modes[2];

/* Of three fragments: how they come, and how they leave. */
static const struct {
	uint8_t in[3], out[3];
	uint8_t held[3]; /* behind each that has come */
} orders[] = {
	{ { 0, 1, 2 }, { 0, 1, 2 }, { 0, 0, 0 } }, { { 0, 2, 1 }, { 0, 2, 1 }, { 0, 0, 0 } },
	{ { 1, 0, 2 }, { 0, 1, 2 }, { 1, 0, 0 } }, { { 1, 2, 0 }, { 0, 1, 2 }, { 1, 2, 0 } },
	{ { 2, 0, 1 }, { 0, 2, 1 }, { 1, 0, 0 } }, { { 2, 1, 0 }, { 0, 1, 2 }, { 1, 2, 0 } },
};

static bool has_answers(const struct mode *mode)
{
	return strchr("bmJ", mode->letter);
}

static size_t third_len(const struct whole *whole, size_t at, size_t step)
{
	return at == 2 * step ? frag_data(whole) - at : step;
}

static struct whole third(const struct whole *whole, unsigned int n, size_t step, uint32_t id)
{
	return frag_piece(whole, n * step, third_len(whole, n * step, step), id);
}

/* What comes in on `side` in that order, on queues from `queue` on; it leaves as `want`, later. */
static void come(struct harness *h, unsigned int side, unsigned int queue, unsigned int order,
		 const struct packet *packet, size_t step)
{
	struct whole whole = frag_whole(packet);

	for (unsigned int i = 0; i < 3; i++) {
		struct whole piece = third(&whole, orders[order].in[i], step, packet->id);

		frag_send(h, side, (queue + i) % h->n_workers, &piece);
		assert_int_equal(frag_held(h), orders[order].held[i]);
	}
}

static void leave(struct harness *h, const struct mode *mode, unsigned int side, unsigned int order,
		  const struct packet *want, size_t step)
{
	uint32_t id = frag_renamed(mode, side) ? FRAG_ANY : want->id;
	struct whole whole = frag_whole(want);

	for (unsigned int i = 0; i < 3; i++) {
		size_t at = orders[order].out[i] * step;

		frag_expect_piece(h, side, &whole, at, third_len(&whole, at, step), &id, want->id,
				  side == SERVER_SIDE ? frag_outer(mode) : 0);
	}
	rig_expect_nothing(h);
}

/* Both ways, the answer only where it comes by here. */
static void exchange(struct harness *h, const struct mode *mode, const struct packet *packet,
		     unsigned int queue, unsigned int order, size_t step)
{
	struct packet want, answer;

	come(h, CLIENT_SIDE, queue, order, packet, step);
	want = frag_at_server(h, mode, packet);
	leave(h, mode, SERVER_SIDE, order, &want, step);
	if (!has_answers(mode))
		return;
	answer = frag_answer(h, mode, packet);
	come(h, SERVER_SIDE, queue + 1, order, &answer, step);
	want = frag_at_client(h, mode, packet, &answer);
	leave(h, mode, CLIENT_SIDE, order, &want, step);
}

/* The first fragments open the connection. */
static void check_udp(const struct mode *mode, unsigned int n_workers)
{
	const struct harness_options options = { .n_workers = n_workers };
	struct harness *h = frag_new(&options, mode, IPPROTO_UDP);

	harness_keep_ttl(h, n_workers > 1); /* key xmit_ttl off */
	for (unsigned int i = 0; i < LENGTH(orders); i++) {
		struct packet packet = frag_from_client(mode, IPPROTO_UDP, (uint16_t)(PORT + i),
							SMALL);

		exchange(h, mode, &packet, i, i, 24);
	}
	assert_int_equal(rig_conns(h), LENGTH(orders));
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_udp(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		check_udp(&modes[i], 1);
		check_udp(&modes[i], 3);
	}
}

static void send_whole(struct harness *h, unsigned int side, unsigned int queue,
		       const struct packet *packet)
{
	struct whole whole = frag_whole(packet);

	frag_send(h, side, queue, &whole);
	assert_true(rig_take(h, side == CLIENT_SIDE ? SERVER_SIDE : CLIENT_SIDE).len);
	rig_expect_nothing(h);
}

/* Of an established connection. */
static void check_tcp(const struct mode *mode, unsigned int n_workers)
{
	const struct harness_options options = { .n_workers = n_workers };
	struct harness *h = frag_new(&options, mode, IPPROTO_TCP);
	struct packet packet = frag_from_client(mode, IPPROTO_TCP, PORT, 0);

	packet.flags = SYN;
	packet.seq--;
	packet.ack = 0;
	send_whole(h, CLIENT_SIDE, 0, &packet);
	if (has_answers(mode)) {
		struct packet answer = frag_answer(h, mode, &packet);

		answer.flags = SYN | ACK;
		answer.seq--;
		answer.ack++;
		send_whole(h, SERVER_SIDE, 0, &answer);
	}
	for (unsigned int i = 0; i < LENGTH(orders); i++) {
		packet = frag_from_client(mode, IPPROTO_TCP, PORT, SMALL);
		packet.id = (uint16_t)(0x7000 + i);
		exchange(h, mode, &packet, i, i, 24);
		if (has_answers(mode)) /* also of what has no header */
			assert_int_equal(frag_last_seq(h, mode, &packet), 5001 + SMALL);
	}
	assert_int_equal(rig_conns(h), 1);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_tcp(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		check_tcp(&modes[i], 1);
		check_tcp(&modes[i], 3);
	}
}

/*
 * More datagrams one after the other than the table has places: who is whole is forgotten, and
 * nobody has to make room. In long pieces, which a tunnel would cut again, and in short ones.
 */
static void test_forgotten(void **state)
{
	const struct harness_options options = { .n_workers = 3, .frag_max = 2 };
	static const size_t sizes[][2] = { { LARGE, 1400 }, { SMALL, 24 } };

	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		const struct mode *mode = &modes[i];
		struct harness *h;

		if (mode->letter == 'i')
			continue;
		h = frag_new(&options, mode, IPPROTO_UDP);
		for (unsigned int n = 0; n < 30; n++) {
			struct packet packet = frag_from_client(
				mode, IPPROTO_UDP, (uint16_t)(PORT + n), sizes[n % 2][0]);

			exchange(h, mode, &packet, n, n % LENGTH(orders), sizes[n % 2][1]);
		}
		assert_int_equal(harness_all_drops(h), 0);
		assert_int_equal(frag_forgotten(h), 0);
		rig_end(h);
	}
}

/* A fragment that comes twice goes on twice, and the others still know where to go. */
static void test_twice(void **state)
{
	const struct harness_options options = { .n_workers = 1 };

	for (unsigned int i = 0; i < LENGTH(modes); i++) {
		const struct mode *mode = &modes[i];
		struct harness *h = frag_new(&options, mode, IPPROTO_UDP);
		struct packet packet = frag_from_client(mode, IPPROTO_UDP, PORT, 1400 * 2), want;
		struct whole in = frag_whole(&packet), out;
		static const size_t at[] = { 0, 0, 1200, 1200, 2400 };
		uint32_t id = frag_renamed(mode, SERVER_SIDE) ? FRAG_ANY : 9;

		for (unsigned int j = 0; j < LENGTH(at); j++) {
			size_t len = at[j] == 2400 ? 408 : 1200;
			struct whole piece = frag_piece(&in, at[j], len, 9);

			frag_send(h, CLIENT_SIDE, 0, &piece);
			want = frag_at_server(h, mode, &packet);
			out = frag_whole(&want);
			frag_expect_piece(h, SERVER_SIDE, &out, at[j], len, &id, 9,
					  frag_outer(mode));
			rig_expect_nothing(h);
		}
		assert_int_equal(harness_all_drops(h), 0);
		rig_end(h);
	}
}

/* Two clients' packets of one identification, at one time. */
static struct packet from_one_of(const struct mode *mode, unsigned int client, size_t filler)
{
	struct packet packet = frag_from_client(mode, IPPROTO_UDP, PORT, filler);

	if (client)
		packet.src = mode->ip6 ? "2001:db8::65" : "10.0.0.101";
	packet.id = 77;
	return packet;
}

/* They get different ones at the server, who knows only our address. */
static void check_ids(const struct mode *mode)
{
	const struct harness_options options = { .n_workers = 3 };
	struct harness *h = frag_new(&options, mode, IPPROTO_UDP);
	uint32_t ids[2] = { FRAG_ANY, FRAG_ANY };

	for (unsigned int i = 0; i < 6; i++) {
		struct packet packet = from_one_of(mode, i % 2, SMALL), want;
		struct whole whole = frag_whole(&packet), piece = third(&whole, i / 2, 24, 77);
		size_t at = i / 2 * 24;

		frag_send(h, CLIENT_SIDE, i % 3, &piece);
		want = frag_at_server(h, mode, &packet);
		whole = frag_whole(&want);
		frag_expect_piece(h, SERVER_SIDE, &whole, at, third_len(&whole, at, 24),
				  &ids[i % 2], 77, 0);
	}
	assert_int_not_equal(ids[0], ids[1]);
	rig_expect_nothing(h);
	rig_end(h);
}

static void test_ids(void **state)
{
	check_ids(&modes[0]);
	check_ids(&modes[4]);
	check_ids(&modes[5]);
	check_ids(&modes[8]);
}

/* So do whole ones that have to be cut here. */
static void test_ids_cut(void **state)
{
	const struct harness_options options = { .n_workers = 3 };
	struct harness *h = rig_new(&options);
	uint32_t ids[2] = { FRAG_ANY, FRAG_ANY };

	rig_service(h, 'u', 0);
	rig_server(h, 'u', FAR);
	for (unsigned int i = 0; i < 2; i++) {
		struct packet packet = from_one_of(fnat, i, 1000), want;
		struct whole whole = frag_whole(&packet);

		frag_send(h, CLIENT_SIDE, i, &whole);
		want = frag_at_server(h, fnat, &packet);
		want.dst = FAR;
		whole = frag_whole(&want);
		frag_expect_piece(h, SERVER_SIDE, &whole, 0, 576, &ids[i], 77, 0);
		frag_expect_piece(h, SERVER_SIDE, &whole, 576, 432, &ids[i], 77, 0);
	}
	assert_int_not_equal(ids[0], ids[1]);
	rig_end(h);
}

/*
 * A vector of first fragments sets free what many others have waited with, more than a vector
 * holds: all go on, though not at once.
 */
static void test_burst(void **state)
{
	const struct harness_options options = { .n_workers = 1, .mbufs = 16383 };
	struct harness *h = frag_new(&options, fnat, IPPROTO_UDP);
	struct packet packet = frag_from_client(fnat, IPPROTO_UDP, PORT, 592);
	struct whole whole = frag_whole(&packet), piece;
	unsigned int n = 0;

	for (uint32_t id = 1; id <= 32; id++) {
		for (size_t at = 24; at < 600; at += 24) {
			piece = frag_piece(&whole, at, 24, id);
			frag_send(h, CLIENT_SIDE, 0, &piece);
		}
	}
	assert_int_equal(frag_held(h), 32 * 24);
	for (uint32_t id = 1; id <= 32; id++) {
		piece = frag_piece(&whole, 0, 24, id);
		frag_inject(h, CLIENT_SIDE, 0, &piece);
	}
	for (unsigned int i = 0; i < 8; i++) {
		harness_turn(h);
		while (rig_take(h, SERVER_SIDE).len)
			n++;
	}
	assert_int_equal(n, 32 * 25);
	assert_int_equal(frag_held(h), 0);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* UDP without a checksum stays without, and a wrong one stays wrong by as much. */
static void test_checksums(void **state)
{
	const struct harness_options options = { .n_workers = 3 };

	for (unsigned int i = 0; i < 2; i++) {
		struct harness *h = frag_new(&options, fnat, IPPROTO_UDP);
		struct packet packet = frag_from_client(fnat, IPPROTO_UDP, PORT, SMALL), want;
		struct whole whole;
		struct frame got;

		packet.no_checksum = i == 0;
		packet.damage = i == 0 ? 0 : 0x1111;
		come(h, CLIENT_SIDE, 0, 5, &packet, 24);
		want = frag_at_server(h, fnat, &packet);
		want.damage = 0;
		whole = frag_whole(&want);
		got = rig_take(h, SERVER_SIDE);
		if (i == 0)
			assert_int_equal(frame_u16(&got, L4 + 6), 0);
		else
			assert_int_not_equal(frame_u16(&got, L4 + 6),
					     whole.bytes[26] << 8 | whole.bytes[27]);
		rig_end(h);
	}
}

/* A virtual address that is none of the machine's own: its routers bring its packets here. */
static void test_vip_of_routers(void **state)
{
	const struct harness_options options = { .n_workers = 3 };
	static const struct mode *const some[] = { &modes[0], &modes[1], &modes[2] };

	for (unsigned int i = 0; i < LENGTH(some); i++) {
		struct harness *h = frag_new(&options, some[i], IPPROTO_UDP);
		struct packet packet = frag_from_client(some[i], IPPROTO_UDP, PORT, SMALL);

		harness_run(h, "dpip addr del " VIP "/32 dev dpdk0");
		exchange(h, some[i], &packet, 1, 3, 24);
		rig_end(h);
	}
}

/* On the way to the server they are cut again where the MTU is smaller; the offsets go on. */
static void test_cut_again(void **state)
{
	const struct harness_options options = { .n_workers = 1 };
	struct harness *h = rig_new(&options);
	struct packet packet = frag_from_client(fnat, IPPROTO_UDP, PORT, 1192), want;
	static const size_t pieces[][2] = { { 0, 576 }, { 576, 224 }, { 800, 400 } };
	struct whole whole = frag_whole(&packet), piece;
	uint32_t id = FRAG_ANY;

	rig_service(h, 'u', 0);
	rig_server(h, 'u', FAR);
	piece = frag_piece(&whole, 0, 800, 9);
	frag_send(h, CLIENT_SIDE, 0, &piece);
	piece = frag_piece(&whole, 800, 400, 9);
	frag_send(h, CLIENT_SIDE, 0, &piece);
	want = frag_at_server(h, fnat, &packet);
	want.dst = FAR;
	whole = frag_whole(&want);
	for (unsigned int i = 0; i < LENGTH(pieces); i++)
		frag_expect_piece(h, SERVER_SIDE, &whole, pieces[i][0], pieces[i][1], &id, 9, 0);
	rig_end(h);
}

/*
 * One-packet service: each datagram has a server of its own, and its fragments stay with it,
 * whether it comes whole or not.
 */
static void test_one_packet(void **state)
{
	const struct harness_options options = { .n_workers = 3 };
	struct harness *h = rig_new(&options);
	unsigned int to[2] = { 0, 0 };

	harness_run(h, "ipvsadm -A -u " VIP ":80 -s rr --ops");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER ":8080 -m");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER2 ":8080 -m");
	for (unsigned int i = 0; i < 8; i++) {
		struct packet packet = frag_from_client(nat, IPPROTO_UDP, PORT, SMALL), want;
		struct whole in, out, piece;
		struct frame got;

		packet.id = (uint16_t)(i + 1);
		in = frag_whole(&packet);
		for (unsigned int j = 0; j < 3; j++) {
			piece = third(&in, 2 - j, 24, packet.id);
			frag_send(h, CLIENT_SIDE, (i + j) % 3, &piece);
		}
		got = rig_take(h, SERVER_SIDE);
		assert_true(got.len > L4);
		to[got.bytes[L3 + 19] == 12]++;
		want = packet;
		want.dst = got.bytes[L3 + 19] == 12 ? SERVER2 : SERVER;
		want.dport = 8080;
		want.ttl = 63;
		out = frag_whole(&want);
		for (unsigned int j = 1; j < 3; j++) {
			piece = third(&out, j, 24, packet.id);
			frag_expect(h, SERVER_SIDE, &piece, 0);
		}
		rig_expect_nothing(h);
	}
	assert_int_equal(to[0], 4);
	assert_int_equal(to[1], 4);
	assert_int_equal(rig_conns(h), 1);
	harness_advance(h, 4000);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

/* The three leave in any order. */
static void leave_all(struct harness *h, const struct packet *want, size_t step)
{
	struct whole whole = frag_whole(want), piece;
	struct frame got[3];
	unsigned int found = 0;
	uint32_t id;

	for (unsigned int i = 0; i < 3; i++)
		got[i] = rig_take(h, SERVER_SIDE);
	id = frame_u16(&got[0], L3 + 4);
	assert_int_not_equal(id, want->id);
	for (unsigned int i = 0; i < 9; i++) {
		piece = third(&whole, i / 3, step, id);
		found += got[i % 3].len == L3 + piece.len &&
			 memcmp(got[i % 3].bytes + L3, piece.bytes, piece.len) == 0;
	}
	assert_int_equal(found, 3);
	rig_expect_nothing(h);
}

/* The first fragment asks its client's home for a server, and the others must not overtake it. */
static void test_persistent(void **state)
{
	const struct harness_options options = { .n_workers = 3 };
	struct harness *h = frag_new(&options, fnat, IPPROTO_UDP);

	harness_run(h, "ipvsadm -E -u " VIP ":80 -s rr -p 50");
	for (unsigned int i = 0; i < 30; i++) {
		struct packet packet = frag_from_client(fnat, IPPROTO_UDP, (uint16_t)(PORT + i),
							SMALL);
		struct whole whole = frag_whole(&packet);
		struct packet want;

		for (unsigned int j = 0; j < 3; j++) {
			struct whole piece = third(&whole, orders[i % 6].in[j], 24, packet.id);

			frag_inject(h, CLIENT_SIDE, i % 3, &piece);
		}
		harness_turn(h);
		want = frag_at_server(h, fnat, &packet);
		leave_all(h, &want, 24);
	}
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* A service of a mark: its rules ask for ports that later fragments have not. */
static void test_mark(void **state)
{
	const struct harness_options options = { .n_workers = 3 };
	struct harness *h = rig_new(&options);

	harness_run(h, "ipvsadm -A -f 7 -s rr");
	harness_run(h, "ipvsadm -a -f 7 -r " SERVER " -g");
	harness_run(h, "dpip mark add to 203.0.113.0/24 proto udp dport 80 mark 7");
	for (unsigned int i = 0; i < LENGTH(orders); i++) {
		struct packet packet = frag_from_client(dr, IPPROTO_UDP, (uint16_t)(PORT + i),
							SMALL);

		packet.dst = "203.0.113.9";
		exchange(h, dr, &packet, i, i, 24);
	}
	assert_int_equal(rig_conns(h), LENGTH(orders));
	rig_end(h);
}

/* Who passes through is not held up: nothing of it looks like ours. */
static void test_passing(void **state)
{
	const struct harness_options options = { .n_workers = 3, .forwarding = true };
	struct harness *h = frag_new(&options, fnat, IPPROTO_UDP);
	struct packet packet = frag_from_client(fnat, IPPROTO_UDP, PORT, SMALL), want;
	struct whole whole, piece;

	packet.dst = SERVER2;
	want = packet;
	want.ttl = 63;
	whole = frag_whole(&packet);
	piece = third(&whole, 1, 24, 5);
	frag_send(h, CLIENT_SIDE, 0, &piece);
	whole = frag_whole(&want);
	piece = third(&whole, 1, 24, 5);
	frag_expect(h, SERVER_SIDE, &piece, 0);
	assert_int_equal(harness_handed_out(h), 0);
	rig_end(h);
}

/* The same in tunnels: a whole datagram behind one in pieces is scheduled anew. */
static void test_one_packet_tunnel(void **state)
{
	const struct harness_options options = { .n_workers = 3 };
	struct harness *h = rig_new(&options);
	unsigned int to[2] = { 0, 0 };

	harness_run(h, "ipvsadm -A -u " VIP ":80 -s rr --ops");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER " -i");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER2 " -i");
	for (unsigned int i = 0; i < 8; i++) {
		struct packet packet = frag_from_client(nat, IPPROTO_UDP, PORT, SMALL);
		struct whole in;
		struct frame got;
		unsigned int server;

		packet.id = (uint16_t)(i + 1);
		in = frag_whole(&packet);
		if (i % 2) {
			frag_send(h, CLIENT_SIDE, i % 3, &in);
			got = rig_take(h, SERVER_SIDE);
			assert_true(got.len > L4);
			to[got.bytes[L3 + 19] == 12]++;
			continue;
		}
		for (unsigned int j = 0; j < 3; j++) {
			struct whole piece = third(&in, 2 - j, 24, packet.id);

			frag_send(h, CLIENT_SIDE, (i + j) % 3, &piece);
		}
		got = rig_take(h, SERVER_SIDE);
		assert_true(got.len > L4);
		server = got.bytes[L3 + 19];
		to[server == 12]++;
		for (unsigned int j = 1; j < 3; j++) {
			got = rig_take(h, SERVER_SIDE);
			assert_true(got.len > L4);
			assert_int_equal(got.bytes[L3 + 19], server);
		}
	}
	rig_expect_nothing(h);
	assert_int_equal(to[0], 4);
	assert_int_equal(to[1], 4);
	harness_advance(h, 4000);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_cut),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_vip_of_routers),
		cmocka_unit_test(test_cut_again),
		cmocka_unit_test(test_one_packet),
		cmocka_unit_test(test_one_packet_tunnel),
		cmocka_unit_test(test_persistent),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_passing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

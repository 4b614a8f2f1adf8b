/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SCTP through services: associations from INIT to SHUTDOWN COMPLETE in every
 * mode, of both families and across them, in both directions, on one worker and
 * on three, whichever queue a packet comes by. Every byte is compared, with
 * checksums that are computed anew here; damaged packets arrive as damaged as
 * they came. What is refused is in sctp_refuse_test.c.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ipvs/ipvs.h"
#include "ipvs/proto/sctp.h"
#include "ipvs/service.h"
#include "lib/unit.h"
#include "packet/across_rig.h"
#include "packet/frag_rig.h"
#include "packet/sctp.h"

#define PORT  20000
#define FLOWS 7

static const struct mode modes[] = {
	{ "FNAT", false, 'b' },    { "NAT", false, 'm' },       { "DR", false, 'g' },
	{ "tunnel", false, 'i' },  { "FNAT, IPv6", true, 'b' }, { "NAT, IPv6", true, 'm' },
	{ "DR, IPv6", true, 'g' },
};

static const struct harness_options workers[] = { { .n_workers = 1 }, { .n_workers = 3 } };

/* Of an association: who sends which chunk, and the state behind it, by all packets or by the
 * client's alone. */
static const struct step {
	unsigned int side;
	uint8_t chunk;
	const char *body;
	enum sctp_state seen, unseen;
} steps[] = {
	{ CLIENT_SIDE, SCTP_CHUNK_INIT, "tag, window, streams", SCTP_INIT1, SCTP_INIT1 },
	{ CLIENT_SIDE, SCTP_CHUNK_INIT, "tag, window, streams", SCTP_INIT, SCTP_INIT },
	{ SERVER_SIDE, SCTP_CHUNK_INIT_ACK, "and a cookie", SCTP_COOKIE_SENT, SCTP_INIT },
	{ CLIENT_SIDE, SCTP_CHUNK_COOKIE_ECHO, "cookie", SCTP_COOKIE_REPLIED, SCTP_ESTABLISHED },
	{ SERVER_SIDE, SCTP_CHUNK_COOKIE_ACK, NULL, SCTP_ESTABLISHED, SCTP_ESTABLISHED },
	{ CLIENT_SIDE, SCTP_CHUNK_DATA, "odd", SCTP_ESTABLISHED, SCTP_ESTABLISHED },
	{ SERVER_SIDE, SCTP_CHUNK_DATA, "even", SCTP_ESTABLISHED, SCTP_ESTABLISHED },
	{ CLIENT_SIDE, SCTP_CHUNK_SHUTDOWN, "tsn", SCTP_SHUTDOWN_RECEIVED, SCTP_SHUTDOWN_RECEIVED },
	{ SERVER_SIDE, SCTP_CHUNK_SHUTDOWN_ACK, NULL, SCTP_SHUTDOWN_ACK_SENT,
	  SCTP_SHUTDOWN_RECEIVED },
	{ CLIENT_SIDE, SCTP_CHUNK_SHUTDOWN_COMPLETE, NULL, SCTP_CLOSED, SCTP_CLOSED },
};

static bool has_answers(const struct mode *mode)
{
	return strchr("bm", mode->letter);
}

/* A client's packet of that association. */
static struct packet from_client(const struct mode *mode, uint16_t sport, uint8_t chunk,
				 const char *body)
{
	struct packet packet = frag_from_client(mode, IPPROTO_SCTP, sport, 0);

	packet.flags = chunk;
	packet.payload = body;
	return packet;
}

static void come(struct harness *h, unsigned int side, unsigned int queue,
		 const struct packet *packet)
{
	struct whole whole = frag_whole(packet);

	frag_send(h, side, queue % h->n_workers, &whole);
}

static void expect(struct harness *h, unsigned int side, const struct packet *packet, size_t outer)
{
	struct whole whole = frag_whole(packet);

	frag_expect(h, side, &whole, outer);
	rig_expect_nothing(h);
}

static void take_step(struct harness *h, const struct mode *mode, uint16_t sport,
		      const struct step *step, unsigned int queue, uint16_t damage)
{
	struct packet first = from_client(mode, sport, step->chunk, step->body), packet = first;
	struct packet want;

	first.damage = packet.damage = damage;
	if (step->side == CLIENT_SIDE) {
		come(h, CLIENT_SIDE, queue, &packet);
		want = frag_at_server(h, mode, &packet);
		expect(h, SERVER_SIDE, &want, mode->letter == 'i' ? 20 : 0);
		return;
	}
	packet = frag_answer(h, mode, &first);
	come(h, SERVER_SIDE, queue, &packet);
	want = frag_at_client(h, mode, &first, &packet);
	expect(h, CLIENT_SIDE, &want, 0);
}

static void check_state(struct harness *h, const struct mode *mode, uint16_t sport,
			const struct step *step)
{
	struct packet packet = from_client(mode, sport, 0, NULL);
	struct tuple out;
	const struct conn *conn = frag_conn(h, mode, &packet, &out);

	assert_non_null(conn);
	assert_int_equal(conn->state, has_answers(mode) ? step->seen : step->unseen);
	assert_int_equal(!(conn->flags & CONN_INACTIVE), conn->state == SCTP_ESTABLISHED);
}

static void check_mode(const struct mode *mode, const struct harness_options *options)
{
	struct harness *h = frag_new(options, mode, IPPROTO_SCTP);

	for (unsigned int i = 0; i < LENGTH(steps); i++)
		for (unsigned int flow = 0; flow < FLOWS; flow++) {
			if (steps[i].side == SERVER_SIDE && !has_answers(mode))
				continue;
			take_step(h, mode, (uint16_t)(PORT + flow), &steps[i], flow + i,
				  flow == 3 ? 0x0101 : 0);
			check_state(h, mode, (uint16_t)(PORT + flow), &steps[i]);
		}
	assert_int_equal(rig_conns(h), FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	harness_advance(h, 63000);
	assert_int_equal(rig_conns(h), 0);
	rig_end(h);
}

static void test_modes(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++)
		for (unsigned int n = 0; n < LENGTH(workers); n++)
			check_mode(&modes[i], &workers[n]);
}

/* A bit that has turned in a packet's data turns no other one in what arrives. */
static void test_damaged_data(void **state)
{
	static const struct mode *const fnat = &modes[0];
	struct harness *h = frag_new(&workers[0], fnat, IPPROTO_SCTP);
	struct packet packet = from_client(fnat, PORT, SCTP_CHUNK_INIT, "data"), want, answer;
	struct whole whole;

	come(h, CLIENT_SIDE, 0, &packet);
	want = frag_at_server(h, fnat, &packet);
	expect(h, SERVER_SIDE, &want, 0);
	packet.filler = want.filler = 1000;
	for (size_t at = L4 - L3 + 4; at < 1000; at += 77) {
		whole = frag_whole(&packet);
		whole.bytes[at] ^= 0x10;
		frag_send(h, CLIENT_SIDE, 0, &whole);
		whole = frag_whole(&want);
		whole.bytes[at] ^= 0x10;
		frag_expect(h, SERVER_SIDE, &whole, 0);

		answer = frag_answer(h, fnat, &packet);
		whole = frag_whole(&answer);
		whole.bytes[at] ^= 0x10;
		frag_send(h, SERVER_SIDE, 0, &whole);
		answer = frag_at_client(h, fnat, &packet, &answer);
		whole = frag_whole(&answer);
		whole.bytes[at] ^= 0x10;
		frag_expect(h, CLIENT_SIDE, &whole, 0);
	}
	rig_end(h);
}

/* Between families, both ways. */
static void check_across(bool six, const struct harness_options *options)
{
	struct across a = across_new(options, six, IPPROTO_SCTP);
	struct packet packet, want;
	struct rig_conn conn;

	for (unsigned int i = 0; i < LENGTH(steps); i++) {
		packet = across_from_client(&a);
		conn = across_conn(&a);
		if (steps[i].side == SERVER_SIDE)
			packet = across_from_server(&a, &conn);
		packet.flags = steps[i].chunk;
		packet.payload = steps[i].body;
		packet.damage = i == 5 || i == 6 ? 0x0808 : 0;
		across_send(&a, steps[i].side, i % a.h->n_workers, &packet);
		conn = across_conn(&a);
		assert_int_not_equal(conn.id, CONN_NONE);
		assert_int_equal(conn.conn->state, steps[i].seen);
		want = steps[i].side == CLIENT_SIDE ? across_at_server(&a, &conn, packet)
						    : across_at_client(&a, &conn, packet);
		across_expect(&a, steps[i].side == CLIENT_SIDE ? SERVER_SIDE : CLIENT_SIDE, &want);
	}
	assert_int_equal(harness_all_drops(a.h), 0);
	across_end(&a);
}

static void test_across(void **state)
{
	for (unsigned int n = 0; n < LENGTH(workers); n++) {
		check_across(false, &workers[n]);
		check_across(true, &workers[n]);
	}
}

/* Every tunnel's inside is the packet as it came. */
static const struct {
	const char *server, *type;
	size_t outer;
} tunnels[] = {
	{ SERVER, "", 20 },
	{ SERVER, "--tun-type gre", 24 },
	{ SERVER, "--tun-type gre --tun-csum", 28 },
	{ SERVER, "--tun-type gue --tun-port 6080", 32 },
	{ "[" SERVER6 "]", "", 40 },
	{ "[" SERVER6 "]", "--tun-type gre", 44 },
	{ "[" SERVER6 "]", "--tun-type gue --tun-port 6080", 52 },
};

static void check_tunnel(unsigned int n, bool ip6)
{
	const struct mode mode = { "tunnel", ip6, 'i' };
	struct across a = { .h = across_networks(&workers[1]) };
	const char *service = ip6 ? "[" VIP6 "]:80" : VIP ":80";
	struct packet packet, want;
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -A --sctp-service %s -s rr", service);
	harness_run(a.h, line);
	snprintf(line, sizeof(line), "ipvsadm -a --sctp-service %s -r %s -i %s", service,
		 tunnels[n].server, tunnels[n].type);
	harness_run(a.h, line);
	across_settle(&a);
	packet = from_client(&mode, PORT, SCTP_CHUNK_INIT, "hello");
	for (unsigned int queue = 0; queue < 3; queue++) {
		come(a.h, CLIENT_SIDE, queue, &packet);
		want = packet;
		want.ttl = 63;
		expect(a.h, SERVER_SIDE, &want, tunnels[n].outer);
	}
	across_end(&a);
}

static void test_tunnels(void **state)
{
	for (unsigned int n = 0; n < LENGTH(tunnels); n++) {
		check_tunnel(n, false);
		check_tunnel(n, true);
	}
}

/* What the sender left to hardware is computed, over all segments. */
static void test_unfinished(void **state)
{
	static const char *const letters = "bmg";

	for (const char *letter = letters; *letter; letter++) {
		const struct mode mode = { "unfinished", false, *letter };
		struct harness *h = frag_new(&workers[0], &mode, IPPROTO_SCTP);
		struct packet packet = from_client(&mode, PORT, SCTP_CHUNK_INIT, NULL), want;
		struct frame frame;

		for (unsigned int segment = 0; segment <= 100; segment += 50) {
			packet.filler = 300 + segment;
			packet.damage = 0x4321;
			frame = frame_in(CLIENT_SIDE, &packet);
			harness_inject_as(h, CLIENT_SIDE, 0, frame.bytes, frame.len,
					  RTE_MBUF_F_RX_L4_CKSUM_NONE, segment);
			harness_turn(h);
			packet.damage = 0;
			want = frag_at_server(h, &mode, &packet);
			expect(h, SERVER_SIDE, &want, 0);
		}
		rig_end(h);
	}
}

/* The way in, by a mark and by any port, to servers of both kinds of port. */
static void check_service(const char *const *lines, uint16_t dport, uint16_t server_port)
{
	const struct mode mode = { "service", false, 'm' };

	for (unsigned int n = 0; n < LENGTH(workers); n++) {
		struct harness *h = rig_new(&workers[n]);
		struct packet packet = from_client(&mode, PORT, SCTP_CHUNK_INIT, "x"), want;

		for (unsigned int i = 0; lines[i]; i++)
			harness_run(h, lines[i]);
		packet.dport = dport;
		for (unsigned int queue = 0; queue < 3; queue++) {
			come(h, CLIENT_SIDE, queue, &packet);
			want = packet;
			want.dst = SERVER;
			want.dport = server_port;
			want.ttl = 63;
			expect(h, SERVER_SIDE, &want, 0);
		}
		for (unsigned int queue = 0; queue < 3; queue++) {
			struct packet answer = { .src = SERVER,
						 .dst = CLIENT,
						 .sport = server_port,
						 .dport = PORT,
						 .proto = IPPROTO_SCTP,
						 .flags = SCTP_CHUNK_INIT_ACK };

			come(h, SERVER_SIDE, queue, &answer);
			want = answer;
			want.src = VIP;
			want.sport = dport;
			want.ttl = 63;
			expect(h, CLIENT_SIDE, &want, 0);
		}
		harness_run(h, "ipvsadm -C");
		rig_end(h);
	}
}

static void test_services(void **state)
{
	static const char *const marked[] = { "dpip mark add to " VIP
					      " proto sctp dport 70-79 mark 7",
					      "ipvsadm -A -f 7 -s rr",
					      "ipvsadm -a -f 7 -r " SERVER ":8080 -m", NULL };
	static const char *const any_port[] = { "ipvsadm -A --sctp-service " VIP ":0 -s rr -p 60",
						"ipvsadm -a --sctp-service " VIP ":0 -r " SERVER
						":0 -m",
						NULL };

	check_service(marked, 77, 8080);
	check_service(any_port, 2905, 2905);
}

/* A client's associations get one server, wherever they arrive. */
static void test_persistent(void **state)
{
	const struct mode mode = { "NAT", false, 'm' };
	struct harness *h = rig_new(&workers[1]);

	harness_run(h, "ipvsadm -A --sctp-service " VIP ":80 -s rr -p 60");
	harness_run(h, "ipvsadm -a --sctp-service " VIP ":80 -r " SERVER ":80 -m");
	harness_run(h, "ipvsadm -a --sctp-service " VIP ":80 -r " SERVER2 ":80 -m");
	for (unsigned int client = 100; client < 106; client++) {
		char name[IP_STR_LEN];
		union ip_addr server = { 0 };

		snprintf(name, sizeof(name), "10.0.0.%u", client);
		for (unsigned int flow = 0; flow < FLOWS; flow++) {
			struct packet packet = from_client(&mode, (uint16_t)(PORT + flow),
							   SCTP_CHUNK_INIT, "x");
			struct tuple out;

			packet.src = name;
			come(h, CLIENT_SIDE, flow, &packet);
			assert_int_not_equal(rig_take(h, SERVER_SIDE).len, 0);
			assert_non_null(frag_conn(h, &mode, &packet, &out));
			assert_true(flow == 0 || ip_equal(&server, &out.src));
			server = out.src;
		}
	}
	assert_int_equal(harness_all_drops(h), 0);
	harness_run(h, "ipvsadm -C");
	rig_end(h);
}

/* An INIT behind the end of an association opens the next one, which gets another server. */
static void test_again(void **state)
{
	const struct mode mode = { "NAT", false, 'm' };
	struct harness *h = frag_new(&workers[0], &mode, IPPROTO_SCTP);
	struct packet packet = from_client(&mode, PORT, SCTP_CHUNK_INIT, "x");
	struct tuple first, second;

	harness_run(h, "ipvsadm -a --sctp-service " VIP ":80 -r " SERVER2 ":8080 -m");
	for (unsigned int i = 0; i < 2; i++) {
		come(h, CLIENT_SIDE, 0, &packet);
		assert_non_null(frag_conn(h, &mode, &packet, i ? &second : &first));
		assert_true(i == 0 || ip_equal(&second.src, &first.src));
	}
	packet.flags = SCTP_CHUNK_ABORT;
	come(h, CLIENT_SIDE, 0, &packet);
	assert_int_equal(frag_conn(h, &mode, &packet, &second)->state, SCTP_CLOSED);
	packet.flags = SCTP_CHUNK_INIT;
	come(h, CLIENT_SIDE, 0, &packet);
	assert_int_equal(frag_conn(h, &mode, &packet, &second)->state, SCTP_INIT1);
	assert_false(ip_equal(&second.src, &first.src));
	assert_int_equal(rig_conns(h), 1);
	rig_end(h);
}

/* An ABORT behind a cookie of three bytes and one of padding counts. */
static void test_abort_behind(void **state)
{
	const struct mode mode = { "NAT", false, 'm' };
	struct harness *h = frag_new(&workers[0], &mode, IPPROTO_SCTP);
	struct packet packet = from_client(&mode, PORT, SCTP_CHUNK_INIT, "x");
	const uint8_t cookie[] = { SCTP_CHUNK_COOKIE_ECHO, 0, 0, 7, 'c', 'o', 'o', 0,
				   SCTP_CHUNK_ABORT,       0, 0, 4 };
	struct tuple out;
	struct whole whole;

	come(h, CLIENT_SIDE, 0, &packet);
	assert_int_not_equal(rig_take(h, SERVER_SIDE).len, 0);
	packet.flags = SCTP_CHUNK_COOKIE_ECHO;
	packet.payload = "cookie__";
	whole = frag_whole(&packet);
	memcpy(whole.bytes + 20 + 12, cookie, sizeof(cookie));
	frag_send(h, CLIENT_SIDE, 0, &whole);
	assert_int_equal(frag_conn(h, &mode, &packet, &out)->state, SCTP_CLOSED);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),        cmocka_unit_test(test_damaged_data),
		cmocka_unit_test(test_across),       cmocka_unit_test(test_tunnels),
		cmocka_unit_test(test_unfinished),   cmocka_unit_test(test_services),
		cmocka_unit_test(test_persistent),   cmocka_unit_test(test_again),
		cmocka_unit_test(test_abort_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Services of firewall marks: every mode, TCP and UDP, both families, on one
 * worker and on three, whichever queue a packet comes by; both ports of a
 * service as one client's; what comes first when an address has a service, too. And services of
 * all ports of an address of IPv6.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/mark.h"
#include "ipvs/service.h"
#include "packet/fnat_rig.h"
#include "packet/ip4_rig.h"

#define FLOWS 12
#define OTHER "10.0.0.77" /* no address of anybody here */

static const struct harness_options one, three = { .n_workers = 3 };

static void run_mode(struct harness *h, const char *format, char mode)
{
	char line[160];

	snprintf(line, sizeof(line), format, mode);
	harness_run(h, line);
}

/* Mark 1: VIP and OTHER, ports 80 to 443; servers without a port. */
static struct harness *marked(const struct harness_options *options, char mode,
			      unsigned int n_servers)
{
	struct harness *h = rig_new(options);

	harness_run(h, "dpip mark add to " VIP " dport 80-443 mark 1");
	harness_run(h, "dpip mark add to " OTHER " mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr");
	harness_run(h, "ipvsadm -P -f 1 -z " LADDR " -F dpdk1");
	run_mode(h, "ipvsadm -a -f 1 -r " SERVER " -%c", mode);
	if (n_servers > 1)
		run_mode(h, "ipvsadm -a -f 1 -r " SERVER2 " -%c", mode);
	return h;
}

static struct packet from_client(uint8_t proto, unsigned int flow, const char *to, uint16_t port)
{
	struct packet packet = packet_first(CLIENT, proto, (uint16_t)(20000 + flow));

	packet.dst = to;
	packet.dport = port;
	return packet;
}

static struct packet at_server(const struct packet *packet, const struct rig_conn *conn, char mode,
			       const char *server)
{
	struct packet want = *packet;

	want.ttl = 63;
	if (mode == 'g')
		return want;
	want.dst = server;
	if (mode == 'm')
		return want;
	want.src = LADDR;
	want.sport = conn->lport;
	want.seq += conn->seq_delta;
	return want;
}

/* The server's answer to what it got, and the same at the client. */
static void pass_back(struct harness *h, unsigned int queue, const struct packet *asked,
		      const struct packet *got, const struct rig_conn *conn)
{
	struct packet answer = { .src = got->dst,
				 .dst = got->src,
				 .sport = got->dport,
				 .dport = got->sport,
				 .proto = asked->proto,
				 .flags = SYN | ACK,
				 .seq = 70,
				 .ack = got->seq + 1,
				 .payload = asked->payload };
	struct packet want = answer;

	want.src = asked->dst;
	want.dst = asked->src;
	want.sport = asked->dport;
	want.dport = asked->sport;
	want.ttl = 63;
	want.ack -= conn->seq_delta;
	rig_send_to(h, SERVER_SIDE, queue, &answer);
	rig_expect(h, CLIENT_SIDE, &want);
}

/* A packet by that queue, its answer by another. */
static void pass(struct harness *h, unsigned int queue, const struct packet *packet, char mode)
{
	struct packet want;
	struct rig_conn conn;

	rig_send_to(h, CLIENT_SIDE, queue, packet);
	conn = rig_conn_of(h, packet);
	assert_int_not_equal(conn.id, CONN_NONE);
	want = at_server(packet, &conn, mode, SERVER);
	rig_expect(h, SERVER_SIDE, &want);
	if (mode != 'g')
		pass_back(h, (queue + 1) % h->n_workers, packet, &want, &conn);
}

static void check_mode(const struct harness_options *options, uint8_t proto, char mode)
{
	static const struct {
		const char *to;
		uint16_t port;
	} asked[] = { { VIP, 80 }, { VIP, 443 }, { OTHER, 9 } };
	struct harness *h = marked(options, mode, 1);

	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct packet packet = from_client(proto, flow, asked[flow % 3].to,
						   asked[flow % 3].port);

		for (unsigned int queue = 0; queue < h->n_workers; queue++)
			pass(h, (flow + queue) % h->n_workers, &packet, mode);
	}
	assert_int_equal(rig_conns(h), FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_modes(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_mode(&one, IPPROTO_TCP, *mode);
		check_mode(&one, IPPROTO_UDP, *mode);
		check_mode(&three, IPPROTO_TCP, *mode);
		check_mode(&three, IPPROTO_UDP, *mode);
	}
}

/* Established connections: TCP with data, both ways, as the flow stage takes them. */
static void test_established(void **state)
{
	struct harness *h = marked(&one, 'm', 1);
	struct packet packet = from_client(IPPROTO_TCP, 0, VIP, 443), want;
	struct rig_conn conn;

	pass(h, 0, &packet, 'm');
	packet.flags = ACK;
	packet.payload = "data";
	for (unsigned int n = 0; n < 3; n++) {
		packet.seq = 6 + 4 * n;
		rig_send(h, CLIENT_SIDE, &packet);
		conn = rig_conn_of(h, &packet);
		want = at_server(&packet, &conn, 'm', SERVER);
		rig_expect(h, SERVER_SIDE, &want);
	}
	rig_end(h);
}

/* Its mark's service, then its address's; a mark without a service is none. */
static void test_precedence(void **state)
{
	struct harness *h = marked(&one, 'm', 1);
	struct packet packet = from_client(IPPROTO_UDP, 0, VIP, 80), want;

	harness_run(h, "ipvsadm -A -u " VIP ":80 -s rr");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER2 ":80 -m");
	pass(h, 0, &packet, 'm');
	harness_run(h, "dpip mark add pref 1 from " CLIENT " mark 0");
	pass(h, 0, &packet, 'm'); /* it is a connection of that service still */
	packet.sport++;
	rig_send(h, CLIENT_SIDE, &packet);
	want = packet;
	want.dst = SERVER2;
	want.ttl = 63;
	rig_expect(h, SERVER_SIDE, &want);
	harness_run(h, "dpip mark del pref 1");
	harness_run(h, "dpip mark add pref 2 from " CLIENT " mark 99");
	packet.sport++;
	rig_send(h, CLIENT_SIDE, &packet);
	want.sport = packet.sport;
	rig_expect(h, SERVER_SIDE, &want);
	harness_run(h, "dpip mark flush");
	packet.dport = 443;
	rig_send(h, CLIENT_SIDE, &packet);
	assert_true(harness_all_drops(h) > 0); /* nobody's */
	while (rig_take(h, CLIENT_SIDE).len)
		;
	rig_end(h);
}

/* Which device it came by. */
static void test_iif(void **state)
{
	struct harness *h = rig_new(&three);
	struct packet packet = from_client(IPPROTO_UDP, 0, VIP, 80), want;

	harness_run(h, "dpip mark add to " VIP " iif dpdk1 mark 2");
	harness_run(h, "dpip mark add to " VIP " iif dpdk0 mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr -p");
	harness_run(h, "ipvsadm -A -f 2 -s rr -p");
	harness_run(h, "ipvsadm -a -f 1 -r " SERVER " -m");
	harness_run(h, "ipvsadm -a -f 2 -r " SERVER2 " -m");
	for (unsigned int queue = 0; queue < 3; queue++) {
		packet.sport++;
		pass(h, queue, &packet, 'm');
	}
	packet.src = SERVER;
	rig_send_to(h, SERVER_SIDE, 1, &packet);
	want = packet;
	want.dst = SERVER2;
	want.ttl = 63;
	rig_expect(h, SERVER_SIDE, &want);
	harness_run(h, "ipvsadm -C");
	rig_end(h);
}

/* Rules that do not say where to: what servers answer fits them, too, and is no connection. */
static void test_answers(void **state)
{
	struct harness *h = rig_new(&three);

	harness_run(h, "dpip mark add proto udp mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr");
	harness_run(h, "ipvsadm -a -f 1 -r " SERVER " -m");
	for (unsigned int flow = 0; flow < FLOWS; flow++) {
		struct packet packet = from_client(IPPROTO_UDP, flow, VIP, 80);

		for (unsigned int queue = 0; queue < 3; queue++)
			pass(h, queue, &packet, 'm');
	}
	assert_int_equal(rig_conns(h), FLOWS);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

/* Flows of that packet, every one of which goes on as it did when the former rules are forgotten.
 */
static void check_found_later(struct harness *h, unsigned int side, unsigned int out,
			      struct packet *packet)
{
	uint16_t lports[FLOWS];

	assert_non_null(h->all[1]->ipvs->former_marks);
	for (unsigned int flow = 0; flow < 2 * FLOWS; flow++) {
		struct frame got;

		packet->sport = (uint16_t)(20000 + flow % FLOWS);
		rig_send_to(h, side, (flow + flow / FLOWS) % 3, packet);
		got = rig_take(h, out);
		assert_true(got.len > 0);
		if (flow < FLOWS)
			lports[flow] = frame_u16(&got, L4);
		assert_int_equal(frame_u16(&got, L4), lports[flow % FLOWS]);
		if (flow != FLOWS - 1)
			continue;
		harness_turn(h);
		mark_former_sweep(h->all);
		harness_turn(h);
		assert_null(h->all[1]->ipvs->former_marks);
	}
	assert_int_equal(rig_conns(h), FLOWS);
	rig_end(h);
}

/*
 * Rules have led to a service by NAT, and lead to one by FNAT now, which opens connections where it
 * always does: they are found again when the former rules are forgotten. What comes from a server
 * of the former one is no exception.
 */
static void check_former(const char *client, unsigned int side)
{
	struct harness *h = rig_new(&three);
	struct packet packet = from_client(IPPROTO_UDP, 0, VIP, 80);

	harness_run(h, "dpip mark add to " VIP " mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr");
	harness_run(h, "ipvsadm -a -f 1 -r " SERVER " -m");
	harness_run(h, "ipvsadm -A -f 2 -s rr");
	harness_run(h, "ipvsadm -P -f 2 -z " LADDR " -F dpdk1");
	harness_run(h, "ipvsadm -a -f 2 -r " SERVER2 " -b");
	harness_run(h, "dpip mark flush");
	harness_run(h, "dpip mark add to " VIP " mark 2");
	packet.src = client;
	check_found_later(h, side, SERVER_SIDE, &packet);
}

/* ... and have led a device's all to it, whose hosts have a service by SNAT now; one of them is a
 * server of the former one. */
static void check_former_passing(const char *host, const char *ports)
{
	struct harness *h = rig_new(&three);
	struct packet packet = from_client(IPPROTO_UDP, 0, CLIENT, 53);
	char line[160];

	harness_run(h, "dpip mark add iif dpdk1 mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr");
	harness_run(h, "ipvsadm -a -f 1 -r " SERVER " -m");
	harness_run(h, "dpip mark flush");
	harness_run(h, "ipvsadm -A -H proto=udp,oif=dpdk0 -s rr");
	snprintf(line, sizeof(line), "ipvsadm -a -H proto=udp,oif=dpdk0 -r 10.0.0.201%s -J", ports);
	harness_run(h, line);
	while (rig_take(h, CLIENT_SIDE).len) /* the address is made known */
		;
	packet.src = host;
	check_found_later(h, SERVER_SIDE, CLIENT_SIDE, &packet);
}

static void test_former(void **state)
{
	check_former(CLIENT, CLIENT_SIDE);
	check_former(SERVER, SERVER_SIDE);
	check_former_passing(SERVER2, "");
	check_former_passing(SERVER, "");
	check_former_passing(SERVER2, ":1025-1040");
}

/* The last digit of its server's address. */
static char server_of(struct harness *h, const struct packet *packet, unsigned int queue,
		      uint16_t port)
{
	struct frame got;
	struct rig_conn conn;

	rig_send_to(h, CLIENT_SIDE, queue, packet);
	conn = rig_conn_of(h, packet);
	assert_int_not_equal(conn.id, CONN_NONE);
	got = rig_take(h, SERVER_SIDE);
	assert_int_equal(frame_u16(&got, L4 + 2), port);
	rig_expect_nothing(h);
	return conn.server_text[strlen(conn.server_text) - 1];
}

/*
 * HTTP and HTTPS, TCP and UDP: one client, one server, on whatever worker. A server's port counts
 * for none that stay, since they ask for several.
 */
static void check_persistent(const struct harness_options *options, char mode, const char *port)
{
	struct harness *h = marked(options, mode, 0);
	char line[128];
	unsigned int first = 0;

	harness_run(h, "ipvsadm -E -f 1 -p 60");
	snprintf(line, sizeof(line), "ipvsadm -a -f 1 -r " SERVER2 "%s -%c", port, mode);
	harness_run(h, line);
	for (unsigned int client = 0; client < 8; client++) {
		char src[IP_STR_LEN], server = 0;

		snprintf(src, sizeof(src), "10.0.0.%u", 100 + client);
		for (unsigned int flow = 0; flow < 6; flow++) {
			struct packet packet = from_client(flow % 3 ? IPPROTO_TCP : IPPROTO_UDP,
							   flow, VIP, flow % 2 ? 443 : 80);
			char its;

			packet.src = src;
			its = server_of(h, &packet, (flow + client) % h->n_workers, packet.dport);
			assert_true(flow == 0 || its == server);
			server = its;
		}
		first += server == '1';
	}
	assert_in_range(first, 2, 6);
	harness_run(h, "ipvsadm -C");
	rig_end(h);
}

static void test_persistent(void **state)
{
	check_persistent(&one, 'b', "");
	check_persistent(&three, 'b', "");
	check_persistent(&one, 'm', ":8080");
	check_persistent(&three, 'm', ":8080");
}

/* Without persistence a server's port is where all goes. */
static void test_server_port(void **state)
{
	struct harness *h = rig_new(&three);

	harness_run(h, "dpip mark add to " VIP " mark 1");
	harness_run(h, "ipvsadm -A -f 1 -s rr");
	harness_run(h, "ipvsadm -a -f 1 -r " SERVER ":8080 -m");
	for (unsigned int flow = 0; flow < 6; flow++) {
		struct packet packet = from_client(IPPROTO_UDP, flow, VIP, (uint16_t)(80 + flow));
		struct packet got = packet;
		struct rig_conn conn = { .seq_delta = 0 };

		assert_int_equal(server_of(h, &packet, flow % 3, 8080), '1');
		got.dst = SERVER;
		got.dport = 8080;
		for (unsigned int queue = 0; queue < 3; queue++)
			pass_back(h, queue, &packet, &got, &conn);
	}
	rig_end(h);
}

/* One datagram, one server; a TCP connection of such a service is one all the same. */
static void test_one_packet(void **state)
{
	struct harness *h = marked(&one, 'm', 2);
	struct packet packet = from_client(IPPROTO_UDP, 0, VIP, 80);

	harness_run(h, "ipvsadm -E -f 1 --ops");
	rig_send(h, CLIENT_SIDE, &packet);
	assert_true(rig_take(h, SERVER_SIDE).len > 0);
	assert_int_equal(rig_conns(h), 0);
	packet = from_client(IPPROTO_TCP, 0, VIP, 80);
	rig_send(h, CLIENT_SIDE, &packet);
	assert_true(rig_take(h, SERVER_SIDE).len > 0);
	assert_int_equal(rig_conns(h), 1);
	rig_end(h);
}

/* ---- IPv6 ---- */

#define C6 "20010db8000000000000000000000002"
#define V6 "20010db8000000000000000000000010"
#define S6 "20010db8000100000000000000000002"
#define L6 "20010db80001000000000000000000c8"

/* 5 bytes of UDP behind the hop limit. */
static struct bytes udp6(const char *l2, unsigned int hops, const char *src, const char *dst,
			 unsigned int sport, unsigned int dport)
{
	char ip[256];

	snprintf(ip, sizeof(ip), "60000000 000d 11%02x %s %s %04x%04x000d0000 68656c6c6f", hops,
		 src, dst, sport, dport);
	return ip4_frame(l2, ip, 0);
}

static void send_queue(struct harness *h, unsigned int port, unsigned int queue,
		       const struct bytes *frame)
{
	harness_inject(h, port, queue, frame->at, frame->len);
	harness_turn(h);
}

static unsigned int lport6(const struct bytes *got)
{
	return (unsigned int)(got->at[L3 + 40] << 8 | got->at[L3 + 41]);
}

static void check_mode6(const struct harness_options *options, char mode)
{
	struct harness *h = ip6_rig_new(options);
	struct bytes frame, got, want;
	unsigned int lport;

	harness_run(h, "dpip mark add to 2001:db8::10 proto udp mark 1");
	harness_run(h, "ipvsadm -A -f 1 -6 -s rr");
	harness_run(h, "ipvsadm -P -f 1 -6 -z 2001:db8:1::c8 -F dpdk1");
	run_mode(h, "ipvsadm -a -f 1 -6 -r 2001:db8:1::2 -%c", mode);
	harness_advance(h, 5000);
	ip4_count_frames(h, 0);
	ip4_count_frames(h, 1);
	for (unsigned int flow = 0; flow < 6; flow++) {
		unsigned int queue = flow % h->n_workers, port = 80 + flow;

		frame = udp6(TO6_0, 64, C6, V6, 30000 + flow, port);
		send_queue(h, 0, queue, &frame);
		got.len = harness_take(h, 1, got.at, sizeof(got.at));
		assert_true(got.len > 0);
		lport = mode == 'b' ? lport6(&got) : 30000 + flow;
		want = udp6(FROM6_1, 63, mode == 'b' ? L6 : C6, mode == 'g' ? V6 : S6, lport, port);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.at, want.at, want.len);
		if (mode == 'g')
			continue;
		frame = udp6(TO6_1, 64, S6, mode == 'b' ? L6 : C6, port, lport);
		send_queue(h, 1, (queue + 1) % h->n_workers, &frame);
		want = udp6(FROM6_0, 63, V6, C6, port, 30000 + flow);
		ip4_expect(h, 0, &want);
	}
	assert_int_equal(rig_conns(h), 6);
	rig_end(h);
}

static void test_modes6(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_mode6(&one, *mode);
		check_mode6(&three, *mode);
	}
}

/* Every port of an address: a client's connections stay together, ports as they are. */
static void check_any_port6(const struct harness_options *options, char mode)
{
	struct harness *h = ip6_rig_new(options);
	struct bytes frame, got, want;

	harness_run(h, "ipvsadm -A -u [2001:db8::10]:0 -s rr -p 60 -M 64");
	harness_run(h, "ipvsadm -P -u [2001:db8::10]:0 -z 2001:db8:1::c8 -F dpdk1");
	run_mode(h, "ipvsadm -a -u [2001:db8::10]:0 -r 2001:db8:1::2 -%c", mode);
	assert_non_null(
		strstr(harness_refused(h, "ipvsadm -A -u [2001:db8::11]:0 -s rr"), "persistent"));
	harness_advance(h, 5000);
	ip4_count_frames(h, 0);
	ip4_count_frames(h, 1);
	for (unsigned int flow = 0; flow < 6; flow++) {
		unsigned int port = 80 + flow, lport = 30000;

		frame = udp6(TO6_0, 64, C6, V6, lport, port);
		send_queue(h, 0, flow % h->n_workers, &frame);
		got.len = harness_take(h, 1, got.at, sizeof(got.at));
		assert_true(got.len > 0);
		if (mode == 'b')
			lport = lport6(&got);
		want = udp6(FROM6_1, 63, mode == 'b' ? L6 : C6, mode == 'g' ? V6 : S6, lport, port);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.at, want.at, want.len);
		if (mode == 'g')
			continue;
		frame = udp6(TO6_1, 64, S6, mode == 'b' ? L6 : C6, port, lport);
		send_queue(h, 1, (flow + 1) % h->n_workers, &frame);
		want = udp6(FROM6_0, 63, V6, C6, port, 30000);
		ip4_expect(h, 0, &want);
	}
	assert_int_equal(rig_conns(h), 6);
	for (unsigned int i = 1, sum = 0; i <= h->n_workers; i++) {
		sum += conn_count(h->all[i]->ipvs->templates);
		if (i == h->n_workers)
			assert_int_equal(sum, 1);
	}
	harness_run(h, "ipvsadm -C");
	rig_end(h);
}

static void test_any_port6(void **state)
{
	for (const char *mode = "bmg"; *mode; mode++) {
		check_any_port6(&one, *mode);
		check_any_port6(&three, *mode);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),      cmocka_unit_test(test_established),
		cmocka_unit_test(test_precedence), cmocka_unit_test(test_iif),
		cmocka_unit_test(test_answers),    cmocka_unit_test(test_former),
		cmocka_unit_test(test_persistent), cmocka_unit_test(test_server_port),
		cmocka_unit_test(test_one_packet), cmocka_unit_test(test_modes6),
		cmocka_unit_test(test_any_port6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

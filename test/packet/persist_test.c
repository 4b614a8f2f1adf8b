/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Persistent and one-packet services, with one worker and with three: whichever
 * queue a client's connections arrive on, they get the same server, and their
 * packets find them where they are opened. Templates live as in the kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/service.h"
#include "ipvs/template.h"
#include "packet/dr_rig.h"

#define CLIENTS 24
#define EACH    6 /* connections of a client */

static const struct harness_options one = { .n_workers = 1, .forwarding = true };
static const struct harness_options three = { .n_workers = 3, .forwarding = true };

static uint32_t templates(const struct harness *h)
{
	uint32_t n = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		n += conn_count(h->all[i]->ipvs->templates);
	return n;
}

/* What no worker's table must have any more once rig_end() has waited. */
static void end(struct harness *h)
{
	for (unsigned int tries = 0; templates(h) && tries < 200; tries++) {
		harness_advance(h, 10000);
		while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
			;
	}
	assert_int_equal(templates(h), 0);
	for (unsigned int i = 1; i <= h->n_workers; i++)
		for (uint32_t id = 0; id < 8; id++)
			assert_int_equal(h->all[i]->ipvs->services->dests[id].persistent, 0);
	rig_end(h);
}

static const char *client_name(unsigned int client, char *text)
{
	snprintf(text, IP_STR_LEN, "10.0.%u.%u", 1 + client / 4, 2 + client % 4);
	return text;
}

static struct packet first_of(const char *client, uint8_t proto, unsigned int n)
{
	return packet_first(client, proto, (uint16_t)(30000 + n));
}

/* A new connection, its packet on that queue; the last digit of its server's address. */
static unsigned int open_on(struct harness *h, const char *client, uint8_t proto, unsigned int n,
			    unsigned int queue)
{
	struct packet packet = first_of(client, proto, n), want;
	struct rig_conn conn;

	rig_send_to(h, CLIENT_SIDE, queue, &packet);
	conn = rig_conn(h, proto, client, packet.sport);
	assert_int_not_equal(conn.id, CONN_NONE);
	want = packet_at_server(&packet, &conn);
	rig_expect(h, SERVER_SIDE, &want);
	return (unsigned int)(conn.server_text[strlen(conn.server_text) - 1] - '0');
}

static struct harness *persistent(const struct harness_options *options, uint8_t proto,
				  const char *ways)
{
	struct harness *h = rig_new(options);
	char line[160];

	rig_service(h, proto == IPPROTO_TCP ? 't' : 'u', 2);
	snprintf(line, sizeof(line), "ipvsadm -E -%c " VIP ":80 %s",
		 proto == IPPROTO_TCP ? 't' : 'u', ways);
	harness_run(h, line);
	return h;
}

static void check_same_server(const struct harness_options *options, uint8_t proto)
{
	struct harness *h = persistent(options, proto, "-p 60");
	unsigned int of[CLIENTS] = { 0 }, first = 0;

	for (unsigned int n = 0; n < EACH; n++)
		for (unsigned int client = 0; client < CLIENTS; client++) {
			char name[IP_STR_LEN];
			unsigned int server = open_on(h, client_name(client, name), proto, n,
						      (n + client) % options->n_workers);

			if (n == 0)
				of[client] = server;
			assert_int_equal(server, of[client]);
		}
	for (unsigned int client = 0; client < CLIENTS; client++)
		first += of[client] == 1;
	assert_in_range(first, CLIENTS / 4, CLIENTS * 3 / 4);
	assert_int_equal(templates(h), CLIENTS);
	assert_int_equal(rig_conns(h), CLIENTS * EACH);
	assert_int_equal(harness_all_drops(h), 0);
	end(h);
}

static void test_same_server(void **state)
{
	check_same_server(&one, IPPROTO_TCP);
	check_same_server(&one, IPPROTO_UDP);
	check_same_server(&three, IPPROTO_TCP);
	check_same_server(&three, IPPROTO_UDP);
}

/* The first packet goes to its home and comes back; those behind it stay where they arrive. */
static void test_later_packets_stay(void **state)
{
	struct harness *h = persistent(&three, IPPROTO_TCP, "-p");
	unsigned int away = 0;

	for (unsigned int n = 0; n < 40; n++) {
		struct packet packet = first_of(CLIENT, IPPROTO_TCP, n);
		struct rig_conn conn;
		uint64_t before;

		open_on(h, CLIENT, IPPROTO_TCP, n, 0);
		conn = rig_conn(h, IPPROTO_TCP, CLIENT, packet.sport);
		before = harness_handed_out(h);
		rig_send_to(h, CLIENT_SIDE, conn.w->id - 1, &packet);
		assert_true(rig_take(h, SERVER_SIDE).len > 0);
		assert_int_equal(harness_handed_out(h), before);
		away += conn.w->id !=
			template_home(conn.w, conn.w->ipvs->services->services,
				      &(struct tuple){ .src = ip_from_v4(htonl(0x0a000064)),
						       .family = AF_INET });
	}
	/* most of them had another home than the worker that has them */
	assert_in_range(away, 15, 39);
	assert_int_equal(templates(h), 1);
	end(h);
}

static void test_netmask(void **state)
{
	for (unsigned int workers = 1; workers <= 3; workers += 2) {
		struct harness *h = persistent(workers == 1 ? &one : &three, IPPROTO_TCP,
					       "-p 60 -M 255.255.255.0");
		unsigned int net = open_on(h, "10.0.7.2", IPPROTO_TCP, 0, 0), others = 0;

		for (unsigned int i = 3; i < 20; i++) {
			char name[IP_STR_LEN];

			snprintf(name, sizeof(name), "10.0.7.%u", i);
			assert_int_equal(open_on(h, name, IPPROTO_TCP, 0, i % workers), net);
			snprintf(name, sizeof(name), "10.1.%u.2", i);
			others += open_on(h, name, IPPROTO_TCP, 0, i % workers) != net;
		}
		assert_in_range(others, 4, 13);
		assert_int_equal(templates(h), 1 + 17);
		end(h);
	}
}

static uint64_t persist_conns(const struct harness *h)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		for (uint32_t id = 0; id < 8; id++)
			sum += h->all[i]->ipvs->services->dests[id].persistent;
	return sum;
}

static void advance(struct harness *h, uint64_t ms)
{
	harness_advance(h, ms);
	while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
		;
}

/* UDP connections live for 300 s, the template for 20 s and as long as they do. */
static void check_life(const struct harness_options *options)
{
	struct harness *h = persistent(options, IPPROTO_UDP, "-p 20");

	for (unsigned int n = 0; n < 9; n++)
		open_on(h, CLIENT, IPPROTO_UDP, n, n % options->n_workers);
	assert_int_equal(persist_conns(h), 1);
	advance(h, 290000);
	assert_int_equal(rig_conns(h), 9);
	assert_int_equal(templates(h), 1);
	assert_int_equal(persist_conns(h), 1);
	advance(h, 15000);
	assert_int_equal(rig_conns(h), 0);
	/* at the end of the minute that it had got while there were connections */
	advance(h, 60000);
	assert_int_equal(templates(h), 0);
	assert_int_equal(persist_conns(h), 0);
	open_on(h, CLIENT, IPPROTO_UDP, 0, 0);
	end(h);
}

static void test_life(void **state)
{
	check_life(&one);
	check_life(&three);
}

/* Without connections it lives for its time from the last one's opening. */
static void test_time_starts_anew(void **state)
{
	const struct harness_options options = { .n_workers = 3, .udp_timeout_s = { 5, 5, 5 } };
	struct harness *h = persistent(&options, IPPROTO_UDP, "-p 20");

	for (unsigned int n = 0; n < 4; n++) {
		open_on(h, CLIENT, IPPROTO_UDP, n, n % 3);
		advance(h, 15000);
		assert_int_equal(rig_conns(h), 0);
		assert_int_equal(templates(h), 1);
	}
	advance(h, 6000);
	assert_int_equal(templates(h), 0);
	end(h);
}

static const char *server_of(unsigned int digit)
{
	return digit == 1 ? SERVER : SERVER2;
}

static void check_servers_change(const struct harness_options *options)
{
	struct harness *h = persistent(options, IPPROTO_TCP, "-p 60");
	unsigned int server = open_on(h, CLIENT, IPPROTO_TCP, 0, 0), n = 1;
	struct packet packet;

	/* weight 0 keeps those who have it */
	rig_weight(h, 't', server_of(server), 0);
	for (; n < 7; n++)
		assert_int_equal(open_on(h, CLIENT, IPPROTO_TCP, n, n % options->n_workers),
				 server);
	/* one that is removed does not */
	rig_remove_server(h, 't', server_of(server));
	for (; n < 13; n++)
		assert_int_equal(open_on(h, CLIENT, IPPROTO_TCP, n, n % options->n_workers),
				 3 - server);
	assert_int_equal(templates(h), 1);
	assert_int_equal(persist_conns(h), 1);
	rig_remove_server(h, 't', server_of(3 - server));
	packet = first_of(CLIENT, IPPROTO_TCP, n);
	for (unsigned int queue = 0; queue < options->n_workers; queue++) {
		rig_send_to(h, CLIENT_SIDE, queue, &packet);
		rig_expect_icmp(h, CLIENT_SIDE, 3, 3, VIP, 0, &packet);
	}
	assert_int_equal(harness_drops(h, DROP_IPVS_NO_SERVER), options->n_workers);
	end(h);
}

static void test_servers_change(void **state)
{
	check_servers_change(&one);
	check_servers_change(&three);
}

/* Key expire_quiescent_template: weight 0 loses its clients. */
static void test_quiescent(void **state)
{
	struct harness *h = persistent(&three, IPPROTO_TCP, "-p 60");
	unsigned int server = open_on(h, CLIENT, IPPROTO_TCP, 0, 0);

	for (unsigned int i = 1; i <= h->n_workers; i++)
		h->all[i]->ipvs->config.expire_quiescent_template = true;
	for (unsigned int n = 1; n < 4; n++)
		assert_int_equal(open_on(h, CLIENT, IPPROTO_TCP, n, n % 3), server);
	rig_weight(h, 't', server_of(server), 0);
	for (unsigned int n = 4; n < 8; n++)
		assert_int_equal(open_on(h, CLIENT, IPPROTO_TCP, n, n % 3), 3 - server);
	assert_int_equal(templates(h), 1);
	end(h);
}

/* Not the service, but its connections outlive it. */
static void test_service_goes(void **state)
{
	struct harness *h = persistent(&three, IPPROTO_UDP, "-p 60");

	for (unsigned int n = 0; n < 6; n++)
		open_on(h, CLIENT, IPPROTO_UDP, n, n % 3);
	rig_remove_service(h, 'u');
	advance(h, 400000);
	assert_int_equal(templates(h), 0);
	rig_service(h, 'u', 1);
	open_on(h, CLIENT, IPPROTO_UDP, 0, 0);
	assert_int_equal(templates(h), 0);
	end(h);
}

static void check_one_packet(const struct harness_options *options)
{
	struct harness *h = rig_new(options);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0);

	harness_run(h, "ipvsadm -A -u " VIP ":80 -s rr --ops");
	dr_server(h, IPPROTO_UDP, SERVER);
	dr_server(h, IPPROTO_UDP, SERVER2);
	assert_non_null(
		strstr(harness_refused(h, "ipvsadm -a -u " VIP ":80 -r 192.168.0.13 -b"), "--ops"));
	for (unsigned int i = 0; i < 12; i++) {
		struct frame frame, want;
		struct packet on = dr_on(packet);

		rig_send_to(h, CLIENT_SIDE, i % options->n_workers, &packet);
		frame = rig_take(h, SERVER_SIDE);
		want = frame_out(SERVER_SIDE, &on);
		assert_int_equal(frame.len, want.len);
		assert_memory_equal(frame.bytes + L3, want.bytes + L3, want.len - L3);
		rig_expect_nothing(h);
		assert_int_equal(rig_conns(h), 0);
	}
	for (unsigned int i = 0; i < 2; i++) {
		struct rig_counts counts = rig_counts(h, IPPROTO_UDP, i);

		assert_int_equal(counts.conns, 6);
		assert_int_equal(counts.inpkts, 6);
		assert_int_equal(counts.active + counts.inactive, 0);
	}
	assert_int_equal(harness_all_drops(h), 0);
	end(h);
}

static void test_one_packet(void **state)
{
	check_one_packet(&one);
	check_one_packet(&three);
}

/* NAT: out with the server's address, and an answer is nobody's: it is routed as it came. */
static void test_one_packet_nat(void **state)
{
	struct harness *h = rig_new(&one);
	struct packet packet = dr_from_client(IPPROTO_UDP, CPORT, 0), want = packet;
	struct packet answer = { .src = SERVER,
				 .dst = CLIENT,
				 .sport = 8080,
				 .dport = CPORT,
				 .proto = IPPROTO_UDP,
				 .payload = "answer" };

	harness_run(h, "ipvsadm -A -u " VIP ":80 -s rr --ops");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER ":8080 -m");
	for (unsigned int i = 0; i < 3; i++) {
		rig_send(h, CLIENT_SIDE, &packet);
		want.dst = SERVER;
		want.dport = 8080;
		want.ttl = 63;
		rig_expect(h, SERVER_SIDE, &want);
		assert_int_equal(rig_conns(h), 0);
	}
	rig_send(h, SERVER_SIDE, &answer);
	answer.ttl = 63;
	rig_expect(h, CLIENT_SIDE, &answer);
	end(h);
}

/* All ports of an address: each connection keeps its own, and one client's meet one server. */
static void check_any_port(const struct harness_options *options, const char *mode)
{
	struct harness *h = rig_new(options);
	char server[IP_STR_LEN] = "", line[160];
	bool nat = strcmp(mode, "-m") == 0, dr = strcmp(mode, "-g") == 0;

	harness_run(h, "ipvsadm -A -t " VIP ":0 -s rr -p 60");
	harness_run(h, "ipvsadm -P -t " VIP ":0 -z " LADDR " -F dpdk1");
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(line, sizeof(line), "ipvsadm -a -t " VIP ":0 -r %s %s",
			 i ? SERVER2 : SERVER, mode);
		harness_run(h, line);
	}
	for (unsigned int n = 0; n < 12; n++) {
		struct packet packet = first_of(CLIENT, IPPROTO_TCP, n), answer;
		union ip_addr to = { .u64 = { 0, 0 } };
		char now[IP_STR_LEN];
		struct frame got;

		packet.dport = (uint16_t)(n == 3 ? 80 : 100 + n * 5000);
		rig_send_to(h, CLIENT_SIDE, n % h->n_workers, &packet);
		got = rig_take(h, SERVER_SIDE);
		assert_true(got.len > 0);
		assert_int_equal(frame_u16(&got, L4 + 2), packet.dport);
		if (dr)
			continue;
		memcpy(&to, got.bytes + L3 + 16, 4);
		ip_str(AF_INET, &to, now);
		if (n == 0)
			memcpy(server, now, sizeof(server));
		assert_string_equal(now, server);
		answer = (struct packet){ .src = server,
					  .dst = nat ? CLIENT : LADDR,
					  .sport = packet.dport,
					  .dport = frame_u16(&got, L4),
					  .flags = SYN | ACK,
					  .ack = frame_u32(&got, L4 + 4) + 1,
					  .seq = 70 };
		rig_send_to(h, SERVER_SIDE, (n + 1) % h->n_workers, &answer);
		answer.src = VIP;
		answer.dst = CLIENT;
		answer.dport = packet.sport;
		answer.ack = 6;
		answer.ttl = 63;
		rig_expect(h, CLIENT_SIDE, &answer);
	}
	assert_int_equal(rig_conns(h), 12);
	assert_int_equal(templates(h), 1);
	assert_int_equal(harness_all_drops(h), 0);
	end(h);
}

static void test_any_port(void **state)
{
	static const char *const modes[] = { "-b", "-m", "-g" };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		check_any_port(&one, modes[i]);
		check_any_port(&three, modes[i]);
	}
}

/* A service of a port of its own comes first. */
static void test_port_before_any(void **state)
{
	struct harness *h = rig_new(&three);
	struct packet packet = first_of(CLIENT, IPPROTO_TCP, 1);

	rig_service(h, 't', 1);
	harness_run(h, "ipvsadm -A -t " VIP ":0 -s rr -p 60");
	rig_send(h, CLIENT_SIDE, &packet);
	assert_string_equal(rig_conn(h, IPPROTO_TCP, CLIENT, packet.sport).server_text, SERVER);
	assert_int_equal(templates(h), 0);
	while (rig_take(h, SERVER_SIDE).len)
		;
	/* the others are of the one that has no server */
	packet.dport = 81;
	rig_send(h, CLIENT_SIDE, &packet);
	rig_expect_icmp(h, CLIENT_SIDE, 3, 3, VIP, 0, &packet);
	end(h);
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "ipvsadm -A -t " VIP ":81 --ops", "UDP" },
		{ "ipvsadm -E -u " VIP ":80 --ops", "FNAT" },
		{ "ipvsadm -a -u " VIP ":0 -r " SERVER ":80 -b", "allowed: port 0" },
		{ "ipvsadm -E -u " VIP ":0 -p 0", "persistent" },
		{ "ipvsadm -a -u " VIP ":80 -r " SERVER ":0 -b", "port 0" },
	};
	struct harness *h = rig_new(&one);

	rig_service(h, 'u', 1);
	harness_run(h, "ipvsadm -A -u " VIP ":0 -p");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_non_null(strstr(harness_refused(h, rows[i].line), rows[i].says));
	end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_server),      cmocka_unit_test(test_later_packets_stay),
		cmocka_unit_test(test_netmask),          cmocka_unit_test(test_life),
		cmocka_unit_test(test_time_starts_anew), cmocka_unit_test(test_servers_change),
		cmocka_unit_test(test_service_goes),     cmocka_unit_test(test_one_packet),
		cmocka_unit_test(test_one_packet_nat),   cmocka_unit_test(test_quiescent),
		cmocka_unit_test(test_any_port),         cmocka_unit_test(test_port_before_any),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

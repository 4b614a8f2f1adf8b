/* SPDX-License-Identifier: BSD-3-Clause */
/* packet/fnat_tcp: see the header. Acknowledgements are given as the client means them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "packet/fnat_tcp.h"

struct packet tcp_from_client(uint8_t flags, uint32_t seq, uint32_t ack)
{
	return (struct packet){ .src = CLIENT,
				.dst = VIP,
				.sport = CPORT,
				.dport = 80,
				.flags = flags,
				.seq = seq,
				.ack = ack,
				.id = 7,
				.tos = 0x10,
				.fragment = 0x4000 };
}

struct packet tcp_from_server(const struct rig_conn *conn, uint8_t flags, uint32_t seq,
			      uint32_t ack)
{
	return (struct packet){ .src = SERVER,
				.dst = LADDR,
				.sport = 8080,
				.dport = conn->lport,
				.flags = flags,
				.seq = seq,
				.ack = ack + conn->seq_delta,
				.id = 9 };
}

/* What becomes of a packet on the way: TTL, addresses and ports, TCP numbers. */
struct packet tcp_at_server(const struct rig_conn *conn, struct packet packet)
{
	packet.src = LADDR;
	packet.dst = conn->server_text;
	packet.sport = conn->lport;
	packet.dport = 8080;
	packet.seq += conn->seq_delta;
	packet.ttl = 63;
	return packet;
}

struct packet tcp_at_client(const struct rig_conn *conn, struct packet packet)
{
	packet.src = VIP;
	packet.dst = CLIENT;
	packet.sport = 80;
	packet.dport = CPORT;
	packet.ack -= conn->seq_delta;
	packet.ttl = 63;
	return packet;
}

struct rig_conn tcp_conn(struct harness *h)
{
	return rig_conn(h, IPPROTO_TCP, CLIENT, CPORT);
}

void tcp_pass_in(struct harness *h, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct packet packet = tcp_from_client(flags, seq, ack), want;
	struct rig_conn conn;

	rig_send(h, CLIENT_SIDE, &packet);
	conn = tcp_conn(h);
	assert_int_not_equal(conn.id, CONN_NONE);
	want = tcp_at_server(&conn, packet);
	rig_expect(h, SERVER_SIDE, &want);
}

void tcp_pass_out(struct harness *h, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct rig_conn conn = tcp_conn(h);
	struct packet packet = tcp_from_server(&conn, flags, seq, ack);
	struct packet want = tcp_at_client(&conn, packet);

	rig_send(h, SERVER_SIDE, &packet);
	rig_expect(h, CLIENT_SIDE, &want);
}

void tcp_assert_state(struct harness *h, enum tcp_state state, unsigned int active,
		      unsigned int inactive)
{
	struct rig_counts counts = rig_counts(h, IPPROTO_TCP, 0);

	assert_string_equal(tcp_state_names[tcp_conn(h).conn->state], tcp_state_names[state]);
	assert_int_equal(counts.active, active);
	assert_int_equal(counts.inactive, inactive);
}

void tcp_establish(struct harness *h)
{
	tcp_pass_in(h, SYN, ISN, 0);
	tcp_pass_out(h, SYN | ACK, SISN, ISN + 1);
	tcp_pass_in(h, ACK, ISN + 1, SISN + 1);
	tcp_assert_state(h, TCP_ESTABLISHED, 1, 0);
}

struct harness *tcp_rig_new(const struct harness_options *options)
{
	struct harness *h = rig_new(options);

	rig_service(h, 't', 1);
	return h;
}

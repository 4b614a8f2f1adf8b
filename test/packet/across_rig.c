/* SPDX-License-Identifier: BSD-3-Clause */
/* packet/across_rig: see the header. IPv6 packets get their L4 bytes from IPv4's builder. */
#include "packet/across_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"

static bool is_six(const char *address)
{
	return strchr(address, ':');
}

struct harness *across_networks(const struct harness_options *options)
{
	struct harness *h = rig_new(options);

	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	harness_run(h, "dpip addr add " VIP6 "/128 dev dpdk0");
	harness_run(h, "dpip addr add 2001:db8:1::1/64 dev dpdk1");
	harness_run(h, "dpip -6 route add 2001:db8:9::/64 via " SERVER6 " dev dpdk1 mtu 1400");
	harness_neigh(h, CLIENT6, "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, SERVER6, "06:00:00:00:01:0b", "dpdk1");
	return h;
}

/* `name`: how commands name the service. */
static void service(struct across *a, const char *name)
{
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -A %s -s rr", name);
	harness_run(a->h, line);
	snprintf(line, sizeof(line), "ipvsadm -P %s -z %s -F dpdk1", name, a->laddr);
	harness_run(a->h, line);
	snprintf(line, sizeof(line), "ipvsadm -a %s -r %s%s%s:8080 -b", name, a->six ? "" : "[",
		 a->server, a->six ? "" : "]");
	harness_run(a->h, line);
}

struct across across_new(const struct harness_options *options, bool six, uint8_t proto)
{
	struct across a = {
		.h = across_networks(options),
		.six = six,
		.proto = proto,
		.client = six ? CLIENT6 : CLIENT,
		.vip = six ? VIP6 : VIP,
		.laddr = six ? LADDR : LADDR6,
		.server = six ? SERVER : SERVER6,
	};
	char name[64];

	if (proto == IPPROTO_ICMP) {
		snprintf(name, sizeof(name), "dpip mark add to %s proto icmp mark 1", a.vip);
		harness_run(a.h, name);
		service(&a, six ? "-f 1 -6" : "-f 1");
	} else {
		snprintf(name, sizeof(name), "%s %s%s%s:80", rig_option(proto), six ? "[" : "",
			 a.vip, six ? "]" : "");
		service(&a, name);
	}
	across_settle(&a);
	return a;
}

void across_settle(struct across *a)
{
	harness_advance(a->h, 5000); /* nobody else has the addresses */
	for (unsigned int side = 0; side < 2; side++)
		while (rig_take(a->h, side).len)
			;
}

void across_end(struct across *a)
{
	rig_end(a->h);
}

static void put_checksum6(uint8_t *ip, size_t len, const struct packet *packet)
{
	size_t at = IP6 + (packet->proto == IPPROTO_ICMPV6 ? 2u
			   : packet->proto == IPPROTO_UDP  ? 6u
							   : 16u);
	uint16_t sum;

	if (packet->proto == IPPROTO_SCTP) /* it is over no address */
		return;
	rig6_put16(ip + at, 0);
	sum = rig6_checksum(ip, IP6, len, ip[6]);
	if (!packet->no_checksum)
		rig6_put16(ip + at, sum ^ packet->damage);
}

static size_t build6(uint8_t *ip, const struct packet *packet)
{
	struct packet four = *packet;
	uint8_t bytes[FRAME_MAX];
	size_t l4_len;

	four.src = four.dst = "0.0.0.0";
	if (four.proto == IPPROTO_ICMPV6)
		four.proto = IPPROTO_ICMP;
	l4_len = packet_build(bytes, &four) - 20;
	rig6_header(ip, packet->src, packet->dst, packet->proto ? packet->proto : IPPROTO_TCP,
		    packet->ttl ? packet->ttl : LIFE, l4_len);
	ip[0] = (uint8_t)(0x60 | packet->tos >> 4);
	ip[1] = (uint8_t)(packet->tos << 4);
	memcpy(ip + IP6, bytes + 20, l4_len);
	put_checksum6(ip, IP6 + l4_len, packet);
	return IP6 + l4_len;
}

size_t across_build(uint8_t *ip, const struct packet *packet)
{
	return is_six(packet->src) ? build6(ip, packet) : packet_build(ip, packet);
}

void across_send(struct across *a, unsigned int side, unsigned int queue,
		 const struct packet *packet)
{
	uint8_t ip[FRAME_MAX];

	if (is_six(packet->src))
		rig6_send_bytes(a->h, side, queue, ip, build6(ip, packet));
	else
		rig_send_to(a->h, side, queue, packet);
}

static void print_bytes(const char *name, const uint8_t *bytes, size_t len)
{
	fprintf(stderr, "%s (%zu):", name, len);
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%s%02x", i % 16 ? " " : "\n\t", bytes[i]);
	fprintf(stderr, "\n");
}

void across_expect_at(struct across *a, unsigned int side, const struct packet *packet,
		      const char *file, int line)
{
	const uint8_t l2[L3] = { 6, 0, 0, 0, side, side ? 0x0b : 0x64, 2, 0, 0, 0, 0, side };
	struct frame got = rig_take(a->h, side);
	struct packet want = *packet;
	uint8_t bytes[FRAME_MAX];
	size_t len;

	if (!is_six(want.src) && want.id == 0)
		want.id = frame_u16(&got, L3 + 4);
	memcpy(bytes, l2, L3);
	rig6_put16(bytes + 12, is_six(want.src) ? 0x86dd : 0x0800);
	len = L3 + across_build(bytes + L3, &want);
	if (got.len != len || memcmp(got.bytes, bytes, len) != 0) {
		print_bytes("sent", got.bytes, got.len);
		print_bytes("wanted", bytes, len);
		fprintf(stderr, "packets given up: %lu\n", (unsigned long)harness_all_drops(a->h));
		_fail(file, line);
	}
	rig_expect_nothing_at(a->h, file, line);
}

struct rig_conn across_conn(struct across *a)
{
	return across_conn_of(a, CPORT);
}

struct rig_conn across_conn_of(struct across *a, uint16_t sport)
{
	struct tuple out, in = { .proto = a->proto,
				 .family = a->six ? AF_INET6 : AF_INET,
				 .sport = htons(sport),
				 .dport = htons(80) };
	struct rig_conn found = { .id = CONN_NONE };
	unsigned int family;
	enum conn_dir dir;

	if (a->proto == IPPROTO_ICMP) {
		in.proto = a->six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		in.dport = 0;
	}
	ip_parse(a->client, &family, &in.src);
	ip_parse(a->vip, &family, &in.dst);
	for (unsigned int i = 1; i <= a->h->n_workers; i++) {
		struct conn_table *conns = a->h->all[i]->ipvs->conns;
		uint32_t id = conn_lookup(conns, &in, &dir);

		if (id == CONN_NONE)
			continue;
		assert_int_equal(found.id, CONN_NONE); /* only one worker has it */
		conn_tuple(conns, id, CONN_OUT, &out);
		found = (struct rig_conn){ .w = a->h->all[i],
					   .id = id,
					   .conn = conn_get(conns, id) };
		found.lport = ntohs(out.dport);
		found.seq_delta = found.conn->flags & CONN_SEQ ? found.conn->seq_delta : 0;
		found.ts_delta = found.conn->flags & CONN_TS ? found.conn->ts_delta : 0;
	}
	return found;
}

struct packet across_from_client(const struct across *a)
{
	return (struct packet){ .src = a->client,
				.dst = a->vip,
				.sport = CPORT,
				.dport = 80,
				.proto = a->proto,
				.tos = 0xb8,
				.id = a->six ? 0 : 7,
				.seq = TCP_ISN,
				.flags = a->proto == IPPROTO_SCTP ? 1 /* INIT */ : SYN,
				.payload = "hello" };
}

struct packet across_at_server(const struct across *a, const struct rig_conn *conn,
			       struct packet packet)
{
	packet.src = a->laddr;
	packet.dst = a->server;
	packet.sport = conn->lport;
	packet.dport = 8080;
	packet.seq += conn->seq_delta;
	packet.ttl = harness_ttl(a->h, packet.ttl ? packet.ttl : LIFE);
	packet.id = 0;
	packet.fragment = 0;
	return packet;
}

struct packet across_from_server(const struct across *a, const struct rig_conn *conn)
{
	return (struct packet){ .src = a->server,
				.dst = a->laddr,
				.sport = 8080,
				.dport = conn->lport,
				.proto = a->proto,
				.tos = 0x03,
				.id = a->six ? 9 : 0,
				.seq = 70000,
				.ack = TCP_ISN + 1 + conn->seq_delta,
				.flags = SYN | ACK,
				.payload = "world!" };
}

struct packet across_at_client(const struct across *a, const struct rig_conn *conn,
			       struct packet packet)
{
	packet.src = a->vip;
	packet.dst = a->client;
	packet.sport = 80;
	packet.dport = CPORT;
	packet.ack -= conn->seq_delta;
	packet.ttl = harness_ttl(a->h, packet.ttl ? packet.ttl : LIFE);
	packet.id = 0;
	packet.fragment = 0;
	return packet;
}

struct rig_conn across_open(struct across *a, struct packet *sent, struct packet *went)
{
	struct rig_conn conn;

	*sent = across_from_client(a);
	across_send(a, CLIENT_SIDE, 0, sent);
	conn = across_conn(a);
	assert_int_not_equal(conn.id, CONN_NONE);
	*went = across_at_server(a, &conn, *sent);
	across_expect(a, SERVER_SIDE, went);
	return conn;
}

struct packet across_echo(uint8_t *l4, bool request, const char *from, const char *to, uint16_t id,
			  uint16_t seq)
{
	bool six = is_six(from);
	uint8_t type = six ? (request ? 128 : 129) : (request ? 8 : 0);

	return (struct packet){
		.src = from,
		.dst = to,
		.proto = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
		.l4 = l4,
		.l4_len = icmp_build(l4, type, 0, (uint32_t)id << 16 | seq,
				     (const uint8_t *)"abcde", 5),
	};
}

struct packet across_error_packet(const char *from, const char *to, uint16_t type_code,
				  uint32_t rest, const struct packet *about, size_t quoted,
				  uint8_t l4[FRAME_MAX])
{
	uint8_t bytes[FRAME_MAX];
	size_t len = across_build(bytes, about);

	if (quoted && quoted < len)
		len = quoted;
	return (struct packet){
		.src = from,
		.dst = to,
		.proto = is_six(from) ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
		.l4 = l4,
		.l4_len = icmp_build(l4, (uint8_t)(type_code >> 8), (uint8_t)type_code, rest, bytes,
				     len),
	};
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/ipvs6_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"

uint16_t rig6_sum(const uint8_t *ip, size_t l4, size_t len, uint8_t proto)
{
	uint32_t sum = proto + (uint32_t)(len - l4);

	for (size_t i = 8; i < IP6; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	for (size_t i = l4; i < len; i++)
		sum += i % 2 ? ip[i] : (uint32_t)ip[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t rig6_checksum(const uint8_t *ip, size_t l4, size_t len, uint8_t proto)
{
	uint16_t sum = rig6_sum(ip, l4, len, proto);

	return proto == IPPROTO_UDP && sum == 0 ? 0xffff : sum;
}

void rig6_put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The IPv6 header, and its length. */
static void put32(uint8_t *at, uint32_t value)
{
	rig6_put16(at, (uint16_t)(value >> 16));
	rig6_put16(at + 2, (uint16_t)value);
}

size_t rig6_header(uint8_t *ip, const char *src, const char *dst, uint8_t next, uint8_t hops,
		   size_t payload)
{
	memset(ip, 0, IP6);
	ip[0] = 0x60;
	ip[1] = 0x23; /* a flow label, which stays */
	rig6_put16(ip + 4, (uint16_t)payload);
	ip[6] = next;
	ip[7] = hops;
	assert_int_equal(inet_pton(AF_INET6, src, ip + 8), 1);
	assert_int_equal(inet_pton(AF_INET6, dst, ip + 24), 1);
	return IP6;
}

size_t rig6_build(uint8_t *ip, const struct packet6 *p)
{
	bool tcp = p->proto == IPPROTO_TCP;
	size_t front = p->options ? 8 : 0, l4 = IP6 + front, l4_len = (tcp ? 20 : 8) + 5;
	uint8_t *at = ip + l4;

	rig6_header(ip, p->src, p->dst, p->options ? IPPROTO_HOPOPTS : p->proto,
		    p->hops ? p->hops : LIFE, front + l4_len);
	if (front) {
		static const uint8_t padding[8] = { 0, 0, 1, 4 };

		memcpy(ip + IP6, padding, 8);
		ip[IP6] = p->proto;
	}
	memset(at, 0, l4_len);
	rig6_put16(at, p->sport);
	rig6_put16(at + 2, p->dport);
	memcpy(at + l4_len - 5, "hello", 5);
	if (tcp) {
		put32(at + 4, p->seq ? p->seq : 9);
		put32(at + 8, p->ack);
		at[12] = 0x50;
		at[13] = p->flags;
	} else {
		rig6_put16(at + 4, (uint16_t)l4_len);
	}
	rig6_put16(at + (tcp ? 16 : 6), rig6_checksum(ip, l4, l4 + l4_len, p->proto));
	return l4 + l4_len;
}

/* To our MAC address on that side. */
static struct frame frame_of(unsigned int side, const uint8_t *ip, size_t len)
{
	struct frame frame = { .len = L3 + len,
			       .bytes = { 2, [5] = (uint8_t)side, [12] = 0x86, 0xdd } };

	memcpy(frame.bytes + L3, ip, len);
	return frame;
}

void rig6_send_bytes(struct harness *h, unsigned int side, unsigned int queue, const uint8_t *ip,
		     size_t len)
{
	struct frame frame = frame_of(side, ip, len);

	harness_inject(h, side, queue, frame.bytes, frame.len);
	harness_turn(h);
}

void rig6_send(struct harness *h, unsigned int side, unsigned int queue,
	       const struct packet6 *packet)
{
	uint8_t ip[FRAME_MAX];

	rig6_send_bytes(h, side, queue, ip, rig6_build(ip, packet));
}

void rig6_receive(struct harness *h, unsigned int side, const struct packet6 *packet)
{
	uint8_t ip[FRAME_MAX];
	struct frame frame = frame_of(side, ip, rig6_build(ip, packet));

	harness_receive(h, side, frame.bytes, frame.len);
	harness_turn(h);
}

void rig6_expect(struct harness *h, unsigned int side, const struct packet6 *packet)
{
	struct frame got = rig_take(h, side);
	uint8_t ip[FRAME_MAX];
	size_t len = rig6_build(ip, packet);

	assert_int_equal(got.len, L3 + len);
	assert_memory_equal(got.bytes + L3, ip, len);
	rig_expect_nothing(h);
}

void rig6_service(struct harness *h, uint8_t proto, char mode)
{
	const char *option = rig_option(proto);
	char line[160];

	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0");
	harness_run(h, "dpip addr add " VIP6 "/128 dev dpdk0");
	harness_run(h, "dpip addr add 2001:db8:1::1/64 dev dpdk1");
	harness_neigh(h, CLIENT6, "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, SERVER6, "06:00:00:00:01:0b", "dpdk1");
	snprintf(line, sizeof(line), "ipvsadm -A %s [" VIP6 "]:80 -s rr", option);
	harness_run(h, line);
	if (mode == 'b') {
		snprintf(line, sizeof(line), "ipvsadm -P -z " LADDR6 " %s [" VIP6 "]:80 -F dpdk1",
			 option);
		harness_run(h, line);
	}
	snprintf(line, sizeof(line), "ipvsadm -a %s [" VIP6 "]:80 -r [" SERVER6 "]:%u -%c", option,
		 mode == 'g' ? 80u : 8080u, mode);
	harness_run(h, line);
	harness_advance(h, 5000); /* nobody else has the addresses */
	for (unsigned int side = 0; side < 2; side++)
		while (rig_take(h, side).len)
			;
}

struct harness *rig6_new(const struct harness_options *options, uint8_t proto, char mode)
{
	struct harness *h = harness_new(options);

	rig6_service(h, proto, mode);
	return h;
}

struct packet6 rig6_from_client(uint8_t proto)
{
	return (struct packet6){ .src = CLIENT6,
				 .dst = VIP6,
				 .sport = 40000,
				 .dport = 80,
				 .proto = proto,
				 .flags = SYN };
}

struct packet6 rig6_to_server(struct packet6 packet, char mode, uint16_t lport)
{
	packet.hops = LIFE - 1;
	if (mode == 'g')
		return packet;
	packet.dst = SERVER6;
	packet.dport = 8080;
	if (mode == 'b') {
		packet.src = LADDR6;
		packet.sport = lport;
	}
	return packet;
}

/* The local port that FNAT has chosen; 0: there is no connection. */
uint16_t rig6_lport(struct harness *h, uint8_t proto)
{
	struct tuple in = { .sport = htons(40000),
			    .dport = htons(80),
			    .proto = proto,
			    .family = AF_INET6 },
		     out;
	enum conn_dir dir;

	inet_pton(AF_INET6, CLIENT6, &in.src);
	inet_pton(AF_INET6, VIP6, &in.dst);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		uint32_t id = conn_lookup(h->all[i]->ipvs->conns, &in, &dir);

		if (id == CONN_NONE)
			continue;
		conn_tuple(h->all[i]->ipvs->conns, id, CONN_OUT, &out);
		return ntohs(out.dport);
	}
	return 0;
}

/* To the server; returns the local port. TCP through FNAT has its numbers shifted: no bytes. */
uint16_t rig6_pass_in(struct harness *h, unsigned int queue, const struct packet6 *packet,
		      char mode)
{
	struct packet6 want;
	struct frame got;

	rig6_send(h, CLIENT_SIDE, queue, packet);
	want = rig6_to_server(*packet, mode, rig6_lport(h, packet->proto));
	if (mode != 'b' || packet->proto == IPPROTO_UDP) {
		rig6_expect(h, SERVER_SIDE, &want);
		return want.sport;
	}
	got = rig_take(h, SERVER_SIDE);
	assert_true(got.len > L3 + IP6 + 20);
	assert_int_equal(got.bytes[L3 + 7], LIFE - 1);
	assert_int_equal(rig6_sum(got.bytes + L3, got.len - L3 - 25, got.len - L3, IPPROTO_TCP), 0);
	assert_int_equal(frame_u16(&got, got.len - 25), want.sport);
	rig_expect_nothing(h);
	return want.sport;
}

void rig6_pass_out(struct harness *h, unsigned int queue, uint8_t proto, char mode, uint16_t lport)
{
	struct packet6 answer = { .src = SERVER6,
				  .dst = mode == 'b' ? LADDR6 : CLIENT6,
				  .sport = 8080,
				  .dport = mode == 'b' ? lport : 40000,
				  .proto = proto,
				  .flags = SYN };
	struct packet6 want = { .src = VIP6,
				.dst = CLIENT6,
				.sport = 80,
				.dport = 40000,
				.proto = proto,
				.hops = LIFE - 1,
				.flags = SYN };

	rig6_send(h, SERVER_SIDE, queue, &answer);
	rig6_expect(h, CLIENT_SIDE, &want);
}

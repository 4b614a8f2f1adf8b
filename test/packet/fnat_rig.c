/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/fnat_rig: see the header. The checksums here are sums of 16-bit words
 * as RFC 1071 says them, nothing shared with the daemon's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "api/ipvs.h"
#include "control/control.h"
#include "ipvs/ipvs.h"
#include "ipvs/lport.h"
#include "ipvs/service.h"
#include "packet/fnat_rig.h"

static const uint8_t our_mac[2][6] = { { 2, 0, 0, 0, 0, 0 }, { 2, 0, 0, 0, 0, 1 } };
static const uint8_t their_mac[2][6] = { { 6, 0, 0, 0, 0, 0x64 }, { 6, 0, 0, 0, 1, 0x0b } };

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint32_t sum16(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t l4_sum(const uint8_t *ip, size_t len)
{
	size_t header = (ip[0] & 15) * 4u;

	return fold(sum16(ip + 12, 8) + ip[9] + (uint32_t)(len - header) +
		    sum16(ip + header, len - header));
}

static size_t put_payload(uint8_t *at, const struct packet *packet)
{
	size_t len = packet->payload ? strlen(packet->payload) : 0;

	if (len)
		memcpy(at, packet->payload, len);
	for (size_t i = 0; i < packet->filler; i++)
		at[len++] = (uint8_t)(i * 7 + 1);
	return len;
}

static size_t put_tcp(uint8_t *l4, const struct packet *packet)
{
	size_t len = 20;

	if (packet->options)
		len += harness_hex(packet->options, l4 + 20, 40);
	put16(l4, packet->sport);
	put16(l4 + 2, packet->dport);
	put32(l4 + 4, packet->seq);
	put32(l4 + 8, packet->ack);
	l4[12] = (uint8_t)(len / 4 << 4);
	l4[13] = packet->flags;
	put16(l4 + 14, packet->window ? packet->window : 1000);
	put32(l4 + 16, 0);
	return len + put_payload(l4 + len, packet);
}

static size_t put_udp(uint8_t *l4, const struct packet *packet)
{
	size_t len = 8 + put_payload(l4 + 8, packet);

	put16(l4, packet->sport);
	put16(l4 + 2, packet->dport);
	put16(l4 + 4, (uint32_t)len);
	put16(l4 + 6, 0);
	return len;
}

static size_t put_sctp(uint8_t *l4, const struct packet *packet)
{
	size_t len = 4 + put_payload(l4 + 16, packet);

	put16(l4, packet->sport);
	put16(l4 + 2, packet->dport);
	put32(l4 + 4, packet->seq);
	put32(l4 + 8, 0);
	l4[12] = packet->flags;
	l4[13] = 0;
	put16(l4 + 14, (uint32_t)len);
	for (; len % 4; len++)
		l4[12 + len] = 0;
	return 12 + len;
}

/* RFC 9260 appendix A, bit by bit. */
uint32_t rig_crc32c(const uint8_t *data, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t bit = 0; bit < len * 8; bit++) {
		if (bit % 8 == 0)
			crc ^= data[bit / 8];
		crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void put_crc32c(uint8_t *l4, size_t len, uint16_t damage)
{
	uint32_t crc = rig_crc32c(l4, len) ^ damage;

	for (unsigned int i = 0; i < 4; i++)
		l4[8 + i] = (uint8_t)(crc >> (8 * i));
}

static size_t put_l4(uint8_t *l4, const struct packet *packet)
{
	if (packet->proto == IPPROTO_UDP)
		return put_udp(l4, packet);
	return packet->proto == IPPROTO_SCTP ? put_sctp(l4, packet) : put_tcp(l4, packet);
}

/* Computes the checksum into its field, which is 0. */
static void put_l4_checksum(uint8_t *ip, size_t len, const struct packet *packet)
{
	uint8_t *l4 = ip + 20;
	uint16_t sum;

	if (packet->proto == IPPROTO_ICMP) {
		put16(l4 + 2, (uint16_t)~fold(sum16(l4, len - 20)) ^ packet->damage);
		return;
	}
	if (packet->no_checksum)
		return;
	if (packet->proto == IPPROTO_SCTP) {
		put_crc32c(l4, len - 20, packet->damage);
		return;
	}
	sum = (uint16_t)~l4_sum(ip, len);
	if (packet->proto == IPPROTO_UDP)
		put16(l4 + 6, (sum ? sum : 0xffff) ^ packet->damage);
	else
		put16(l4 + 16, sum ^ packet->damage);
}

size_t packet_build(uint8_t *out, const struct packet *packet)
{
	size_t len = 20;

	memset(out, 0, 20);
	if (packet->proto == IPPROTO_ICMP) {
		memcpy(out + 20, packet->l4, packet->l4_len);
		put16(out + 22, 0);
		len += packet->l4_len;
	} else {
		len += put_l4(out + 20, packet);
	}
	out[0] = 0x45;
	out[1] = packet->tos;
	put16(out + 2, (uint32_t)len);
	put16(out + 4, packet->id);
	put16(out + 6, packet->fragment);
	out[8] = packet->ttl ? packet->ttl : 64;
	out[9] = packet->proto ? packet->proto : IPPROTO_TCP;
	assert_int_equal(inet_pton(AF_INET, packet->src, out + 12), 1);
	assert_int_equal(inet_pton(AF_INET, packet->dst, out + 16), 1);
	put16(out + 10, (uint16_t)~fold(sum16(out, 20)));
	put_l4_checksum(out, len, packet);
	return len;
}

static struct frame frame_build(const uint8_t *dst, const uint8_t *src, const struct packet *packet)
{
	struct frame frame = { 0 };

	memcpy(frame.bytes, dst, 6);
	memcpy(frame.bytes + 6, src, 6);
	put16(frame.bytes + 12, 0x0800);
	frame.len = L3 + packet_build(frame.bytes + L3, packet);
	return frame;
}

struct frame frame_in(unsigned int side, const struct packet *packet)
{
	return frame_build(our_mac[side], their_mac[side], packet);
}

struct frame frame_out(unsigned int side, const struct packet *packet)
{
	return frame_build(their_mac[side], our_mac[side], packet);
}

uint16_t frame_l4_sum(const struct frame *frame)
{
	return l4_sum(frame->bytes + L3, frame_u16(frame, L3 + 2));
}

uint16_t frame_ip_sum(const struct frame *frame)
{
	return fold(sum16(frame->bytes + L3, (frame->bytes[L3] & 15) * 4u));
}

uint16_t frame_u16(const struct frame *frame, size_t at)
{
	return (uint16_t)(frame->bytes[at] << 8 | frame->bytes[at + 1]);
}

uint32_t frame_u32(const struct frame *frame, size_t at)
{
	return (uint32_t)frame_u16(frame, at) << 16 | frame_u16(frame, at + 2);
}

size_t icmp_build(uint8_t *out, uint8_t type, uint8_t code, uint32_t rest, const uint8_t *quoted,
		  size_t quoted_len)
{
	out[0] = type;
	out[1] = code;
	put16(out + 2, 0);
	put32(out + 4, rest);
	memcpy(out + 8, quoted, quoted_len);
	return 8 + quoted_len;
}

/* All neighbours of a side answer with one MAC address, as behind a switch that routes. */
struct harness *rig_new(const struct harness_options *options)
{
	struct harness *h = harness_new(options);
	char line[128];

	harness_run(h, "dpip addr add 10.0.0.1/24 dev dpdk0");
	harness_run(h, "dpip addr add " VIP "/32 dev dpdk0");
	harness_run(h, "dpip addr add 192.168.0.1/24 dev dpdk1");
	harness_run(h, "dpip route add 172.16.0.0/24 via 192.168.0.254 dev dpdk1 mtu 600");
	for (unsigned int i = 100; i < 110; i++) {
		snprintf(line, sizeof(line), "10.0.0.%u", i);
		harness_neigh(h, line, "06:00:00:00:00:64", "dpdk0");
	}
	harness_neigh(h, SERVER, "06:00:00:00:01:0b", "dpdk1");
	harness_neigh(h, SERVER2, "06:00:00:00:01:0b", "dpdk1");
	harness_neigh(h, "192.168.0.254", "06:00:00:00:01:0b", "dpdk1");
	return h;
}

const char *rig_option(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "-t" : proto == IPPROTO_UDP ? "-u" : "--sctp-service";
}

void rig_server(struct harness *h, char proto, const char *server)
{
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -a -%c %s:80 -r %s:8080 -b -w 1", proto, VIP, server);
	harness_run(h, line);
}

void rig_service(struct harness *h, char proto, unsigned int n_servers)
{
	static const char *const servers[] = { SERVER, SERVER2 };
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -A -%c %s:80 -s rr", proto, VIP);
	harness_run(h, line);
	snprintf(line, sizeof(line), "ipvsadm -P -%c %s:80 -z %s -F dpdk1", proto, VIP, LADDR);
	harness_run(h, line);
	for (unsigned int i = 0; i < n_servers; i++)
		rig_server(h, proto, servers[i]);
}

static struct api_service_key service_key(char proto)
{
	struct api_service_key key = {
		.family = AF_INET,
		.protocol = proto == 't' ? IPPROTO_TCP : IPPROTO_UDP,
		.port = htons(80),
	};

	inet_pton(AF_INET, VIP, &key.addr);
	return key;
}

static void request(struct harness *h, uint16_t id, const void *body, uint32_t len)
{
	char error[256] = "";

	if (control_run_request(h->all, h->tables, id, body, len, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	harness_turn(h);
}

static void request_server(struct harness *h, uint16_t id, char proto, const char *server,
			   uint32_t weight)
{
	struct api_dest dest = {
		.service = service_key(proto),
		.family = AF_INET,
		.port = htons(8080),
		.forward = API_FORWARD_FNAT,
		.weight = weight,
	};

	inet_pton(AF_INET, server, &dest.addr);
	request(h, id, &dest, sizeof(dest));
}

void rig_weight(struct harness *h, char proto, const char *server, uint32_t weight)
{
	request_server(h, API_DEST_SET, proto, server, weight);
}

void rig_remove_server(struct harness *h, char proto, const char *server)
{
	request_server(h, API_DEST_DEL, proto, server, 0);
}

void rig_remove_service(struct harness *h, char proto)
{
	struct api_service_key key = service_key(proto);

	request(h, API_SERVICE_DEL, &key, sizeof(key));
}

static const struct service *rig_find(const struct worker *w, uint8_t proto)
{
	union ip_addr vip = { .u64 = { 0, 0 } };

	inet_pton(AF_INET, VIP, &vip);
	return service_lookup(w->ipvs->services, proto, AF_INET, &vip, htons(80));
}

struct packet packet_first(const char *client, uint8_t proto, uint16_t sport)
{
	return (struct packet){ .src = client,
				.dst = VIP,
				.sport = sport,
				.dport = 80,
				.proto = proto,
				.flags = SYN,
				.seq = 5,
				.payload = proto == IPPROTO_UDP ? "in" : NULL };
}

struct packet packet_at_server(const struct packet *packet, const struct rig_conn *conn)
{
	struct packet want = *packet;

	want.src = LADDR;
	want.dst = conn->server_text;
	want.sport = conn->lport;
	want.dport = 8080;
	want.seq += conn->seq_delta;
	want.ttl = 63;
	return want;
}

uint32_t rig_conns(const struct harness *h)
{
	uint32_t n = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		n += conn_count(h->all[i]->ipvs->conns);
	return n;
}

static void assert_nothing_held(const struct worker *w, uint8_t proto)
{
	const struct service *svc = rig_find(w, proto);

	for (uint32_t i = 0; svc && i < svc->n_dests; i++) {
		assert_int_equal(svc->dests[i]->active, 0);
		assert_int_equal(svc->dests[i]->inactive, 0);
	}
	for (uint32_t i = 0; svc && i < svc->n_laddrs; i++) {
		struct lport_usage usage;

		assert_int_equal(svc->laddrs[i]->conns, 0);
		lport_usage(w->ipvs->lports, AF_INET, &svc->laddrs[i]->addr, &usage);
		assert_int_equal(usage.used, 0);
	}
}

void rig_end(struct harness *h)
{
	while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
		;
	harness_assert_balance(h);
	for (unsigned int tries = 0; rig_conns(h) && tries < 100; tries++) {
		harness_advance(h, 10000);
		while (rig_take(h, CLIENT_SIDE).len || rig_take(h, SERVER_SIDE).len)
			;
	}
	assert_int_equal(rig_conns(h), 0);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		assert_nothing_held(h->all[i], IPPROTO_TCP);
		assert_nothing_held(h->all[i], IPPROTO_UDP);
		assert_nothing_held(h->all[i], IPPROTO_SCTP);
	}
	harness_assert_balance(h);
	harness_free(h);
}

void rig_send_to(struct harness *h, unsigned int side, unsigned int queue,
		 const struct packet *packet)
{
	struct frame frame = frame_in(side, packet);

	harness_inject(h, side, queue, frame.bytes, frame.len);
	harness_turn(h);
}

void rig_send(struct harness *h, unsigned int side, const struct packet *packet)
{
	rig_send_to(h, side, 0, packet);
}

/* New addresses are announced by ARP: that is no test's business here. */
struct frame rig_take(struct harness *h, unsigned int side)
{
	struct frame frame = { 0 };

	do {
		frame.len = harness_take(h, side, frame.bytes, sizeof(frame.bytes));
	} while (frame.len && frame_u16(&frame, 12) == 0x0806);
	return frame;
}

static void print_frame(const char *name, const struct frame *frame)
{
	fprintf(stderr, "%s (%zu):", name, frame->len);
	for (size_t i = 0; i < frame->len; i++)
		fprintf(stderr, "%s%02x", i % 16 ? " " : "\n\t", frame->bytes[i]);
	fprintf(stderr, "\n");
}

void rig_expect_at(struct harness *h, unsigned int side, const struct packet *packet,
		   const char *file, int line)
{
	struct frame want = frame_out(side, packet), got = rig_take(h, side);

	if (got.len != want.len || memcmp(got.bytes, want.bytes, want.len) != 0) {
		print_frame("sent", &got);
		print_frame("wanted", &want);
		fprintf(stderr, "packets given up: %lu\n", (unsigned long)harness_all_drops(h));
		_fail(file, line);
	}
	rig_expect_nothing_at(h, file, line);
}

void rig_expect_nothing_at(struct harness *h, const char *file, int line)
{
	for (unsigned int side = 0; side < 2; side++) {
		struct frame more = rig_take(h, side);

		if (more.len) {
			print_frame(side == CLIENT_SIDE ? "to client" : "to server", &more);
			_fail(file, line);
		}
	}
}

void rig_expect_cut(struct harness *h, unsigned int side, const struct frame *whole)
{
	size_t at = L4;

	for (unsigned int piece = 0; piece < 2; piece++) {
		struct frame got = rig_take(h, side);

		assert_true(got.len > L4 && got.len <= L3 + 600);
		assert_int_equal(frame_ip_sum(&got), 0xffff);
		assert_int_equal(frame_u16(&got, L3 + 6),
				 (at - L4) / 8 | (piece == 0 ? 0x2000u : 0u));
		assert_memory_equal(got.bytes + L4, whole->bytes + at, got.len - L4);
		at += got.len - L4;
	}
	assert_int_equal(at, whole->len);
}

void rig_expect_icmp(struct harness *h, unsigned int side, uint8_t type, uint8_t code,
		     const char *src, uint32_t rest, const struct packet *about)
{
	uint8_t quoted[FRAME_MAX], from[4];
	struct frame got = rig_take(h, side);
	size_t quoted_len = packet_build(quoted, about);

	assert_true(got.len >= L4 + 8 + 28);
	assert_int_equal(got.bytes[L3 + 9], IPPROTO_ICMP);
	assert_int_equal(got.bytes[L4], type);
	assert_int_equal(got.bytes[L4 + 1], code);
	assert_int_equal(frame_u32(&got, L4 + 4), rest);
	assert_int_equal(inet_pton(AF_INET, src, from), 1);
	assert_memory_equal(got.bytes + L3 + 12, from, 4);
	assert_memory_equal(got.bytes + L3 + 16, quoted + 12, 4);
	assert_true(got.len - L4 - 8 <= quoted_len);
	assert_memory_equal(got.bytes + L4 + 8, quoted, got.len - L4 - 8);
	assert_int_equal(frame_ip_sum(&got), 0xffff);
	assert_int_equal(fold(sum16(got.bytes + L4, got.len - L4)), 0xffff);
	rig_expect_nothing(h);
}

struct rig_conn rig_conn(struct harness *h, uint8_t proto, const char *client, uint16_t port)
{
	struct packet packet = packet_first(client, proto, port);

	return rig_conn_of(h, &packet);
}

struct rig_conn rig_conn_of(struct harness *h, const struct packet *packet)
{
	struct tuple out, in = { .proto = packet->proto ? packet->proto : IPPROTO_TCP,
				 .family = AF_INET,
				 .sport = htons(packet->sport),
				 .dport = htons(packet->dport) };
	struct rig_conn found = { .id = CONN_NONE };
	enum conn_dir dir;

	inet_pton(AF_INET, packet->src, &in.src);
	inet_pton(AF_INET, packet->dst, &in.dst);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		struct worker *w = h->all[i];
		uint32_t id = conn_lookup(w->ipvs->conns, &in, &dir);

		if (id == CONN_NONE)
			continue;
		assert_int_equal(found.id, CONN_NONE); /* only one worker has it */
		assert_int_equal(dir, CONN_IN);
		conn_tuple(w->ipvs->conns, id, CONN_OUT, &out);
		found.w = w;
		found.id = id;
		found.conn = conn_get(w->ipvs->conns, id);
		found.lport = ntohs(out.dport);
		found.seq_delta = found.conn->seq_delta;
		found.ts_delta = found.conn->ts_delta;
		ip_str(AF_INET, &out.src, found.server_text);
	}
	return found;
}

struct rig_counts rig_counts(const struct harness *h, uint8_t proto, unsigned int server)
{
	struct rig_counts sum = { 0 };

	for (unsigned int i = 1; i <= h->n_workers; i++) {
		const struct service *svc = rig_find(h->all[i], proto);
		const struct dest *dest;

		assert_non_null(svc);
		assert_true(server < svc->n_dests);
		dest = svc->dests[server];
		sum.conns += dest->counters.conns;
		sum.inpkts += dest->counters.inpkts;
		sum.outpkts += dest->counters.outpkts;
		sum.inbytes += dest->counters.inbytes;
		sum.outbytes += dest->counters.outbytes;
		sum.active += dest->active;
		sum.inactive += dest->inactive;
	}
	return sum;
}

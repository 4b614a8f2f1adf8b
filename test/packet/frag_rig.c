/* SPDX-License-Identifier: BSD-3-Clause */
/* packet/frag_rig: see the header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "packet/across_rig.h"
#include "packet/frag_rig.h"

#define FRAGMENT6 8 /* bytes of the extension header */

static const char *pick(const struct mode *mode, const char *ip4, const char *ip6)
{
	return mode->ip6 ? ip6 : ip4;
}

static bool is_ip6(const struct whole *ip)
{
	return ip->bytes[0] >> 4 == 6;
}

static size_t header_len(const struct whole *ip)
{
	return is_ip6(ip) ? IP6 : 20;
}

size_t frag_data(const struct whole *whole)
{
	return whole->len - header_len(whole);
}

static void add_match(struct harness *h, const struct mode *mode, uint8_t proto)
{
	char match[100], line[200];

	snprintf(match, sizeof(match), "proto=%s,src-range=%s,oif=dpdk1",
		 proto == IPPROTO_TCP ? "tcp" : "udp",
		 pick(mode, "10.0.0.0-10.0.0.255", "2001:db8::/64"));
	snprintf(line, sizeof(line), "ipvsadm -A -H %s -s rr", match);
	harness_run(h, line);
	snprintf(line, sizeof(line), "ipvsadm -a -H %s -r %s -J", match,
		 pick(mode, PUBLIC, PUBLIC6));
	harness_run(h, line);
}

static const char *tunnel_kind(const struct mode *mode)
{
	if (strstr(mode->name, "GRE, csum"))
		return " --tun-type gre --tun-csum";
	if (strstr(mode->name, "GRE"))
		return " --tun-type gre";
	if (strstr(mode->name, "GUE, csum"))
		return " --tun-type gue --tun-port 6080 --tun-csum";
	return strstr(mode->name, "GUE") ? " --tun-type gue --tun-port 6080" : "";
}

/* Is the server's family, and so that of a tunnel's outer header, the other one? */
static bool is_across(const struct mode *mode)
{
	return strstr(mode->name, "in4") || strstr(mode->name, "in6");
}

size_t frag_outer(const struct mode *mode)
{
	size_t ip;

	if (mode->letter != 'i')
		return 0;
	ip = mode->ip6 != is_across(mode) ? IP6 : 20;
	if (strstr(mode->name, "csum"))
		return (ip + (strstr(mode->name, "GRE") ? 4 + 4 : 8 + 4)) | FRAG_SUMMED;
	if (strstr(mode->name, "GRE"))
		return ip + 4;
	return strstr(mode->name, "GUE") ? ip + 8 + 4 : ip;
}

static void add_service(struct harness *h, const struct mode *mode, const char *option)
{
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -A %s " VIP ":80 -s rr", option);
	harness_run(h, line);
	if (mode->letter == 'b') {
		snprintf(line, sizeof(line), "ipvsadm -P %s " VIP ":80 -z " LADDR " -F dpdk1",
			 option);
		harness_run(h, line);
	}
	snprintf(line, sizeof(line), "ipvsadm -a %s " VIP ":80 -r " SERVER "%s -%c%s", option,
		 strchr("bm", mode->letter) ? ":8080" : "", mode->letter, tunnel_kind(mode));
	harness_run(h, line);
}

/* In place of ipvs6_rig's server. */
static void add_tunnel6(struct harness *h, char letter)
{
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -d -%c [" VIP6 "]:80 -r [" SERVER6 "]:80", letter);
	harness_run(h, line);
	snprintf(line, sizeof(line), "ipvsadm -a -%c [" VIP6 "]:80 -r [" SERVER6 "] -i", letter);
	harness_run(h, line);
}

/* Nobody else has our addresses. */
static void settle(struct harness *h)
{
	harness_advance(h, 5000);
	for (unsigned int side = 0; side < 2; side++)
		while (rig_take(h, side).len)
			;
}

static struct harness *new6(const struct harness_options *options, const struct mode *mode,
			    uint8_t proto)
{
	struct harness *h;

	if (strchr("bmg", mode->letter))
		return rig6_new(options, proto, mode->letter);
	h = rig6_new(options, proto, 'g');
	if (mode->letter == 'J')
		add_match(h, mode, proto);
	else
		add_tunnel6(h, proto == IPPROTO_TCP ? 't' : 'u');
	settle(h);
	return h;
}

/* Tunnels to a server of the other family. */
static struct harness *new_across(const struct harness_options *options, const struct mode *mode,
				  uint8_t proto)
{
	struct harness *h = across_networks(options);
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -A %s %s:80 -s rr", rig_option(proto),
		 pick(mode, VIP, "[" VIP6 "]"));
	harness_run(h, line);
	snprintf(line, sizeof(line), "ipvsadm -a %s %s:80 -r %s -i", rig_option(proto),
		 pick(mode, VIP, "[" VIP6 "]"), pick(mode, "[" SERVER6 "]", SERVER));
	harness_run(h, line);
	settle(h);
	return h;
}

struct harness *frag_new(const struct harness_options *options, const struct mode *mode,
			 uint8_t proto)
{
	struct harness *h;

	if (is_across(mode))
		return new_across(options, mode, proto);
	if (mode->ip6)
		return new6(options, mode, proto);
	h = rig_new(options);
	if (mode->letter == 'J')
		add_match(h, mode, proto);
	else
		add_service(h, mode, rig_option(proto));
	return h;
}

struct packet frag_from_client(const struct mode *mode, uint8_t proto, uint16_t sport,
			       size_t filler)
{
	return (struct packet){
		.src = pick(mode, CLIENT, CLIENT6),
		.dst = mode->letter == 'J' ? pick(mode, SERVER, SERVER6) : pick(mode, VIP, VIP6),
		.sport = sport,
		.dport = 80,
		.proto = proto,
		.flags = ACK,
		.seq = 1001,
		.ack = 5001,
		.id = sport,
		.filler = filler,
	};
}

struct opened {
	uint16_t lport;
	uint32_t seq_delta, last_seq;
};

struct conn *frag_conn(struct harness *h, const struct mode *mode, const struct packet *packet,
		       struct tuple *out)
{
	struct tuple in = { .proto = packet->proto,
			    .family = mode->ip6 ? AF_INET6 : AF_INET,
			    .sport = htons(packet->sport),
			    .dport = htons(packet->dport) };
	enum conn_dir dir;

	inet_pton(in.family, packet->src, &in.src);
	inet_pton(in.family, packet->dst, &in.dst);
	for (unsigned int i = 1; i <= h->n_workers; i++) {
		struct conn_table *conns = h->all[i]->ipvs->conns;
		uint32_t id = conn_lookup(conns, &in, &dir);

		if (id == CONN_NONE)
			continue;
		conn_tuple(conns, id, CONN_OUT, out);
		return conn_get(conns, id);
	}
	return NULL;
}

static struct opened find(struct harness *h, const struct mode *mode, const struct packet *packet)
{
	struct tuple out;
	const struct conn *conn = frag_conn(h, mode, packet, &out);

	if (!conn)
		fail_msg("%s: no connection", mode->name);
	return (struct opened){ ntohs(out.dport), conn->seq_delta, conn->last_seq };
}

uint32_t frag_last_seq(struct harness *h, const struct mode *mode, const struct packet *packet)
{
	return find(h, mode, packet).last_seq;
}

static uint32_t shift(const struct mode *mode, const struct packet *packet,
		      const struct opened *conn)
{
	return mode->letter == 'b' && packet->proto == IPPROTO_TCP ? conn->seq_delta : 0;
}

struct packet frag_at_server(struct harness *h, const struct mode *mode,
			     const struct packet *packet)
{
	struct opened conn = find(h, mode, packet);
	struct packet want = *packet;

	want.ttl = harness_ttl(h, 64);
	if (mode->letter == 'b' || mode->letter == 'm') {
		want.dst = pick(mode, SERVER, SERVER6);
		want.dport = 8080;
	}
	if (mode->letter == 'b' || mode->letter == 'J') {
		want.src = mode->letter == 'J' ? pick(mode, PUBLIC, PUBLIC6)
					       : pick(mode, LADDR, LADDR6);
		want.sport = conn.lport;
	}
	want.seq += shift(mode, packet, &conn);
	return want;
}

struct packet frag_answer(struct harness *h, const struct mode *mode, const struct packet *packet)
{
	struct packet went = frag_at_server(h, mode, packet), answer = went;

	answer.src = went.dst;
	answer.dst = went.src;
	answer.sport = went.dport;
	answer.dport = went.sport;
	answer.seq = 5001;
	answer.ack = went.seq;
	answer.ttl = 0;
	return answer;
}

struct packet frag_at_client(struct harness *h, const struct mode *mode,
			     const struct packet *packet, const struct packet *answer)
{
	struct opened conn = find(h, mode, packet);
	struct packet want = *answer;

	want.src = packet->dst;
	want.dst = packet->src;
	want.sport = packet->dport;
	want.dport = packet->sport;
	want.ttl = harness_ttl(h, 64);
	want.ack -= shift(mode, packet, &conn);
	return want;
}

struct whole frag_whole(const struct packet *packet)
{
	struct packet as_ip4 = *packet;
	struct whole whole = { 0 }, ip4;
	size_t field = IP6 + (packet->proto == IPPROTO_TCP ? 16 : 6);

	if (!strchr(packet->src, ':')) {
		whole.len = packet_build(whole.bytes, packet);
		return whole;
	}
	as_ip4.src = as_ip4.dst = "0.0.0.0";
	ip4.len = packet_build(ip4.bytes, &as_ip4);
	rig6_header(whole.bytes, packet->src, packet->dst, packet->proto,
		    packet->ttl ? packet->ttl : LIFE, ip4.len - 20);
	memcpy(whole.bytes + IP6, ip4.bytes + 20, ip4.len - 20);
	whole.len = IP6 + ip4.len - 20;
	if (packet->proto == IPPROTO_SCTP) /* it is over no address */
		return whole;
	rig6_put16(whole.bytes + field, 0);
	rig6_put16(whole.bytes + field, rig6_checksum(whole.bytes, IP6, whole.len, packet->proto));
	return whole;
}

static struct whole piece6(const struct whole *whole, size_t at, size_t len, uint32_t id)
{
	bool more = at + len < frag_data(whole);
	uint8_t fragment[FRAGMENT6] = { whole->bytes[6], 0 };
	struct whole piece = { .len = IP6 + FRAGMENT6 + len };

	memcpy(piece.bytes, whole->bytes, IP6);
	piece.bytes[6] = IPPROTO_FRAGMENT;
	rig6_put16(piece.bytes + 4, (uint16_t)(FRAGMENT6 + len));
	rig6_put16(fragment + 2, (uint16_t)(at | more));
	rig6_put16(fragment + 4, (uint16_t)(id >> 16));
	rig6_put16(fragment + 6, (uint16_t)id);
	memcpy(piece.bytes + IP6, fragment, FRAGMENT6);
	memcpy(piece.bytes + IP6 + FRAGMENT6, whole->bytes + IP6 + at, len);
	return piece;
}

struct whole frag_piece(const struct whole *whole, size_t at, size_t len, uint32_t id)
{
	struct whole piece = { .len = 20 + len };
	struct frame sum = { 0 };

	if (is_ip6(whole))
		return piece6(whole, at, len, id);
	memcpy(piece.bytes, whole->bytes, 20);
	rig6_put16(piece.bytes + 2, (uint16_t)piece.len);
	rig6_put16(piece.bytes + 4, (uint16_t)id);
	rig6_put16(piece.bytes + 6,
		   (uint16_t)(at / 8 | (at + len < frag_data(whole) ? 0x2000 : 0)));
	rig6_put16(piece.bytes + 10, 0);
	memcpy(sum.bytes + L3, piece.bytes, 20);
	rig6_put16(piece.bytes + 10, (uint16_t)~frame_ip_sum(&sum));
	memcpy(piece.bytes + 20, whole->bytes + 20 + at, len);
	return piece;
}

size_t frag_frame(uint8_t frame[L3 + WHOLE_MAX], unsigned int side, const struct whole *ip)
{
	const uint8_t l2[L3] = { 2, 0, 0, 0, 0, (uint8_t)side, 6, [12] = 8, 0 };

	memcpy(frame, l2, sizeof(l2));
	if (is_ip6(ip))
		rig6_put16(frame + 12, 0x86dd);
	memcpy(frame + L3, ip->bytes, ip->len);
	return L3 + ip->len;
}

void frag_inject(struct harness *h, unsigned int side, unsigned int queue, const struct whole *ip)
{
	uint8_t frame[L3 + WHOLE_MAX];
	size_t len = frag_frame(frame, side, ip);

	harness_inject(h, side, queue, frame, len);
}

void frag_send(struct harness *h, unsigned int side, unsigned int queue, const struct whole *ip)
{
	frag_inject(h, side, queue, ip);
	harness_turn(h);
	harness_assert_balance(h);
}

/* The checksum in an outer IPv4 packet's GRE or GUE header: over GRE's, and all behind it; or
 * UDP's. */
static void check_sum(const struct frame *got, const char *file, int line)
{
	uint32_t sum = 0;

	if (got->bytes[L3 + 9] == IPPROTO_UDP) {
		_assert_true(frame_u16(got, L4 + 6), "a checksum", file, line);
		sum = frame_l4_sum(got);
	} else {
		for (size_t at = L4; at < got->len; at++)
			sum += (uint32_t)got->bytes[at] << (at % 2 ? 0 : 8);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
	}
	_assert_int_equal(sum, 0xffff, file, line);
}

static void compare(const struct frame *got, const struct whole *ip, size_t outer, const char *file,
		    int line)
{
	if (outer & FRAG_SUMMED)
		check_sum(got, file, line);
	outer &= ~(size_t)FRAG_SUMMED;
	if (got->len == L3 + outer + ip->len &&
	    memcmp(got->bytes + L3 + outer, ip->bytes, ip->len) == 0)
		return;
	fprintf(stderr, "%zu bytes instead of %zu, or others\n", got->len, L3 + outer + ip->len);
	for (size_t i = 0; i < 60 && got->len; i++)
		fprintf(stderr, "%zu: %02x %02x\n", i, got->bytes[L3 + outer + i], ip->bytes[i]);
	_fail(file, line);
}

void frag_expect_at(struct harness *h, unsigned int side, const struct whole *ip, size_t outer,
		    const char *file, int line)
{
	struct frame got = rig_take(h, side);

	compare(&got, ip, outer, file, line);
}

static uint32_t id_of(const struct frame *frame, size_t outer)
{
	const uint8_t *ip = frame->bytes + L3 + (outer & ~(size_t)FRAG_SUMMED);

	if (ip[0] >> 4 == 4)
		return (uint32_t)ip[4] << 8 | ip[5];
	return (uint32_t)ip[IP6 + 4] << 24 | (uint32_t)ip[IP6 + 5] << 16 |
	       (uint32_t)ip[IP6 + 6] << 8 | ip[IP6 + 7];
}

void frag_expect_piece_at(struct harness *h, unsigned int side, const struct whole *whole,
			  size_t at, size_t len, uint32_t *id, uint32_t not, size_t outer,
			  const char *file, int line)
{
	struct frame got = rig_take(h, side);
	struct whole piece;

	if (*id == FRAG_ANY) {
		*id = id_of(&got, outer);
		_assert_true(*id != not, "an identification of its own", file, line);
	}
	piece = frag_piece(whole, at, len, *id);
	compare(&got, &piece, outer, file, line);
}

bool frag_renamed(const struct mode *mode, unsigned int side)
{
	return strchr(side == SERVER_SIDE ? "bJ" : "bm", mode->letter);
}

uint64_t frag_forgotten(const struct harness *h)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		sum += h->all[i]->counters.fragments_forgotten;
	return sum;
}

uint64_t frag_held(const struct harness *h)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		sum += h->all[i]->held;
	return sum;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about what services send on, as a matrix: mode, family, protocol,
 * direction, one worker and three, whichever queue an error comes on. It comes
 * from a router on the way; whoever gets it finds his own packet in it, as he
 * had sent it, byte by byte, however much is quoted.
 * (Between families: across_icmp_test.c. Echoes: snat_echo_test.c. What is not
 * passed on: fnat_icmp_test.c, dr_icmp_test.c. The outside of tunnels: tunnel_test.c.)
 */
#include <netinet/in.h>
#include <string.h>

#include "lib/unit.h"
#include "packet/frag_rig.h"
#include "packet/sctp.h"

#define PORT 20000

/* Bytes of L4 that are quoted: all, the least, and some behind the checksum. */
static const size_t quotes[] = { 0, 8, 24 };

static const struct mode modes[] = {
	{ "FNAT", false, 'b' },      { "NAT", false, 'm' },     { "DR", false, 'g' },
	{ "SNAT", false, 'J' },      { "tunnel", false, 'i' },  { "FNAT, IPv6", true, 'b' },
	{ "NAT, IPv6", true, 'm' },  { "DR, IPv6", true, 'g' }, { "SNAT, IPv6", true, 'J' },
	{ "4in6", false, 'i' },      { "6in4", true, 'i' },     { "tunnel, GRE", false, 'i' },
	{ "GUE, csum", false, 'i' },
};

static const struct harness_options workers[] = { { .n_workers = 1 }, { .n_workers = 3 } };
static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

/* "Too big" with a size, and "time exceeded". */
static const struct error {
	uint8_t type4, code4, type6;
	uint32_t rest;
} errors[] = { { 3, 4, 2, 1300 }, { 11, 0, 3, 0 } };

/* Who tells: routers on both ways. */
static const char *router(const struct mode *mode, unsigned int side)
{
	if (side == CLIENT_SIDE)
		return mode->ip6 ? "2001:db8::fe" : "10.0.0.77";
	return mode->ip6 ? "2001:db8:1::fe" : "192.168.0.254";
}

static struct whole error6(const struct error *error, const char *from, const char *to,
			   const struct whole *quoted, uint8_t hops)
{
	struct whole whole = { .len = IP6 + 8 + quoted->len };

	rig6_header(whole.bytes, from, to, IPPROTO_ICMPV6, hops, whole.len - IP6);
	whole.bytes[IP6] = error->type6;
	rig6_put16(whole.bytes + IP6 + 6, (uint16_t)error->rest);
	memcpy(whole.bytes + IP6 + 8, quoted->bytes, quoted->len);
	rig6_put16(whole.bytes + IP6 + 2, rig6_sum(whole.bytes, IP6, whole.len, IPPROTO_ICMPV6));
	return whole;
}

/* The error that is sent about that packet, of which `l4` bytes of L4 are quoted; 0: all. */
static struct whole error_about(const struct error *error, const char *from, const char *to,
				const struct packet *about, size_t l4, uint8_t ttl)
{
	struct whole quoted = frag_whole(about);
	uint8_t message[FRAME_MAX];
	struct packet packet = { .src = from,
				 .dst = to,
				 .proto = IPPROTO_ICMP,
				 .ttl = ttl,
				 .tos = 0xc0,
				 .l4 = message };

	if (l4)
		quoted.len -= frag_data(&quoted) - l4;
	if (strchr(from, ':'))
		return error6(error, from, to, &quoted, ttl);
	packet.l4_len = icmp_build(message, error->type4, error->code4, error->rest, quoted.bytes,
				   quoted.len);
	return frag_whole(&packet);
}

/* A packet as it was here, and as its sender had sent it; who is told, and by whom. */
struct told {
	unsigned int side; /* where the error comes in */
	struct packet here, sent;
	const char *from, *by;
	size_t outer;
};

static void check_told(struct harness *h, const struct told *told)
{
	unsigned int other = told->side == CLIENT_SIDE ? SERVER_SIDE : CLIENT_SIDE;

	for (unsigned int queue = 0; queue < h->n_workers; queue++)
		for (size_t i = 0; i < LENGTH(errors); i++)
			for (size_t q = 0; q < LENGTH(quotes); q++) {
				struct whole come = error_about(&errors[i], told->from,
								told->here.src, &told->here,
								quotes[q], 60);
				struct whole want = error_about(&errors[i], told->by,
								told->sent.src, &told->sent,
								quotes[q], harness_ttl(h, 60));

				frag_send(h, told->side, queue, &come);
				frag_expect(h, other, &want, told->outer);
				rig_expect_nothing(h);
			}
}

/* About the client's packet. It is of the service that the client hears; or of the router itself,
 * where he sees the world as it is. */
static void check_request(struct harness *h, const struct mode *mode, const struct packet *packet)
{
	struct told told = { .side = SERVER_SIDE,
			     .here = frag_at_server(h, mode, packet),
			     .sent = *packet,
			     .from = router(mode, SERVER_SIDE) };

	told.here.ttl = told.sent.ttl = 61; /* as the router saw it */
	told.by = strchr("bm", mode->letter) ? packet->dst : told.from;
	check_told(h, &told);
}

/* About the server's answer, as the client's side had it. With NAT and DR the server knows that
 * side; behind FNAT it knows the local address only, and SNAT's outside the public one. */
static void check_answer(struct harness *h, const struct mode *mode, const struct packet *packet)
{
	struct told told = { .side = CLIENT_SIDE,
			     .sent = frag_answer(h, mode, packet),
			     .from = router(mode, CLIENT_SIDE),
			     .outer = frag_outer(mode) };

	told.sent.flags = packet->proto == IPPROTO_SCTP ? SCTP_CHUNK_INIT_ACK : SYN | ACK;
	told.here = frag_at_client(h, mode, packet, &told.sent);
	told.here.ttl = told.sent.ttl = 59;
	told.by = strchr("bJ", mode->letter) ? told.sent.dst : told.from;
	check_told(h, &told);
}

static void check(const struct mode *mode, uint8_t proto, const struct harness_options *options)
{
	struct harness *h = frag_new(options, mode, proto);
	struct packet packet = frag_from_client(mode, proto, PORT, 40);
	struct whole whole;

	packet.flags = proto == IPPROTO_SCTP ? SCTP_CHUNK_INIT : SYN;
	harness_keep_ttl(h, mode->ip6 && options->n_workers > 1); /* key xmit_ttl off */
	whole = frag_whole(&packet);
	frag_send(h, CLIENT_SIDE, 0, &whole);
	assert_true(rig_take(h, SERVER_SIDE).len > 0);
	if (mode->letter != 'i')
		check_request(h, mode, &packet);
	check_answer(h, mode, &packet);
	assert_int_equal(harness_all_drops(h), 0);
	rig_end(h);
}

static void test_matrix(void **state)
{
	for (unsigned int i = 0; i < LENGTH(modes); i++)
		for (unsigned int p = 0; p < LENGTH(protos); p++)
			for (unsigned int n = 0; n < LENGTH(workers); n++)
				if (protos[p] != IPPROTO_SCTP || modes[i].letter != 'J')
					check(&modes[i], protos[p], &workers[n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz/packet: frames from the network through the real stages of two workers
 * with services, routes and a connection each of TCP and UDP on which data
 * flows. The input is a sequence of records: one byte of choices (port, queue,
 * how to mend the frame so that it gets past the first checks, whether time
 * goes by), one of length in units of two bytes, then the frame. A frame whose
 * packet begins with a 6 is mended as IPv6, extension headers and all; IPv4's
 * type of service may say that it is to the daemon itself, where fragments are
 * put together. After every input all packets are accounted for and every mbuf
 * is back.
 *
 * Built and run by `make fuzz`, which runs it with FLOW=check too: then a
 * difference between the flow stage's way and the long one is a find.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>

#include "packet/flow_rig.h"
#include "packet/ip4_rig.h"

/* cmocka's header wants these */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define CHOICE_PORT     1
#define CHOICE_QUEUE    2
#define CHOICE_MAC      4  /* to the port's own address, IPv4 */
#define CHOICE_IP       8  /* version, length and header checksum made right */
#define CHOICE_VIP      16 /* to the virtual service */
#define CHOICE_REPLY    32 /* from the server to the local address; both: of a connection */
#define CHOICE_SEGMENTS 64
#define CHOICE_TIME     128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FLOWS 2

struct fuzz {
	struct harness *h;
	struct flow flows[FLOWS];
};

static void fuzz_setup(struct fuzz *fuzz)
{
	struct harness_options options = {
		.n_workers = 2, .conn_max = 64, .mbufs = 1023, .forwarding = true
	};
	struct harness *h = rig_new(&options);

	harness_run(h, "dpip route add default via 10.0.0.101 dev dpdk0");
	ip6_rig_add(h);
	rig_service(h, 't', 1);
	rig_service(h, 'u', 1);
	fuzz->h = h;
	fuzz->flows[0] = flow_open(h, IPPROTO_TCP, CLIENT);
	fuzz->flows[1] = flow_open(h, IPPROTO_UDP, CLIENT);
	/* connections that come now go to either in turn */
	harness_run(h, "ipvsadm -a -t " VIP ":80 -r " SERVER2 " -g");
	harness_run(h, "ipvsadm -a -u " VIP ":80 -r " SERVER2 " -g");
}

/* What a packet has closed does no good for the next input. */
static bool fuzz_worn_out(const struct fuzz *fuzz)
{
	for (unsigned int i = 0; i < FLOWS; i++) {
		const struct flow *flow = &fuzz->flows[i];
		struct rig_conn conn = rig_conn(fuzz->h, flow->proto, CLIENT, CPORT);

		if (conn.id != flow->conn.id || conn.conn->state != TCP_ESTABLISHED)
			return true;
	}
	return false;
}

/* The usual packet's addresses, protocol and ports. */
static void mend_connection(const struct flow *flow, uint8_t *ip, size_t len, unsigned int side)
{
	struct packet packet = flow_packet(flow, side);
	struct frame usual = frame_in(side, &packet);

	ip[9] = flow->proto;
	memcpy(ip + 12, usual.bytes + L3 + 12, RTE_MIN(len, (size_t)24) - 12);
}

/* From 2001:db8::2 or a neighbour's link-local address, to us or to the other net. */
static void mend6(uint8_t *frame, size_t len, uint8_t choice)
{
	static const uint8_t net[8] = { 0x20, 0x01, 0x0d, 0xb8 }, link_local[8] = { 0xfe, 0x80 };
	uint8_t *ip = frame + RTE_ETHER_HDR_LEN;
	size_t payload = len - RTE_ETHER_HDR_LEN - 40;

	frame[12] = 0x86;
	frame[13] = 0xdd;
	ip[4] = (uint8_t)(payload >> 8);
	ip[5] = (uint8_t)payload;
	if (choice & (CHOICE_VIP | CHOICE_REPLY)) {
		memset(ip + 8, 0, 32);
		memcpy(ip + 8, choice & CHOICE_PORT ? link_local : net, 8);
		memcpy(ip + 24, net, 8);
		ip[23] = 2;
		ip[39] = choice & CHOICE_VIP ? 1 : 2;
		ip[29] = !(choice & CHOICE_VIP);
	}
}

#define TOS_TO_US 0x80

static void mend(const struct fuzz *fuzz, uint8_t *frame, size_t len, uint8_t choice)
{
	static const uint8_t to[] = { 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 9, 9, 8, 0 };
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + sizeof(to));

	if (!(choice & CHOICE_MAC) || len < sizeof(to))
		return;
	memcpy(frame, to, sizeof(to));
	frame[5] = choice & CHOICE_PORT;
	if (!(choice & CHOICE_IP) || len < sizeof(to) + sizeof(*ip))
		return;
	if (ip->version_ihl >> 4 == 6 && len >= sizeof(to) + 40) {
		mend6(frame, len, choice);
		return;
	}
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(len - sizeof(to)));
	if (choice & CHOICE_VIP && choice & CHOICE_REPLY) {
		mend_connection(&fuzz->flows[ip->type_of_service % FLOWS], (uint8_t *)ip,
				len - sizeof(to), choice & CHOICE_PORT);
	} else if (choice & CHOICE_VIP) {
		ip->dst_addr = RTE_BE32(RTE_IPV4(10, 0, 0, 10));
	} else if (ip->type_of_service & TOS_TO_US) {
		ip->src_addr = RTE_BE32(RTE_IPV4(10, 0, 0, 101));
		ip->dst_addr = RTE_BE32(RTE_IPV4(10, 0, 0, 1));
	} else if (choice & CHOICE_REPLY) {
		ip->src_addr = RTE_BE32(RTE_IPV4(192u, 168, 0, 11));
		ip->dst_addr = RTE_BE32(RTE_IPV4(192u, 168, 0, 200));
	}
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void drain(struct harness *h)
{
	uint8_t out[4096];

	for (unsigned int port = 0; port < HARNESS_PORTS; port++)
		while (harness_take(h, port, out, sizeof(out)))
			;
}

static void fuzz_record(struct fuzz *fuzz, uint8_t choice, const uint8_t *data, size_t len)
{
	uint8_t frame[512];

	memcpy(frame, data, len);
	mend(fuzz, frame, len, choice);
	harness_inject_as(fuzz->h, choice & CHOICE_PORT, (choice & CHOICE_QUEUE) >> 1, frame, len,
			  0, choice & CHOICE_SEGMENTS ? 24 : 0);
	harness_turn(fuzz->h);
	if (choice & CHOICE_TIME)
		harness_advance(fuzz->h, 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz fuzz;
	static unsigned int runs;

	if (!fuzz.h)
		fuzz_setup(&fuzz);
	while (size > 2) {
		size_t len = RTE_MIN((size_t)data[1] * 2, size - 2);

		if (len)
			fuzz_record(&fuzz, data[0], data + 2, len);
		data += 2 + len;
		size -= 2 + len;
	}
	harness_assert_balance(fuzz.h);
	drain(fuzz.h);
	if (++runs % 4096 == 0 || fuzz_worn_out(&fuzz)) {
		harness_free(fuzz.h);
		fuzz.h = NULL;
	}
	return 0;
}

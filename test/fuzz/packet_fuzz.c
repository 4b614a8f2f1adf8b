/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz/packet: frames from the network through the real stages of two workers
 * with a service, routes and connections. The input is a sequence of records:
 * one byte of choices (port, queue, how to mend the frame so that it gets past
 * the first checks, whether time goes by), one of length in units of two
 * bytes, then the frame. After every input all packets are accounted for and
 * every mbuf is back.
 *
 * Built and run by `make fuzz`.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>

#include "packet/harness.h"

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
#define CHOICE_REPLY    32 /* from the server to the local address */
#define CHOICE_SEGMENTS 64
#define CHOICE_TIME     128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct harness *fuzz_setup(void)
{
	struct harness_options options = { .n_workers = 2, .conn_max = 64, .forwarding = true };
	struct harness *h = harness_new(&options);

	harness_run(h, "dpip addr add 10.1.0.1/24 dev dpdk0");
	harness_run(h, "dpip addr add 10.2.0.1/24 dev dpdk1");
	harness_run(h, "dpip route add default via 10.1.0.254 dev dpdk0");
	harness_run(h, "ipvsadm -A -t 10.1.0.100:80 -s rr");
	harness_run(h, "ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.2:80 -b");
	harness_run(h, "ipvsadm -P -t 10.1.0.100:80 -z 10.2.0.200 -F dpdk1");
	harness_run(h, "ipvsadm -A -u 10.1.0.100:53 -s rr");
	harness_run(h, "ipvsadm -a -u 10.1.0.100:53 -r 10.2.0.2:53 -b");
	harness_run(h, "ipvsadm -P -u 10.1.0.100:53 -z 10.2.0.200 -F dpdk1");
	harness_neigh(h, "10.1.0.254", "02:00:00:00:01:00", "dpdk0");
	harness_neigh(h, "10.2.0.2", "02:00:00:00:02:00", "dpdk1");
	return h;
}

static void mend(uint8_t *frame, size_t len, uint8_t choice)
{
	static const uint8_t to[] = { 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 9, 9, 8, 0 };
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + sizeof(to));

	if (!(choice & CHOICE_MAC) || len < sizeof(to))
		return;
	memcpy(frame, to, sizeof(to));
	frame[5] = choice & CHOICE_PORT;
	if (!(choice & CHOICE_IP) || len < sizeof(to) + sizeof(*ip))
		return;
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(len - sizeof(to)));
	if (choice & CHOICE_VIP)
		ip->dst_addr = RTE_BE32(RTE_IPV4(10, 1, 0, 100));
	if (choice & CHOICE_REPLY) {
		ip->src_addr = RTE_BE32(RTE_IPV4(10, 2, 0, 2));
		ip->dst_addr = RTE_BE32(RTE_IPV4(10, 2, 0, 200));
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct harness *h;
	static unsigned int runs;
	uint8_t frame[512];

	if (!h)
		h = fuzz_setup();
	while (size > 2) {
		uint8_t choice = data[0];
		size_t len = RTE_MIN((size_t)data[1] * 2, size - 2);

		data += 2;
		size -= 2;
		if (len == 0)
			continue;
		memcpy(frame, data, len);
		data += len;
		size -= len;
		mend(frame, len, choice);
		harness_inject_as(h, choice & CHOICE_PORT, (choice & CHOICE_QUEUE) >> 1, frame, len,
				  0, choice & CHOICE_SEGMENTS ? 24 : 0);
		harness_turn(h);
		if (choice & CHOICE_TIME)
			harness_advance(h, 1000);
	}
	harness_assert_balance(h);
	drain(h);
	if (++runs % 4096 == 0) {
		harness_free(h);
		h = NULL;
	}
	return 0;
}

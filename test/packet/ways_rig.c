/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/ways_rig.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "packet/ip4_rig.h"

static void run_all(struct harness *h, const char *format)
{
	for (unsigned int n = 1; n <= WAYS_GATEWAYS; n++) {
		char ip[64], mac[32];

		snprintf(ip, sizeof(ip), format, n);
		snprintf(mac, sizeof(mac), "06:00:00:00:00:1%u", n);
		harness_neigh(h, ip, mac, "dpdk1");
	}
}

struct harness *ways_rig_new(unsigned int n_workers)
{
	const struct harness_options options = { .n_workers = n_workers, .forwarding = true };
	struct harness *h = harness_new(&options);
	uint8_t frame[256];

	harness_run(h, "dpip addr add 10.0.0.1/24 dev dpdk0");
	harness_run(h, "dpip addr add 192.168.0.1/24 dev dpdk1");
	harness_run(h, "dpip addr add 2001:db8::1/64 dev dpdk0 nodad");
	harness_run(h, "dpip addr add 2001:db8:1::1/64 dev dpdk1 nodad");
	run_all(h, "192.168.0.1%u");
	run_all(h, "2001:db8:1::1%u");
	harness_neigh(h, "10.0.0.19", "06:00:00:00:00:19", "dpdk0");
	harness_neigh(h, "2001:db8::19", "06:00:00:00:00:19", "dpdk0");
	harness_advance(h, 5000);
	for (unsigned int port = 0; port < HARNESS_PORTS; port++)
		while (harness_take(h, port, frame, sizeof(frame)))
			; /* new addresses are announced */
	return h;
}

static const char *word_of(unsigned int family, const char **at)
{
	static const char *const gateways[2][10] = {
		{ [1] = "192.168.0.11",
		  "192.168.0.12",
		  "192.168.0.13",
		  "192.168.0.14",
		  "192.168.0.15",
		  [9] = "10.0.0.19" },
		{ [1] = "2001:db8:1::11",
		  "2001:db8:1::12",
		  "2001:db8:1::13",
		  "2001:db8:1::14",
		  "2001:db8:1::15",
		  [9] = "2001:db8::19" },
	};
	bool six = family == AF_INET6;

	switch (*(*at)++) {
	case 'd':
		return six ? "2600::/16" : "50.0.0.0/8";
	case 's':
		return six ? "2600::1" : "50.0.0.1";
	case 'p':
		return six ? "/128" : "/32";
	default:
		return gateways[six][*(*at)++ - '0'];
	}
}

void ways_run(struct harness *h, unsigned int family, const char *line)
{
	char text[512], *to = text;

	while (*line) {
		if (*line != '%') {
			*to++ = *line++;
			continue;
		}
		line++;
		to = stpcpy(to, word_of(family, &line));
	}
	*to = '\0';
	harness_run(h, text);
}

static struct bytes frame_of(unsigned int family, unsigned int flow, uint8_t tos)
{
	char ip[160];

	if (family == AF_INET)
		snprintf(ip, sizeof(ip),
			 "45%02x 0020 0000 0000 4011 0000 0a00 00%02x 32000001"
			 "%04x 0035 000c 0000 61626364",
			 tos, 2 + flow / 60000, 1024 + flow % 60000);
	else
		snprintf(ip, sizeof(ip),
			 "6%02x00000 000c 11 40 20010db8 00000000 00000000 0000 00%02x"
			 "26000000 00000000 00000000 00000001 %04x 0035 000c 1111 61626364",
			 tos, 2 + flow / 60000, 1024 + flow % 60000);
	return ip4_frame(family == AF_INET ? TO_0 : TO6_0, ip, 0);
}

unsigned int ways_take(struct harness *h, unsigned int family, unsigned int flow, uint8_t tos)
{
	struct bytes frame = frame_of(family, flow, tos);
	unsigned int to = WAY_LOST, n = 0;
	uint8_t out[256];

	harness_inject(h, 0, flow % h->n_workers, frame.at, frame.len);
	harness_turn(h);
	for (unsigned int port = 0; port < HARNESS_PORTS; port++)
		while (harness_take(h, port, out, sizeof(out))) {
			/* what all or its sender are told */
			if ((out[0] & 1) || (out[11] == 0 && out[5] == 2))
				continue;
			assert_int_equal(out[12] << 8 | out[13],
					 family == AF_INET ? 0x0800 : 0x86dd);
			assert_int_equal(out[11], out[5] == 0x19 ? 0 : 1);
			to = out[5];
			n++;
		}
	assert_true(n <= 1);
	return to;
}

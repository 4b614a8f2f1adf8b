/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/setup: see the header. Both families have the same addresses: those of
 * IPv6 are IPv4's behind FRAME_PREFIX6.
 *
 *	clients 100.64.0.0/12 – 10.0.0.254 – dpdk0 10.0.0.1 | dpdk1 192.168.0.1 – 192.168.0.11 …
 *
 * The service is at 10.0.0.10; FNAT has the local addresses 192.168.0.200 and
 * .201. With SNAT these are the public ones, the clients are inside and the
 * servers are hosts of the world. With tags all that is on VLANs of both ports.
 */
#include "perf/setup.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include <rte_common.h>

#define VPORT        80
#define SERVER_PORT  8080
#define SERVER_FIRST 11
#define LOCALS       2

#define CLIENTS     0x64400000u /* 100.64.0.0 */
#define CLIENT_LAST 0x644fffffu
#define VIP         0x0a00000au
#define SERVERS     (0xc0a80000u + SERVER_FIRST)

#define NAME_LEN 64
#define LINE_LEN 240

static bool six_on(const struct rig_config *config, enum side side)
{
	return frame_six(&config->form, side);
}

/* The port of a side. */
static const char *dev(const struct rig_config *config, enum side side)
{
	static const char *const plain[SIDE__COUNT] = { "dpdk0", "dpdk1" };
	static const char *const tagged[SIDE__COUNT] = { "vlan0", "vlan1" };

	return config->form.tagged ? tagged[side] : plain[side];
}

/* An address of that side, with a port unless it is 0, as a command takes it. */
static const char *name(const struct rig_config *config, enum side side, uint32_t addr,
			uint16_t port, char *buf)
{
	const char *prefix = six_on(config, side) ? FRAME_PREFIX6 : "";
	const char *open = six_on(config, side) && port ? "[" : "", *close = *open ? "]" : "";
	char tail[8] = "";

	if (port)
		snprintf(tail, sizeof(tail), ":%u", port);
	snprintf(buf, NAME_LEN, "%s%s%u.%u.%u.%u%s%s", open, prefix, addr >> 24, addr >> 16 & 255,
		 addr >> 8 & 255, addr & 255, close, tail);
	return buf;
}

static char proto_letter(const struct rig_config *config)
{
	return config->proto == IPPROTO_TCP ? 't' : 'u';
}

__attribute__((format(printf, 2, 3))) static void say(const struct setup *setup, const char *format,
						      ...)
{
	char line[LINE_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	setup->line(setup->arg, line);
}

bool setup_answered(const struct rig_config *config)
{
	return config->mode != API_FORWARD_DR && config->mode != API_FORWARD_TUNNEL;
}

static void setup_links(const struct setup *setup, const struct rig_config *config)
{
	const char *const client = dev(config, SIDE_CLIENT), *const server = dev(config,
										 SIDE_SERVER);
	unsigned int plen[] = { six_on(config, SIDE_CLIENT) ? 120 : 24,
				six_on(config, SIDE_SERVER) ? 120 : 24 };
	char buf[NAME_LEN];

	for (unsigned int side = 0; config->form.tagged && side < SIDE__COUNT; side++)
		say(setup, "dpip vlan add %s link dpdk%u id %u", dev(config, side), side,
		    frame_vlan[side]);
	say(setup, "dpip addr add %s/%u dev %s", name(config, SIDE_CLIENT, 0x0a000001, 0, buf),
	    plen[SIDE_CLIENT], client);
	say(setup, "dpip addr add %s/%u dev %s", name(config, SIDE_CLIENT, VIP, 0, buf),
	    config->form.six ? 128 : 32, client);
	say(setup, "dpip addr add %s/%u dev %s", name(config, SIDE_SERVER, 0xc0a80001, 0, buf),
	    plen[SIDE_SERVER], server);
	name(config, SIDE_CLIENT, 0x0a0000fe, 0, buf);
	say(setup, "dpip %sroute add default via %s dev %s", config->form.six ? "-6 " : "", buf,
	    client);
	say(setup, "dpip neigh add %s lladdr 06:00:00:00:00:00 dev %s", buf, client);
	for (uint32_t i = 0; i < RIG_SERVERS; i++)
		say(setup, "dpip neigh add %s lladdr 06:00:00:00:00:01 dev %s",
		    name(config, SIDE_SERVER, SERVERS + i, 0, buf), server);
}

/* Servers of a service at an address. */
static void setup_service(const struct setup *setup, const struct rig_config *config)
{
	static const char letters[] = { [API_FORWARD_FNAT] = 'b',
					[API_FORWARD_NAT] = 'm',
					[API_FORWARD_DR] = 'g',
					[API_FORWARD_TUNNEL] = 'i' };
	uint16_t port = setup_answered(config) ? SERVER_PORT : VPORT;
	char proto = proto_letter(config), vip[NAME_LEN], buf[NAME_LEN];

	name(config, SIDE_CLIENT, VIP, VPORT, vip);
	say(setup, "ipvsadm -A -%c %s -s rr", proto, vip);
	for (uint32_t i = 0; i < LOCALS && config->mode == API_FORWARD_FNAT; i++)
		say(setup, "ipvsadm -P -%c %s -z %s -F %s", proto, vip,
		    name(config, SIDE_SERVER, 0xc0a800c8 + i, 0, buf), dev(config, SIDE_SERVER));
	for (uint32_t i = 0; i < RIG_SERVERS; i++)
		say(setup, "ipvsadm -a -%c %s -r %s -%c", proto, vip,
		    name(config, SIDE_SERVER, SERVERS + i, port, buf), letters[config->mode]);
}

static void setup_snat(const struct setup *setup, const struct rig_config *config)
{
	char match[LINE_LEN], first[NAME_LEN], last[NAME_LEN];

	snprintf(match, sizeof(match), "-H proto=%s,src-range=%s-%s,oif=dpdk1",
		 config->proto == IPPROTO_TCP ? "tcp" : "udp",
		 name(config, SIDE_CLIENT, CLIENTS, 0, first),
		 name(config, SIDE_CLIENT, CLIENT_LAST, 0, last));
	say(setup, "ipvsadm -A %s -s rr", match);
	for (uint32_t i = 0; i < LOCALS; i++)
		say(setup, "ipvsadm -a %s -r %s -J", match,
		    name(config, SIDE_SERVER, 0xc0a800c8 + i, 0, first));
}

void setup_run(const struct setup *setup)
{
	const struct rig_config *config = setup->config;

	setup_links(setup, config);
	if (config->mode == API_FORWARD_SNAT)
		setup_snat(setup, config);
	else
		setup_service(setup, config);
}

/* A million clients; each one's next connection comes from another port. */
void setup_client(const struct rig_config *config, uint32_t i, struct bench_seen *tuple)
{
	bool snat = config->mode == API_FORWARD_SNAT;

	*tuple = (struct bench_seen){
		.src = htonl(CLIENTS + (i & 0xfffff)),
		.dst = htonl(snat ? SERVERS + i % RIG_SERVERS : VIP),
		.sport = htons((uint16_t)(1024 + (uint64_t)i * 7919 % 60000)),
		.dport = htons(VPORT),
	};
}

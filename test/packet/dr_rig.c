/* SPDX-License-Identifier: BSD-3-Clause */
/* packet/dr_rig: see the header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "ipvs/service.h"
#include "packet/dr_rig.h"

static char letter(uint8_t proto)
{
	return proto == IPPROTO_UDP ? 'u' : 't';
}

void dr_service(struct harness *h, uint8_t proto)
{
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -A -%c " VIP ":80 -s rr", letter(proto));
	harness_run(h, line);
}

void dr_server(struct harness *h, uint8_t proto, const char *server)
{
	char line[160];

	snprintf(line, sizeof(line), "ipvsadm -a -%c " VIP ":80 -r %s -g", letter(proto), server);
	harness_run(h, line);
}

struct harness *dr_new(const struct harness_options *options, uint8_t proto, unsigned int n_servers)
{
	static const char *const servers[] = { SERVER, SERVER2 };
	struct harness *h = rig_new(options);

	dr_service(h, proto);
	for (unsigned int i = 0; i < n_servers; i++)
		dr_server(h, proto, servers[i]);
	return h;
}

struct packet dr_from_client(uint8_t proto, uint16_t sport, uint8_t flags)
{
	return (struct packet){ .src = CLIENT,
				.dst = VIP,
				.sport = sport,
				.dport = 80,
				.proto = proto,
				.flags = flags,
				.seq = flags & SYN ? ISN : ISN + 1,
				.ack = flags & ACK ? SISN + 1 : 0,
				.id = 0x1234,
				.tos = 0xb8,
				.fragment = 0x4000,
				.payload = proto == IPPROTO_UDP ? "hello" : NULL };
}

struct packet dr_on(struct packet packet)
{
	packet.ttl = (uint8_t)((packet.ttl ? packet.ttl : 64) - 1);
	return packet;
}

void dr_pass(struct harness *h, const struct packet *packet)
{
	struct packet want = dr_on(*packet);

	rig_send(h, CLIENT_SIDE, packet);
	rig_expect(h, SERVER_SIDE, &want);
}

const char *dr_server_of(const struct rig_conn *conn, char text[IP_STR_LEN])
{
	const struct dest *dest = dest_get(conn->w->ipvs->services, conn->conn->dest);

	return ip_str(AF_INET, &dest->addr, text);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/net_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "control/request.h"
#include "lib/unit.h"
#include "net/net_ctl.h"

static void rig_tables(struct request_table tables[4])
{
	tables[0] = addr_requests;
	tables[1] = route_requests;
	tables[2] = neigh_requests;
	tables[3] = (struct request_table){ .handlers = NULL };
}

struct net_rig *net_rig_create(uint32_t neigh_max)
{
	struct net_rig *rig = calloc(1, sizeof(*rig));
	struct net_config net = {
		.ip4_default_ttl = 64,
		.ip6_gen = IP6_GEN_NONE,
		.neigh_timeout_s = 60,
		.neigh_queue = 8,
		.neigh_max = neigh_max,
		.icmp_rate = 100,
	};
	struct worker_config config = {
		.n_workers = NET_RIG_WORKERS,
		.socket = -1,
		.wake_fd = -1,
		.ring_size = 64,
		.flow_key = { { 0x243f6a8885a308d3, 0x13198a2e03707345, 0xa4093822299f31d1,
				0x082efa98ec4e6c89 } },
	};

	assert_non_null(rig);
	config.all = rig->all;
	for (config.id = 0; config.id <= NET_RIG_WORKERS; config.id++) {
		struct worker *w = worker_create(&config);

		assert_non_null(w);
		rig->all[config.id] = w;
		w->clock_fixed = true;
		w->now_ms = 1000;
		w->link = link_create();
		w->net = net_create(&net, -1);
		assert_true(w->link && w->net);
	}
	for (unsigned int i = 0; i < NET_RIG_PORTS; i++) {
		struct port port = { .mtu = 1500 };

		snprintf(port.name, sizeof(port.name), "dpdk%u", i);
		assert_int_equal(port_add(rig->all, &port), i);
	}
	return rig;
}

void net_rig_destroy(struct net_rig *rig)
{
	for (unsigned int i = 0; i <= NET_RIG_WORKERS; i++) {
		struct worker *w = rig->all[i];

		net_destroy(w);
		link_destroy(w->link);
	}
	for (unsigned int i = 0; i <= NET_RIG_WORKERS; i++)
		worker_destroy(rig->all[i]);
	free(rig);
}

int net_rig_request(struct net_rig *rig, enum api_id id, const void *body, uint32_t len)
{
	struct request_table tables[4];

	rig_tables(tables);
	rig->error[0] = '\0';
	return control_run_request(rig->all, tables, (uint16_t)id, body, len, rig->error,
				   sizeof(rig->error));
}

/* The items of one reply's body. */
static unsigned int take_items(const uint8_t *body, uint32_t len, uint8_t *out, size_t size,
			       unsigned int n, unsigned int max)
{
	uint32_t at = 0;

	while (at < len) {
		const struct api_item *item = (const struct api_item *)(const void *)(body + at);

		assert_int_equal(item->len, size);
		assert_true(n < max);
		memcpy(out + n++ * size, item + 1, size);
		at += (uint32_t)sizeof(*item) + API_ALIGN(item->len);
	}
	return n;
}

unsigned int net_rig_list(struct net_rig *rig, enum api_id id, const struct api_filter *filter,
			  void *out, size_t size, unsigned int max)
{
	struct request_table tables[4];
	struct dispatch dispatch = { .all = rig->all, .tables = tables };
	struct frame_request what = { .id = (uint16_t)id, .len = sizeof(*filter), .body = filter };
	struct reply reply = { .first = NULL };
	struct reply_chunk *chunk;
	struct request req;
	unsigned int n = 0;

	rig_tables(tables);
	if (!request_start(&req, &dispatch, &reply, &what))
		while (!request_resume(&req))
			if (rig->between_pages)
				rig->between_pages(rig);
	assert_int_equal(req.status, 0);
	assert_int_equal(reply_finish(&reply), 0);
	while ((chunk = reply_take(&reply)) != NULL) {
		const uint8_t *bytes = (const uint8_t *)chunk->bytes;
		uint32_t at = sizeof(struct api_frame);

		while (at < chunk->len) {
			const struct api_reply *head =
				(const struct api_reply *)(const void *)(bytes + at);

			n = take_items((const uint8_t *)(head + 1), head->len, out, size, n, max);
			at += (uint32_t)sizeof(*head) + API_ALIGN(head->len);
		}
		free(chunk);
	}
	return n;
}

union api_ip net_rig_ip(const char *text)
{
	union ip_addr ip;
	unsigned int family;

	assert_int_equal(ip_parse(text, &family, &ip), 0);
	return ip_to_api(&ip);
}

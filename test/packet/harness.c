/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/harness: see harness.h. Workers are turned one after the other in the
 * test's thread; ops are applied to all of them at once, since they are not
 * "running" in the sense of worker/op.h.
 */
#include "packet/harness_tags.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <popt.h>
#include <rte_eal.h>
#include <rte_mbuf.h>

#include "link/port.h"
#include "link/rss.h"
#include "main/path.h"
#include "main/startup.h"
#include "net/addr.h"
#include "net/neigh.h"
#include "net/net.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "worker/event.h"

#define HARNESS_START_MS 1000000

static void eal_start(void)
{
	static bool up;
	static char *words[] = { "test",     "--no-huge",      "-m", "96", "--no-shconf",
				 "--no-pci", "--no-telemetry", "-l", "0",  "--log-level=error",
				 NULL };

	if (up)
		return;
	assert_true(rte_eal_init((int)RTE_DIM(words) - 1, words) >= 0);
	up = true;
}

static void fill_timeouts(uint32_t *out, const uint32_t *wanted, const uint32_t *defaults,
			  unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		out[i] = wanted[i] ? wanted[i] : defaults[i];
}

static void make_config(const struct harness_options *options, struct modules_config *config)
{
	memset(config, 0, sizeof(*config));
	config->net.ip4_forwarding = options->forwarding;
	config->net.ip6_forwarding = options->forwarding;
	config->net.ip6_disable = options->ip6_disable;
	config->net.ip6_gen = options->ip6_gen ? options->ip6_gen - 1 : IP6_GEN_NONE;
	config->net.mld = options->mld;
	config->net.dad_transmits = options->dad_transmits;
	config->net.ip4_default_ttl = 64;
	config->net.neigh_timeout_s = 60;
	config->net.neigh_queue = options->neigh_queue ? options->neigh_queue : 128;
	config->net.neigh_max = options->neigh_max ? options->neigh_max : 1024;
	config->net.icmp_rate = options->icmp_rate ? options->icmp_rate : 1000;
	config->net.frag.buckets = 64;
	config->net.frag.bucket_entries = 16;
	config->net.frag.max_entries = options->frag_max ? options->frag_max : 256;
	config->net.frag.timeout_s = 2;
	config->ipvs.conn_max = options->conn_max ? options->conn_max : 4096;
	config->ipvs.mh_table_size = options->mh_table_size ? options->mh_table_size : 4093;
	config->ipvs.conn_init_timeout_s = 3;
	config->ipvs.no_conn_reset = !options->no_conn_drop;
	fill_timeouts(config->ipvs.tcp_timeout_s, options->tcp_timeout_s, tcp_default_timeouts_s,
		      TCP__COUNT);
	fill_timeouts(config->ipvs.udp_timeout_s, options->udp_timeout_s, udp_default_timeouts_s,
		      UDP__COUNT);
}

void harness_keep_ttl(struct harness *h, bool keep)
{
	struct ipvs_config config = h->all[1]->ipvs->config;

	config.keep_ttl = keep;
	assert_int_equal(ipvs_configure(h->all, &config), 0);
	harness_turn(h);
}

uint8_t harness_ttl(const struct harness *h, uint8_t ttl)
{
	return (uint8_t)(ttl - !h->all[1]->ipvs->config.keep_ttl);
}

static void add_ports(struct harness *h, const struct harness_options *options)
{
	for (unsigned int i = 0; i < HARNESS_PORTS; i++) {
		struct port port;
		char name[16];

		snprintf(name, sizeof(name), "%s%u",
			 options->tags || harness_tags_usual() ? "trunk" : "dpdk", i);
		h->port[i] = test_port_create(name, (uint16_t)h->n_workers, options->offloads,
					      &port);
		assert_non_null(h->port[i]);
		test_port_set_rss(h->port[i], options->rss_entries[i], options->rss_refused[i]);
		port.mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, (uint8_t)i } };
		assert_int_equal(port_add(h->all, &port), i);
		for (unsigned int w = 1; w <= h->n_workers; w++) {
			assert_int_equal(port_bind_rx(h->all[w], (uint16_t)i, (uint16_t)(w - 1)),
					 0);
			port_bind_tx(h->all[w], (uint16_t)i, (uint16_t)(w - 1));
		}
	}
}

static void set_clock(struct harness *h)
{
	for (unsigned int i = 0; i <= h->n_workers; i++) {
		h->all[i]->now_ms = h->now_ms;
		h->all[i]->now_ns = h->now_ms * 1000000;
	}
}

static enum flow_mode harness_flow_mode(void)
{
	const char *mode = getenv("FLOW");

	if (mode && strcmp(mode, "off") == 0)
		return FLOW_OFF;
	return mode && strcmp(mode, "check") == 0 ? FLOW_CHECK : FLOW_ON;
}

struct harness *harness_new(const struct harness_options *options)
{
	struct harness *h = calloc(1, sizeof(*h));
	struct worker_config config = {
		.stages = path_stages(FLOW_ON),
		.ticks = module_ticks,
		.receive = link_receive,
		.arm = link_arm,
		.ring_size = 1024,
		.socket = -1,
		.wake_fd = -1,
		.flow_key = { { 0x243f6a8885a308d3, 0x13198a2e03707345, 0xa4093822299f31d1,
				0x082efa98ec4e6c89 } },
	};
	struct modules_config modules;

	eal_start();
	assert_non_null(h);
	h->n_workers = options->n_workers ? options->n_workers : 1;
	assert_true(h->n_workers <= HARNESS_WORKERS);
	h->pool = rte_pktmbuf_pool_create("packets", options->mbufs ? options->mbufs : 4095, 0,
					  META_SIZE, 2048 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	assert_non_null(h->pool);
	h->now_ms = HARNESS_START_MS;
	config.n_workers = h->n_workers;
	config.pool = h->pool;
	config.all = h->all;
	for (config.id = 0; config.id <= h->n_workers; config.id++) {
		h->all[config.id] = worker_create(&config);
		assert_non_null(h->all[config.id]);
		path_use(h->all[config.id], harness_flow_mode());
		h->all[config.id]->clock_fixed = true;
	}
	set_clock(h);
	make_config(options, &modules);
	assert_int_equal(modules_create(h->all, &modules), 0);
	modules_request_tables(h->tables);
	add_ports(h, options);
	assert_int_equal(rss_start(h->all), 0);
	net_master_tick(h->all, h->now_ms);
	harness_tags_add(h, options->tags ? options->tags : harness_tags_usual());
	return h;
}

void harness_free(struct harness *h)
{
	struct link *link = h->all[WORKER_MASTER]->link;
	unsigned int total = h->pool->populated_size;

	harness_tags_free(h);
	for (uint16_t i = 0; i < link->n_ports; i++)
		if (port_exists(link, i))
			link->ports[i].ops->close(link->ports[i].handle);
	modules_destroy(h->all);
	for (unsigned int i = 0; i <= h->n_workers; i++)
		worker_destroy(h->all[i]);
	assert_int_equal(rte_mempool_avail_count(h->pool), total);
	rte_mempool_free(h->pool);
	free(h);
}

static int run_line(struct harness *h, const char *line, char *error, size_t size)
{
	const char **argv = NULL;
	int argc = 0, r;

	assert_int_equal(poptParseArgvString(line, &argc, &argv), 0);
	r = startup_run(h->all, h->tables, argc, (char **)argv, error, size);
	free(argv);
	harness_turn(h);
	return r;
}

void harness_run(struct harness *h, const char *line)
{
	char error[512] = "";

	if (run_line(h, line, error, sizeof(error)) != 0)
		fail_msg("%s: %s", line, error);
}

const char *harness_refused(struct harness *h, const char *line)
{
	static char error[512];

	error[0] = '\0';
	if (run_line(h, line, error, sizeof(error)) == 0)
		fail_msg("%s: was taken, and should not", line);
	return error;
}

static struct rte_mbuf *make_segment(struct harness *h, const uint8_t *data, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool);
	char *room;

	assert_non_null(m);
	room = rte_pktmbuf_append(m, (uint16_t)len);
	assert_non_null(room);
	memcpy(room, data, len);
	return m;
}

void harness_inject_as(struct harness *h, unsigned int port, unsigned int queue, const void *frame,
		       size_t len, uint64_t ol_flags, size_t segment)
{
	size_t bare = len, first;
	uint8_t data[4096];
	struct rte_mbuf *m;

	len = harness_tags_in(h, port, frame, len, data, sizeof(data));
	segment += segment ? len - bare : 0; /* at the same place of the packet */
	first = segment && segment < len ? segment : len;
	m = make_segment(h, data, first);
	for (size_t at = first; at < len; at += segment)
		assert_int_equal(rte_pktmbuf_chain(
					 m, make_segment(h, data + at, RTE_MIN(segment, len - at))),
				 0);
	m->ol_flags |= ol_flags;
	port = harness_tags_device(h, port, m);
	m->port = (uint16_t)port;
	assert_true(test_port_inject(h->port[port], (uint16_t)queue, m));
}

void harness_inject(struct harness *h, unsigned int port, unsigned int queue, const void *frame,
		    size_t len)
{
	harness_inject_as(h, port, queue, frame, len, 0, 0);
}

void harness_inject_tight(struct harness *h, unsigned int port, const void *frame, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool);

	assert_non_null(m);
	m->data_off = 0;
	m->port = (uint16_t)port;
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	assert_true(test_port_inject(h->port[port], 0, m));
}

unsigned int harness_receive(struct harness *h, unsigned int port, const void *frame, size_t len)
{
	uint16_t queue = test_port_rss_queue(h->port[port], frame, len);

	harness_inject(h, port, queue, frame, len);
	return queue;
}

static bool take_events(struct harness *h)
{
	bool any = false;
	struct event event;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		while (event_receive(h->all[i], &event)) {
			net_event(h->all, h->all[i], &event, h->now_ms);
			any = true;
		}
	return any;
}

static bool stages_waiting(const struct harness *h)
{
	for (unsigned int i = 0; i <= h->n_workers; i++)
		for (unsigned int s = 0; s < STAGE__COUNT; s++)
			if (h->all[i]->stage_in[s].count)
				return true;
	return false;
}

void harness_turn(struct harness *h)
{
	bool any;

	for (unsigned int turns = 0; turns < 1000; turns++) {
		any = false;
		set_clock(h);
		for (unsigned int i = 1; i <= h->n_workers; i++)
			any |= worker_turn(h->all[i]) != 0;
		any |= take_events(h);
		any |= stages_waiting(h);
		if (!any)
			return;
	}
	fail_msg("the workers do not come to rest");
}

void harness_advance(struct harness *h, uint64_t ms)
{
	uint64_t end = h->now_ms + ms;

	while (h->now_ms < end) {
		uint64_t step = RTE_MIN(end - h->now_ms, (uint64_t)100);
		bool neigh = (h->now_ms + step) / NEIGH_TICK_MS != h->now_ms / NEIGH_TICK_MS;

		h->now_ms += step;
		set_clock(h);
		if (neigh)
			net_master_tick(h->all, h->now_ms);
		harness_turn(h);
	}
}

size_t harness_take_from(struct harness *h, unsigned int port, void *out, size_t size,
			 unsigned int *worker, uint64_t *ol_flags)
{
	uint16_t queue = 0;
	struct rte_mbuf *m = harness_tags_out(h, port, &queue);
	const void *data;
	size_t len;

	if (!m)
		return 0;
	len = rte_pktmbuf_pkt_len(m);
	assert_true(len <= size);
	data = rte_pktmbuf_read(m, 0, (uint32_t)len, out);
	assert_non_null(data);
	if (data != out)
		memcpy(out, data, len);
	if (worker)
		*worker = queue + 1;
	if (ol_flags)
		*ol_flags = m->ol_flags;
	rte_pktmbuf_free(m);
	return len;
}

size_t harness_take(struct harness *h, unsigned int port, void *out, size_t size)
{
	return harness_take_from(h, port, out, size, NULL, NULL);
}

uint64_t harness_drops(const struct harness *h, enum drop_reason reason)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		sum += h->all[i]->drops[reason];
	return sum;
}

uint64_t harness_all_drops(const struct harness *h)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		sum += h->all[i]->counters.dropped;
	return sum;
}

uint64_t harness_handed_out(const struct harness *h)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		sum += h->all[i]->counters.handed_out;
	return sum;
}

void harness_assert_balance(const struct harness *h)
{
	uint64_t in = 0, out = 0, drops = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++) {
		const struct worker_counters *c = &h->all[i]->counters;

		in += c->received + c->made;
		out += c->sent + c->dropped + c->to_kernel + h->all[i]->held;
	}
	assert_int_equal(in, out);
	for (unsigned int reason = 0; reason < DROP__COUNT; reason++)
		drops += harness_drops(h, reason);
	assert_int_equal(drops, harness_all_drops(h));
}

void harness_neigh(struct harness *h, const char *ip, const char *mac, const char *dev)
{
	char line[128];

	snprintf(line, sizeof(line), "dpip neigh add %s lladdr %s dev %s", ip, mac, dev);
	harness_run(h, line);
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

size_t harness_hex(const char *text, uint8_t *out, size_t size)
{
	size_t n = 0;

	while (*text) {
		if (isspace((unsigned char)*text) || *text == ':') {
			text++;
			continue;
		}
		assert_true(isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]));
		assert_true(n < size);
		out[n++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		text += 2;
	}
	return n;
}

void harness_assert_frame(const void *frame, size_t len, const char *hex, const char *file,
			  int line)
{
	uint8_t want[4096];
	size_t n = harness_hex(hex, want, sizeof(want));

	if (n == len && memcmp(want, frame, n) == 0)
		return;
	print_error("%s:%d: want %zu bytes:", file, line, n);
	for (size_t i = 0; i < n; i++)
		print_error("%s%02x", i % 16 ? " " : "\n", want[i]);
	print_error("\ngot %zu bytes:", len);
	for (size_t i = 0; i < len; i++)
		print_error("%s%02x", i % 16 ? " " : "\n", ((const uint8_t *)frame)[i]);
	print_error("\n");
	_fail(file, line);
}

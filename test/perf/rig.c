/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/rig: see the header. */
#include "perf/rig.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <popt.h>
#include <rte_mempool.h>

#include "ipvs/conn.h"
#include "ipvs/lport.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "lib/prng.h"
#include "main/path.h"
#include "main/startup.h"
#include "perf/measure.h"
#include "perf/setup.h"

#define OPEN_S        100000 /* timeout of a connection that is open */
#define CLOSING_S     2
#define TURN_NS       20000u
#define CHUNK         32768u /* flows opened at once */
#define TRACE_MIN     4096u  /* entries, however few flows there are */
#define SPARE_CONNS   200000u
#define QUIET_TURNS   64
#define QUIET_TURN_NS 500000000u

struct rig {
	struct worker *all[2];
	struct worker *w;
	struct rig_config config;
	struct rte_mempool *pool, *made;
	struct bench_set *set;
	struct bench_port *port[SIDE__COUNT];
	struct request_table tables[MODULE_TABLES];
	uint64_t skew_ns, even_ns;
	struct rig_watch watch;
	double apart; /* cycles that watch.before has taken, and looking at the clock for it */
	double clock; /* cycles that a look takes */
	bool counted;
	enum flow_mode flow;
	bool overload;
	struct rig_flow *flows;
	uint32_t n_flows;
	struct rig_trace trace[SIDE__COUNT];
	struct bench_flow *trace_room[SIDE__COUNT];
	struct bench_seen *seen;
	uint32_t *order;
	struct region regions[5];
};

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

void *bulk_alloc(size_t size, struct region *region)
{
	int r = region_create(region, size, -1);

	if (r < 0)
		die("no memory for %zu bytes: %s", size, strerror(-r));
	return region->base;
}

void shuffle(uint32_t *numbers, uint32_t n, uint64_t seed)
{
	struct prng prng = { seed };

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = prng_below(&prng, i + 1);

		numbers[i] = numbers[at];
		numbers[at] = i;
	}
}

static void rig_clock(struct rig *rig)
{
	struct timespec now;

	if (rig->config.even_clock) {
		rig->even_ns += TURN_NS;
		rig->w->now_ns = rig->even_ns + rig->skew_ns;
	} else {
		clock_gettime(CLOCK_MONOTONIC, &now);
		rig->w->now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec +
				 rig->skew_ns;
	}
	rig->w->now_ms = rig->w->now_ns / 1000000;
}

static void rig_turn(struct rig *rig)
{
	rig_clock(rig);
	if (!rig->overload)
		rig->w->crowded_until_ms = 0;
	worker_turn(rig->w);
}

static void rig_turn_watched(struct rig *rig)
{
	const struct rig_watch *watch = &rig->watch;
	double start;

	if (watch->before && (!watch->due || watch->due(watch->arg))) {
		start = measure_cycles();
		watch->before(watch->arg);
		rig->apart += measure_cycles() - start + rig->clock;
	}
	if (!watch->turned) {
		rig_turn(rig);
		return;
	}
	start = measure_cycles();
	rig_turn(rig);
	watch->turned(watch->arg, measure_cycles() - start);
}

void rig_watch(struct rig *rig, const struct rig_watch *watch)
{
	double looks[99];

	rig->watch = watch ? *watch : (struct rig_watch){ .before = NULL };
	for (unsigned int i = 0; watch && i < RTE_DIM(looks); i++) {
		looks[i] = measure_cycles();
		looks[i] = measure_cycles() - looks[i];
	}
	if (watch)
		rig->clock = stats_of(looks, RTE_DIM(looks)).median;
}

void rig_line(struct rig *rig, const char *format, ...)
{
	const char **argv = NULL;
	char line[160], error[512] = "";
	int argc = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (poptParseArgvString(line, &argc, &argv) != 0 ||
	    startup_run(rig->all, rig->tables, argc, (char **)argv, error, sizeof(error)) != 0)
		die("%s: %s", line, error);
	free(argv);
}

/* In which data flows. */
static unsigned int open_state(const struct rig *rig)
{
	if (rig->config.proto == IPPROTO_TCP)
		return TCP_ESTABLISHED;
	return rig_answered(rig) ? UDP_NORMAL : UDP_ONEWAY;
}

static void make_config(const struct rig *rig, struct modules_config *config)
{
	memset(config, 0, sizeof(*config));
	config->net = (struct net_config){ .ip4_default_ttl = 64,
					   .neigh_timeout_s = 60,
					   .neigh_queue = 128,
					   .neigh_max = 1024,
					   .icmp_rate = 1000,
					   .ip4_forwarding = true,
					   .ip6_forwarding = true };
	config->ipvs.conn_max = rig->config.flows_max + SPARE_CONNS;
	config->ipvs.mh_table_size = 65521;
	config->ipvs.conn_init_timeout_s = CLOSING_S;
	config->ipvs.no_conn_reset = true;
	for (unsigned int i = 0; i < TCP__COUNT; i++)
		config->ipvs.tcp_timeout_s[i] = i == TCP_ESTABLISHED ? OPEN_S : CLOSING_S;
	for (unsigned int i = 0; i < UDP__COUNT; i++)
		config->ipvs.udp_timeout_s[i] = i == open_state(rig) ? OPEN_S : CLOSING_S;
}

static void add_ports(struct rig *rig)
{
	rig->set = bench_set_create(rig->pool, rig->config.mbufs);
	if (!rig->set)
		die("no %u mbufs (a power of two, at most %u)", rig->config.mbufs, BENCH_SET_MAX);
	for (unsigned int i = 0; i < SIDE__COUNT; i++) {
		struct port port;
		char name[16];

		snprintf(name, sizeof(name), "dpdk%u", i);
		rig->port[i] = bench_port_create(name, rig->set, &port);
		if (!rig->port[i])
			die("no memory for a port");
		port.mac = frame_our_mac[i];
		if (port_add(rig->all, &port) != (int)i ||
		    port_bind_rx(rig->w, (uint16_t)i, 0) != 0)
			die("port %s cannot be added", name);
		port_bind_tx(rig->w, (uint16_t)i, 0);
	}
}

static void run_line(void *arg, const char *line)
{
	rig_line(arg, "%s", line);
}

static void configure(struct rig *rig)
{
	const struct setup setup = { .config = &rig->config, .line = run_line, .arg = rig };

	setup_run(&setup);
	/* addresses are announced, a second apart, some times */
	for (unsigned int i = 0; i < QUIET_TURNS; i++) {
		rig->skew_ns += QUIET_TURN_NS;
		rig_turn(rig);
	}
}

static void make_workers(struct rig *rig)
{
	struct worker_config config = {
		.n_workers = 1,
		.stages = path_stages(FLOW_ON),
		.ticks = module_ticks,
		.receive = link_receive,
		.arm = link_arm,
		.ring_size = 1024,
		.socket = -1,
		.wake_fd = -1,
		.pool = rig->made,
		.all = rig->all,
		.flow_key = { { 0x243f6a8885a308d3, 0x13198a2e03707345, 0xa4093822299f31d1,
				0x082efa98ec4e6c89 } },
	};
	struct modules_config modules;

	for (config.id = 0; config.id < RTE_DIM(rig->all); config.id++) {
		rig->all[config.id] = worker_create(&config);
		if (!rig->all[config.id])
			die("no memory for a worker");
		rig->all[config.id]->clock_fixed = true;
	}
	rig->w = rig->all[1];
	rig_clock(rig);
	make_config(rig, &modules);
	if (modules_create(rig->all, &modules) != 0)
		die("no memory for %u connections", modules.ipvs.conn_max);
	modules_request_tables(rig->tables);
}

struct rig *rig_new(const struct rig_config *config)
{
	uint32_t room = RTE_MAX(config->flows_max, TRACE_MIN);
	struct rig *rig = calloc(1, sizeof(*rig));

	if (!rig)
		die("no memory");
	rig->config = *config;
	rig->even_ns = 1000000000000u;
	rig->skew_ns = -(uint64_t)QUIET_TURNS * QUIET_TURN_NS; /* configure() makes it 0 */
	rig->pool = rte_pktmbuf_pool_create("circulating", config->mbufs + 1, 0, META_SIZE,
					    2048 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	rig->made = rte_pktmbuf_pool_create("made", 1023, 0, META_SIZE, 2048 + RTE_PKTMBUF_HEADROOM,
					    SOCKET_ID_ANY);
	if (!rig->pool || !rig->made)
		die("no memory for packets");
	make_workers(rig);
	add_ports(rig);
	configure(rig);
	rig->flows = bulk_alloc(room * sizeof(*rig->flows), &rig->regions[0]);
	rig->trace_room[0] = bulk_alloc(room * sizeof(struct bench_flow), &rig->regions[1]);
	rig->trace_room[1] = bulk_alloc(room * sizeof(struct bench_flow), &rig->regions[2]);
	rig->order = bulk_alloc(room * sizeof(*rig->order), &rig->regions[3]);
	rig->seen = bulk_alloc(CHUNK * sizeof(*rig->seen), &rig->regions[4]);
	return rig;
}

void rig_free(struct rig *rig)
{
	struct link *link = rig->all[WORKER_MASTER]->link;

	if (bench_set_home(rig->set) != rig->config.mbufs)
		die("of %u mbufs, %u are back", rig->config.mbufs, bench_set_home(rig->set));
	for (unsigned int i = 0; i < SIDE__COUNT; i++)
		link->ports[i].ops->close(link->ports[i].handle);
	modules_destroy(rig->all);
	for (unsigned int i = 0; i < RTE_DIM(rig->all); i++)
		worker_destroy(rig->all[i]);
	bench_set_destroy(rig->set);
	rte_mempool_free(rig->pool);
	rte_mempool_free(rig->made);
	for (unsigned int i = 0; i < RTE_DIM(rig->regions); i++)
		region_destroy(&rig->regions[i]);
	free(rig);
}

struct worker *rig_worker(struct rig *rig)
{
	return rig->w;
}

const struct rig_config *rig_config(const struct rig *rig)
{
	return &rig->config;
}

uint32_t rig_flows(const struct rig *rig)
{
	return rig->n_flows;
}

struct rig_flow *rig_flow(struct rig *rig, uint32_t i)
{
	return &rig->flows[i];
}

bool rig_answered(const struct rig *rig)
{
	return setup_answered(&rig->config);
}

unsigned int rig_dirs(const struct rig *rig)
{
	return rig_answered(rig) ? DIR_BOTH : DIR_IN;
}

void rig_overload(struct rig *rig, bool on)
{
	rig->overload = on;
}

void rig_use_flow(struct rig *rig, enum flow_mode mode)
{
	rig->flow = mode;
	rig_use_stages(rig, NULL);
}

void rig_use_stages(struct rig *rig, const struct stage *stages)
{
	rig->w->stages = stages ? stages : path_stages(rig->flow);
}

void rig_client(const struct rig *rig, uint32_t i, struct bench_seen *tuple)
{
	setup_client(&rig->config, i, tuple);
}

struct bench_seen rig_answer(const struct bench_seen *sent)
{
	return (struct bench_seen){
		.src = sent->dst, .dst = sent->src, .sport = sent->dport, .dport = sent->sport
	};
}

struct bench_port *rig_port(struct rig *rig, enum side side)
{
	return rig->port[side];
}

const struct rig_trace *rig_trace(struct rig *rig, enum side side)
{
	return &rig->trace[side];
}

struct worker *const *rig_all(struct rig *rig)
{
	return rig->all;
}

const struct request_table *rig_tables(const struct rig *rig)
{
	return rig->tables;
}

void rig_free_clock(struct rig *rig)
{
	for (unsigned int i = 0; i < RTE_DIM(rig->all); i++)
		rig->all[i]->clock_fixed = false;
}

static void play_rest(struct rig *rig, uint64_t packets)
{
	for (unsigned int side = 0; side < SIDE__COUNT; side++)
		bench_port_play(rig->port[side], &rig->trace[side].template, rig->trace[side].flows,
				rig->trace[side].count, 0, packets);
}

void rig_endless(struct rig *rig)
{
	play_rest(rig, UINT64_MAX);
}

void rig_finish(struct rig *rig)
{
	play_rest(rig, 0);
}

void rig_later(struct rig *rig, uint32_t seconds)
{
	rig->skew_ns += (uint64_t)seconds * 1000000000u;
}

/* Into each caller: a function that is the same as another would lose its name. */
__attribute__((always_inline)) static inline void rig_loop(struct rig *rig)
{
	while (bench_port_left(rig->port[0]) || bench_port_left(rig->port[1])) {
		if (rig->watch.before || rig->watch.turned)
			rig_turn_watched(rig);
		else
			rig_turn(rig);
	}
}

/* Callgrind counts inside this function, by its name. */
__attribute__((noinline)) static void rig_loop_counted(struct rig *rig)
{
	rig_loop(rig);
}

static double rig_run(struct rig *rig)
{
	double start = measure_cycles();

	rig->apart = 0;
	if (rig->counted)
		rig_loop_counted(rig);
	else
		rig_loop(rig);
	return measure_cycles() - start - rig->apart;
}

void rig_count(struct rig *rig, bool on)
{
	rig->counted = on;
}

/* As many as came in have gone out, and nothing was given up. */
static void check_fate(const struct rig *rig, const struct worker_counters *before,
		       uint64_t packets)
{
	const struct worker_counters *now = &rig->w->counters;
	uint64_t received = now->received - before->received, made = now->made - before->made;

	if (received == packets && now->sent - before->sent == received + made &&
	    now->dropped == before->dropped)
		return;
	for (unsigned int i = 0; i < DROP__COUNT; i++)
		if (rig->w->drops[i])
			fprintf(stderr, "  drop reason %u: %llu packets\n", i,
				(unsigned long long)rig->w->drops[i]);
	die("of %llu packets, %llu were received, %llu made, %llu sent, %llu dropped",
	    (unsigned long long)packets, (unsigned long long)received, (unsigned long long)made,
	    (unsigned long long)(now->sent - before->sent),
	    (unsigned long long)(now->dropped - before->dropped));
}

double rig_play_both(struct rig *rig, const struct rig_play *play)
{
	struct worker_counters before = rig->w->counters;
	double cycles;

	for (unsigned int side = 0; side < SIDE__COUNT; side++) {
		const struct rig_trace *trace = play->trace[side] ? play->trace[side]
								  : &rig->trace[side];
		uint64_t n = play->packets[side];

		if (n == 0)
			continue;
		bench_port_play(rig->port[side], &trace->template, trace->flows, trace->count,
				trace->next, n);
		if (!play->trace[side])
			rig->trace[side].next = (uint32_t)((trace->next + n) % trace->count);
	}
	cycles = rig_run(rig);
	if (play->strict)
		check_fate(rig, &before, play->packets[0] + play->packets[1]);
	return cycles;
}

double rig_play(struct rig *rig, unsigned int dirs, uint64_t packets)
{
	struct rig_play play = { .strict = true };

	for (unsigned int side = 0; side < SIDE__COUNT; side++)
		if (dirs & 1u << side)
			play.packets[side] = dirs == DIR_BOTH ? (packets + side) / 2 : packets;
	return rig_play_both(rig, &play);
}

double rig_play_once(struct rig *rig, enum side side, const struct rig_trace *trace,
		     struct bench_seen *seen)
{
	struct worker_counters before = rig->w->counters;
	struct bench_port *out = rig->port[!side];
	double cycles;

	bench_port_learn(out, seen, trace->count);
	bench_port_play(rig->port[side], &trace->template, trace->flows, trace->count, 0,
			trace->count);
	cycles = rig_run(rig);
	check_fate(rig, &before, trace->count);
	if (seen && bench_port_learned(out) != trace->count)
		die("%u packets sent at port %u, %u expected", bench_port_learned(out), !side,
		    trace->count);
	bench_port_learn(out, NULL, 0);
	return cycles;
}

uint32_t rig_life_s(const struct rig *rig)
{
	return 10 + (rig_answered(rig) ? 0 : OPEN_S);
}

double rig_expire(struct rig *rig, uint32_t seconds, uint32_t left)
{
	const struct conn_table *conns = rig->w->ipvs->conns;
	uint32_t before = conn_count(conns);
	double start;

	rig->skew_ns += (uint64_t)seconds * 1000000000u;
	start = measure_cycles();
	for (uint32_t turns = 0; conn_count(conns) > left; turns++) {
		if (turns > before + 1000000u)
			die("%u connections do not expire", conn_count(conns) - left);
		rig_turn(rig);
	}
	if (conn_count(conns) != left)
		die("%u connections are left, not %u", conn_count(conns), left);
	return measure_cycles() - start;
}

/* One packet of each of these flows, in their order, on one side. */
static void pass(struct rig *rig, uint32_t first, uint32_t n, enum side side, enum frame_kind kind)
{
	struct rig_trace trace = { .flows = rig->trace_room[side], .count = n };
	struct frame frame;

	frame_make(&frame, kind, side, &rig->config.form);
	trace.template = frame.template;
	for (uint32_t i = 0; i < n; i++) {
		const struct rig_flow *flow = &rig->flows[first + i];

		frame_flow(&frame, side == SIDE_CLIENT ? &flow->in : &flow->out,
			   &rig->trace_room[side][i]);
	}
	rig_play_once(rig, side, &trace, rig->seen);
}

/* What was sent to the clients is the answer to what they have sent. */
static void check_answers(const struct rig *rig, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct bench_seen want = rig_answer(&rig->flows[first + i].in);

		if (memcmp(&want, &rig->seen[i], sizeof(want)) != 0)
			die("the answer to flow %u is not what its client waits for", first + i);
	}
}

/* A server that answers by itself gets what the client has sent. */
static void check_direct(const struct rig *rig, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (memcmp(&rig->flows[first + i].in, &rig->seen[i], sizeof(rig->seen[i])) != 0)
			die("flow %u is not what its client has sent", first + i);
}

static void open_chunk(struct rig *rig, uint32_t first, uint32_t n)
{
	bool tcp = rig->config.proto == IPPROTO_TCP;

	for (uint32_t i = 0; i < n; i++)
		rig_client(rig, first + i, &rig->flows[first + i].in);
	pass(rig, first, n, SIDE_CLIENT, tcp ? FRAME_SYN : FRAME_UDP);
	for (uint32_t i = 0; i < n; i++)
		rig->flows[first + i].out = rig_answer(&rig->seen[i]);
	if (rig_answered(rig)) {
		pass(rig, first, n, SIDE_SERVER, tcp ? FRAME_SYN_ACK : FRAME_UDP);
		check_answers(rig, first, n);
	} else {
		check_direct(rig, first, n);
	}
	if (tcp)
		pass(rig, first, n, SIDE_CLIENT, FRAME_ACK);
}

/* Each is there, and in the state in which data flows. */
static void check_open(struct rig *rig)
{
	unsigned int want = open_state(rig);
	const struct conn_table *conns = rig->w->ipvs->conns;
	uint32_t from = 0, id, n = 0;

	while (from != CONN_NONE) {
		if (!conn_next(conns, from, conn_max(conns), &id)) {
			from = id;
			continue;
		}
		if (conn_get(conns, id)->state != want)
			die("a connection is in state %u, not %u", conn_get(conns, id)->state,
			    want);
		from = id + 1;
		n++;
	}
	if (n != rig->n_flows)
		die("%u connections are open, not %u", n, rig->n_flows);
}

void rig_grow(struct rig *rig, uint32_t n)
{
	if (n > rig->config.flows_max)
		die("%u flows, at most %u", n, rig->config.flows_max);
	while (rig->n_flows < n) {
		uint32_t chunk = RTE_MIN(n - rig->n_flows, CHUNK);

		open_chunk(rig, rig->n_flows, chunk);
		rig->n_flows += chunk;
	}
	check_open(rig);
}

void rig_load(struct rig *rig, uint32_t n, enum frame_kind kind)
{
	for (unsigned int side = 0; side < SIDE__COUNT; side++) {
		struct rig_trace *trace = &rig->trace[side];
		struct frame frame;

		frame_make(&frame, kind, side, &rig->config.form);
		trace->template = frame.template;
		trace->flows = rig->trace_room[side];
		trace->count = RTE_MAX(n, TRACE_MIN);
		trace->next = 0;
		shuffle(rig->order, trace->count, 1 + side);
		for (uint32_t i = 0; i < trace->count; i++) {
			const struct rig_flow *flow = &rig->flows[rig->order[i] % n];

			frame_flow(&frame, side == SIDE_CLIENT ? &flow->in : &flow->out,
				   &rig->trace_room[side][i]);
		}
	}
}

void rig_memory(struct rig *rig, struct rig_memory *memory)
{
	memory->conns = conn_count(rig->w->ipvs->conns);
	memory->conn_bytes = conn_memory(rig->w->ipvs->conns);
	memory->lport_bytes = lport_memory(rig->w->ipvs->lports);
}

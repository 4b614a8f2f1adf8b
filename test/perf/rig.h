/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/rig: one worker in the bench's own thread, between two bench ports:
 * clients on dpdk0, behind a gateway; servers on dpdk1, on the link. One
 * virtual service (SNAT: one by match, the servers are the world), configured by the commands' own
 * lines. Connections are made
 * by packets, as clients and servers would make them. Whatever goes wrong ends
 * the program with a sentence: a figure of packets that were lost is none.
 */
#ifndef PERF_RIG_H
#define PERF_RIG_H

#include "api/ipvs.h"
#include "ipvs/flow.h"
#include "main/modules.h"
#include "perf/frames.h"
#include "worker/worker.h"

#define RIG_SERVERS 100

#define DIR_IN   1u /* client → server */
#define DIR_OUT  2u
#define DIR_BOTH (DIR_IN | DIR_OUT)

struct rig_config {
	uint8_t proto; /* IPPROTO_UDP, IPPROTO_TCP */
	struct frame_form form;
	enum api_forward mode; /* where rig_answered() says no, only DIR_IN is played */
	uint32_t flows_max;
	uint32_t mbufs;
	bool even_clock; /* 20 µs a turn, whatever the machine does */
};

/* A connection as both ends see it; the server's side is known once it is open. */
struct rig_flow {
	struct bench_seen in;  /* as the client's packets arrive */
	struct bench_seen out; /* as the server's arrive */
};

/* What a port plays: flows in random order under one template. */
struct rig_trace {
	struct bench_template template;
	const struct bench_flow *flows;
	uint32_t count, next;
};

struct rig;

struct rig *rig_new(const struct rig_config *config);
void rig_free(struct rig *rig);

struct worker *rig_worker(struct rig *rig);
const struct rig_config *rig_config(const struct rig *rig);

/* Opens flows up to the n-th, to the state in which data flows. */
void rig_grow(struct rig *rig, uint32_t n);
uint32_t rig_flows(const struct rig *rig);
struct rig_flow *rig_flow(struct rig *rig, uint32_t i);

/* Puts the first n open flows into the traces that rig_play() plays; `kind` of their frames. */
void rig_load(struct rig *rig, uint32_t n, enum frame_kind kind);

/*
 * Lets packets through, alternately by both ports if `dirs` says so, and returns the cycles of CPU
 * time that all took. Every packet that has come in has gone out, on the right side.
 */
double rig_play(struct rig *rig, unsigned int dirs, uint64_t packets);

/* The same with a trace of the caller's on one side, once through. Unless seen is NULL, it gets
 * what has come out. */
double rig_play_once(struct rig *rig, enum side side, const struct rig_trace *trace,
		     struct bench_seen *seen);

/* A play on both sides at once: of each port's trace, or of another if it is given. What is lost on
 * the way, unless `strict`, is the caller's to judge. */
struct rig_play {
	const struct rig_trace *trace[SIDE__COUNT]; /* NULL: the loaded one */
	uint64_t packets[SIDE__COUNT];
	bool strict;
};
double rig_play_both(struct rig *rig, const struct rig_play *play);

/* For cases that look closer: the port of a side, its loaded trace, and all workers. */
struct bench_port *rig_port(struct rig *rig, enum side side);
const struct rig_trace *rig_trace(struct rig *rig, enum side side);
struct worker *const *rig_all(struct rig *rig);
const struct request_table *rig_tables(const struct rig *rig);

/*
 * Called before each turn of a play, or each that is `due` (which should be quick); its own time is
 * not in what the play returns. `turned` is told how many cycles of CPU time a turn took. NULL:
 * nobody.
 */
struct rig_watch {
	bool (*due)(void *arg);
	void (*before)(void *arg);
	void (*turned)(void *arg, double cycles);
	void *arg;
};
void rig_watch(struct rig *rig, const struct rig_watch *watch);

/* The same line that `dpip` or `ipvsadm` would be given, on all workers. */
void rig_line(struct rig *rig, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* From now on the worker reads the clock itself, for worker_main(). */
void rig_free_clock(struct rig *rig);

/* Both ports have frames without end, for worker_main() in a thread; and none again, when the
 * thread has ended. */
void rig_endless(struct rig *rig);
void rig_finish(struct rig *rig);

/* Moves the clock. */
void rig_later(struct rig *rig, uint32_t seconds);

/* A connection that has seen one packet is gone after so many seconds. */
uint32_t rig_life_s(const struct rig *rig);

/* From now on what is played runs inside rig_loop_counted(), which callgrind looks for. */
void rig_count(struct rig *rig, bool on);

/* Moves the clock, and lets the worker turn until there are `left` connections; the cycles that
 * this took. */
double rig_expire(struct rig *rig, uint32_t seconds, uint32_t left);

/* The path with the flow stage on (as at first) or off. */
void rig_use_flow(struct rig *rig, enum flow_mode mode);

/* Packets that come as fast as they go are overload, in which new connections give way; not so at
 * first. */
void rig_overload(struct rig *rig, bool on);

/* Stages instead of the path's own; NULL: these again. */
void rig_use_stages(struct rig *rig, const struct stage *stages);

/* Do the servers' answers come through the balancer? */
bool rig_answered(const struct rig *rig);

/* For rig_play(): all ways of its packets. */
unsigned int rig_dirs(const struct rig *rig);

/* The client's side of the i-th flow, whether or not it is open. */
void rig_client(const struct rig *rig, uint32_t i, struct bench_seen *tuple);

/* The reverse of a tuple as it was sent: as its answer arrives. */
struct bench_seen rig_answer(const struct bench_seen *sent);

struct rig_memory {
	uint64_t conns, conn_bytes, lport_bytes;
};
void rig_memory(struct rig *rig, struct rig_memory *memory);

/* n numbers from 0 on in random order. */
void shuffle(uint32_t *numbers, uint32_t n, uint64_t seed);

__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);

/* Zeroed, in large pages if there are any; ends the program if there is no memory. */
void *bulk_alloc(size_t size, struct region *region);

#endif

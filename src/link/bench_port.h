/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/bench-port: a port whose wire is a trace in memory. What it receives is
 * one template of headers with the fields of one flow after the other laid
 * over it; what it sends goes back, unread, to a small set of mbufs that all
 * ports of a bench share, so that the packets' own memory costs the same at any
 * number of flows. No system call, no lock, nothing allocated while it runs.
 */
#ifndef LINK_BENCH_PORT_H
#define LINK_BENCH_PORT_H

#include "link/port.h"

#define BENCH_SET_MAX        4096 /* mbufs that circulate */
#define BENCH_TEMPLATE_BYTES 128
#define BENCH_FLOW_AT        24 /* where a flow's fields begin in a frame of IPv4 */
#define BENCH_SRC6_AT        34 /* the last four bytes of an IPv6 frame's source, */
#define BENCH_DST6_AT        50 /* ... and of its destination, with the ports behind them */

/* What all packets of a trace have in common; zero where a flow's fields lie. */
struct bench_template {
	uint8_t bytes[BENCH_TEMPLATE_BYTES];
	uint16_t len;     /* of the frame */
	uint16_t csum_at; /* of the L4 checksum */
	bool six;         /* a frame of IPv6 */
	uint32_t tag;     /* a VLAN's, as it lies in a frame: 4 bytes more than len; 0: none */
};

/*
 * A flow's own fields, without gaps as they lie in an IPv4 frame but for the last one. Of IPv6
 * addresses the last four bytes; the others are the template's, so traces are as compact.
 */
struct bench_flow {
	be16 ip_csum;
	be32 src, dst;
	be16 sport, dport;
	be16 l4_csum;
} __attribute__((packed, aligned(2)));
_Static_assert(sizeof(struct bench_flow) == 16, "four flows a line");

/* Addresses and ports of a frame that was sent, with or without a tag; of one that is inside
 * another, IPv4 in IPv4, its own. Of IPv6 addresses the last four bytes. */
struct bench_seen {
	be32 src, dst;
	be16 sport, dport;
};

struct bench_set;
struct bench_port;

/* Takes all `count` mbufs (a power of two) from a pool; NULL: there are not so many. */
struct bench_set *bench_set_create(struct rte_mempool *pool, uint32_t count);
void bench_set_destroy(struct bench_set *set);
/* Mbufs that are in no packet now, also those that were dropped. */
uint32_t bench_set_home(struct bench_set *set);

/* Fills *port, up, with one queue each way. NULL: no memory. */
struct bench_port *bench_port_create(const char *name, struct bench_set *set, struct port *port);

/*
 * The next `packets` that it receives: the trace over and over, from entry `start` (below count)
 * on. Both stay the caller's and are there until all have been received.
 */
void bench_port_play(struct bench_port *bench, const struct bench_template *template,
		     const struct bench_flow *trace, uint32_t count, uint32_t start,
		     uint64_t packets);
uint64_t bench_port_left(const struct bench_port *bench);

/*
 * Frames that come when they are due, by any clock, instead of whenever they are asked for, and how
 * long it took until they were sent.
 */
struct bench_pace {
	void *arg; /* of all four */
	uint64_t (*now)(void *arg);
	uint64_t (*due)(void *arg, uint64_t n);     /* of frame n, from 0 on; never earlier than
						       that of n - 1 */
	void (*sent)(void *arg, uint64_t took);     /* one frame */
	void (*drained)(void *arg, uint64_t until); /* nothing is due until then; or NULL */
	uint32_t ring; /* so many can wait, those that have waited longest are lost; 0: any */
	int fd;        /* for those who sleep, see port_ops' rx_fd; -1: none */
};

/* From the next bench_port_play() on; NULL: at once again. */
void bench_port_pace(struct bench_port *bench, const struct bench_pace *pace);
uint64_t bench_port_lost(const struct bench_port *bench);

/* Its transmit ring has room for so many frames from one receiving to the next; UINT16_MAX: all. */
void bench_port_narrow(struct bench_port *bench, uint16_t room);

/* Notes what the next `room` frames of IP that are sent have come to; NULL: no longer. */
void bench_port_learn(struct bench_port *bench, struct bench_seen *seen, uint32_t room);
uint32_t bench_port_learned(const struct bench_port *bench);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/harness: the real stages, tables and ops of one or more workers in
 * the test's own thread, with test ports for wires and a clock that the test
 * turns. A fixture is the commands' own lines, frames in, and frames or drop
 * reasons out. EAL starts once a program, without huge pages or privileges.
 */
#ifndef PACKET_HARNESS_H
#define PACKET_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/test_port.h"
#include "main/modules.h"
#include "worker/worker.h"

#define HARNESS_PORTS   2
#define HARNESS_WORKERS 4

/* What the frames on the wires have that a test does not see: it knows ports without tags. (TAGS in
 * the environment, such as qinq-stripped: where it does not say.) */
enum harness_tags {
	HARNESS_UNTAGGED,
	HARNESS_TAGGED,   /* dpdk0 and dpdk1 are VLANs, of a device each, */
	HARNESS_STRIPPED, /* ... whose driver takes the tags out of what it receives; */
	HARNESS_QINQ,     /* VLANs of VLANs, */
	HARNESS_QINQ_STRIPPED,
	HARNESS_ONE_ARM, /* VLANs of the same device, trunk0 */
	HARNESS_TAGS,
};

/* What a test may want to be other than usual; all zero is usual. */
struct harness_options {
	enum harness_tags tags;
	unsigned int n_workers;              /* 0: 1 */
	uint16_t offloads;                   /* of the ports, enum port_offload */
	uint16_t rss_entries[HARNESS_PORTS]; /* of their RETAs; 0: no RSS */
	bool rss_refused[HARNESS_PORTS];     /* the port has RSS, and takes no key and RETA */
	uint32_t conn_max;                   /* 0: 4096 */
	uint32_t mh_table_size;              /* 0: 4093 */
	uint32_t mbufs;                      /* 0: 4095 */
	bool no_conn_drop;
	bool forwarding; /* of both families */
	bool ip6_disable;
	uint8_t ip6_gen; /* 0: no link-local addresses; else enum ip6_gen + 1 */
	uint8_t dad_transmits;
	bool mld;                   /* groups are reported */
	uint32_t neigh_queue;       /* 0: 128 */
	uint32_t neigh_max;         /* 0: 1024 */
	uint32_t icmp_rate;         /* 0: 1000 */
	uint32_t frag_max;          /* 0: 256 */
	uint32_t tcp_timeout_s[12]; /* 0: the protocol's */
	uint32_t udp_timeout_s[3];
};

/* A port that is a VLAN, for who sends to and receives from its device. */
struct harness_vlan {
	uint8_t tags[8];
	size_t len;                      /* of the tags; 0: it is no VLAN */
	uint64_t in, in_bytes;           /* frames that were injected, without tags */
	uint64_t out, out_bytes;         /* frames that were taken */
	struct rte_mbuf *waiting[512];   /* taken when the other one was asked */
	unsigned int n_waiting, n_taken; /* of these */
};

struct harness {
	struct worker *all[HARNESS_WORKERS + 1];
	unsigned int n_workers;
	struct test_port *port[HARNESS_PORTS]; /* dpdk0, dpdk1; queue q is worker q + 1's */
	struct rte_mempool *pool;
	struct request_table tables[MODULE_TABLES];
	uint64_t now_ms;
	enum harness_tags tags;
	struct harness_vlan vlans[HARNESS_PORTS]; /* what dpdk0 and dpdk1 are, if they are VLANs */
};

/* dpdk0 has MAC 02:00:00:00:00:00, dpdk1 02:00:00:00:00:01. Fails the test when it cannot. */
struct harness *harness_new(const struct harness_options *options);

/* Key xmit_ttl off or on, as a reload of the conf file sets it. */
void harness_keep_ttl(struct harness *h, bool keep);

/* What of a TTL or hop limit is left behind a service. */
uint8_t harness_ttl(const struct harness *h, uint8_t ttl);

/* Takes all down and asserts that every mbuf is back. */
void harness_free(struct harness *h);

/* A command's line, such as "dpip addr add 10.1.0.1/24 dev dpdk0"; asserts that it is taken. */
void harness_run(struct harness *h, const char *line);

/* The same for a line that must be refused; returns the sentence, valid until the next call. */
const char *harness_refused(struct harness *h, const char *line);

/* A frame into port's queue (worker queue + 1). */
void harness_inject(struct harness *h, unsigned int port, unsigned int queue, const void *frame,
		    size_t len);

/* The same, with mbuf flags (RTE_MBUF_F_RX_…), and cut into segments of at most `segment` bytes
 * unless that is 0. */
void harness_inject_as(struct harness *h, unsigned int port, unsigned int queue, const void *frame,
		       size_t len, uint64_t ol_flags, size_t segment);

/* Into queue 0, as from a driver that leaves no room in front of a frame. */
void harness_inject_tight(struct harness *h, unsigned int port, const void *frame, size_t len);

/* Into the queue that the port's RSS chooses, which is returned. */
unsigned int harness_receive(struct harness *h, unsigned int port, const void *frame, size_t len);

/* Turns of all workers, the master's events between them, until nothing happens any more. */
void harness_turn(struct harness *h);

/* Moves the clock, turning at least every 100 ms of it. */
void harness_advance(struct harness *h, uint64_t ms);

/* The next frame sent on port: its length, bytes in out (size bytes; a longer frame fails the
 * test); 0: none. */
size_t harness_take(struct harness *h, unsigned int port, void *out, size_t size);
/* The same with the sender's worker (queue + 1) and the mbuf's TX flags. */
size_t harness_take_from(struct harness *h, unsigned int port, void *out, size_t size,
			 unsigned int *worker, uint64_t *ol_flags);

/* VLANs have counted what they have received, and what was taken of them: all that they sent. */
void harness_assert_counted(struct harness *h);

/* Sums over all workers. */
uint64_t harness_drops(const struct harness *h, enum drop_reason reason);
uint64_t harness_all_drops(const struct harness *h);
uint64_t harness_handed_out(const struct harness *h);

/* received + made == sent + dropped + to_kernel + held, over all workers. */
void harness_assert_balance(const struct harness *h);

/* A static neighbour on all workers, so that a test needs no ARP. */
void harness_neigh(struct harness *h, const char *ip, const char *mac, const char *dev);

/* Hex text ("45 00 00:1c…", blanks and colons ignored) to bytes; returns how many. */
size_t harness_hex(const char *text, uint8_t *out, size_t size);

/* Asserts that len bytes equal the hex text; prints both on failure. */
#define assert_frame(frame, len, hex) harness_assert_frame(frame, len, hex, __FILE__, __LINE__)
void harness_assert_frame(const void *frame, size_t len, const char *hex, const char *file,
			  int line);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time that the machine itself did not give: a thread on each CPU wants to run every STALL_TICK_MS;
 * when one comes much later, its CPU was taken away (a virtual machine's is), and with it whoever
 * runs there: client, balancer or server. The slowest of requests is told without such time, and
 * with it.
 */
#ifndef TEST_LIB_STALLS_H
#define TEST_LIB_STALLS_H

#include <pthread.h>
#include <stdint.h>

#define STALL_CPUS 64

struct stall {
	int cpu;
	pthread_t thread;
	uint64_t seen_us; /* when it woke last */
	struct stalls *all;
};

/* The time in which at least one CPU was away: a request may wait for one after the other. */
struct stalls {
	pthread_mutex_t lock;
	uint64_t lost_us;
	uint64_t counted_us; /* what is before this is in lost_us */
	uint64_t told_us;    /* what stalls_lost() said last: it never goes back */
	unsigned int count;
	struct stall cpu[STALL_CPUS];
};

/* 0, or why it cannot be done. The struct begins as zeroes. */
int stalls_watch(struct stalls *stalls);
void stalls_end(struct stalls *stalls);
/* Microseconds lost until now (of CLOCK_MONOTONIC), a CPU that is away at this moment included. */
uint64_t stalls_lost(struct stalls *stalls, uint64_t now);

#endif

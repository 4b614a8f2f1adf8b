/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads that want to run often, and what it says when one does not. */
#include "lib/stalls.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <time.h>

#define STALL_TICK_MS 10
#define STALL_MS      100

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* What a CPU that was seen at seen_us, and not again before now, adds to the lost time. */
static uint64_t stall_adds(const struct stalls *stalls, uint64_t seen_us, uint64_t now)
{
	uint64_t from = seen_us > stalls->counted_us ? seen_us : stalls->counted_us;

	return now > seen_us + STALL_MS * 1000 && now > from ? now - from : 0;
}

static void *stall_watch(void *arg)
{
	const struct timespec tick = { .tv_nsec = STALL_TICK_MS * 1000000 };
	struct stall *stall = arg;
	struct stalls *all = stall->all;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(stall->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (;;) {
		uint64_t now, more;

		nanosleep(&tick, NULL);
		pthread_mutex_lock(&all->lock);
		now = now_us();
		more = stall_adds(all, stall->seen_us, now);
		all->lost_us += more;
		if (more != 0)
			all->counted_us = now;
		stall->seen_us = now;
		pthread_mutex_unlock(&all->lock);
	}
	return NULL;
}

int stalls_watch(struct stalls *stalls)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	pthread_mutex_init(&stalls->lock, NULL);
	for (int cpu = 0; cpu < CPU_SETSIZE && stalls->count < STALL_CPUS; cpu++) {
		struct stall *stall = &stalls->cpu[stalls->count];

		if (!CPU_ISSET(cpu, &set))
			continue;
		*stall = (struct stall){ .cpu = cpu, .seen_us = now_us(), .all = stalls };
		if (pthread_create(&stall->thread, NULL, stall_watch, stall) != 0)
			return -EAGAIN;
		stalls->count++;
	}
	return 0;
}

void stalls_end(struct stalls *stalls)
{
	for (unsigned int i = 0; i < stalls->count; i++) {
		pthread_cancel(stalls->cpu[i].thread);
		pthread_join(stalls->cpu[i].thread, NULL);
	}
}

uint64_t stalls_lost(struct stalls *stalls, uint64_t now)
{
	uint64_t lost, away = 0;

	pthread_mutex_lock(&stalls->lock);
	lost = stalls->lost_us;
	for (unsigned int i = 0; i < stalls->count; i++) {
		uint64_t more = stall_adds(stalls, stalls->cpu[i].seen_us, now);

		away = more > away ? more : away;
	}
	if (lost + away > stalls->told_us)
		stalls->told_us = lost + away;
	lost = stalls->told_us;
	pthread_mutex_unlock(&stalls->lock);
	return lost;
}

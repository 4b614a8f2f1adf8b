/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's ports that wake who sleeps, by interrupts that are asked for before
 * and taken back behind: virtio-user, whose other end is a vhost port in the
 * same process. And one that cannot, which is done without.
 */
#include "lib/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <rte_dev.h>

#include "packet/ethdev_rig.h"

#define WAIT_MS  10000
#define FRAMES   40
#define EARLY_US 5000

struct pair {
	struct harness *h;
	struct worker *w; /* its only queue that is up is the port's */
	uint16_t id;
	struct port port, peer;
	char path[64];
};

static void open_device(const struct pair *pair, const char *device, const char *words, bool wakes,
			struct port *port)
{
	struct ethdev_config config = ethdev_rig_make(pair->h, device, device, words);

	config.wakes = wakes;
	ethdev_rig_open(&config, port);
}

/* The worker polls this port alone: those of the harness are down, and nobody sleeps on them. */
static void poll_it(struct pair *pair)
{
	int id = port_add(pair->h->all, &pair->port);

	assert_true(id >= 0);
	pair->id = (uint16_t)id;
	pair->w = pair->h->all[1];
	for (unsigned int i = 0; i < HARNESS_PORTS; i++)
		pair->w->link->ports[i].up = false;
	assert_int_equal(port_bind_rx(pair->w, pair->id, 0), 0);
}

static void pair_new(struct pair *pair)
{
	char words[128];

	*pair = (struct pair){ .h = harness_new(&(struct harness_options){ .n_workers = 1 }) };
	snprintf(pair->path, sizeof(pair->path), "/tmp/ethdev-wake-%d.sock", getpid());
	snprintf(words, sizeof(words), "iface=%s,queues=1", pair->path);
	open_device(pair, "net_vhost_wake", words, false, &pair->peer);
	snprintf(words, sizeof(words), "path=%s,queues=1", pair->path);
	open_device(pair, "net_virtio_user_wake", words, true, &pair->port);
	poll_it(pair);
	assert_int_equal(link_watch(pair->w), 0);
}

static void pair_end(struct pair *pair)
{
	pair->port.ops->remove(pair->port.handle);
	pair->peer.ops->remove(pair->peer.handle);
	for (unsigned int i = 0; i <= pair->h->n_workers; i++)
		pair->h->all[i]->link->ports[pair->id].name[0] = '\0';
	harness_free(pair->h);
}

/* A frame from the other end: taken once both ends know each other. */
static void frame_comes(struct pair *pair)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pair->h->pool);
	unsigned int tries = 0;

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, 60), 0xff, 60);
	while (pair->peer.ops->tx(pair->peer.handle, 0, &m, 1) == 0) {
		assert_in_range(++tries, 1, WAIT_MS);
		usleep(1000);
	}
}

/* Is the worker woken within so long? */
static bool woken(struct pair *pair, int ms)
{
	struct epoll_event event;

	return epoll_wait(pair->w->sleep_fd, &event, 1, ms) == 1;
}

static void receive(struct pair *pair, unsigned int n)
{
	unsigned int got = 0, tries = 0;

	while ((got += link_receive(pair->w)) < n) {
		assert_in_range(++tries, 1, WAIT_MS);
		usleep(1000);
	}
	assert_int_equal(got, n);
}

static void interrupts(void **state)
{
	struct pair pair;

	pair_new(&pair);
	frame_comes(&pair);
	receive(&pair, 1);
	assert_false(pair.w->armed);
	link_arm(pair.w, true);
	assert_false(woken(&pair, 0));
	for (unsigned int i = 0; i < 3; i++) { /* each, though nobody reads the descriptor */
		frame_comes(&pair);
		assert_true(woken(&pair, WAIT_MS));
		link_arm(pair.w, false);
		receive(&pair, 1);
		link_arm(pair.w, true);
		assert_false(woken(&pair, 0));
	}
	link_arm(pair.w, false);
	frame_comes(&pair);
	assert_false(woken(&pair, 0));
	receive(&pair, 1);
	pair_end(&pair);
}

static void *run_worker(void *w)
{
	worker_main(w);
	return NULL;
}

static uint64_t counter(const uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* How long that took. */
static uint64_t wait_above(const uint64_t *at, uint64_t value)
{
	uint64_t start = now_us(), took;

	while (counter(at) <= value) {
		assert_true(now_us() - start < WAIT_MS * 1000);
		usleep(100);
	}
	took = now_us() - start;
	return took;
}

/* The loop of an lcore: it asks for interrupts before it sleeps. Each time it has just begun to,
 * for 10 ms if nothing woke it; on a busy machine it may be late by itself. */
static void sleeper(void **state)
{
	unsigned int woken_early = 0;
	struct pair pair;
	pthread_t thread;

	pair_new(&pair);
	frame_comes(&pair);
	receive(&pair, 1);
	pair.w->clock_fixed = false;
	assert_int_equal(pthread_create(&thread, NULL, run_worker, pair.w), 0);
	for (uint64_t i = 1; i <= FRAMES; i++) {
		wait_above(&pair.w->counters.sleeps, counter(&pair.w->counters.sleeps));
		frame_comes(&pair);
		woken_early += wait_above(&pair.w->counters.received, i) < EARLY_US;
	}
	__atomic_store_n(&pair.w->stop, true, __ATOMIC_RELAXED);
	worker_ring_bell(pair.w);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pair.w->counters.received, 1 + FRAMES);
	assert_in_range(woken_early, FRAMES / 4, FRAMES);
	pair_end(&pair);
}

/* One end alone, by which nobody is woken. */
static void alone_new(struct pair *pair, const char *device, const char *words)
{
	*pair = (struct pair){ .h = harness_new(&(struct harness_options){ .n_workers = 1 }) };
	open_device(pair, device, words, true, &pair->port);
	poll_it(pair);
	assert_int_equal(link_watch(pair->w), -EOPNOTSUPP);
}

static void alone_end(struct pair *pair, const char *device)
{
	harness_free(pair->h);
	assert_int_equal(rte_eal_hotplug_remove("vdev", device), 0);
}

/* Workers sleep by time on a port whose driver does not interrupt. */
static void cannot(void **state)
{
	struct pair pair;

	alone_new(&pair, "net_ring_wake", "");
	assert_int_equal(pair.w->sleep_fd, -1);
	link_arm(pair.w, true);
	alone_end(&pair, "net_ring_wake");
}

/* Failsafe's driver wants a service core for interrupts: none is here, so it starts without. */
static void refuses(void **state)
{
	struct pair pair;

	alone_new(&pair, "net_failsafe_wake", "dev(net_null0)");
	assert_false(pair.port.rx_interrupts);
	alone_end(&pair, "net_failsafe_wake");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interrupts),
		cmocka_unit_test(sleeper),
		cmocka_unit_test(cannot),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/control: the daemon's control plane beside a worker that never has
 * nothing to do: the worker's loop on one CPU; the master's loop and a client
 * of its socket, as the tools have it, on the other. How long a route's change
 * takes from the request to the answer, when all workers have it; and what the
 * path pays while all connections are listed. By the real clock, and the
 * worker's CPU time.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "api/ipvs.h"
#include "api/route.h"
#include "control/control.h"
#include "lib/client.h"
#include "perf/figures.h"
#include "perf/histogram.h"

#define MOST_US    5000
#define MOST_TIMES 1.05
#define QUIET_NS   2e9 /* the path is watched so long in between */
#define LOOK_US    20000
#define PIECE      5000 /* connections */

#define SAMPLES_MAX 4096

struct plane {
	struct rig *rig;
	struct worker *w;
	struct control *control;
	struct client *client;
	char dir[32], path[64];
	int wake_fd;
	pthread_t worker, master;
	clockid_t worker_clock;
	uint64_t listed;
};

static struct plane plane;

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % (unsigned int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	/* where the machine allows no placement, the kernel places */
	(void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *run_worker(void *arg)
{
	pin(0);
	worker_main(arg);
	return NULL;
}

static void *run_master(void *arg)
{
	control_run(arg);
	return NULL;
}

static double clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void plane_start(void)
{
	struct control_config config = { .all = rig_all(plane.rig),
					 .tables = rig_tables(plane.rig) };
	char error[256];

	plane.w = rig_worker(plane.rig);
	plane.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	config.wake_fd = plane.wake_fd;
	plane.w->wake_fd = plane.wake_fd;
	strcpy(plane.dir, "/tmp/dpvs-bench-XXXXXX");
	if (plane.wake_fd < 0 || !mkdtemp(plane.dir))
		die("no directory for the socket");
	snprintf(plane.path, sizeof(plane.path), "%s/socket", plane.dir);
	plane.control = control_create(&config);
	if (!plane.control || control_listen(plane.control, plane.path) < 0)
		die("no control plane");
	rig_free_clock(plane.rig);
	rig_endless(plane.rig);
	ops_set_running(config.all, true);
	pin(1);
	if (pthread_create(&plane.worker, NULL, run_worker, plane.w) != 0 ||
	    pthread_create(&plane.master, NULL, run_master, plane.control) != 0 ||
	    pthread_getcpuclockid(plane.worker, &plane.worker_clock) != 0)
		die("no threads");
	if (client_connect(&plane.client, plane.path, error, sizeof(error)) != 0)
		die("%s", error);
}

static void plane_stop(void)
{
	client_close(plane.client);
	control_stop(plane.control);
	pthread_join(plane.master, NULL);
	__atomic_store_n(&plane.w->stop, true, __ATOMIC_RELAXED);
	pthread_join(plane.worker, NULL);
	ops_set_running(rig_all(plane.rig), false);
	ops_reap(rig_all(plane.rig));
	control_destroy(plane.control);
	close(plane.wake_fd);
	plane.w->wake_fd = -1;
	rmdir(plane.dir);
	rig_finish(plane.rig);
	rig_free(plane.rig);
}

/* Cycles of the worker's CPU time for a packet, since the last call. */
static double path_cost(void)
{
	static double cpu_ns;
	static uint64_t packets;
	double cpu_now = clock_ns(plane.worker_clock), cost;
	uint64_t packets_now = __atomic_load_n(&plane.w->counters.received, __ATOMIC_RELAXED);

	cost = (cpu_now - cpu_ns) * (double)rte_get_tsc_hz() / 1e9 /
	       (double)(packets_now - packets);
	cpu_ns = cpu_now;
	packets = packets_now;
	return cost;
}

/* Costs of the path, one for each piece of a listing, or of a time with nothing to list. */
struct costs {
	double of[SAMPLES_MAX];
	unsigned int n;
};

static void sample(struct costs *costs)
{
	double cost = path_cost();

	if (costs->n < SAMPLES_MAX)
		costs->of[costs->n++] = cost;
}

static int item(void *arg, const struct client_item *item)
{
	if (++plane.listed % PIECE == 0)
		sample(arg);
	return 0;
}

static void say_routes(struct figures *figures, unsigned int n)
{
	static struct histogram took;
	struct api_route route = { .family = AF_INET, .plen = 24, .dev = "dpdk0" };

	memset(&took, 0, sizeof(took));
	for (unsigned int i = 0; i < n; i++) {
		double start = clock_ns(CLOCK_MONOTONIC);
		int r;

		route.dst.v4 = htonl(0x14000000 + (i / 2 << 8));
		r = client_request(plane.client, i % 2 ? API_ROUTE_DEL : API_ROUTE_ADD, &route,
				   sizeof(route), NULL);
		if (r < 0)
			die("route: %s", client_error(plane.client));
		histogram_add(&took, (uint64_t)(clock_ns(CLOCK_MONOTONIC) - start));
	}
	figure_say(figures, histogram_part(&took, 0.5) / 1e3, "us", 0,
		   "a route's change until all have it, p50");
	figure_say(figures, histogram_part(&took, 0.99) / 1e3, "us", MOST_US, "... p99 of %u", n);
}

/* By turns, so that both see the machine as fast; the median of many short looks, because a look
 * during which the machine did something else says nothing. */
static void say_listing(struct figures *figures, unsigned int runs, uint32_t flows)
{
	static struct costs busy, quiet;
	struct client_receiver to = { .item = item, .arg = &busy };
	struct api_conn_filter filter = { .cpu = 0 };
	double start, took = 0;

	busy.n = quiet.n = 0;
	for (unsigned int i = 0; i < runs; i++) {
		plane.listed = 0;
		path_cost();
		start = clock_ns(CLOCK_MONOTONIC);
		if (client_request(plane.client, API_CONN_LIST, &filter, sizeof(filter), &to) < 0)
			die("listing: %s", client_error(plane.client));
		took += clock_ns(CLOCK_MONOTONIC) - start;
		if (plane.listed != flows)
			die("%llu connections listed, %u are there",
			    (unsigned long long)plane.listed, flows);
		path_cost();
		for (start = clock_ns(CLOCK_MONOTONIC);
		     clock_ns(CLOCK_MONOTONIC) - start < QUIET_NS;) {
			usleep(LOOK_US);
			sample(&quiet);
		}
	}
	figure_say(figures, took / runs / 1e6, "ms", 0, "listing %u connections", flows);
	figure_say(figures, stats_of(busy.of, busy.n).median / stats_of(quiet.of, quiet.n).median,
		   "times", MOST_TIMES, "a packet meanwhile, medians of %u and %u looks", busy.n,
		   quiet.n);
}

void control_run_case(const struct case_plan *plan, struct figures *figures)
{
	uint32_t flows = plan->smoke ? 10000 : plan->full ? 1000000 : 400000;

	plane.rig = figure_rig(plan, IPPROTO_UDP, flows);
	plane_start();
	say_routes(figures, plan->full ? 20000 : plan->smoke ? 100 : 2000);
	say_listing(figures, plan->full ? 5 : 3, flows);
	plane_stop();
}

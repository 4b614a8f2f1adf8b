/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane of a test. Its workers are zeroed struct workers with an
 * op and an event ring in ordinary memory: rings need no EAL when they are not
 * looked up by name.
 */
#include "lib/control_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "api/addr.h"
#include "api/monitor.h"
#include "lib/unit.h"
#include "worker/notify.h"
#include "worker/replication.h"
#include "worker/worker.h"

#define RIG_RING 1024

static uint64_t items_listed;   /* atomic */
static unsigned int pages_rest; /* ms, atomic */

/* ---- requests ---- */

static void apply_count(struct worker *w, struct op *op)
{
	__atomic_add_fetch(&w->counters.made, 1, __ATOMIC_RELAXED);
}

static int addr_add(struct request *req, const void *body)
{
	const struct api_addr *addr = body;
	struct op_set set;

	assert_int_equal((uintptr_t)body % 8, 0);
	if (addr->plen == RIG_PLEN_BAD)
		return request_fail(req, -EINVAL,
				    "address: prefix length %u, at most 32 is allowed", addr->plen);
	notify_put(request_workers(req)[WORKER_MASTER], API_EVENT_ADD, API_KIND_ADDR, AF_INET, addr,
		   sizeof(*addr));
	assert_int_equal(op_set_init(&set, request_workers(req), apply_count, NULL, 0), 0);
	if (addr->plen == RIG_PLEN_PATIENT)
		op_set_patient(&set);
	op_set_publish(&set, request_workers(req));
	return 0;
}

static int addr_del(struct request *req, const void *body)
{
	return -ENOENT;
}

static int item_add(struct request *req, uint64_t number)
{
	struct api_addr *addr = request_item(req, API_KIND_ADDR, sizeof(*addr));

	if (!addr)
		return -ENOMEM;
	addr->ports_used = number;
	return 0;
}

static int addr_list(struct request *req, const void *body)
{
	const struct api_filter *filter = body;
	int r = 0;

	for (uint32_t i = 0; i < filter->cpu && r == 0; i++)
		r = item_add(req, i);
	return r;
}

struct listing {
	uint64_t next, count;
};

static int route_list_page(struct request *req, void *state)
{
	struct listing *listing = state;

	while (listing->next < listing->count) {
		if (item_add(req, listing->next) < 0)
			return -ENOMEM;
		listing->next++;
		__atomic_add_fetch(&items_listed, 1, __ATOMIC_RELAXED);
		if (request_full(req)) {
			request_continue(req, route_list_page, listing);
			request_rest(req, __atomic_load_n(&pages_rest, __ATOMIC_RELAXED));
			return 0;
		}
	}
	return 0;
}

static int route_list(struct request *req, const void *body)
{
	const struct api_filter *filter = body;
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing)
		return -ENOMEM;
	listing->count = filter->cpu;
	request_continue(req, route_list_page, listing);
	return 0;
}

struct inquiry {
	uint64_t applied[RIG_WORKERS + 1];
};

/* The state is written by the worker: it has to be there until then. */
static void apply_inquiry(struct worker *w, struct op *op)
{
	struct inquiry *inquiry = op->args[0];

	inquiry->applied[w->id] = w->counters.made;
}

static int neigh_list_answer(struct request *req, void *state)
{
	const struct inquiry *inquiry = state;
	int r = 0;

	for (unsigned int i = 1; i <= RIG_WORKERS && r == 0; i++)
		r = item_add(req, inquiry->applied[i]);
	return r;
}

static int neigh_list(struct request *req, const void *body)
{
	struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
	struct worker *const *all = request_workers(req);
	int r = 0;

	if (!inquiry)
		return -ENOMEM;
	request_continue(req, neigh_list_answer, inquiry);
	for (unsigned int i = 1; i <= RIG_WORKERS && r == 0; i++)
		r = op_unicast(all[i], apply_inquiry, inquiry, NULL, 0);
	return r;
}

static int neigh_flush_second(struct request *req, void *state)
{
	struct worker *const *all = request_workers(req);

	for (unsigned int i = 1; i <= RIG_WORKERS; i++)
		if (__atomic_load_n(&all[i]->ops_done, __ATOMIC_ACQUIRE) < *(uint64_t *)state)
			return request_fail(req, -EBUSY, "worker %u has not applied it", i);
	return op_multicast(all, apply_count, NULL, 0);
}

static int neigh_flush(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	uint64_t *seq = calloc(1, sizeof(*seq));
	int r;

	if (!seq)
		return -ENOMEM;
	r = op_multicast(all, apply_count, NULL, 0);
	if (request_control(req)) /* without a loop ops have no acknowledgements */
		*seq = ops_newest(all);
	request_continue(req, neigh_flush_second, seq);
	return r;
}

static int monitor(struct request *req, const void *body)
{
	const struct api_monitor *wanted = body;

	return request_listen(req, wanted->objects, wanted->family);
}

static const struct request_handler addr_handlers[] = {
	REQUEST_HANDLER(ADDR_ADD, SET, struct api_addr, addr_add),
	REQUEST_HANDLER(ADDR_DEL, SET, struct api_addr, addr_del),
	REQUEST_HANDLER(ADDR_LIST, GET, struct api_filter, addr_list),
};

static const struct request_handler other_handlers[] = {
	REQUEST_HANDLER(ROUTE_LIST, GET, struct api_filter, route_list),
	REQUEST_HANDLER(NEIGH_LIST, GET, struct api_filter, neigh_list),
	REQUEST_HANDLER(NEIGH_FLUSH, SET, struct api_filter, neigh_flush),
	REQUEST_HANDLER(MONITOR, GET, struct api_monitor, monitor),
};

const struct request_table rig_tables[] = {
	{ addr_handlers, LENGTH(addr_handlers) },
	{ other_handlers, LENGTH(other_handlers) },
	{ NULL, 0 },
};

/* ---- workers ---- */

static void *zeroed_lines(size_t size)
{
	void *memory = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(size));

	assert_non_null(memory);
	memset(memory, 0, size);
	return memory;
}

static struct rte_ring *ring_create(unsigned int element)
{
	ssize_t size = rte_ring_get_memsize_elem(element, RIG_RING);
	struct rte_ring *ring = zeroed_lines((size_t)size);

	assert_int_equal(rte_ring_init(ring, "rig", RIG_RING, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	return ring;
}

static struct worker *rig_worker(struct rig *rig, unsigned int id)
{
	struct worker *w = zeroed_lines(sizeof(*w));

	w->id = id;
	w->n_workers = RIG_WORKERS;
	w->all = rig->all;
	w->wake_fd = rig->wake_fd;
	if (id == WORKER_MASTER) {
		w->replication = replication_create();
		assert_non_null(w->replication);
	} else {
		w->ops = ring_create(sizeof(void *));
		w->events = ring_create(sizeof(struct event));
	}
	return w;
}

struct rig_thread {
	struct rig *rig;
	unsigned int id;
};

static void *worker_loop(void *arg)
{
	struct rig_thread thread = *(struct rig_thread *)arg;
	struct rig *rig = thread.rig;
	struct worker *w = rig->all[thread.id];
	bool stop;

	free(arg);
	for (;;) {
		stop = __atomic_load_n(&rig->stop, __ATOMIC_ACQUIRE);
		if (!stop && __atomic_load_n(&rig->paused[w->id], __ATOMIC_ACQUIRE)) {
			nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 }, NULL);
			continue;
		}
		if (ops_run(w, 1000 * 1000))
			continue;
		if (stop)
			return NULL;
		nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 }, NULL);
	}
}

static void *control_loop(void *arg)
{
	struct rig *rig = arg;

	control_run(rig->control);
	return NULL;
}

struct rig *rig_create(const struct rig_options *options)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	__atomic_store_n(&items_listed, 0, __ATOMIC_RELAXED);
	strcpy(rig->dir, "/tmp/control-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	snprintf(rig->path, sizeof(rig->path), "%s/dpvs.ipc", rig->dir);
	rig->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(rig->wake_fd >= 0);
	for (unsigned int i = 0; i <= RIG_WORKERS; i++)
		rig->all[i] = rig_worker(rig, i);
	rig->control = control_create(&(struct control_config){
		.all = rig->all,
		.tables = rig_tables,
		.wake_fd = rig->wake_fd,
		.max_clients = options ? options->max_clients : 0,
		.client_timeout_ms = options ? options->client_timeout_ms : 0,
	});
	assert_non_null(rig->control);
	return rig;
}

void rig_start(struct rig *rig)
{
	struct rig_thread *thread;

	assert_int_equal(control_listen(rig->control, rig->path), 0);
	ops_set_running(rig->all, true);
	for (unsigned int i = 1; i <= RIG_WORKERS; i++) {
		thread = malloc(sizeof(*thread));
		assert_non_null(thread);
		*thread = (struct rig_thread){ rig, i };
		assert_int_equal(pthread_create(&rig->threads[i], NULL, worker_loop, thread), 0);
	}
	assert_int_equal(pthread_create(&rig->loop, NULL, control_loop, rig), 0);
	rig->running = true;
}

void rig_stop(struct rig *rig)
{
	if (!rig->running)
		return;
	rig->running = false;
	control_stop(rig->control);
	pthread_join(rig->loop, NULL);
	__atomic_store_n(&rig->stop, true, __ATOMIC_RELEASE);
	for (unsigned int i = 1; i <= RIG_WORKERS; i++)
		pthread_join(rig->threads[i], NULL);
	ops_set_running(rig->all, false);
}

void rig_destroy(struct rig *rig)
{
	rig_stop(rig);
	control_destroy(rig->control);
	replication_destroy(rig->all[WORKER_MASTER]->replication);
	for (unsigned int i = 0; i <= RIG_WORKERS; i++) {
		free(rig->all[i]->ops);
		free(rig->all[i]->events);
		free(rig->all[i]);
	}
	close(rig->wake_fd);
	assert_int_equal(rmdir(rig->dir), 0);
	free(rig);
}

void rig_pause(struct rig *rig, unsigned int worker, bool paused)
{
	__atomic_store_n(&rig->paused[worker], paused, __ATOMIC_RELEASE);
}

uint64_t rig_applied(const struct rig *rig, unsigned int worker)
{
	return __atomic_load_n(&rig->all[worker]->counters.made, __ATOMIC_RELAXED);
}

void rig_rest(unsigned int ms)
{
	__atomic_store_n(&pages_rest, ms, __ATOMIC_RELAXED);
}

uint64_t rig_listed(void)
{
	return __atomic_load_n(&items_listed, __ATOMIC_RELAXED);
}

struct rig *rig_running(const struct rig_options *options)
{
	struct rig *rig = rig_create(options);

	rig_start(rig);
	return rig;
}

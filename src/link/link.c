/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/link: a worker's ports and receive queues: who polls what, and the
 * round over the queues. Queues are visited in turn, one burst each, so that a
 * busy port does not keep the others waiting.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/lines.h"
#include "link/kni.h"

#define SHED_MANY    (BATCH_BURST / 2) /* of a vector were given up: more than these, */
#define PASSES_MANY  1                 /* ... and its queue is passed over so many turns; */
#define SHED_MOST    (BATCH_BURST - 2) /* these and more, */
#define PASSES_MOST  2                 /* ... so many */
#define LINK_BEAT_MS 10

struct link *link_create(void)
{
	struct link *link = lines_alloc(sizeof(*link));

	if (!link)
		return NULL;
	for (unsigned int i = 0; i < PORT_MAX; i++)
		link->txq[i] = PORT_QUEUE_NONE;
	list_init(&link->leaving);
	return link;
}

void link_forget(struct link *link, uint16_t id)
{
	free(link->made_of[id]);
	link->made_of[id] = NULL;
	free(link->wishes[id]);
	link->wishes[id] = NULL;
}

void link_destroy(struct link *link)
{
	for (unsigned int i = 0; link && i < PORT_MAX; i++)
		link_forget(link, (uint16_t)i);
	if (link)
		free(link->told);
	free(link);
}

uint16_t port_find(const struct link *link, const char *name)
{
	for (uint16_t i = 0; i < link->n_ports; i++)
		if (port_exists(link, i) && strncmp(link->ports[i].name, name, API_NAME_LEN) == 0)
			return i;
	return PORT_NONE;
}

uint16_t port_free_id(const struct link *link)
{
	for (uint16_t id = 0; id < PORT_MAX; id++)
		if (!port_exists(link, id))
			return id;
	return PORT_NONE;
}

int port_add(struct worker *const *all, const struct port *port)
{
	uint16_t id = port_free_id(all[WORKER_MASTER]->link);

	if (id == PORT_NONE)
		return -ENOSPC;
	if (port_find(all[WORKER_MASTER]->link, port->name) != PORT_NONE)
		return -EEXIST;
	for (unsigned int i = 0; i <= all[WORKER_MASTER]->n_workers; i++) {
		struct link *link = all[i]->link;

		link->ports[id] = *port;
		link->n_ports = RTE_MAX(link->n_ports, id + 1u);
	}
	return id;
}

int port_bind_rx(struct worker *w, uint16_t port, uint16_t queue)
{
	struct link *link = w->link;

	if (link->n_rxqs >= RXQ_START)
		return -ENOSPC;
	link->rxq[link->n_rxqs].port = port;
	link->rxq[link->n_rxqs].queue = queue;
	link->n_rxqs++;
	return 0;
}

void port_bind_tx(struct worker *w, uint16_t port, uint16_t queue)
{
	w->link->txq[port] = queue;
}

static int link_watch_fd(int epoll, int fd, bool once)
{
	struct epoll_event event = { .events = EPOLLIN | (once ? EPOLLET : 0) };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int link_watch(struct worker *w)
{
	const struct link *link = w->link;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int r;

	worker_disarm(w);
	r = epoll < 0 ? -errno : link_watch_fd(epoll, w->bell_fd, false);

	for (unsigned int i = 0; i < link->n_rxqs && r == 0; i++) {
		const struct port *port = &link->ports[link->rxq[i].port];
		int fd;

		if (!port->up) /* what comes there stays there, and would keep us awake */
			continue;
		fd = port->ops->rx_fd(port->handle, link->rxq[i].queue);
		r = fd < 0 ? -EOPNOTSUPP : link_watch_fd(epoll, fd, port->rx_interrupts);
	}
	if (w->sleep_fd >= 0)
		close(w->sleep_fd);
	w->sleep_fd = r == 0 ? epoll : -1;
	if (r < 0 && epoll >= 0)
		close(epoll);
	return r;
}

bool link_arm(struct worker *w, bool on)
{
	const struct link *link = w->link;

	for (unsigned int i = 0; i < link->n_rxqs; i++) {
		const struct port *port = &link->ports[link->rxq[i].port];

		if (!port->rx_interrupts || (on && !port->up))
			continue;
		if (!port->ops->rx_arm(port->handle, link->rxq[i].queue, on) && on) {
			link_arm(w, false);
			return false;
		}
	}
	return true;
}

/*
 * In overload: a queue that brings mostly what is given up anyway is passed over for a turn, and
 * for some when hardly anything else has come by it, while another one is full. What does not find
 * a place in it then costs nothing.
 */
static bool link_passes(struct link *link, unsigned int queue)
{
	link->rxq[queue].passes--;
	for (unsigned int i = 0; i < link->n_rxqs; i++)
		if (i != queue && link->rxq[i].full && !link->rxq[i].passes &&
		    link->ports[link->rxq[i].port].up)
			return true;
	link->rxq[queue].passes = 0;
	return false;
}

static inline uint8_t passes_for(uint32_t shed)
{
	if (likely(shed <= SHED_MANY))
		return 0;
	return shed >= SHED_MOST ? PASSES_MOST : PASSES_MANY;
}

void link_watch_again(struct worker *w)
{
	if (w->id != WORKER_MASTER && !w->poll_busy)
		link_watch(w);
}

/* Some drivers do their own work when they are told to send. */
static void link_beat(struct worker *w)
{
	struct link *link = w->link;

	link->beat_ms = w->now_ms;
	for (uint16_t id = 0; id < link->n_ports; id++) {
		const struct port *port = &link->ports[id];

		if (port->beat && port->up && link->txq[id] != PORT_QUEUE_NONE)
			port->ops->tx(port->handle, link->txq[id], NULL, 0);
	}
}

unsigned int link_receive(struct worker *w)
{
	struct link *link = w->link;
	unsigned int total = 0;

	if (unlikely(w->now_ms - link->beat_ms >= LINK_BEAT_MS))
		link_beat(w);

	w->rx_crowded = unlikely(w->now_ms < w->crowded_until_ms);
	for (unsigned int i = 0; i < link->n_rxqs; i++) {
		const struct port *port = &link->ports[link->rxq[i].port];
		struct batch *in = &w->stage_in[STAGE_FLOW];
		uint16_t n;

		if (unlikely(!port->up) || (unlikely(link->rxq[i].passes) && link_passes(link, i)))
			continue;
		n = port->ops->rx(port->handle, link->rxq[i].queue, in->pkts, w->rx_burst);
		if (n == 0)
			continue;
		w->rx_port = link->rxq[i].port;
		link->rxq[i].full = n == BATCH_BURST ? link->rxq[i].full + 1 : 0;
		if (unlikely(link->rxq[i].full > WORKER_CROWDED))
			w->crowded_until_ms = w->now_ms + WORKER_CROWDED_MS;
		in->count = n;
		if (unlikely(port->forward2kni))
			kni_forward(w, in, link->rxq[i].port);
		w->counters.received += n;
		total += n;
		w->rx_shed = 0;
		worker_run_stages(w);
		link->rxq[i].passes = passes_for(w->rx_shed);
	}
	return total;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/rss: see rss.h. First it is asked which ports could take part, the
 * smallest RETA of these makes the table, then each of them is told; one whose
 * driver then refuses is left out. That a refusal may leave the table smaller
 * than it need be does no harm.
 */
#include "link/rss.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "base/lines.h"
#include "base/log.h"
#include "link/port.h"

#define RETA_MAX 4096 /* larger ones are left alone */

static bool power_of_two(unsigned int n)
{
	return n && (n & (n - 1)) == 0;
}

/* Entries of the RETA of a port that can take part as far as the port goes; 0: it cannot. */
static uint16_t port_entries(const struct port *port, unsigned int n_workers)
{
	uint16_t n = port->ops->rss_entries ? port->ops->rss_entries(port->handle) : 0;

	return power_of_two(n) && n >= n_workers && n <= RETA_MAX ? n : 0;
}

/* Every worker's queues of a port, from [1]; false: one has none. */
static bool queues_bound(struct worker *const *all, unsigned int port, struct rss_queues *of_worker)
{
	for (unsigned int i = 1; i <= all[WORKER_MASTER]->n_workers; i++) {
		const struct link *link = all[i]->link;
		struct rss_queues *queues = &of_worker[i];

		queues->count = 0;
		for (unsigned int q = 0; q < link->n_rxqs; q++)
			if (link->rxq[q].port == port && queues->count < RTE_DIM(queues->queue))
				queues->queue[queues->count++] = link->rxq[q].queue;
		if (queues->count == 0)
			return false;
	}
	return true;
}

void rss_fill(const struct rss *rss, const struct rss_queues *of_worker, uint16_t *reta, uint16_t n)
{
	uint16_t seen[UINT8_MAX + 1] = { 0 };

	for (uint16_t i = 0; i < n; i++) {
		uint8_t owner = rss->owner[i & rss->mask];
		const struct rss_queues *queues = &of_worker[owner];

		reta[i] = queues->queue[seen[owner]++ % queues->count];
	}
}

static bool port_tell(const struct rss *rss, const struct rss_queues *of_worker,
		      const struct port *port, uint16_t entries)
{
	uint16_t reta[RETA_MAX];
	int r;

	rss_fill(rss, of_worker, reta, entries);
	r = port->ops->rss_set(port->handle, rss->key, reta, entries);
	if (r < 0)
		log_notice("device %s: the driver does not take an RSS key and table (%s): its "
			   "packets are handed over to their workers",
			   port->name, strerror(-r));
	return r == 0;
}

static struct rss *rss_make(const struct worker *master, uint16_t entries)
{
	struct rss *rss = lines_alloc(sizeof(*rss));

	if (!rss)
		return NULL;
	toeplitz_key_make(&master->flow_key, rss->key, sizeof(rss->key));
	toeplitz_init(&rss->toeplitz, rss->key);
	rss->mask = entries - 1u;
	for (unsigned int i = 0; i < entries; i++)
		rss->owner[i] = (uint8_t)(1 + i % master->n_workers);
	return rss;
}

/* The entries of each port that can take part, 0 for others; returns the fewest of them, at most
 * RSS_TABLE, or 0. */
static uint16_t find_entries(struct worker *const *all, uint16_t entries[PORT_MAX])
{
	const struct worker *master = all[WORKER_MASTER];
	struct rss_queues queues[WORKER_MAX];
	uint16_t fewest = 0;

	for (unsigned int i = 0; i < master->link->n_ports; i++) {
		entries[i] = 0;
		if (queues_bound(all, i, queues))
			entries[i] = port_entries(&master->link->ports[i], master->n_workers);
		if (entries[i] && (fewest == 0 || entries[i] < fewest))
			fewest = entries[i];
	}
	return RTE_MIN(fewest, RSS_TABLE);
}

int rss_start(struct worker *const *all)
{
	const struct worker *master = all[WORKER_MASTER];
	uint16_t entries[PORT_MAX];
	uint16_t fewest = master->n_workers > 1 ? find_entries(all, entries) : 0;
	struct rss_queues queues[WORKER_MAX];
	unsigned int taken = 0;
	struct rss *rss;

	if (fewest == 0)
		return 0;
	rss = rss_make(master, fewest);
	if (!rss)
		return -ENOMEM;
	for (unsigned int i = 0; i < master->link->n_ports; i++) {
		if (entries[i] == 0 || !queues_bound(all, i, queues) ||
		    !port_tell(rss, queues, &master->link->ports[i], entries[i]))
			continue;
		taken++;
		for (unsigned int w = 0; w <= master->n_workers; w++)
			all[w]->link->ports[i].rss = true;
	}
	if (taken == 0) {
		free(rss);
		return 0;
	}
	for (unsigned int w = 0; w <= master->n_workers; w++)
		all[w]->rss = rss;
	return 0;
}

void rss_stop(struct worker *const *all)
{
	free((void *)all[WORKER_MASTER]->rss);
	for (unsigned int w = 0; w <= all[WORKER_MASTER]->n_workers; w++)
		all[w]->rss = NULL;
}

void rss_join(const struct worker *master, struct port *port)
{
	struct rss_queues queues[WORKER_MAX];
	uint16_t entries;

	if (!master->rss || port->n_rx_queues < master->n_workers)
		return;
	entries = port_entries(port, master->n_workers);
	if (entries <= master->rss->mask)
		return;
	for (unsigned int i = 1; i <= master->n_workers; i++)
		queues[i] = (struct rss_queues){ .queue = { (uint16_t)(i - 1) }, .count = 1 };
	port->rss = port_tell(master->rss, queues, port, entries);
}

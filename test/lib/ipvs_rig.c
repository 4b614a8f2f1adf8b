/* SPDX-License-Identifier: BSD-3-Clause */
/* The workers of ipvs_rig are zeroed but for what the tables look at. */
#include "lib/ipvs_rig.h"

#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipvs/template.h"
#include "lib/unit.h"
#include "net/addr_int.h"
#include "worker/replication.h"

static const struct hash_key rig_key = { { 0x243f6a8885a308d3, 0x13198a2e03707344,
					   0xa4093822299f31d0, 0x082efa98ec4e6c89 } };

static void rig_expire(struct worker *w, uint32_t id, struct conn *conn)
{
}

static void rig_worker_create(struct ipvs_rig *rig, unsigned int id)
{
	struct worker *w = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*w));
	struct conn_table_config conns = { .max = IPVS_RIG_CONNS,
					   .socket = -1,
					   .key = rig_key,
					   .expire = rig_expire,
					   .owner = w };

	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	w->id = id;
	w->n_workers = rig->n_workers;
	w->socket = -1;
	w->flow_key = rig_key;
	w->all = rig->all;
	w->ipvs = &rig->ipvs[id];
	w->net = &rig->net[id];
	w->net->addrs = addr_table_create();
	assert_non_null(w->net->addrs);
	w->ipvs->config.mh_table_size = 4093;
	w->ipvs->services = service_table_create(w);
	assert_non_null(w->ipvs->services);
	rig->all[id] = w;
	if (id == WORKER_MASTER) {
		w->replication = replication_create();
		assert_non_null(w->replication);
		return;
	}
	w->ipvs->conns = conn_table_create(&conns);
	assert_non_null(w->ipvs->conns);
	assert_int_equal(templates_create(w, IPVS_RIG_CONNS), 0);
}

struct ipvs_rig *ipvs_rig_create(unsigned int n_workers)
{
	struct ipvs_rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->n_workers = n_workers;
	for (unsigned int id = 0; id <= n_workers; id++)
		rig_worker_create(rig, id);
	return rig;
}

void ipvs_rig_destroy(struct ipvs_rig *rig)
{
	for (unsigned int id = 0; id <= rig->n_workers; id++) {
		service_table_destroy(rig->ipvs[id].services);
		addr_table_destroy(rig->net[id].addrs);
		if (rig->ipvs[id].conns) {
			conn_table_destroy(rig->ipvs[id].conns);
			templates_destroy(rig->all[id]);
		}
		replication_destroy(rig->all[id]->replication);
		free(rig->all[id]);
	}
	free(rig);
}

union ip_addr ipvs_rig_ip(uint32_t n)
{
	return ip_from_v4(rte_cpu_to_be_32(0x0a000000u + n));
}

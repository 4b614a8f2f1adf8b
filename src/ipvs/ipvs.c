/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs: one worker's balancing: made at start, configured by ops, and its
 * clockwork, which ends connections. Connections end in batches, so that many
 * that were opened together don't stop the packets when they go together.
 */
#include "ipvs/ipvs.h"

#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <rte_common.h>

#include "base/lines.h"
#include "base/log.h"
#include "ipvs/conn.h"
#include "ipvs/ending.h"
#include "ipvs/flow.h"
#include "ipvs/ipvs_int.h"
#include "ipvs/lport.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/service.h"
#include "ipvs/session.h"
#include "ipvs/tables.h"
#include "ipvs/template.h"
#include "worker/op.h"
#include "worker/worker.h"

#define EXPIRE_BUDGET 128 /* entries looked at a turn; each may send two resets */

static void ipvs_expired(struct worker *w, uint32_t id, struct conn *conn)
{
	if (conn->proto == IPPROTO_TCP && conn->state == TCP_ESTABLISHED &&
	    (conn->flags & CONN_RS_SEEN))
		reset_both_sides(w, id);
	session_release(w, id);
	w->ipvs->changes++;
}

void ipvs_tick(struct worker *w)
{
	conn_expire(w->ipvs->conns, w->now_ms, EXPIRE_BUDGET);
	conn_expire(w->ipvs->templates, w->now_ms, EXPIRE_BUDGET);
	ending_tick(w);
}

void ipvs_flush(struct worker *w)
{
	struct conn_table *conns = w->ipvs->conns;
	uint32_t from = 0, id;

	while (from != CONN_NONE) {
		if (conn_next(conns, from, conn_max(conns), &id)) {
			session_close(w, id);
			from = id + 1;
		} else {
			from = id;
		}
	}
	w->ipvs->changes++;
}

static void ipvs_settle(struct worker *const *all)
{
	int r = tables_settle(all);

	if (r < 0)
		log_error("schedulers' tables: %s; they stay as they were", strerror(-r));
}

static uint32_t conn_share(const struct worker *w, const struct ipvs_config *config)
{
	if (w->id == WORKER_MASTER)
		return 1;
	return RTE_MAX(1u, config->conn_max / w->n_workers +
				   (w->id <= config->conn_max % w->n_workers));
}

struct ipvs *ipvs_create(struct worker *w, const struct ipvs_config *config)
{
	struct ipvs *ipvs = lines_alloc(sizeof(*ipvs));
	struct conn_table_config conn_config = {
		.max = conn_share(w, config),
		.socket = w->socket,
		.expire = ipvs_expired,
		.owner = w,
	};

	if (!ipvs)
		return NULL;
	w->ipvs = ipvs;
	ipvs->config = ipvs->conf = *config;
	if (w->id == WORKER_MASTER)
		w->settle = ipvs_settle;
	if (hash_key_random(&ipvs->isn_key) < 0 || hash_key_random(&conn_config.key) < 0)
		goto fail;
	ipvs->services = service_table_create(w);
	ipvs->conns = conn_table_create(&conn_config);
	ipvs->lports = lport_pool_create(w, conn_config.max);
	ipvs->foreseen = flow_foreseen_new();
	if (ipvs->services && ipvs->conns && ipvs->lports && ipvs->foreseen &&
	    templates_create(w, conn_config.max) == 0)
		return ipvs;
fail:
	ipvs_destroy(w);
	return NULL;
}

void ipvs_destroy(struct worker *w)
{
	struct ipvs *ipvs = w->ipvs;

	if (!ipvs)
		return;
	if (ipvs->services && ipvs->conns && ipvs->lports && ipvs->template_uses.base)
		ipvs_flush(w);
	templates_destroy(w);
	if (ipvs->lports)
		lport_pool_destroy(ipvs->lports);
	if (ipvs->conns)
		conn_table_destroy(ipvs->conns);
	if (ipvs->services)
		service_table_destroy(ipvs->services);
	free(ipvs->foreseen);
	if (w->id == WORKER_MASTER) {
		free((void *)(uintptr_t)ipvs->marks);
		free((void *)(uintptr_t)ipvs->former_marks);
	}
	free(ipvs);
	w->ipvs = NULL;
}

static void ipvs_apply_config(struct worker *w, struct op *op)
{
	const struct ipvs_config *config = op_data(op);
	uint32_t conn_max = w->ipvs->config.conn_max;
	uint32_t mh_table_size = w->ipvs->config.mh_table_size;

	w->ipvs->config = *config;
	w->ipvs->config.conn_max = conn_max;
	w->ipvs->config.mh_table_size = mh_table_size;
}

int ipvs_change_config(struct worker *const *all, const struct ipvs_config *config)
{
	return op_multicast(all, ipvs_apply_config, config, sizeof(*config));
}

int ipvs_configure(struct worker *const *all, const struct ipvs_config *config)
{
	int r = ipvs_change_config(all, config);

	if (r == 0)
		all[WORKER_MASTER]->ipvs->conf = *config;
	return r;
}

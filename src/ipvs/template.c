/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/template: see the header. As in the kernel, a template is of the
 * service's own port, whatever the server's is; every new connection starts its
 * time anew; when that is over while there are connections it gets another
 * minute; and a server of weight 0 or at its upper threshold keeps the clients
 * that it has (key expire_quiescent_template: not with weight 0). A server that has been removed
 * loses them: the template gets another one with the next connection.
 */
#include "ipvs/template.h"

#include <errno.h>

#include <rte_byteorder.h>

#include "ipvs/conn_int.h"
#include "ipvs/ipvs.h"
#include "ipvs/service.h"
#include "worker/worker.h"

#define TEMPLATE_AGAIN_S    60u /* while it has connections */
#define TEMPLATE_HOME_SHIFT 25  /* of a reference: the home above, the number below */
#define TEMPLATE_MAX        ((1u << TEMPLATE_HOME_SHIFT) / CONN_CLASSES)

/* One worker's connections of one template. */
struct template_use {
	uint32_t conns;
	uint32_t assured; /* serial of the template of which one was answered last */
};

static uint32_t template_number(uint32_t id)
{
	return ((id & CONN_INDEX_MASK) - CONN_FIRST) * CONN_CLASSES + conn_class_of(id);
}

/* Those of all homes lie side by side, as all homes use low numbers first. */
static struct template_use *template_use(const struct worker *w, unsigned int home, uint32_t number)
{
	struct template_use *uses = w->ipvs->template_uses.base;

	return &uses[(size_t)number * w->n_workers + (home - 1)];
}

static struct template_use *template_use_of(const struct worker *w, const struct conn_cold *cold)
{
	return template_use(w, cold->template >> TEMPLATE_HOME_SHIFT,
			    cold->template & ((1u << TEMPLATE_HOME_SHIFT) - 1));
}

uint32_t template_conns(const struct worker *w, uint32_t id)
{
	uint32_t number = template_number(id), sum = 0;

	for (unsigned int i = 1; i <= w->n_workers; i++)
		sum += __atomic_load_n(&template_use(w->all[i], w->id, number)->conns,
				       __ATOMIC_RELAXED);
	return sum;
}

bool template_assured(const struct worker *w, uint32_t id)
{
	uint32_t number = template_number(id);
	uint32_t serial = conn_cold(w->ipvs->templates, id)->template_serial;

	for (unsigned int i = 1; i <= w->n_workers; i++)
		if (__atomic_load_n(&template_use(w->all[i], w->id, number)->assured,
				    __ATOMIC_RELAXED) == serial)
			return true;
	return false;
}

static void template_leave_dest(const struct worker *w, const struct conn *conn)
{
	dest_get(w->ipvs->services, conn->dest)->persistent--;
}

/* conn_expire_fn */
static void template_due(struct worker *w, uint32_t id, struct conn *conn)
{
	if (template_conns(w, id))
		conn->deadline = conn_deadline(TEMPLATE_AGAIN_S, w->now_ms);
	else
		template_leave_dest(w, conn);
}

int templates_create(struct worker *w, uint32_t max)
{
	struct ipvs *ipvs = w->ipvs;
	struct conn_table_config config = {
		.max = RTE_MIN(max, TEMPLATE_MAX),
		.socket = w->socket,
		.expire = template_due,
		.owner = w,
	};
	int r = hash_key_random(&config.key);

	if (r < 0)
		return r;
	ipvs->templates = conn_table_create(&config);
	if (!ipvs->templates)
		return -ENOMEM;
	return region_create(&ipvs->template_uses,
			     (size_t)config.max * CONN_CLASSES * RTE_MAX(1u, w->n_workers) *
				     sizeof(struct template_use),
			     w->socket);
}

void templates_destroy(struct worker *w)
{
	conn_table_destroy(w->ipvs->templates);
	w->ipvs->templates = NULL;
	region_destroy(&w->ipvs->template_uses);
}

/* What all packets of the client have in common: the key of its template. */
static struct tuple template_key(const struct service *svc, const struct tuple *tuple)
{
	if (unlikely(svc->key.match)) /* which has no address: its id tells services apart */
		return (struct tuple){
			.src = ip_network(tuple->family, &tuple->src, svc->persist_plen),
			.sport = rte_cpu_to_be_16((uint16_t)svc->id),
			.dport = rte_cpu_to_be_16((uint16_t)(svc->id >> 16)),
			.proto = svc->key.proto,
			.family = tuple->family,
			.zone = tuple->zone,
		};
	return (struct tuple){
		.src = ip_network(tuple->family, &tuple->src, svc->persist_plen),
		.dst = svc->key.addr,
		.dport = svc->key.port,
		.proto = svc->key.proto,
		.family = tuple->family,
		.zone = tuple->zone,
	};
}

unsigned int template_home(const struct worker *w, const struct service *svc,
			   const struct tuple *tuple)
{
	struct tuple key = template_key(svc, tuple);

	if (w->n_workers == 1)
		return 1;
	return 1 + (unsigned int)(((tuple_hash(&w->flow_key, &key) >> 32) * w->n_workers) >> 32);
}

static struct dest *template_dest(const struct worker *w, const struct service *svc, uint32_t id)
{
	const struct conn *conn = conn_get(w->ipvs->templates, id);
	struct dest *dest = dest_get(w->ipvs->services, conn->dest);

	if (!dest || (dest->flags & DEST_REMOVED) || dest->service != svc->id)
		return NULL;
	return dest->weight == 0 && w->ipvs->config.expire_quiescent_template ? NULL : dest;
}

static uint32_t template_add(struct worker *w, const struct tuple *key, const struct dest *dest)
{
	const struct tuple reverse = tuple_reverse(key);
	struct ipvs *ipvs = w->ipvs;
	uint32_t id = conn_create(ipvs->templates, key, &reverse);

	if (id == CONN_NONE)
		return id;
	if (++ipvs->template_serial == 0)
		ipvs->template_serial = 1;
	conn_cold(ipvs->templates, id)->template_serial = ipvs->template_serial;
	conn_cold(ipvs->templates, id)->laddr = LADDR_NONE;
	conn_get(ipvs->templates, id)->flags = (uint16_t)(dest->forward << CONN_FORWARD_SHIFT);
	return id;
}

/* The client gets a server, by a new template or by the one it has. */
static struct dest *template_schedule(struct worker *w, struct service *svc,
				      const struct sched_packet *packet, const struct tuple *key,
				      uint32_t *id, enum drop_reason *reason)
{
	struct dest *dest = service_schedule(w, svc, packet);

	*reason = DROP_IPVS_NO_SERVER;
	if (!dest)
		return NULL;
	if (*id != CONN_NONE)
		template_leave_dest(w, conn_get(w->ipvs->templates, *id));
	else
		*id = template_add(w, key, dest);
	*reason = DROP_IPVS_CONN_FULL;
	if (*id == CONN_NONE)
		return NULL;
	conn_get(w->ipvs->templates, *id)->dest = dest->id;
	conn_cold(w->ipvs->templates, *id)->service = svc->id;
	dest->persistent++;
	return dest;
}

bool template_decide(struct worker *w, struct service *svc, const struct sched_packet *packet,
		     struct template_decision *decision, enum drop_reason *reason)
{
	struct tuple key = template_key(svc, packet->tuple);
	struct conn_table *templates = w->ipvs->templates;
	enum conn_dir dir;
	uint32_t id = conn_lookup(templates, &key, &dir);
	struct dest *dest = id != CONN_NONE ? template_dest(w, svc, id) : NULL;

	if (!dest)
		dest = template_schedule(w, svc, packet, &key, &id, reason);
	if (!dest)
		return false;
	conn_set_timeout(templates, id, svc->persist_s, w->now_ms);
	*decision = (struct template_decision){
		.dest = dest->id,
		.dest_serial = dest->serial,
		.template = w->id << TEMPLATE_HOME_SHIFT | template_number(id),
		.serial = conn_cold(templates, id)->template_serial,
	};
	return true;
}

void template_conn_new(struct worker *w, struct conn_cold *cold,
		       const struct template_decision *decision)
{
	struct template_use *use;

	cold->template = decision->template;
	cold->template_serial = decision->serial;
	if (cold->template == TEMPLATE_NONE)
		return;
	use = template_use_of(w, cold);
	__atomic_store_n(&use->conns, use->conns + 1, __ATOMIC_RELAXED);
}

void template_conn_free(struct worker *w, const struct conn_cold *cold)
{
	struct template_use *use;

	if (likely(cold->template == TEMPLATE_NONE))
		return;
	use = template_use_of(w, cold);
	__atomic_store_n(&use->conns, use->conns - 1, __ATOMIC_RELAXED);
}

void template_conn_assured(struct worker *w, const struct conn_cold *cold)
{
	if (cold->template != TEMPLATE_NONE)
		__atomic_store_n(&template_use_of(w, cold)->assured, cold->template_serial,
				 __ATOMIC_RELAXED);
}

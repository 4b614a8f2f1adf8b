/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/ours: see the header. Every address of the machine counts as one from
 * which we may have spoken to a server, as long as there are services: whether
 * a service still uses it as its local address makes no difference to a server
 * whose connection is gone. Ports below the range of local ports are not ours.
 */
#include "ipvs/ours.h"

#include <rte_byteorder.h>

#include "ipvs/ipvs.h"
#include "ipvs/lport.h"
#include "ipvs/mark.h"
#include "ipvs/match.h"
#include "ipvs/service.h"
#include "net/addr.h"
#include "packet/meta.h"
#include "worker/worker.h"

typedef struct service *lookup_fn(const struct service_table *table, uint8_t proto,
				  unsigned int family, const union ip_addr *addr, be16 port);

/* Of the packet's mark: as in the kernel, it comes before addresses and ports. */
static inline struct service *marked_service(const struct worker *w, const struct tuple *tuple,
					     uint16_t in_port, lookup_fn *lookup)
{
	uint32_t mark = mark_of(w, tuple, in_port);
	union ip_addr name = service_mark_name(mark);

	return mark ? lookup(w->ipvs->services, SERVICE_MARKED, tuple->family, &name, 0) : NULL;
}

struct service *ours_service(const struct worker *w, const struct tuple *tuple, uint16_t in_port)
{
	const struct service_table *table = w->ipvs->services;
	struct service *svc;

	if (unlikely(w->ipvs->marks != NULL) && table->n_marked) {
		svc = marked_service(w, tuple, in_port, service_lookup);
		if (svc)
			return svc;
	}
	svc = service_lookup(table, tuple->proto, tuple->family, &tuple->dst, tuple->dport);
	if (likely(svc || !table->n_any_port))
		return svc;
	return service_lookup(table, tuple->proto, tuple->family, &tuple->dst, 0);
}

struct service *ours_removed_service(const struct worker *w, const struct tuple *tuple,
				     uint16_t in_port)
{
	const struct service_table *table = w->ipvs->services;
	struct service *svc;

	if (likely(!table->n_removed))
		return NULL;
	svc = marked_service(w, tuple, in_port, service_lookup_removed);
	if (!svc)
		svc = service_lookup_removed(table, tuple->proto, tuple->family, &tuple->dst,
					     tuple->dport);
	if (!svc)
		svc = service_lookup_removed(table, tuple->proto, tuple->family, &tuple->dst, 0);
	return svc;
}

unsigned int ours_former_kinds(const struct worker *w, const struct tuple *tuple, uint16_t in_port)
{
	const struct service_table *table = w->ipvs->services;
	const struct mark_rules *former = w->ipvs->former_marks;
	unsigned int kinds = 0;

	for (uint32_t i = 0; former && i < former->n; i++) {
		const struct service *svc;

		if (!mark_rule_fits(&former->rules[i], tuple, in_port))
			continue;
		svc = service_of_mark(table, former->rules[i].mark, tuple->family);
		kinds |= svc ? svc->flags : 0;
	}
	return kinds & (SERVICE_BY_FLOW | SERVICE_BY_CLIENT);
}

struct service *ours_service_of(const struct worker *w, const struct pkt_meta *meta)
{
	struct service *svc = ours_service(w, &meta->tuple, meta->in_port);

	if (likely(svc || !w->ipvs->services->n_matches))
		return svc;
	return match_service(w, meta);
}

bool ours_local_port(const struct worker *w, const struct tuple *tuple)
{
	return w->ipvs->services->n_services != 0 &&
	       rte_be_to_cpu_16(tuple->dport) >= LPORT_FIRST &&
	       addr_is_local(w, tuple->family, &tuple->dst);
}

/* From a server of services of that protocol at that port; 0: at all. */
static bool answers(const struct service_table *table, const struct tuple *tuple, uint8_t proto,
		    be16 port)
{
	uint64_t hash = dest_answer_hash(table, proto, tuple->family, &tuple->src, port);

	for (uint32_t link = id_hash_first(&table->answering, hash); link;
	     link = id_hash_next(&table->answering, link)) {
		const struct dest *dest = &table->dests[link - 1];

		if (dest_answer_port(dest, proto) == port && dest->family == tuple->family &&
		    ip_equal(&dest->addr, &tuple->src) &&
		    table->services[dest->service].key.proto == proto)
			return true;
	}
	return false;
}

bool ours_answer(const struct worker *w, const struct tuple *tuple)
{
	const struct service_table *table = w->ipvs->services;

	if (likely(!table->n_answering))
		return false;
	return answers(table, tuple, tuple->proto, tuple->sport) ||
	       (table->n_answering_any && (answers(table, tuple, tuple->proto, 0) ||
					   answers(table, tuple, SERVICE_MARKED, 0)));
}

bool ours_formerly(const struct worker *w, const struct tuple *tuple)
{
	return addr_is_local(w, tuple->family, &tuple->dst);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/template: persistence. A template says which server the clients of one
 * masked address have at one service. It lies at the client's home, the worker
 * that the masked address hashes to, and nowhere else: so all workers' first
 * packets of that client are decided on in one place (home.h), one after the
 * other. It is an entry of a table of its own, with the wheel and the index of
 * connections; its CONN_OUT is nothing but CONN_IN's reverse.
 *
 * A template stays as long as any worker has connections of it. Each worker
 * counts its own in an array that it alone writes, by the template's number;
 * when the template is due, its home adds up what stands there. A decision that
 * is under way is not counted yet, but it has just started the template's time
 * anew, which is a second at least.
 */
#ifndef IPVS_TEMPLATE_H
#define IPVS_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/drop.h"
#include "packet/tuple.h"

struct api_conn;
struct conn_cold;
struct sched_packet;
struct service;
struct worker;

#define TEMPLATE_NONE 0u

/* What a home says about a new connection. Numbers only: it travels. */
struct template_decision {
	uint32_t dest; /* DEST_NONE: no server is usable */
	uint32_t dest_serial;
	uint32_t template; /* what to count the connection at: home and number */
	uint32_t serial;   /* of the template's */
};

/* 0 or -ENOMEM; at most `max` templates of this home. */
int templates_create(struct worker *w, uint32_t max);
void templates_destroy(struct worker *w);

/* The worker that decides on this client at that service. */
unsigned int template_home(const struct worker *w, const struct service *svc,
			   const struct tuple *tuple);

/* On the home: the client's server, and its time starts anew. false: *reason is why not. */
bool template_decide(struct worker *w, struct service *svc, const struct sched_packet *packet,
		     struct template_decision *decision, enum drop_reason *reason);

/* On any worker: a connection of a template begins and ends here, or has been answered. */
void template_conn_new(struct worker *w, struct conn_cold *cold,
		       const struct template_decision *decision);
void template_conn_free(struct worker *w, const struct conn_cold *cold);
void template_conn_assured(struct worker *w, const struct conn_cold *cold);

/* On the home: has any worker a connection of it, or had one that was answered? */
uint32_t template_conns(const struct worker *w, uint32_t id);
bool template_assured(const struct worker *w, uint32_t id);

#endif

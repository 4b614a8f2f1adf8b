/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/tables: tables of schedulers that the master makes (mh, conhash). A
 * change of the servers only notes that the service's is old; it is made anew
 * once for all changes of a frame of requests, or of a netlink message, before
 * that is answered, and an op gives it to all workers, who read the same memory.
 * The one before is freed when all have acknowledged.
 */
#ifndef IPVS_TABLES_H
#define IPVS_TABLES_H

struct op;
struct service;
struct service_table;
struct worker;

/* Master: the service's servers, weights or scheduler have changed. */
void tables_note(struct service_table *table, struct service *svc);
/* Master: the service is about to be freed. */
void tables_forget(struct service_table *table, const struct service *svc);

/* Step of an op: the service's table goes. */
void tables_drop(struct worker *w, struct service *svc, struct op *op);

/* Master: makes all that are old. What finds no memory stays as it is, and is tried again at the
 * next call. 0 or -ENOMEM. */
int tables_settle(struct worker *const *all);

#endif

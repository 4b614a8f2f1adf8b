/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/pool: the public addresses of a service by match (SNAT). */
#ifndef IPVS_POOL_H
#define IPVS_POOL_H

#include "packet/tuple.h"

struct dest;
struct service;
struct worker;

/* A client's, the same on every worker, as long as it can be used. NULL: none can. */
struct dest *pool_pick(const struct worker *w, const struct service *svc,
		       const struct tuple *tuple);

#endif

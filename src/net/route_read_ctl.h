/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/route-read-ctl: a request's route as the tables have it, and whether it may
 * be there. Every refusal is in these files.
 */
#ifndef NET_ROUTE_READ_CTL_H
#define NET_ROUTE_READ_CTL_H

#include "control/control.h"
#include "net/route_int.h"

#define ROUTE_STR_LEN (IP_STR_LEN + 4)

/* "10.0.0.0/8" */
const char *route_str(const struct route *route, char *buf);

/* "blackhole", …; "unicast" */
const char *route_type_str(unsigned int type);

/* What needs no tables: prefix, kind and numbers. 0 or -errno with a sentence. */
int route_read_key(struct request *req, const struct api_route *body, struct route *route);

/* dev, if it was given. */
int route_read_port(struct request *req, const struct api_route *body, struct route *route);

/* Several gateways, into paths; and what of it needs no tables. */
int route_read_hops(struct request *req, const struct api_route_multi *body, struct route *route,
		    struct route_paths *paths);
int route_hops_check(struct request *req, const void *body);

/* Against the tables: gateways can be reached, the source is ours. Fills in what was left out. */
int route_check(struct request *req, struct route *route);

#endif

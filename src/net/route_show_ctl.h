/* SPDX-License-Identifier: BSD-3-Clause */
/* net/route-show-ctl: what is told of routes. */
#ifndef NET_ROUTE_SHOW_CTL_H
#define NET_ROUTE_SHOW_CTL_H

#include "control/control.h"
#include "net/route.h"

/* ROUTE_LIST: all routes of the master or a worker, each with its gateways if it has several. */
request_fn route_list_run;

/* ROUTE_GET: the route that packets to an address take, and why. */
request_fn route_get_run;

#endif

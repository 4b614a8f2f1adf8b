/* SPDX-License-Identifier: BSD-3-Clause */
/* net/net-ctl: requests about addresses, routes and neighbours. */
#ifndef NET_NET_CTL_H
#define NET_NET_CTL_H

#include "control/control.h"

extern const struct request_table addr_requests;
extern const struct request_table route_requests;
extern const struct request_table neigh_requests;
extern const struct request_table maddr_requests;
extern const struct request_table kernel_requests; /* addresses of the kernel's */

#endif

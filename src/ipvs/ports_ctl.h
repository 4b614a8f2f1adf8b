/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/ports-ctl: what a listing of addresses says of local ports. */
#ifndef IPVS_PORTS_CTL_H
#define IPVS_PORTS_CTL_H

#include "net/addr.h"

/* For addr_ports_from(). */
addr_ports_fn ports_of_addr;

#endif

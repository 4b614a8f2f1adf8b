/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/floor: what any forwarder must do at least: parse Ethernet, IP and
 * ports, swap both MAC addresses, both addresses and both ports, and send the
 * packet out of the other port. The same worker loop, receive round and
 * transmit stage as the path's, but this one stage in between: all figures of
 * the bench are seen beside it.
 */
#ifndef PERF_FLOOR_H
#define PERF_FLOOR_H

#include <stdbool.h>

#include "worker/stage.h"

/* For packets of IPv6, else of IPv4. */
const struct stage *floor_stages(bool six);

#endif

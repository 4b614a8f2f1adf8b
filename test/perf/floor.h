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

#include "perf/rig.h"
#include "worker/worker.h"

/* In place of the path, until rig_use_stages(). */
void floor_use(struct rig *rig);

/* Its stage for untagged IPv4, for whoever adds to it. */
void floor_input4(struct worker *w, struct batch *in);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/upper: ports that are no devices: VLANs. They have a parent, follow it in
 * what they have of it, and are counted by the workers.
 */
#ifndef LINK_UPPER_H
#define LINK_UPPER_H

#include "link/port.h"

/* Name, kind and parent are the caller's; what it has of its parent is filled. */
void upper_fill(const struct link *link, struct port *port);

/*
 * Master: all workers get the port, under the id that port_free_id() says. The caller has seen that
 * there is one, and that nothing is in the way. 0 or -ENOMEM.
 */
int upper_add(struct worker *const *all, const struct port *port);

/* Master: a device is told which MAC addresses of what stands on it are not its own. */
void upper_tell_macs(const struct link *link, uint16_t device);

/* In an op that has changed a port's facts: those that stand on it follow. */
void upper_follow(struct link *link, uint16_t parent);

#endif

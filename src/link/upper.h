/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/upper: ports that are no devices: VLANs, tunnels. They have a parent, follow it in
 * what they have of it, and are counted by the workers.
 */
#ifndef LINK_UPPER_H
#define LINK_UPPER_H

#include "link/port.h"

/* Functions of such a port: it has nothing to say that others do not know. */
int upper_show(void *handle, struct api_link *link);
int upper_xstat(void *handle, unsigned int n, char name[64], uint64_t *value);
void upper_close(void *handle);

#define UPPER_OPS(name)                                                                         \
	{                                                                                       \
		.driver = name, .show = upper_show, .xstat = upper_xstat, .close = upper_close, \
		.remove = upper_close                                                           \
	}

/*
 * Name, kind and parent are the caller's; what it has of its parent is filled. Of a tunnel also
 * ops, overhead, and without a parent its MTU are.
 */
void upper_fill(const struct link *link, struct port *port);

#define LINK_MTU_MIN 68 /* of any link, RFC 791 */

/* What a way of this MTU leaves behind so many bytes of headers. */
static inline uint16_t upper_mtu(uint32_t mtu, uint16_t overhead)
{
	return (uint16_t)(mtu > (uint32_t)LINK_MTU_MIN + overhead ? mtu - overhead : LINK_MTU_MIN);
}

/* In an op: the port is there from now on. */
void upper_put(struct worker *w, uint16_t id, const struct port *port);

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

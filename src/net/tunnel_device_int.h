/* SPDX-License-Identifier: BSD-3-Clause */
/* net/tunnel-device-int: between the tunnels' table and their two directions. */
#ifndef NET_TUNNEL_DEVICE_INT_H
#define NET_TUNNEL_DEVICE_INT_H

#include "net/tunnel_device.h"
#include "packet/tuple.h"

/* enum tunnel_inner */
uint8_t tunnel_inner_bit(unsigned int family);

/* The tunnel of a packet that has arrived; found: NULL: of its protocol, whatever its key.
 * PORT_NONE: there is none. */
uint16_t tunnel_device_find(const struct worker *w, const struct tuple *arrived,
			    const struct encap_found *found);

/* Of the tunnel's next packet, whichever worker sends it. */
uint32_t tunnel_sequence_next(const struct worker *w, uint16_t id);

/* Is there one that sends such packets? */
bool tunnel_device_sends(const struct worker *w, const struct tuple *outer,
			 const struct encap_found *found);

#endif

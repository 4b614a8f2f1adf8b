/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/proto/udp: the two states of a UDP connection: only the client was heard, or both. */
#ifndef IPVS_PROTO_UDP_H
#define IPVS_PROTO_UDP_H

#include <stdint.h>

#include "ipvs/conn.h"

enum udp_state {
	UDP_ONEWAY,
	UDP_NORMAL,
	UDP_LAST,
	UDP__COUNT,
};

extern const char *const udp_state_names[UDP__COUNT];
extern const uint32_t udp_default_timeouts_s[UDP__COUNT];

enum udp_state udp_next_state(enum conn_dir dir, enum udp_state state);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/proto/udp: a UDP connection is one-way until its server answers, and
 * normal from then on. LAST is the short time that an ended one is kept; no
 * datagram leads there or back.
 */
#include "ipvs/proto/udp.h"

const char *const udp_state_names[UDP__COUNT] = {
	[UDP_ONEWAY] = "UDP_ONEWAY",
	[UDP_NORMAL] = "UDP_NORM",
	[UDP_LAST] = "UDP_LAST",
};

const uint32_t udp_default_timeouts_s[UDP__COUNT] = {
	[UDP_ONEWAY] = 300,
	[UDP_NORMAL] = 300,
	[UDP_LAST] = 2,
};

enum udp_state udp_next_state(enum conn_dir dir, enum udp_state state)
{
	return dir == CONN_OUT && state == UDP_ONEWAY ? UDP_NORMAL : state;
}

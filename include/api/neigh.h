/* SPDX-License-Identifier: BSD-3-Clause */
/* api/neigh: neighbours (`dpip neigh`). */
#ifndef API_NEIGH_H
#define API_NEIGH_H

#include "api/frame.h"

enum api_neigh_state {
	API_NEIGH_NONE = 0,
	API_NEIGH_SEND, /* asked, no answer yet */
	API_NEIGH_REACHABLE,
	API_NEIGH_PROBE,  /* used after its time, being asked again */
	API_NEIGH_DELAY,  /* not confirmed for its time, usable */
	API_NEIGH_FAILED, /* no answer */
};

/* NEIGH_ADD (EEXIST; static), NEIGH_SET (ENOENT), NEIGH_DEL (ENOENT), an item of NEIGH_LIST. */
struct api_neigh {
	union api_ip addr;
	uint16_t family;
	uint8_t mac[6];
	uint8_t state;     /* enum api_neigh_state */
	uint8_t is_static; /* never expires */
	uint16_t held;     /* packets that wait for it */
	uint32_t cpu;      /* whose table: 0 master */
	uint32_t uses;     /* packets sent to it since it came, modulo 2^32 */
	uint32_t reserved; /* 0 */
	char dev[API_NAME_LEN];
};

#endif

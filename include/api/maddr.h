/* SPDX-License-Identifier: BSD-3-Clause */
/* api/maddr: the multicast groups that ports are in (`dpip maddr`). */
#ifndef API_MADDR_H
#define API_MADDR_H

#include "api/frame.h"

/* An item of MADDR_LIST. */
struct api_maddr {
	union api_ip addr;
	uint16_t family;
	uint8_t mac[6]; /* of the frames to it */
	uint32_t users; /* addresses and others who want it */
	uint32_t cpu;   /* whose table: 0 master */
	char dev[API_NAME_LEN];
};

#endif

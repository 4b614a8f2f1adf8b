/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * api/kni: kernel interfaces (`dpip kni`). Addresses that belong to the kernel
 * are routes of the type API_ROUTE_KERNEL, see api/route.h.
 */
#ifndef API_KNI_H
#define API_KNI_H

#include "api/frame.h"

enum api_kni_flag {
	API_KNI_UP = 1,        /* in the kernel: it takes packets */
	API_KNI_CARRIER = 2,   /* the port's link */
	API_KNI_ELSEWHERE = 4, /* in another network namespace, taken for up */
	API_KNI_MISSING = 8,   /* could not be made, the log says why */
};

/* An item of KNI_LIST. */
struct api_kni {
	char name[API_NAME_LEN];  /* the kernel's */
	char dev[API_NAME_LEN];   /* the port */
	char owner[API_NAME_LEN]; /* who carries its packets: "master", or "lcore N" */
	uint32_t flags;           /* enum api_kni_flag */
	uint32_t mtu;
	uint32_t index;  /* the kernel's */
	uint32_t worker; /* sends what comes from the kernel */
	uint8_t mac[6];
	uint8_t reserved[2];
	uint64_t to_packets, to_bytes;
	uint64_t to_dropped; /* refused by the kernel */
	uint64_t from_packets, from_bytes;
	uint64_t from_dropped; /* no mbuf, or the ring to the worker was full */
};

#endif

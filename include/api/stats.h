/* SPDX-License-Identifier: BSD-3-Clause */
/* api/stats: counters (`dpip stats drop|worker|memory`). */
#ifndef API_STATS_H
#define API_STATS_H

#include "api/frame.h"

enum api_stats_what {
	API_STATS_DROP = 1, /* packets dropped, by reason */
	API_STATS_WORKER,   /* the packet balance and the worker's own counters */
	API_STATS_MEMORY,   /* bytes and entries of pools and tables */
};

struct api_stats_filter {
	uint32_t what; /* enum api_stats_what */
	uint32_t cpu;  /* 0: every worker; N: worker N */
};

/* An item of STATS_LIST: one row a worker and counter. */
struct api_stat {
	uint32_t worker;
	uint32_t reserved;
	uint64_t value;
	char name[64];
};

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * api/monitor: changes as they happen (`dpip monitor`). The answer to MONITOR
 * has no end: its items come when there is something to tell, each of them when
 * all workers have the change. It ends when the client sends anything or goes.
 */
#ifndef API_MONITOR_H
#define API_MONITOR_H

#include "api/frame.h"

enum api_monitor_object {
	API_MONITOR_ADDR = 1,
	API_MONITOR_ROUTE = 2,
	API_MONITOR_NEIGH = 4,
	API_MONITOR_LINK = 8,
	API_MONITOR_TUNNEL = 16,
	API_MONITOR_MARK = 32,
	API_MONITOR_ALL = 63,
};

struct api_monitor {
	uint32_t objects; /* enum api_monitor_object */
	uint16_t family;  /* 0: any; links, tunnels and some marks have none and are told whatever
			   * it is */
	uint16_t reserved;
};

enum api_event_what {
	API_EVENT_ADD = 1,
	API_EVENT_CHANGE, /* the object as it is now */
	API_EVENT_DEL,    /* as it was last */
	API_EVENT_MISSED, /* `missed` changes were too many for the client's pace; no object */
};

/* An item of MONITOR; the object, as a listing has it, stands behind. */
struct api_event {
	uint16_t what; /* enum api_event_what */
	uint16_t kind; /* enum api_kind of the object */
	uint32_t reserved;
	uint64_t missed;
};

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* net/mld-int: reports on the wire, for the files of this room. */
#ifndef NET_MLD_INT_H
#define NET_MLD_INT_H

#include "net/mld.h"

#include "base/ip.h"

/* Of a record; version 1 knows only whether somebody listens. */
enum mld_record_type {
	MLD_IS_EXCLUDE = 2, /* we listen, asked */
	MLD_TO_INCLUDE = 3, /* no more */
	MLD_TO_EXCLUDE = 4, /* we do from now on */
};

#define MLD_RECORDS 60 /* in a report, which then is no longer than any link's MTU */

struct mld_report {
	uint16_t port;
	uint8_t version; /* 1 or 2 */
	uint8_t n;
	struct {
		union ip_addr group;
		uint8_t type; /* enum mld_record_type */
	} records[MLD_RECORDS];
};

/* The port's link-local address, or the unspecified one if it has none that is more than tentative.
 */
union ip_addr mld_source(const struct worker *w, uint16_t port);

/* Master: lets the worker send it; version 1 has a packet for each record. 0 or -ENOMEM. */
int mld_send(struct worker *w, const struct mld_report *report);

#endif

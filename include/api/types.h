/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * api/types: the few types that every request and reply shares. All structs in
 * include/api have fixed-width fields, no implicit padding and native byte
 * order, except that be16/be32 and addresses are in network byte order. Sizes
 * are asserted, so that a tool and a daemon of different builds can tell.
 */
#ifndef API_TYPES_H
#define API_TYPES_H

#include <stdint.h>

typedef uint16_t be16;
typedef uint32_t be32;

/*
 * An address of either family; IPv4 stands in the first four bytes, the rest is zero. The largest
 * member is the first: that is what `{ 0 }` is sure to clear (C11 6.7.9, 17 and 21).
 */
union api_ip {
	uint8_t v6[16];
	be32 v4;
};

#define API_NAME_LEN     32 /* port and scheduler names, NUL included */
#define API_LIFE_FOREVER 0  /* valid_lft and preferred_lft */

/* Which tables a listing reads: the master's (or the sum of all workers), or one worker's own. */
#define API_CPU_MASTER 0

#endif

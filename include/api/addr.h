/* SPDX-License-Identifier: BSD-3-Clause */
/* api/addr: the daemon's own addresses (`dpip addr`). */
#ifndef API_ADDR_H
#define API_ADDR_H

#include "api/frame.h"

enum api_scope {
	API_SCOPE_GLOBAL = 0,
	API_SCOPE_SITE = 1,
	API_SCOPE_LINK = 2,
	API_SCOPE_HOST = 3,
	API_SCOPE_KNI_HOST = 4, /* routes only: an address of the kernel's */
	API_SCOPE_UNSET = 255,  /* request: the daemon chooses */
};

enum api_addr_flag {
	API_ADDR_SAPOOL = 1,   /* accepted and shown; local addresses need no mark of their own */
	API_ADDR_LIFETIME = 2, /* request: the lifetimes below count */
	API_ADDR_LADDR = 4,    /* reply: made by `ipvsadm -P` */
	API_ADDR_HELD = 8,     /* reply: a local address of some service */
	/* IPv6: reply */
	API_ADDR_TENTATIVE = 16,  /* not ours yet: does anybody else have it? */
	API_ADDR_DADFAILED = 32,  /* somebody does: tentative for good */
	API_ADDR_DEPRECATED = 64, /* both families: preferred_lft is over */
	API_ADDR_AUTO = 128,      /* made by addr_gen_mode */
	API_ADDR_NODAD = 256,     /* request: ours at once, nobody is asked */
};

/* ADDR_ADD (EEXIST), ADDR_SET (ENOENT; scope, broadcast, lifetimes), ADDR_DEL (ENOENT), an item of
 * ADDR_LIST. */
struct api_addr {
	union api_ip addr;
	union api_ip broadcast; /* 0: none was given; that of the net counts all the same */
	uint16_t family;        /* AF_INET, AF_INET6 */
	uint8_t plen;
	uint8_t scope;        /* enum api_scope */
	uint32_t flags;       /* enum api_addr_flag */
	uint32_t valid_lft_s; /* 0 for ever; in a reply what is left */
	uint32_t preferred_lft_s;
	char dev[API_NAME_LEN];
	/* reply, if API_FILTER_STATS asks and it is HELD: connections that have a local port of it;
	 * and how often a connection found none free. How many are free is a matter of each server.
	 */
	uint64_t ports_used;
	uint64_t ports_miss;
	uint32_t cpu; /* reply: whose table it is from */
	uint32_t reserved;
};

#endif

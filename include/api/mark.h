/* SPDX-License-Identifier: BSD-3-Clause */
/* api/mark: rules that give packets a firewall mark (`dpip mark`). */
#ifndef API_MARK_H
#define API_MARK_H

#include "api/frame.h"

/* Which fields a request means. Of ADD, those that are not given match anything. */
enum api_mark_given {
	API_MARK_PREF = 1,
	API_MARK_FROM = 2,
	API_MARK_TO = 4,
	API_MARK_PROTO = 8,
	API_MARK_SPORT = 16,
	API_MARK_DPORT = 32,
	API_MARK_IIF = 64,
	API_MARK_MARK = 128,
};

/*
 * MARK_ADD (EEXIST: that pref); without pref it goes behind all others. MARK_DEL: the one rule
 * whose given fields are these (ENOENT, EINVAL if several are). MARK_FLUSH, MARK_LIST: all such
 * rules. An item of MARK_LIST.
 */
struct api_mark {
	union api_ip from;
	union api_ip to;
	uint32_t pref;   /* from 1, the lowest is asked first */
	uint32_t mark;   /* 0: none, an exception from rules behind */
	uint16_t family; /* of from and to; 0: any */
	uint8_t from_plen;
	uint8_t to_plen;
	uint16_t sport; /* first and last, host order */
	uint16_t sport_last;
	uint16_t dport;
	uint16_t dport_last;
	uint16_t proto; /* IPPROTO_TCP, _UDP, _SCTP, _ICMP (ICMPv6, too); 0: any */
	uint16_t given; /* enum api_mark_given */
	char iif[API_NAME_LEN];
};

#endif

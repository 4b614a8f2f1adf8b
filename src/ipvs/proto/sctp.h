/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/proto/sctp: what packets make of an association's state, as an observer
 * between client and server sees it, with the states, names and timeouts of the
 * kernel's IPVS. Only the chunk that tells most counts (packet/sctp).
 */
#ifndef IPVS_PROTO_SCTP_H
#define IPVS_PROTO_SCTP_H

#include <stdbool.h>
#include <stdint.h>

#include "ipvs/conn.h"

enum sctp_state {
	SCTP_NONE,
	SCTP_ESTABLISHED,
	SCTP_INIT1,          /* the client's first INIT */
	SCTP_INIT,           /* ... which it has repeated */
	SCTP_COOKIE_SENT,    /* the server has answered it */
	SCTP_COOKIE_REPLIED, /* the client has sent that back */
	SCTP_COOKIE_WAIT,    /* an INIT of the server's, */
	SCTP_COOKIE,         /* ... the client's answer, */
	SCTP_COOKIE_ECHOED,  /* ... and its return */
	SCTP_SHUTDOWN_SENT,  /* by the server */
	SCTP_SHUTDOWN_RECEIVED,
	SCTP_SHUTDOWN_ACK_SENT,
	SCTP_REJECTED,
	SCTP_CLOSED,
	SCTP__COUNT,
};

enum sctp_path {
	SCTP_PATH_INPUT = 1,      /* from the client, and the server's answers are seen too */
	SCTP_PATH_OUTPUT = 2,     /* from the server */
	SCTP_PATH_INPUT_ONLY = 4, /* DR, tunnel: answers are not seen */
};

extern const char *const sctp_state_names[SCTP__COUNT];
extern const uint32_t sctp_timeouts_s[SCTP__COUNT];

/* The state after a packet that tells this chunk. */
enum sctp_state sctp_next_state(enum sctp_path path, enum sctp_state state, uint8_t chunk);

/* May an INIT open a new association in place of one in this state? */
static inline bool sctp_state_reusable(enum sctp_state state)
{
	return state == SCTP_CLOSED;
}

#endif

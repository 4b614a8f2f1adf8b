/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/proto/sctp: the steps of an association (RFC 9260 4), each by one kind of
 * chunk in one direction from a set of states. The first row that fits counts;
 * what is in no row changes nothing. Where the server's answers are not seen,
 * what the client says stands for them, too.
 */
#include "ipvs/proto/sctp.h"

#include <rte_common.h>

#include "packet/sctp.h"

#define SEEN     SCTP_PATH_INPUT
#define UNSEEN   SCTP_PATH_INPUT_ONLY
#define IN       (SEEN | UNSEEN)
#define OUT      SCTP_PATH_OUTPUT
#define ALL      (IN | OUT)
#define OF(name) (1u << SCTP_##name)

#define ANY      ((1u << SCTP__COUNT) - 1)
#define ASKED    (OF(NONE) | OF(INIT1) | OF(INIT))
#define OPENING  (ASKED | OF(COOKIE_SENT) | OF(COOKIE_REPLIED))
#define REVERSE  (OF(COOKIE_WAIT) | OF(COOKIE) | OF(COOKIE_ECHOED)) /* the server opens */
#define ENDED    (OF(REJECTED) | OF(CLOSED))
#define SHUTTING (OF(SHUTDOWN_SENT) | OF(SHUTDOWN_RECEIVED) | OF(SHUTDOWN_ACK_SENT))

const char *const sctp_state_names[SCTP__COUNT] = {
	[SCTP_NONE] = "NONE",
	[SCTP_ESTABLISHED] = "ESTABLISHED",
	[SCTP_INIT1] = "INIT1",
	[SCTP_INIT] = "INIT",
	[SCTP_COOKIE_SENT] = "C-SENT",
	[SCTP_COOKIE_REPLIED] = "C-REPLIED",
	[SCTP_COOKIE_WAIT] = "C-WAIT",
	[SCTP_COOKIE] = "COOKIE",
	[SCTP_COOKIE_ECHOED] = "C-ECHOED",
	[SCTP_SHUTDOWN_SENT] = "S-SENT",
	[SCTP_SHUTDOWN_RECEIVED] = "S-RECEIVED",
	[SCTP_SHUTDOWN_ACK_SENT] = "S-ACK-SENT",
	[SCTP_REJECTED] = "REJECTED",
	[SCTP_CLOSED] = "CLOSED",
};

/* An INIT may get lost, or be refused; else the longest time between repetitions, and one more
 * second. */
const uint32_t sctp_timeouts_s[SCTP__COUNT] = {
	[SCTP_NONE] = 2,
	[SCTP_ESTABLISHED] = 900,
	[SCTP_INIT1] = 4,
	[SCTP_INIT] = 61,
	[SCTP_COOKIE_SENT] = 61,
	[SCTP_COOKIE_REPLIED] = 61,
	[SCTP_COOKIE_WAIT] = 61,
	[SCTP_COOKIE] = 61,
	[SCTP_COOKIE_ECHOED] = 61,
	[SCTP_SHUTDOWN_SENT] = 61,
	[SCTP_SHUTDOWN_RECEIVED] = 61,
	[SCTP_SHUTDOWN_ACK_SENT] = 61,
	[SCTP_REJECTED] = 4,
	[SCTP_CLOSED] = 61,
};

static const struct step {
	uint8_t chunk; /* enum sctp_chunk */
	uint8_t paths; /* enum sctp_path */
	uint16_t from; /* states */
	uint8_t to;
} steps[] = {
	{ SCTP_CHUNK_INIT, IN, OF(NONE), SCTP_INIT1 },
	{ SCTP_CHUNK_INIT, IN, OF(INIT1) | ENDED, SCTP_INIT },
	{ SCTP_CHUNK_INIT, UNSEEN, OPENING | OF(COOKIE_WAIT), SCTP_INIT },
	{ SCTP_CHUNK_INIT, OUT, ANY & ~OF(ESTABLISHED), SCTP_COOKIE_WAIT },

	{ SCTP_CHUNK_INIT_ACK, OUT, ASKED, SCTP_COOKIE_SENT },
	{ SCTP_CHUNK_INIT_ACK, SEEN, ASKED, SCTP_COOKIE_WAIT },
	{ SCTP_CHUNK_INIT_ACK, SEEN, OF(COOKIE_WAIT), SCTP_COOKIE },
	{ SCTP_CHUNK_INIT_ACK, UNSEEN, OPENING | OF(COOKIE_WAIT), SCTP_COOKIE_ECHOED },

	{ SCTP_CHUNK_COOKIE_ECHO, SEEN, OF(NONE) | OF(COOKIE_SENT), SCTP_COOKIE_REPLIED },
	{ SCTP_CHUNK_COOKIE_ECHO, SEEN, OF(INIT1), SCTP_INIT },
	{ SCTP_CHUNK_COOKIE_ECHO, UNSEEN, OPENING | OF(COOKIE_WAIT), SCTP_ESTABLISHED },
	{ SCTP_CHUNK_COOKIE_ECHO, OUT, OPENING | REVERSE, SCTP_COOKIE_ECHOED },

	{ SCTP_CHUNK_COOKIE_ACK, OUT, OPENING | REVERSE, SCTP_ESTABLISHED },
	{ SCTP_CHUNK_COOKIE_ACK, IN, OF(NONE) | OF(COOKIE_ECHOED), SCTP_ESTABLISHED },
	{ SCTP_CHUNK_COOKIE_ACK, UNSEEN, OF(COOKIE_SENT) | OF(COOKIE_REPLIED) | OF(COOKIE),
	  SCTP_ESTABLISHED },

	{ SCTP_CHUNK_SHUTDOWN, IN, OF(NONE) | OF(ESTABLISHED), SCTP_SHUTDOWN_RECEIVED },
	{ SCTP_CHUNK_SHUTDOWN, OUT, OPENING | REVERSE | OF(ESTABLISHED), SCTP_SHUTDOWN_SENT },

	{ SCTP_CHUNK_SHUTDOWN_ACK, OUT, OPENING | SHUTTING, SCTP_SHUTDOWN_ACK_SENT },
	{ SCTP_CHUNK_SHUTDOWN_ACK, IN, OF(NONE) | OF(SHUTDOWN_SENT) | OF(SHUTDOWN_ACK_SENT),
	  SCTP_CLOSED },
	{ SCTP_CHUNK_SHUTDOWN_ACK, IN, OF(INIT1), SCTP_INIT },
	{ SCTP_CHUNK_SHUTDOWN_ACK, UNSEEN, OF(ESTABLISHED), SCTP_CLOSED },

	{ SCTP_CHUNK_SHUTDOWN_COMPLETE, OUT, OF(NONE), SCTP_CLOSED },
	{ SCTP_CHUNK_SHUTDOWN_COMPLETE, IN, ASKED | OF(SHUTDOWN_ACK_SENT), SCTP_CLOSED },
	{ SCTP_CHUNK_SHUTDOWN_COMPLETE, UNSEEN, OPENING | OF(SHUTDOWN_RECEIVED), SCTP_CLOSED },

	{ SCTP_CHUNK_ERROR, OUT, OPENING, SCTP_CLOSED },
	{ SCTP_CHUNK_ERROR, IN, OF(NONE), SCTP_CLOSED },
	{ SCTP_CHUNK_ERROR, SEEN, OF(COOKIE_ECHOED), SCTP_CLOSED },

	{ SCTP_CHUNK_ABORT, OUT, OF(INIT1), SCTP_REJECTED },
	{ SCTP_CHUNK_ABORT, IN, OF(COOKIE_WAIT), SCTP_REJECTED },
	{ SCTP_CHUNK_ABORT, ALL, ANY, SCTP_CLOSED },
};

/* Data, acknowledgements, heartbeats, and whatever is said about them. */
static bool is_traffic(uint8_t chunk)
{
	for (unsigned int i = 0; i < RTE_DIM(steps); i++)
		if (steps[i].chunk == chunk)
			return false;
	return true;
}

enum sctp_state sctp_next_state(enum sctp_path path, enum sctp_state state, uint8_t chunk)
{
	if (is_traffic(chunk)) {
		bool begun = state == SCTP_NONE ||
			     (state == SCTP_COOKIE_WAIT && path == SCTP_PATH_INPUT_ONLY);

		return begun ? SCTP_ESTABLISHED : state;
	}
	for (unsigned int i = 0; i < RTE_DIM(steps); i++)
		if (steps[i].chunk == chunk && (steps[i].paths & path) &&
		    (steps[i].from & 1u << state))
			return steps[i].to;
	return state;
}

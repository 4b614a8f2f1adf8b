/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/proto/tcp: the state machine of a connection, as an observer between
 * client and server sees it: for each way a segment can take, a table from
 * its most telling flag and the state before to the state after. RST tells
 * more than SYN, SYN more than FIN, FIN more than ACK. The shift of sequence
 * numbers and timestamps is in tcp_shift.c.
 */
#include "ipvs/proto/tcp.h"

enum tcp_event {
	TCP_EVENT_SYN,
	TCP_EVENT_FIN,
	TCP_EVENT_ACK,
	TCP_EVENT_RST,
	TCP_EVENT__COUNT,
};

const char *const tcp_state_names[TCP__COUNT] = {
	[TCP_NONE] = "TCP_NONE",     [TCP_ESTABLISHED] = "TCP_EST",   [TCP_SYN_SENT] = "SYN_SENT",
	[TCP_SYN_RECV] = "SYN_RECV", [TCP_FIN_WAIT] = "FIN_WAIT",     [TCP_TIME_WAIT] = "TIME_WAIT",
	[TCP_CLOSE] = "TCP_CLOSE",   [TCP_CLOSE_WAIT] = "CLOSE_WAIT", [TCP_LAST_ACK] = "LAST_ACK",
	[TCP_LISTEN] = "LISTEN",     [TCP_SYNACK] = "SYNACK",
};

const uint32_t tcp_default_timeouts_s[TCP__COUNT] = {
	[TCP_NONE] = 2,     [TCP_ESTABLISHED] = 90, [TCP_SYN_SENT] = 3, [TCP_SYN_RECV] = 30,
	[TCP_FIN_WAIT] = 7, [TCP_TIME_WAIT] = 7,    [TCP_CLOSE] = 3,    [TCP_CLOSE_WAIT] = 7,
	[TCP_LAST_ACK] = 7, [TCP_LISTEN] = 120,     [TCP_SYNACK] = 30,
};

/* Short names keep the tables readable; columns are the states before, in the order of the enum. */
#define NO TCP_NONE
#define ES TCP_ESTABLISHED
#define SS TCP_SYN_SENT
#define SR TCP_SYN_RECV
#define FW TCP_FIN_WAIT
#define TW TCP_TIME_WAIT
#define CL TCP_CLOSE
#define CW TCP_CLOSE_WAIT
#define LA TCP_LAST_ACK
#define LI TCP_LISTEN
#define SA TCP_SYNACK

/* clang-format off */
static const uint8_t tcp_next[][TCP_EVENT__COUNT][TCP__COUNT] = {
	[TCP_PATH_INPUT] = {
		/*                   NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
		[TCP_EVENT_SYN] = { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
		[TCP_EVENT_FIN] = { CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW },
		[TCP_EVENT_ACK] = { CL, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
		[TCP_EVENT_RST] = { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR },
	},
	[TCP_PATH_OUTPUT] = {
		[TCP_EVENT_SYN] = { SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR },
		[TCP_EVENT_FIN] = { TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW },
		[TCP_EVENT_ACK] = { ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES },
		[TCP_EVENT_RST] = { CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL },
	},
	[TCP_PATH_INPUT_ONLY] = {
		[TCP_EVENT_SYN] = { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
		[TCP_EVENT_FIN] = { CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW },
		[TCP_EVENT_ACK] = { CL, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
		[TCP_EVENT_RST] = { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL },
	},
};
/* clang-format on */

enum tcp_state tcp_next_state(enum tcp_path path, enum tcp_state state, uint8_t tcp_flags)
{
	enum tcp_event event;

	if (tcp_flags & RTE_TCP_RST_FLAG)
		event = TCP_EVENT_RST;
	else if (tcp_flags & RTE_TCP_SYN_FLAG)
		event = TCP_EVENT_SYN;
	else if (tcp_flags & RTE_TCP_FIN_FLAG)
		event = TCP_EVENT_FIN;
	else if (tcp_flags & RTE_TCP_ACK_FLAG)
		event = TCP_EVENT_ACK;
	else
		return state;
	return tcp_next[path][event][state];
}

bool tcp_state_active(enum tcp_state state)
{
	return state == TCP_ESTABLISHED || state == TCP_SYN_SENT || state == TCP_SYN_RECV ||
	       state == TCP_SYNACK;
}

bool tcp_state_reusable(enum tcp_state state)
{
	return state == TCP_TIME_WAIT || state == TCP_CLOSE || state == TCP_LAST_ACK;
}

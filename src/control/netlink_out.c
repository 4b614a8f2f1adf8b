/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The answer to a netlink message. All bytes of a message's room are zero
 * before it is filled, so nothing of the master's memory leaves in the padding
 * between attributes.
 */
#include "control/netlink_out.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 8192u

/* Free bytes for one more message behind the end. */
static bool room_make(struct netlink_out *out)
{
	uint32_t room = out->room ? out->room : ROOM_FIRST;
	uint8_t *bytes;

	if (out->at == out->end)
		out->at = out->end = 0;
	if (out->at && out->room - out->end < NETLINK_MESSAGE_MAX) {
		memmove(out->bytes, out->bytes + out->at, out->end - out->at);
		out->end -= out->at;
		out->at = 0;
	}
	while (room - out->end < NETLINK_MESSAGE_MAX)
		room *= 2;
	if (room == out->room)
		return true;
	bytes = realloc(out->bytes, room);
	if (!bytes) {
		out->broken = true;
		return false;
	}
	out->bytes = bytes;
	out->room = room;
	return true;
}

struct nlmsghdr *netlink_out_begin(struct netlink_out *out, const struct nlmsghdr *answers,
				   uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message;

	if (!room_make(out))
		return NULL;
	memset(out->bytes + out->end, 0, NETLINK_MESSAGE_MAX);
	message = mnl_nlmsg_put_header(out->bytes + out->end);
	message->nlmsg_type = type;
	message->nlmsg_flags = flags;
	message->nlmsg_seq = answers->nlmsg_seq;
	message->nlmsg_pid = answers->nlmsg_pid;
	return message;
}

void netlink_out_commit(struct netlink_out *out, const struct nlmsghdr *message)
{
	out->end += MNL_ALIGN(message->nlmsg_len);
}

void netlink_out_ack(struct netlink_out *out, const struct nlmsghdr *answers, int err,
		     const char *text)
{
	struct nlmsghdr *message = netlink_out_begin(out, answers, NLMSG_ERROR, 0);
	struct nlmsgerr *body;

	if (!message)
		return;
	body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
	body->error = err;
	body->msg = *answers;
	/* the request itself is not sent back, whoever made it has it */
	message->nlmsg_flags = NLM_F_CAPPED;
	if (text && text[0]) {
		mnl_attr_put_strz(message, NLMSGERR_ATTR_MSG, text);
		message->nlmsg_flags |= NLM_F_ACK_TLVS;
	}
	netlink_out_commit(out, message);
}

void netlink_out_done(struct netlink_out *out, const struct nlmsghdr *answers)
{
	struct nlmsghdr *message = netlink_out_begin(out, answers, NLMSG_DONE, NLM_F_MULTI);

	if (!message)
		return;
	mnl_nlmsg_put_extra_header(message, sizeof(int));
	netlink_out_commit(out, message);
}

uint32_t netlink_out_front(const struct netlink_out *out, uint32_t most)
{
	uint32_t len = 0, left = netlink_out_left(out), next;

	while (len < left) {
		const void *bytes = out->bytes + out->at + len;
		const struct nlmsghdr *message = bytes;
		bool alone = !(message->nlmsg_flags & NLM_F_MULTI);

		next = MNL_ALIGN(message->nlmsg_len);
		if (len && (alone || len + next > most))
			break;
		len += next;
		if (alone)
			break;
	}
	return len;
}

void netlink_out_take(struct netlink_out *out, uint32_t len)
{
	out->at += len;
}

void netlink_out_free(struct netlink_out *out)
{
	free(out->bytes);
	*out = (struct netlink_out){ .bytes = NULL };
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preload/family: what the daemon would say to "which number has the family
 * IPVS?", said here: the message, and the acknowledgement behind it in a packet of
 * its own, as the kernel does.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include "preload/dpvs_ipvs.h"

static void put_attr(uint8_t *message, uint16_t type, const void *value, uint16_t len)
{
	const struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)message;

	memcpy(message + head->nlmsg_len, &attr, sizeof(attr));
	memcpy(message + head->nlmsg_len + NLA_HDRLEN, value, len);
	head->nlmsg_len += NLA_ALIGN(attr.nla_len);
}

/* "It is that number", as the daemon would say it. */
static bool send_family(int fd, const struct nlmsghdr *question)
{
	const uint16_t id = GENL_FAMILY_ID;
	const uint32_t version = IPVS_GENL_VERSION, head_size = 0, attrs = IPVS_CMD_ATTR_MAX;
	const struct genlmsghdr genl = { .cmd = CTRL_CMD_NEWFAMILY, .version = version };
	union {
		struct nlmsghdr head;
		uint8_t bytes[256];
	} answer = { .head = *question };

	memset(answer.bytes + sizeof(answer.head), 0, sizeof(answer) - sizeof(answer.head));
	answer.head.nlmsg_flags = 0;
	answer.head.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	memcpy(answer.bytes + NLMSG_HDRLEN, &genl, sizeof(genl));
	put_attr(answer.bytes, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof(IPVS_GENL_NAME));
	put_attr(answer.bytes, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	put_attr(answer.bytes, CTRL_ATTR_VERSION, &version, sizeof(version));
	put_attr(answer.bytes, CTRL_ATTR_HDRSIZE, &head_size, sizeof(head_size));
	put_attr(answer.bytes, CTRL_ATTR_MAXATTR, &attrs, sizeof(attrs));
	return send(fd, answer.bytes, answer.head.nlmsg_len, MSG_NOSIGNAL) > 0;
}

static bool send_ack(int fd, const struct nlmsghdr *question)
{
	const struct {
		struct nlmsghdr head;
		struct nlmsgerr body;
	} ack = {
		.head = { .nlmsg_len = sizeof(ack),
			  .nlmsg_type = NLMSG_ERROR,
			  .nlmsg_flags = NLM_F_CAPPED,
			  .nlmsg_seq = question->nlmsg_seq,
			  .nlmsg_pid = question->nlmsg_pid },
		.body = { .msg = *question },
	};

	return !(question->nlmsg_flags & NLM_F_ACK) ||
	       send(fd, &ack, sizeof(ack), MSG_NOSIGNAL) > 0;
}

bool family_answer(int fd, const struct nlmsghdr *question)
{
	return send_family(fd, question) && send_ack(fd, question);
}

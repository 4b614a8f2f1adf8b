/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preload/family: what the daemon would say to "which number has the family
 * IPVS?", said here: the message, and the acknowledgement behind it in a packet of
 * its own, as the kernel does. And what it can say no more when it has ended.
 */
#include "preload/dpvs_ipvs.h"

#include <string.h>

#include <linux/genetlink.h>
#include <linux/ip_vs.h>

bool family_asked(const uint8_t *bytes, size_t len)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;
	struct genlmsghdr head;
	struct nlattr attr;

	memcpy(&head, bytes + NLMSG_HDRLEN, sizeof(head));
	if (head.cmd != CTRL_CMD_GETFAMILY)
		return false;
	while (at + sizeof(attr) <= len) {
		memcpy(&attr, bytes + at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > len - at)
			return false;
		if ((attr.nla_type & NLA_TYPE_MASK) == CTRL_ATTR_FAMILY_NAME)
			return attr.nla_len == NLA_HDRLEN + sizeof(IPVS_GENL_NAME) &&
			       memcmp(bytes + at + NLA_HDRLEN, IPVS_GENL_NAME,
				      sizeof(IPVS_GENL_NAME)) == 0;
		at += NLA_ALIGN(attr.nla_len);
	}
	return false;
}

static void put_attr(uint8_t *message, uint16_t type, const void *value, uint16_t len)
{
	const struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };
	struct nlmsghdr head;

	memcpy(&head, message, sizeof(head));
	memcpy(message + head.nlmsg_len, &attr, sizeof(attr));
	memcpy(message + head.nlmsg_len + NLA_HDRLEN, value, len);
	head.nlmsg_len += NLA_ALIGN(attr.nla_len);
	memcpy(message, &head, sizeof(head));
}

/* "It is that number", as the daemon would say it. */
static size_t put_family(const struct nlmsghdr *question, uint8_t *packet)
{
	const uint16_t id = GENL_FAMILY_ID;
	const uint32_t version = IPVS_GENL_VERSION, head_size = 0, attrs = IPVS_CMD_ATTR_MAX;
	const struct genlmsghdr genl = { .cmd = CTRL_CMD_NEWFAMILY, .version = version };
	struct nlmsghdr head = *question;

	memset(packet, 0, FAMILY_ANSWER);
	head.nlmsg_flags = 0;
	head.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	memcpy(packet, &head, sizeof(head));
	memcpy(packet + NLMSG_HDRLEN, &genl, sizeof(genl));
	put_attr(packet, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof(IPVS_GENL_NAME));
	put_attr(packet, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	put_attr(packet, CTRL_ATTR_VERSION, &version, sizeof(version));
	put_attr(packet, CTRL_ATTR_HDRSIZE, &head_size, sizeof(head_size));
	put_attr(packet, CTRL_ATTR_MAXATTR, &attrs, sizeof(attrs));
	memcpy(&head, packet, sizeof(head));
	return head.nlmsg_len;
}

size_t family_ack(const struct nlmsghdr *question, int err, uint8_t *packet)
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
		.body = { .error = err, .msg = *question },
	};

	memcpy(packet, &ack, sizeof(ack));
	return sizeof(ack);
}

size_t family_answer(const struct nlmsghdr *question, unsigned int n, uint8_t *packet)
{
	if (n == 0)
		return put_family(question, packet);
	return n == 1 && (question->nlmsg_flags & NLM_F_ACK) ? family_ack(question, 0, packet) : 0;
}

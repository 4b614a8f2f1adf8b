/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/netlink-out: the answer to a netlink message, under construction: a
 * buffer of whole messages, one behind the other, each aligned. Whoever sends
 * them takes some from the front, so that the answer to a long listing is never
 * in memory as a whole.
 */
#ifndef CONTROL_NETLINK_OUT_H
#define CONTROL_NETLINK_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#define NETLINK_MESSAGE_MAX 4096u /* bytes of a message that is sent */

/* Zeroed: empty. */
struct netlink_out {
	uint8_t *bytes; /* `room` are there; [at, end) are not taken yet */
	uint32_t at, end, room;
	bool broken; /* memory was short: what is there makes no whole answer */
};

/*
 * A message with its header filled in, for mnl_attr_put() and the like to fill up to
 * NETLINK_MESSAGE_MAX bytes; it counts when it is committed. NULL: no memory.
 */
struct nlmsghdr *netlink_out_begin(struct netlink_out *out, const struct nlmsghdr *answers,
				   uint16_t type, uint16_t flags);
void netlink_out_commit(struct netlink_out *out, const struct nlmsghdr *message);

/*
 * The end of an answer: err 0 or -errno. The text goes along as the kernel's extended
 * acknowledgement has it, NULL: none.
 */
void netlink_out_ack(struct netlink_out *out, const struct nlmsghdr *answers, int err,
		     const char *text);
void netlink_out_done(struct netlink_out *out, const struct nlmsghdr *answers);

/*
 * Bytes at the front that go into one packet: parts of a dump, as many as fit into `most`, or one
 * message, since the tools read an answer and its acknowledgement one by one. 0: none is there.
 */
uint32_t netlink_out_front(const struct netlink_out *out, uint32_t most);
void netlink_out_take(struct netlink_out *out, uint32_t len);

static inline uint32_t netlink_out_left(const struct netlink_out *out)
{
	return out->end - out->at;
}

void netlink_out_free(struct netlink_out *out);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* net/follow-ctl: what the kernel does with its interfaces of ours, followed on the master's loop.
 */
#ifndef NET_FOLLOW_CTL_H
#define NET_FOLLOW_CTL_H

struct control;
struct worker;
struct follow;

/* 0 or -errno; nothing is followed where there are no kernel interfaces. */
int follow_start(struct control *control);

/* The loop has ended. */
void follow_stop(struct worker *master);

#endif

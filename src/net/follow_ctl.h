/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/follow-ctl: what others do with the kernel's side of our interfaces,
 * followed on the master's loop: whether they are up, which addresses the kernel
 * has, and with kni_routes the routes that routing daemons make over them.
 */
#ifndef NET_FOLLOW_CTL_H
#define NET_FOLLOW_CTL_H

#include "base/ip.h"

struct control;
struct worker;

/* 0 or -errno; nothing is followed where there are no kernel interfaces. */
int follow_start(struct control *control);

/* The loop has ended. */
void follow_stop(struct worker *master);

/* Before an address becomes one of ours: if it was the kernel's because it is followed, it is not
 * any more. */
void follow_yield(struct worker *master, unsigned int family, const union ip_addr *ip);

#endif

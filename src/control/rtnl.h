/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control/rtnl: what the kernel knows of its network, and every change of it,
 * by rtnetlink on the master's loop. It begins with a round: all that is there,
 * message by message, between begin() and end(); behind that, changes as they
 * happen. When changes were lost because they came too fast, a new round tells
 * all again: what was known before and is not told until end() has gone, if the
 * round was whole: the kernel may refuse one, or be changed during each.
 */
#ifndef CONTROL_RTNL_H
#define CONTROL_RTNL_H

#include <stdbool.h>
#include <stdint.h>

struct control;
struct nlmsghdr;

#define RTNL_KINDS 4

struct rtnl_config {
	uint16_t dumps[RTNL_KINDS];      /* RTM_GETLINK …, in this order; ends with 0 */
	uint32_t groups[2 * RTNL_KINDS]; /* RTNLGRP_LINK …; ends with 0 */
	void (*begin)(void *arg);
	void (*message)(void *arg, const struct nlmsghdr *message);
	void (*end)(void *arg, bool whole);
	void *arg;
};

struct rtnl;

/* 0 or -errno. */
int rtnl_open(struct control *control, const struct rtnl_config *config, struct rtnl **rtnl);

/* A round more, for changes that the kernel does not tell of. */
void rtnl_again(struct rtnl *rtnl);

/* The loop has ended; rtnl may be NULL. */
void rtnl_close(struct rtnl *rtnl);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/ending: a service may say that connections do not outlive their server's
 * removal (`ipvsadm --on-remove`). Its servers are marked then, and each worker
 * walks over its connections, a bounded number a turn, and ends those of marked
 * servers. By API_ON_REMOVE_RESET both sides of an established TCP connection
 * are told by RST; by API_ON_REMOVE_RESCHEDULE nobody is: the client's next packet opens a
 * connection with another server, if it is one that opens connections.
 */
#ifndef IPVS_ENDING_H
#define IPVS_ENDING_H

struct worker;

/* Once a turn. */
void ending_tick(struct worker *w);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preload/dpvs_ipvs: what the preloaded library and the daemon agree upon
 * beside linux/ip_vs.h (see src/ipvs/genl.h).
 */
#ifndef PRELOAD_DPVS_IPVS_H
#define PRELOAD_DPVS_IPVS_H

#include <stdbool.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/netlink.h>

#define GENL_FAMILY_ID 0x4956 /* of IPVS */
#define GENL_PROC_TYPE 0x4957 /* asks for a file below /proc/net, and brings its text */

/* The answer to the question for the family, into the other end of fd. */
bool family_answer(int fd, const struct nlmsghdr *question);

#endif

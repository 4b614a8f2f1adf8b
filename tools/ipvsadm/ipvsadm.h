/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: virtual services, real servers, local addresses, connections.
 * ipvsadm.c turns the command line into requests; one file a way of printing
 * what comes back.
 */
#ifndef IPVSADM_IPVSADM_H
#define IPVSADM_IPVSADM_H

#include "lib/command.h"

extern const struct view ipvsadm_list_view;
extern const struct view ipvsadm_save_view;
extern const struct view ipvsadm_conns_view;
extern const struct view ipvsadm_laddrs_view;
extern const struct view ipvsadm_timeouts_view;

extern const struct program ipvsadm_program;

/* `ipvsadm …`, argv[0] being the name: what the daemon's startup block and the tests call. */
int ipvsadm_parse(int argc, char **argv, struct command *out, char *error, size_t size);

#endif
